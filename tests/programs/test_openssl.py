# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Callable

import pytest

from recovery import errors
from recovery.local_host import LocalHost
from recovery.programs import openssl
from tests.unit import nodes, samples


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def handshake(node: nodes.Node, case: str) -> openssl.Handshake:
    node.answers("openssl", *samples.read("openssl", case))
    return openssl.handshake(node.host, 54321, "/cert.pem", "/key.pem", "/ca.pem")


def test_handshake_asks_with_a_client_certificate_and_verifies(node: nodes.Node) -> None:
    handshake(node, "showcerts")
    asked = "-tls1_2 -showcerts -cert /cert.pem -key /key.pem -CAfile /ca.pem -verify_return_error"
    assert node.calls() == ["openssl s_client -connect localhost:54321 " + asked]


def test_handshake_with_an_ipv6_address_puts_it_into_brackets(node: nodes.Node) -> None:
    node.answers("openssl", *samples.read("openssl", "showcerts"))
    openssl.handshake(node.host, 443, ca="/ca.pem", address="2001:db8::5")
    assert "-connect [2001:db8::5]:443 " in node.calls()[0]


@pytest.mark.parametrize("case", ["showcerts", "valid-with-client-certificate"])
def test_handshake_accepted_returns_the_served_certificate(node: nodes.Node, case: str) -> None:
    seen = handshake(node, case)
    assert seen.verified and seen.problem == ""
    first = samples.read("openssl", case).stdout.split("-----END CERTIFICATE-----")[0]
    assert seen.certificate.decode() == first[first.index("-----BEGIN") :] + (
        "-----END CERTIFICATE-----"
    )


@pytest.mark.parametrize(
    "case, problem, shown",
    [
        ("expired-verify-return-error", "certificate has expired", False),
        ("expired-no-client-certificate", "certificate has expired", True),
        ("no-ca-file", "self-signed certificate in certificate chain", True),
        ("client-certificate-expired", "certificate expired", True),
        ("connection-refused", "Connection refused", False),
    ],
)
def test_handshake_refused_says_why(node: nodes.Node, case: str, problem: str, shown: bool) -> None:
    seen = handshake(node, case)
    assert (seen.verified, seen.problem) == (False, problem)
    assert bool(seen.certificate) is shown


def test_handshake_whose_client_certificate_is_refused_says_whose(node: nodes.Node) -> None:
    assert "certificate" in handshake(node, "client-certificate-expired").problem


@pytest.mark.parametrize("text", ["", "something nobody has seen\n"])
def test_handshake_in_unknown_words_is_not_verified(node: nodes.Node, text: str) -> None:
    node.answers("openssl", text)
    seen = openssl.handshake(node.host, 54321, "c", "k", "a")
    assert seen == openssl.Handshake(b"", False, "no TLS connection")


def test_handshake_accepted_in_words_but_ended_badly_is_not_verified(node: nodes.Node) -> None:
    node.answers("openssl", samples.read("openssl", "showcerts").stdout, status=1)
    assert not openssl.handshake(node.host, 54321, "c", "k", "a").verified


def test_handshake_without_openssl_is_program_missing(node: nodes.Node) -> None:
    with pytest.raises(errors.ProgramMissing):
        openssl.handshake(node.host, 54321, "c", "k", "a")


def test_request_of_an_unusable_key_says_what_openssl_said(
    tmp_path: Path, real_programs: Callable[..., Path]
) -> None:
    here = LocalHost("/", str(real_programs("openssl")))
    path = tmp_path / "key.pem"
    path.write_text("garbage")
    with pytest.raises(errors.ProgramFailed) as caught:
        openssl.request(here, str(path))
    assert caught.value.exit_status == 1 and str(path) in str(caught.value)


def test_request_of_a_key_with_a_passphrase_is_refused_not_asked_about(
    tmp_path: Path, real_programs: Callable[..., Path]
) -> None:
    here = LocalHost("/", str(real_programs("openssl")))
    path = str(tmp_path / "key.pem")
    here.run(["openssl", "genrsa", "-aes128", "-passout", "pass:horse", "-out", path, "2048"])
    with pytest.raises(errors.ProgramFailed):
        openssl.request(here, path)
