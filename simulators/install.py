# SPDX-License-Identifier: Apache-2.0
"""Making a world: directories, programs, the node's base files, the scenario, the first boot."""

import marshal
import os
import shutil
import sys
from typing import Any

from simulators import base_files, boot, consistency, transcript
from simulators import world as world_module

TODAY = 1676894400.0  # 2023-02-20 12:00:00 UTC
HISTORY = 300.0
EARLIER = 86400.0  # the boot before this one wrote its entries the day before
FILESYSTEMS = (
    ("/dev/mapper/onn-root", "/", 60000000, 5100000),
    ("/dev/mapper/onn-var", "/var", 15000000, 1200000),
    ("/dev/mapper/onn-var_log", "/var/log", 8000000, 410000),
    ("/dev/sda2", "/boot", 1000000, 240000),
)
NOT_PROGRAMS = ("__init__",)
_libraries = []  # type: list  # of the world this process has compiled it for


class World:
    """A handle on a world directory, for tests and rehearsals."""

    def __init__(self, directory: str) -> None:
        self.directory = os.path.abspath(directory)
        self.root = self.directory + "/root"
        self.engine = self.directory + "/engine"
        self.programs = self.directory + "/bin"
        self.password_file = self.directory + "/engine-password"
        self.sim = Simulation(self.directory)

    def transcript(self) -> list:
        """Return all calls of simulated programs so far (transcript.Call)."""
        return transcript.read(self.directory)

    def opened(self) -> world_module.World:
        """Return the world for `with handle.opened() as w:`."""
        return world_module.opened(self.directory)


class Simulation:
    """What tests do to a world from outside; every operation opens and saves it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def power_cut(self, downtime: float = boot.DOWNTIME) -> None:
        """Cut the node's power and boot it again."""
        with world_module.opened(self.directory) as world:
            boot.cut_power(world, downtime)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with world_module.opened(self.directory) as world:
            world.advance(seconds)

    def pass_quietly(self, seconds: float) -> None:
        """Let a long time pass in which nothing happens."""
        with world_module.opened(self.directory) as world:
            boot.pass_quietly(world, seconds)

    def schedule(self, delay: float, kind: str, **data: object) -> None:
        """Queue an event, for example "ntp-reachable" (see simulators.faults)."""
        with world_module.opened(self.directory) as world:
            world.schedule(delay, kind, **data)

    def fault(self, program: str, action: str, **data: object) -> None:
        """Add a fault (see simulators.faults)."""
        with world_module.opened(self.directory) as world:
            world.state["faults"].append(dict(data, program=program, action=action))

    def set(self, **values: object) -> None:
        """Change top-level values of the state."""
        with world_module.opened(self.directory) as world:
            world.state.update(values)

    def state(self) -> dict:
        """Return a copy of the state."""
        with world_module.opened(self.directory) as world:
            return dict(world.state)


def create(directory: str, scenario: str, release: str = "el8", **overrides: Any) -> World:
    """Make a world in `directory` (new or empty) and boot its node; see scenarios.NAMES.

    Overrides are top-level values of the state, and `today`, `history` (seconds since boot);
    `moved` lets a scenario happen that many seconds later.
    """
    directory = os.path.abspath(directory)
    today = float(overrides.pop("today", TODAY))
    history = float(overrides.pop("history", HISTORY))
    for name in ("root", "engine", "bin"):
        os.makedirs(directory + "/" + name)
    _copy_library(directory)
    _make_programs(directory)
    state = first_state(release, today, history)
    state.update(overrides, scenario=scenario)
    if scenario == "bare":
        state["bare"] = True
    with open(directory + "/state", "wb") as target:
        target.write(marshal.dumps(state))
    with world_module.opened(directory) as world:
        base_files.write(world)
    if scenario != "bare":
        from simulators import scenarios

        scenarios.build(directory, scenario, release)
    handle = World(directory)
    first_boot(handle, scenario, release)
    if scenario != "bare":
        from simulators import further

        further.make(handle, release, history)
    return handle


