# SPDX-License-Identifier: Apache-2.0
"""The lock of a node: between processes, dropped by the kernel."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from recovery import files

HOLDER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from recovery import files
with files.Files(sys.argv[2]).lock("/lock") as taken:
    print(taken, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def node(root: Path) -> files.Files:
    return files.Files(str(root))


@pytest.fixture
def holder(root: Path) -> Iterator[Callable[[], Any]]:
    started: List[Any] = []
    argv = [sys.executable, "-c", HOLDER, str(Path(files.__file__).parent.parent), str(root)]

    def start() -> Any:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_lock_held_by_another_process_cannot_be_had(
    node: files.Files, holder: Callable[[], Any]
) -> None:
    process = holder()
    assert process.stdout.readline() == b"True\n"
    with node.lock("/lock") as taken:
        assert not taken


def test_lock_of_a_killed_process_is_free(node: files.Files, holder: Callable[[], Any]) -> None:
    process = holder()
    assert process.stdout.readline() == b"True\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    with node.lock("/lock") as taken:
        assert taken


def test_lock_left_is_free_and_stays_a_file(node: files.Files, root: Path) -> None:
    for _ in range(2):
        with node.lock("/var/lib/lock") as taken:
            assert taken
    assert (root / "var/lib/lock").stat().st_mode & 0o777 == 0o600


def test_lock_is_not_inherited_by_programs(node: files.Files) -> None:
    with node.lock("/lock"):
        process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(30)"], close_fds=False
        )
        time.sleep(0.2)
    try:
        with node.lock("/lock") as taken:
            assert taken
    finally:
        process.kill()
        process.wait()
