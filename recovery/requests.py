# SPDX-License-Identifier: Apache-2.0
"""Certificate signing requests: pure functions on bytes. Imports certificates."""

from recovery import certificates, errors


def matches(request: bytes, key_path: str, key_data: bytes) -> bool:
    """Tell whether a request is whole and made with the key, given as it is or as its public half.

    Raises: errors.FileError.
    """
    from cryptography import x509

    try:
        loaded = x509.load_pem_x509_csr(request)
    except ValueError as caught:
        raise errors.FileError("read the signing request", "", str(caught)) from caught
    key = certificates.load_public(key_path, key_data)
    return bool(loaded.is_signature_valid) and certificates.same_key(loaded.public_key(), key)
