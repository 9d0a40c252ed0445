# SPDX-License-Identifier: Apache-2.0
"""Restart libvirtd, vdsm and what depends on them, under the clock of the moment."""

from typing import List, Sequence

from recovery import context as contexts
from recovery import errors, plan, waiting
from recovery import journal as journals
from recovery.programs import systemctl
from recovery.step import Before, Step, Words

# Never: sanlock, wdmd, libvirt-guests, multipathd, iscsid, rpcbind. Restarting these kills VMs or
# resets the node (sanlock and wdmd hold leases, libvirt-guests shuts guests down), or is the
# storage below the VMs.
ORDER = (
    "libvirtd.service",
    "vdsmd.service",
    "ovirt-imageio.service",
    "ovirt-imageio-daemon.service",
    "ovirt-ha-broker.service",
    "ovirt-ha-agent.service",
)
# Start limits live in the sockets too; these are cleared before every restart.
LIMITED = (
    "libvirtd.service",
    "libvirtd.socket",
    "libvirtd-ro.socket",
    "libvirtd-admin.socket",
    "libvirtd-tls.socket",
    "supervdsmd.service",
    "vdsm-network.service",
    "vdsmd.service",
    "mom-vdsm.service",
    "ovirt-imageio.service",
    "ovirt-imageio-daemon.service",
    "ovirt-ha-broker.service",
    "ovirt-ha-agent.service",
)
VITAL = ("libvirtd.service", "vdsmd.service")
HA = ("ovirt-ha-broker.service", "ovirt-ha-agent.service")
TRIES = 3
WITHOUT = "%s; the recovery goes on without it: see journalctl -u %s"
LIMIT_PASSES = 11  # five starts in ten seconds are too many (man systemd.unit, StartLimit...)


class RestartServices(Step):
    """Every unit must have been started after the step named `since`.

    A unit that systemd or the HA agent brought up by itself in the meantime counts as well.
    """

    def __init__(
        self, name: str, title: str, reason: str, since: str, until: str, anew: bool = False
    ) -> None:
        self.id = name
        self.title = title
        self.reason = reason
        self.since = since
        self.until = until
        self.anew = anew  # when `since` had to be redone, so has this: other files are read

    def words(self, parameters: plan.Parameters) -> Words:
        commands = ["systemctl reset-failed %s" % " ".join(parameters.failed)]
        commands += ["systemctl restart %s" % unit for unit in parameters.services]
        return Words(self.title, self.reason, tuple(commands), 25, "")

    def capture(self, context: contexts.Context) -> Before:
        units = systemctl.show(context.node, context.parameters.services)
        return {"active": [unit.name for unit in units if unit.active == "active"]}

    def apply(self, context: contexts.Context, before: Before) -> None:
        since = self._since(context)
        for unit in context.parameters.services:
            if not _fresh(context, unit, since):
                context.say("restarting %s" % unit)
                _restart(context, unit, since, unit in _needed(context))

    def verify(self, context: contexts.Context, before: Before) -> None:
        since = self._since(context)
        active = tuple(before.get("active", ()))
        waiting.wait(context, "the services", lambda: _look(context, since, active), 180, pause=5)

    def holds(self, context: contexts.Context, before: Before) -> bool:
        since = self._since(context) if self.anew else 0
        return all(_fresh(context, unit, since) for unit in VITAL)

    def undo(self, context: contexts.Context, before: Before) -> None:
        """What runs is left running: with the old certificate a restart would be the end of it."""

    def _since(self, context: contexts.Context) -> int:
        """Return the uptime in microseconds that a unit's start must not precede."""
        record = context.journal.last(self.since, journals.VERIFIED)
        if record is None or record.moment.boot_id != context.node.boot_id():
            return 0
        return int(record.moment.boottime * 1000000)


def _fresh(context: contexts.Context, unit: str, since: int) -> bool:
    seen = systemctl.show(context.node, [unit])[0]
    return seen.active == "active" and seen.entered_active > since


def _needed(context: contexts.Context) -> Sequence[str]:
    """Return the units without which nothing can be mended; the others may be broken for long."""
    return VITAL + tuple(unit for unit in HA if unit in context.parameters.services)


def _restart(context: contexts.Context, unit: str, since: int, needed: bool) -> None:
    """Restart a unit; a start limit, or systemd being faster than we are, is no failure."""
    for attempt in range(TRIES):
        systemctl.reset_failed(context.node, *context.parameters.failed)
        try:
            systemctl.restart(context.node, unit)
            return
        except errors.ProgramFailed as caught:
            # The terminal text misleads (it is the same for a start limit): the state counts.
            if _fresh(context, unit, since):
                return
            if attempt == TRIES - 1:
                if needed:
                    raise
                context.say(WITHOUT % (caught.lines()[0], unit))
                return
        waiting.watch(context)
        context.node.sleep(LIMIT_PASSES)


def _look(context: contexts.Context, since: int, active: Sequence[str]) -> waiting.Seen:
    """A unit that a condition of its unit file skips stays inactive, and its restart ends well.

    active: the units that were so before. What nothing depends on was restarted, or told.
    """
    late: List[str] = []
    for unit in systemctl.show(context.node, _needed(context)):
        if unit.active == "inactive" and unit.name not in VITAL + tuple(active):
            continue
        if unit.active != "active":
            late.append("%s is %s" % (unit.name, unit.active))
        elif unit.entered_active <= since:
            late.append("%s still runs from before" % unit.name)
    return waiting.Seen(not late, ", ".join(late) or "active")
