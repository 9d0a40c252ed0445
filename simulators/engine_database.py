# SPDX-License-Identifier: Apache-2.0
"""What the engine's database says of its nodes: only as fresh as the last time it reached them.

The engine asks every node for its statistics over TLS with certificates at both ends; the flag
of global maintenance is one of them (ovirt-engine: vds_statistics.ha_global_maintenance), and
nothing else refreshes it. Imports `engine_vm`, `tls` and `units`.
"""

from typing import Optional

from simulators import engine_vm, tls, units
from simulators.world import World

AUTHORITY = "/etc/pki/ovirt-engine/ca.pem"
REFRESH = 15.0


def expect(world: World) -> None:
    """Something changed: the engine will see it at its next refresh, if it sees anything."""
    world.schedule(REFRESH, "engine-poll")


def poll(world: World, data: Optional[dict] = None) -> None:
    """The engine asks the node that carries it, and remembers what that said."""
    if reaches_node(world):
        world.state["vm"]["database"]["global"] = bool(world.state["ha"]["global"])


def reaches_node(world: World) -> bool:
    """Does the engine's connection to the node's vdsm stand?"""
    vm = world.state["vm"]
    if not vm["services"]["ovirt-engine"] or not engine_vm.answers_ssh(world):
        return False
    own = vm["loaded"].get("engine", b"")
    authority = _read(world)
    if vm["where"] == "elsewhere":
        # Another node carries it, whose certificates nobody has complained about.
        return tls.handshake_error(own, authority, world.true()) is None
    if not units.is_active(world, "vdsmd.service"):
        return False
    node = world.state["vdsm"]
    problem = tls.handshake_error(own, node["ca"], world.wall()) or tls.handshake_error(
        node["cert"], authority, engine_vm.wall(world)
    )
    return problem is None


def _read(world: World) -> bytes:
    try:
        return tls.read(world.engine(AUTHORITY))
    except OSError:
        return b""