def first_boot(handle: World, scenario: str, release: str) -> None:
    """Boot so that the node has been up for a while when it is `today`."""
    with handle.opened() as world:
        history = world.state["history"]
        boot.wipe_run(world)
        from simulators import background

        world.state["boot_id"] = world.new_id()
        _turn_back(world, EARLIER)
        started = world.uptime
        background.history(world, 200)
        passed = world.uptime - started
        _rewind(world, passed + boot.FIRMWARE - EARLIER)
        boot.boot(world)
        remaining = world.state["today"] - world.true()
        if remaining > 0:
            world.advance(min(remaining, history))
    if scenario != "bare":
        from simulators import scenarios

        if hasattr(scenarios, "after_boot"):
            scenarios.after_boot(handle.directory, scenario, release)
    with handle.opened() as world:
        consistency.check(world)


def _rewind(world: world_module.World, passed: float) -> None:
    """The history before the boot took `passed` seconds: the boot begins a new uptime."""
    state = world.state
    state["queue"] = []
    # the first boot was planned for the moment the history ended
    _turn_back(world, passed - world.uptime)
    state["uptime"] = 0.0
    state["journal"]["monotonic"] = 0


def _turn_back(world: world_module.World, seconds: float) -> None:
    for key in ("true_offset", "wall_offset", "rtc_offset"):
        world.state[key] -= seconds


def first_state(release: str, today: float, history: float) -> dict:
    """Return the state of a world that has not booted yet, at `today` minus the history."""
    begin = today - history
    return {
        "release": release,
        "seed": 1,
        "random": 1,
        "scenario": "",
        "today": today,
        "moved": 0,  # seconds by which a scenario's story lies later than it is told
        "history": history,
        "uptime": 0.0,
        "wall_offset": begin,
        "true_offset": begin,
        "rtc_offset": begin,
        "rtc_drift": 0.000002,
        "sync_at": None,
        "clock_steps": 0,
        "boot_id": "0" * 32,
        "machine_id": "64d11315917f4734b1d0b903043433d0",
        "hostname": "virt-host1.example.test",
        "zone": ("UTC", "UTC", 0),
        "uid": 0,
        "units": {},
        "jobs": {},
        "job_results": {},
        "transient": {},
        "disk_units": {},
        "last_use": {},
        "timedate": None,
        "queue": [],
        "seq": 0,
        "next_pid": 900,
        "journal": {
            "seq": 0,
            "size": 0,
            "file": 0,
            "monotonic": 0,
            "realtime": 0,
            "id": "372589101fbf4a288ea909014578d023",
        },
        "ntp": {"reachable": False, "address": "192.0.2.123"},
        "faults": [],
        "libvirtd_idle_exit": False,
        "bare": False,
        "broken": {},
        "packages": base_files.packages(release),
        "filesystems": list(FILESYSTEMS),
    }


def _copy_library(directory: str) -> None:
    """Put the simulators package into the world, compiled, so that it stands alone."""
    target = directory + "/lib"
    made = [library for library in _libraries if os.path.isdir(library)]
    if made:
        # Compiling takes as long as all the rest of making a world.
        shutil.copytree(made[0], target)
        return
    source = os.path.dirname(os.path.abspath(__file__))
    if os.path.isdir(source):
        ignored = shutil.ignore_patterns("__pycache__", "samples", "vm", "*.pyc")
        shutil.copytree(source, target + "/simulators", ignore=ignored)
    else:
        __loader__.unpack("simulators", target)  # type: ignore[name-defined] # of the archive
    shutil.copy(target + "/simulators/lean/typing.py", target + "/typing.py")
    import compileall

    compileall.compile_dir(target, quiet=2)
    _libraries[:] = [target]


def _make_programs(directory: str) -> None:
    """Write one executable for each module of simulators.programs."""
    for entry in sorted(os.listdir(directory + "/lib/simulators/programs")):
        module, dot, kind = entry.partition(".")
        if kind != "py" or module in NOT_PROGRAMS:
            continue
        name = module.replace("_", "-")
        path = directory + "/bin/" + name
        with open(path, "w") as target:
            target.write(LAUNCHER % (sys.executable, name))
        os.chmod(path, 0o755)


LAUNCHER = """#!%s -IS
import sys
sys.path[:0] = [sys.argv[0].rpartition("/")[0] + "/../lib"]
from simulators import entry
entry.main("%s")
"""
