# SPDX-License-Identifier: Apache-2.0
"""The hosts in the engine's database: their states, which change by themselves with time.

Whoever asks lets happen what is due by then (`settle`): nobody else sees the engine's states.
Times are those of the world outside, which a power cut of the node does not touch.
Imports `engine_vm`, `enroll`, `migration`, `names`, `release`, `tls` and `units`.
"""

from typing import Any, Dict, List, Optional

from simulators import engine_vm, names, tls, units
from simulators.engine_api import enroll, migration, release
from simulators.world import World

OTHER = "virt-host2"
IDENTITIES = (
    (names.NODE_SHORT, names.NODE, "2f1d52c6-8c6f-4d0e-9c5a-0a7b5f1e9d11"),
    (OTHER, "virt-host2.example.test", "9b8e0d0c-51f8-4c92-a7de-6f7b3b0c2e22"),
)
CLUSTER = "c1a5e6aa-6b0e-11ed-9f0d-00163e5d3a01"
# Seconds. The engine asks every 3 s and gives up on a host after two misses and a minute.
SECONDS = {
    "leave": 14.0,
    "migrate": 25.0,
    "begin": 1.5,  # a command of its own, so the state follows the answer
    "enroll": 48.0,
    "activate": 9.0,
    "grace": 60.0,
}
POLLED = ("up", "connecting", "non_responsive", "non_operational", "preparing_for_maintenance")

Host = Dict[str, Any]


def fresh(count: int) -> List[Host]:
    """The hosts of a healthy engine; the first is the simulated node."""
    made = []
    for name, address, identity in IDENTITIES[:count]:
        made.append(
            {
                "id": identity,
                "name": name,
                "address": address,
                "here": address == names.NODE,
                "status": "up",
                "due": None,
                "enrolling": None,
                "missed": None,
                "reason": "",
                "vms": 0,
                "score": 3400,
                "enrolled": 0,
                "lacks": False,
            }
        )
    made[-1]["spm"] = True
    return made


def every(world: World) -> List[Host]:
    return list(world.state["api"]["hosts"])


def found(world: World, identity: str) -> Optional[Host]:
    for host in every(world):
        if host["id"] == identity:
            return host
    return None


def running(world: World, host: Host) -> int:
    """How many VMs run on it, the engine's own among them."""
    return int(host["vms"]) + int(migration.carries(world, host))


def begin(world: World, host: Host, status: str, after: float, then: str) -> None:
    """Go to `status`, and in `after` seconds to what `then` names."""
    host.update(status=status, due=[world.true() + after, then])


def settle(world: World) -> None:
    """Let everything happen that is due."""
    for host in every(world):
        _poll(world, host)
        while _one_end(world, host):
            pass


def _one_end(world: World, host: Host) -> bool:
    """Let what is due first happen; an enrollment goes on beside the host's states."""
    due = [tuple(host["due"])] if host["due"] else []
    if host["enrolling"] is not None:
        due.append((host["enrolling"], "enrolled"))
    if not due or min(due)[0] > world.true():
        return False
    kind = min(due)[1]
    host["enrolling" if kind == "enrolled" else "due"] = None
    ENDS[kind](world, host)
    return True


def _poll(world: World, host: Host) -> None:
    """The monitoring of a host whose state it may change."""
    if not host["here"] or host["status"] not in POLLED:
        return
    if answers(world):
        host["missed"] = None
        if host["status"] in ("connecting", "non_responsive"):
            host["status"] = "up"
        return
    if host["missed"] is None:
        host["missed"] = world.true()
    late = world.true() - host["missed"] > SECONDS["grace"]
    if host["status"] != "preparing_for_maintenance":
        host["status"] = "non_responsive" if late else "connecting"


def answers(world: World) -> bool:
    """Does the node's vdsm and the engine accept each other, each by its own clock?"""
    if not units.is_active(world, "vdsmd.service"):
        return False
    loaded = world.state["vdsm"]
    ca = tls.read(world.engine("/etc/pki/ovirt-engine/ca.pem"))
    own = world.state["vm"]["loaded"].get("engine", b"")
    return not (
        tls.handshake_error(loaded["cert"], ca, engine_vm.wall(world))
        or tls.handshake_error(own, loaded["ca"], world.wall())
    )


def _left(world: World, host: Host) -> None:
    """All VMs are gone, or the one that will not go keeps the host where it is."""
    if migration.carries(world, host) and not migration.away(world, host):
        begin(world, host, "preparing_for_maintenance", SECONDS["migrate"], "left")
        return
    host.update(status="maintenance", vms=0)


def _enrolling(world: World, host: Host) -> None:
    """The playbook runs; some releases call it done as soon as it has begun."""
    host["status"] = "installing"
    if release.says_done_early(world):
        begin(world, host, "installing", SECONDS["begin"], "said")


def _said(world: World, host: Host) -> None:
    host["status"] = "maintenance"


def _enrolled(world: World, host: Host) -> None:
    good = enroll.run(world, host)
    if not release.says_done_early(world):
        host["status"] = "maintenance" if good else "install_failed"


def _activated(world: World, host: Host) -> None:
    """One that lacks a network of its cluster comes no further (engine: NonOperationalReason)."""
    host["status"] = "non_operational" if host["lacks"] else "up"
    migration.maintenance(world, host, False)
    _poll(world, host)


ENDS = {
    "left": _left,
    "enrolling": _enrolling,
    "said": _said,
    "enrolled": _enrolled,
    "activated": _activated,
}
