# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates and keys as bytes of files: pure functions.

Imports errors, inventory, observation, pem, ssh_certificate. The cryptography library is imported
where it is used, see `pem`.
"""

import base64
import calendar
import hashlib
import re
from typing import Any, Callable, List, Optional, Sequence, Tuple

from recovery import errors, inventory, pem, ssh_certificate
from recovery.observation import Certificate

Reader = Callable[[str], bytes]

load_public = pem.load_public


def describe(entry: inventory.Entry, data: bytes) -> List[Certificate]:
    """Return what a certificate file says about itself: all of a CA file, else the first.

    A file that cannot be used becomes one certificate of state "unreadable".
    """
    try:
        if entry.kind == inventory.VMCONSOLE:
            return [_describe_ssh(entry, data)]
        loaded = pem.load(entry.path, data)
        several = entry.kind in (inventory.CA, inventory.QEMU_CA)
        return [_describe(entry, one) for one in (loaded if several else loaded[:1])]
    except errors.FileError as error:
        return [unreadable(entry, error.cause)]


def unreadable(entry: inventory.Entry, problem: str) -> Certificate:
    """Return the certificate of a file that cannot be used."""
    return Certificate(
        entry.path,
        entry.kind,
        state="unreadable",
        problem=problem,
        key_path=entry.key_path,
        ca_path=entry.ca_path,
    )


def survey(
    read: Reader, entries: Sequence[inventory.Entry], keys: Optional[Reader] = None
) -> List[Certificate]:
    """Return all certificates present, each compared with its key and its CA.

    `read(path)` raises errors.FileMissing / errors.FileError, so does `keys(path)`, which may
    return the public half of a key instead. A missing file counts only where no oVirt node is
    without it.
    """
    found: List[Certificate] = []
    for entry in entries:
        try:
            data = read(entry.path)
        except errors.FileMissing:
            if entry.required:
                found.append(unreadable(entry, "the file is missing"))
        except errors.FileError as error:
            found.append(unreadable(entry, error.cause))
        else:
            found += [_compared(read, keys or read, one, data) for one in describe(entry, data)]
    return found


def key_matches(path: str, data: bytes, key_path: str, key_data: bytes) -> bool:
    """Return whether the first certificate of `data` holds the public half of the key.

    The key may be given as its public half. Raises: errors.FileError when either file cannot
    be used.
    """
    public = pem.load_public(key_path, key_data)
    return _spki(pem.load(path, data)[0].public_key()) == _spki(public)


def signed_by(path: str, data: bytes, ca_path: str, ca_data: bytes) -> bool:
    """Return whether a CA of `ca_data` is the issuer, by name and by signature; no dates.

    Raises: errors.FileError when either file cannot be used.
    """
    certificate = pem.load(path, data)[0]
    return any(_issued(certificate, authority) for authority in pem.load(ca_path, ca_data))


def same_key(one: Any, other: Any) -> bool:
    """Return whether two public keys are the same."""
    return _spki(one) == _spki(other)


def dates(path: str, data: bytes) -> Tuple[int, int]:
    """Return notBefore and notAfter of a file's first certificate. Raises: errors.FileError."""
    return validity(pem.load(path, data)[0])


def validity(certificate: Any) -> Tuple[int, int]:
    """Return notBefore and notAfter of a loaded certificate."""
    return _epoch(certificate, "not_valid_before"), _epoch(certificate, "not_valid_after")


def subject_argument(subject: str) -> str:
    """Return "O=a, CN=b" as openssl's -subj takes it: "/O=a/CN=b"."""
    parts = re.split(r"(?<!\\), ", subject)
    return "".join("/" + part.replace("\\,", ",").replace("/", "\\/") for part in parts)


def common_name(subject: str) -> str:
    """Return the CN of a subject as `Certificate.subject` writes it, "" when it has none."""
    for part in re.split(r"(?<!\\), ", subject):
        if part.startswith("CN="):
            return part[3:].replace("\\,", ",")
    return ""


# Describing


