# SPDX-License-Identifier: Apache-2.0
"""The node's service manager, as the other simulators see it: ask, start, stop, report an exit.

A unit's behaviour is a module of its own (table BEHAVIOUR) which may define
    start(world, unit) -> None or the simulated seconds until the unit is up
        raise units.StartFailed(status, messages, delay) when its start fails
    stopped(world, unit) -> None: its process is gone (asked to stop, or died)
    stop(world, unit) -> None or seconds until it is gone; before `stopped`
Units without behaviour just start.
"""

from typing import Any

from simulators.world import World

BEHAVIOUR = {
    "libvirtd.service": "simulators.libvirtd",
    "vdsmd.service": "simulators.vdsm",
    "ovirt-ha-agent.service": "simulators.agent",
    "ovirt-ha-broker.service": "simulators.broker",
    "chronyd.service": "simulators.chronyd",
}


class StartFailed(Exception):
    """A unit's process ends with `status` after `delay` seconds instead of getting ready.

    `messages` are logged in the unit's name first: str, or (str, dict of fields).
    """

    def __init__(self, status: int, messages: tuple = (), delay: float = 0.4) -> None:
        Exception.__init__(self, status)
        self.status = status
        self.messages = messages
        self.delay = delay


def behaviour(world: World, unit: str) -> Any:
    """Return the module of the unit's behaviour, None when it has none (or the world is bare)."""
    name = BEHAVIOUR.get(unit)
    if name is None or world.state["bare"] and unit != "chronyd.service":
        return None
    return __import__(name, None, None, ["start"])


def state(world: World, unit: str) -> dict:
    """Return the unit's record: active, sub, result, pid, status, restarts, invocation, times.

    Change nothing in it: `records.change` of simulators.systemd does that.
    """
    from simulators.systemd import records

    return records.of(world, unit)


def is_active(world: World, unit: str) -> bool:
    """Tell whether the unit is active (or reloading)."""
    return state(world, unit)["active"] in ("active", "reloading")


def start(world: World, unit: str) -> bool:
    """Start the unit and let time pass until the job is done; tell whether it is active then.

    Not from within a behaviour or an event: there `enqueue` is the way.
    """
    _request_and_wait(world, unit, "start")
    return is_active(world, unit)


def stop(world: World, unit: str) -> None:
    """Stop the unit (and what requires it) and let time pass until the job is done."""
    _request_and_wait(world, unit, "stop")


def _request_and_wait(world: World, unit: str, verb: str) -> None:
    from simulators.systemd import jobs, transaction

    try:
        number = jobs.request(world, unit, verb)
    except transaction.Refused:
        return
    if number:
        jobs.wait(world, [number])


def enqueue(world: World, unit: str, verb: str = "start") -> None:
    """Queue a job (start, stop, restart, try-restart) without waiting; `advance` runs it."""
    from simulators.systemd import jobs, transaction

    try:
        jobs.request(world, unit, verb)
    except transaction.Refused:
        pass


def exited(world: World, unit: str, status: int, signal: str = "") -> None:
    """The unit's main process ended by itself: log it as PID 1 does and apply Restart=.

    With `signal` ("9/KILL", "15/TERM") it was killed.
    """
    from simulators.systemd import services

    services.exited(world, unit, status, signal)


def left_idle(world: World, unit: str) -> None:
    """A bus-activated service left because nobody asked it anything."""
    if is_active(world, unit):
        exited(world, unit, 0)


def connect(world: World, socket: str) -> str:
    """A client connects to a socket unit's address: "ok", "missing", "refused" or "reset".

    A listening socket whose service is down starts it first; simulated time passes. "reset":
    the service was started by this very connection and died. Without such a socket unit (EL7)
    the service itself makes the address.
    """
    from simulators.systemd import definitions, jobs

    definition = definitions.get(world, socket)
    service = definition["triggers"] if definition else socket.partition(".")[0] + ".service"
    if is_active(world, service):
        world.state["last_use"][service] = world.uptime
        return "ok"
    if definition is None:
        return "missing"
    if not is_active(world, socket):
        return "missing" if definition.get("remove_on_stop") else "refused"
    number = jobs.request(world, service, "start")
    jobs.wait(world, [number])
    world.state["last_use"][service] = world.uptime
    return "ok" if is_active(world, service) else "reset"


def note(world: World, unit: str, message: str, priority: int = 6, **fields: object) -> None:
    """Write a message of PID 1 about a unit (field UNIT) to the journal."""
    invocation = state(world, unit)["invocation"]
    if invocation and "MESSAGE_ID" in fields and world.state["release"] != "el7":
        fields["INVOCATION_ID"] = invocation
    pid1(world, message, priority, UNIT=unit, **fields)


def pid1(world: World, message: str, priority: int = 6, **fields: object) -> None:
    """Write a message of PID 1 to the journal."""
    world.log(message, "", "systemd", priority, 1, **fields)
