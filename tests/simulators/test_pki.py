# SPDX-License-Identifier: Apache-2.0
"""What `pki` has issued, judged by `der` and by the real openssl and ssh-keygen."""

import os
import stat
import subprocess
import time

import pytest

from simulators import der, engine_pki, names, node_pki, pki
from tests.guard import programs

DAY = 86400
NOW = 1676894400
AGES = node_pki.Ages(
    ca=pki.Dates(NOW - 2000 * DAY, NOW + 1650 * DAY),
    qemu_ca=pki.Dates(NOW - 1000 * DAY, NOW + 2650 * DAY),
    vdsm=pki.Dates(NOW - 430 * DAY, NOW - 31 * DAY),
    migrate=pki.Dates(NOW - 100 * DAY, NOW + 299 * DAY),
    ovn=pki.Dates(NOW - 50 * DAY, NOW + 349 * DAY),
    ssh=pki.Dates(NOW - 40 * DAY, NOW + 359 * DAY),
    engine=pki.Dates(NOW - 20 * DAY, NOW + 379 * DAY),
    web=pki.Dates(NOW - 10 * DAY, NOW + 389 * DAY),
    vnc=pki.Dates(NOW - 5 * DAY, NOW + 394 * DAY),
)


class Made:
    def __init__(self, directory, release):
        self.release = release
        self.root = str(directory / release / "root")
        self.engine = str(directory / release / "engine")
        by = node_pki.authorities(AGES)
        node = node_pki.write(self.root, by, AGES, release)
        engine_pki.write(self.engine, by, AGES, [node], release)

    def read(self, path):
        with open(self.root + path, "rb") as file:
            return file.read()


@pytest.fixture(scope="module", params=["el7", "el8", "el9"])
def made(request, tmp_path_factory):
    return Made(tmp_path_factory.mktemp("pki"), request.param)


