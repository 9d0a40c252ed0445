# SPDX-License-Identifier: Apache-2.0
"""Signing on the engine: the real `openssl ca`, its dates by the engine's simulated clock."""

import contextlib
import fcntl
import os
import subprocess

import pytest

from simulators import der
from tests.guard import programs
from tests.simulators import worlds

TRUE = 1676894400
DAY = 86400
PKI = "/etc/pki/ovirt-engine"
CA = (
    "openssl ca -batch -policy policy_match -config openssl.conf -cert ca.pem "
    "-keyfile private/ca.pem "
)
SUBJECT = "-subj /O=example.test/CN=virt-host1.example.test -utf8"
EXTENSIONS = " -extfile cert.conf -extensions v3_ca_san"
VARIABLES = "OVIRT_SAN=DNS:virt-host1.example.test OVIRT_KU= OVIRT_EKU= LC_ALL=C "


@pytest.fixture
def node(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up")
    node.ok(
        "openssl",
        "req",
        "-new",
        "-key",
        "/etc/pki/vdsm/keys/vdsmkey.pem",
        "-out",
        "/tmp/node.csr",
        "-batch",
        "-subj",
        "/",
    )
    with open(node.root + "/tmp/node.csr") as file:
        node.ssh("umask 077 && cat > /root/node.csr", data=file.read())
    return node


def sign(node, dates, before=VARIABLES, after=EXTENSIONS):
    return node.ssh(
        "cd %s && %sflock -w 20 ca.pem %s%s -in /root/node.csr -out /root/node.cer "
        "%s%s" % (PKI, before, CA, dates, SUBJECT, after)
    )


def issued(node):
    with open(node.engine + "/root/node.cer", "rb") as file:
        return der.certificate(file.read())


def openssl(*words):
    return subprocess.run(
        (str(programs.find("openssl")),) + words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout.decode()


def test_explicit_dates_and_the_engines_own_extensions(node):
    output = sign(node, "-startdate 20230114000000Z -enddate 20240219000000Z")
    assert output.status == 0 and output.out == ""
    assert output.err.startswith("Using configuration from openssl.conf\n")
    assert "Signature ok\n" in output.err
    assert output.err.endswith(("Database updated\n", "Data Base Updated\n"))
    cert = issued(node)
    assert (cert.not_before, cert.not_after) == (1673654400, 1708300800)
    assert cert.version == 3 and cert.names == ("DNS:virt-host1.example.test",)
    text = openssl("x509", "-noout", "-text", "-in", node.engine + "/root/node.cer")
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    assert openssl(
        "verify",
        "-attime",
        "1690000000",
        "-CAfile",
        node.engine + PKI + "/ca.pem",
        node.engine + "/root/node.cer",
    ).endswith(": OK\n")


def test_the_same_key_and_the_certificate_stays_in_the_database(node):
    sign(node, "-startdate 20230114000000Z -enddate 20240219000000Z")
    with open(node.root + "/etc/pki/vdsm/keys/vdsmkey.pem", "rb") as file:
        assert der.key_matches(issued(node), file.read())
    last = node.ssh("cat %s/database.txt" % PKI).out.splitlines()[-1].split("\t")
    assert last[0] == "V" and last[1] == "240219000000Z"
    assert last[5] == "/O=example.test/CN=virt-host1.example.test"
    assert node.ssh("test -e %s/certs/%s.pem" % (PKI, last[3])).status == 0
    sign(node, "-startdate 20230114000000Z -enddate 20240219000000Z")
    assert issued(node).serial == int(last[3], 16) + 1


def test_days_count_from_the_engines_own_clock(node):
    node.ssh("date -u -s @%d" % (TRUE - 60 * DAY))
    assert sign(node, "-days 398").status == 0
    cert = issued(node)
    assert abs(cert.not_before - (TRUE - 60 * DAY)) < 60
    assert cert.not_after - cert.not_before == 398 * DAY


def test_the_hand_procedures_command_yields_a_first_version_certificate(node):
    assert sign(node, "-days 365 -startdate 230219120000Z", "", "").status == 0
    cert = issued(node)
    assert cert.version == 1 and cert.names == () and cert.not_before == TRUE - DAY


def test_an_undefined_variable_stops_openssl(node):
    output = sign(node, "-days 365", "")
    assert output.status != 0 and "variable has no value" in output.err


def test_the_real_paths_are_never_shown(node):
    output = node.ssh("openssl x509 -noout -in /nosuch/file")
    assert "/nosuch/file" in output.err and node.engine not in output.err


def test_verification_happens_at_the_engines_clock(node):
    sign(node, "-startdate 20230114000000Z -enddate 20240219000000Z")
    verify = "openssl verify -CAfile %s/ca.pem /root/node.cer" % PKI
    assert node.ssh(verify).status == 0
    node.ssh("date -u -s @1710000000")
    output = node.ssh(verify)
    assert output.status == 2 and "certificate has expired" in output.err
    checkend = "openssl x509 -noout -checkend 0 -in /root/node.cer"
    assert node.ssh(checkend).out == "Certificate will expire\n"
    node.ssh("date -u -s @1700000000")
    assert node.ssh(checkend).out == "Certificate will not expire\n"


@pytest.mark.parametrize("release", ["el8", "el9"])
def test_engines_own_script_waits_for_its_lock_as_long_as_it_is_told(tmp_path, release):
    node = worlds.make(tmp_path / "w", "engine-up", release)
    enroll = "/usr/share/ovirt-engine/bin/pki-enroll-request.sh --name=virt-host1 --timeout=5"
    lock = node.engine + ("/tmp/ovirt-engine-pki.v2.lock" if release == "el8" else PKI + "/ca.pem")
    said = node.ssh(enroll)
    assert said.status == 1 and "Cannot sign certificate" in said.err  # there is no request
    if release == "el8":
        one, like = os.stat(lock), os.stat(node.engine + PKI + "/private")
        assert (one.st_mode, one.st_uid, one.st_gid) == (like.st_mode, like.st_uid, like.st_gid)
    with held(lock):
        said = node.ssh(enroll)
    assert said.status == 1 and said.err == "Timeout waiting for lock. Giving up\n"


@contextlib.contextmanager
def held(path):
    """Somebody else has that lock."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def test_flock_locks_a_directory_and_gives_up_without_a_word(node, real_program):
    with held(node.engine + "/tmp"):
        said = node.ssh("flock -w 1 /tmp echo never")
        ran = subprocess.run(
            [real_program("flock"), "-w", "0.1", node.engine + "/tmp", "/bin/echo", "never"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    assert (said.status, said.out + said.err) == (ran.returncode, ran.stdout.decode()) == (1, "")
    assert node.ssh("flock -w 1 /tmp flock -w 1 %s/ca.pem echo free" % PKI).out == "free\n"
