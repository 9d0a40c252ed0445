# SPDX-License-Identifier: Apache-2.0
"""openssl: what the daemon on vdsm's port serves, and the certificates in files."""

import re

import pytest

from recovery.programs import openssl
from tests.contract.machine.subject import Subject

PKI = "/etc/pki/vdsm/"
CERTIFICATE, KEY, CA = (
    PKI + "certs/vdsmcert.pem",
    PKI + "keys/vdsmkey.pem",
    PKI + "certs/cacert.pem",
)
PORT = 54321


def test_expired_certificate_is_served_and_refused(running: Subject) -> None:
    found = openssl.handshake(running.node, PORT, CERTIFICATE, KEY, CA)
    assert (found.verified, found.problem) == (False, "certificate has expired")
    assert found.certificate == running.node.read(CERTIFICATE).strip()


def test_nobody_serves(expired: Subject) -> None:
    found = openssl.handshake(expired.node, PORT, CERTIFICATE, KEY, CA)
    assert found == openssl.Handshake(b"", False, "Connection refused")


def test_refused_handshake_as_openssl_tells_it(running: Subject) -> None:
    words = ["openssl", "s_client", "-connect", "localhost:%d" % PORT, "-tls1_2", "-showcerts"]
    words += ["-cert", CERTIFICATE, "-key", KEY, "-CAfile", CA, "-verify_return_error"]
    output = running.run(*words)
    assert output.status == 1
    assert output.stdout.startswith("CONNECTED(00000003)\n---\n")
    assert "verify error:num=10:certificate has expired\nnotAfter=Jan 20 10:00:00 2023 GMT\n" in (
        output.stderr
    )


def test_expired_certificate_of_a_client_is_refused_by_the_daemon(running: Subject) -> None:
    """The client itself is content with what it is shown: it does not say -verify_return_error."""
    words = ["openssl", "s_client", "-connect", "localhost:%d" % PORT, "-tls1_2"]
    output = running.run(*(words + ["-cert", CERTIFICATE, "-key", KEY, "-CAfile", CA]))
    assert output.status == 1
    assert "alert certificate expired" in output.stderr and "alert number 45" in output.stderr


@pytest.mark.parametrize(
    "words, pattern",
    [
        (["-enddate"], r"notAfter=Jan 20 10:00:00 2023 GMT\n$"),
        (["-startdate"], r"notBefore=Dec 17 10:00:00 2021 GMT\n$"),
        (["-subject"], r"subject=O = example\.test, CN = virt-host1\.example\.test\n$"),
        (["-issuer"], r"issuer=C = US, O = example\.test, CN = virt-he\.example\.test\.56789\n$"),
        (["-checkend", "0"], r"Certificate will expire\n$"),
    ],
)
def test_certificate_in_a_file(expired: Subject, words, pattern: str) -> None:
    output = expired.run("openssl", "x509", "-in", CERTIFICATE, "-noout", *words)
    assert output.stderr == "" and output.status == (1 if words[0] == "-checkend" else 0)
    assert re.match(pattern, output.stdout), output.stdout


def test_verification_follows_the_nodes_own_clock(fresh: Subject) -> None:
    text = "error %s: verification failed\n" % CERTIFICATE
    out, err, status = fresh.texts("openssl", "verify", "-CAfile", CA, CERTIFICATE)
    assert (out, status) == ("", 2)
    assert "error 10 at 0 depth lookup: certificate has expired\n" in err and err.endswith(text)
    fresh.ok("systemctl", "stop", "chronyd.service")
    assert fresh.run("date", "-s", "@1674122400").status == 0
    told = fresh.texts("openssl", "verify", "-CAfile", CA, CERTIFICATE)
    assert told == (CERTIFICATE + ": OK\n", "", 0)


def test_request_from_the_present_key(expired: Subject) -> None:
    words = ["openssl", "req", "-new", "-key", KEY, "-subj", "/CN=virt-host1.example.test"]
    output = expired.run(*words)
    assert output.status == 0
    assert output.stdout.startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    asked = ["openssl", "req", "-noout", "-pubkey"]
    key = expired.run(*asked, data=output.stdout.encode()).stdout
    assert key == expired.ok("openssl", "pkey", "-in", KEY, "-pubout")
