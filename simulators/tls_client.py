# SPDX-License-Identifier: Apache-2.0
"""`openssl s_client` against what node and engine serve, in the recorded shapes.

Imports `der`, `engine_vm`, `units`, `names`, `libvirtd` and `tls`.
"""

import binascii
import time
from typing import List, NamedTuple, Tuple, Union

from simulators import der, engine_vm, libvirtd, names, tls, units
from simulators.entry import Call

ALGORITHMS = (
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:rsa_pss_pss_sha256:"
    "rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA-PSS+SHA256:RSA-PSS+SHA384:"
    "RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512"
)
UNCONNECTED = """\
40E74D28297F0000:error:800000%02X:system library:BIO_connect:%s:\
../crypto/bio/bio_sock2.c:117:calling connect()
40E74D28297F0000:error:10000067:BIO routines:BIO_connect:connect error:\
../crypto/bio/bio_sock2.c:119:
connect:errno=%d
"""
ASKING = (
    "Acceptable client certificate CA names\n%%s\n"
    "Requested Signature Algorithms: %s:ECDSA+SHA224:RSA+SHA224\n"
    "Shared Requested Signature Algorithms: %s\n" % (ALGORITHMS, ALGORITHMS)
)
FAILED = """\
40075A69607F0000:error:0A000086:SSL routines:tls_post_process_server_certificate:\
certificate verify failed:../ssl/statem/statem_clnt.c:1889:
"""
ALERT = """\
40A7C5BDD07F0000:error:%s:SSL routines:ssl3_read_bytes:%s:\
../ssl/record/rec_layer_s3.c:1601:SSL alert number %d
"""
ALERTS = {
    "certificate has expired": ("0A000415", "sslv3 alert certificate expired", 45),
    "certificate is not yet valid": ("0A000412", "sslv3 alert bad certificate", 42),
    "unable to get local issuer certificate": ("0A000418", "tlsv1 alert unknown ca", 48),
}
CODES = {
    "certificate has expired": 10,
    "certificate is not yet valid": 9,
    "self-signed certificate in certificate chain": 19,
    "unable to get local issuer certificate": 20,
    "unable to verify the first certificate": 21,
}


class Served(NamedTuple):
    """What a daemon presents and whom it trusts; `asks` for a certificate of the client."""

    cert: bytes
    ca: bytes
    asks: bool = True


class Trouble(NamedTuple):
    depth: int
    text: str


LOCAL = ("localhost", "127.0.0.1", "[::1]", names.NODE, names.NODE_SHORT)
ENGINE = (names.ENGINE, names.ENGINE_SHORT, names.ENGINE_ADDRESS)
TROUBLES = {110: "Connection timed out", 111: "Connection refused", 113: "No route to host"}
SECONDS = {110: 130.0, 111: 0.1, 113: 3.1}


def served(call: Call, host: str, port: str) -> Union[Served, int]:
    """What answers there, or the error number of the connection."""
    world = call.world
    if host in ENGINE:
        return _web(call, port)
    if host not in LOCAL:
        return 113
    if port == "54321" and units.is_active(world, "vdsmd.service"):
        return Served(world.state["vdsm"]["cert"], world.state["vdsm"]["ca"])
    if port == "16514" and libvirtd.listens(world) and units.is_active(world, "libvirtd.service"):
        files = libvirtd.files(world)
        return Served(tls.read(files.real["cert"]), tls.read(files.real["ca"]))
    return 111


def _web(call: Call, port: str) -> Union[Served, int]:
    """The engine's httpd, with the certificate it read when it was started."""
    vm = call.world.state["vm"]
    if vm["state"] == "paused" and vm["ssh"]:
        return 110
    if not engine_vm.answers(call.world):
        return 113
    if port != "443" or not vm["services"]["httpd"] or not vm["loaded"].get("web"):
        return 111
    return Served(vm["loaded"]["web"], vm["loaded"]["web_ca"], False)


def run(call: Call, words: List[str]) -> int:
    host, _, port = _option(words, "-connect", "localhost:4433").rpartition(":")
    there = served(call, host, port)
    call.world.advance(SECONDS[there] if isinstance(there, int) else 0.1)
    if isinstance(there, int):
        call.err(UNCONNECTED % (there, TROUBLES[there], there))
        return 1
    chain = _chain(there)
    trust = _file(call, words, "-CAfile")
    troubles = _troubles(chain, trust, call.world.wall())
    strict = "-verify_return_error" in words and bool(troubles)
    call.err(_story(chain, troubles, strict))
    call.out(_report(chain, troubles, words, strict, there.asks))
    if strict:
        call.err(FAILED)
        return 1
    return _end(call, words, there)


def _end(call: Call, words: List[str], there: Served) -> int:
    """The server's verdict on our certificate comes after the handshake (TLS 1.3)."""
    problem = None
    if "-cert" in words and there.asks:
        problem = tls.handshake_error(_file(call, words, "-cert"), there.ca, call.world.wall())
    if problem:
        call.err(ALERT % ALERTS[problem])
        return 1
    call.err("DONE\n")
    return 0


def _option(words: List[str], name: str, default: str = "") -> str:
    return words[words.index(name) + 1] if name in words else default


