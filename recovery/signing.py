# SPDX-License-Identifier: Apache-2.0
"""Sign a node's request as the engine's own CA does: pure functions on bytes.

Extensions, their order and their bytes are those of `openssl ca -extfile cert.conf -extensions
v3_ca_san` (engine: cert.template.in, pki-enroll-request.sh). Imports certificates, errors,
inventory, pem. The cryptography library is imported where it is used, see `pem`.
"""

import binascii
import datetime
import ipaddress
import re
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from recovery import certificates, errors, inventory, pem

URL = "http://%s:80/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA"
# The engine counts its serial numbers up from 0x1000 (engine: serial.txt). Ours have their 159th
# bit set: positive, of 20 octets as RFC 5280 allows, and nowhere near.
SERIAL_FLOOR = 1 << 158
EPOCH = datetime.datetime(1970, 1, 1)
KEY_BITS = 2048  # what every oVirt release makes and every one of its readers knows
NAMES = {
    "C": "COUNTRY_NAME",
    "ST": "STATE_OR_PROVINCE_NAME",
    "L": "LOCALITY_NAME",
    "O": "ORGANIZATION_NAME",
    "OU": "ORGANIZATIONAL_UNIT_NAME",
    "CN": "COMMON_NAME",
    "DC": "DOMAIN_COMPONENT",
    "UID": "USER_ID",
}
USAGES = (
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


class Wanted(NamedTuple):
    """What the certificate is to say. start, end: seconds since the epoch."""

    subject: str  # as openssl's -subj takes it
    sans: Tuple[str, ...]  # "DNS:name", "IP:address"
    start: int
    end: int
    url: str = ""  # where the CA's certificate can be had; "" leaves that extension out


class Authority(NamedTuple):
    """A CA that signs here; the key is in memory only."""

    certificate: Any  # x509.Certificate
    key: Any
    url: str = ""  # where the engine says its certificate can be had

    def __repr__(self) -> str:
        return "Authority(********)"


def sign(request: bytes, authority: Authority, wanted: Wanted) -> bytes:
    """Return the certificate in PEM. Raises: errors.Error for a request that is none."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    try:
        asked = x509.load_pem_x509_csr(request)
    except ValueError as caught:
        raise errors.Error("sign the request", "it cannot be read (%s)" % caught) from caught
    builder = _draft(asked.public_key(), wanted).issuer_name(authority.certificate.subject)
    for extension, critical in _of_a_node(asked.public_key(), authority.certificate, wanted):
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(authority.key, hashes.SHA256())
    return bytes(signed.public_bytes(serialization.Encoding.PEM))


def temporary(subject: str, start: int, end: int) -> Authority:
    """Return a new CA of our own, valid for so long; nobody else ever has its key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, KEY_BITS)
    wanted = Wanted(subject, (), start, end)
    builder = _draft(key.public_key(), wanted).issuer_name(name(subject))
    for extension, critical in _of_an_authority(key.public_key()):
        builder = builder.add_extension(extension, critical)
    return Authority(builder.sign(key, hashes.SHA256()), key)


def text(authority: Authority) -> bytes:
    """Return the certificate of a CA in PEM."""
    from cryptography.hazmat.primitives import serialization

    return bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))


def belong_together(authority: Authority) -> bool:
    """Tell whether the key is that of the CA certificate."""
    return certificates.same_key(authority.certificate.public_key(), authority.key.public_key())


def trusted(authority: Authority, path: str, data: bytes) -> List[Any]:
    """Return the CA certificates of a file that this CA can sign for: same name, same key.

    A renewed CA keeps both, so its file may be older or newer than ours. Raises: errors.FileError.
    """
    ours = authority.certificate
    return [
        one
        for one in pem.load(path, data)
        if one.subject == ours.subject
        and certificates.same_key(one.public_key(), ours.public_key())
    ]


def described(certificate: Any) -> str:
    """Return a CA in one line: its name and the beginning of its SHA-256 fingerprint."""
    from cryptography.hazmat.primitives import hashes

    digits = binascii.hexlify(certificate.fingerprint(hashes.SHA256())).decode("ascii").upper()
    pairs = ":".join(digits[at : at + 2] for at in range(0, 16, 2))
    return "%s, SHA256 %s:..." % (certificates.named(certificate.subject), pairs)


def url_of(data: bytes) -> str:
    """Return the address of the CA's certificate that a certificate names, "" for none."""
    x509 = pem.x509()
    try:
        found = pem.load("certificate", data)[0].extensions.get_extension_for_class(
            x509.AuthorityInformationAccess
        )
    except (errors.FileError, ValueError, x509.ExtensionNotFound):
        return ""
    for one in found.value:
        if one.access_method == x509.AuthorityInformationAccessOID.CA_ISSUERS:
            return str(one.access_location.value)
    return ""


