# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates and RSA keys read with the standard library alone.

The simulated daemons judge certificates with this module and with nothing else: a second,
independent truth beside the `cryptography` library. May import nothing of this package.
"""

import binascii
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

CERTIFICATE = b"CERTIFICATE"
KEYS = (b"PRIVATE KEY", b"RSA PRIVATE KEY")

NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
}
SAN = "2.5.29.17"
BASIC_CONSTRAINTS = "2.5.29.19"
# The DigestInfo that PKCS#1 v1.5 puts before the digest, per signature algorithm.
DIGESTS = {
    "1.2.840.113549.1.1.5": ("sha1", "3021300906052b0e03021a05000414"),
    "1.2.840.113549.1.1.11": ("sha256", "3031300d060960864801650304020105000420"),
    "1.2.840.113549.1.1.12": ("sha384", "3041300d060960864801650304020205000430"),
    "1.2.840.113549.1.1.13": ("sha512", "3051300d060960864801650304020305000440"),
}


class Error(Exception):
    """The bytes are not what they were taken for."""


class Piece(NamedTuple):
    """One tag-length-value: `raw` with its header, `body` without."""

    tag: int
    raw: bytes
    body: bytes


class Certificate(NamedTuple):
    version: int
    serial: int
    issuer: bytes
    subject: bytes
    not_before: int
    not_after: int
    modulus: int
    exponent: int
    signed: bytes
    algorithm: str
    signature: bytes
    ca: Optional[bool]
    names: Tuple[str, ...]
    raw: bytes


def pieces(data: bytes) -> Iterator[Piece]:
    at = 0
    while at < len(data):
        start, at = at, at + 2
        if at > len(data):
            raise Error("truncated header")
        length = data[start + 1]
        if length & 0x80:
            width = length & 0x7F
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        if at + length > len(data) or data[start + 1] == 0x80:
            raise Error("truncated value")
        yield Piece(data[start], data[start : at + length], data[at : at + length])
        at += length


def _children(piece: Piece) -> List[Piece]:
    return list(pieces(piece.body))


def _root(data: bytes) -> Piece:
    for piece in pieces(data):
        if piece.tag != 0x30:
            raise Error("no sequence")
        return piece
    raise Error("empty")


def oid(body: bytes) -> str:
    words = [str(body[0] // 40), str(body[0] % 40)]
    value = 0
    for byte in body[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            words.append(str(value))
            value = 0
    return ".".join(words)


def days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar (no import of datetime: it costs 5 ms)."""
    if month <= 2:
        year, month = year - 1, month + 12
    return (
        365 * year
        + year // 4
        - year // 100
        + year // 400
        + (153 * (month - 3) + 2) // 5
        + day
        - 1
        - 719468
    )


def _time(piece: Piece) -> int:
    text = piece.body.decode("ascii")
    if piece.tag == 0x17:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    number = [int(text[at : at + 2]) for at in range(4, 14, 2)]
    day = days(int(text[:4]), number[0], number[1])
    return day * 86400 + number[2] * 3600 + number[3] * 60 + number[4]


def blocks(data: bytes, labels: Tuple[bytes, ...]) -> List[bytes]:
    """The PEM blocks with one of these labels; text before, between and after is skipped."""
    found: List[bytes] = []
    rest = data
    while True:
        head, mark, rest = rest.partition(b"-----BEGIN ")
        if not mark:
            return found
        label, _, rest = rest.partition(b"-----")
        body, end, rest = rest.partition(b"-----END " + label + b"-----")
        if label not in labels:
            continue
        if not end:
            raise Error("unfinished PEM block")
        try:
            found.append(binascii.a2b_base64(body))
        except binascii.Error as error:
            raise Error(str(error)) from error


def certificates(data: bytes) -> List[Certificate]:
    found = [_certificate(block) for block in blocks(data, (CERTIFICATE,))]
    if not found:
        raise Error("no certificate")
    return found


def certificate(data: bytes) -> Certificate:
    return certificates(data)[0]


def _certificate(data: bytes) -> Certificate:
    try:
        return _parse(data)
    except (IndexError, ValueError) as error:
        raise Error(str(error)) from error


