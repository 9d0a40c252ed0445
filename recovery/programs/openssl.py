# SPDX-License-Identifier: Apache-2.0
"""openssl: what a daemon serves right now (man s_client), and requests (man req)."""

import base64
import re
from typing import NamedTuple

from recovery import errors, host

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
PUBLIC = re.compile(r"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.DOTALL)


class Handshake(NamedTuple):
    """Outcome of one TLS handshake made under the node's own clock."""

    certificate: bytes  # PEM of the served certificate, b"" when none was shown
    verified: bool  # both sides accepted each other
    problem: str  # openssl's words, "" when verified


def handshake(
    node: host.Host,
    port: int,
    certificate: str = "",
    key: str = "",
    ca: str = "",
    address: str = "localhost",
    timeout: float = 30,
) -> Handshake:
    """Make a TLS connection, with a client certificate where one is demanded, as vdsm does.

    A peer that is not accepted is shown all the same where we show no certificate of our own.
    Never raises for a refused connection or certificate: that is the answer.
    """
    # In TLS 1.3 a refusal of our certificate comes after the handshake, and s_client, its input
    # at an end, would be gone before it reads that; in 1.2 it is part of the handshake.
    at = "%s:%d" % (host.bracketed(address), port)
    argv = ["openssl", "s_client", "-connect", at, "-tls1_2", "-showcerts"]
    if certificate:
        argv += ["-cert", certificate, "-key", key, "-CAfile", ca, "-verify_return_error"]
    else:
        argv += ["-servername", address, "-CAfile", ca]
    # Only a program that could not be run at all is an error of ours.
    try:
        output = node.run(argv, timeout=timeout, ok=range(256))
    except errors.ProgramTimeout as caught:  # a firewall that drops says nothing
        return Handshake(b"", False, caught.cause)
    served = PEM.search(output.stdout)
    pem = served.group(0).encode("ascii", "replace") if served else b""
    text = output.stdout + output.stderr
    if output.status == 0 and re.search(r"Verify return code: 0 \(ok\)", text):
        return Handshake(pem, True, "")
    return Handshake(pem, False, _problem(text) or "no TLS connection")


def request(node: host.Host, key: str) -> bytes:
    """Return a PEM request of a key, its subject empty as oVirt's own enrollment makes it.

    The signer gives subject and extensions; a key with a passphrase is refused, not asked about.
    Raises: ProgramFailed.
    """
    argv = ["openssl", "req", "-new", "-batch", "-sha256", "-subj", "/"]
    return node.run(argv + ["-key", key, "-passin", "pass:"]).stdout.encode("ascii", "replace")


def request_key(node: host.Host, request: bytes) -> bytes:
    """Return the public key of a request as DER, b"" for none that is signed by that key.

    Raises: errors.ProgramError.
    """
    argv = ["openssl", "req", "-verify", "-noout", "-pubkey"]
    output = node.run(argv, input=request, timeout=30, ok=(0, 1))
    # Until 1.1.1 the status is 0 either way: the words count.
    found = PUBLIC.search(output.stdout)
    if "verify OK" not in output.stdout + output.stderr or found is None:
        return b""
    return base64.b64decode(found.group(1))


def _problem(text: str) -> str:
    for pattern in (
        r"Verify return code: [1-9]\d* \((.*?)\)",
        r"verify error:num=\d+:(.*)",
        r"alert ((?:certificate )?[a-z ]+)",
        r"(Connection refused)",
    ):
        found = re.search(pattern, text)
        if found:
            return found.group(1).strip()
    return ""
