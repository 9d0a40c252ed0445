# SPDX-License-Identifier: Apache-2.0
"""The service behind timedatectl (timedated, on EL8 timedatex): who may set the clock, and how."""

import os

from simulators import clock, timestamps, units
from simulators.releases import RELEASES
from simulators.systemd import definitions, jobs, records, unit_files
from simulators.world import World

IDLE = 30.0
PREFIX = "Failed to set time: "
LISTS = ("/etc/systemd/ntp-units.d", "/run/systemd/ntp-units.d", "/usr/lib/systemd/ntp-units.d")


def wake(world: World) -> None:
    """Every request activates the service by D-Bus and puts its idle exit off."""
    unit = RELEASES[world.state["release"]]["timedate"]
    if world.state["timedate"] is None:
        units.start(world, unit)
        world.state["timedate"] = {"enabled": _first_enabled(world)}
    world.cancel("timedate-idle")
    world.schedule(IDLE, "timedate-idle")


def ntp_units(world: World) -> list:
    """Return the installed units named by ntp-units.d, in the order of the file names."""
    names = {}  # type: dict
    for directory in LISTS:
        base = world.node(directory)
        for name in os.listdir(base) if os.path.isdir(base) else ():
            if name.endswith(".list"):
                names.setdefault(name, base + "/" + name)
    found = []
    for name in sorted(names):
        with open(names[name]) as source:
            found += [line.strip() for line in source if line.strip() and line[0] != "#"]
    return [unit for unit in found if definitions.get(world, unit) is not None]


def can_ntp(world: World) -> bool:
    """Whether there is a unit to switch; 252 counts loaded ones alone, and none that is masked."""
    strict = world.state["release"] == "el9"
    return any(not strict or not unit_files.masked(world, unit) for unit in ntp_units(world))


def _first_enabled(world: World) -> bool:
    listed = ntp_units(world)
    return bool(listed) and unit_files.state(world, listed[0]) in ("enabled", "enabled-runtime")


def ntp_on(world: World) -> bool:
    """Return the property NTP: by release enabled (cached), first active, or any not down."""
    listed = ntp_units(world)
    rule = RELEASES[world.state["release"]]["ntp_rule"]
    if rule == "enabled":
        return world.state["timedate"]["enabled"]
    states = [records.of(world, unit)["active"] for unit in listed]
    if rule == "first-active":
        return bool(states) and states[0] in ("active", "activating")
    return any(state not in ("inactive", "failed") for state in states)


def refusal(world: World) -> str:
    """Return why set-time is refused now, "" when it is not."""
    release = world.state["release"]
    if release == "el8" and not units.is_active(world, "polkit.service"):
        return PREFIX + "Not authorized"
    if release == "el9" and [u for u in ntp_units(world) if u in world.state["jobs"]]:
        return PREFIX + "Previous request is not finished, refusing."
    if ntp_on(world):
        if release == "el8":
            return PREFIX + "NTP unit is active"
        return PREFIX + "Automatic time synchronization is enabled"
    return ""


def set_time(world: World, value: float) -> str:
    """Set clock and RTC; return an error text, "" on success."""
    release = world.state["release"]
    if value <= 0:
        return PREFIX + "Invalid absolute time"
    if value < world.uptime:
        clock_name = "system clock" if release == "el8" else "local time"
        return PREFIX + "Failed to set %s: Invalid argument" % clock_name
    world.step_clock(value)
    if release == "el8":
        world.schedule(1.0, "rtc-write")  # timedatex answers first and runs hwclock then
        return ""
    world.set_rtc(value + clock.rtc_zone(world))
    zone = clock.zone(world)
    told = timestamps.ctime(value, zone) if release == "el7" else timestamps.stamp(value, zone)
    world.log(
        "Changed local time to " + told,
        "systemd-timedated.service",
        "systemd-timedated",
        6,
        MESSAGE_ID=clock.TIME_CHANGE,
        REALTIME=str(int(value * 1000000)),
    )
    return ""


def set_ntp(world: World, on: bool) -> str:
    """Switch time synchronisation, enablement included; return an error text or ""."""
    listed = ntp_units(world)
    release = world.state["release"]
    if not can_ntp(world):
        known = {"el7": "NTP not supported.", "el8": "No NTP unit available"}
        return "Failed to set ntp: " + known.get(release, "NTP not supported")
    chosen = listed[:1] if on or release == "el7" else listed
    others = listed[1:] if on and release != "el7" else []
    for unit in chosen:
        if on and unit_files.masked(world, unit):
            return "Failed to set ntp: Unit %s is masked." % unit
        (unit_files.enable if on else unit_files.disable)(world, unit)
        units.enqueue(world, unit, "start" if on else "stop")
    for unit in others:
        unit_files.disable(world, unit)
        units.enqueue(world, unit, "stop")
    world.cache = {}
    world.state["timedate"]["enabled"] = on
    if release != "el9":  # 252 answers before its jobs are done
        pending = [world.state["jobs"][u]["id"] for u in listed if u in world.state["jobs"]]
        jobs.wait(world, pending)
    return ""
