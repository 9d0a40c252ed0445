# SPDX-License-Identifier: Apache-2.0
"""What the tool says of a node that really failed."""

import json

from tests.vm.node import CERTIFICATE, Node


def test_diagnosis_names_the_real_line_the_certificate_and_the_route(node: Node) -> None:
    assert node.out("cat /sys/block/sda/ro").strip() == "1"  # the stick
    before = node.files()
    done = node.tool("diagnose --json")
    assert done.status == 0, done.err
    told = json.loads(done.out)
    assert told["route"] == "rewind"
    (expired,) = [row for row in told["findings"] if row["id"] == "node-certificate-expired"]
    evidence = " ".join(expired["evidence"])
    line = node.out("journalctl -u libvirtd -b -o cat -g 'has expired' -n 1").strip()
    assert line == "The server certificate %s has expired" % CERTIFICATE
    assert line in evidence and CERTIFICATE in evidence
    assert node.changed(before) == []
    assert (
        node.run("systemctl is-failed libvirtd.service libvirtd.socket").out == "failed\nfailed\n"
    )


def test_vm_that_outlived_its_libvirtd_is_seen_and_left_alone(running: Node) -> None:
    """Somebody has restarted libvirtd after the certificate's end."""
    domain, before = running.domain(), running.files()
    assert domain is not None
    assert running.run("systemctl restart libvirtd").status != 0
    running.machine.until("systemctl is-failed libvirtd.service")
    done = running.tool("diagnose")
    assert done.status == 3, done.out + done.err
    assert "[expired-still-running]" in done.out and "failed, running VMs: 1" in done.out
    assert running.domain() == domain and running.changed(before) == []