def _describe(entry: inventory.Entry, certificate: Any) -> Certificate:
    from cryptography.hazmat.primitives import serialization

    der = certificate.public_bytes(serialization.Encoding.DER)
    sans, is_ca = _extensions(entry.path, certificate)
    return Certificate(
        path=entry.path,
        kind=entry.kind,
        subject=named(certificate.subject),
        issuer=named(certificate.issuer),
        sans=sans,
        serial=certificate.serial_number,
        not_before=_epoch(certificate, "not_valid_before"),
        not_after=_epoch(certificate, "not_valid_after"),
        is_ca=is_ca,
        key_path=entry.key_path,
        ca_path=entry.ca_path,
        fingerprint=hashlib.sha256(der).hexdigest(),
        spki=hashlib.sha256(_spki(certificate.public_key())).hexdigest(),
    )


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


def _extensions(path: str, certificate: Any) -> Tuple[Tuple[str, ...], bool]:
    x509 = pem.x509()
    sans: List[str] = []
    is_ca = False
    try:
        for extension in certificate.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                sans = [_san(x509, general) for general in extension.value]
            elif isinstance(extension.value, x509.BasicConstraints):
                is_ca = bool(extension.value.ca)
    except ValueError as error:
        raise pem.refused(path, "its extensions are damaged (%s)" % error) from error
    return tuple(sans), is_ca


def _san(x509: Any, general: Any) -> str:
    if isinstance(general, x509.DNSName):
        return "DNS:%s" % general.value
    if isinstance(general, x509.IPAddress):
        return "IP:%s" % general.value
    return "%s:%s" % (type(general).__name__, general.value)


def _spki(public_key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return bytes(
        public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _describe_ssh(entry: inventory.Entry, data: bytes) -> Certificate:
    ssh = ssh_certificate.parse(entry.path, data)
    return Certificate(
        path=entry.path,
        kind=entry.kind,
        subject=ssh.key_id,
        issuer="SSH CA SHA256:" + _openssh_fingerprint(ssh.authority),
        sans=tuple("DNS:" + name for name in ssh.principals),
        serial=ssh.serial,
        not_before=ssh.valid_after,
        not_after=ssh.valid_before,
        key_path=entry.key_path,
        ca_path=entry.ca_path,
        fingerprint=hashlib.sha256(ssh.blob).hexdigest(),
        spki=hashlib.sha256(ssh.public_key).hexdigest(),
    )


def _openssh_fingerprint(blob: bytes) -> str:
    return base64.b64encode(hashlib.sha256(blob).digest()).decode("ascii").rstrip("=")


# Comparing


def _issued(certificate: Any, authority: Any) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _compared(read: Reader, keys: Reader, certificate: Certificate, data: bytes) -> Certificate:
    if certificate.state != "ok":
        return certificate
    match, problem = _key_judged(keys, certificate, data)
    return certificate._replace(
        key_match=match, problem=problem, chain=_chain_judged(read, certificate, data)
    )


def _key_judged(keys: Reader, of: Certificate, data: bytes) -> Tuple[Optional[bool], str]:
    if not of.key_path:
        return None, ""
    try:
        key_data = keys(of.key_path)
        if of.kind == inventory.VMCONSOLE:
            public = ssh_certificate.public_blob(pem.load_public(of.key_path, key_data))
            return public == ssh_certificate.parse(of.path, data).public_key, ""
        return key_matches(of.path, data, of.key_path, key_data), ""
    except errors.FileMissing:
        return None, "its key %s is missing" % of.key_path
    except errors.FileError as error:
        return False, "its key %s: %s" % (of.key_path, error.cause)


def _chain_judged(read: Reader, of: Certificate, data: bytes) -> Optional[bool]:
    if not of.ca_path:
        return None
    try:
        ca_data = read(of.ca_path)
        if of.kind == inventory.VMCONSOLE:
            return ssh_certificate.parse(of.path, data).authority in (
                ssh_certificate.public_keys(ca_data)
            )
        return signed_by(of.path, data, of.ca_path, ca_data)
    except errors.FileError:
        return None
