# SPDX-License-Identifier: Apache-2.0
"""`python3 -m simulators.vm shell` with a qemu that is none: what is said, and what stays."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Callable, List

import pexpect
import pytest

from bundle import paths
from simulators.vm import __main__, cache, frozen, image, packages
from tests.simulators.processes import alive, wait_for

WITHIN = 30  # seconds

# Whoever starts the tests by nohup, or in the background, has these ignored for all of them.
SHELL = "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
SHELL += "signal.signal(signal.SIGINT, signal.default_int_handler); "
SHELL += "from simulators.vm import packages, __main__; packages.PLACES = %r; "
SHELL += "sys.exit(__main__.main(['shell', 'node-expired']))"
WAITS = "[ $1 = --version ] || { echo $$ > %s; exec sleep 100; }"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], pexpect.spawn]:
    """shell("exit 1"): the command at a terminal; its qemu does this, its image is empty."""
    programs, home = tmp_path / "programs", tmp_path / "cache"
    for folder in (programs, home, tmp_path / "temporary"):
        folder.mkdir()
    monkeypatch.setenv("REHEARSAL_CACHE", str(home))
    monkeypatch.setattr(packages, "PLACES", "%s:/usr/bin:/bin" % programs)

    def begin(qemu: str) -> pexpect.spawn:
        for name, text in (("qemu-img", "exit 0"), ("qemu-system-x86_64", qemu)):
            (programs / name).write_text("#!/bin/sh\n" + text + "\n")
            (programs / name).chmod(0o755)
        made = home / ("image-" + cache.digest())
        made.mkdir()
        saved = home / ("frozen-node-expired-" + frozen._digest(image.Image(str(made))))
        saved.mkdir()
        (saved / "frozen.json").write_text('{"rtc": 1676894400}')
        environ = dict(os.environ, TMPDIR=str(tmp_path / "temporary"))
        words = ["-c", SHELL % packages.PLACES]
        return pexpect.spawn(
            sys.executable, words, cwd=str(paths.ROOT), env=environ, timeout=60, encoding="utf-8"
        )

    return begin


def left(tmp_path: Path) -> List[str]:
    return os.listdir(str(tmp_path / "temporary"))


def test_shell_whose_machine_does_not_start_leaves_the_log_it_names(
    shell: Callable[[str], pexpect.spawn], tmp_path: Path
) -> None:
    person = shell("[ $1 = --version ] || { echo unsupported machine; exit 3; }")
    person.expect(pexpect.EOF)
    person.close()
    told = str(person.before).replace("\r\n", "\n")
    assert person.exitstatus == 1 and "cannot start the machine: unsupported machine" in told
    (log,) = re.findall(r"^  log: (.*)$", told, re.M)
    assert Path(log).read_text() == "unsupported machine\n"
    assert os.listdir(os.path.dirname(log)) == ["qemu.log"]
    assert left(tmp_path) == [os.path.basename(os.path.dirname(log))]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_shell_that_is_told_to_end_leaves_nothing(
    shell: Callable[[str], pexpect.spawn], tmp_path: Path, how: signal.Signals
) -> None:
    pid = tmp_path / "pid"
    person = shell(WAITS % pid)
    wait_for(lambda: pid.exists() and pid.read_text().strip() != "", WITHIN)
    assert len(left(tmp_path)) == 1
    person.kill(how)
    person.expect(pexpect.EOF)
    person.close()
    assert person.exitstatus == 130 and "Traceback" not in str(person.before)
    wait_for(lambda: not alive(int(pid.read_text())), WITHIN)
    assert left(tmp_path) == []


def test_shell_whose_window_is_closed_leaves_nothing(
    shell: Callable[[str], pexpect.spawn], tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    person = shell(WAITS % pid)
    wait_for(lambda: pid.exists() and pid.read_text().strip() != "", WITHIN)
    os.close(person.child_fd)  # the kernel tells the terminal's programs
    wait_for(lambda: not alive(person.pid), WITHIN)
    wait_for(lambda: not alive(int(pid.read_text())), WITHIN)
    assert left(tmp_path) == []
    os.waitpid(person.pid, 0)
    person.closed = person.terminated = True


def test_cache_that_cannot_be_written_is_one_error(
    monkeypatch: pytest.MonkeyPatch, capsys: "pytest.CaptureFixture[str]"
) -> None:
    monkeypatch.setenv("REHEARSAL_CACHE", "/proc/nope")  # not even root can make it
    assert __main__.main(["build"]) == 1
    told = capsys.readouterr().err
    assert re.match("cannot build the machine: .*'/proc/nope'\n$", told)
