# SPDX-License-Identifier: Apache-2.0
"""Observations as tests need them: a node whose certificate expired, and changes to it."""

from typing import Any, List

from recovery import inventory
from recovery.moment import Moment
from recovery.observation import (
    Certificate,
    Engine,
    Failure,
    Observation,
    Served,
    Synchronisation,
    Unit,
)

DAY = 86400
NOW = 1676894400  # 2023-02-20 12:00:00 UTC
START = NOW - 439 * DAY
END = NOW - 41 * DAY
CA_START = NOW - 1000 * DAY
CA_END = NOW + 2650 * DAY
CA_NAME = "C=US, O=example.test, CN=virt-he.example.test.56789"
UNRELATED = "internal error: Unable to initialize network sockets"
EXPIRED = "The server certificate %s has expired" % inventory.NODE_CERTIFICATE


class Shuffler:
    """What hypothesis gives for `randoms()`."""

    def shuffle(self, items: List[Any]) -> None: ...


def certificates(end: int = END, start: int = START) -> List[Certificate]:
    """Return every file of the inventory: the node's own end at `end`, the CAs later."""
    found = []
    for entry in inventory.INVENTORY:
        authority = entry.kind in (inventory.CA, inventory.QEMU_CA)
        found.append(
            Certificate(
                entry.path,
                entry.kind,
                subject=CA_NAME if authority else "O=example.test, CN=virt-host1.example.test",
                issuer=CA_NAME,
                sans=() if authority else ("DNS:virt-host1.example.test",),
                serial=4099,
                not_before=CA_START if authority else start,
                not_after=CA_END if authority else end,
                is_ca=authority,
                key_path=entry.key_path,
                key_match=None if authority else True,
                ca_path=entry.ca_path,
                chain=None if authority else True,
                fingerprint="ab" * 32,
            )
        )
    return found


def unit(name: str, active: str = "active", **fields: Any) -> Unit:
    return Unit(name, load="loaded", active=active, sub="running", enabled="enabled", **fields)


def expired(**changes: Any) -> Observation:
    """Return the main case: expired 41 days ago, libvirtd down, engine VM down."""
    seen = Observation(
        Moment(float(NOW), 5000.0, "03aec8b0-3957-4c25-a50a-f761b03ea30b"),
        "/",
        True,
        hostname="virt-host1.example.test",
        os_release="CentOS Stream 8",
        systemd=239,
        rtc=NOW,
        certificates=tuple(certificates()),
        units=(
            unit("libvirtd.service", "failed", result="exit-code", exec_status=6),
            unit("vdsmd.service", "inactive"),
            unit("ovirt-ha-agent.service"),
            unit("sanlock.service"),
        ),
        failures=(
            Failure(
                "expired", "libvirtd.service", inventory.NODE_CERTIFICATE, 5, NOW - 60, NOW, EXPIRED
            ),
        ),
        sync=Synchronisation((unit("chronyd.service"),), synchronised=False),
        engine=Engine(
            deployed=True,
            fqdn="virt-he.example.test",
            host_id="1",
            libvirt_problem="libvirtd is not running",
            answers_ssh=False,
        ),
        disk_free=(("/etc/pki", 10**10), ("/var/lib", 10**10), ("/var/log", 10**9)),
        versions=(("python", "3.6.8"), ("ovirt-hosted-engine-ha", "2.4.9-1.el8")),
    )
    return seen._replace(**changes)


def valid(**changes: Any) -> Observation:
    """Return a node where all is well."""
    end = NOW + 1000 * DAY
    seen = expired(
        certificates=tuple(certificates(end)),
        units=tuple(unit(name) for name in ("libvirtd.service", "vdsmd.service")),
        failures=(),
        sync=Synchronisation((unit("chronyd.service"),), synchronised=True, offset=0.001),
        running_vms=3,
        served=(Served(54321, end, "ab" * 32, True),),
    )
    return seen._replace(engine=engine(domain_state="running"))._replace(**changes)


def engine(**changes: Any) -> Engine:
    """Return the engine of the main case with changes."""
    known = Engine(True, "virt-he.example.test", "1", answers_ssh=False)
    return known._replace(**changes)


def changed(seen: Observation, kind: str, **fields: Any) -> Observation:
    """Return the observation with fields of every certificate of one kind changed."""
    return seen._replace(
        certificates=tuple(
            one._replace(**fields) if one.kind == kind else one for one in seen.certificates
        )
    )
