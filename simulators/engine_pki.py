# SPDX-License-Identifier: Apache-2.0
"""The engine's /etc/pki/ovirt-engine: configuration, database, and all it has ever issued.

Imports `engine_entities`, `node_pki`, `pki`, `keys`, `names` and `place`.
"""

import time
from typing import Optional, Union

from simulators import engine_entities, keys, names, node_pki, pki, place

PKI = "/etc/pki/ovirt-engine"

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
    node: node_pki.NodeCertificates,
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
    engine_entities.write(root, by.engine, ages, release)
    _of_the_node(root, node)
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


def _of_the_node(root: str, node: node_pki.NodeCertificates) -> None:
    _leaf(root, "certs/%s.cer", node.vdsm)
    _leaf(root, "certs-qemu/%s.cer", node.migrate)
    _leaf(root, "certs/%s-ovn.cer", node.ovn)
    _put(root, "certs/%s-ssh-cert.pub" % names.NODE, node.ssh + b"\n")


def _leaf(root: str, path: str, issued: Optional[pki.Issued]) -> None:
    if issued:
        _put(root, path % names.NODE, engine_entities.text(issued) + issued.pem)


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
