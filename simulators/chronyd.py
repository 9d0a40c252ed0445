# SPDX-License-Identifier: Apache-2.0
"""The NTP daemon: steps during its first three updates, slews afterwards, waits without server."""

from simulators import clock
from simulators.releases import RELEASES
from simulators.world import World

UNIT = "chronyd.service"
STEP_UPDATES = 3  # makestep 1.0 3
STEP_THRESHOLD = 1.0
MAX_SLEW = 0.083333  # seconds a second
FEATURES = {
    "3.4": "+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +SECHASH +IPV6 +DEBUG",
    "4.2": "+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +NTS +SECHASH +IPV6 "
    "+DEBUG",
    "4.3": "+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +NTS +SECHASH +IPV6 "
    "+DEBUG",
}


def start(world: World, unit: str) -> float:
    """Start the daemon; with a server in reach the first update comes within seconds."""
    version = RELEASES[world.state["release"]]["chrony"]
    world.state["chronyd"] = {
        "updates": 0,
        "last": 0.0,
        "ref": None,
        "at": world.uptime,
        "own_step": False,
    }
    _say(world, "chronyd version %s starting (%s)" % (version, FEATURES[version]))
    _say(world, "Frequency -17.552 +/- 0.186 ppm read from /var/lib/chrony/drift")
    _say(world, "Using right/UTC timezone to obtain leap second data")
    if version != "3.4":
        _say(world, "Loaded seccomp filter (level 2)")
    if world.state["ntp"]["reachable"]:
        world.schedule(2.5, "chronyd-poll")
    return 0.3


def stop(world: World, unit: str) -> float:
    """It takes a moment to leave."""
    return 0.18


def stopped(world: World, unit: str) -> None:
    """The daemon is gone; the kernel keeps its flags for a while."""
    _say(world, "chronyd exiting")
    world.state.pop("chronyd", None)
    world.cancel("chronyd-poll")


def _say(world: World, message: str, priority: int = 6) -> None:
    world.log(message, UNIT, "chronyd", priority, SYSLOG_FACILITY="3")


def poll(world: World, data: object = None) -> None:
    """One clock update from the server."""
    daemon = world.state.get("chronyd")
    if daemon is None or not world.state["ntp"]["reachable"]:
        return
    if daemon["updates"] == 0:
        _say(world, "Selected source " + world.state["ntp"]["address"])
    daemon["updates"] += 1
    offset = world.true() - world.wall()
    if abs(offset) > STEP_THRESHOLD and daemon["updates"] <= STEP_UPDATES:
        _step(world, daemon, offset)
    else:
        most = MAX_SLEW * (world.uptime - daemon["at"])
        clock.slew(world, max(-most, min(most, offset)))
    daemon = world.state["chronyd"]
    daemon.update(last=offset, ref=world.wall(), at=world.uptime)
    if abs(world.true() - world.wall()) < STEP_THRESHOLD:
        clock.mark_synchronised(world)
    world.schedule(2.0 if daemon["updates"] < 4 else 64.0, "chronyd-poll")


def _step(world: World, daemon: dict, offset: float) -> None:
    first = RELEASES[world.state["release"]]["chrony"] == "3.4"
    _say(
        world,
        "System clock wrong by %.6f seconds%s" % (offset, ", adjustment started" if first else ""),
        4,
    )
    daemon["own_step"] = True
    world.step_clock(world.true())
    daemon["own_step"] = False
    _say(world, "System clock was stepped by %.6f seconds" % offset, 4)
    if not first:
        _say(world, "System clock TAI offset set to 37 seconds")


def jumped(world: World, jump: float) -> None:
    """Somebody else stepped the clock under the running daemon: it drops its samples."""
    if world.state["chronyd"]["own_step"]:
        return
    _say(world, "%s time jump detected!" % ("Forward" if jump > 0 else "Backward"), 4)
    world.state["chronyd"]["ref"] = None
    if world.state["ntp"]["reachable"]:
        world.cancel("chronyd-poll")
        world.schedule(6.0, "chronyd-poll")
    else:
        _say(world, "Can't synchronise: no selectable sources", 4)


def makestep(world: World) -> None:
    """chronyc makestep: step by what the daemon has measured, nothing without measurement."""
    daemon = world.state["chronyd"]
    offset = world.true() - world.wall()
    if not world.state["ntp"]["reachable"] or abs(offset) < 1e-6:
        return
    daemon["own_step"] = True
    world.step_clock(world.true())
    daemon = world.state["chronyd"]
    daemon.update(own_step=False, last=offset, ref=world.wall(), at=world.uptime)
    _say(world, "System clock was stepped by %.6f seconds" % offset, 4)
    clock.mark_synchronised(world)
