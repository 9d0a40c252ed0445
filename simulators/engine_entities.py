# SPDX-License-Identifier: Apache-2.0
"""The certificates the engine has for itself: one PKCS#12 file, certificate and key each.

The list and its order are engine-setup's (ovirt-engine: ovirt-engine-setup/ovirt-engine/pki/ca.py,
network/ovirtproviderovn.py, vmconsole_proxy_helper/pki.py). Imports `keys`,
`names`, `node_pki`, `pki` and `place`.
"""

import time
from typing import List, NamedTuple, Tuple

from simulators import keys, names, pki, place
from simulators.node_pki import Ages

PKI = "/etc/pki/ovirt-engine"
SUBJECT = (("C", "US"), ("O", names.ORGANISATION), ("CN", names.ENGINE))
PASSWORD = "mypass"  # the same on every engine


class Entity(NamedTuple):
    """`extract`: certificate and key also lie as PEM; `web`: what browsers see, 398 days."""

    name: str
    extract: bool
    owner: Tuple[int, int]
    keep_key: bool = False
    web: bool = False


COMMON = (
    Entity("engine", False, place.OVIRT, keep_key=True),
    Entity("jboss", False, place.OVIRT),
    Entity("websocket-proxy", True, place.OVIRT, web=True),
    Entity("apache", True, place.ROOT, web=True),
    Entity("reports", True, place.ROOT),
)
IMAGEIO = Entity("imageio-proxy", True, place.ROOT)
CONSOLE = Entity("vmconsole-proxy-helper", True, place.OVIRT)
OVN = (
    Entity("ovn-ndb", True, place.ROOT),
    Entity("ovn-sdb", True, place.ROOT),
    Entity("ovirt-provider-ovn", True, place.ROOT),
)


def known(release: str) -> List[Entity]:
    """What engine-setup of this release asks about at its renewal question, in its order."""
    found = list(COMMON) + ([IMAGEIO] if release == "el7" else [])  # imageio-proxy until 4.4.3
    return found + (list(OVN) if release == "el9" else [])


def held(release: str) -> List[Entity]:
    """What an engine with the usual components has; `reports` is a thing of the past."""
    found = [one for one in known(release) if one.name != "reports"]
    return found + ([] if release == "el9" else list(OVN)) + [CONSOLE]


def write(root: str, authority: pki.Authority, ages: Ages, release: str) -> None:
    """Issue and store everything the engine holds."""
    for entity in held(release):
        key = "engine" if entity.keep_key else "engine-web" if entity.web else "engine-other"
        issued = authority.issue(
            key, SUBJECT, ages.web if entity.web else ages.engine, names.ENGINE
        )
        _put(root, "certs/%s.cer" % entity.name, text(issued) + issued.pem, 0o644, place.OVIRT)
        _put(root, "keys/%s.p12" % entity.name, _pkcs12(key, issued.pem), 0o600, entity.owner)
        if entity.extract:
            _put(root, "keys/%s.key.nopass" % entity.name, issued.key, 0o600, entity.owner)
    _put(root, "keys/engine_id_rsa", keys.pem("engine"), 0o600, place.OVIRT)


def _put(root: str, path: str, content: bytes, mode: int, owner: Tuple[int, int]) -> None:
    place.put(root, PKI + "/" + path, content, mode, owner)


def _pkcs12(key: str, certificate: bytes) -> bytes:
    return pki.pkcs12(key, certificate, "1", PASSWORD)


def text(issued: pki.Issued) -> bytes:
    """Some text before the PEM block, as `openssl ca` without -notext leaves it."""
    shape = "%b %e %H:%M:%S %Y GMT"
    lines = [
        "Certificate:",
        "    Data:",
        "        Version: 3 (0x2)",
        "        Serial Number: %d (0x%x)" % (issued.serial, issued.serial),
        "        Validity",
        "            Not Before: " + time.strftime(shape, time.gmtime(issued.dates.begin)),
        "            Not After : " + time.strftime(shape, time.gmtime(issued.dates.end)),
        "        Subject: " + ", ".join("%s=%s" % pair for pair in issued.subject),
    ]
    return "\n".join(lines).encode() + b"\n"
