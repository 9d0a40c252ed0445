# SPDX-License-Identifier: Apache-2.0
"""Start the engine VM and wait until it runs."""

from typing import List

from recovery import context as contexts
from recovery import engine_start, errors, plan, waiting
from recovery import journal as journals
from recovery import moment as moments
from recovery import observation as observations
from recovery.judgements import engine as engine_judgements
from recovery.programs import journalctl, virsh
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
PREPARED_LIMIT = 420  # the agent may take 240 s to get the storage domain
RUNNING_LIMIT = 600
ABSENT_LOOKS = 3  # so often a VM that was just started is not seen; then it may run elsewhere
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
            (
                "hosted-engine --vm-start",
                "virsh -c %s   (domstate %s)" % (virsh.URI, engine_start.DOMAIN),
            ),
            120,
            "",
        )

    def check(self, observation: observations.Observation) -> str:
        return SATISFIED if observation.engine.needs_no_start else NEEDED

    def apply(self, context: contexts.Context, before: Before) -> None:
        # Taken before the start: what the node says while it begins must not be missed.
        cursor = _cursor(context)
        context.journal.write(journals.STARTING, self.id, {"cursor": cursor})
        waiting.wait(
            context,
            "the engine VM to be started",
            lambda: engine_start.start(context),
            PREPARED_LIMIT,
        )

    def verify(self, context: contexts.Context, before: Before) -> None:
        begun = context.journal.last(self.id, journals.STARTING)
        cursor = begun.data["cursor"] if begun else _cursor(context)
        watcher = _Watcher(context, cursor)
        waiting.wait(context, engine_start.DOMAIN, watcher.look, RUNNING_LIMIT)

    def holds(self, context: contexts.Context, before: Before) -> bool:
        try:
            if virsh.domain_state(context.node, engine_start.DOMAIN) == "running":
                return True
        except errors.Error:
            pass
        return bool(engine_start.elsewhere(context))

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

    def undo(self, context: contexts.Context, before: Before) -> None:
        """What there is to say of it, the step says that started it first."""


def _left_in_the_past(context: contexts.Context, step: str) -> bool:
    """Tell whether the VM was started with the clock back, in this boot, and not set since."""
    journal = context.journal
    begun = journal.last(step, journals.STARTING)
    if journal.last(journals.CLOCK_BACK, journals.APPLYING) is None or begun is None:
        return False
    if journal.of(journals.ENGINE_CLOCK_SET):
        return False
    return begun.moment.boot_id == context.node.boot_id()


class _Watcher:
    """Looks at the domain and, beside it, at what the systemd journal says since the start."""

    def __init__(self, context: contexts.Context, cursor: str) -> None:
        self.context = context
        self.cursor = cursor
        self.seen_running = 0
        self.seen_absent = 0

    def look(self) -> waiting.Seen:
        hopeless = [message for message in self._said() if _is_hopeless(message)]
        if hopeless:
            # Where somebody moved the clock, that is the cause, and it can be mended.
            waiting.watch(self.context)
            other = engine_start.elsewhere(self.context)
            if other:  # its lease is held because it runs, and it can sign from there
                return waiting.Seen(True, other)
            raise _refused(hopeless[0])
        try:
            state = virsh.domain_state(self.context.node, engine_start.DOMAIN)
        except (errors.ProgramError, errors.UnexpectedOutput) as caught:
            return engine_start.unreachable(self.context, caught)
        self.seen_absent = 0 if state in engine_start.ALIVE else self.seen_absent + 1
        if self.seen_absent >= ABSENT_LOOKS:
            other = engine_start.elsewhere(self.context)
            if other:
                return waiting.Seen(True, other)
        # One look may fall into the second between qemu's start and its end.
        self.seen_running = self.seen_running + 1 if state == "running" else 0
        return waiting.Seen(self.seen_running >= 2, state)

    def _said(self) -> List[str]:
        """A journal that cannot be read is no reason to end: the domain itself is the witness."""
        if not self.cursor:
            return []
        try:
            entries, self.cursor = journalctl.follow(self.context.node, self.cursor, SPEAKERS)
        except errors.ProgramError as caught:
            self.context.say("%s; only the domain is watched" % caught.lines()[0])
            self.cursor = ""
            return []
        return [entry.message for entry in entries]


def _cursor(context: contexts.Context) -> str:
    try:
        return journalctl.last_cursor(context.node)
    except errors.ProgramError:
        return ""


def _is_hopeless(message: str) -> bool:
    return any(words in message for words in HOPELESS)


def _refused(message: str) -> errors.Error:
    return errors.Error(
        "start %s" % engine_start.DOMAIN,
        "the node refuses it",
        seen=[message],
        next_step="mend what the line names, then ovirt-cert-recovery resume",
    )
