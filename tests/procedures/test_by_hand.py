# SPDX-License-Identifier: Apache-2.0
"""The second oracle: the hand procedure's own commands, typed into the simulators, no tool.

Where the engine answers ssh the tool has a world of its own, equal to the one in which the hand
has worked: both have to end alike, but for what is stated.
"""

import os
import re

import pexpect
import pytest

from simulators import der, rehearse
from tests.procedures import accounts, watched
from tests.simulators import setup_dialogues, worlds

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


DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
VNC = "/etc/pki/vdsm/libvirt-vnc/server-cert.pem"
DAY = 86400


def section_b(node):
    """What a person types from the first command to the log-in, with the pauses he makes."""
    renew_by_hand(node, "230219120000Z")
    node.ok("systemctl", "reset-failed")
    node.ok("systemctl", "restart", "libvirtd")
    node.ok("systemctl", "restart", "vdsmd")
    node.ok("sleep", "60")
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    # Nobody waits until the engine has seen the maintenance of a node that it did not reach.
    assert setup_dialogues.renew(node)[0] == 0
    node.ok("hosted-engine", "--set-maintenance", "--mode=none")


def told(world):
    """What the world says: its own account but for dates and files, and what systemd has."""
    account = [DATE.sub("...", line) for line in accounts.account(world).splitlines()]
    files = [line.startswith("changed files") for line in account].index(True)
    clocks = accounts.clocks(world)
    state = world.sim.state()
    return {
        "account": [line for line in account[:files] if "hardware clock" not in line],
        "clocks are right": (abs(clocks.wall) < 1, abs(clocks.rtc) < 3, abs(clocks.engine) < 2.5),
        "units": {name: (unit["active"], unit["sub"]) for name, unit in state["units"].items()},
        "of no unit file": state["transient"],
        "hosts": accounts.host_states(world),
        "global maintenance": (state["ha"]["global"], state["vm"]["database"]["global"]),
        "agent": state["agent"]["state"],
        "engine VM": {name: state["vm"][name] for name in ("where", "state", "healthy")},
        "signed": issued(world),
    }


def issued(world):
    """Serial and name of all that the engine's CA has signed, by its own register."""
    with open(accounts.engine_file(world, "/etc/pki/ovirt-engine/database.txt")) as register:
        return [line.split("\t")[3:] for line in register]


def placed(world, path):
    """What a certificate says whoever has signed it, and how its file lies there."""
    one = accounts.certificate(world, path)
    status = os.stat(world.root + path)
    return (
        (one.subject, one.issuer, one.modulus, one.not_before < TRUE < one.not_after),
        (status.st_mode, status.st_uid, status.st_gid),
        one == der.certificate(world.sim.state()["vdsm"]["cert"]),
    )


def left_on_the_engine(world):
    """Files outside of its PKI and of what engine-setup keeps, in both worlds the same at first."""
    found = []
    for top in ("/root", "/tmp", "/var/lib/ovirt-cert-recovery"):
        for folder, _, names in os.walk(accounts.engine_file(world, top)):
            found += [os.path.join(folder, name)[len(world.engine) :] for name in names]
    return sorted(found)


def test_engine_that_answers_ssh_hand_and_tool_end_alike_but_for_what_is_stated(tmp_path):
    hand = worlds.make(tmp_path / "hand", "engine-up", "el8")
    rehearse.remember(hand.world)
    tool = watched.Node(str(tmp_path / "tool"), "engine-up", "el8")
    assert told(hand.world) == told(tool.world)
    section_b(hand)
    ended = tool.recover()
    assert ended.status == 0 and "Route: sign" in ended.output, ended.output[-3000:]
    for world in (hand.world, tool.world):
        world.sim.advance(300)
    assert told(hand.world) == told(tool.world)
    for path in COPIES:
        assert placed(hand.world, path) == placed(tool.world, path), path
    check_certificates(hand.world, tool.world)
    check_left_behind(hand.world, tool.world)
    accounts.at_rest(tool)


def check_certificates(hand, tool):
    """The hand's is a bare one for a year; the tool's is as an enrollment makes it, VNC's too."""
    bare, proper = accounts.certificate(hand), accounts.certificate(tool)
    assert (bare.version, bare.names, bare.ca) == (1, (), None)
    assert (proper.version, proper.ca) == (3, False)
    assert proper.names == ("DNS:virt-host1.example.test",)
    assert abs(bare.not_after - (TRUE + 365 * DAY)) < 3600
    assert abs(proper.not_after - (TRUE + 398 * DAY)) < 3600
    assert accounts.certificate(hand, VNC).not_after < TRUE
    assert accounts.certificate(tool, VNC) == proper


def check_left_behind(hand, tool):
    """The hand's .bak files are our before-images; what lies about on the engine is said."""
    changed = [path for _, path in rehearse.changes(hand)]
    assert changed == sorted(COPIES + tuple(path + ".bak" for path in COPIES))
    assert accounts.changed(tool) == sorted(COPIES + (VNC,))
    for path in COPIES:
        before = tool.root + accounts.STATE + "/run-1/before" + path
        with open(hand.root + path + ".bak", "rb") as one, open(before, "rb") as other:
            assert one.read() == other.read()
    assert left_on_the_engine(hand) == ["/tmp/host.cer", "/tmp/host.csr"]
    run = "virt-host1.example.test-run-1"
    ours = ["/root/.ovirt-cert-recovery-%s/node.%s" % (run, end) for end in ("cer", "csr")]
    archive = "/var/lib/ovirt-cert-recovery/%s-engine.tar" % run
    assert left_on_the_engine(tool) == ours + [archive]


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
