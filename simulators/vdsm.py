# SPDX-License-Identifier: Apache-2.0
"""vdsmd: starts whatever its certificate says, remembers what it loaded, judges each handshake.

Imports `tls`, `units`, `names` and `releases`.
"""

import time
from typing import NamedTuple

from simulators import releases, tls, units
from simulators.world import World

CERT = "/etc/pki/vdsm/certs/vdsmcert.pem"
CA = "/etc/pki/vdsm/certs/cacert.pem"
LOG = "/var/log/vdsm/vdsm.log"
RECOVERY = 12.0  # seconds of code 99 after a start


class Answer(NamedTuple):
    """`kind`: ok, recovering (code 99), refused (nobody listens) or tls (handshake failed)."""

    kind: str
    text: str = ""


def fresh() -> dict:
    return {"cert": b"", "ca": b"", "ready": 0.0}


def start(world: World, unit: str) -> float:
    world.state["vdsm"] = {
        "cert": _read(world, CERT),
        "ca": _read(world, CA),
        "ready": world.uptime + 1.5 + RECOVERY,
    }
    world.cancel("vdsm-ready")
    world.schedule(1.5 + RECOVERY, "vdsm-ready")
    log(
        world,
        "INFO ",
        "MainThread",
        "vds",
        "(PID: %d) I am the actual vdsm %s %s"
        % (
            units.state(world, unit)["pid"],
            releases.RELEASES[world.state["release"]]["vdsm"],
            world.state["hostname"],
        ),
        "vdsmd:158",
    )
    return 1.5


def stopped(world: World, unit: str) -> None:
    world.cancel("vdsm-ready")


def ready(world: World, data: dict) -> None:
    """Recovery is over: a definition without a process is cleaned away."""
    if world.state["vm"]["state"] == "shut off":
        world.state["vm"]["state"] = "absent"
    world.schedule(15.0, "engine-poll")


def ask(world: World) -> Answer:
    """A local client connects by TLS; both ends verify at the node's clock."""
    if not units.is_active(world, "vdsmd.service"):
        return Answer("refused", "[Errno 111] Connection refused")
    loaded = world.state["vdsm"]
    problem = tls.handshake_error(
        loaded["cert"], _read(world, CA), world.wall()
    ) or tls.handshake_error(_read(world, CERT), loaded["ca"], world.wall())
    if problem:
        _log_refusal(world)
        return Answer("tls", _client_text(world, problem))
    if world.uptime < loaded["ready"]:
        return Answer("recovering", "(code=99, message=Recovering from crash or Initializing)")
    return Answer("ok")


def _client_text(world: World, problem: str) -> str:
    reason = "certificate verify failed"
    if world.state["release"] != "el7":
        reason = "[SSL: CERTIFICATE_VERIFY_FAILED] %s: %s (_ssl.c:897)" % (reason, problem)
    return "Connection to localhost:54321 with use_tls=True, timeout=900 failed: " + reason


def _log_refusal(world: World) -> None:
    port = 40000 + int(world.uptime * 7) % 20000
    log(
        world,
        "INFO ",
        "Reactor thread",
        "ProtocolDetector.AcceptorImpl",
        "Accepted connection from ::1:%d" % port,
        "protocoldetector:61",
    )
    log(
        world,
        "ERROR",
        "Reactor thread",
        "ProtocolDetector.SSLHandshakeDispatcher",
        "ssl handshake: SSLError, address: ::1",
        "sslutils:272",
    )


def log(world: World, level: str, thread: str, name: str, message: str, place: str) -> None:
    """A line of vdsm.log; nothing of this reaches the journal."""
    now = world.wall()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
    line = "%s,%03d+0000 %s (%s) [%s] %s (%s)\n" % (
        stamp,
        int(now % 1 * 1000),
        level,
        thread,
        name,
        message,
        place,
    )
    append(world, LOG, line)


def append(world: World, path: str, line: str) -> None:
    import os

    target = world.node(path)
    try:
        with open(target, "a") as file:
            file.write(line)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target))
        append(world, path, line)


def _read(world: World, path: str) -> bytes:
    try:
        return tls.read(world.node(path))
    except OSError:
        return b""
