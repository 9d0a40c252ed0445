# SPDX-License-Identifier: Apache-2.0
"""The second oracle: the hand procedure's own commands, typed into the simulators, no tool."""

import os

import pexpect
import pytest

from simulators import der
from tests.simulators import worlds

CERT = "/etc/pki/vdsm/certs/vdsmcert.pem"
COPIES = (CERT, "/etc/pki/vdsm/libvirt-spice/server-cert.pem", "/etc/pki/libvirt/clientcert.pem")
AUTH = "qemu:///system?authfile=/etc/ovirt-hosted-engine/virsh_auth.conf"
CSR = "/tmp/test_virt-host1_vdsm.csr"
SIGN = (
    "cd /etc/pki/ovirt-engine && openssl ca -batch -policy policy_match -config openssl.conf "
    "-cert ca.pem -keyfile private/ca.pem -days 365 -in /tmp/host.csr -out /tmp/host.cer "
    "-startdate %s -subj '/O=example.test/CN=virt-host1.example.test' -utf8"
)
TRUE = 1676894400


def shared(node):
    node.ssh("true")
    return ("-o", "ControlPath=/run/test-%h")


def renew_by_hand(node, startdate):
    """Section B: CSR from the existing key, signed on the engine, put into three places."""
    node.ok(
        "openssl",
        "req",
        "-new",
        "-key",
        "/etc/pki/vdsm/keys/vdsmkey.pem",
        "-out",
        CSR,
        "-batch",
        "-subj",
        "/",
    )
    options = shared(node)
    node.ok("scp", *(options + (CSR, worlds.ENGINE + ":/tmp/host.csr")))
    signed = node.ssh(SIGN % startdate)
    assert signed.status == 0, signed.err
    node.ok("scp", *(options + (worlds.ENGINE + ":/tmp/host.cer", "/tmp/host.cer")))
    for path in COPIES:
        node.ok("cp", "-a", path, path + ".bak")
        node.ok("cp", "/tmp/host.cer", path)


def dates(node, path=CERT):
    with open(node.root + path, "rb") as file:
        cert = der.certificate(file.read())
    return cert.not_before, cert.not_after


def wait_for_running(node):
    """Section C5: `list --all` in a virsh session until HostedEngine runs."""
    child = node.spawn("virsh", "-c", AUTH)
    child.expect_exact("virsh # ")
    for _ in range(60):
        child.sendline("list --all")
        child.expect_exact("list --all\r\n")
        child.expect_exact("virsh # ")
        if "HostedEngine" in child.before and "running" in child.before:
            break
        node.ok("sleep", "10")
    child.sendline("quit")
    child.expect(pexpect.EOF)
    assert "running" in node.ok("virsh", "-r", "domstate", "HostedEngine")


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_expired_and_the_engine_vm_is_down(tmp_path, release):
    node = worlds.make(tmp_path / "w", "node-expired", release)
    assert (
        node.ok("openssl", "x509", "-noout", "-enddate", "-in", CERT)
        == "notAfter=Jan 20 10:00:00 2023 GMT\n"
    )
    node.ok("systemctl", "stop", "chronyd")
    if release == "el7":
        # here the article is wrong: set-time looks at what is enabled
        refused = node.run("timedatectl", "set-time", "2023-01-01 12:00:00")
        assert refused.status == 1 and "Automatic time synchronization is enabled" in refused.err
        node.ok("timedatectl", "set-ntp", "no")
    node.ok("timedatectl", "set-time", "2023-01-01 12:00:00")
    node.ok("sleep", "11")  # out of the start limit's ten seconds
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("systemctl", "restart", "vdsmd")
    wait_for_running(node)
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    node.ok("sleep", "90")
    renew_by_hand(node, "221231120000Z")
    begin, end = dates(node)
    assert begin < TRUE < end  # 365 days from the past reach just far enough here
    node.ok("date", "-s", "@%d" % int(TRUE + node.world.sim.state()["uptime"] - 300))
    node.ok("systemctl", "start", "chronyd")
    node.ok("sleep", "11")
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("systemctl", "restart", "vdsmd")
    assert node.ok("systemctl", "is-active", "libvirtd", "vdsmd") == "active\nactive\n"
    assert "running" in node.ok("virsh", "-r", "domstate", "HostedEngine")
    served = node.run(
        "openssl",
        "s_client",
        "-connect",
        "localhost:54321",
        "-CAfile",
        "/etc/pki/vdsm/certs/cacert.pem",
        "-verify_return_error",
    )
    assert served.status == 0 and "Verify return code: 0 (ok)" in served.out


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_expired_and_the_engine_answers_ssh(tmp_path, release):
    node = worlds.make(tmp_path / "w", "engine-up", release)
    renew_by_hand(node, "230219120000Z")
    node.ok("systemctl", "reset-failed")
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("systemctl", "restart", "vdsmd")
    assert node.ok("systemctl", "is-active", "libvirtd", "vdsmd") == "active\nactive\n"
    begin, end = dates(node)
    assert begin < TRUE and abs(end - (TRUE + 365 * 86400)) < 3600
    for path in COPIES:
        assert dates(node, path) == (begin, end)
        assert os.path.exists(node.root + path + ".bak")


def test_a_time_before_the_certificate_is_no_help_either(tmp_path):
    node = worlds.make(tmp_path / "w", "node-expired", "el8")
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "2021-01-01 12:00:00")
    node.ok("sleep", "11")
    assert node.run("systemctl", "restart", "libvirtd").status == 1
    shown = node.ok("journalctl", "--no-pager", "-o", "cat", "-u", "libvirtd.service")
    assert "The server certificate %s is not yet active" % CERT in shown


def test_what_a_past_clock_issues_for_365_days_is_dead_on_return(tmp_path):
    node = worlds.make(tmp_path / "w", "expired-500-days", "el8")
    node.ok("systemctl", "stop", "chronyd")
    node.ok("timedatectl", "set-time", "2021-10-01 12:00:00")
    node.ok("sleep", "11")
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("systemctl", "restart", "vdsmd")
    wait_for_running(node)
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    node.ok("sleep", "90")
    renew_by_hand(node, "210930120000Z")
    assert dates(node)[1] < TRUE
