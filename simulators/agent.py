# SPDX-License-Identifier: Apache-2.0
"""ovirt-ha-agent: from its start to the state machine, and its death with status 157.

Phases: check vdsmd, connect by TLS, broker, storage; then `agent_states` once every 10 s.
Imports `ha`, `vdsm`, `units` and `agent_states`.
"""

from typing import Optional

from simulators import agent_states, ha, names, units, vdsm
from simulators.world import World

UNIT = "ovirt-ha-agent.service"
STATUS = 157
CONNECT_LIMIT = 60.0
ACQUIRE_LIMIT = 240.0
NEVER = "RuntimeError: Couldn't  connect to VDSM within 60 seconds"
MONITORS = (
    "network",
    "mgmt-bridge",
    "mem-free",
    "cpu-load-no-engine",
    "engine-health",
    "storage-domain",
)


def fresh() -> dict:
    return {
        "phase": "check",
        "since": 0.0,
        "state": "StartState",
        "entered": 0.0,
        "lost": -1.0,
        "said": {},
    }


def start(world: World, unit: str) -> None:
    world.state["agent"] = dict(fresh(), since=world.uptime)
    log(world, "ovirt-hosted-engine-ha agent %s started" % ha.VERSIONS[world.state["release"]])
    if world.state["release"] == "el7":
        log(world, "Found certificate common name: " + world.state["hostname"])
    else:
        log(world, "Certificate common name not found, using hostname to identify host")
    world.cancel("agent-tick")
    world.schedule(1.0, "agent-tick")


def stopped(world: World, unit: str) -> None:
    world.cancel("agent-tick")
    world.state["ha"]["host"].update(state="AgentStopped", stopped=True, score=0)


def tick(world: World, data: dict) -> None:
    """The event: do what the present phase does and say when to come back."""
    delay = PHASES[world.state["agent"]["phase"]](world)
    if delay is not None:
        world.schedule(delay, "agent-tick")


def log(world: World, message: str, level: str = "INFO") -> None:
    ha.log(world, "agent", level, "agent.hosted_engine.HostedEngine", message)


def _phase(world: World, name: str) -> float:
    world.state["agent"].update(phase=name, since=world.uptime)
    return 0.0


def die(world: World, *reasons: str) -> None:
    for reason in reasons:
        log(world, reason, "ERROR")
    units.exited(world, UNIT, STATUS)


def _check(world: World) -> Optional[float]:
    if ha.loops_before_storage(world) and ha.local_maintenance(world):
        log(world, "Local maintenance set")
        return 30.0
    if not units.is_active(world, "vdsmd.service"):
        log(
            world,
            "Service vdsmd is not running and the admin is responsible for starting it.",
            "ERROR",
        )
        log(world, "Agent shutting down")
        units.exited(world, UNIT, STATUS)
        return None
    return _phase(world, "connect")


def _connect(world: World) -> Optional[float]:
    answer = vdsm.ask(world)
    if answer.kind == "ok":
        log(world, "Initializing ha-broker connection")
        return _phase(world, "broker")
    waited = world.uptime - world.state["agent"]["since"]
    if waited < CONNECT_LIMIT or answer.kind == "recovering":
        return 1.0
    die(world, "Traceback (most recent call last): ... " + NEVER, "Trying to restart agent")
    return None


def _broker(world: World) -> Optional[float]:
    if ha.broker_answers(world):
        for monitor in MONITORS:
            log(world, "Starting monitor %s, options {'addr': '192.0.2.1'}" % monitor)
            log(world, "Success, id " + monitor)
        log(world, "Broker initialized, all submonitors started")
        return _phase(world, "storage")
    if world.uptime - world.state["agent"]["since"] < 15:
        return 5.0
    die(
        world,
        "Failed to start necessary monitors",
        "brokerlink - failed to start monitor via ovirt-ha-broker: "
        "[Errno 2] No such file or directory, [monitor: 'network', options: {}]",
    )
    return None


def _storage(world: World) -> Optional[float]:
    shared = world.state["ha"]
    waited = world.uptime - world.state["agent"]["since"]
    if shared["acquired"] or (shared["storage"] and waited >= shared["seconds"]["acquire"]):
        shared["acquired"] = True
        log(world, "Acquired lock on host id 1")
        ha.write_vm_conf(world)
        _phase(world, "states")
        agent_states.enter(world, "ReinitializeFSM")
        return agent_states.LOOP
    if waited >= ACQUIRE_LIMIT:
        die(
            world,
            "Failed to start monitoring domain (sd_uuid=%s, host_id=1): "
            "timeout during domain acquisition" % names.STORAGE_DOMAIN,
        )
        return None
    ha.log(
        world,
        "broker",
        "INFO",
        "broker.storage_broker.StorageBroker",
        "VDSM domain monitor status: PENDING",
    )
    return 5.0 if shared["storage"] else 20.0


def _states(world: World) -> Optional[float]:
    """One turn of the monitoring loop: vdsm, broker and vm.conf first, then the states."""
    mine = world.state["agent"]
    if not ha.broker_answers(world):
        die(world, "Disconnected from broker '[Errno 2] No such file or directory'")
        return None
    answer = vdsm.ask(world)
    if answer.kind != "ok":
        if mine["lost"] < 0:
            mine["lost"] = world.uptime
        if world.uptime - mine["lost"] < CONNECT_LIMIT:
            return 1.0
        die(world, "Traceback (most recent call last): ... " + NEVER, "Trying to restart agent")
        return None
    mine["lost"] = -1.0
    if ha.loops_before_storage(world) and ha.local_maintenance(world):
        return _phase(world, "check")
    if not ha.vm_conf_readable(world):
        ha.write_vm_conf(world)
    return agent_states.turn(world)


PHASES = {
    "check": _check,
    "connect": _connect,
    "broker": _broker,
    "storage": _storage,
    "states": _states,
}
