# SPDX-License-Identifier: Apache-2.0
"""RSA keys for simulated nodes and engines, made once per user and used again.

They are not secret: they protect nothing outside a rehearsal. Imports `cryptography` only.
"""

import os
import tempfile
from typing import Any, Dict

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_pem: Dict[str, bytes] = {}
_keys: Dict[str, Any] = {}


def directory() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "ovirt-cert-recovery", "rehearsal-keys")


def pem(name: str) -> bytes:
    """The key of this name, PKCS#8 without a password."""
    if name not in _pem:
        _pem[name] = _cached(name) or _generated(name)
    return _pem[name]


def key(name: str) -> Any:
    if name not in _keys:
        # Validation of a key we made ourselves costs more than all signatures of a world.
        _keys[name] = serialization.load_pem_private_key(
            pem(name), None, unsafe_skip_rsa_key_validation=True
        )
    return _keys[name]


def encrypted(name: str, passphrase: str) -> bytes:
    """The key of this name, PKCS#8 with a password."""
    return bytes(
        key(name).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase.encode()),
        )
    )


def _cached(name: str) -> bytes:
    try:
        with open(os.path.join(directory(), name + ".pem"), "rb") as file:
            data = file.read()
    except OSError:
        return b""
    return data if data.rstrip().endswith(b"-----END PRIVATE KEY-----") else b""


def _generated(name: str) -> bytes:
    data: bytes = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        _keep(name, data)
    except OSError:
        pass  # a cache that cannot be written only makes the next run slower
    return data


def _keep(name: str, data: bytes) -> None:
    os.makedirs(directory(), mode=0o700, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=directory())
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(path, os.path.join(directory(), name + ".pem"))
