# SPDX-License-Identifier: Apache-2.0
"""openssl: the real one as the node's own, and s_client to a real and to a simulated vdsm."""

from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

import pytest

from recovery import local_host
from recovery.programs import openssl
from simulators import place
from tests.contract import subjects, tls_server
from tests.simulators import worlds
from tests.unit import authority

CA = "/etc/pki/vdsm/certs/cacert.pem"
CERT = "/etc/pki/vdsm/certs/vdsmcert.pem"
KEY = "/etc/pki/vdsm/keys/vdsmkey.pem"
DAY = 86400


# Files and requests: the simulated node's openssl against the real one


class Openssl:
    """One openssl with the files of one simulated node; the real one gets longer paths."""

    def __init__(self, node: local_host.LocalHost, root: str, now: int) -> None:
        self.node = node
        self.root = root
        self.now = now

    def run(self, *words: str, data: bytes = b"") -> Any:
        paths = [self.root + word if word.startswith("/etc") else word for word in words]
        output = subjects.run(self.node, "openssl", *paths, data=data, env=(("TZ", "UTC"),))
        plain = [text.replace(self.root, "") if self.root else text for text in output[:2]]
        return (plain[0], plain[1], output.status)


@pytest.fixture
def both(tmp_path: Path, real_programs: Callable[..., Path]) -> List[Openssl]:
    world = worlds.make(str(tmp_path / "w"), "node-expired", "el9").world
    now = int(world.sim.state()["today"])
    node = local_host.LocalHost(world.root, world.programs)
    real = local_host.LocalHost("/", str(real_programs("openssl")))
    return [Openssl(node, "", now), Openssl(real, world.root, now)]


@pytest.mark.parametrize(
    "words",
    [
        ["x509", "-in", CERT, "-noout", "-enddate"],
        ["x509", "-in", CERT, "-noout", "-subject", "-issuer", "-dates", "-serial"],
        ["x509", "-in", CERT, "-noout", "-ext", "subjectAltName"],
        ["x509", "-in", CERT, "-noout", "-text"],
        ["x509", "-in", CERT, "-noout", "-pubkey"],
        ["x509", "-in", KEY, "-noout", "-enddate"],
        ["pkey", "-in", KEY, "-pubout"],
        ["req", "-new", "-key", KEY, "-subj", "/O=example.test/CN=virt-host1.example.test"],
        ["verify", "-CAfile", CERT, CERT],
        ["version"],
    ],
    ids=lambda words: " ".join(words[:1] + words[3:6]),
)
def test_same_answer(both: List[Openssl], words: List[str]) -> None:
    if words[0] == "verify":
        both[1].now, words = both[0].now, words
        answers = [
            both[0].run(*words),
            both[1].run("verify", "-attime", str(both[1].now), *words[1:]),
        ]
    else:
        answers = [one.run(*words) for one in both]
    assert _without_addresses(answers[0]) == _without_addresses(answers[1])


def _without_addresses(answer: Any) -> Any:
    # "4087F2A7E17F0000:error:...": a thread's address stands before each error.
    lines = [
        line.partition(":")[2] if ":error:" in line else line for line in answer[1].split("\n")
    ]
    return answer[0], lines, answer[2]


@pytest.mark.parametrize("days, text", [(-60, "OK"), (0, "certificate has expired")])
def test_verify_at_a_moment(both: List[Openssl], days: int, text: str) -> None:
    moment = str(both[0].now + days * DAY)
    answers = [one.run("verify", "-attime", moment, "-CAfile", CA, CERT) for one in both]
    assert answers[0] == answers[1]
    assert text in answers[0][0] + answers[0][1]


def test_certificate_on_standard_input(both: List[Openssl]) -> None:
    pem = both[0].node.read(CERT)
    answers = [one.run("x509", "-noout", "-enddate", data=pem) for one in both]
    assert answers[0] == answers[1] and answers[0][0].startswith("notAfter=")


# s_client


class Case(NamedTuple):
    """What the daemon serves and what we show it, in days from now; None: by another CA."""

    served: Any
    shown: Any
    verified: bool
    problem: str


CASES: Dict[str, Case] = {
    "all is well": Case(90, 90, True, ""),
    "served expired": Case(-3, 90, False, "certificate has expired"),
    "ours expired": Case(90, -3, False, "certificate expired"),
    "both expired": Case(-3, -3, False, "certificate has expired"),
    "served by another CA": Case(None, 90, False, "unable to get local issuer certificate"),
    "ours by another CA": Case(90, None, False, "unknown ca"),
}


