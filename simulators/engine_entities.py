# SPDX-License-Identifier: Apache-2.0
"""The certificates the engine has for itself: one PKCS#12 file, certificate and key each.

The list and its order are engine-setup's (ovirt-engine: ovirt-engine-setup/ovirt-engine/pki/ca.py,
network/ovirtproviderovn.py, vmconsole_proxy_helper/pki.py). Imports `place` only.
"""

from typing import List, NamedTuple, Tuple

from simulators import place

PKI = "/etc/pki/ovirt-engine"
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
    """What an engine with the usual components has."""
    return known(release) + ([] if release == "el9" else list(OVN)) + [CONSOLE]
