# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

import pytest

from bundle import paths
from recovery import errors, host
from recovery.dialogue import Dialogue, Exchange
from recovery.local_host import LocalHost
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def ended(pid: int) -> bool:
    """Tell whether a process is gone, at the latest after two seconds."""
    for _ in range(100):
        try:
            state = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_run_returns_both_streams_and_status(node: nodes.Node) -> None:
    node.answers("say", "out\n", "err\n", 3)
    assert node.host.run(["say"], ok=(3,)) == host.Output("out\n", "err\n", 3)


def test_run_status_not_ok_raises_with_all_that_was_said(node: nodes.Node) -> None:
    node.answers("say", "out\n", "err\n", 3)
    with pytest.raises(errors.ProgramFailed) as caught:
        node.host.run(["say", "a word"])
    assert (caught.value.exit_status, caught.value.stdout, caught.value.stderr) == (
        3,
        "out\n",
        "err\n",
    )
    assert caught.value.lines()[0] == "cannot run `say 'a word'`: it ended with status 3"


def test_run_missing_program_says_where_it_was_looked_for(node: nodes.Node) -> None:
    with pytest.raises(errors.ProgramMissing) as caught:
        node.host.run(["virsh"])
    assert str(node.programs) in str(caught.value)


@pytest.mark.parametrize("kind", ["no execute bit", "directory"])
def test_run_what_is_no_program_is_program_missing(node: nodes.Node, kind: str) -> None:
    path = node.programs / "thing"
    path.mkdir() if kind == "directory" else path.write_text("#!/bin/sh\n")
    with pytest.raises(errors.ProgramMissing):
        node.host.run(["thing"])


@pytest.mark.parametrize("text", ["#!/no/such/interpreter\n", "\x7fELF of another machine"])
def test_run_program_that_cannot_start_is_a_program_error(node: nodes.Node, text: str) -> None:
    node.programs.joinpath("vdsm-tool").write_text(text)
    node.programs.joinpath("vdsm-tool").chmod(0o755)
    with pytest.raises(errors.ProgramError):
        node.host.run(["vdsm-tool"])


def test_run_with_a_relative_directory_of_programs_finds_them(
    node: nodes.Node, monkeypatch: Any
) -> None:
    monkeypatch.chdir(node.folder)
    node.answers("say", "out\n")
    assert LocalHost(str(node.root), "bin").run(["say"]).stdout == "out\n"


def test_run_environment_is_small_and_english(node: nodes.Node, monkeypatch: Any) -> None:
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    node.script("show", "/usr/bin/env")
    shown = node.host.run(["show"], env=(("TZ", "UTC"),)).stdout.splitlines()
    seen = dict(line.split("=", 1) for line in shown if not line.startswith(("_=", "PWD=")))
    assert seen == {
        "PATH": str(node.programs),
        "LC_ALL": "C",
        "TERM": "dumb",
        "HOME": "/root",
        "TZ": "UTC",
    }


# A certificate's subject, and what a word of the command line becomes that nobody could decode.
WORDS = """
import sys
from recovery.dialogue import Dialogue
from recovery.local_host import LocalHost
host = LocalHost(sys.argv[1], sys.argv[2])
ordered = ["say", u"/O=\\u041f\\u0440\\u0438\\u043c\\u0435\\u0440/CN=h", sys.argv[3]]
shown = host.interact(ordered, Dialogue()) if "terminal" in sys.argv else host.run(ordered).stdout
sys.stdout.buffer.write(shown.encode("utf-8"))
"""


@pytest.mark.parametrize("how", ["pipe", "terminal"])
def test_words_that_are_not_ascii_are_handed_over_in_the_c_locale_too(
    node: nodes.Node, how: str
) -> None:
    node.script("say", 'printf "%s\\n" "$@"\n')
    argv = [sys.executable, "-c", WORDS, str(node.root), str(node.programs), "Имя", how]
    # What Python 3.6 always does there: later ones are told not to help themselves.
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [one.encode("utf-8") for one in argv],
        env=dict(c_locale, PATH="/usr/bin:/bin", PYTHONPATH=str(paths.ROOT)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = done.stdout.decode("utf-8")
    assert (said.splitlines(), done.returncode) == (["/O=Пример/CN=h", "Имя"], 0), said


def test_run_works_in_the_root_directory(node: nodes.Node) -> None:
    node.script("where", "pwd")
    assert node.host.run(["where"]).stdout == "/\n"


def test_run_without_input_reads_nothing(node: nodes.Node) -> None:
    node.script("ask", 'read line || echo "end of input"')
    assert node.host.run(["ask"], timeout=5).stdout == "end of input\n"


def test_run_with_input_hands_it_over_whole(node: nodes.Node) -> None:
    node.script("count", "exec /usr/bin/wc -c")
    assert int(node.host.run(["count"], input=b"x" * 300000).stdout) == 300000


def test_run_with_much_output_on_both_streams_does_not_block(node: nodes.Node) -> None:
    node.script(
        "flood",
        "i=0; while [ $i -lt 3000 ]; do echo $i%s; echo $i%s >&2; i=$((i+1)); done"
        % ("x" * 60, "y" * 60),
    )
    output = node.host.run(["flood"], timeout=30)
    assert len(output.stdout.splitlines()) == len(output.stderr.splitlines()) == 3000


def test_run_output_that_is_no_text_is_shown_all_the_same(node: nodes.Node) -> None:
    node.script("bytes", "printf 'caf\\351\\n'")
    assert node.host.run(["bytes"]).stdout == "caf\ufffd\n"


def test_run_timeout_kills_the_program_and_its_children(node: nodes.Node) -> None:
    node.script("hang", "/bin/sleep 60 & echo $! > %s/child; wait" % node.folder)
    before = time.monotonic()
    with pytest.raises(errors.ProgramTimeout, match="within 1 s"):
        node.host.run(["hang"], timeout=1)
    assert time.monotonic() - before < 40
    assert ended(int((node.folder / "child").read_text()))


def test_run_timeout_does_not_wait_for_a_child_that_left_the_group(node: nodes.Node) -> None:
    # Like ssh's ControlPersist master, which keeps stderr open up to OpenSSH 8.3 (EL7, EL8).
    node.script("hang", "/usr/bin/setsid /bin/sleep 50 & exec /bin/sleep 50")
    before = time.monotonic()
    with pytest.raises(errors.ProgramTimeout):
        node.host.run(["hang"], timeout=0.5)
    assert time.monotonic() - before < 40


def test_run_program_that_leaves_a_daemon_on_its_pipes_ends_in_time(node: nodes.Node) -> None:
    """Such a program, ssh with a master, is run on a terminal instead."""
    node.script("leave", "/usr/bin/setsid /bin/sleep 50 </dev/null >/dev/null & echo done")
    before = time.monotonic()
    with pytest.raises(errors.ProgramTimeout):
        node.host.run(["leave"], timeout=1)
    assert time.monotonic() - before < 40


def test_run_interrupted_kills_the_program(node: nodes.Node) -> None:
    node.script("hang", "echo $$ > %s/child; exec /bin/sleep 60" % node.folder)

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.7)
    try:
        with pytest.raises(KeyboardInterrupt):
            node.host.run(["hang"])
    finally:
        signal.signal(signal.SIGALRM, former)
    assert ended(int((node.folder / "child").read_text()))


