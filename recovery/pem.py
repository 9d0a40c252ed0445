# SPDX-License-Identifier: Apache-2.0
"""PEM files of certificates and keys, loaded with the cryptography library. Imports errors.

The library takes 50 ms to load, so it is imported where it is used: `--help` never pays for it.
"""

import base64
import binascii
import importlib.util
import re
from typing import Any, Callable, List, Optional

from recovery import errors

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")
_readers: List[Any] = []  # the one that was chosen
_causes: List[str] = []


def load(path: str, data: bytes) -> List[Any]:
    """Return the x509 certificates of a PEM file in file order; text around them is skipped.

    Raises: errors.FileError with the one reason why this is no certificate.
    """
    from recovery import x509_compiled

    library = x509()
    loaded = []
    for number, der in enumerate(der_blocks(path, data), 1):
        try:
            loaded.append(library.load_der_x509_certificate(der))
        except x509_compiled.damaged() as error:
            raise refused(path, "certificate %d in it is damaged (%s)" % (number, error)) from error
    return loaded


def load_key(path: str, data: bytes, passphrase: Optional[str] = None) -> Any:
    """Return a private key, its RSA arithmetic unchecked; one that is encrypted needs a passphrase.

    Raises: errors.FileError.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    secret = passphrase.encode("utf-8") if passphrase and encrypted(data) else None
    try:
        if b"BEGIN OPENSSH PRIVATE KEY" in data:
            return serialization.load_ssh_private_key(data, secret)
        # The full RSA check takes 100 ms a key and protects nobody here: we only compare.
        return serialization.load_pem_private_key(data, secret, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise refused_key(path, data, secret) from error


def encrypted(data: bytes) -> bool:
    """Tell whether a key in PEM is encrypted, in PKCS#8 or in the traditional form."""
    return b"ENCRYPTED" in data


def reader() -> Any:
    """Return what reads certificates: x509_compiled, or x509_plain where that cannot be.

    Raises: errors.Error when neither can.
    """
    if not _readers:
        try:
            x509()
            from recovery import x509_compiled as chosen
        except errors.Error as caught:
            if importlib.util.find_spec("asn1crypto") is None:
                raise
            _causes[:] = [str(caught.__cause__)]
            from recovery import x509_plain as chosen  # type: ignore[no-redef]
        _readers.append(chosen)
    return _readers[0]


def why() -> str:
    """Return why the cryptography library is done without; empty when it is not."""
    reader()
    return _causes[0] if _causes else ""


def load_public(path: str, data: bytes) -> Any:
    """Return the public half of a key: of a private key, or given as such in PEM or as OpenSSH's.

    Raises: errors.FileError.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load_it: Callable[[bytes], Any] = serialization.load_ssh_public_key
    if b"BEGIN PUBLIC KEY" in data:
        load_it = serialization.load_pem_public_key
    elif not data.startswith((b"ssh-", b"ecdsa-")):
        return load_key(path, data).public_key()
    try:
        return load_it(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise errors.FileError("read the key", path, "its public half is damaged") from error


def x509() -> Any:
    """Return the library's x509 module. Raises: errors.Error when it cannot be loaded."""
    import warnings

    with warnings.catch_warnings():
        # Python 3.6 is what the nodes have; the warning would only frighten its reader.
        warnings.simplefilter("ignore")
        try:
            from cryptography import x509 as loaded
        except ImportError as error:
            raise errors.Error(
                "use the cryptography library",
                "it cannot be loaded (%s)" % error,
                next_step="SHIV_ROOT=DIR, a directory of root's where programs may be run",
            ) from error
    return loaded


def refused(path: str, cause: str) -> errors.FileError:
    """Return the error that says why a file is no certificate."""
    return errors.FileError("read the certificate", path, cause)


def refused_key(path: str, data: bytes, secret: Optional[bytes] = None) -> errors.FileError:
    """Return the error that says why a file is no key, for all that was tried."""
    return errors.FileError("read the key", path, _why_no_key(data, secret))


def der_blocks(path: str, data: bytes) -> List[bytes]:
    """Return the DER of every certificate in a PEM file. Raises: errors.FileError."""
    blocks = []
    for label, body in _BLOCK.findall(data):
        if label in _LABELS:
            try:
                blocks.append(base64.b64decode(body))
            except (binascii.Error, ValueError) as error:
                raise refused(path, "its base64 text is damaged") from error
    if not blocks:
        raise refused(path, _why_no_certificate(data))
    return blocks


def armored(der: bytes) -> bytes:
    """Return one certificate as PEM, and nothing else."""
    body = base64.b64encode(der)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    edges = [b"-----BEGIN CERTIFICATE-----"], [b"-----END CERTIFICATE-----", b""]
    return b"\n".join(edges[0] + lines + edges[1])


def _why_no_certificate(data: bytes) -> str:
    if not data.strip():
        return "the file is empty"
    if b"-----BEGIN CERTIFICATE-----" in data:
        return "the file is cut off: END CERTIFICATE is missing"
    if b"PRIVATE KEY-----" in data:
        return "it holds a private key, no certificate"
    if b"-----BEGIN " in data:
        label = data.split(b"-----BEGIN ", 1)[1].split(b"-----", 1)[0]
        return "it holds a %s, no certificate" % label.decode("ascii", "replace").lower()
    if data[:1] == b"\x30" and _is_der(data):
        return "it is in DER encoding, PEM is wanted (openssl x509 -inform DER converts it)"
    if b"\0" in data or any(byte > 126 for byte in data[:512]):
        return "it holds binary data, no PEM text"
    return "it holds no PEM text"


def _is_der(data: bytes) -> bool:
    used = reader()
    try:
        used.Certificate(data)
    except used.damaged():
        return False
    return True


def _why_no_key(data: bytes, secret: Optional[bytes]) -> str:
    if not data.strip():
        return "the file is empty"
    if encrypted(data):
        if secret is None:
            return "its private key is encrypted with a passphrase"
        return "the passphrase does not open it, or it is damaged"
    if b"-----BEGIN CERTIFICATE" in data:
        return "it holds a certificate, no private key"
    return "it holds no private key in PEM"