class Vdsm:
    """A daemon that serves a certificate, and the files the tool uses to look at it."""

    def __init__(self, node: local_host.LocalHost, port: int, paths: Dict[str, str]) -> None:
        self.node = node
        self.port = port
        self.paths = paths

    def handshake(self) -> openssl.Handshake:
        paths = self.paths
        return openssl.handshake(
            self.node, self.port, paths["shown"], paths["shown-key"], paths["ca"]
        )


def _files(case: Case, now: float) -> Dict[str, bytes]:
    """PEM files of a case, by role; RSA, as oVirt has it."""
    start = int(now) - 100 * DAY
    right = authority.issue("ca", None, start, start + 3650 * DAY, authority.key("rsa"), is_ca=True)
    other = authority.issue(
        "ca2", None, start, start + 3650 * DAY, authority.key("rsa"), is_ca=True
    )
    files = {"ca": right.certificate}
    for role, days in (("served", case.served), ("shown", case.shown)):
        issuer = other if days is None else right
        end = int(now) + DAY * (90 if days is None else days)
        pair = authority.issue("localhost", issuer, start, end, authority.key("rsa"))
        files[role], files[role + "-key"] = pair.certificate, pair.key
    return files


@pytest.fixture
def open_vdsm(
    tmp_path: Path, real_programs: Callable[..., Path]
) -> Iterator[Callable[[str, Case, str], Vdsm]]:
    stopping: List[Any] = []

    def simulated(case: Case) -> Vdsm:
        world = worlds.make(str(tmp_path / "w"), "still-running", "el9").world
        with world.opened() as now:
            wall = now.wall()
        files = _files(case, wall)
        paths = {role: "/tmp/%s.pem" % role for role in files}
        for role, data in files.items():
            place.put(world.root, paths[role], data)
        state = world.sim.state()["vdsm"]
        world.sim.set(vdsm=dict(state, cert=files["served"], ca=files["ca"]))
        return Vdsm(local_host.LocalHost(world.root, world.programs), 54321, paths)

    def real(case: Case, version: str) -> Vdsm:
        node = local_host.LocalHost("/", str(real_programs("openssl", "date")))
        paths = {}
        for role, data in _files(case, node.now().wall).items():
            paths[role] = str(tmp_path / (role + ".pem"))
            Path(paths[role]).write_bytes(data)
        made = tls_server.context(paths["served"], paths["served-key"], paths["ca"], version)
        serving = tls_server.serving(made)
        stopping.append(serving)
        return Vdsm(node, serving.__enter__(), paths)

    def make(kind: str, case: Case, version: str) -> Vdsm:
        return simulated(case) if kind == subjects.SIMULATED else real(case, version)

    yield make
    for serving in stopping:
        serving.__exit__(None, None, None)


def _subjects() -> List[Any]:
    found = []
    for name in sorted(CASES):
        for kind, version in (("simulated", "1.3"), ("real", "1.3"), ("real", "1.2")):
            found.append((kind, version, name))
    return found


@pytest.mark.parametrize("kind, version, name", _subjects())
def test_handshake(
    open_vdsm: Callable[[str, Case, str], Vdsm], kind: str, version: str, name: str
) -> None:
    if kind == subjects.REAL and not tls_server.supports(version):
        pytest.skip("this Python's OpenSSL has no TLS " + version)
    case = CASES[name]
    vdsm = open_vdsm(kind, case, version)
    found = vdsm.handshake()
    served = vdsm.node.read(vdsm.paths["served"]).strip()
    assert (found.verified, found.problem) == (case.verified, case.problem)
    assert found.certificate == served


@pytest.mark.parametrize("kind", subjects.BOTH)
def test_nobody_listens(tmp_path: Path, real_programs: Callable[..., Path], kind: str) -> None:
    world = worlds.make(str(tmp_path / "w"), "node-expired", "el9").world
    if kind == subjects.REAL:
        node = local_host.LocalHost("/", str(real_programs("openssl")))
        root = world.root
    else:
        node, root = local_host.LocalHost(world.root, world.programs), ""
    found = openssl.handshake(node, 1, root + CERT, root + KEY, root + CA)
    assert found == openssl.Handshake(b"", False, "Connection refused")
