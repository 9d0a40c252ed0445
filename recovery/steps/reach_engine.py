# SPDX-License-Identifier: Apache-2.0
"""Open the connection to the engine, its host key confirmed, its password typed once."""

from recovery import context as contexts
from recovery import diagnosis, engine_start, errors, plan, remote, run_files, trust, waiting
from recovery import journal as journals
from recovery import moment as moments
from recovery.programs import ssh
from recovery.step import Before, Step, Words

BY_HAND = "ovirt-cert-recovery resume --sign-by-hand"
PASSWORD = ", with the right password typed, or in --engine-password-file FILE"
CONFIRM = (
    "on the engine's console `%s` tells the right one; then %s --engine-fingerprint SHA256:...   "
    "(or: undo)"
)
WAY_OUT = "%s; where nobody can log in there: %s   (or: undo)"
BOOT_LIMIT = 1200  # a large engine checks its disks before it answers


class ReachEngine(Step):
    """One shared ssh connection; it is opened anew whenever it is gone."""

    id = remote.REACH

    def __init__(self, until: str = "prove") -> None:
        self.until = until  # steps up to there speak with the engine

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "wait until the engine answers ssh",
            "its CA signs, engine-setup renews; the CA key never leaves it",
            ("ssh -o StrictHostKeyChecking=yes root@%s true" % parameters.engine,),
            180,
            "the connection is closed",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        try:
            waiting.wait(context, "the engine's ssh", lambda: _connect(context), BOOT_LIMIT)
        except ssh.UnknownHostKey as caught:
            caught.next_step = CONFIRM % (trust.CONSOLE, context.order("resume"))
            raise
        except (ssh.NotAdmitted, waiting.TooLong) as caught:
            again = context.order("resume") + PASSWORD * isinstance(caught, ssh.NotAdmitted)
            caught.next_step = WAY_OUT % (again, BY_HAND) if _signs_by_hand(context) else again
            raise

    def verify(self, context: contexts.Context, before: Before) -> None:
        engine = remote.engine(context)
        ahead = engine.now().wall - context.node.now().wall
        context.say("the engine answers; its clock %s" % _compared(ahead))

    def holds(self, context: contexts.Context, before: Before) -> bool:
        try:
            remote.engine(context).run("true")
        except errors.Error:
            return False
        return True

    def undo(self, context: contexts.Context, before: Before) -> None:
        remote.engine(context).close()


class ReachAgain(ReachEngine):
    """The same once more, where the engine VM may have been lost in between."""

    id = "reach-engine-again"

    def words(self, parameters: plan.Parameters) -> Words:
        return super().words(parameters)._replace(title="see that the engine still answers ssh")

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Earlier steps need the connection for theirs; the first one closes it."""


def _signs_by_hand(context: contexts.Context) -> bool:
    """Tell whether nothing else than a signature is wanted of the engine yet."""
    if context.gateway is not None or context.journal.last("sign", journals.VERIFIED):
        return False
    return context.journal.plan.route in diagnosis.BY_HAND


def _compared(ahead: float) -> str:
    if abs(ahead) < 2:
        return "agrees with the node's"
    word = "ahead of" if ahead > 0 else "behind"
    return "is %s %s the node's" % (moments.span(abs(ahead)), word)


def _connect(context: contexts.Context) -> waiting.Seen:
    here, path = context.here, run_files.known_hosts(context.trust)
    if not trust.stated(here, remote.engine(context).target, context.parameters.fingerprint, path):
        return waiting.Seen(False, "no host key of %s yet" % context.parameters.engine)
    try:
        ssh.connect(here, remote.engine(context).target, context.password)
    except ssh.NotReachable as caught:
        words = caught.seen[-1] if caught.seen else caught.cause
        return waiting.Seen(False, words + engine_start.revive(context))
    except ssh.UnknownHostKey:
        if not trust.asked(here, remote.engine(context).target, context.ask, path):
            raise
        return waiting.Seen(False, "host key confirmed, connecting")
    return waiting.Seen(True, "connected")
