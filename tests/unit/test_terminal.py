# SPDX-License-Identifier: Apache-2.0
import sys
import time
from pathlib import Path
from typing import Any, List, Optional

import pytest

from recovery import errors, terminal
from recovery.dialogue import Dialogue, Exchange
from recovery.secret import Secret

PROMPT = "virsh # $"
PASSWORD = "correct horse"
# Codes and texts as recorded in samples/debian12/virsh/terminal.txt.
CONSOLE = r"""#!/bin/sh
on='\033[?2004h' off='\033[?2004l\r'
printf 'Welcome to virsh, the virtualization interactive terminal.\n\n'"$on"'virsh # '
while read line; do
    printf "$off"
    case $line in
    "domstate HostedEngine") printf '\033[0;1mrunning\033[0m\n\n' ;;
    quit) exit 0 ;;
    die) kill -9 $$ ;;
    fail) echo "error: end of file while reading data" >&2; exit 1 ;;
    hang) exec /bin/sleep 60 ;;
    login) printf 'Please enter your authentication name: '; read name ;;
    *) printf "error: unknown command: '%s'\n" "$line" ;;
    esac
    printf "$on"'virsh # '
done
"""
LOGIN = """#!/bin/sh
/bin/stty -echo
printf "root@engine's password: "
read given
/bin/stty echo
echo
[ "$given" = 'correct horse' ] && echo welcome && exit 0
echo 'Permission denied, please try again.'
exit 255
"""

# As libvirt's callback does it: the question first, getpass(3) then.
GETPASS = """#!%s
import sys, termios, time
sys.stdout.write("Please enter your password: ")
sys.stdout.flush()
time.sleep(0.3)
silent = termios.tcgetattr(0)
silent[3] &= ~termios.ECHO
termios.tcsetattr(0, termios.TCSAFLUSH, silent)
sys.exit(sys.stdin.readline() != "correct horse\\n")
"""


class Clock(terminal.Clock):
    """Uptime that only sleeping moves."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.naps: List[float] = []
        super().__init__(lambda: self.passed, self.nap)

    def nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.passed += seconds


class Terminal:
    """Holds dialogues with scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()

    def hold(self, text: str, *exchanges: Exchange, timeout: float = 5, fatal: Any = ()) -> str:
        path = self.folder / "script"
        path.write_text(text)
        path.chmod(0o755)
        return terminal.converse(
            str(path),
            ["script", "word"],
            {"PATH": "/bin", "LC_ALL": "C"},
            Dialogue(exchanges, fatal),
            timeout,
            self.clock,
        )


