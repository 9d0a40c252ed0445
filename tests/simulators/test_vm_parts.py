# SPDX-License-Identifier: Apache-2.0
"""The virtual machine's driver without a machine: its cache, its build, its time server."""

import ast
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from simulators.vm import __main__, cache, frozen, image, lines, ntp, packages
from simulators.vm.failure import Failed
from tests.simulators.processes import alive, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay out a file system")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("REHEARSAL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """programs("mke2fs", "exit 1"): every needed program does nothing, or what is given."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def provide(name: str, text: str) -> None:
        (folder / name).write_text("#!/bin/sh\n" + text + "\n")
        (folder / name).chmod(0o755)

    for name in packages.NEEDED:
        provide(name, "exit 0")
    monkeypatch.setattr(packages, "PLACES", "%s:/usr/bin:/bin" % folder)
    return provide


def left(home: Path) -> List[str]:
    return sorted(path.name for path in home.iterdir() if not path.name.endswith(".lock"))


def test_without_qemu_the_error_names_package_and_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PLACES", "/nowhere")
    with pytest.raises(Failed) as caught:
        packages.program("qemu-system-x86_64")
    text = str(caught.value)
    assert text.startswith("cannot use the virtual machine: qemu-system-x86_64 is not installed")
    assert "apt-get install" in text and "qemu-system-x86 " in text


@needs_root
def test_without_disk_space_nothing_is_begun(
    home: Path, programs: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs("mmdebstrap", "touch %s/begun" % home)
    monkeypatch.setattr(image, "SPACE", 1 << 60)
    with pytest.raises(Failed, match="cannot build the machine's image: .* MiB free in .* needed"):
        image.ensure()
    assert left(home) == []


@needs_root
def test_build_that_fails_names_the_log_and_leaves_nothing_else(
    home: Path, programs: Callable[[str, str], None]
) -> None:
    programs("mmdebstrap", "echo no mirror; exit 25")
    with pytest.raises(Failed) as caught:
        image.ensure()
    text = str(caught.value)
    assert "mmdebstrap ended with status 25: no mirror" in text
    assert str(home / "build.log") in text and "no mirror" in (home / "build.log").read_text()
    assert left(home) == ["build.log"]


@needs_root
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_build_interrupted_leaves_no_process_and_the_next_one_starts_anew(
    home: Path, tmp_path: Path, programs: Callable[[str, str], None], how: signal.Signals
) -> None:
    programs("mmdebstrap", "echo $$ > %s/pid; exec sleep 100" % tmp_path)
    code = "import sys; from simulators.vm import packages, __main__; packages.PLACES = %r; "
    code += "sys.exit(__main__.main(['build']))"
    builder = subprocess.Popen(
        [sys.executable, "-c", code % packages.PLACES],
        cwd=str(ROOT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(
        lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip() != "", 20
    )
    child = int((tmp_path / "pid").read_text())
    builder.send_signal(how)
    assert builder.wait(20) != 0
    wait_for(lambda: not alive(child), 20)
    if how is not signal.SIGKILL:
        assert left(home) == ["build.log"]
    programs("mmdebstrap", "exit 3")
    with pytest.raises(Failed, match="status 3"):
        image.ensure()
    assert left(home) == ["build.log"]


def test_entry_is_made_once_and_whoever_comes_second_waits(home: Path) -> None:
    made: List[str] = []

    def make(folder: str) -> None:
        made.append(folder)
        time.sleep(0.2)
        Path(folder, "content").write_text("whole")

    threads = [threading.Thread(target=cache.entry, args=("one", make)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert Path(cache.entry("one", make), "content").read_text() == "whole"
    assert left(home) == ["one"]


def test_entry_whose_making_fails_is_not_there(home: Path) -> None:
    def make(folder: str) -> None:
        Path(folder, "half").write_text("")
        raise Failed("make", "it is enough")

    with pytest.raises(Failed):
        cache.entry("one", make)
    assert left(home) == []


def test_machine_that_does_not_start_is_one_error_whose_log_is_there(
    home: Path, programs: Callable[[str, str], None]
) -> None:
    (home / ("image-" + cache.digest())).mkdir()
    programs("qemu-system-x86_64", "[ $1 = --version ] || { echo unsupported machine; exit 3; }")
    began = time.monotonic()
    with pytest.raises(Failed) as caught:
        frozen.ensure("node-expired")
    assert time.monotonic() - began < 20  # nobody waits for a qemu that is gone
    text = str(caught.value)
    assert text.startswith("cannot start the machine: unsupported machine")
    assert "it ended with status 3" in text
    (log,) = re.findall(r"^  log: (.*)$", text, re.M)
    assert Path(log).read_text() == "unsupported machine\n"
    assert sorted(path.name for path in Path(log).parent.iterdir()) == ["qemu.log"]
    with pytest.raises(Failed, match="cannot start the machine"):
        frozen.ensure("node-expired")
    assert not [name for name in left(home) if not name.startswith(("image-", "frozen-"))]


def test_unknown_scenario_names_those_that_there_are(capsys: "pytest.CaptureFixture[str]") -> None:
    assert __main__.main(["build", "nosuch"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("unknown scenario nosuch; there are:\n") and "node-expired" in told


def imported(module: str) -> Iterator[str]:
    """The simulators' modules that a module names in its imports, as paths without .py."""
    for node in ast.walk(ast.parse((ROOT / "simulators" / (module + ".py")).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simulators"):
            base = str(node.module).replace(".", "/")
            for path in [base] + [base + "/" + name.name for name in node.names]:
                if (ROOT / (path + ".py")).is_file():
                    yield path[len("simulators/") :]


# What runs in a simulated world decides about no file of the image. Of engine-setup's, a constant
# and the fields of a question are read.
NOT_FOLLOWED = ("world", "engine_setup/renewal", "engine_setup/dialogue")
DECIDES_NOTHING = {"world", "vm/cache", "vm/failure"}


def test_digest_is_of_all_modules_that_the_furnishing_reads_from() -> None:
    found = {"vm/furnish"}
    waiting = ["vm/furnish"]
    while waiting:
        module = waiting.pop()
        new = set() if module in NOT_FOLLOWED else set(imported(module)) - found
        found |= new
        waiting += sorted(new)
    assert found - DECIDES_NOTHING | {"vm/image", "vm/packages"} == set(cache.SOURCES.split())


def test_digest_changes_with_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "simulators"
    for name in cache.SOURCES.split():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(ROOT / "simulators" / (name + ".py")), str(copy / (name + ".py")))
    shutil.copytree(str(ROOT / "simulators" / "vm" / "tree"), str(copy / "vm" / "tree"))
    before = cache.digest()
    monkeypatch.setattr(cache, "HERE", str(copy / "vm"))
    assert cache.digest() == before and len(before) == 16
    seen = {before}
    files = [path for path in sorted(copy.rglob("*")) if path.is_file()]
    for path in files:
        path.write_bytes(path.read_bytes() + b"#")
        seen.add(cache.digest())
    assert len(seen) == 1 + len(files)


@pytest.fixture
def place() -> Iterator[str]:
    """For a unix socket, whose path has 107 characters at most."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield folder + "/s"


def test_line_passes_over_events_and_reports_errors_and_silence(place: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(1)
        line = lines.Line(place, "the other side")
        other, _ = listening.accept()
        other.sendall(b'{"event": "RTC_CHANGE"}\n{"return": {"a": 1}}\n')
        assert line.ask("query", 5) == {"a": 1}
        other.sendall(b'{"error": {"class": "GenericError", "desc": "no such thing"}}\n')
        with pytest.raises(Failed, match="cannot query: the other side: no such thing"):
            line.ask("query", 5)
        with pytest.raises(lines.Silent, match="no answer in 0 s"):
            line.ask("query", 0.1)
        other.close()
        with pytest.raises(lines.Silent):
            line.receive(5)
        line.close()


def test_line_to_nobody_is_silent(place: str) -> None:
    with pytest.raises(lines.Silent, match="cannot speak with nobody: .*No such file"):
        lines.Line(place, "nobody", 0.1)


def test_time_server_answers_as_rfc_5905_says() -> None:
    server = ntp.Server(lambda: 1676894400.25)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        sent = bytes([4 << 3 | 3, 0, 6, 0xEC]) + bytes(36) + b"ORIGINAL"
        client.sendto(sent, ("127.0.0.1", server.port))
        answer = client.recv(512)
    server.close()
    assert server.served == 1 and len(answer) == 48
    assert answer[0] == 4 << 3 | 4 and answer[1] == 2
    assert answer[24:32] == b"ORIGINAL"
    whole, fraction = struct.unpack("!II", answer[40:48])
    assert whole - ntp.SINCE_1900 == 1676894400 and fraction == 1 << 30