def _file(call: Call, words: List[str], name: str) -> bytes:
    try:
        return tls.read(call.world.node(_option(words, name, "/nonexistent")))
    except OSError:
        return b""


def _chain(there: Served) -> List[der.Certificate]:
    """The certificate, and its CA where the daemon knows it."""
    leaf = der.certificate(there.cert)
    try:
        issuers = [
            one
            for one in der.certificates(there.ca)
            if one.subject == leaf.issuer and der.signed_by(leaf, one)
        ]
    except der.Error:
        issuers = []
    return [leaf] + issuers[:1]


def _troubles(chain: List[der.Certificate], trust: bytes, now: float) -> List[Trouble]:
    found = []
    try:
        trusted = der.certificates(trust) if trust else []
    except der.Error:
        trusted = []
    known = any(one.subject == chain[0].issuer and der.signed_by(chain[0], one) for one in trusted)
    if not known and len(chain) > 1:
        found.append(Trouble(1, "self-signed certificate in certificate chain"))
    elif not known:
        found.append(Trouble(0, "unable to get local issuer certificate"))
        found.append(Trouble(0, "unable to verify the first certificate"))
    for depth in range(len(chain) - 1, -1, -1):
        if chain[depth].not_after < now:
            found.append(Trouble(depth, "certificate has expired"))
        elif chain[depth].not_before > now:
            found.append(Trouble(depth, "certificate is not yet valid"))
    return found


def _date(seconds: int) -> str:
    return time.strftime("%b %e %H:%M:%S %Y GMT", time.gmtime(seconds))


def _named(raw: bytes) -> str:
    return ", ".join("%s = %s" % pair for pair in der.name(raw))


def _limit(cert: der.Certificate, text: str) -> str:
    if text == "certificate has expired":
        return "notAfter=%s\n" % _date(cert.not_after)
    if text == "certificate is not yet valid":
        return "notBefore=%s\n" % _date(cert.not_before)
    return ""


def _story(chain: List[der.Certificate], troubles: List[Trouble], strict: bool) -> str:
    """What the verify callback prints on standard error."""
    text = "Can't use SSL_get_servername\n"
    for depth in range(len(chain) - 1, -1, -1):
        head = "depth=%d %s\n" % (depth, _named(chain[depth].subject))
        last = ""
        for trouble in [one for one in troubles if one.depth == depth]:
            last = _limit(chain[depth], trouble.text)
            text += head + "verify error:num=%d:%s\n%s" % (CODES[trouble.text], trouble.text, last)
            if strict:
                return text
            text += "verify return:1\n"
        text += head + last + "verify return:1\n"
    return text


def _pem(cert: der.Certificate) -> str:
    data = binascii.b2a_base64(cert.raw, newline=False).decode()
    lines = [data[at : at + 64] for at in range(0, len(data), 64)]
    return "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % "\n".join(lines)


def _links(chain: List[der.Certificate], show: bool) -> str:
    text = ""
    for depth, cert in enumerate(chain):
        text += (
            " %d s:%s\n   i:%s\n   a:PKEY: rsaEncryption, %d (bit); sigalg: RSA-SHA256\n"
            "   v:NotBefore: %s; NotAfter: %s\n"
            % (
                depth,
                _named(cert.subject),
                _named(cert.issuer),
                cert.modulus.bit_length(),
                _date(cert.not_before),
                _date(cert.not_after),
            )
        )
        text += _pem(cert) if show else ""
    return text


def _report(
    chain: List[der.Certificate],
    troubles: List[Trouble],
    words: List[str],
    strict: bool,
    asks: bool,
) -> str:
    show = "-showcerts" in words
    last = troubles[0 if strict else -1].text if troubles else ""
    server = "no peer certificate available\n"
    if not strict:
        server = "Server certificate\n%ssubject=%s\nissuer=%s\n" % (
            "" if show else _pem(chain[0]),
            _named(chain[0].subject),
            _named(chain[0].issuer),
        )
    peer, key, sizes = _amounts(chain, words, strict)
    return (
        "CONNECTED(00000003)\n---\nCertificate chain\n"
        + _links(chain, show)
        + "---\n"
        + server
        + "---\n"
        + (ASKING % _named(chain[0].issuer) if asks else "No client certificate CA names sent\n")
        + peer
        + "Server Temp Key: X25519, 253 bits\n---\n"
        + "SSL handshake has read %d bytes and written %d bytes\n" % sizes
        + ("Verification error: %s\n" % last if last else "Verification: OK\n")
        + "---\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\n"
        + key
        + "Secure Renegotiation IS NOT supported\nCompression: NONE\nExpansion: NONE\n"
        + "No ALPN negotiated\nEarly data was not sent\n"
        + "Verify return code: %d (%s)\n---\n" % (CODES.get(last, 0), last or "ok")
    )


def _amounts(
    chain: List[der.Certificate], words: List[str], strict: bool
) -> Tuple[str, str, Tuple[int, int]]:
    read = 400 + sum(len(cert.raw) for cert in chain)
    if strict:
        return "", "", (read - 360, 304)
    peer = "Peer signing digest: SHA256\nPeer signature type: RSA-PSS\n"
    key = "Server public key is %d bit\n" % chain[0].modulus.bit_length()
    return peer, key, (read, 2440 if "-cert" in words else 407)