@pytest.fixture
def console(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def prompts(*orders: Optional[str]) -> List[Exchange]:
    return [Exchange(PROMPT, order) for order in orders]


def test_converse_returns_what_was_shown_without_codes(console: Terminal) -> None:
    shown = console.hold(CONSOLE, *prompts("domstate HostedEngine", "quit"))
    assert shown.splitlines()[2:] == [
        "virsh # domstate HostedEngine",
        "running",
        "",
        "virsh # quit",
    ]


def test_converse_hands_over_words_and_environment(console: Terminal) -> None:
    shown = console.hold('#!/bin/sh\necho "$*" $LC_ALL; pwd; [ -t 0 ] && echo terminal\n')
    assert shown == "word C\n/\nterminal\n"


def test_converse_optional_exchange_that_does_not_come_is_skipped(console: Terminal) -> None:
    asked = Exchange("authentication name: $", "vdsm", optional=True)
    first, last = prompts("domstate HostedEngine", "quit")
    assert "running" in console.hold(CONSOLE, asked, first, asked, last)


def test_converse_optional_exchange_that_comes_is_answered(console: Terminal) -> None:
    asked = Exchange("authentication name: $", "vdsm", optional=True)
    first, last = prompts("login", "quit")
    assert "authentication name: vdsm\n" in console.hold(CONSOLE, first, asked, last)


def test_converse_optional_exchange_at_the_end_may_stay_away(console: Terminal) -> None:
    assert console.hold("#!/bin/sh\necho fine\n", Exchange("word: $", "x", True)) == "fine\n"


def test_converse_exchange_without_answer_only_waits(console: Terminal) -> None:
    script = "#!/bin/sh\necho ready\nread line\necho got $line\n"
    shown = console.hold(script, Exchange("rea"), Exchange("dy", "go"))
    assert shown == "ready\ngo\ngot go\n"


def test_converse_fatal_question_is_unexpected_output(console: Terminal) -> None:
    with pytest.raises(errors.UnexpectedOutput) as caught:
        console.hold(CONSOLE, *prompts("login", "quit"), fatal=("authentication name: $",))
    assert "authentication name" in str(caught.value)


def test_converse_question_before_its_time_is_not_answered_twice(console: Terminal) -> None:
    script = "#!/bin/sh\nprintf 'name: '; read a; printf 'name: '; read b; echo $a-$b\n"
    shown = console.hold(script, Exchange("name: $", "one"), Exchange("name: $", "two"))
    assert shown.splitlines()[-1] == "one-two"


def test_converse_hang_ends_after_the_timeout_of_the_given_clock(console: Terminal) -> None:
    before = time.monotonic()
    with pytest.raises(errors.ProgramTimeout, match="within 30 s"):
        console.hold(CONSOLE, *prompts("hang", "quit"), timeout=30)
    assert 30 < console.clock.passed < 30 + 2 * terminal.LONGEST_NAP
    assert time.monotonic() - before < 15


def test_converse_hang_leaves_no_process(console: Terminal) -> None:
    script = "#!/bin/sh\necho $$ > %s/pid\nexec /bin/sleep 60\n" % console.folder
    with pytest.raises(errors.ProgramTimeout):
        console.hold(script, *prompts("quit"), timeout=1)
    assert not Path("/proc/%s" % (console.folder / "pid").read_text().strip()).exists()


def test_converse_program_that_floods_still_ends(console: Terminal) -> None:
    script = "#!/bin/sh\ni=0\nwhile [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done\n"
    assert console.hold(script).splitlines()[-1] == "line 4999"


def test_converse_program_that_never_is_silent_ends_after_the_timeout(console: Terminal) -> None:
    script = "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do echo line; /bin/sleep 0.1; done; echo over\n"
    console.clock.uptime = time.monotonic
    with pytest.raises(errors.ProgramTimeout):
        console.hold(script, timeout=0.3)


def test_converse_program_that_closes_the_terminal_ends_after_the_timeout(
    console: Terminal,
) -> None:
    script = "#!/bin/sh\nexec </dev/null >/dev/null 2>&1\nexec /bin/sleep 60\n"
    with pytest.raises(errors.ProgramTimeout):
        console.hold(script, timeout=0.5)


@pytest.mark.parametrize("order, status", [("fail", 1), ("die", 9)])
def test_converse_program_that_ends_badly_is_program_failed(
    console: Terminal, order: str, status: int
) -> None:
    with pytest.raises(errors.ProgramFailed) as caught:
        console.hold(CONSOLE, *prompts(order, "quit"))
    assert caught.value.exit_status == status
    assert order in caught.value.stdout


def test_converse_early_end_with_status_0_returns_what_was_shown(console: Terminal) -> None:
    assert console.hold("#!/bin/sh\necho bye\n", *prompts("quit")) == "bye\n"


def test_converse_long_line_is_echoed_whole(console: Terminal) -> None:
    order = "echo " + "x" * 150
    assert order in console.hold(CONSOLE, *prompts(order, "quit"))


def test_converse_secret_is_sent_and_never_shown(console: Terminal) -> None:
    shown = console.hold(LOGIN, Exchange("password: $", Secret(PASSWORD)))
    assert "welcome" in shown
    assert PASSWORD not in shown


def test_converse_secret_waits_for_a_program_that_asks_before_it_listens(console: Terminal) -> None:
    console.hold(GETPASS % sys.executable, Exchange("password: $", Secret(PASSWORD)))


def test_converse_refused_secret_is_not_in_the_error(console: Terminal) -> None:
    with pytest.raises(errors.ProgramFailed) as caught:
        console.hold(LOGIN, Exchange("password: $", Secret("wrong donkey")))
    shown = [str(caught.value), repr(caught.value), caught.value.stdout, repr(caught.value.argv)]
    assert "Permission denied" in shown[2]
    assert "wrong donkey" not in "".join(shown)


def test_converse_secret_echoed_by_the_terminal_is_never_shown(console: Terminal) -> None:
    # A program that prompts before it turns the echo off, as many do.
    script = "#!/bin/sh\nprintf 'password: '; read given; echo ok\n"
    assert PASSWORD not in console.hold(script, Exchange("password: $", Secret(PASSWORD)))


def test_converse_secret_echoed_by_a_program_that_fails_is_not_in_the_error(
    console: Terminal,
) -> None:
    script = "#!/bin/sh\nprintf 'password: '; read given; exit 1\n"
    with pytest.raises(errors.ProgramFailed) as caught:
        console.hold(script, Exchange("password: $", Secret(PASSWORD)))
    assert PASSWORD not in str(caught.value) + caught.value.stdout


def test_program_that_dies_slowly_is_ended_without_a_complaint() -> None:
    # It has no trap for SIGKILL, only pexpect no patience: as on a node that has other worries.
    words = ["/bin/sh", "-c", "trap '' HUP INT; echo up; while :; do kill -STOP $$; done"]
    child = terminal._spawn("/bin/sh", words, {})
    child.ptyproc.delayafterterminate = 0
    child.expect("up")
    terminal._end(child)
    assert not child.isalive() and child.signalstatus == 9
