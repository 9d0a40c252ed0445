# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys read by the cryptography library. Imports pem and ssh_certificate.

`x509_plain` answers the same questions where the library cannot be loaded.
"""

import calendar
from typing import Any, List, Tuple, Type

from recovery import pem, ssh_certificate


class Certificate:
    """One certificate, dates in seconds since the epoch.

    Raises: ValueError, TypeError when it is damaged.
    """

    def __init__(self, der: bytes) -> None:
        self._loaded = pem.x509().load_der_x509_certificate(der)
        self.der = der
        self.serial = int(self._loaded.serial_number)
        self.not_before, self.not_after = validity(self._loaded)

    @property
    def subject(self) -> str:
        return named(self._loaded.subject)

    @property
    def issuer(self) -> str:
        return named(self._loaded.issuer)

    @property
    def spki(self) -> bytes:
        return spki(self._loaded.public_key())

    def extensions(self) -> Tuple[Tuple[str, ...], bool]:
        """Return the subjectAltNames, and whether it is a CA. Raises: ValueError if damaged."""
        x509 = pem.x509()
        sans: List[str] = []
        is_ca = False
        for extension in self._loaded.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                sans = [_san(x509, general) for general in extension.value]
            elif isinstance(extension.value, x509.BasicConstraints):
                is_ca = bool(extension.value.ca)
        return tuple(sans), is_ca

    def issued_by(self, authority: "Certificate") -> bool:
        """Tell whether the authority is the issuer, by name and by signature; no dates."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        try:
            self._loaded.verify_directly_issued_by(authority._loaded)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True


def damaged() -> Tuple[Type[Exception], ...]:
    """Return what the library raises for a certificate that cannot be used."""
    from cryptography.exceptions import UnsupportedAlgorithm

    x509 = pem.x509()
    odd = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, x509.InvalidVersion)
    return (ValueError, TypeError, LookupError, UnsupportedAlgorithm) + odd


def public_key(path: str, data: bytes) -> bytes:
    """Return the public half of a key, also given as such, as DER. Raises: FileError."""
    return spki(pem.load_public(path, data))


def ssh_public_key(path: str, data: bytes) -> bytes:
    """Return the public half of a key, also given as such, in ssh's wire form; or FileError."""
    return ssh_certificate.public_blob(pem.load_public(path, data))


def validity(certificate: Any) -> Tuple[int, int]:
    """Return notBefore and notAfter of a certificate that the library loaded."""
    return _epoch(certificate, "not_valid_before"), _epoch(certificate, "not_valid_after")


def same_key(one: Any, other: Any) -> bool:
    """Return whether two public keys are the same."""
    return spki(one) == spki(other)


def _epoch(certificate: Any, name: str) -> int:
    # Version 42 added the aware "..._utc" names and deprecated the naive ones; 40 has only those.
    aware = name + "_utc"
    moment = getattr(certificate, aware if hasattr(certificate, aware) else name)
    return calendar.timegm(moment.utctimetuple())


def named(name: Any) -> str:
    """Return an x509 name as text, in the order of the certificate."""
    parts = []
    for attribute in name:
        label = attribute.rfc4514_attribute_name
        parts.append("%s=%s" % (label, str(attribute.value).replace(",", "\\,")))
    return ", ".join(parts)


def _san(x509: Any, general: Any) -> str:
    if isinstance(general, x509.DNSName):
        return "DNS:%s" % general.value
    if isinstance(general, x509.IPAddress):
        return "IP:%s" % general.value
    return "%s:%s" % (type(general).__name__, general.value)


def spki(public_key: Any) -> bytes:
    """Return a public key as DER, to be compared."""
    from cryptography.hazmat.primitives import serialization

    return bytes(
        public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
