# SPDX-License-Identifier: Apache-2.0
"""What a step of the node's clock sets in motion, and the kernel's copying to the RTC."""

from simulators.releases import RELEASES
from simulators.world import World

RTC_COPY_PERIOD = 660.0
TIME_CHANGE = "c7a787079b354eaaa9e77b371893cd27"
# The kernel's maxerror after an update by the NTP daemon grows by 500 us a second.
MAXERROR_RATE = 0.0005


def step(world: World, new_wall: float) -> None:
    """Set the system clock. The RTC is not written; clearing NTP state stops its copying."""
    state = world.state
    jump = new_wall - world.wall()
    state["wall_offset"] = new_wall - world.uptime
    state["clock_steps"] += 1
    state["sync_at"] = None
    if RELEASES[state["release"]]["systemd"] < 239:
        from simulators import units

        units.pid1(
            world,
            "Time has been changed",
            6,
            MESSAGE_ID=TIME_CHANGE,
            REALTIME=str(int(new_wall * 1000000)),
        )
    from simulators.systemd import timers

    timers.clock_stepped(world)
    if "chronyd" in state and abs(jump) > 10:
        from simulators import chronyd

        chronyd.jumped(world, jump)


def slew(world: World, seconds: float) -> None:
    """Move the system clock without a step."""
    world.state["wall_offset"] += seconds


def synchronised(world: World) -> bool:
    """Tell what timedatectl calls synchronised: by release the kernel's flag or its maxerror."""
    at = world.state["sync_at"]
    if at is None:
        return False
    limit = 10.0 if world.state["release"] == "el8" else 16.0
    return (world.uptime - at) * MAXERROR_RATE < limit


def mark_synchronised(world: World) -> None:
    """The NTP daemon told the kernel that the clock is good: the RTC is copied from now on."""
    world.state["sync_at"] = world.uptime
    if not world.scheduled("rtc-sync"):
        world.schedule(RTC_COPY_PERIOD, "rtc-sync")


def kernel_rtc_sync(world: World, data: dict) -> None:
    """Copy the system clock to the RTC while the kernel believes it is synchronised."""
    if not synchronised(world):
        return
    world.set_rtc(world.wall() + rtc_zone(world))
    world.schedule(RTC_COPY_PERIOD, "rtc-sync")


def write_rtc_late(world: World, data: dict) -> None:
    """The hwclock --systohc that timedatex runs after it has answered."""
    world.set_rtc(world.wall() + rtc_zone(world))


def rtc_zone(world: World) -> float:
    """Return what to add to UTC for the RTC: 0, or the zone's offset in LOCAL mode."""
    return zone(world)[2] if rtc_is_local(world) else 0


def rtc_is_local(world: World) -> bool:
    """Tell whether line 3 of /etc/adjtime says that the RTC keeps local time."""
    try:
        with open(world.node("/etc/adjtime")) as source:
            return source.read().split()[-1] == "LOCAL"
    except (OSError, IndexError):
        return False


def zone(world: World) -> tuple:
    """Return the node's zone: (name, abbreviation, seconds east of UTC)."""
    return world.state["zone"]


def timedate_idle(world: World, data: dict) -> None:
    """The time service leaves after 30 s without a request; EL7's cached flag goes with it."""
    from simulators import units

    world.state["timedate"] = None
    units.left_idle(world, RELEASES[world.state["release"]]["timedate"])
