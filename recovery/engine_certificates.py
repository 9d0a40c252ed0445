# SPDX-License-Identifier: Apache-2.0
"""The engine's own certificates: read over ssh, seen by a TLS handshake, judged at the true time.

Imports certificates, inventory, journal, observation, programs, remote, window.
"""

import re
from typing import Any, Dict, List, Optional, Tuple

from recovery import certificates, errors, host, inventory, observation, remote, window
from recovery import journal as journals
from recovery import moment as moments
from recovery.programs import curl, openssl

PKI = "/etc/pki/ovirt-engine"
# What nodes see, what browsers see, what consoles in browsers see. engine-setup renews the others
# that are due along with these.
NAMES = ("engine", "apache", "websocket-proxy")
WEB = "apache"
WEB_PORT = 443
LOOK = "engine-certificates"  # the step that looks at them
CA = "ca"
# Given to everybody, without a login (engine: PKIResourceServlet.java).
PUBLISHED = (
    "https://%s/ovirt-engine/services/pki-resource?resource=engine-certificate&format=X509-PEM"
)
OWN = "the engine's own certificate"

Known = Dict[str, Dict[str, Any]]  # JSON values: name -> not_after, fingerprint, ours


def read(engine: remote.Remote) -> Known:
    """Return what is there of the engine's certificates. Raises: errors.Error."""
    # In one call; neither a file that is missing nor one without a last newline spoils the others.
    orders = ["echo '== %s'; cat %s; echo" % (name, _path(name)) for name in NAMES + (CA,)]
    text = engine.run("; ".join(orders) + "; true").stdout
    parts = re.split(r"^== (\S+)$", text, flags=re.MULTILINE)[1:]
    found = {name: one for name, one in zip(parts[::2], parts[1::2]) if one.strip()}
    ca = found.pop(CA, "")
    known = {
        name: dict(_described(name, one), ours=_ours(name, one, ca)) for name, one in found.items()
    }
    if "engine" not in known or WEB not in known:
        raise errors.Error(
            "read the engine's certificates",
            "there is no %s" % ", ".join(_path(name) for name in NAMES[:2] if name not in known),
            next_step="is %s the engine? If not: ovirt-cert-recovery undo, then recover --engine "
            "ADDRESS" % engine.target.address,
        )
    return known


def _described(name: str, content: str) -> Dict[str, Any]:
    entry = inventory.Entry(_path(name), inventory.VDSM)
    seen = certificates.describe(entry, content.encode("utf-8"))[0]
    if seen.state != "ok":
        raise errors.Error("read %s on the engine" % seen.path, seen.problem)
    return {"not_after": seen.not_after, "fingerprint": seen.fingerprint}


def _ours(name: str, content: str, ca: str) -> bool:
    """Tell whether the engine's CA has signed it: engine-setup leaves what another one has."""
    return not ca or certificates.signed_by(
        _path(name), content.encode("utf-8"), _path(CA), ca.encode("utf-8")
    )


def _path(name: str) -> str:
    return "%s/ca.pem" % PKI if name == CA else "%s/certs/%s.cer" % (PKI, name)


def due(known: Known, true: float) -> List[str]:
    """Return the names of those that are expired or expire within 60 days of the true time.

    Not those of another CA: engine-setup does not renew them.
    """
    ours = [name for name in NAMES if name in known and known[name].get("ours", True)]
    return [name for name in ours if known[name]["not_after"] - true < window.SOON]


def told(known: Known, true: float) -> str:
    """Return one line about all of them."""
    words = []
    for name in NAMES:
        if name in known:
            left = known[name]["not_after"] - true
            shown = moments.span(abs(left))
            word = shown + " left" if left >= 0 else "expired %s ago" % shown
            ours = known[name].get("ours", True)
            words.append("%s %s%s" % (name, word, "" if ours else " (of another CA)"))
    return ", ".join(words)


def found_due(journal: journals.Journal) -> List[str]:
    """Return which of them this run found to be due, [] before it has looked."""
    return list((journal.before(LOOK) or {}).get("due", []))


def served(node: host.Host, address: str) -> Tuple[Optional[observation.Certificate], str]:
    """Return the certificate that the engine's web server shows, or None and why.

    `chain` tells whether the CA that the node trusts has signed it.
    """
    shaken = openssl.handshake(node, WEB_PORT, ca=inventory.NODE_CA, address=address, timeout=10)
    if not shaken.certificate:
        return None, shaken.problem
    path = "%s:%d" % (address, WEB_PORT)
    entry = inventory.Entry(path, inventory.VDSM, "", inventory.NODE_CA)
    seen = certificates.describe(entry, shaken.certificate)[0]
    try:
        ours = certificates.signed_by(
            path, shaken.certificate, inventory.NODE_CA, node.read(inventory.NODE_CA)
        )
    except errors.FileError:
        ours = False
    return seen._replace(chain=ours), "" if shaken.verified else shaken.problem


def published(
    node: host.Host, address: str, ca: str
) -> Tuple[Optional[observation.Certificate], str]:
    """Return the certificate by which nodes know the engine, as it gives it away, or None and why.

    Only one that the CA of the node has signed is taken. So it may come from a web server whose
    certificate is expired, or of a CA that nobody has given us: it proves itself, and what is due
    is read over ssh again before anything is renewed. Raises: curl.NotReached, errors.ProgramError.
    """
    request = curl.Request(PUBLISHED % host.bracketed(address), accept="*/*")
    try:
        answer = curl.ask(node, request, ca)
    except curl.NotTrusted:
        answer = curl.ask(node, request, curl.ANY)
    if answer.status != 200:
        return None, "HTTP status %d" % answer.status
    content = answer.body.encode("utf-8")
    shown = certificates.describe(inventory.Entry(OWN, inventory.VDSM), content)[0]
    if shown.state != "ok":
        return None, shown.problem
    authority = node.read(inventory.NODE_CA)
    if not certificates.signed_by(OWN, content, inventory.NODE_CA, authority):
        return None, "what it gives away is not signed by the CA in %s" % inventory.NODE_CA
    return shown._replace(ca_path=inventory.NODE_CA, chain=True), ""
