# SPDX-License-Identifier: Apache-2.0
"""Let an enrolled host work again, and see that the engine accepts its new certificate."""

from typing import Container

from recovery import context as contexts
from recovery import engine_api, plan, waiting
from recovery.programs import curl
from recovery.step import Before, Step, Words

LIMIT = 600
RESTS = (engine_api.MAINTENANCE, engine_api.INSTALL_FAILED)


class Activate(Step):
    """A host that was in maintenance before the run is left there.

    maintenance: id of the step whose before-image tells.
    """

    def __init__(self, host: str, maintenance: str) -> None:
        self.id = "activate:%s" % host
        self.host = host
        self.maintenance = maintenance

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "activate %s" % self.host,
            "the engine connects to its vdsm with the new certificate; it is up when that works",
            ("POST https://%s/ovirt-engine/api/hosts/.../activate" % parameters.web,),
            30,
            "",
        )

    def capture(self, context: contexts.Context) -> Before:
        found = context.journal.before(self.maintenance) or {}
        return {"rested": found.get("status") in RESTS, "status": found.get("status", "")}

    def apply(self, context: contexts.Context, before: Before) -> None:
        if before["rested"]:
            context.say("%s was in maintenance before and stays there" % self.host)
            return
        # One that lacked a network or a storage domain before lacks it still.
        lacking = before.get("status") == engine_api.NON_OPERATIONAL
        works = (engine_api.UP, engine_api.NON_OPERATIONAL) if lacking else (engine_api.UP,)
        waiting.wait(context, self.host, lambda: self._look(context, works), LIMIT)

    def _look(self, context: contexts.Context, works: Container[str]) -> waiting.Seen:
        try:
            known = context.engine_api.host(self.host)
            if known.status in RESTS:
                context.engine_api.activate(known)
                return waiting.Seen(False, "asked to work again")
        except curl.NotReached as caught:
            return waiting.Seen(False, caught.seen[-1] if caught.seen else caught.cause)
        return waiting.Seen(known.status in works, known.status)

    def verify(self, context: contexts.Context, before: Before) -> None:
        """Being up was seen from outside already: the engine had to connect for it."""

    def undo(self, context: contexts.Context, before: Before) -> None:
        """It works; taking it into maintenance once more would help nobody."""
