# SPDX-License-Identifier: Apache-2.0
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from recovery import errors, requests
from tests.unit import authority

KEY_PATH = "/etc/pki/vdsm/keys/vdsmkey.pem"
KEY = authority.key()
PEM = authority.key_pem(KEY)


def half(private: Any) -> bytes:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(private.public_key().public_bytes(serialization.Encoding.PEM, shape))


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_make_returns_a_request_of_the_key_without_a_subject(kind: str) -> None:
    private = authority.key(kind)
    request = requests.make(KEY_PATH, authority.key_pem(private))
    loaded = x509.load_pem_x509_csr(request)
    assert list(loaded.subject) == [] and loaded.is_signature_valid
    assert loaded.public_key().public_numbers() == (  # type: ignore[union-attr]
        private.public_key().public_numbers()
    )


def test_make_agrees_with_openssl(tmp_path: Path, real_program: Callable[[str], str]) -> None:
    path = tmp_path / "request.pem"
    path.write_bytes(requests.make(KEY_PATH, PEM))
    argv = [real_program("openssl"), "req", "-noout", "-verify", "-subject", "-in", str(path)]
    text = subprocess.check_output(argv, stderr=subprocess.STDOUT).decode().lower()
    assert "verify ok" in text


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage", PEM[:100], b"\x30\x82\x01"],
    ids=["empty", "text", "cut", "binary"],
)
def test_make_of_an_unusable_key_is_a_file_error_that_names_it(data: bytes) -> None:
    with pytest.raises(errors.FileError, match=KEY_PATH):
        requests.make(KEY_PATH, data)


def test_make_of_a_certificate_instead_of_a_key_is_a_file_error() -> None:
    with pytest.raises(errors.FileError):
        requests.make(KEY_PATH, authority.issue("virt-host1.example.test").certificate)


def test_make_never_shows_the_key() -> None:
    assert b"PRIVATE" not in requests.make(KEY_PATH, PEM)


def test_matches_tells_whose_request_it_is() -> None:
    request = requests.make(KEY_PATH, PEM)
    assert requests.matches(request, KEY_PATH, PEM)
    assert not requests.matches(request, KEY_PATH, authority.key_pem(authority.key()))
    assert not requests.matches(request, KEY_PATH, authority.key_pem(authority.key("rsa")))


@pytest.mark.parametrize("cut", [0, 30, 200])
def test_matches_of_a_damaged_request_is_a_file_error(cut: int) -> None:
    with pytest.raises(errors.FileError):
        requests.matches(requests.make(KEY_PATH, PEM)[:cut], KEY_PATH, PEM)


@pytest.mark.parametrize("of", [authority.key_pem, half], ids=["key", "public half"])
def test_matches_tells_by_the_key_or_its_public_half(of: Any) -> None:
    request = requests.make(KEY_PATH, PEM)
    assert requests.matches(request, KEY_PATH, of(KEY))
    assert not requests.matches(request, KEY_PATH, of(authority.key()))
    assert not requests.matches(request, KEY_PATH, of(authority.key("rsa")))


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage", PEM[:100], half(KEY)[:60], b"ssh-rsa AAAA"],
    ids=["empty", "text", "cut", "cut public half", "cut OpenSSH key"],
)
def test_matches_with_a_damaged_key_is_a_file_error_that_names_it(data: bytes) -> None:
    with pytest.raises(errors.FileError) as caught:
        requests.matches(requests.make(KEY_PATH, PEM), KEY_PATH, data)
    assert caught.value.path == KEY_PATH
