# SPDX-License-Identifier: Apache-2.0
"""Fixtures and options of every test: the guard, real programs, the number of crash cases."""

import os
import shutil
import signal
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import hypothesis
import pytest

from tests import needs
from tests.guard import hooks, programs
from tests.simulators import worlds

hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # of a busy machine, not of the test
)
hypothesis.settings.load_profile("suite")

CASES = "crash cases: "
LEFT = "slow tests left to other Pythons"
# Python 3.12 runs all of what takes long; 3.6, 3.9 and 3.13 run a sixth each, each another one.
SHARES = 6
# Of these nearly every test makes a node and its engine, or starts real programs; the last three
# read the sources, which are the same to every Python.
LONG = (
    "tests/procedures/",
    "tests/simulators/",
    "tests/contract/",
    "tests/test_budget.py",
    "tests/test_layering.py",
    "tests/test_words.py",
)
# Every route on every Python; every effect on one, a sample chosen by other means elsewhere.
EVERYWHERE = ("test_rehearsals.py", "_crash.py")


class Session:
    """What the guard of this process keeps for its whole life."""

    programs: "Optional[programs.Programs]" = None
    folder = ""
    templates = ""
    left = 0


def pytest_addoption(parser: Any) -> None:
    parser.addoption(
        "--crash-cases",
        choices=("sample", "all"),
        default=os.environ.get("CRASH_CASES", "sample"),
        help="kill the tool at a seeded sample of its effects, or at every one",
    )

    parser.addoption(
        "--slow",
        choices=("sample", "all"),
        default="all",
        help="run whole recoveries and other slow tests all, or a share that differs by Python",
    )


def pytest_collection_modifyitems(config: Any, items: List[Any]) -> None:
    # The longest begin at once: the last two of a worker's queue nobody steals (pytest-xdist), and
    # while it runs minutes of them a core would idle.
    items.sort(key=lambda item: "_crash.py" not in item.nodeid)
    if config.getoption("--slow") == "all":
        return
    left = {item for item in items if _is_slow(item) and not _is_drawn(item)}
    config.hook.pytest_deselected(items=sorted(left, key=items.index))
    items[:] = [item for item in items if item not in left]
    Session.left = len(left)
    if hasattr(config, "workeroutput"):
        config.workeroutput[LEFT] = len(left)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Each of pytest-xdist's workers has collected all tests, and left out the same ones."""
    Session.left = getattr(node, "workeroutput", {}).get(LEFT, Session.left)


def _is_slow(item: Any) -> bool:
    if any(name in item.nodeid for name in EVERYWHERE):
        return False
    return item.nodeid.startswith(LONG) or item.get_closest_marker("slow") is not None


def _is_drawn(item: Any) -> bool:
    """Each of the Pythons with a share draws other tests, the same ones at every run."""
    return zlib.crc32(item.nodeid.encode()) % SHARES == share(sys.version_info[1])


def share(minor: int) -> int:
    """Which of the shares that Python has."""
    return minor // 3 % SHARES


def pytest_configure(config: Any) -> None:
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # of a shell without job control
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        Session.templates = worlds.begin_session()
    Session.folder = tempfile.mkdtemp(prefix="guard-")
    Session.programs = programs.Programs(Path(Session.folder))
    os.environ["PATH"] = str(Session.programs.folder)
    # For children that reach a real client by an absolute path: there is no bus, no hypervisor.
    os.environ["SYSTEMCTL_FORCE_BUS"] = "1"
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=" + Session.folder + "/no-bus"
    os.environ["LIBVIRT_DEFAULT_URI"] = "test:///default"
    hooks.Hooks(Session.programs.note).install()


def pytest_unconfigure(config: Any) -> None:
    shutil.rmtree(Session.folder, ignore_errors=True)
    if Session.templates:
        shutil.rmtree(Session.templates, ignore_errors=True)


@pytest.fixture(autouse=True)
def guard() -> Iterator[programs.Programs]:
    """Fails the test that reached for the real machine, even where the code under test went on."""
    assert Session.programs is not None
    Session.programs.take()
    yield Session.programs
    refusals = Session.programs.take()
    if refusals:
        pytest.fail("reached for the real machine:\n" + "\n".join(refusals), pytrace=False)


@pytest.fixture
def real_programs(tmp_path: Path) -> Callable[..., Path]:
    """real_programs("openssl", "date") -> a directory, fit for a LocalHost, with just these."""
    folder = tmp_path / "real-programs"

    def provide(*names: str) -> Path:
        assert Session.programs is not None
        folder.mkdir(exist_ok=True)
        for name in names:
            needs.program(name)
            Session.programs.link(name, folder)
        return folder

    return provide


@pytest.fixture
def real_program(real_programs: Callable[..., Path]) -> Callable[[str], str]:
    """real_program("openssl") -> its path; where it is missing: skipped, but a failure in CI."""
    return lambda name: str(real_programs(name) / name)


@pytest.fixture
def crash_cases(request: Any) -> str:
    """How many crash points to try: `sample` or `all`."""
    return str(request.config.getoption("--crash-cases"))


@pytest.fixture
def count_cases(record_property: Callable[[str, object], None]) -> Callable[[str, int], None]:
    """count_cases("node-expired: resume", 212): printed at the end of the run, from all workers."""
    return lambda name, number: record_property(CASES + name, number)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counted: Dict[str, int] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, number in report.user_properties:
                    if name.startswith(CASES):
                        counted[name] = counted.get(name, 0) + number
    if Session.left:
        terminalreporter.write_line("{}: {}".format(LEFT, Session.left))
    for name in sorted(counted):
        terminalreporter.write_line("{}: {}".format(name, counted[name]))
    skipped = terminalreporter.stats.get("skipped", [])
    for line in needs.told(str(report.longrepr[-1]) for report in skipped if report.longrepr):
        terminalreporter.write_line(line)
