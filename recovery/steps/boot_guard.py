# SPDX-License-Identifier: Apache-2.0
"""A unit that brings the true time back should the node boot while the clock is back."""

from recovery import context as contexts
from recovery import deadman, errors, plan, run_files
from recovery import journal as journals
from recovery.programs import systemctl
from recovery.step import Before, Step, Words

UNIT = "ovirt-cert-recovery-restore-time.service"
PATH = "/etc/systemd/system/%s" % UNIT
# Before everything that reads certificates or sets clocks; without default dependencies, so
# that it is early enough. EL8 and newer raise the clock to systemd's build date before this.
TEXT = """[Unit]
Description=Restore the true time after an interrupted certificate recovery
ConditionPathExists=%(journal)s
RequiresMountsFor=%(directory)s
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target chronyd.service ntpd.service libvirtd.service vdsmd.service

[Service]
Type=oneshot
ExecStart=%(command)s

[Install]
WantedBy=sysinit.target
"""


class BootGuard(Step):
    """Installed while the clock may be back, gone afterwards."""

    id = "boot-guard"
    until = "restore-time"
    guards = journals.CLOCK_BACK

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "install a boot-time unit that restores the true time",
            "a power cut while the clock is back must not leave the node in the past",
            ("write %s" % PATH, "systemctl daemon-reload", "systemctl enable %s" % UNIT),
            3,
            "the unit is disabled and removed",
        )

    def capture(self, context: contexts.Context) -> Before:
        return {"itself": context.itself}

    def apply(self, context: contexts.Context, before: Before) -> None:
        command = before["itself"] + ["restore-time", "--at-boot", "--run", context.journal.run]
        text = TEXT % {
            "journal": run_files.journal(context.directory),
            "directory": context.directory,
            "command": errors.paste(command),
        }
        context.node.replace(PATH, text.encode("utf-8"), mode=0o644)
        systemctl.daemon_reload(context.node)
        systemctl.enable(context.node, UNIT)

    def verify(self, context: contexts.Context, before: Before) -> None:
        if not self.holds(context, before):
            raise errors.Error("install %s" % UNIT, "systemd does not see it enabled")

    def holds(self, context: contexts.Context, before: Before) -> bool:
        return systemctl.show(context.node, [UNIT])[0].enabled == "enabled"

    def undo(self, context: contexts.Context, before: Before) -> None:
        remove(context)


def remove(context: contexts.Context) -> None:
    """Disable and remove the unit; one that is not there is no error."""
    if not context.node.exists(PATH):
        return
    systemctl.disable(context.node, UNIT)
    context.node.remove(PATH)
    systemctl.daemon_reload(context.node)


class RemoveBootGuard(Step):
    """The true time is back: neither the boot-time unit nor the dead-man timer is needed."""

    id = "disarm"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "remove the boot-time unit and the dead-man timer",
            "the true time is back, there is nothing left to guard",
            ("systemctl disable %s" % UNIT, "systemctl stop ovirt-cert-recovery-RUN-N.timer"),
            3,
            "",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        deadman.disarm(context)
        remove(context)

    def verify(self, context: contexts.Context, before: Before) -> None:
        if context.node.exists(PATH):
            raise errors.Error("remove %s" % PATH, "it is still there")

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Nothing to bring back: the clock is right."""
