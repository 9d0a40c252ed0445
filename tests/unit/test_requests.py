# SPDX-License-Identifier: Apache-2.0
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from recovery import errors, requests
from tests.unit import authority

KEY_PATH = "/etc/pki/vdsm/keys/vdsmkey.pem"
KEY = authority.key()
PEM = authority.key_pem(KEY)


def made(private: Any) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(private, hashes.SHA256())
    return bytes(request.public_bytes(serialization.Encoding.PEM))


def half(private: Any) -> bytes:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(private.public_key().public_bytes(serialization.Encoding.PEM, shape))


@pytest.mark.parametrize("of", [authority.key_pem, half], ids=["key", "public half"])
def test_matches_tells_whose_request_it_is(of: Any) -> None:
    request = made(KEY)
    assert requests.matches(request, KEY_PATH, of(KEY))
    assert not requests.matches(request, KEY_PATH, of(authority.key()))
    assert not requests.matches(request, KEY_PATH, of(authority.key("rsa")))


@pytest.mark.parametrize("cut", [0, 30, 200])
def test_matches_of_a_damaged_request_is_a_file_error(cut: int) -> None:
    with pytest.raises(errors.FileError):
        requests.matches(made(KEY)[:cut], KEY_PATH, PEM)


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage", PEM[:100], half(KEY)[:60], b"ssh-rsa AAAA"],
    ids=["empty", "text", "cut", "cut public half", "cut OpenSSH key"],
)
def test_matches_with_a_damaged_key_is_a_file_error_that_names_it(data: bytes) -> None:
    with pytest.raises(errors.FileError) as caught:
        requests.matches(made(KEY), KEY_PATH, data)
    assert caught.value.path == KEY_PATH
