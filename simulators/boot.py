# SPDX-License-Identifier: Apache-2.0
"""Booting the node: what a power cut destroys, what the hardware clock gives, what starts."""

import os
import shutil

from simulators import background, clock, units
from simulators.releases import RELEASES
from simulators.systemd import definitions, jobs, records, transaction, unit_files
from simulators.world import World

DOWNTIME = 20.0
FIRMWARE = 3.0
OUTER_EVENTS = ("ntp-reachable",)
# Modules of other parts of the world that want to know: function power_lost(world)
LOSERS = ("simulators.engine_vm",)
BASE = (
    "systemd-journald.service",
    "dbus.service",
    "systemd-logind.service",
    "systemd-machined.service",
    "polkit.service",
)
RUN_DIRECTORIES = ("systemd/system", "libvirt", "vdsm", "lock", "log", "user")


def cut_power(world: World, downtime: float = DOWNTIME) -> None:
    """Cut the node's power and boot it again `downtime` seconds later."""
    _lose(world, downtime)
    boot(world, clean=False)


def _lose(world: World, downtime: float) -> None:
    """Everything in memory is gone; time goes on outside and in the RTC."""
    state = world.state
    before = world.uptime
    true, rtc = world.true() + downtime, world.rtc() + downtime
    state["queue"] = [
        (max(0.0, due - before - downtime), number, kind, data)
        for due, number, kind, data in state["queue"]
        if kind in OUTER_EVENTS
    ]
    for name in () if state["bare"] else LOSERS:
        module = __import__(name, None, None, ["power_lost"])
        if hasattr(module, "power_lost"):
            module.power_lost(world)
    state.update(
        uptime=0.0,
        true_offset=true,
        units={},
        jobs={},
        job_results={},
        transient={},
        disk_units={},
        last_use={},
        sync_at=None,
        timedate=None,
    )
    state.pop("chronyd", None)
    state["journal"]["monotonic"] = 0
    world.set_rtc(rtc)
    world.cache = {}
    wipe_run(world)


def wipe_run(world: World) -> None:
    """/run is a tmpfs: empty it and make what early boot makes."""
    run = world.directory + "/root/run"
    for name in os.listdir(run) if os.path.isdir(run) else ():
        path = run + "/" + name
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    for name in RUN_DIRECTORIES:
        os.makedirs(run + "/" + name, exist_ok=True)


def boot(world: World, clean: bool = True) -> None:
    """Boot: the system clock comes from the RTC, the build date is the floor, units start."""
    state = world.state
    release = RELEASES[state["release"]]
    state["boot_id"] = world.new_id()
    state["wall_offset"] = world.rtc() - clock.rtc_zone(world) - world.uptime
    state["boots"] = state.get("boots", 0) + 1
    background.boot(world, release["kernel"])
    if release["floor"] and world.wall() < release["build"]:
        state["wall_offset"] = release["build"] - world.uptime
        units.pid1(world, "System time before build time, advancing clock.", 6)
    if not clean:
        state["journal"]["file"] += 1
        world.log(
            "File /var/log/journal/%s/system.journal corrupted or uncleanly shut down, "
            "renaming and replacing." % state["machine_id"],
            "systemd-journald.service",
            "systemd-journald",
            4,
            187,
        )
    world.advance(FIRMWARE)
    definitions.reload(world)
    _start_everything(world)
    background.start(world)


def _start_everything(world: World) -> None:
    names = [n for n in BASE if definitions.get(world, n)] + unit_files.enabled_units(world)
    names += ["basic.target", "multi-user.target"]
    for name in names:
        # base services are up before the journal is worth reading
        if name in BASE:
            records.change(
                world,
                name,
                active="active",
                sub="running",
                pid=world.new_pid(),
                invocation=world.new_id(),
            )
    numbers = jobs.install(world, transaction.build_boot(world, names))
    jobs.wait(world, list(numbers.values()), 120.0)


def pass_quietly(world: World, seconds: float) -> None:
    """Let a long time pass in which nothing happens: the queue moves along."""
    state = world.state
    state["uptime"] += seconds
    state["queue"] = [
        (due + seconds, number, kind, data) for due, number, kind, data in state["queue"]
    ]
