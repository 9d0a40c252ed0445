# SPDX-License-Identifier: Apache-2.0
"""The engine's certificate authority at installation time: real X.509 and SSH certificates.

Made with the `cryptography` library; what it issues is judged later by `der`, which knows
nothing of it. Imports `keys` only.
"""

import datetime
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import oid

from simulators import keys

Subject = Sequence[Tuple[str, str]]
OIDS = {
    "C": oid.NameOID.COUNTRY_NAME,
    "O": oid.NameOID.ORGANIZATION_NAME,
    "OU": oid.NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": oid.NameOID.COMMON_NAME,
}
AIA = "http://%s:80/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA"


class Dates(NamedTuple):
    """A validity, in seconds since 1970."""

    begin: int
    end: int


class Issued(NamedTuple):
    serial: int
    dates: Dates
    subject: Tuple[Tuple[str, str], ...]
    pem: bytes
    key: bytes


def time_of(seconds: int) -> datetime.datetime:
    return datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)


def slashes(subject: Subject) -> str:
    return "".join("/%s=%s" % pair for pair in subject)


def _name(subject: Subject) -> x509.Name:
    return x509.Name([x509.NameAttribute(OIDS[kind], value) for kind, value in subject])


def _draft(
    subject: Subject, issuer: x509.Name, key: Any, dates: Dates, serial: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(time_of(dates.begin))
        .not_valid_after(time_of(dates.end))
    )


def _usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def _pem(certificate: x509.Certificate) -> bytes:
    return bytes(certificate.public_bytes(serialization.Encoding.PEM))


class Register:
    """The serial numbers and the database that both CAs of one engine share."""

    def __init__(self, first: int = 0x1000) -> None:
        self.next = first
        self.issued: List[Issued] = []

    def take(self) -> int:
        self.next += 1
        return self.next - 1


class Authority:
    """One CA: its own certificate and what it issues."""

    def __init__(
        self, register: Register, key: str, subject: Subject, dates: Dates, engine: str
    ) -> None:
        self.register = register
        self.key_name = key
        self.url = AIA % engine
        private = keys.key(key)
        serial = register.take()
        builder = _draft(subject, _name(subject), private, dates, serial)
        self.certificate = _authority_extensions(builder, private).sign(private, hashes.SHA256())
        self.pem = _pem(self.certificate)
        register.issued.append(Issued(serial, dates, tuple(subject), self.pem, keys.pem(key)))

    def issue(self, key: str, subject: Subject, dates: Dates, san: Optional[str] = None) -> Issued:
        serial = self.register.take()
        private = keys.key(key)
        builder = _draft(subject, self.certificate.subject, private, dates, serial)
        for extension, critical in self._extensions(private, san):
            builder = builder.add_extension(extension, critical)
        signed = builder.sign(keys.key(self.key_name), hashes.SHA256())
        issued = Issued(serial, dates, tuple(subject), _pem(signed), keys.pem(key))
        self.register.issued.append(issued)
        return issued

    def _extensions(self, private: Any, san: Optional[str]) -> List[Tuple[Any, bool]]:
        """The sections v3_ca and v3_ca_san of the engine's cert.conf."""
        identifier = x509.SubjectKeyIdentifier.from_public_key(self.certificate.public_key()).digest
        issuer = [x509.DirectoryName(self.certificate.issuer)]
        found: List[Tuple[Any, bool]] = [
            (x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False),
            (
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(
                            oid.AuthorityInformationAccessOID.CA_ISSUERS,
                            x509.UniformResourceIdentifier(self.url),
                        )
                    ]
                ),
                False,
            ),
            (
                x509.AuthorityKeyIdentifier(identifier, issuer, self.certificate.serial_number),
                False,
            ),
            (x509.BasicConstraints(False, None), False),
            (_usage("digital_signature", "key_encipherment"), True),
            (
                x509.ExtendedKeyUsage(
                    [oid.ExtendedKeyUsageOID.SERVER_AUTH, oid.ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                True,
            ),
        ]
        if san:
            found.append((x509.SubjectAlternativeName([x509.DNSName(san)]), False))
        return found

    def ssh_host_certificate(self, key: str, identity: str, dates: Dates) -> bytes:
        """As the engine's pki-enroll-openssh-cert signs it, with the CA's own key."""
        ssh = serialization
        # bcrypt, which only encrypted keys need, is no part of this
        builder = (
            ssh.SSHCertificateBuilder()
            .public_key(keys.key(key).public_key())
            .serial(0)
            .type(ssh.SSHCertificateType.HOST)
            .key_id(identity.encode())
            .valid_principals([identity.encode()])
            .valid_after(dates.begin)
            .valid_before(dates.end)
        )
        return bytes(builder.sign(keys.key(self.key_name)).public_bytes())


def _authority_extensions(
    builder: x509.CertificateBuilder, private: Any
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        builder.add_extension(identifier, False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False
        )
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(_usage("crl_sign", "key_cert_sign"), True)
    )


def pkcs12(key: str, certificate: bytes, alias: str, password: str) -> bytes:
    """Key and certificate in one file with a password, in as many rounds as openssl takes."""
    from cryptography.hazmat.primitives.serialization import pkcs12 as format_

    found = x509.load_pem_x509_certificate(certificate)
    builder = serialization.PrivateFormat.PKCS12.encryption_builder()
    secret = (
        builder.kdf_rounds(2048)
        .key_cert_algorithm(format_.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password.encode())
    )
    return bytes(
        format_.serialize_key_and_certificates(alias.encode(), keys.key(key), found, None, secret)
    )


def ssh_public(key: str) -> bytes:
    return bytes(
        keys.key(key)
        .public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
