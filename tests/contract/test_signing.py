# SPDX-License-Identifier: Apache-2.0
"""Our certificate, the engine's by our script, the engine's own: the same to openssl and gnutls.

The engine's are made by the real `openssl ca` with the engine's own configuration.
"""

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

import pytest

from recovery import engine_signing, issued, pem, plan, requests, signing
from simulators import der, engine_pki, keys, names, node_pki, pki, stories
from tests import needs
from tests.unit import authority

DAY = 86400
SUBJECT = "/O=%s/CN=%s" % (names.ORGANISATION, names.NODE)
SANS = ("DNS:" + names.NODE,)
BOTH = SANS + ("IP:192.0.2.7",)  # of a host that was added to the engine by its address
WAYS = ("here", "engine, our script", "engine, its own command")
# What pki-enroll-request.sh runs, with its variables (engine: packaging/bin).
OWN = (
    "OVIRT_SAN=SANS OVIRT_KU= OVIRT_EKU= openssl ca -batch -policy policy_match -config "
    "openssl.conf -cert ca.pem -keyfile private/ca.pem -startdate START -enddate END -in "
    "DIR/node.csr -out DIR/node.cer -subj %s -utf8 -extfile cert.conf -extensions v3_ca_san"
) % SUBJECT


class Signed(NamedTuple):
    """One certificate, in files for the real programs."""

    pem: bytes
    path: str
    ca: str

    def parsed(self) -> der.Certificate:
        return der.certificate(self.pem)


