# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys read in plain Python, by asn1crypto. Imports errors, pem, ssh_certificate.

For a node on which compiled parts cannot be loaded: everything is noexec, or there are none for
its architecture. Reads and compares; what needs a private key is the openssl program's work.
"""

import base64
import calendar
import hashlib
import re
import struct
from typing import Any, List, Optional, Tuple, Type

from recovery import errors, pem, ssh_certificate

# RFC 4514, section 3; others are shown by number, as `x509_compiled` does.
LABELS = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
# What cryptography calls the less usual kinds of general names.
KINDS = {
    "rfc822_name": "RFC822Name",
    "uniform_resource_identifier": "UniformResourceIdentifier",
    "registered_id": "RegisteredID",
    "directory_name": "DirectoryName",
    "other_name": "OtherName",
}
# PKCS#1 v1.5 signatures: hash, and the DER before it (RFC 8017, section 9.2, note 1).
PREFIXES = {
    "sha1": "3021300906052b0e03021a05000414",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}
_KEY = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----(.*?)-----END", re.DOTALL)
_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.DOTALL)
_OPENSSH = b"openssh-key-v1\0"


class Certificate:
    """One certificate, dates in seconds since the epoch.

    Raises: ValueError, TypeError when it is damaged.
    """

    def __init__(self, der: bytes) -> None:
        from asn1crypto import x509

        self._loaded = x509.Certificate.load(der, strict=True)
        body = self._loaded["tbs_certificate"]
        self.der = der
        self.serial = int(body["serial_number"].native)
        self.not_before = _epoch(body["validity"]["not_before"])
        self.not_after = _epoch(body["validity"]["not_after"])
        self.subject = _name(body["subject"])
        self.issuer = _name(body["issuer"])
        self.spki = bytes(body["subject_public_key_info"].dump())

    def extensions(self) -> Tuple[Tuple[str, ...], bool]:
        """Return the subjectAltNames, and whether it is a CA. Raises: ValueError if damaged."""
        sans: List[str] = []
        is_ca = False
        for extension in self._loaded["tbs_certificate"]["extensions"]:
            kind = extension["extn_id"].native
            if kind == "subject_alt_name":
                sans = [_san(general) for general in extension["extn_value"].parsed]
            elif kind == "basic_constraints":
                is_ca = bool(extension["extn_value"].parsed["ca"].native)
        return tuple(sans), is_ca

    def issued_by(self, authority: "Certificate") -> bool:
        """Tell whether the authority is the issuer, by name and by signature; no dates.

        Raises: errors.Error for a kind of signature that needs more than plain Python.
        """
        try:
            return self._verified(authority)
        except damaged():
            return False

    def _verified(self, authority: "Certificate") -> bool:
        body = self._loaded["tbs_certificate"]
        if body["issuer"].dump() != authority._loaded["tbs_certificate"]["subject"].dump():
            return False
        algorithm = self._loaded["signature_algorithm"]["algorithm"].native
        hashed = algorithm.rpartition("_")[0]
        if not algorithm.endswith("_rsa") or hashed not in PREFIXES:
            cause = "%s needs the cryptography library" % algorithm
            raise errors.Error("verify the signature of %s" % self.subject, cause)
        public = authority._loaded["tbs_certificate"]["subject_public_key_info"]
        signed = self._loaded["signature_value"].native
        if public.algorithm != "rsa":
            return False
        return _rsa_signed(public["public_key"].parsed, body.dump(), signed, hashed)


def damaged() -> Tuple[Type[Exception], ...]:
    """Return what reading a certificate raises that cannot be used."""
    return (ValueError, TypeError, LookupError, AttributeError, OverflowError, struct.error)


def public_key(path: str, data: bytes) -> bytes:
    """Return the public half of a key, also given as such, as DER. Raises: FileError."""
    from asn1crypto import keys

    given = _PUBLIC.search(data)
    if given:
        return _whole(path, given.group(1), keys.PublicKeyInfo)
    private = _private(path, data)
    if private.algorithm == "rsa":
        numbers = _rsa_numbers(private)
        return bytes(keys.PublicKeyInfo.wrap(keys.RSAPublicKey(numbers), "rsa").dump())
    point = private["private_key"].parsed["public_key"] if private.algorithm == "ec" else None
    if not point:
        raise errors.FileError("read the key", path, "it is a %s key" % private.algorithm)
    algorithm = {"algorithm": "ec", "parameters": private["private_key_algorithm"]["parameters"]}
    return bytes(keys.PublicKeyInfo({"algorithm": algorithm, "public_key": point}).dump())


def ssh_public_key(path: str, data: bytes) -> bytes:
    """Return the public half of a key, also given as such, in ssh's wire form; or FileError."""
    if data.startswith((b"ssh-", b"ecdsa-")):
        (blob,) = ssh_certificate.public_keys(data)[:1] or (b"",)
        return blob
    if b"BEGIN OPENSSH PRIVATE KEY" in data:
        return _openssh(path, data)
    private = _private(path, data)
    if private.algorithm != "rsa":
        raise errors.FileError("read the key", path, "it is a %s key" % private.algorithm)
    numbers = _rsa_numbers(private)
    fields = (_mpint(numbers["public_exponent"]), _mpint(numbers["modulus"]))
    return ssh_certificate.packed(b"ssh-rsa", *fields)


