# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from recovery import console as consoles

SOURCE = str(Path(consoles.__file__).parent.parent)
HEAD = "import sys; sys.path.insert(0, %r)\nfrom recovery import console, errors\n" % SOURCE
ASK = HEAD + "c = console.Console(%s)\nprint('answer', c.%s('Really?'))\n"


def on_a_terminal(code: str, answer: str) -> str:
    """Run code on a terminal and type an answer to its first question."""
    child = pexpect.spawn(sys.executable, ["-c", code], encoding="utf-8", timeout=20)
    child.delaybeforesend = None
    child.expect(": $")
    child.sendeof() if answer == "EOF" else child.sendline(answer)
    text = str(child.read())
    child.close()
    return text


@pytest.mark.parametrize(
    "answer, agreed",
    [("yes", True), (" YES ", True), ("y", False), ("", False), ("no", False), ("EOF", False)],
)
def test_ask_on_a_terminal_takes_the_whole_word_yes(answer: str, agreed: bool) -> None:
    assert "answer %s" % agreed in on_a_terminal(ASK % ("", "ask"), answer)


def test_consent_on_a_terminal_is_asked_for() -> None:
    assert "answer True" in on_a_terminal(ASK % ("", "consent"), "yes")


def test_password_on_a_terminal_is_not_echoed() -> None:
    code = HEAD + "print(len(console.Console().password('Password: ').reveal()))\n"
    text = on_a_terminal(code, "correct horse")
    assert "13" in text and "horse" not in text


def test_password_at_the_end_of_the_terminal_is_none() -> None:
    code = HEAD + "print(repr(console.Console().password('Password: ').reveal()))\n"
    assert "''" in on_a_terminal(code, "EOF")


def without_terminal(code: str, **environment: str) -> Any:
    return subprocess.run(
        [sys.executable, "-c", HEAD + code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, **environment),
    )


@pytest.mark.parametrize("order", ["ask", "consent"])
def test_question_where_nobody_can_answer_is_no(order: str) -> None:
    done = without_terminal("print(console.Console().%s('Really?'))" % order)
    assert done.stdout == b"False\n"


def test_yes_answers_the_consent_but_no_other_question() -> None:
    yes = "c = console.Console(True); print(c.consent('Really?'), c.ask('Is it the engine?'))"
    assert without_terminal(yes).stdout == b"True False\n"


def test_say_to_a_terminal_that_is_gone_goes_on() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = (
        HEAD + "c = console.Console()\nc.say('lost')\nc.say('lost')\nsys.stderr.write('alive\\n')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code + "import os; os._exit(0)"],
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    assert child.communicate()[1] == b"alive\n"


def test_survive_hangup_ignores_the_lost_line() -> None:
    before = signal.getsignal(signal.SIGHUP)
    code = "import os, signal\nconsole.Console().survive_hangup()\n"
    done = without_terminal(code + "os.kill(os.getpid(), signal.SIGHUP)\nprint('alive')")
    assert (done.stdout, done.returncode) == (b"alive\n", 0)
    assert signal.getsignal(signal.SIGHUP) == before


def test_complain_writes_the_error_to_stderr() -> None:
    done = without_terminal("console.Console().complain(errors.Error('go on', 'it rains'))")
    assert (done.stdout, done.stderr) == (b"", b"cannot go on: it rains\n")


# A russian journal on the C locale's console: ascii on Python 3.6, latin-1 on any Python.
RUSSIAN = "text = '\\u0441\\u0440\\u043e\\u043a expired'\n"


def test_say_of_what_the_terminal_cannot_show_goes_on() -> None:
    code = RUSSIAN + "console.Console().say(text)\nprint('alive')"
    done = without_terminal(code, PYTHONIOENCODING="ascii")
    assert b"expired" in done.stdout and b"alive" in done.stdout


def test_complain_of_what_the_terminal_cannot_show_goes_on() -> None:
    code = RUSSIAN + "console.Console().complain(errors.Error('go on', text))\nprint('alive')"
    done = without_terminal(code, PYTHONIOENCODING="ascii:backslashreplace")
    assert b"expired" in done.stderr and b"alive" in done.stdout


def test_lines_come_at_once(capsys: Any) -> None:
    consoles.Console().show(["one", "two"])
    assert capsys.readouterr().out == "one\ntwo\n"


PASTED = (
    "c = console.Console()\nc.survive_hangup()\nimport time\nprint('begin: ', end='', flush=True)\n"
    "found = b''\nwhile b'END' not in found:\n    time.sleep(0.05)\n    found += c.pasted()\n"
    "print('got', found.count(b'\\n'), len(found), c.pasted())\n"
)


def test_pasted_lines_are_all_there_and_nobody_waits_for_them() -> None:
    lines = ["A" * 64] * 30 + ["END"]
    text = on_a_terminal(HEAD + PASTED, "\n".join(lines))
    assert "got 31 %d b''" % (30 * 65 + 4) in text


def test_pasted_is_nothing_where_there_is_no_terminal() -> None:
    assert without_terminal("print(console.Console().pasted())").stdout == b"b''\n"
