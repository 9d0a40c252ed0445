# SPDX-License-Identifier: Apache-2.0
"""Each test here runs twice: on a simulated node always, in the virtual machine where it is asked.

A machine lasts for a module. Whatever a test changes in it, that test puts right again; what cannot
be put right happens on a `fresh` node.
"""

import contextlib
import shutil
import tempfile
from typing import Any, Iterator

import pytest

from simulators.vm import frozen, image
from simulators.vm.machine import Machine
from tests.contract import subjects
from tests.contract.machine import subject
from tests.contract.machine.subject import Subject
from tests.simulators import worlds

KINDS = [subjects.SIMULATED, pytest.param(subjects.REAL, marks=pytest.mark.vm)]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: Any) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def expired(kind: str) -> Iterator[Subject]:
    """The broken node: libvirtd has refused its certificate until systemd gave up."""
    with _opened(kind, "node-expired") as made:
        yield made


@pytest.fixture(scope="module")
def running(kind: str) -> Iterator[Subject]:
    """The same certificate, but libvirtd and the engine VM were never restarted."""
    with _opened(kind, "still-running") as made:
        yield made


@pytest.fixture
def fresh(kind: str) -> Iterator[Subject]:
    """A broken node for one test."""
    with _opened(kind, "node-expired") as made:
        yield made


@pytest.fixture
def fresh_running(kind: str) -> Iterator[Subject]:
    """The one that was never restarted, for one test."""
    with _opened(kind, "still-running") as made:
        yield made


@contextlib.contextmanager
def _opened(kind: str, scenario: str) -> Iterator[Subject]:
    folder = tempfile.mkdtemp(prefix="vm-")  # short, for the sockets' sake
    try:
        if kind == subjects.SIMULATED:
            world = worlds.make(folder + "/w", scenario, subject.RELEASE).world
            yield subject.Simulated(world)
            return
        machine = Machine(folder, image.ensure(), frozen.ensure(scenario))
        try:
            yield subject.Real(machine.wait())
        finally:
            machine.close()
    finally:
        shutil.rmtree(folder)