class Engine:
    """The PKI of an engine as it lies on the disk, issued lately and for long."""

    def __init__(self, folder: Path, openssl: str, sans: Sequence[str]) -> None:
        self.sans = tuple(sans)
        self.now = int(time.time())
        ages = stories.ages(self.now + 90 * DAY)._replace(
            ca=pki.Dates(self.now - 900 * DAY, self.now + 2000 * DAY)
        )
        root = str(folder / "engine")
        self.by = node_pki.authorities(ages)
        node = node_pki.write(str(folder / "node"), self.by, ages, "el8")
        engine_pki.write(root, self.by, ages, [node], "el8")
        self.pki = root + engine_pki.PKI
        self.folder, self.openssl = folder, openssl
        self.request = requests.make("node.key", keys.pem("node"))

    def dates(self) -> Dict[str, str]:
        stamp = "%Y%m%d%H%M%SZ"
        start, end = self.now - DAY, self.now + 398 * DAY
        return {
            "START": time.strftime(stamp, time.gmtime(start)),
            "END": time.strftime(stamp, time.gmtime(end)),
        }

    def sign(self, way: str) -> Signed:
        folder = self.folder / way.replace(" ", "-")
        folder.mkdir()
        (folder / "node.csr").write_bytes(self.request)
        target = folder / "node.cer"
        if way == "here":
            target.write_bytes(self._here())
        elif way == WAYS[1]:
            target.write_bytes(self._pasted(folder))
        else:
            self._ordered(folder)
        return Signed(target.read_bytes(), str(target), self.pki + "/ca.pem")

    def _here(self) -> bytes:
        ca = signing.Authority(self.by.engine.certificate, keys.key("ca"))
        start, end = issued.dates(self.now, self.now, 398, (0, 2**32))
        url = pki.AIA % names.ENGINE
        return signing.sign(self.request, ca, signing.Wanted(SUBJECT, self.sans, start, end, url))

    def _pasted(self, folder: Path) -> bytes:
        """What a real shell prints when our script is pasted into it."""
        chosen = plan.Parameters(subject=SUBJECT, sans=self.sans, engine=names.ENGINE)
        dates = self.dates()
        place = str(folder / "run")
        text = engine_signing.script(chosen, place, self.request, dates["START"], dates["END"])
        lock, enroll = folder / "lock", folder / "enroll.sh"  # as up to 4.4.10
        enroll.write_text('#!/bin/sh\nLOCK="%s"\n' % lock)
        for there, here in (
            (engine_signing.PKI, self.pki),
            (engine_signing.OLD_LOCK, str(lock)),
            (engine_signing.ENROLL, str(enroll)),
        ):
            text = text.replace(there.encode(), here.encode())
        ran = subprocess.run(
            [needs.program("sh")],
            input=text,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert ran.returncode == 0 and ran.stdout.startswith(b"-----BEGIN"), ran
        assert not (folder / "run").exists()
        assert lock.is_dir() and lock.stat().st_mode == os.stat(self.pki + "/private").st_mode
        return ran.stdout

    def _ordered(self, folder: Path) -> None:
        places = dict(self.dates(), **{"DIR/node.csr": str(folder / "node.csr")})
        places["DIR/node.cer"] = str(folder / "node.cer")
        words = [places.get(word, word) for word in shlex.split(OWN)]
        words[0] = words[0].replace("SANS", ",".join(self.sans))
        start = words.index("openssl")
        env = dict(word.split("=", 1) for word in words[:start] if "=" in word)
        subprocess.run(
            [self.openssl] + words[start + 1 :],
            cwd=self.pki,
            env=env,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture(scope="module", params=[SANS, BOTH], ids=["name", "name and address"])
def ways(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Dict[str, Signed]:
    folder = tmp_path_factory.mktemp("engine")
    engine = Engine(folder, needs.program("openssl"), request.param)
    return {way: engine.sign(way) for way in WAYS}


def extensions(data: bytes) -> List[bytes]:
    """The raw DER of every extension, in the certificate's order."""
    (body, *_) = der.pieces(next(der.pieces(der.blocks(data, (der.CERTIFICATE,))[0])).body)
    last = [piece for piece in der.pieces(body.body) if piece.tag == 0xA3][0]
    return [piece.raw for piece in der.pieces(next(der.pieces(last.body)).body)]


def test_extensions_of_every_way_are_the_same_bytes_in_the_same_order(
    ways: Dict[str, Signed],
) -> None:
    own = extensions(ways[WAYS[2]].pem)
    assert len(own) == 7
    for way in WAYS[:2]:
        assert extensions(ways[way].pem) == own, way


def test_names_version_and_key_of_every_way_are_the_same_bytes(ways: Dict[str, Signed]) -> None:
    own = ways[WAYS[2]].parsed()
    for way in WAYS[:2]:
        ours = ways[way].parsed()
        for field in ("version", "issuer", "subject", "modulus", "exponent", "algorithm", "names"):
            assert getattr(ours, field) == getattr(own, field), (way, field)


def test_serial_of_ours_is_far_from_the_engine_s_and_as_long_as_allowed(
    ways: Dict[str, Signed],
) -> None:
    assert ways[WAYS[2]].parsed().serial < 1 << 32
    assert 1 << 158 <= ways["here"].parsed().serial < 1 << 159


@pytest.mark.parametrize("way", WAYS)
def test_certificate_is_accepted_by_openssl_at_its_strictest(
    way: str, ways: Dict[str, Signed], real_program: Callable[[str], str]
) -> None:
    for purpose in ("sslserver", "sslclient"):
        argv = [real_program("openssl"), "verify", "-x509_strict", "-purpose", purpose]
        argv += ["-verify_hostname", names.NODE, "-CAfile", ways[way].ca, ways[way].path]
        ran = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert ran.returncode == 0 and ran.stdout.endswith(b": OK\n"), ran.stdout


def certtool(program: str, ca: str, path: str, *more: str) -> Any:
    argv = [program, "--verify", "--load-ca-certificate", ca, "--infile", path] + list(more)
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("way", WAYS)
def test_certificate_is_accepted_by_gnutls(
    way: str, ways: Dict[str, Signed], real_program: Callable[[str], str]
) -> None:
    found = ways[way]
    for purpose in ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"):
        more = ("--verify-hostname", names.NODE, "--verify-purpose", purpose)
        ran = certtool(real_program("certtool"), found.ca, found.path, *more)
        assert ran.returncode == 0 and b"The certificate is trusted" in ran.stdout, ran.stdout


@pytest.mark.parametrize("program", ["openssl", "certtool"])
def test_temporary_certificate_is_accepted_beside_the_engine_s_and_only_with_its_ca(
    program: str, tmp_path: Path, ways: Dict[str, Signed], real_program: Callable[[str], str]
) -> None:
    now = int(time.time())
    temporary = signing.temporary("/CN=interim", now - DAY, now + DAY)
    wanted = signing.Wanted(SUBJECT, SANS, now - DAY, now + DAY)
    request = requests.make("node.key", keys.pem("node"))
    cert, ca = tmp_path / "cert.pem", tmp_path / "cacert.pem"
    cert.write_bytes(signing.sign(request, temporary, wanted))
    engine = Path(ways["here"].ca).read_bytes()
    engines = ways[WAYS[2]].path
    for content, own in ((engine + signing.text(temporary), True), (engine, False)):
        ca.write_bytes(content)
        assert accepted(program, real_program(program), str(ca), str(cert)) is own
        assert accepted(program, real_program(program), str(ca), engines) is True


def accepted(name: str, program: str, ca: str, path: str) -> bool:
    if name == "certtool":
        return bool(certtool(program, ca, path).returncode == 0)
    argv = [program, "verify", "-x509_strict", "-CAfile", ca, path]
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).returncode == 0


def test_record_is_the_line_that_openssl_ca_writes(ways: Dict[str, Signed]) -> None:
    """Compared with the database of the engine, for a certificate that the engine signed."""
    own = ways[WAYS[2]]
    line, text = signing.record(own.pem).split(b"\n", 1)
    assert line + b"\n" in (Path(own.ca).parent / "database.txt").read_bytes().splitlines(True)
    assert text == authority.pem_of(pem.load(own.path, own.pem)[0])
