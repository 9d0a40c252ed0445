# SPDX-License-Identifier: Apache-2.0
"""The agent's state machine. All its timers count uptime; only its log filter reads the wall.

Imports `ha` and `engine_vm`.
"""

from typing import Tuple

from simulators import engine_vm, ha
from simulators.world import World

LOOP = 10.0
HOST_ALIVE = 60.0
STARTING_LIMIT = 600.0
BAD_HEALTH_LIMIT = 300.0
STOP_LIMIT = 300.0
UNEXPECTED_LIMIT = 560.0
FILTER = 60.0
ZERO = ("ReinitializeFSM", "LocalMaintenance", "EngineUnexpectedlyDown")

Turn = Tuple[str, float]


def turn(world: World) -> float:
    """Run the present state once; return the seconds until the next turn."""
    mine = world.state["agent"]
    before = mine["state"]
    after, delay = STATES[before](world)
    if after != before:
        enter(world, after)
    else:
        _say(world, "Current state %s (score: %d)" % (before, score(before)))
        ha.publish(world, before, score(before))
    return delay


def score(state: str) -> int:
    return 0 if state in ZERO else ha.BASE_SCORE


def enter(world: World, state: str) -> None:
    mine = world.state["agent"]
    _say(
        world,
        "Success, was notification of state_transition (%s-%s) sent? ignored"
        % (mine["state"], state),
    )
    mine.update(state=state, entered=world.uptime)
    _say(world, "Current state %s (score: %d)" % (state, score(state)))
    ha.publish(world, state, score(state))


def _say(world: World, message: str) -> None:
    ha.log(world, "agent", "INFO", "agent.hosted_engine.HostedEngine", message)


def _say_seldom(world: World, message: str) -> None:
    """The intermittent filter compares wall times: silent for long after a backward step."""
    said = world.state["agent"]["said"]
    if message not in said or world.wall() - said[message] >= FILTER:
        said[message] = world.wall()
        _say(world, message)


def _waited(world: World) -> float:
    return float(world.uptime - world.state["agent"]["entered"])


def _launching(world: World) -> bool:
    return engine_vm.exists(world) or bool(world.scheduled("vm-qemu"))


def _maintenance(world: World) -> str:
    if world.state["ha"]["global"]:
        return "GlobalMaintenance"
    if ha.local_maintenance(world):
        return "LocalMaintenance"
    return ""


def _reinitialize(world: World) -> Turn:
    state = _maintenance(world)
    if not state:
        state = "EngineStarting" if engine_vm.exists(world) else "EngineDown"
    return state, LOOP


def _global(world: World) -> Turn:
    if not world.state["ha"]["global"]:
        return "ReinitializeFSM", LOOP
    _say(world, "Global maintenance detected")
    return "GlobalMaintenance", LOOP


def _local(world: World) -> Turn:
    if world.state["ha"]["global"] or not ha.local_maintenance(world):
        return "ReinitializeFSM", LOOP
    _say(world, "Local maintenance detected")
    return "LocalMaintenance", LOOP


def _down(world: World) -> Turn:
    maintenance = _maintenance(world)
    if maintenance:
        return maintenance, LOOP
    if engine_vm.exists(world):
        return "EngineStarting", LOOP
    if _waited(world) < HOST_ALIVE:
        _say(
            world,
            "The engine is not running, but we do not have enough data to decide "
            "which hosts are alive",
        )
        return "EngineDown", LOOP
    _say(
        world,
        "Engine down and local host has best score (%d), attempting to start engine VM"
        % ha.BASE_SCORE,
    )
    return "EngineStart", 0.0


def _start(world: World) -> Turn:
    _say(world, "Ensuring VDSM state is clear for engine VM")
    _say(world, "Vdsm state for VM clean")
    _say(world, "Starting vm using `/usr/sbin/hosted-engine --vm-start`")
    engine_vm.create(world)
    _say(world, "stdout: VM in WaitForLaunch")
    _say(world, "Engine VM started on localhost")
    return "EngineStarting", LOOP


def _starting(world: World) -> Turn:
    maintenance = _maintenance(world)
    if maintenance:
        return maintenance, LOOP
    if not _launching(world):
        return _lost(world)
    if world.state["vm"]["healthy"]:
        return "EngineUp", LOOP
    if _waited(world) >= STARTING_LIMIT:
        _say(world, "Timeout on transitioning from EngineStarting moving to EngineStop")
        return "EngineStop", 0.0
    _say(world, "VM is powering up..")
    return "EngineStarting", LOOP


def _lost(world: World) -> Turn:
    if world.state["vm"]["down"] == engine_vm.LOCKED:
        ha.log(
            world,
            "broker",
            "INFO",
            "broker.submonitors.engine_health",
            "VM storage is already locked.",
        )
        _say(world, "Another host already took over..")
        return "EngineForceStop", 0.0
    _say(world, "VM is unexpectedly down.")
    return "EngineMaybeAway", 0.0


def _maybe_away(world: World) -> Turn:
    _say(world, "Engine vm was unexpectedly shut down")
    return "EngineUnexpectedlyDown", LOOP


def _unexpectedly_down(world: World) -> Turn:
    maintenance = _maintenance(world)
    if maintenance:
        return maintenance, LOOP
    if engine_vm.exists(world):
        return "EngineStarting", LOOP
    if _waited(world) >= UNEXPECTED_LIMIT:
        return "EngineDown", LOOP
    _say_seldom(world, "Score is 0 due to unexpected vm shutdown")
    return "EngineUnexpectedlyDown", LOOP


def _up(world: World) -> Turn:
    maintenance = _maintenance(world)
    if maintenance:
        return maintenance, LOOP
    if not engine_vm.exists(world):
        return _lost(world)
    if not world.state["vm"]["healthy"]:
        return "EngineUpBadHealth", LOOP
    _say_seldom(world, "Engine vm running on localhost")
    return "EngineUp", LOOP


def _bad_health(world: World) -> Turn:
    maintenance = _maintenance(world)
    if maintenance:
        return maintenance, LOOP
    if not engine_vm.exists(world):
        return _lost(world)
    if world.state["vm"]["healthy"]:
        return "EngineUp", LOOP
    if _waited(world) >= BAD_HEALTH_LIMIT:
        return "EngineStop", 0.0
    return "EngineUpBadHealth", LOOP


def _stop(world: World) -> Turn:
    if not engine_vm.exists(world):
        return "EngineDown", LOOP
    if _waited(world) >= STOP_LIMIT:
        return "EngineForceStop", 0.0
    _say(world, "Shutting down vm using `/usr/sbin/hosted-engine --vm-shutdown`")
    engine_vm.shutdown(world)
    return "EngineStop", LOOP


def _force_stop(world: World) -> Turn:
    if world.state["vm"]["where"] == "here":
        _say(world, "Shutting down vm using `/usr/sbin/hosted-engine --vm-poweroff`")
        engine_vm.off(world)
    return "EngineDown", LOOP


STATES = {
    "ReinitializeFSM": _reinitialize,
    "GlobalMaintenance": _global,
    "LocalMaintenance": _local,
    "EngineDown": _down,
    "EngineStart": _start,
    "EngineStarting": _starting,
    "EngineUp": _up,
    "EngineUpBadHealth": _bad_health,
    "EngineStop": _stop,
    "EngineForceStop": _force_stop,
    "EngineMaybeAway": _maybe_away,
    "EngineUnexpectedlyDown": _unexpectedly_down,
}
