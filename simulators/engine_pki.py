# SPDX-License-Identifier: Apache-2.0
"""The engine's /etc/pki/ovirt-engine: configuration, database, and all it has ever issued.

Imports `engine_entities`, `node_pki`, `pki`, `keys`, `names` and `place`.
"""

import base64
import hashlib
import time
from typing import Optional, Sequence, Tuple, Union

from simulators import engine_entities, keys, names, node_pki, pki, place

PKI = "/etc/pki/ovirt-engine"
ENGINE_SUBJECT = (("C", "US"), ("O", names.ORGANISATION), ("CN", names.ENGINE))

# The settings of the engine's own files (facts of their interface), in our arrangement.
OPENSSL_CONF = """\
RANDFILE = .rnd
unique_subject = no

[ca]
default_ca = CA_default

[CA_default]
new_certs_dir = certs
database = database.txt
serial = serial.txt
certificate = ca.pem
private_key = private/ca.pem
default_md = sha256
default_days = 365
default_crl_days = 30
preserve = no
policy = policy_match

[policy_match]
countryName = optional
stateOrProvinceName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
emailAddress = optional
"""

CERT_HEAD = """\
RANDFILE = .rnd

[req]
default_bits = rsa:2048
default_keyfile = keys/cert.pem
distinguished_name = req_distinguished_name
attributes = req_attributes
x509_extensions = v3_ca

[req_attributes]

[req_distinguished_name]

"""
COMMON = """\
subjectKeyIdentifier = hash
authorityInfoAccess = caIssuers;URI:@AIA@
authorityKeyIdentifier = keyid:always,issuer:always
basicConstraints = CA:false
"""
FIXED_USAGE = """\
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = critical,serverAuth,clientAuth
"""
CERT_TEMPLATE = (
    CERT_HEAD
    + "[v3_ca]\n"
    + COMMON
    + FIXED_USAGE
    + "\n[v3_ca_san]\n"
    + COMMON
    + FIXED_USAGE
    + "subjectAltName = ${ENV::OVIRT_SAN}\n"
    + "\n[custom]\n"
    + COMMON
    + "keyUsage = critical,${ENV::OVIRT_KU}\nextendedKeyUsage = ${ENV::OVIRT_EKU}\n"
)
CACERT_TEMPLATE = (
    CERT_HEAD.replace("keys/cert.pem", "keys/ca.pem")
    + "[v3_ca]\nsubjectKeyIdentifier = hash\n"
    + "authorityKeyIdentifier = keyid:always,issuer:always\n"
    + "basicConstraints = critical,CA:true\nkeyUsage = critical,cRLSign,keyCertSign\n"
)


def write(
    root: str,
    by: node_pki.Authorities,
    ages: node_pki.Ages,
    nodes: Sequence[node_pki.NodeCertificates],
    release: str,
) -> None:
    place.folder(root, PKI, 0o755, place.OVIRT)
    for path, mode in (("certs", 0o755), ("requests", 0o755), ("private", 0o750)):
        place.folder(root, PKI + "/" + path, mode, place.OVIRT)
    place.folder(root, PKI + "/keys")
    _configuration(root, "", "ca-certificate")
    _authority(root, by.engine, "ca.pem")
    place.link(root, PKI + "/apache-ca.pem", "ca.pem")
    if release != "el7":
        _configuration(root, "qemu-", "qemu-ca-certificate")
        _authority(root, by.qemu, "qemu-ca.pem")
        for path in ("certs-qemu", "requests-qemu"):
            place.folder(root, PKI + "/" + path, 0o755, place.OVIRT)
    _own(root, by.engine, ages, release)
    for node in nodes:
        _of_a_node(root, node)
    _database(root, by.register)
    _put(root, ".rnd", bytes(range(256)) * 4, 0o600)


def _put(root: str, path: str, content: Union[str, bytes], mode: int = 0o644) -> None:
    place.put(root, PKI + "/" + path, content, mode, place.OVIRT)


