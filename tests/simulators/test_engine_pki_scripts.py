# SPDX-License-Identifier: Apache-2.0
"""The engine's PKI scripts: options, messages, exit statuses, files, judged by the real openssl."""

import os
import subprocess

import pytest

from simulators import engine_shell
from tests.guard import programs
from tests.simulators import worlds
from tests.simulators.setup_dialogues import certificate, files

DAY = 86400
TRUE = 1676894400
BIN = "/usr/share/ovirt-engine/bin/"
PKI = "/etc/pki/ovirt-engine/"
HOST = "virt-host1.example.test"


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up", "el9")


def script(node, name, *words):
    """Run it as the engine's own shell does: exit status, output, errors."""
    with node.world.opened() as world:
        shell = engine_shell.Shell(world)
        result = shell.call([BIN + name] + list(words), b"", {})
    return result.status, result.output.decode(), result.errors.decode()


def request(node, folder="requests", name=HOST):
    node.ok(
        "openssl",
        "req",
        "-new",
        "-key",
        "/etc/pki/vdsm/keys/vdsmkey.pem",
        "-out",
        "/tmp/csr",
        "-batch",
        "-subj",
        "/",
    )
    os.rename(node.root + "/tmp/csr", "%s%s%s/%s.req" % (node.engine, PKI, folder, name))


