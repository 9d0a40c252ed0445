# SPDX-License-Identifier: Apache-2.0
"""Look at the engine's own certificates, now that it can be asked."""

from recovery import context as contexts
from recovery import engine_certificates, errors, plan, remote
from recovery import journal as journals
from recovery.step import Before, Step, Words


class EngineCertificates(Step):
    """Changes nothing; what it finds decides about the steps that follow."""

    id = engine_certificates.LOOK

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "look at the engine's own certificates",
            "they were often issued on the same day as the node's; only then engine-setup is run",
            (
                "ssh root@%s cat %s/certs/%s.cer ..."
                % (parameters.engine, engine_certificates.PKI, engine_certificates.NAMES[0]),
            ),
            2,
            "",
        )

    def capture(self, context: contexts.Context) -> Before:
        if context.journal.of(journals.LEFT):
            return {"known": {}, "due": []}
        try:
            known = engine_certificates.read(remote.engine(context))
        except errors.Error as caught:
            caught.next_step = _without(caught)
            raise
        true = context.true_at(context.node.instant())
        return {"known": known, "due": engine_certificates.due(known, true)}

    def apply(self, context: contexts.Context, before: Before) -> None:
        if not before["known"]:
            context.say("they are left for later")
            return
        true = context.true_at(context.node.instant())
        context.say("the engine's: %s" % engine_certificates.told(before["known"], true))

    def verify(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed."""

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed."""


def _without(caught: errors.Error) -> str:
    """The node has its certificate: what the engine's files are like must not keep the rest."""
    leave = "without engine-setup, the engine's own left for later: resume --no-engine-setup"
    return "; ".join(filter(None, (caught.next_step or "ovirt-cert-recovery resume", leave)))
