# SPDX-License-Identifier: Apache-2.0
"""Can the certificate files be read, and do certificate, key and CA belong together."""

from typing import List, Tuple

from recovery import inventory
from recovery.finding import INHIBITOR, WARNING, Finding
from recovery.judgements import authority, facts
from recovery.observation import Certificate, Observation

VITAL = (inventory.NODE_CERTIFICATE, inventory.NODE_CA)
ENROLL = "afterwards Installation > Enroll Certificate in the web UI makes a new pair"


def judge(seen: Observation, chosen: str = "") -> List[Finding]:
    """Return the findings about files; nothing of it depends on the clock."""
    if not seen.ovirt_node:
        return []
    pairs = _key(seen) + _mismatches(seen, chosen) + _chains(seen, chosen)
    return _vital(seen) + _unreadable(seen) + pairs + _san(seen)


def _vital(seen: Observation) -> List[Finding]:
    lost = [path for path in VITAL if not facts.readable_at(seen, path)]
    if not lost:
        return []
    problems = {one.path: one.problem for one in seen.certificates}
    return [
        Finding(
            "certificate-unreadable",
            INHIBITOR,
            "a certificate that the node cannot do without is not readable",
            tuple("%s: %s" % (path, problems.get(path, "not read")) for path in lost),
            tuple(_restore(seen, path) for path in lost)
            + ("never run `vdsm-tool configure --force` now: it would make a private CA",),
        )
    ]


def _restore(seen: Observation, path: str) -> str:
    if path == inventory.NODE_CA:
        kinds: Tuple[str, ...] = (inventory.CA,)
    else:
        kinds = tuple(entry.kind for entry in inventory.COPIES)
    for one in seen.certificates:
        if one.path != path and one.state == "ok" and one.kind in kinds:
            if one.key_match is not False:
                return "an intact copy is there: cat %s > %s" % (one.path, path)
    return "restore %s from a backup of the node" % path


def _unreadable(seen: Observation) -> List[Finding]:
    bad = [one for one in seen.certificates if one.state != "ok" and one.path not in VITAL]
    return _about(
        "other-certificate-unreadable",
        WARNING,
        "certificate files that cannot be read",
        tuple("%s: %s" % (one.path, one.problem) for one in bad),
        ("a copy of the node certificate is written anew by the recovery; others: " + ENROLL,),
    )


def _about(
    finding_id: str,
    severity: str,
    title: str,
    evidence: Tuple[str, ...],
    remediation: Tuple[str, ...],
) -> List[Finding]:
    if not evidence:
        return []
    return [Finding(finding_id, severity, title, evidence, remediation)]


def _key(seen: Observation) -> List[Finding]:
    """Without its key no request can be made for the node, by no route."""
    certificate = facts.node_certificate(seen)
    lost = certificate is not None and certificate.key_match is None
    return _about(
        "key-missing",
        INHIBITOR,
        "the key of the node certificate is missing",
        ("%s: not there" % inventory.NODE_KEY,) if lost else (),
        (
            "an intact copy may be there: %s" % inventory.COPIES[1].key_path,
            "else restore it from a backup of the node",
        ),
    )


def _severity(seen: Observation, bad: List[Certificate], chosen: str) -> str:
    """A broken node certificate stops a rewind; whoever can sign makes a new one."""
    vital = any(one.path == inventory.NODE_CERTIFICATE for one in bad)
    signs = seen.engine.answers_ssh or chosen in authority.CLOCK_UNTOUCHED
    return INHIBITOR if vital and not signs else WARNING


def _mismatches(seen: Observation, chosen: str) -> List[Finding]:
    bad = [one for one in seen.certificates if one.key_match is False]
    return _about(
        "key-mismatch",
        _severity(seen, bad, chosen),
        "certificate and key do not belong together",
        tuple(
            "%s: %s" % (one.path, one.problem or "not of the key %s" % one.key_path) for one in bad
        ),
        ("restore the pair that belongs together from a backup (*.bak beside it?)", ENROLL),
    )


def _chains(seen: Observation, chosen: str) -> List[Finding]:
    bad = [one for one in seen.certificates if one.chain is False]
    return _about(
        "chain-broken",
        _severity(seen, bad, chosen),
        "a certificate is not signed by the CA that its reader trusts",
        tuple("%s: issuer %s, not in %s" % (one.path, one.issuer, one.ca_path) for one in bad),
        (
            "libvirt-migrate has its own key and the qemu CA: never copy vdsmcert.pem there",
            ENROLL,
        ),
    )


def _san(seen: Observation) -> List[Finding]:
    certificate = facts.node_certificate(seen)
    lacking = certificate is not None and not certificate.sans
    return _about(
        "san-missing",
        WARNING,
        "the node certificate has no subjectAltName",
        ("%s: no subjectAltName" % inventory.NODE_CERTIFICATE,) if lacking else (),
        ("the engine will complain about it hours after the recovery; " + ENROLL,),
    )
