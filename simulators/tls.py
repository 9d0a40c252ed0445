# SPDX-License-Identifier: Apache-2.0
"""How libvirt, qemu and Python's ssl judge certificate files at a given moment, in their words.

The order of the checks and the texts are libvirt's (virnettlscontext). Imports `der`.
"""

import os
from typing import Callable, Dict, List, Optional, Tuple, Union

from simulators import der

READABLE = {"cert": "certificate", "ca": "CA certificate", "key": "private key"}
EXPIRED = {
    "ru": "Срок действия сертификата сервера %s истек.",
    "de": "Das Server-Zertifikat %s ist abgelaufen",
    "es": "El certificado de servidor %s ha expirado",
    "ja": "サーバー証明書 %s は期限切れです",
    "uk": "Строк дії сертифіката сервера %s завершився",
    "zh": "服务器证书 %s 已过期",
}


class Refused(Exception):
    """A TLS context cannot be created; the text is what the daemon says."""


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


class Files:
    """One set of certificate, key and CA: the names shown and where they really lie."""

    def __init__(self, cert: str, key: str, ca: str, root: Callable[[str], str]) -> None:
        self.shown = {"cert": cert, "key": key, "ca": ca}
        self.real = {kind: root(path) for kind, path in self.shown.items()}

    def readable(self, kind: str) -> bool:
        return os.access(self.real[kind], os.R_OK) and os.path.isfile(self.real[kind])


def check(files: Files, now: float, language: str = "") -> None:
    """Raise Refused with the first complaint, as a server that starts with these files."""
    cert = _load(files, "cert", "Unable to import server certificate %s")
    cas = _load(files, "ca", "Unable to import CA certificate list %s")
    if cert:
        _dates(cert[0], "server", files.shown["cert"], now, language)
        if cert[0].ca:
            raise Refused(
                "The certificate %s basic constraints show a CA, but we need one for "
                "a server" % files.shown["cert"]
            )
    for ca in cas:
        _authority(ca, files.shown["ca"], now)
    if cert and cas:
        _pair(cert[0], cas, files)
    _usable(files, cert)


def _load(files: Files, kind: str, complaint: str) -> List[der.Certificate]:
    if not files.readable(kind):
        return []
    try:
        return der.certificates(read(files.real[kind]))
    except der.Error as error:
        raise Refused(complaint % files.shown[kind]) from error


def _dates(cert: der.Certificate, what: str, path: str, now: float, language: str) -> None:
    if cert.not_after < now:
        translated = EXPIRED.get(language, "") if what == "server" else ""
        raise Refused(
            translated % path if translated else "The %s certificate %s has expired" % (what, path)
        )
    if cert.not_before > now:
        raise Refused("The %s certificate %s is not yet active" % (what, path))


def _authority(ca: der.Certificate, path: str, now: float) -> None:
    _dates(ca, "CA", path, now, "")
    if ca.ca is None:
        raise Refused("The certificate %s is missing basic constraints for a CA" % path)
    if not ca.ca:
        raise Refused("The certificate %s basic constraints do not show a CA" % path)


def _pair(cert: der.Certificate, cas: List[der.Certificate], files: Files) -> None:
    issuers = [ca for ca in cas if ca.subject == cert.issuer]
    if not issuers:
        reason = "The certificate hasn't got a known issuer."
    elif not any(der.signed_by(cert, ca) for ca in issuers):
        reason = "Invalid certificate"
    else:
        return
    raise Refused(
        "Our own certificate %s failed validation against %s: %s"
        % (files.shown["cert"], files.shown["ca"], reason)
    )


def _usable(files: Files, cert: List[der.Certificate]) -> None:
    for kind in ("ca", "cert", "key"):
        if not files.readable(kind):
            raise Refused(
                "Cannot read %s '%s': No such file or directory"
                % (READABLE[kind], files.shown[kind])
            )
    names = (files.shown["key"], files.shown["cert"])
    try:
        matches = der.key_matches(cert[0], read(files.real["key"]))
    except der.Error as error:
        raise Refused(
            "Unable to set x509 key and certificate: %s, %s: "
            "Base64 unexpected header error." % names
        ) from error
    if not matches:
        raise Refused(
            "Unable to set x509 key and certificate: %s, %s: "
            "The certificate and the given key do not match." % names
        )


Chain = Union[str, Tuple[der.Certificate, der.Certificate]]
_chains: Dict[Tuple[bytes, bytes], Chain] = {}


def handshake_error(cert: bytes, ca: bytes, now: float) -> Optional[str]:
    """What OpenSSL says of a peer's certificate; None when it accepts it."""
    if (cert, ca) not in _chains:
        _chains[cert, ca] = _chain(cert, ca)
    chain = _chains[cert, ca]
    if isinstance(chain, str):
        return chain
    for one in chain:
        if one.not_before > now:
            return "certificate is not yet valid"
        if one.not_after < now:
            return "certificate has expired"
    return None


def _chain(cert: bytes, ca: bytes) -> Chain:
    """CA and certificate, or why they do not belong together."""
    try:
        leaf = der.certificate(cert)
        for one in der.certificates(ca):
            if one.subject == leaf.issuer and der.signed_by(leaf, one):
                return one, leaf
    except der.Error:
        pass
    return "unable to get local issuer certificate"
