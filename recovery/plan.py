# SPDX-License-Identifier: Apache-2.0
"""What will be done, as data: pure, JSON-able, printed by `plan`, journaled by `recover`.

Once journaled a plan is never computed again, since with the
clock set back nothing looks expired any more.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

MARKS = {"satisfied": "  [already so]", "declined": "  [declined]"}


class Wishes(NamedTuple):
    """What the operator asked for."""

    route: str = ""
    past: Optional[int] = None
    days: int = 398
    engine: str = ""
    fingerprint: str = ""
    api_user: str = ""
    api_ca: str = ""
    hosts: Tuple[str, ...] = ()  # to be enrolled, in order; none: this node
    this_host: str = ""
    carrier: str = ""
    guard_seconds: int = 900
    authority: str = ""  # the file whose CA is to sign here
    engine_setup: str = "dialogue"
    by_hand: bool = False  # signed on the engine's console, for nobody reaches it over ssh


class Copy(NamedTuple):
    """One place where the node certificate lies, with its key."""

    certificate: str
    key: str


class Parameters(NamedTuple):
    """Everything the steps need to know, fixed before the first of them begins."""

    past: int = 0  # seconds since the epoch: the moment to go back to
    days: int = 398  # validity of the new certificate, counted from the true time
    subject: str = ""  # as openssl's -subj takes it
    sans: Tuple[str, ...] = ()  # "DNS:name", "IP:address"
    engine: str = ""  # where the engine answers ssh
    fingerprint: str = ""  # of the engine's host key, given by the operator
    sync_running: Tuple[str, ...] = ()  # units that set the clock and are running
    sync_masked: Tuple[str, ...] = ()  # units that must not come back by themselves
    sync_by_enablement: bool = False  # EL7: set-time looks at "enabled", not at "running"
    failed: Tuple[str, ...] = ()  # units whose start limits are reset
    services: Tuple[str, ...] = ()  # units to restart, in order
    copies: Tuple[Copy, ...] = ()
    renew_engine: bool = False  # the engine's own certificates, in the route `renew`
    web: str = ""  # the engine's name in its web certificate
    api_user: str = ""
    api_ca: str = ""  # file of the node with the CA of that certificate
    hosts: Tuple[str, ...] = ()  # to be enrolled through the engine's API, in this order
    this_host: str = ""  # the one of them that is this node, "" none
    carrier: str = ""  # the one of them that carries the engine VM, "" none or not known
    guard_seconds: int = 900  # without a sign of life for so long the true time comes back
    authority: str = ""  # the file whose CA signs here; its key is never written anywhere
    at_rest: bool = False  # a disk in a rescue system: files only, nothing runs
    interim: Tuple[str, ...] = ()  # certificates in whose place a temporary one is put meanwhile
    engine_setup: str = "dialogue"  # "unattended": its answers are given beforehand; "no"
    by_hand: bool = False  # a person does on the engine's console what else is done over ssh


class PlannedStep(NamedTuple):
    """One step as a person reads it."""

    step: str
    title: str
    reason: str
    need: str  # "needed", "satisfied" or "declined"
    commands: Tuple[str, ...]
    seconds: int  # expected duration
    undo: str  # what undo does; "" when there is nothing to undo


class Plan(NamedTuple):
    """A route with its parameters and steps."""

    route: str
    reason: str
    parameters: Parameters
    steps: Tuple[PlannedStep, ...]

    def seconds(self) -> int:
        return sum(step.seconds for step in self.steps if step.need == "needed")


def to_json(plan: Plan) -> Dict[str, Any]:
    """Return the plan as plain JSON values."""
    return {
        "route": plan.route,
        "reason": plan.reason,
        "parameters": dict(plan.parameters._asdict()),
        "steps": [dict(step._asdict()) for step in plan.steps],
        "expected_seconds": plan.seconds(),
    }


def from_json(data: Dict[str, Any]) -> Plan:
    """Return the plan that `to_json` wrote; parameters that are no longer in use are left out."""
    known = {
        key: data["parameters"][key] for key in Parameters._fields if key in data["parameters"]
    }
    values = _all_frozen(known)
    values["copies"] = tuple(Copy(*copy) for copy in values["copies"])
    steps = [PlannedStep(**_all_frozen(step)) for step in data["steps"]]
    return Plan(data["route"], data["reason"], Parameters(**values), tuple(steps))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def _all_frozen(values: Dict[str, Any]) -> Dict[str, Any]:
    return {key: _frozen(value) for key, value in values.items()}


def titles(plan: Plan) -> List[str]:
    """Return the plan in short: what happens, in order, and how long it takes."""
    shown = ["What will be done (every command: ovirt-cert-recovery plan):"]
    for number, step in enumerate(plan.steps, 1):
        if step.need == "needed":
            shown.append("%4d. %s" % (number, step.title))
    return shown + ["Expected duration: %d min." % _minutes(plan)]


def _minutes(plan: Plan) -> int:
    return max(1, int(round(plan.seconds() / 60.0)))


def lines(plan: Plan) -> List[str]:
    """Return the plan as a person reads it at 80 columns."""
    shown = ["Route: %s (%s)" % (plan.route, plan.reason), ""]
    if not plan.steps:
        return shown + ["Nothing will be done."]
    for number, step in enumerate(plan.steps, 1):
        mark = MARKS.get(step.need, "")
        shown.append("%2d. %s%s" % (number, step.title, mark))
        shown.append("      why: %s" % step.reason)
        shown += ["      $ %s" % command for command in step.commands]
        if step.undo:
            shown.append("      undo: %s" % step.undo)
    return shown + ["", "Expected duration: %d min" % _minutes(plan)]
