# SPDX-License-Identifier: Apache-2.0
"""Start the engine VM as the HA agent would, at once. Imports context, errors, journal, waiting."""

from recovery import context as contexts
from recovery import errors, waiting
from recovery.programs import hosted_engine, systemctl, virsh

DOMAIN = "HostedEngine"
LIBVIRTD = "libvirtd.service"
ALIVE = ("running", "idle", "paused")


def start(context: contexts.Context) -> waiting.Seen:
    """Start it once; where the storage is not prepared yet, say so and be asked again.

    Raises: waiting.Disturbed, where libvirtd does not serve any more.
    """
    try:
        state = virsh.domain_state(context.node, DOMAIN)
    except errors.ProgramError as caught:
        return unreachable(context, caught)
    except errors.UnexpectedOutput:
        state = ""  # hosted-engine asks vdsm and needs no virsh; a VM that runs is told there too
    if state in ALIVE:
        return waiting.Seen(True, state)
    try:
        hosted_engine.vm_start(context.node)
    except errors.ProgramFailed as caught:
        text = (caught.stdout + caught.stderr).strip()
        if "VM exists and its status is Up" in text:
            return waiting.Seen(True, "it was started already")
        if hosted_engine.NOT_RETRIEVED in text:
            return waiting.Seen(False, "the HA agent has not prepared the storage yet")
        return waiting.Seen(False, text.splitlines()[-1] if text else "vdsm refuses")
    return waiting.Seen(True, "started")


def unreachable(context: contexts.Context, error: errors.Error) -> waiting.Seen:
    """libvirtd may leave when it is idle and be started by the next client: no reason to end.

    Raises: waiting.Disturbed, where no client starts it any more.
    """
    # Between two of systemd's own tries it is "activating"; "failed" stays until somebody comes.
    unit = systemctl.show(context.node, [LIBVIRTD])[0]
    if unit.active == "failed":
        raise waiting.Disturbed("keep %s running" % LIBVIRTD, "it failed (%s)" % unit.result)
    words = error.seen[-1] if error.seen else error.cause
    if isinstance(error, errors.UnexpectedOutput):
        known = "virsh's login is in %s: is it whole?" % virsh.AUTH_FILE
        words += " (%s)" % (known if virsh.ASKED in error.text else "not understood")
    return waiting.Seen(False, "libvirt does not answer: %s" % words)


def revive(context: contexts.Context) -> None:
    """Start it again where a power cut ended it and global maintenance keeps all agents from it.

    In the boot in which the run began, one that somebody shut down stays down. Whatever refuses
    is asked again at the next look of who waits for the engine.
    """
    if context.journal.records[0].moment.boot_id == context.node.boot_id():
        return
    try:
        status = hosted_engine.vm_status(context.node)
        up = [host for host in status.hosts if host.live and host.vm == "up"]
        if not status.global_maintenance or up:
            return
        if start(context).text == "started":
            context.say("global maintenance is on and the engine VM was down: started")
    except errors.Error:
        return