def _epoch(time: Any) -> int:
    return calendar.timegm(time.native.utctimetuple())


def _name(name: Any) -> str:
    parts = []
    for relative in name.chosen:
        for pair in relative:
            oid = pair["type"].dotted
            value = str(pair["value"].native).replace(",", "\\,")
            parts.append("%s=%s" % (LABELS.get(oid, oid), value))
    return ", ".join(parts)


def _san(general: Any) -> str:
    if general.name == "dns_name":
        return "DNS:%s" % general.chosen.contents.decode("ascii")
    if general.name == "ip_address":
        return "IP:%s" % general.native
    return "%s:%s" % (KINDS.get(general.name, general.name), general.native)


def _rsa_signed(public: Any, body: bytes, signature: bytes, hashed: str) -> bool:
    """Compare with the one encoding that a right signature has, whole: nothing is parsed."""
    modulus, exponent = public["modulus"].native, public["public_exponent"].native
    size = (modulus.bit_length() + 7) // 8
    digest = bytes.fromhex(PREFIXES[hashed]) + hashlib.new(hashed, body).digest()
    wanted = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    number = int.from_bytes(signature, "big")
    shown: bytes = pow(number, exponent, modulus).to_bytes(size, "big")
    return bool(number < modulus and shown == wanted)


def _private(path: str, data: bytes) -> Any:
    from asn1crypto import keys

    found = _KEY.search(data)
    if found is None or b"ENCRYPTED" in data[:200]:
        raise pem.refused_key(path, data)
    kinds = {b"RSA ": ("rsa", keys.RSAPrivateKey), b"EC ": ("ec", keys.ECPrivateKey)}
    try:
        der = base64.b64decode(found.group(2))
        if not found.group(1):
            loaded = keys.PrivateKeyInfo.load(der, strict=True)
        else:
            name, kind = kinds[found.group(1)]
            loaded = keys.PrivateKeyInfo.wrap(kind.load(der, strict=True), name)
        loaded["private_key"].parsed.native  # noqa: B018 parsed to the end, or it is no key
    except (ValueError, TypeError, KeyError) as caught:
        raise pem.refused_key(path, data) from caught
    return loaded


def _whole(path: str, text: bytes, kind: Any) -> bytes:
    """Return the DER in a PEM block, seen to be a public key to its end."""
    try:
        der = base64.b64decode(text)
        kind.load(der, strict=True).native  # noqa: B018
    except (ValueError, TypeError, KeyError) as caught:
        raise errors.FileError("read the key", path, "its public half is damaged") from caught
    return der


def _rsa_numbers(private: Any) -> "dict[str, int]":
    parsed = private["private_key"].parsed
    return {name: parsed[name].native for name in ("modulus", "public_exponent")}


def _openssh(path: str, data: bytes) -> bytes:
    """PROTOCOL.key of OpenSSH: the public key stands before what may be encrypted."""
    found = _KEY.search(data)
    try:
        body = base64.b64decode(found.group(2)) if found else b""
        if not body.startswith(_OPENSSH):
            raise ValueError("no OpenSSH key")
        blob: Optional[bytes] = ssh_certificate.public_of_private(body[len(_OPENSSH) :])
    except (ValueError, struct.error):
        blob = None
    if blob is None:
        raise pem.refused_key(path, data)
    return blob


def _mpint(number: int) -> bytes:
    """RFC 4251, section 5: a leading zero bit keeps it positive."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
