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