def record(data: bytes) -> bytes:
    """Return what the engine should know of a certificate: a line of its database.txt, and PEM.

    The line is as `openssl ca` writes it: V, the end, no revocation, serial, file, subject.
    """
    from cryptography.hazmat.primitives import serialization

    issued = pem.load("the new certificate", data)[0]
    digits = "%X" % issued.serial_number
    seen = certificates.describe(inventory.COPIES[0], data)[0]
    line = "V\t%s\t\t%s\tunknown\t%s\n" % (
        _stamp(seen.not_after),
        digits.zfill(len(digits) + len(digits) % 2),
        certificates.subject_argument(seen.subject),
    )
    return line.encode("utf-8") + bytes(issued.public_bytes(serialization.Encoding.PEM))


def _stamp(epoch: int) -> str:
    """As a certificate writes it: two digits of the year before 2050 (RFC 5280, 4.1.2.5)."""
    when = EPOCH + datetime.timedelta(seconds=epoch)
    return when.strftime("%y%m%d%H%M%SZ" if when.year < 2050 else "%Y%m%d%H%M%SZ")


def name(subject: str) -> Any:
    """Return "/O=a/CN=b" as an x509 name. Raises: errors.Error for a label nobody knows."""
    x509 = pem.x509()
    parts = [part.replace("\\/", "/") for part in re.split(r"(?<!\\)/", subject) if part]
    pairs = [part.partition("=")[::2] for part in parts]
    return x509.Name([x509.NameAttribute(_oid(x509, label), value) for label, value in pairs])


def _oid(x509: Any, label: str) -> Any:
    if label in NAMES:
        return getattr(x509.NameOID, NAMES[label])
    try:
        return x509.ObjectIdentifier(label)
    except ValueError as caught:
        raise errors.Error("sign for this subject", "it has a part named '%s'" % label) from caught


def _draft(public: Any, wanted: Wanted) -> Any:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(name(wanted.subject))
        .public_key(public)
        .serial_number(SERIAL_FLOOR | x509.random_serial_number())
        .not_valid_before(EPOCH + datetime.timedelta(seconds=wanted.start))
        .not_valid_after(EPOCH + datetime.timedelta(seconds=wanted.end))
    )


def _of_a_node(public: Any, issuer: Any, wanted: Wanted) -> List[Tuple[Any, bool]]:
    """Return the extensions of section v3_ca_san, in its order, with whether each is critical."""
    x509 = pem.x509()
    purposes = x509.ExtendedKeyUsageOID
    found: List[Tuple[Any, bool]] = [
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (_issuer_s_identity(x509, issuer), False),
        (x509.BasicConstraints(False, None), False),
        (_usage(x509, "digital_signature", "key_encipherment"), True),
        (x509.ExtendedKeyUsage([purposes.SERVER_AUTH, purposes.CLIENT_AUTH]), True),
        (x509.SubjectAlternativeName(general_names(wanted.sans)), False),
    ]
    if wanted.url:
        access = x509.AuthorityInformationAccessOID.CA_ISSUERS
        place = x509.UniformResourceIdentifier(wanted.url)
        told = x509.AuthorityInformationAccess([x509.AccessDescription(access, place)])
        found.insert(1, (told, False))
    return found


def _of_an_authority(public: Any) -> List[Tuple[Any, bool]]:
    """Return the extensions of the engine's cacert.conf, for a CA that signs leaves only."""
    x509 = pem.x509()
    return [
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False),
        (x509.BasicConstraints(True, 0), True),
        (_usage(x509, "key_cert_sign", "crl_sign"), True),
    ]


def _issuer_s_identity(x509: Any, issuer: Any) -> Any:
    """Return key identifier, issuer and serial of the CA: "keyid:always,issuer:always"."""
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        own = x509.SubjectKeyIdentifier.from_public_key(issuer.public_key())
    above = [x509.DirectoryName(issuer.issuer)]
    return x509.AuthorityKeyIdentifier(own.digest, above, issuer.serial_number)


def _usage(x509: Any, *chosen: str) -> Any:
    flags: Dict[str, bool] = {usage: usage in chosen for usage in USAGES}
    return x509.KeyUsage(**flags)


def general_names(sans: Sequence[str]) -> List[Any]:
    """Return "DNS:name" and "IP:address" as the library's names. Raises: errors.Error."""
    x509 = pem.x509()
    found: List[Any] = []
    for san in sans:
        kind, _, value = san.partition(":")
        if kind == "DNS":
            found.append(x509.DNSName(value))
        elif kind == "IP":
            found.append(x509.IPAddress(ipaddress.ip_address(value)))
        else:
            raise errors.Error("sign for this name", "'%s' is neither DNS: nor IP:" % san)
    return found
