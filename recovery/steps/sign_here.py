# SPDX-License-Identifier: Apache-2.0
"""Sign the request right here, with the CA that the operator brought along."""

from typing import List

from recovery import certificates, errors, inventory, issued, plan, run_files, signing
from recovery import context as contexts
from recovery import moment as moments
from recovery.step import Before, Step, Words


class SignHere(Step):
    """A certificate that is there and fits is used; then the CA is not needed again."""

    id = "sign-here"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "sign the request here",
            "with the engine's own CA and extensions; its key stays in memory, and the clock is "
            "not touched",
            (
                "sign node.csr -subj %s with the CA in %s, valid for %d days"
                % (parameters.subject, parameters.authority, parameters.days),
            ),
            1,
            "the certificate is removed; the record of what was signed stays",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        node, path = context.node, run_files.certificate(context.directory)
        if not (node.exists(path) and not _problems(context, node.read(path))):
            node.replace(path, _signed(context), mode=0o644)
        # Told after it is there: what a power cut lost was never used by anybody.
        node.replace(run_files.issued(context.directory), signing.record(node.read(path)))

    def verify(self, context: contexts.Context, before: Before) -> None:
        problems = _problems(context, context.node.read(run_files.certificate(context.directory)))
        if problems:
            raise errors.Error(
                "use the certificate that was signed here",
                problems[0],
                seen=problems[1:],
                unchanged="every certificate of the node",
            )

    def undo(self, context: contexts.Context, before: Before) -> None:
        context.node.remove(run_files.certificate(context.directory))


def _signed(context: contexts.Context) -> bytes:
    authority = context.authority
    if authority is None:
        raise errors.Attention(
            "sign the request here",
            "the CA is not at hand: its key is kept nowhere",
            unchanged="every certificate of the node",
            next_step="ovirt-cert-recovery resume with the same --engine-backup FILE (or --ca-cert "
            "and --ca-key)",
        )
    now = context.node.now().wall
    start, end = issued.dates(
        now, now, context.parameters.days, certificates.validity(authority.certificate)
    )
    context.say("valid from %s to %s UTC" % (moments.utc(start), moments.utc(end)))
    request = context.node.read(run_files.request(context.directory))
    return signing.sign(
        request,
        authority,
        signing.Wanted(
            context.parameters.subject, context.parameters.sans, start, end, _url(context)
        ),
    )


def _url(context: contexts.Context) -> str:
    """Return where the CA's certificate can be had: as the engine says, or once said."""
    assert context.authority is not None
    present = context.node.read(inventory.NODE_CERTIFICATE)
    stated = context.authority.url or signing.url_of(present)
    engine = context.parameters.engine
    return stated or (signing.URL % engine if engine else "")


def _problems(context: contexts.Context, data: bytes) -> List[str]:
    return issued.problems_on(context, data, (context.node.now().wall,))
