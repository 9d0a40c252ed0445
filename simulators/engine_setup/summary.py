# SPDX-License-Identifier: Apache-2.0
"""The summary at the end of engine-setup. Imports `der`, `engine_vm`'s files and `names`."""

import hashlib
from typing import List

from simulators import der, names
from simulators.engine_setup.dialogue import Dialogue

PKI = "/etc/pki/ovirt-engine"


def notes(say: Dialogue, renewed: List[str]) -> None:
    say.note(
        "Web access is enabled at:\n    http://%s:80/ovirt-engine\n    https://%s:443/ovirt-engine"
        % (names.ENGINE, names.ENGINE)
    )
    with open(say.world.engine(PKI + "/ca.pem"), "rb") as file:
        raw = der.certificate(file.read()).raw
    if say.world.state["release"] == "el9":
        say.note("Internal CA fingerprint: SHA256: " + _pairs(hashlib.sha256(raw).hexdigest()))
    else:
        say.note("Internal CA " + _pairs(hashlib.sha1(raw).hexdigest()))
    for path in renewed:
        if say.world.state["release"] == "el7":
            say.warning("Internal CA was renewed, please refresh manually distributed copies")
        else:
            say.warning("CA %s was renewed, please refresh manually distributed copies" % path)
    with open(say.world.engine(PKI + "/certs/engine.cer"), "rb") as file:
        say.note("SSH fingerprint: " + _ssh(der.certificate(file.read())))


def _pairs(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)).upper()


def _ssh(certificate: der.Certificate) -> str:
    """ssh-keygen -l of the certificate's key."""
    import base64

    parts = [b"ssh-rsa", _number(certificate.exponent), _number(certificate.modulus)]
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return "SHA256:" + digest


def _number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big")
