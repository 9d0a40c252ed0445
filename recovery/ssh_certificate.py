# SPDX-License-Identifier: Apache-2.0
"""OpenSSH certificates (PROTOCOL.certkeys of OpenSSH), for the serial console. Imports errors.

cryptography reads them only from version 40 on and in another shape, the format is small.
"""

import base64
import binascii
import struct
from typing import Any, List, NamedTuple, Optional, Tuple

from recovery import errors

FOREVER = 253402300799  # 9999-12-31 23:59:59: "valid before" has all bits set

# How many strings the public key of a type takes in the certificate.
_KEY_FIELDS = {b"ssh-rsa": 2, b"ssh-dss": 4, b"ssh-ed25519": 1}
_SUFFIX = b"-cert-v01@openssh.com"


class SshCertificate(NamedTuple):
    """What an OpenSSH certificate says; times in seconds since the epoch."""

    key_id: str
    principals: Tuple[str, ...]
    serial: int
    valid_after: int
    valid_before: int
    public_key: bytes  # wire form of the certified key
    authority: bytes  # wire form of the CA's public key
    blob: bytes


def parse(path: str, data: bytes) -> SshCertificate:
    """Return the certificate of a "-cert.pub" file.

    The signature is not verified: sshd does that; here the dates and the keys are needed.
    Raises: errors.FileError.
    """
    words = data.split()
    if not words:
        raise _refused(path, "the file is empty")
    if len(words) < 2 or not words[0].endswith(_SUFFIX):
        raise _refused(path, "it holds no OpenSSH certificate")
    try:
        return _parse_blob(base64.b64decode(words[1]))
    except (binascii.Error, struct.error, ValueError, IndexError) as error:
        raise _refused(path, "the OpenSSH certificate is damaged (%s)" % error) from error


def public_keys(data: bytes) -> List[bytes]:
    """Return the wire forms of all public keys of a ".pub" file; what is no key is skipped."""
    found = []
    for line in data.splitlines():
        words = line.split()
        for index, word in enumerate(words[:-1]):
            if word.startswith((b"ssh-", b"ecdsa-")):
                try:
                    found.append(base64.b64decode(words[index + 1]))
                except binascii.Error:
                    pass
                break
    return found


def public_blob(public_key: Any) -> bytes:
    """Return the wire form of a public key."""
    from cryptography.hazmat.primitives import serialization

    text = public_key.public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return base64.b64decode(text.split()[1])


def public_of_private(body: bytes) -> Optional[bytes]:
    """Return the public key of an unencrypted "openssh-key-v1", None for an encrypted one.

    Raises: ValueError, struct.error when it is damaged.
    """
    wire = _Wire(body)
    cipher = wire.string()
    wire.string()  # how a key would be made of the passphrase
    wire.string()
    if wire.number(">I") != 1 or cipher != b"none":
        return None
    return wire.string()


def _refused(path: str, cause: str) -> errors.FileError:
    return errors.FileError("read the certificate", path, cause)


class _Wire:
    """Reads the fields of an SSH wire message one after another."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def number(self, form: str) -> int:
        size = struct.calcsize(form)
        (value,) = struct.unpack(form, self.data[:size])
        self.data = self.data[size:]
        return int(value)

    def string(self) -> bytes:
        size = self.number(">I")
        if size > len(self.data):
            raise ValueError("a field is longer than the rest of the file")
        value, self.data = self.data[:size], self.data[size:]
        return value


def packed(*strings: bytes) -> bytes:
    """Return strings as the wire form has them, each after its length."""
    return b"".join(struct.pack(">I", len(one)) + one for one in strings)


def _parse_blob(blob: bytes) -> SshCertificate:
    wire = _Wire(blob)
    kind = wire.string()[: -len(_SUFFIX)]
    wire.string()  # nonce
    fields = [wire.string() for _ in range(_KEY_FIELDS.get(kind, 2))]
    serial = wire.number(">Q")
    wire.number(">I")  # user or host
    key_id = wire.string().decode("utf-8", "replace")
    names = _Wire(wire.string())
    principals = []
    while names.data:
        principals.append(names.string().decode("utf-8", "replace"))
    after, before = wire.number(">Q"), wire.number(">Q")
    for _ in range(3):  # critical options, extensions, reserved
        wire.string()
    return SshCertificate(
        key_id=key_id,
        principals=tuple(principals),
        serial=serial,
        valid_after=min(after, FOREVER),
        valid_before=min(before, FOREVER),
        public_key=packed(kind, *fields),
        authority=wire.string(),
        blob=blob,
    )
