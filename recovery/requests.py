# SPDX-License-Identifier: Apache-2.0
"""Certificate signing requests: pure functions on bytes. Imports certificates and pem.

The cryptography library makes them; where it is missing, `programs.openssl` does.
"""

from recovery import certificates, errors, pem


def make(key_path: str, key_data: bytes) -> bytes:
    """Return a PEM request with an empty subject, as oVirt's own enrollment makes it.

    The signer gives subject and extensions. Raises: errors.FileError for an unusable key.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key = pem.load_key(key_path, key_data)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.sign(key, hashes.SHA256())
    return bytes(request.public_bytes(serialization.Encoding.PEM))


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
