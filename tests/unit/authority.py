# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests, made with the cryptography library."""

import datetime
import ipaddress
from typing import Any, List, NamedTuple, Optional

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86400
START = 1640995200  # 2022-01-01
END = START + 398 * DAY


class Pair(NamedTuple):
    """A certificate and its key, both as PEM and as objects."""

    certificate: bytes
    key: bytes
    loaded: Any
    private: Any


def key(kind: str = "ec") -> Any:
    """Return a new private key; EC keys cost a hundredth of an RSA key's time."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def issue(
    name: str,
    issuer: Optional[Pair] = None,
    start: int = START,
    end: int = END,
    private: Any = None,
    sans: bool = True,
    is_ca: bool = False,
) -> Pair:
    """Return a new certificate, signed by `issuer` or by itself."""
    private = private or key()
    subject = _name(name)
    builder = x509.CertificateBuilder().subject_name(subject)
    builder = builder.issuer_name(issuer.loaded.subject if issuer else subject)
    builder = builder.public_key(private.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(_date(start)).not_valid_after(_date(end))
    builder = builder.add_extension(x509.BasicConstraints(is_ca, None), True)
    if sans and not is_ca:
        names: List[x509.GeneralName] = [
            x509.DNSName(name),
            x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    signed = builder.sign(issuer.private if issuer else private, hashes.SHA256())
    return Pair(signed.public_bytes(serialization.Encoding.PEM), key_pem(private), signed, private)


def key_pem(private: Any) -> bytes:
    return bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def der(pair: Pair) -> bytes:
    return bytes(pair.loaded.public_bytes(serialization.Encoding.DER))


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "example.test"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _date(epoch: int) -> datetime.datetime:
    return EPOCH + datetime.timedelta(seconds=epoch)


def pem_of(loaded: Any) -> bytes:
    return bytes(loaded.public_bytes(serialization.Encoding.PEM))
