# SPDX-License-Identifier: Apache-2.0
"""Start the engine VM and wait until it runs."""

from recovery import context as contexts
from recovery import errors, plan, waiting
from recovery import journal as journals
from recovery import moment as moments
from recovery import observation as observations
from recovery.judgements import engine as engine_judgements
from recovery.programs import hosted_engine, journalctl, systemctl, virsh
from recovery.step import NEEDED, SATISFIED, Before, Step, Words

BEHIND = (
    "the engine VM was started in the past: if it runs, its clock is about %s behind, and what it "
    "issues ends early. Once the undo is over, %s:"
)
HERE = "on this node (recover --route sign does it, too)"
THERE = "on its console, with the true time of then"
SET = (
    'ssh root@%s "systemctl stop ovirt-engine; date -u -s @$(date +%%s); hwclock --systohc; '
    'systemctl start ovirt-engine"'
)
DOMAIN = "HostedEngine"
LIBVIRTD = "libvirtd.service"
STARTING = "starting"  # the journal's event that holds the cursor from which failures count
PREPARED_LIMIT = 420  # the agent may take 240 s to get the storage domain
RUNNING_LIMIT = 600
# What the node says when waiting longer is of no use; new entries only, found by cursor.
SPEAKERS = (
    ("_SYSTEMD_UNIT=libvirtd.service",),
    ("_COMM=libvirtd",),
    ("_SYSTEMD_UNIT=vdsmd.service",),
    ("_SYSTEMD_UNIT=ovirt-ha-agent.service",),
)
HOPELESS = (
    "has expired",
    "is not yet active",
    "Failed to start VNC server",
    "Failed to acquire lock",
)


class StartEngineVm(Step):
    """hosted-engine --vm-start does what the agent would do, without its minutes of waiting."""

    id = "start-engine-vm"

    def __init__(self, until: str = "prove") -> None:
        self.until = until  # after a power cut nobody else starts it: global maintenance is on

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "start the engine VM and wait until it runs",
            "all else needs the engine; in global maintenance the agent does not start it",
            ("hosted-engine --vm-start", "virsh -c %s   (domstate %s)" % (virsh.URI, DOMAIN)),
            120,
            "",
        )

    def check(self, observation: observations.Observation) -> str:
        return SATISFIED if observation.engine.needs_no_start else NEEDED

    def apply(self, context: contexts.Context, before: Before) -> None:
        # Taken before the start: what the node says while it begins must not be missed.
        cursor = journalctl.last_cursor(context.node)
        context.journal.write(STARTING, self.id, {"cursor": cursor})
        waiting.wait(
            context, "the engine VM to be started", lambda: _start(context), PREPARED_LIMIT
        )

    def verify(self, context: contexts.Context, before: Before) -> None:
        begun = context.journal.last(self.id, STARTING)
        cursor = begun.data["cursor"] if begun else journalctl.last_cursor(context.node)
        watcher = _Watcher(context, cursor)
        waiting.wait(context, DOMAIN, watcher.look, RUNNING_LIMIT)

    def holds(self, context: contexts.Context, before: Before) -> bool:
        try:
            return virsh.domain_state(context.node, DOMAIN) == "running"
        except errors.Error:
            return False

    def undo(self, context: contexts.Context, before: Before) -> None:
        """A running engine VM is left running: it is what everybody was waiting for."""
        if _left_in_the_past(context, self.id):
            true = context.true_at(context.node.instant())
            behind, by_hand = true - context.parameters.past, context.parameters.by_hand
            context.say(BEHIND % (moments.span(behind), THERE if by_hand else HERE))
            there = engine_judgements.SET_CLOCK % moments.utc(true)
            context.say(there if by_hand else SET % context.parameters.engine)


class KeepEngineVm(StartEngineVm):
    """The same once more: a power cut since may have ended it, and nobody else starts it."""

    id = "keep-engine-vm"

    def words(self, parameters: plan.Parameters) -> Words:
        words = super().words(parameters)
        return words._replace(title="see that the engine VM still runs", seconds=20)


def _left_in_the_past(context: contexts.Context, step: str) -> bool:
    """Tell whether the VM was started with the clock back, in this boot, and not set since."""
    journal = context.journal
    begun = journal.last(step, STARTING)
    if journal.last(journals.CLOCK_BACK, journals.APPLYING) is None or begun is None:
        return False
    if journal.last(journals.ENGINE_CLOCK, journals.VERIFIED) is not None:
        return False
    return begun.moment.boot_id == context.node.boot_id()


def _start(context: contexts.Context) -> waiting.Seen:
    """Start it once; where the storage is not prepared yet, say so and be asked again."""
    try:
        state = virsh.domain_state(context.node, DOMAIN)
    except errors.ProgramError as caught:
        return _unreachable(context, caught)
    except errors.UnexpectedOutput:
        state = ""  # hosted-engine asks vdsm and needs no virsh; a VM that runs is told there too
    if state in ("running", "idle", "paused"):
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


def _unreachable(context: contexts.Context, error: errors.Error) -> waiting.Seen:
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


class _Watcher:
    """Looks at the domain and, beside it, at what the systemd journal says since the start."""

    def __init__(self, context: contexts.Context, cursor: str) -> None:
        self.context = context
        self.cursor = cursor
        self.seen_running = 0

    def look(self) -> waiting.Seen:
        entries, self.cursor = journalctl.follow(self.context.node, self.cursor, SPEAKERS)
        hopeless = [entry.message for entry in entries if _is_hopeless(entry.message)]
        if hopeless:
            # Where somebody moved the clock, that is the cause, and it can be mended.
            waiting.watch(self.context)
            raise _refused(hopeless[0])
        try:
            state = virsh.domain_state(self.context.node, DOMAIN)
        except (errors.ProgramError, errors.UnexpectedOutput) as caught:
            return _unreachable(self.context, caught)
        # One look may fall into the second between qemu's start and its end.
        self.seen_running = self.seen_running + 1 if state == "running" else 0
        return waiting.Seen(self.seen_running >= 2, state)


def _is_hopeless(message: str) -> bool:
    return any(words in message for words in HOPELESS)


def _refused(message: str) -> errors.Error:
    return errors.Error(
        "start %s" % DOMAIN,
        "the node refuses it",
        seen=[message],
        next_step="mend what the line names, then ovirt-cert-recovery resume",
    )