def test_run_program_has_a_session_of_its_own(node: nodes.Node) -> None:
    node.script(
        "session",
        "read pid name state parent group session rest < /proc/$$/stat\necho $pid $group $session",
    )
    pid, group, session = node.host.run(["session"]).stdout.split()
    assert pid == group == session != str(os.getsid(0))


def test_programs_are_looked_up_in_order(node: nodes.Node, tmp_path: Path) -> None:
    first = nodes.Node(tmp_path / "first")
    first.answers("say", "first\n")
    node.answers("say", "second\n")
    node.answers("only", "only\n")
    both = LocalHost(str(node.root), "%s:%s" % (first.programs, node.programs))
    assert both.run(["say"]).stdout + both.run(["only"]).stdout == "first\nonly\n"


def test_now_reads_date_uptime_and_boot_id(node: nodes.Node) -> None:
    now = node.host.now()
    assert now == (nodes.NOW + 0.25, nodes.UPTIME + 0.25, nodes.BOOT)


def test_now_with_real_programs_is_the_present(real_programs: Callable[..., Path]) -> None:
    now = LocalHost("/", str(real_programs("date"))).now()
    assert abs(now.wall - time.time()) < 5
    assert abs(now.boottime - float(Path("/proc/uptime").read_text().split()[0])) < 5


def test_now_of_a_garbled_date_is_unexpected_output(node: nodes.Node) -> None:
    node.answers("date", "date: garbled\n")
    with pytest.raises(errors.UnexpectedOutput):
        node.host.now()


def test_now_without_proc_is_file_missing(node: nodes.Node) -> None:
    node.place("/proc/uptime").unlink()
    with pytest.raises(errors.FileMissing, match="/proc/uptime"):
        node.host.now()


def test_sleep_waits_on_the_node_s_clock(node: nodes.Node) -> None:
    before = time.monotonic()
    node.host.sleep(600)
    assert node.calls("sleep") == ["sleep 600.000"]
    assert node.host.now().boottime == nodes.UPTIME + 600.25
    assert time.monotonic() - before < 5


def test_sleep_with_the_real_program_sleeps(real_programs: Callable[..., Path]) -> None:
    before = time.monotonic()
    LocalHost("/", str(real_programs("sleep"))).sleep(0.3)
    assert 0.3 <= time.monotonic() - before < 5


def test_lock_of_another_run_is_busy(node: nodes.Node) -> None:
    other = LocalHost(str(node.root), str(node.programs))
    with node.host.lock("/var/lib/lock"):
        with pytest.raises(host.Busy) as caught:
            with other.lock("/var/lib/lock"):
                pass
    assert (caught.value.status, caught.value.unchanged) == (errors.INHIBITED, "everything")
    with other.lock("/var/lib/lock"):
        pass


def test_interact_holds_a_dialogue_by_the_node_s_clock(node: nodes.Node) -> None:
    node.script("ask", 'printf "name: "; read name; echo "hello $name"')
    shown = node.host.interact(["ask"], Dialogue((Exchange("name: $", "vdsm"),)))
    assert shown == "name: vdsm\nhello vdsm\n"


def test_interact_that_hangs_ends_by_simulated_time(node: nodes.Node) -> None:
    node.script("ask", 'printf "name: "; read name; exec /bin/sleep 60')
    before = time.monotonic()
    with pytest.raises(errors.ProgramTimeout):
        node.host.interact(["ask"], Dialogue((Exchange("name: $", "vdsm"),)), timeout=20)
    assert node.host.now().boottime > nodes.UPTIME + 20
    assert time.monotonic() - before < 20


def test_interact_with_a_missing_program_is_program_missing(node: nodes.Node) -> None:
    with pytest.raises(errors.ProgramMissing):
        node.host.interact(["virsh"], Dialogue(()))


def test_files_are_those_below_the_root(node: nodes.Node) -> None:
    node.host.replace("/etc/x", b"1", mode=0o640)
    node.host.append("/etc/x", b"2")
    assert node.place("/etc/x").read_bytes() == node.host.read("/etc/x") == b"12"
    node.host.remove("/etc/x")
    assert not node.host.exists("/etc/x")
