# SPDX-License-Identifier: Apache-2.0
"""Broken nodes for the tests: each one resumes from the frozen machine within seconds."""

import os
import shutil
import tempfile
from typing import Callable, Iterator, List

import pytest

from simulators.vm import frozen, image, machine, stick
from tests.vm.node import Node

# The first worker begins with the longest, the second with all others that are long: each then has
# short ones, and those of the other to steal (pytest-xdist hands each a half of the list).
LONGEST = ("test_power_cut",)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.vm)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Only those that will run are still there."""
    whole = [item for item in items if "/vm/" in str(item.fspath)]
    first = [item for item in whole if item.path.stem in LONGEST]
    long = [item for item in whole if item.path.stem not in LONGEST]
    short = [item for item in items if item not in set(whole)]
    middle = max(len(items) // 2 - len(first), 0)
    items[:] = first + short[:middle] + long + short[middle:]


@pytest.fixture(scope="session")
def archive() -> str:
    """The single file: the very same one that every node gets."""
    path = os.environ.get("VM_ARCHIVE")
    if path is None:
        pytest.fail("VM_ARCHIVE names no archive: `python3 -m tests --machine only` builds one")
    return path


@pytest.fixture
def folder() -> Iterator[str]:
    """A short path: a unix socket's has 107 characters at most."""
    made = tempfile.mkdtemp(prefix="vm-")
    yield made
    shutil.rmtree(made)


@pytest.fixture
def started() -> Iterator[List[machine.Machine]]:
    """What a test has started; all of it ends with the test."""
    machines: List[machine.Machine] = []
    yield machines
    for made in machines:
        made.close()


@pytest.fixture
def thaw(folder: str, started: List[machine.Machine]) -> Callable[[str], machine.Machine]:
    """thaw(scenario) -> the machine as it was frozen."""

    def make(scenario: str) -> machine.Machine:
        saved = frozen.ensure(scenario)
        made = machine.Machine(folder, image.ensure(), saved)
        started.append(made)
        return made.wait()

    return make


@pytest.fixture
def node(thaw: Callable[[str], machine.Machine], folder: str, archive: str) -> Node:
    """The broken node, just after it has failed, the stick in its port."""
    return Node(thaw("node-expired"), stick.make(folder + "/stick.img", [archive]))


@pytest.fixture
def running(thaw: Callable[[str], machine.Machine], folder: str, archive: str) -> Node:
    """The node that nobody restarted, its engine VM up; the stick is in its port."""
    return Node(thaw("still-running"), stick.make(folder + "/stick.img", [archive]))


@pytest.fixture
def rescue(folder: str, archive: str, started: List[machine.Machine]) -> Callable[[int], Node]:
    """rescue(rtc) -> another system that boots at that hour, the stick in its port."""

    def make(rtc: int) -> Node:
        made = machine.Machine(folder + "/rescue", image.ensure(), None, rtc, machine.RESCUE)
        started.append(made)
        return Node(made.wait(), stick.make(folder + "/rescue.img", [archive]))

    return make
