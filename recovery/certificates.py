# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates and keys as bytes of files: pure functions.

Imports errors, inventory, observation, pem, ssh_certificate, x509_compiled. What reads them is
chosen in `pem`: the cryptography library, or plain Python where that cannot be loaded.
"""

import base64
import hashlib
import re
from typing import Any, Callable, List, Optional, Sequence, Tuple

from recovery import errors, inventory, pem, ssh_certificate, x509_compiled
from recovery.observation import Certificate

Reader = Callable[[str], bytes]

# Of what `pem.load` and `pem.load_key` return: for those who sign.
load_public = pem.load_public
named = x509_compiled.named
validity = x509_compiled.validity
same_key = x509_compiled.same_key


def describe(entry: inventory.Entry, data: bytes) -> List[Certificate]:
    """Return what a certificate file says about itself: all of a CA file, else the first.

    A file that cannot be used becomes one certificate of state "unreadable".
    """
    try:
        if entry.kind == inventory.VMCONSOLE:
            return [_describe_ssh(entry, data)]
        loaded = _loaded(entry.path, data)
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
    public = pem.reader().public_key(key_path, key_data)
    return bool(_loaded(path, data)[0].spki == public)


def signed_by(path: str, data: bytes, ca_path: str, ca_data: bytes) -> bool:
    """Return whether a CA of `ca_data` is the issuer, by name and by signature; no dates.

    Raises: errors.FileError when either file cannot be used.
    """
    certificate = _loaded(path, data)[0]
    return any(certificate.issued_by(authority) for authority in _loaded(ca_path, ca_data))


def dates(path: str, data: bytes) -> Tuple[int, int]:
    """Return notBefore and notAfter of a file's first certificate. Raises: errors.FileError."""
    first = _loaded(path, data)[0]
    return first.not_before, first.not_after


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


def _loaded(path: str, data: bytes) -> List[Any]:
    """Return the certificates of a PEM file in file order; text around them is skipped.

    Raises: errors.FileError with the one reason why this is no certificate.
    """
    reader = pem.reader()
    loaded = []
    for number, der in enumerate(pem.der_blocks(path, data), 1):
        try:
            certificate = reader.Certificate(der)
            # Libraries read a part when it is asked for: what is damaged shows itself here.
            for part in ("subject", "issuer", "spki"):
                getattr(certificate, part)
            loaded.append(certificate)
        except reader.damaged() as error:
            cause = "certificate %d in it is damaged (%s)" % (number, error)
            raise pem.refused(path, cause) from error
    return loaded


def _describe(entry: inventory.Entry, certificate: Any) -> Certificate:
    try:
        sans, is_ca = certificate.extensions()
    except pem.reader().damaged() as error:
        raise pem.refused(entry.path, "its extensions are damaged (%s)" % error) from error
    return Certificate(
        path=entry.path,
        kind=entry.kind,
        subject=certificate.subject,
        issuer=certificate.issuer,
        sans=sans,
        serial=certificate.serial,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        is_ca=is_ca,
        key_path=entry.key_path,
        ca_path=entry.ca_path,
        fingerprint=hashlib.sha256(certificate.der).hexdigest(),
        spki=hashlib.sha256(certificate.spki).hexdigest(),
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
            public = pem.reader().ssh_public_key(of.key_path, key_data)
            return bool(public == ssh_certificate.parse(of.path, data).public_key), ""
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
    except errors.Error:
        return None