def openssl(*words):
    return subprocess.run(
        (str(programs.find("openssl")),) + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout.decode()


def test_dates_are_exact(made):
    shown = {
        "/etc/pki/vdsm/certs/vdsmcert.pem": AGES.vdsm,
        "/etc/pki/vdsm/libvirt-spice/server-cert.pem": AGES.vdsm,
        "/etc/pki/libvirt/clientcert.pem": AGES.vdsm,
        "/etc/pki/vdsm/libvirt-vnc/server-cert.pem": AGES.vnc,
        "/etc/pki/vdsm/certs/cacert.pem": AGES.ca,
        "/etc/pki/CA/cacert.pem": AGES.ca,
    }
    if made.release != "el7":
        shown["/etc/pki/vdsm/libvirt-migrate/server-cert.pem"] = AGES.migrate
        shown["/etc/pki/vdsm/libvirt-migrate/client-cert.pem"] = AGES.migrate
        shown["/etc/pki/vdsm/libvirt-migrate/ca-cert.pem"] = AGES.qemu_ca
    for path, dates in shown.items():
        cert = der.certificate(made.read(path))
        assert (cert.not_before, cert.not_after) == dates, path


def test_openssl_verifies_the_chain_at_a_time_inside(made):
    moment = str(AGES.vdsm.end - DAY)
    text = openssl(
        "verify",
        "-attime",
        moment,
        "-CAfile",
        made.root + "/etc/pki/vdsm/certs/cacert.pem",
        made.root + "/etc/pki/vdsm/certs/vdsmcert.pem",
    )
    assert text.endswith("vdsmcert.pem: OK\n")


def test_openssl_sees_the_extensions_of_an_enrolled_node(made):
    text = openssl("x509", "-noout", "-text", "-in", made.root + "/etc/pki/vdsm/certs/vdsmcert.pem")
    for words in (
        "DNS:" + names.NODE,
        "CA:FALSE",
        "Digital Signature, Key Encipherment",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "CA Issuers - URI:http://virt-he.example.test:80/ovirt-engine/services",
    ):
        assert words in text
    # Another openssl spells the dots differently; names and serial are the same.
    assert "DirName:/C=US/O=example.test/CN=virt-he.example.test.56789" in text
    assert "serial:10:00" in text


def test_keys_match_their_certificates(made):
    pairs = [
        ("/etc/pki/vdsm/certs/vdsmcert.pem", "/etc/pki/vdsm/keys/vdsmkey.pem"),
        ("/etc/pki/libvirt/clientcert.pem", "/etc/pki/libvirt/private/clientkey.pem"),
    ]
    if made.release != "el7":
        pairs.append(
            (
                "/etc/pki/vdsm/libvirt-migrate/server-cert.pem",
                "/etc/pki/vdsm/libvirt-migrate/client-key.pem",
            )
        )
    for cert, key in pairs:
        assert der.key_matches(der.certificate(made.read(cert)), made.read(key))


def test_the_migration_certificate_belongs_to_the_qemu_ca(made):
    if made.release == "el7":
        assert not os.path.exists(made.root + "/etc/pki/vdsm/libvirt-migrate")
        return
    folder = "/etc/pki/vdsm/libvirt-migrate/"
    cert = der.certificate(made.read(folder + "server-cert.pem"))
    assert ("OU", "qemu") in der.name(cert.subject)
    assert der.signed_by(cert, der.certificate(made.read(folder + "ca-cert.pem")))
    assert not der.signed_by(cert, der.certificate(made.read("/etc/pki/vdsm/certs/cacert.pem")))
    assert os.readlink(made.root + folder + "client-cert.pem") == "server-cert.pem"


def test_modes(made):
    for path, mode in (
        ("/etc/pki/vdsm/keys/vdsmkey.pem", 0o440),
        ("/etc/pki/vdsm/certs/vdsmcert.pem", 0o644),
        ("/etc/ovirt-hosted-engine/virsh_auth.conf", 0o600),
    ):
        assert stat.S_IMODE(os.stat(made.root + path).st_mode) == mode
        if os.geteuid() == 0 and path.endswith("key.pem"):
            assert os.stat(made.root + path).st_uid == 36


def test_ssh_keygen_reads_the_console_certificate(made):
    path = made.root + "/etc/pki/ovirt-vmconsole/host-ssh_host_rsa-cert.pub"
    environment = dict(os.environ, TZ="UTC")
    program = str(programs.find("ssh-keygen"))
    text = subprocess.run(
        [program, "-L", "-f", path], stdout=subprocess.PIPE, env=environment
    ).stdout.decode()
    assert "host certificate" in text and names.NODE in text
    shape = "%Y-%m-%dT%H:%M:%S"
    assert (
        "Valid: from %s to %s"
        % (
            time.strftime(shape, time.gmtime(AGES.ssh.begin)),
            time.strftime(shape, time.gmtime(AGES.ssh.end)),
        )
        in text
    )


def test_the_engine_keeps_text_before_the_certificate(made):
    path = made.engine + "/etc/pki/ovirt-engine/certs/%s.cer" % names.NODE
    with open(path, "rb") as file:
        data = file.read()
    assert data.startswith(b"Certificate:\n")
    assert der.certificate(data).not_after == AGES.vdsm.end


def test_serials_are_shared_and_the_next_one_is_free(made):
    pki_dir = made.engine + "/etc/pki/ovirt-engine/"
    with open(pki_dir + "database.txt") as file:
        serials = [line.split("\t")[3] for line in file]
    with open(pki_dir + "serial.txt") as file:
        following = file.read().strip()
    assert len(set(serials)) == len(serials) and serials[0] == "1000"
    assert int(following, 16) == int(serials[-1], 16) + 1
    assert os.path.exists(pki_dir + "certs/%s.pem" % serials[-1])


def test_a_second_world_is_made_quickly(tmp_path):
    begin = time.perf_counter()
    Made(tmp_path, "el9")
    assert time.perf_counter() - begin < 2
