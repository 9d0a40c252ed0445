# SPDX-License-Identifier: Apache-2.0
"""The routes that leave the clock alone, with the real libvirtd, openssl, tar and sshd."""

import pytest

from tests.vm.checks import INSTALLED, RECOVER, check_recovered
from tests.vm.node import BACKUP, COPIES, Node

CA = "/etc/pki/vdsm/certs/cacert.pem"
INTERIM = RECOVER + " --route interim"


def jumps(node: Node) -> str:
    """What systemd's journal knows of a changed clock in this boot."""
    return node.run("journalctl -b -o cat -g 'Time has been changed|stepped'").out


def test_offline_ca_with_a_backup_of_the_engine(node: Node) -> None:
    node.pack()
    before = node.files()
    asked = node.tool("plan --engine-backup " + BACKUP)
    assert asked.status == 0 and "sign the request here" in asked.out, asked.out + asked.err
    assert node.changed(before) == []
    steps = jumps(node)
    done = node.tool("recover --yes --engine-backup " + BACKUP)
    assert done.status == 0, done.out + done.err
    check_recovered(node, done.out)
    assert node.changed(before) == INSTALLED
    assert jumps(node) == steps
    strict = "openssl verify -x509_strict -purpose sslserver -CAfile %s %s" % (CA, COPIES[0])
    assert node.out(strict).strip().endswith(": OK")
    key = node.out("sed -n 12,24p /srv/engine/etc/pki/ovirt-engine/private/ca.pem").split()
    assert len(key) == 13
    for line in key[:1] + key[-1:]:
        assert node.run("grep -rqF -e %s /var/lib/ovirt-cert-recovery" % line).status == 1


def test_sign_while_the_engine_vm_runs(running: Node) -> None:
    """libvirtd was never restarted with the certificate that has expired since."""
    before, steps, domain = running.files(), jumps(running), running.domain()
    assert domain is not None and "sign" in running.tool("plan").out
    done = running.tool(RECOVER + " --route sign")
    assert done.status == 0, done.out + done.err
    check_recovered(running, done.out)
    assert running.domain() == domain
    assert running.changed(before) == INSTALLED and jumps(running) == steps


def test_interim_with_the_real_libvirtd(node: Node) -> None:
    before = node.files()
    trusted = node.out("cat " + CA)
    steps = jumps(node)
    node.begin(INTERIM)
    node.reached(6)
    # The engine VM runs, at the true time, and libvirtd serves what the temporary CA signed.
    assert node.domain() is not None and abs(node.deviation()) < 1.0
    assert node.out("grep -c BEGIN " + CA).strip() == "2"
    assert "interim CA" in node.out("openssl x509 -noout -issuer -in " + COPIES[0])
    domain = node.domain()
    assert node.ended() == 0, node.log()
    check_recovered(node, node.log())
    assert node.domain() == domain
    assert node.changed(before) == INSTALLED
    assert node.out("cat " + CA) == trusted and jumps(node) == steps


@pytest.mark.slow
@pytest.mark.parametrize("step", [6, 10])
def test_interim_undone_leaves_nothing_temporary(node: Node, step: int) -> None:
    before = node.files()
    node.begin(INTERIM)
    node.reached(step)
    node.kill()
    done = node.tool("undo --yes")
    assert done.status == 0, done.out + done.err
    assert node.changed(before) == []
    assert node.domain_state() == "running"


@pytest.mark.slow
def test_interim_resumed_after_a_power_cut(node: Node) -> None:
    before = node.files()
    node.begin(INTERIM)
    node.reached(6)
    node.cut_and_boot()
    done = node.tool(INTERIM.replace("recover", "resume").replace(" --route interim", ""))
    assert done.status == 0, done.out + done.err
    check_recovered(node, done.out)
    assert node.changed(before) == INSTALLED
