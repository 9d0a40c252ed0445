# SPDX-License-Identifier: Apache-2.0
"""Look at the engine's own certificates, now that it can be asked."""

from recovery import context as contexts
from recovery import engine_certificates, plan, remote
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
        engine = remote.engine(context)
        known = engine_certificates.read(engine)
        true = context.true_at(context.node.instant())
        return {"known": known, "due": engine_certificates.due(known, true)}

    def apply(self, context: contexts.Context, before: Before) -> None:
        true = context.true_at(context.node.instant())
        context.say("the engine's: %s" % engine_certificates.told(before["known"], true))

    def verify(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed."""

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed."""
