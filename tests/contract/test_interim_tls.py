# SPDX-License-Identifier: Apache-2.0
"""Real TLS handshakes over a local socket: both ends set up as vdsm does, with the step's files.

vdsm: lib/vdsm/sslutils.py: one certificate, key and CA file for server and local client,
CERT_REQUIRED on both sides, no look at host names. The engine trusts its own CA alone.
"""

import socket
import ssl
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest

from recovery import context as contexts
from recovery import inventory, local_host
from recovery import journal as journals
from recovery.steps import interim
from tests.contract import tls_server
from tests.unit import authority, nodes

DAY = 86400
NAME = "virt-host1.example.test"
FILES = (inventory.NODE_CERTIFICATE, inventory.NODE_KEY, inventory.NODE_CA)


class Node:
    """A node of files alone, at the real time; its certificate expired a month ago."""

    def __init__(self, folder: Path, programs: str, version: str) -> None:
        self.version = version
        self.root = folder / "root"
        self.host = local_host.AtRest(str(self.root), programs)
        now = int(self.host.now().wall)
        ca = authority.issue(
            "ca", None, now - 900 * DAY, now + 900 * DAY, authority.key("rsa"), is_ca=True
        )
        own = authority.issue(NAME, ca, now - 400 * DAY, now - 30 * DAY, authority.key("rsa"))
        engine = authority.issue(
            "virt-he.example.test", ca, now - 40 * DAY, now + 300 * DAY, authority.key("rsa")
        )
        self.before = dict(zip(FILES, (own.certificate, own.key, ca.certificate)))
        for path, data in self.before.items():
            self.host.replace(path, data, mode=0o644)
        self.engine = [folder / name for name in ("engine.cer", "engine.key", "ca.pem")]
        for place, data in zip(self.engine, (engine.certificate, engine.key, ca.certificate)):
            place.write_bytes(data)
        subject, sans = "/O=example.test/CN=" + NAME, ("DNS:" + NAME,)
        chosen = nodes.plan(
            "interim", route="interim", subject=subject, sans=sans, interim=FILES[:1]
        )
        journal = journals.create(self.host, chosen, {})
        self.context = contexts.Context(
            self.host, journal, lambda line: None, lambda text: False, []
        )

    def places(self) -> List[Path]:
        return [self.root / path.lstrip("/") for path in FILES]

    def files(self) -> Dict[str, bytes]:
        return {path: self.host.read(path) for path in FILES}


def vdsm(side: Any, places: List[Path], trusted: Path, version: str) -> ssl.SSLContext:
    made = ssl.SSLContext(side)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    tls_server.limit(made, version)
    made.load_cert_chain(str(places[0]), str(places[1]))
    made.load_verify_locations(cafile=str(trusted))
    return made


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> Tuple[str, str]:
    """What each side says of the other: "" when it accepts it."""
    said = {"server": "no answer", "client": "no answer"}
    near, far = socket.socketpair()

    def serve() -> None:
        said["server"] = talk(server, far, True)

    thread = threading.Thread(target=serve)
    thread.start()
    said["client"] = talk(client, near, False)
    thread.join(20)
    return said["server"], said["client"]


def talk(context: ssl.SSLContext, end: socket.socket, server: bool) -> str:
    end.settimeout(20)
    try:
        with context.wrap_socket(end, server_side=server) as secured:
            # In TLS 1.3 the other's refusal comes after the handshake.
            secured.sendall(b"x")
            return "" if secured.recv(1) == b"x" else "closed"
    except (ssl.SSLError, OSError) as caught:
        end.close()
        return str(caught)


def local(node: Node) -> Tuple[str, str]:
    """A client on the node (HA agent, hosted-engine) speaks with vdsm."""
    files = node.places()
    return handshake(
        vdsm(ssl.PROTOCOL_TLS_SERVER, files, files[2], node.version),
        vdsm(ssl.PROTOCOL_TLS_CLIENT, files, files[2], node.version),
    )


def engine(node: Node, trusts: Path) -> Tuple[str, str]:
    files = node.places()
    return handshake(
        vdsm(ssl.PROTOCOL_TLS_SERVER, files, files[2], node.version),
        vdsm(ssl.PROTOCOL_TLS_CLIENT, node.engine, trusts, node.version),
    )


@pytest.fixture(params=["1.2", "1.3"])
def node(request: Any, tmp_path: Path, real_programs: Callable[..., Path]) -> Node:
    if not tls_server.supports(request.param):
        pytest.skip("this Python's OpenSSL speaks no TLS " + request.param)
    return Node(tmp_path, str(real_programs("date")), request.param)


def apply(node: Node, step: Any) -> None:
    before = step.capture(node.context)
    node.context.journal.write(journals.APPLYING, step.id, before)
    step.apply(node.context, before)
    step.verify(node.context, before)


def test_local_tls_is_refused_when_expired_and_accepted_with_the_temporary_certificate(
    node: Node,
) -> None:
    assert "expired" in "".join(local(node))
    apply(node, interim.Interim())
    assert local(node) == ("", "")
    apply(node, interim.EndInterim())
    assert node.files() == node.before
    assert "expired" in "".join(local(node))


def test_engine_s_client_certificate_is_accepted_by_vdsm_meanwhile(node: Node) -> None:
    apply(node, interim.Interim())
    assert engine(node, trusts=node.places()[2]) == ("", "")


def test_engine_itself_does_not_accept_the_temporary_certificate(node: Node) -> None:
    """The price of the route, and why it is told."""
    apply(node, interim.Interim())
    _, client = engine(node, trusts=node.engine[2])
    assert "certificate verify failed" in client.lower().replace("_", " ")


def test_made_anew_it_is_another_ca_and_the_first_one_is_gone(node: Node) -> None:
    apply(node, interim.Interim())
    first = node.files()[inventory.NODE_CA]
    step = interim.Interim()
    step.apply(node.context, node.context.journal.before(step.id) or {})
    second = node.files()[inventory.NODE_CA]
    assert first != second and second.count(b"BEGIN CERTIFICATE") == 2
    assert second.startswith(node.before[inventory.NODE_CA])
    assert local(node) == ("", "")


def test_nothing_but_certificates_of_it_is_ever_written(node: Node) -> None:
    """The key of the temporary CA is in no file of the node, the run's own included."""
    apply(node, interim.Interim())
    keys = 0
    for place in node.root.rglob("*"):
        if place.is_file():
            keys += place.read_bytes().count(b"PRIVATE KEY-----") // 2
    # The node's own key and its before-image.
    assert keys == 2
