# SPDX-License-Identifier: Apache-2.0
"""Let the engine enroll new keys and certificates on a host, as the web UI does."""

from typing import Dict, Optional

from recovery import certificates, engine_api, errors, inventory, plan, waiting
from recovery import context as contexts
from recovery import moment as moments
from recovery.programs import curl
from recovery.step import Before, Step, Words

LIMIT = 900
# The state follows in a moment: the enrollment is a command of its own that begins by itself.
BEGINS = 45.0
# An engine that says "maintenance" too early is not believed before that, in seconds.
SETTLES = 180.0
LOG = "/var/log/ovirt-engine/host-deploy/ovirt-enroll-certs-ansible-*.log"


def step_id(host: str) -> str:
    return "enroll:%s" % host


class Enroll(Step):
    """Not undone: what the engine has enrolled is valid, and the old key is gone.

    After a cut a host may be enrolled twice, which only makes its certificate newer. Of this
    node the new file itself is the proof: engines of 4.3 say "maintenance" before it is there.
    """

    def __init__(self, host: str) -> None:
        self.id = step_id(host)
        self.host = host

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "enroll new certificates on %s" % self.host,
            "new keys and certificates for vdsm, libvirt, migration, consoles and OVN",
            ("POST https://%s/ovirt-engine/api/hosts/.../enrollcertificate" % parameters.web,),
            90,
            "",
        )

    def capture(self, context: contexts.Context) -> Before:
        return {"fingerprint": self._fingerprint(context)}

    def apply(self, context: contexts.Context, before: Before) -> None:
        known = context.engine_api.host(self.host)
        if known.status != engine_api.INSTALLING and not self._is_new(context, before):
            trouble = self._ask(context, known)
        else:
            trouble = None
        begin = context.node.instant()
        # Forgotten by a resume, which asks again: twice is as good as once.
        seen = {"installing": known.status == engine_api.INSTALLING}

        def look() -> waiting.Seen:
            begun = moments.elapsed(begin, context.node.instant()) or 0.0
            found = self._look(context, before, seen, begun)
            if found.done and begun < self._settles(context):
                return waiting.Seen(False, found.text)
            proved = seen["installing"] or found.done and self._is_here(context)
            if trouble is None or proved:
                return found
            if begun > BEGINS:
                raise trouble
            return waiting.Seen(False, found.text)

        waiting.wait(context, "the enrollment of %s" % self.host, look, LIMIT)

    def _settles(self, context: contexts.Context) -> float:
        """Return the seconds before which nothing is believed of a host that is not this one."""
        early = engine_api.says_done_early(context.engine_api.version())
        return SETTLES if early and not self._is_here(context) else 0.0

    def _ask(
        self, context: contexts.Context, known: engine_api.HostState
    ) -> Optional[errors.Error]:
        """Ask for it; return what went wrong, unless it is seen that it has begun all the same.

        A refusal may mean that it was asked for before a cut, a lost answer may mean nothing.
        """
        try:
            context.engine_api.enroll(known)
        except (curl.NotReached, engine_api.Refused) as caught:
            context.say("%s; looking whether it has begun" % caught.lines()[0])
            return caught
        return None

    def _look(
        self,
        context: contexts.Context,
        before: Before,
        seen: Dict[str, bool],
        begun: float,
    ) -> waiting.Seen:
        try:
            status = context.engine_api.host(self.host).status
        except curl.NotReached as caught:
            return waiting.Seen(False, caught.seen[-1] if caught.seen else caught.cause)
        seen["installing"] = seen["installing"] or status == engine_api.INSTALLING
        if status == engine_api.INSTALLING or not (seen["installing"] or begun > BEGINS):
            return waiting.Seen(False, status)
        if status == engine_api.INSTALL_FAILED:
            raise errors.Error(
                "enroll %s" % self.host,
                "the engine says install_failed",
                next_step="on the engine VM: %s says why; then ovirt-cert-recovery resume   "
                "(or: undo)" % LOG,
            )
        if status == engine_api.MAINTENANCE and not self._is_here(context):
            return waiting.Seen(True, "done")
        if self._is_new(context, before):
            return waiting.Seen(True, "done, the new certificate is here")
        return waiting.Seen(False, "%s, no new certificate here yet" % status)

    def verify(self, context: contexts.Context, before: Before) -> None:
        if not self._is_here(context):
            return
        now = context.node.now().wall
        entries = [inventory.COPIES[0]]
        for one in certificates.survey(context.node.read, entries):
            sound = one.state == "ok" and one.key_match and one.chain
            if not (sound and one.not_before <= now < one.not_after):
                raise errors.Error("use what was enrolled", one.problem or "it is not sound")
            context.say("%s: valid until %s UTC" % (self.host, moments.utc(one.not_after)))

    def undo(self, context: contexts.Context, before: Before) -> None:
        context.say("whatever was enrolled on %s stays: it is valid" % self.host)

    def _is_here(self, context: contexts.Context) -> bool:
        return self.host == context.parameters.this_host

    def _is_new(self, context: contexts.Context, before: Before) -> bool:
        """Tell whether a new certificate is here, with its key: they come one after the other."""
        if not self._is_here(context):
            return False
        one = certificates.survey(context.node.read, [inventory.COPIES[0]])[0]
        return bool(one.key_match and one.chain) and one.fingerprint != before["fingerprint"]

    def _fingerprint(self, context: contexts.Context) -> str:
        """Return what the node certificate is now, "" for another host's."""
        if not self._is_here(context):
            return ""
        entry = inventory.COPIES[0]
        shown = certificates.describe(entry, context.node.read(entry.path))
        return shown[0].fingerprint if shown else ""