def openssl(*words):
    return subprocess.run(
        (str(programs.find("openssl")),) + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout.decode()


def test_request_is_signed_as_the_engine_signs_a_host(node):
    request(node)
    before = files(node)
    status, out, err = script(
        node,
        "pki-enroll-request.sh",
        "--name=" + HOST,
        "--subject=/O=example.test/CN=" + HOST,
        "--san=DNS:" + HOST,
        "--days=1827",
    )
    assert (status, out) == (0, "")
    assert err.startswith("Using configuration from openssl.conf\n") and "Signature ok\n" in err
    path = node.engine + PKI + "certs/%s.cer" % HOST
    new = certificate(node, "certs/%s.cer" % HOST)
    assert abs(new.not_before - (TRUE - DAY)) < 60
    assert new.not_after - new.not_before == 1828 * DAY
    assert new.names == ("DNS:" + HOST,)
    text = openssl("x509", "-noout", "-text", "-in", path)
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    assert openssl(
        "verify", "-attime", "%d" % TRUE, "-CAfile", node.engine + PKI + "ca.pem", path
    ).endswith(": OK\n")
    kept = [name for name in files(node) if name.startswith(path + ".2023022012")]
    assert [files(node)[name] for name in kept] == [before[path]]


def test_migration_certificate_comes_from_the_other_authority(node):
    request(node, "requests-qemu")
    status, _, _ = script(
        node,
        "pki-enroll-request.sh",
        "--name=" + HOST,
        "--subject=/O=example.test/OU=qemu/CN=" + HOST,
        "--ca-file=qemu-ca",
        "--cert-dir=certs-qemu",
        "--req-dir=requests-qemu",
    )
    assert status == 0
    new, authority = (
        certificate(node, name) for name in ("certs-qemu/%s.cer" % HOST, "qemu-ca.pem")
    )
    assert new.issuer == authority.subject and new.names == ()


@pytest.mark.parametrize(
    "name, words, text",
    [
        ("pki-enroll-request.sh", [], "Please specify name\n"),
        ("pki-enroll-request.sh", ["--name=a", "--ca-file=other"], "Unknown CA file\n"),
        ("pki-enroll-pkcs12.sh", [], "Please specify name\n"),
        ("pki-enroll-pkcs12.sh", ["--name=a"], "Please specify password\n"),
        ("pki-enroll-pkcs12.sh", ["--name=a", "--password=b"], "Please specify subject\n"),
        ("pki-pkcs12-extract.sh", [], "Please specify name\n"),
        ("pki-pkcs12-extract.sh", ["--name=a"], "Please specify PKCS#12 password\n"),
        (
            "pki-pkcs12-extract.sh",
            ["--name=a", "--passin=b"],
            "Please specify at least one of --key or --cert\n",
        ),
    ],
)
def test_missing_option_is_asked_for_and_the_status_is_one(node, name, words, text):
    assert script(node, name, *words) == (1, "", text)


def test_unknown_option_shows_the_usage(node):
    status, out, err = script(node, "pki-enroll-request.sh", "--nonsense=1")
    assert status == 1 and err == ""
    assert out.startswith("Usage: %spki-enroll-request.sh [OPTIONS]\n" % BIN)
    assert script(node, "pki-enroll-request.sh", "--help")[0] == 0


def test_oldest_release_knows_one_authority_only(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up", "el7")
    request(node)
    assert script(node, "pki-enroll-request.sh", "--name=" + HOST, "--ca-file=ca")[0] == 1
    status, _, _ = script(node, "pki-enroll-request.sh", "--name=" + HOST)
    new = certificate(node, "certs/%s.cer" % HOST)
    assert status == 0 and new.not_after - new.not_before == 1801 * DAY


def test_request_that_is_not_there_cannot_be_signed(node):
    status, _, err = script(node, "pki-enroll-request.sh", "--name=nobody")
    assert status == 1 and err.endswith("\nCannot sign certificate\n")


def test_signing_needs_the_extensions_file(node):
    request(node)
    os.unlink(node.engine + PKI + "cert.conf")
    status, _, err = script(node, "pki-enroll-request.sh", "--name=" + HOST)
    assert status == 1 and err == "cert.conf is missing, Cannot sign certificate\n"


def test_lock_is_waited_for_as_long_as_asked(node):
    node.world.sim.fault("engine:pki-enroll-request.sh", "lock-timeout")
    before = node.world.sim.state()["uptime"]
    output = script(node, "pki-enroll-request.sh", "--name=" + HOST, "--timeout=7")
    assert output == (1, "", "Timeout waiting for lock. Giving up\n")
    assert node.world.sim.state()["uptime"] - before == 7


def test_full_disk_cannot_keep_what_was_there(node):
    request(node)
    node.world.sim.schedule(0, "engine-disk-full")
    node.wait(1)
    status, _, err = script(node, "pki-enroll-request.sh", "--name=" + HOST)
    assert status == 1 and "No space left on device\n" in err
    assert err.endswith("Failed to backup certs/%s.cer\n" % HOST)


def test_full_disk_empties_the_register_and_openssl_does_not_notice(node):
    """Measured with the real program on a full file system."""
    request(node, name="new")
    node.world.sim.schedule(0, "engine-disk-full")
    node.wait(1)
    before = files(node)
    status, _, err = script(node, "pki-enroll-request.sh", "--name=new")
    assert status == 0 and err.rstrip().endswith(("Database updated", "Data Base Updated"))
    after = files(node)
    for name in ("certs/new.cer", "serial.txt", "database.txt"):
        assert after[node.engine + PKI + name] == b"", name
    for name in ("serial.txt", "database.txt"):
        assert after[node.engine + PKI + name + ".old"] == before[node.engine + PKI + name]


def test_free_space_is_told(node):
    assert node.ssh("df -P /etc/pki/ovirt-engine").out.splitlines()[1].endswith("12% /")
    with node.world.opened() as world:
        world.state["vm"]["disk_full"] = True
    full = node.ssh("df -P /etc/pki/ovirt-engine").out.splitlines()[1]
    assert full == "/dev/vda4         52403200 52403200 0 100% /"
    assert node.ssh("echo lost > /root/new").err == "bash: /root/new: No space left on device\n"
    node.ok("cp", "/etc/hostname", "/tmp/some")
    options = ("-o", "ControlPath=/run/test-%h", "/tmp/some", worlds.ENGINE + ":/root/some")
    assert node.run("scp", *options).err == "scp: /root/some: No space left on device\n"


def test_locale_that_is_not_english_hides_the_local_file_system(node):
    request(node)
    signing = "pki-enroll-request.sh --name=" + HOST
    refused = node.ssh("LC_ALL=ru_RU.UTF-8 " + BIN + signing)
    assert (refused.status, refused.err) == (1, PKI + "ca.pem is not on a local filesystem\n")
    with node.world.opened() as world:
        world.state["vm"]["language"] = "ru_RU.UTF-8"
    assert node.ssh(BIN + signing).status == 1
    assert node.ssh("LC_ALL=C " + BIN + signing).status == 0


def store(node, *words):
    return script(
        node,
        "pki-enroll-pkcs12.sh",
        "--name=jboss",
        "--password=mypass",
        "--subject=/C=US/O=example.test/CN=virt-he.example.test",
        *words,
    )


def test_new_store_has_a_new_key_that_belongs_to_its_certificate(node):
    old = certificate(node, "certs/jboss.cer")
    assert store(node, "--san=DNS:virt-he.example.test", "--days=398")[0] == 0
    new = certificate(node, "certs/jboss.cer")
    assert new.modulus != old.modulus and new.not_after - new.not_before == 399 * DAY
    path = node.engine + PKI + "keys/jboss.p12"
    shown = openssl("pkcs12", "-in", path, "-passin", "pass:mypass", "-nodes", "-nocerts")
    key = shown[shown.index("-----BEGIN") :]
    with open(node.engine + "/root/key", "w") as file:
        file.write(key)
    modulus = openssl("rsa", "-noout", "-modulus", "-in", node.engine + "/root/key")
    assert modulus == "Modulus=%X\n" % new.modulus
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert [name for name in files(node) if name.startswith(path + ".")]


def test_kept_key_stays_the_same(node):
    old = certificate(node, "certs/jboss.cer")
    assert store(node, "--keep-key")[0] == 0
    assert certificate(node, "certs/jboss.cer").modulus == old.modulus


def test_wrong_password_of_a_store_cannot_be_exported(node):
    output = script(
        node,
        "pki-enroll-pkcs12.sh",
        "--name=jboss",
        "--password=wrong",
        "--subject=/CN=virt-he.example.test",
        "--keep-key",
    )
    assert output[0] == 1 and output[2].endswith("Cannot export '%skeys/jboss.p12'\n" % PKI)


def test_extraction_goes_to_files_or_to_the_output(node):
    words = ("--name=engine", "--passin=mypass")
    status, out, _ = script(node, "pki-pkcs12-extract.sh", *(words + ("--cert=-",)))
    assert status == 0 and "-----BEGIN CERTIFICATE-----" in out and "PRIVATE" not in out
    status, out, _ = script(
        node, "pki-pkcs12-extract.sh", *(words + ("--key=/root/key", "--cert=/root/cert"))
    )
    assert (status, out) == (0, "")
    assert os.stat(node.engine + "/root/key").st_mode & 0o077 == 0
    with open(node.engine + "/root/key") as file:
        assert "-----BEGIN PRIVATE KEY-----" in file.read()
    status, _, err = script(
        node, "pki-pkcs12-extract.sh", "--name=engine", "--passin=wrong", "--key=-"
    )
    assert status == 1 and err.endswith("Cannot create key\n")
