# SPDX-License-Identifier: Apache-2.0
"""The engine VM's own few files outside its PKI.

Imports `engine_entities`, `engine_releases`, `names`, `pki` and `place`.
Keys and values: ovirt-engine: packaging/setup/ovirt_engine_setup/{,engine/}constants.py.
"""

from simulators import engine_entities, engine_releases, names, pki, place

SETUP = "/etc/ovirt-engine-setup.conf.d/"
POST_INSTALL = """\
[environment:default]
OVESETUP_ENGINE_CORE/enable=bool:True
OVESETUP_CONFIG/fqdn=str:%(engine)s
OVESETUP_PKI/organization=str:%(organisation)s
OVESETUP_PKI/country=str:US
OVESETUP_DWH_CORE/enable=bool:True
OVESETUP_OVN/ovirtProviderOvn=bool:True
OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig=bool:True
"""
STORES = """\
ENGINE_PKI="/etc/pki/ovirt-engine"
ENGINE_PKI_CA="/etc/pki/ovirt-engine/ca.pem"
ENGINE_PKI_ENGINE_CERT="/etc/pki/ovirt-engine/certs/engine.cer"
ENGINE_PKI_TRUST_STORE="/etc/pki/ovirt-engine/.truststore"
ENGINE_PKI_TRUST_STORE_PASSWORD="%(password)s"
ENGINE_PKI_ENGINE_STORE="/etc/pki/ovirt-engine/keys/engine.p12"
ENGINE_PKI_ENGINE_STORE_PASSWORD="%(password)s"
ENGINE_PKI_ENGINE_STORE_ALIAS="1"
"""
SSO = """\
ENGINE_SSO_SERVICE_URL="https://${ENGINE_FQDN}:443/ovirt-engine/sso"
ENGINE_SSO_SERVICE_SSL_VERIFY_HOST=false
ENGINE_SSO_SERVICE_SSL_VERIFY_CHAIN=true
"""
# What the real one locks is read in it; for the rest of it there is `engine_scripts`.
LOCK_OF_THE_CA = 'LOCK="${PKIDIR}/${CA_FILE}".pem\n'
LOCK_ELSEWHERE = 'LOCK="%s"\n'
SCRIPT = "#!/bin/sh\n%secho 'the simulated shell does this itself' >&2\nexit 1\n"
SCRIPTS = "pki-enroll-request.sh pki-enroll-pkcs12.sh pki-pkcs12-extract.sh".split()


def write(root: str, release: str) -> None:
    place.put(root, "/etc/hostname", names.ENGINE + "\n")
    place.put(root, "/etc/ssh/ssh_host_rsa_key.pub", pki.ssh_public("engine-ssh") + b" root\n")
    for path in ("/root", "/tmp", "/var/tmp", "/var/log/ovirt-engine"):
        place.folder(root, path, 0o700 if path == "/root" else 0o755)
    for path in ("/var/lib/ovirt-engine-backup", "/var/log/ovirt-engine-backup"):
        place.folder(root, path, 0o750)
    place.put(root, "/etc/os-release", 'NAME="CentOS Linux"\nVERSION_ID="%s"\n' % release[2:])
    _configuration(root)
    for name in SCRIPTS:
        lock = engine_releases.RELEASES[release].lock
        locks = LOCK_ELSEWHERE % lock if lock else LOCK_OF_THE_CA
        text = SCRIPT % (locks if name == SCRIPTS[0] else "")
        place.put(root, "/usr/share/ovirt-engine/bin/" + name, text, 0o755)


def _configuration(root: str) -> None:
    known = {
        "engine": names.ENGINE,
        "organisation": names.ORGANISATION,
        "password": engine_entities.PASSWORD,
    }
    for name in ("10-packaging-jboss.conf", "10-packaging.conf"):
        place.put(root, SETUP + name, "[environment:default]\n")
    place.put(root, SETUP + "20-setup-ovirt-post.conf", POST_INSTALL % known)
    folder = "/etc/ovirt-engine/engine.conf.d/"
    owner = (0, place.OVIRT[1])
    place.put(root, folder + "10-setup-pki.conf", STORES % known, 0o640, owner)
    place.put(root, folder + "11-setup-sso.conf", SSO)
