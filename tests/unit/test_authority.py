# SPDX-License-Identifier: Apache-2.0
"""The CA that an operator brings along: every way it can be wrong is one clear error."""

import argparse
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest
from cryptography.hazmat.primitives import serialization

from recovery import console as consoles
from recovery import errors, inventory, signing
from recovery.commands import authority as options
from tests.unit import authority, backups, nodes

DAY = 86400
START, END = nodes.NOW - 100 * DAY, nodes.NOW + 1000 * DAY
CA = authority.issue("engine.56789", is_ca=True, start=START, end=END)
OTHER = authority.issue("other.12345", is_ca=True, start=START, end=END)
SAME_NAME = authority.issue("engine.56789", is_ca=True, start=START, end=END)


def encrypted(pair: authority.Pair, form: Any = serialization.PrivateFormat.PKCS8) -> bytes:
    encryption = serialization.BestAvailableEncryption(b"correct horse")
    return bytes(pair.private.private_bytes(serialization.Encoding.PEM, form, encryption))


class Stick:
    """Files beside the node, and the options that name them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "stick"
        self.folder.mkdir()
        self.node = nodes.Node(folder / "node")
        self.node.write(inventory.NODE_CA, CA.certificate.decode())

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def pair(self, certificate: bytes = CA.certificate, key: bytes = CA.key) -> Dict[str, str]:
        return {"ca_cert": self.put("ca.pem", certificate), "ca_key": self.put("key.pem", key)}

    def backup(self, ca: bytes = CA.certificate, key: bytes = CA.key) -> Dict[str, str]:
        files = dict(backups.FILES)
        files.update({backups.PKI + "ca.pem": ca, backups.PKI + "private/ca.pem": key})
        data = backups.backup(backups.tar(list(files.items())))
        return {"engine_backup": self.put("engine.backup", data)}

    def load(self, **given: Any) -> Optional[signing.Authority]:
        chosen: Dict[str, Any] = dict.fromkeys(
            ("engine_backup", "ca_cert", "ca_key", "ca_passphrase_file", "ca_passphrase_fd")
        )
        arguments = argparse.Namespace(**dict(chosen, **given))
        return options.load(arguments, consoles.Console(), self.node.host)

    def refusal(self, **given: Any) -> List[str]:
        with pytest.raises(errors.UsageError) as caught:
            self.load(**given)
        return caught.value.lines()


@pytest.fixture
def stick(tmp_path: Path) -> Stick:
    (tmp_path / "node").mkdir()
    return Stick(tmp_path)


def test_load_without_any_option_is_no_ca(stick: Stick) -> None:
    assert stick.load() is None


def test_load_of_a_backup_has_certificate_key_and_address(stick: Stick) -> None:
    loaded = stick.load(**stick.backup())
    assert loaded is not None and signing.belong_together(loaded)
    assert loaded.url == "http://virt-he.example.test:80/ca"


def test_load_of_a_pair_has_no_address(stick: Stick) -> None:
    loaded = stick.load(**stick.pair())
    assert loaded is not None and (loaded.certificate, loaded.url) == (CA.loaded, "")


@pytest.mark.parametrize(
    "form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]
)
def test_load_of_an_encrypted_key_takes_its_passphrase(stick: Stick, form: Any) -> None:
    given = stick.pair(key=encrypted(CA, form))
    loaded = stick.load(ca_passphrase_file=stick.put("phrase", b"correct horse\n"), **given)
    assert loaded is not None and signing.belong_together(loaded)


def test_load_of_an_encrypted_key_takes_its_passphrase_from_a_descriptor(stick: Stick) -> None:
    given = stick.pair(key=encrypted(CA, serialization.PrivateFormat.PKCS8))
    reading, writing = os.pipe()
    os.write(writing, b"correct horse\n")
    os.close(writing)
    try:
        loaded = stick.load(ca_passphrase_fd=reading, **given)
    finally:
        os.close(reading)
    assert loaded is not None and signing.belong_together(loaded)


def test_load_of_an_encrypted_key_with_a_wrong_passphrase(stick: Stick) -> None:
    given = stick.pair(key=encrypted(CA))
    lines = stick.refusal(ca_passphrase_file=stick.put("phrase", b"wrong\n"), **given)
    assert lines[0].endswith("key.pem: the passphrase does not open it, or it is damaged")
    assert "wrong" not in "".join(lines[1:])


def test_load_of_an_encrypted_key_without_a_passphrase_says_how_to_give_it(stick: Stick) -> None:
    lines = stick.refusal(**stick.pair(key=encrypted(CA)))
    assert lines[0] == "cannot open the CA key: it is encrypted with a passphrase"
    assert "--ca-passphrase-file FILE" in lines[-1]


def test_load_of_a_plain_key_does_not_mind_a_passphrase(stick: Stick) -> None:
    given = stick.pair()
    assert stick.load(ca_passphrase_file=stick.put("phrase", b"needless\n"), **given)


@pytest.mark.parametrize("give", ["pair", "backup"])
def test_load_of_a_key_of_another_ca(stick: Stick, give: str) -> None:
    lines = stick.refusal(**getattr(stick, give)(CA.certificate, OTHER.key))
    assert "its key is not that of its certificate" in lines[0]


@pytest.mark.parametrize("ca", [OTHER, SAME_NAME], ids=["another name", "the same name"])
@pytest.mark.parametrize("give", ["pair", "backup"])
def test_load_of_a_ca_of_another_cluster_shows_both(
    stick: Stick, ca: authority.Pair, give: str
) -> None:
    lines = stick.refusal(**getattr(stick, give)(ca.certificate, ca.key))
    assert "this node trusts another CA: is it of another cluster?" in lines[0]
    assert [line for line in lines if inventory.NODE_CA in line and "SHA256" in line]
    assert "  unchanged: everything" in lines


@pytest.mark.parametrize("start, end", [(-500, -1), (1, 500)], ids=["expired", "not yet valid"])
def test_load_of_a_ca_that_is_not_valid_now(stick: Stick, start: int, end: int) -> None:
    ca = authority.issue(
        "engine.56789", is_ca=True, start=nodes.NOW + start * DAY, end=nodes.NOW + end * DAY
    )
    stick.node.write(inventory.NODE_CA, ca.certificate.decode())
    lines = stick.refusal(**stick.pair(ca.certificate, ca.key))
    assert "the CA is expired or not yet valid" in lines[0]
    assert any("valid from" in line for line in lines)


def test_load_of_an_old_backup_of_a_ca_that_was_renewed_since(stick: Stick) -> None:
    old = authority.issue(
        "engine.56789", is_ca=True, private=CA.private, start=START, end=nodes.NOW - DAY
    )
    loaded = stick.load(**stick.backup(old.certificate))
    assert loaded is not None and loaded.certificate == CA.loaded


@pytest.mark.parametrize(
    "given, says",
    [
        ({"ca_cert": "/ca.pem"}, "--ca-cert and --ca-key are given together"),
        ({"ca_key": "/key.pem"}, "--ca-cert and --ca-key are given together"),
        ({"ca_key": "/k", "ca_cert": "/c", "engine_backup": "/b"}, "they are two CAs: give one"),
        ({"ca_key": "/k", "ca_cert": "/no/such/file"}, "cannot read /no/such/file: No such file"),
        ({"engine_backup": "/no/such/file"}, "cannot read /no/such/file: No such file"),
        ({"engine_backup": "/"}, "cannot read /: Is a directory"),
    ],
)
def test_load_of_options_that_cannot_be_used(stick: Stick, given: Any, says: str) -> None:
    assert says in stick.refusal(**given)[0]


SPOILT: Dict[str, Callable[[Stick], Dict[str, str]]] = {
    "certificate for key": lambda stick: stick.pair(key=CA.certificate),
    "key for certificate": lambda stick: stick.pair(certificate=CA.key),
    "empty key": lambda stick: stick.pair(key=b""),
    "cut key": lambda stick: stick.pair(key=CA.key[:90]),
    "binary": lambda stick: stick.pair(certificate=bytes(range(256))),
    "cut key in a backup": lambda stick: stick.backup(key=CA.key[:90]),
}


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_load_of_spoilt_files_names_the_file(stick: Stick, kind: str) -> None:
    lines = stick.refusal(**SPOILT[kind](stick))
    assert lines[0].startswith("cannot read the ") and str(stick.folder) in lines[0]