def _configuration(root: str, prefix: str, resource: str) -> None:
    url = pki.AIA % names.ENGINE
    if not prefix:
        _put(root, "openssl.conf", OPENSSL_CONF)
        _put(root, "cert.template.in", CERT_TEMPLATE)
        _put(root, "cacert.template.in", CACERT_TEMPLATE)
    filled = CERT_TEMPLATE.replace("@AIA@", url.replace("ca-certificate", resource))
    for name in ("cert.template", "cert.conf"):
        _put(root, prefix + name, filled)
    for name in ("cacert.template", "cacert.conf"):
        _put(root, prefix + name, CACERT_TEMPLATE)


def _authority(root: str, authority: pki.Authority, name: str) -> None:
    _put(root, name, authority.pem)
    _put(root, "certs/" + name.replace(".pem", ".der"), authority.pem)
    _put(root, "private/" + name, keys.pem(authority.key_name), 0o640)


def _of_a_node(root: str, node: node_pki.NodeCertificates) -> None:
    _leaf(root, "certs/%s.cer" % node.name, node.vdsm)
    _leaf(root, "certs-qemu/%s.cer" % node.name, node.migrate)
    _leaf(root, "certs/%s-ovn.cer" % node.name, node.ovn)
    _put(root, "certs/%s-ssh-cert.pub" % node.name, node.ssh + b"\n")


def _leaf(root: str, path: str, issued: Optional[pki.Issued]) -> None:
    if issued:
        _put(root, path, _text(issued) + issued.pem)


def _database(root: str, register: pki.Register) -> None:
    lines = []
    for issued in register.issued:
        end = time.strftime("%y%m%d%H%M%SZ", time.gmtime(issued.dates.end))
        lines.append(
            "V\t%s\t\t%X\tunknown\t%s\n" % (end, issued.serial, pki.slashes(issued.subject))
        )
        _put(root, "certs/%X.pem" % issued.serial, issued.pem)
    _put(root, "database.txt", "".join(lines))
    _put(root, "database.txt.attr", "unique_subject = no\n")
    _put(root, "serial.txt", "%X\n" % register.next)


def _own(root: str, authority: pki.Authority, ages: node_pki.Ages, release: str) -> None:
    """Issue and store everything the engine holds."""
    for entity in engine_entities.held(release):
        key = "engine" if entity.keep_key else "engine-web" if entity.web else "engine-other"
        issued = authority.issue(
            key, ENGINE_SUBJECT, ages.web if entity.web else ages.engine, names.ENGINE
        )
        _put_as(root, "certs/%s.cer" % entity.name, _text(issued) + issued.pem, 0o644, place.OVIRT)
        store = pki.pkcs12(key, issued.pem, "1", engine_entities.PASSWORD)
        _put_as(root, "keys/%s.p12" % entity.name, store, 0o600, entity.owner)
        if entity.extract:
            key_file = "keys/%s.key.nopass" % entity.name
            _put_as(root, key_file, _bag(issued), 0o600, entity.owner)
        if entity.keep_key:
            _put_as(root, "keys/engine_id_rsa", _bag(issued), 0o600, place.OVIRT)


def _put_as(root: str, path: str, content: bytes, mode: int, owner: Tuple[int, int]) -> None:
    place.put(root, PKI + "/" + path, content, mode, owner)


def _bag(issued: pki.Issued) -> bytes:
    """The key as `openssl pkcs12 -nodes -nocerts` prints it."""
    raw = base64.b64decode("".join(issued.pem.decode().splitlines()[1:-1]))
    digest = hashlib.sha1(raw).hexdigest().upper()
    mark = " ".join(digest[at : at + 2] for at in range(0, len(digest), 2))
    head = "Bag Attributes\n    friendlyName: 1\n    localKeyID: %s \n" % mark
    return (head + "Key Attributes: <No Attributes>\n").encode() + issued.key


def _text(issued: pki.Issued) -> bytes:
    """Some text before the PEM block, as `openssl ca` without -notext leaves it."""
    shape = "%b %e %H:%M:%S %Y GMT"
    lines = [
        "Certificate:",
        "    Data:",
        "        Version: 3 (0x2)",
        "        Serial Number: %d (0x%x)" % (issued.serial, issued.serial),
        "        Validity",
        "            Not Before: " + time.strftime(shape, time.gmtime(issued.dates.begin)),
        "            Not After : " + time.strftime(shape, time.gmtime(issued.dates.end)),
        "        Subject: " + ", ".join("%s=%s" % pair for pair in issued.subject),
    ]
    return "\n".join(lines).encode() + b"\n"