def _parse(data: bytes) -> Certificate:
    body, algorithm, signature = _children(_root(data))
    fields = _children(body)
    version = 1
    if fields[0].tag == 0xA0:
        version = _children(fields.pop(0))[0].body[-1] + 1
    serial, _, issuer, validity, subject, key = fields[:6]
    modulus, exponent = _public(key)
    begin, end = [_time(piece) for piece in _children(validity)]
    extensions = _extensions(fields[6:])
    return Certificate(
        version,
        int.from_bytes(serial.body, "big"),
        issuer.raw,
        subject.raw,
        begin,
        end,
        modulus,
        exponent,
        body.raw,
        oid(_children(algorithm)[0].body),
        signature.body[1:],
        _ca(extensions.get(BASIC_CONSTRAINTS)),
        _names(extensions.get(SAN)),
        data,
    )


def _public(key: Piece) -> Tuple[int, int]:
    algorithm, bits = _children(key)
    if oid(_children(algorithm)[0].body) != "1.2.840.113549.1.1.1":
        raise Error("not an RSA key")
    modulus, exponent = _children(_root(bits.body[1:]))
    return int.from_bytes(modulus.body, "big"), int.from_bytes(exponent.body, "big")


def _extensions(fields: List[Piece]) -> Dict[str, bytes]:
    found = {}
    for field in fields:
        if field.tag == 0xA3:
            for extension in _children(_children(field)[0]):
                parts = _children(extension)
                found[oid(parts[0].body)] = parts[-1].body
    return found


def _ca(data: Optional[bytes]) -> Optional[bool]:
    if data is None:
        return None
    return any(piece.tag == 1 and piece.body != b"\0" for piece in _children(_root(data)))


def _names(data: Optional[bytes]) -> Tuple[str, ...]:
    if data is None:
        return ()
    found = []
    for piece in _children(_root(data)):
        if piece.tag == 0x82:
            found.append("DNS:" + piece.body.decode("ascii"))
        elif piece.tag == 0x87 and len(piece.body) == 4:
            found.append("IP:" + ".".join(str(byte) for byte in piece.body))
    return tuple(found)


def name(raw: bytes) -> List[Tuple[str, str]]:
    """A distinguished name as pairs like ("CN", "virt-host1.example.test"), in their order."""
    found = []
    for group in _children(_root(raw)):
        for pair in _children(group):
            kind, value = _children(pair)
            encoding = "utf-16-be" if value.tag == 0x1E else "utf-8"
            key = oid(kind.body)
            found.append((NAMES.get(key, key), value.body.decode(encoding, "replace")))
    return found


def digest(kind: str, data: bytes) -> bytes:
    """The interpreter's own SHA-256 where it has one: loading OpenSSL's costs 4 ms."""
    if kind == "sha256":
        for name in ("_sha2", "_sha256"):
            try:
                return bytes(__import__(name).sha256(data).digest())
            except ImportError:
                continue
    import hashlib

    return hashlib.new(kind, data).digest()


def signed_by(cert: Certificate, ca: Certificate) -> bool:
    """Does the signature belong to the CA's key? (PKCS#1 v1.5: modular exponentiation.)"""
    if cert.algorithm not in DIGESTS:
        return False
    kind, prefix = DIGESTS[cert.algorithm]
    size = (ca.modulus.bit_length() + 7) // 8
    opened = pow(int.from_bytes(cert.signature, "big"), ca.exponent, ca.modulus)
    info = binascii.unhexlify(prefix) + digest(kind, cert.signed)
    filler = b"\xff" * (size - len(info) - 3)
    return opened.to_bytes(size, "big") == b"\0\x01" + filler + b"\0" + info


def key_modulus(data: bytes) -> int:
    """The modulus of a private key, PKCS#8 or PKCS#1."""
    found = blocks(data, KEYS)
    if not found:
        raise Error("no private key")
    try:
        parts = _children(_root(found[0]))
        if parts[1].tag == 0x30:
            parts = _children(_root(parts[2].body))
        return int.from_bytes(parts[1].body, "big")
    except IndexError as error:
        raise Error(str(error)) from error


def key_matches(cert: Certificate, key: bytes) -> bool:
    return key_modulus(key) == cert.modulus
