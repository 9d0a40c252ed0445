# SPDX-License-Identifier: Apache-2.0
"""What a newly issued certificate must be. Imports certificates, context, inventory, moment.

Only `problems_on` reads the node; all else is pure.
"""

from typing import List, Sequence, Tuple

from recovery import certificates, errors, inventory
from recovery import context as contexts
from recovery import moment as moments_

DAY = 86400
File = Tuple[str, bytes]


def dates(node: float, true: float, days: int, ca: Tuple[int, int]) -> Tuple[int, int]:
    """Return notBefore and notAfter of the certificate to be signed.

    It begins a day before the earlier of node's clock and true time, as the engine's own do
    (pki-enroll-request.sh), and ends `days` after the true time; never outside its CA.
    Raises: errors.Error when the CA leaves no time.
    """
    start = max(int(min(node, true)) - DAY, ca[0])
    end = min(int(true) + days * DAY, ca[1])
    if start > node or end <= true + DAY:
        raise errors.Error(
            "choose dates for the new certificate",
            "the CA is valid from %s to %s UTC only" % (moments_.utc(ca[0]), moments_.utc(ca[1])),
            unchanged="every certificate of the node",
        )
    return start, end


def problems_on(
    context: contexts.Context,
    data: bytes,
    moments: Sequence[float],
    key_path: str = inventory.NODE_KEY,
    ca_path: str = inventory.NODE_CA,
) -> List[str]:
    """Return every reason not to use a certificate on the node with this key and this CA."""
    return problems(
        data,
        key=(key_path, context.node.key_to_compare(key_path)),
        ca=(ca_path, context.node.read(ca_path)),
        subject=context.parameters.subject,
        sans=context.parameters.sans,
        moments=moments,
    )


def problems(
    data: bytes,
    key: File,
    ca: File,
    subject: str,
    sans: Sequence[str],
    moments: Sequence[float],
) -> List[str]:
    """Return every reason not to install a certificate; none means it can be used."""
    entry = inventory.COPIES[0]._replace(path="the new certificate")
    seen = certificates.describe(entry, data)[0]
    if seen.state != "ok":
        return [seen.problem]
    found = []
    if not certificates.key_matches(seen.path, data, *key):
        found.append("it does not belong to the key %s" % key[0])
    if not certificates.signed_by(seen.path, data, *ca):
        found.append("it is not signed by the CA in %s" % ca[0])
    if certificates.subject_argument(seen.subject) != subject:
        found.append("its subject is %s" % seen.subject)
    missing = [san for san in sans if san not in seen.sans]
    if missing:
        found.append("it lacks the subjectAltName %s" % ", ".join(missing))
    return found + _date_problems(seen.not_before, seen.not_after, moments)


def _date_problems(start: int, end: int, moments: Sequence[float]) -> List[str]:
    return [
        "it is valid from %s to %s, not at %s UTC"
        % (moments_.utc(start), moments_.utc(end), moments_.utc(moment))
        for moment in moments
        if not start <= moment < end
    ]
