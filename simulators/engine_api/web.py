# SPDX-License-Identifier: Apache-2.0
"""The engine's httpd: whether it answers, which certificate it loaded, who trusts that.

Imports `der`, `engine_vm`, `names` and `tls`.
"""

from simulators import der, engine_vm, names, tls
from simulators.world import World

PKI = "/etc/pki/ovirt-engine"
CERTIFICATE = PKI + "/certs/apache.cer"
KEY = PKI + "/keys/apache.key.nopass"
# What the engine trusts when it calls itself: its own CA, and that of a foreign web certificate.
TRUSTED = (PKI + "/ca.pem", PKI + "/apache-ca.pem")
ADDRESSES = (names.ENGINE, names.ENGINE_SHORT, names.ENGINE_ADDRESS)


def trouble(world: World) -> str:
    """Why a connection to port 443 fails, in the kernel's words; "" when it does not."""
    vm = world.state["vm"]
    if vm["where"] != "elsewhere" and vm["state"] != "running":
        return "No route to host"
    return "" if vm["services"]["httpd"] else "Connection refused"


def certificate(world: World) -> bytes:
    return bytes(world.state["vm"]["loaded"].get("web", b""))


def untrusted(world: World, ca: bytes, now: float, name: str) -> str:
    """What a client that trusts `ca` has against the certificate; "" when nothing."""
    problem = tls.handshake_error(certificate(world), ca, now)
    if problem:
        return problem
    shown = der.certificate(certificate(world))
    return "" if "DNS:" + name in shown.names else "name"


def trusts_itself(world: World) -> bool:
    """Does the engine accept its own web certificate when it validates a token by a call?"""
    trusted = [tls.read(world.engine(path)) for path in TRUSTED]
    now = engine_vm.wall(world)
    return any(not tls.handshake_error(certificate(world), ca, now) for ca in trusted)
