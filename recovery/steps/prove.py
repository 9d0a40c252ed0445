# SPDX-License-Identifier: Apache-2.0
"""See with other eyes that all is well: files, a TLS handshake, the engine VM."""

from typing import List

from recovery import (
    certificates,
    engine_certificates,
    engine_start,
    errors,
    inventory,
    plan,
    waiting,
)
from recovery import context as contexts
from recovery import journal as journals
from recovery import moment as moments
from recovery import observation as observations
from recovery.programs import openssl, virsh
from recovery.step import NEEDED, Before, Step, Words

VDSM_PORT = 54321
DOMAIN = engine_start.DOMAIN
ENGINE_LIMIT = 60
BOOT_LIMIT = 1200  # the HA agent takes its minutes, and a large engine checks its disks


class Prove(Step):
    """Changes nothing; fails when anything is not as it should be under the true time."""

    id = "prove"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "prove that all is valid under the true time",
            "files are read again, vdsm must serve the new certificate, the engine VM must run",
            (
                "openssl s_client -connect localhost:%d -cert %s -key %s -CAfile %s"
                % (VDSM_PORT, inventory.NODE_CERTIFICATE, inventory.NODE_KEY, inventory.NODE_CA),
                "virsh ... domstate %s" % DOMAIN,
            ),
            10,
            "",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        """Nothing is changed: verify looks."""

    def verify(self, context: contexts.Context, before: Before) -> None:
        now = context.node.now().wall
        entries = [_entry(copy.certificate) for copy in context.parameters.copies]
        for one in _survey(context, entries):
            sound = one.state == "ok" and one.key_match and one.chain
            if not (sound and one.not_before <= now < one.not_after):
                raise errors.Error("prove that %s is valid" % one.path, one.problem or "it is not")
        waiting.wait(context, "vdsm's certificate", lambda: _served(context), 180, pause=5)
        if context.journal.of(journals.RENEWED):
            limit = _limit(context)
            waiting.wait(
                context, "the engine's web certificate", lambda: _web(context), limit, pause=5
            )
        if ("start-engine-vm", NEEDED) in [
            (one.step, one.need) for one in context.journal.plan.steps
        ]:
            waiting.wait(context, DOMAIN, lambda: _running(context), _limit(context), pause=5)

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Nothing was changed."""


def _limit(context: contexts.Context) -> float:
    """Return how long the engine may take: where the power was cut, the HA agent starts it anew."""
    return BOOT_LIMIT if context.journal.booted_since() else ENGINE_LIMIT


def _survey(
    context: contexts.Context, entries: List[inventory.Entry]
) -> List[observations.Certificate]:
    return certificates.survey(context.node.read, entries, context.node.key_to_compare)


def _entry(path: str) -> inventory.Entry:
    return [entry for entry in inventory.COPIES if entry.path == path][0]


def _served(context: contexts.Context) -> waiting.Seen:
    node = context.node
    answer = openssl.handshake(
        node, VDSM_PORT, inventory.NODE_CERTIFICATE, inventory.NODE_KEY, inventory.NODE_CA
    )
    if not answer.verified:
        return waiting.Seen(False, "handshake on port %d: %s" % (VDSM_PORT, answer.problem))
    entry = inventory.COPIES[0]
    wanted = certificates.describe(entry, node.read(entry.path))[0].fingerprint
    if certificates.describe(entry, answer.certificate)[0].fingerprint != wanted:
        return waiting.Seen(False, "vdsm still serves another certificate")
    return waiting.Seen(True, "served and accepted on port %d" % VDSM_PORT)


def _web(context: contexts.Context) -> waiting.Seen:
    shown, problem = engine_certificates.served(context.node, context.parameters.engine)
    if shown is None or (problem and shown.chain is not False):
        return waiting.Seen(False, problem + engine_start.revive(context))
    return waiting.Seen(True, "valid until %s UTC" % moments.utc(shown.not_after))


def _running(context: contexts.Context) -> waiting.Seen:
    try:
        state = virsh.domain_state(context.node, DOMAIN)
    except (errors.ProgramError, errors.UnexpectedOutput) as caught:
        state = caught.seen[-1] if caught.seen else caught.cause
    if state == "running":
        return waiting.Seen(True, state)
    elsewhere = engine_start.elsewhere(context)
    return waiting.Seen(bool(elsewhere), elsewhere or state + engine_start.revive(context))
