# SPDX-License-Identifier: Apache-2.0
"""Start the engine VM as the HA agent would, at once. Imports context, errors, journal, waiting."""

from recovery import context as contexts
from recovery import errors, waiting
from recovery import journal as journals
from recovery.programs import hosted_engine, systemctl, virsh

DOMAIN = "HostedEngine"
LIBVIRTD = "libvirtd.service"
RUNS = ("Up", "Powering up")
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
    except errors.ProgramTimeout as caught:
        return waiting.Seen(False, caught.cause)
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


def revive(context: contexts.Context) -> str:
    """Start it again where a power cut ended it and global maintenance keeps all agents from it.

    Once in a boot, and not in that in which the run began: one that somebody shut down stays down.
    Returns what refuses it, for the line of who waits for the engine; "" for nothing.
    """
    if context.gateway is not None:
        return ""  # there the engine VM is nobody's business but that node's
    if not context.journal.booted_since() or not _down_everywhere(context):
        return ""
    started = [one.moment.boot_id for one in context.journal.of(journals.STARTING)]
    if context.node.boot_id() in started:
        return "; its VM is down, though it was started: hosted-engine --vm-start"
    try:
        seen = start(context)
    except errors.Error as caught:
        return "; its VM is down: %s" % caught.lines()[0]
    if seen.text == "started":
        context.journal.write(journals.STARTING)
        context.say("global maintenance is on and the engine VM was down: started")
    return "" if seen.done else "; its VM is down: %s" % seen.text


def elsewhere(context: contexts.Context) -> str:
    """Return "running on HOST" where the HA agent of another node has started it, "" else."""
    try:
        status = hosted_engine.vm_status(context.node)
        own = hosted_engine.configuration(context.node).get("host_id", "")
    except errors.Error:
        return ""
    others = [one for one in status.up() if own and one.host_id != own]
    # "up" are also one that is paused and one that is being shut down.
    runs = [one.hostname for one in others if one.detail in RUNS]
    return "running on %s" % runs[0] if runs else ""


def _down_everywhere(context: contexts.Context) -> bool:
    """In its first minute the broker knows nothing of anybody, so not of a VM elsewhere either."""
    try:
        status = hosted_engine.vm_status(context.node)
    except errors.Error:
        return False
    known = any(host.live for host in status.hosts)
    return status.global_maintenance and known and not status.up()
