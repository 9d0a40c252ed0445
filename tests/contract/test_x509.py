# SPDX-License-Identifier: Apache-2.0
"""Certificates read by the cryptography library and in plain Python: the same in every world."""

from pathlib import Path
from typing import Any, List

import pytest

from recovery import certificates, errors, inventory, local_host, pem, x509_compiled, x509_plain
from recovery.programs import openssl
from tests.simulators import worlds
from tests.unit import authority

PATH = "/etc/pki/vdsm/keys/vdsmkey.pem"


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_both_readers_say_the_same_of_a_node(
    tmp_path: Path, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = worlds.make(str(tmp_path / "w"), "node-expired", release).world
    node = local_host.LocalHost(world.root, world.programs)
    said: List[Any] = []
    for reader in (x509_compiled, x509_plain):
        monkeypatch.setattr(pem, "_readers", [reader])
        said.append(certificates.survey(node.read, inventory.INVENTORY))
    assert said[0] == said[1]
    assert {one.chain for one in said[0] if one.ca_path} == {True}
    assert {one.key_match for one in said[0] if one.key_path} == {True}


def test_request_by_openssl_is_by_the_key(tmp_path: Path) -> None:
    world = worlds.make(str(tmp_path / "w"), "node-expired", "el8").world
    node = local_host.LocalHost(world.root, world.programs)
    request = openssl.request(node, PATH)
    assert b"-----BEGIN CERTIFICATE REQUEST-----" in request
    wanted = x509_plain.public_key(PATH, node.read(PATH))
    assert openssl.request_key(node, request) == wanted
    assert wanted == x509_compiled.public_key(PATH, node.read(PATH))


def test_request_that_is_damaged_has_no_key(tmp_path: Path) -> None:
    world = worlds.make(str(tmp_path / "w"), "node-expired", "el8").world
    node = local_host.LocalHost(world.root, world.programs)
    lines = openssl.request(node, PATH).split(b"\n")
    signature = lines[-3]
    lines[-3] = signature[::-1]  # in the middle of the signature
    assert openssl.request_key(node, b"\n".join(lines)) == b""
    assert openssl.request_key(node, b"no request") == b""


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_both_readers_find_the_same_public_key(kind: str) -> None:
    from cryptography.hazmat.primitives import serialization as forms

    private = authority.key(kind)
    plain = forms.NoEncryption()
    for form in (forms.PrivateFormat.TraditionalOpenSSL, forms.PrivateFormat.PKCS8):
        data = private.private_bytes(forms.Encoding.PEM, form, plain)
        assert x509_plain.public_key("key", data) == x509_compiled.public_key("key", data)


def test_both_readers_find_the_same_ssh_key() -> None:
    from cryptography.hazmat.primitives import serialization as forms

    private = authority.key("rsa")
    for form in (forms.PrivateFormat.OpenSSH, forms.PrivateFormat.PKCS8):
        data = private.private_bytes(forms.Encoding.PEM, form, forms.NoEncryption())
        assert x509_plain.ssh_public_key("key", data) == x509_compiled.ssh_public_key("key", data)


def test_plain_reader_does_not_judge_what_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """An elliptic curve's signature: unknown, never good."""
    ca = authority.issue("ca", is_ca=True)
    node = authority.issue("node", ca)
    reader = x509_plain
    one, above = reader.Certificate(authority.der(node)), reader.Certificate(authority.der(ca))
    with pytest.raises(errors.Error, match="needs the cryptography library"):
        one.issued_by(above)
    monkeypatch.setattr(pem, "_readers", [reader])
    files = {"/c": node.certificate, "/ca": ca.certificate}
    entry = inventory.Entry("/c", inventory.VDSM, ca_path="/ca")
    assert certificates.survey(files.__getitem__, [entry])[0].chain is None


@pytest.mark.parametrize("place", [-1, -100, 120])
def test_plain_reader_refuses_a_changed_certificate(place: int) -> None:
    ca = authority.issue("ca", is_ca=True, private=authority.key("rsa"))
    data = bytearray(authority.der(authority.issue("node", ca)))
    above = x509_plain.Certificate(authority.der(ca))
    assert x509_plain.Certificate(bytes(data)).issued_by(above)
    data[place] ^= 1
    try:
        changed = x509_plain.Certificate(bytes(data))
    except (ValueError, TypeError):
        return
    assert not changed.issued_by(above)
