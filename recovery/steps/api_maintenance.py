# SPDX-License-Identifier: Apache-2.0
"""Take a host into the engine's maintenance: its VMs migrate, then it may be enrolled."""

from recovery import context as contexts
from recovery import engine_api, errors, plan, waiting
from recovery.programs import curl
from recovery.step import Before, Step, Words

LIMIT = 1800  # large VMs migrate slowly
BACK = 900
WORKS = (engine_api.UP, engine_api.NON_OPERATIONAL, engine_api.NON_RESPONSIVE)  # as far as it can
READY = (engine_api.MAINTENANCE, engine_api.INSTALL_FAILED)
# What the engine lets into maintenance (engine: MaintenanceNumberOfVdssCommand.java).
LEAVES = (engine_api.UP, engine_api.NON_OPERATIONAL, "error", "down")


def step_id(host: str) -> str:
    return "maintenance:%s" % host


class HostMaintenance(Step):
    """What was in maintenance before stays so to the end."""

    def __init__(self, host: str) -> None:
        self.id = step_id(host)
        self.host = host

    def words(self, parameters: plan.Parameters) -> Words:
        carrier = ""
        if self.host == parameters.carrier:
            carrier = " (it carries the engine VM, so it is the last)"
        return Words(
            "take %s into maintenance%s" % (self.host, carrier),
            "its VMs migrate to other hosts; the engine enrolls only hosts in maintenance",
            ("POST https://%s/ovirt-engine/api/hosts/.../deactivate" % parameters.web,),
            120,
            "the host is activated again, if it was active",
        )

    def capture(self, context: contexts.Context) -> Before:
        return {"status": context.engine_api.host(self.host).status}

    def apply(self, context: contexts.Context, before: Before) -> None:
        try:
            waiting.wait(context, self.host, lambda: self._look(context), LIMIT)
        except waiting.TooLong as caught:
            caught.next_step = (
                "see why its VMs stay (the web UI names them; in global maintenance the engine "
                "VM stays where it is), then ovirt-cert-recovery resume   (or: undo)"
            )
            raise

    def _look(self, context: contexts.Context) -> waiting.Seen:
        try:
            known = context.engine_api.host(self.host)
            if known.status in READY or _enrolled_as_it_is(context, known):
                return waiting.Seen(True, known.status)
            if known.status in LEAVES or known.status == engine_api.NON_RESPONSIVE:
                self._ask(context, known)
                return waiting.Seen(False, "asked to go")
        except curl.NotReached as caught:
            # Perhaps the engine VM itself is on its way to another host.
            return waiting.Seen(False, caught.seen[-1] if caught.seen else caught.cause)
        vms = "; %d VMs on it" % known.vms if known.vms else ""
        return waiting.Seen(False, known.status + vms)

    def _ask(self, context: contexts.Context, known: engine_api.HostState) -> None:
        try:
            context.engine_api.deactivate(known)
        except engine_api.Refused as caught:
            caught.next_step = (
                "without maintenance: ovirt-cert-recovery undo; then on that node "
                "ovirt-cert-recovery recover --route sign"
            )
            raise

    def verify(self, context: contexts.Context, before: Before) -> None:
        known = context.engine_api.host(self.host)
        if known.status not in READY and not _enrolled_as_it_is(context, known):
            raise errors.Error("keep %s in maintenance" % self.host, "it is %s" % known.status)

    def undo(self, context: contexts.Context, before: Before) -> None:
        if before["status"] not in READY:
            waiting.wait(context, self.host, lambda: _working(context, self.host), BACK)


def _enrolled_as_it_is(context: contexts.Context, known: engine_api.HostState) -> bool:
    """Tell whether the engine enrolls a host that does not answer, without maintenance."""
    if known.status != engine_api.NON_RESPONSIVE:
        return False
    return context.engine_api.version() >= engine_api.ENROLLS_NON_RESPONSIVE


def _working(context: contexts.Context, host: str) -> waiting.Seen:
    """Let the host work again; an enrollment that still runs has to end first."""
    try:
        known = context.engine_api.host(host)
        if known.status in READY + (engine_api.PREPARING,):
            context.engine_api.activate(known)
            return waiting.Seen(False, "asked to work again")
    except engine_api.Refused as caught:
        return waiting.Seen(False, caught.cause)
    except curl.NotReached as caught:
        return waiting.Seen(False, caught.seen[-1] if caught.seen else caught.cause)
    return waiting.Seen(known.status in WORKS, known.status)
