# SPDX-License-Identifier: Apache-2.0
"""The tool is killed while the clock is back: systemd's timer restores the true time, or undo."""

from tests.vm.checks import RECOVER, RESUME, check_time, check_undone
from tests.vm.node import CERTIFICATE, Node

JOURNAL = "/var/lib/ovirt-cert-recovery/run-1/journal"


def test_killed_tool_leaves_a_timer_that_restores_the_true_time(node: Node) -> None:
    """Then resumed, killed again, and undone with the clock still back."""
    before = node.files()
    node.begin(RECOVER + " --guard-minutes 2")
    node.reached(11)
    node.kill()
    domain = node.domain()
    assert domain is not None
    assert node.deviation() < -86400
    assert "expired" not in node.out("openssl x509 -in %s -noout -checkend 0" % CERTIFICATE)
    # The clock is set twice, by whole seconds and then finely; only then it is told as restored.
    node.machine.until("grep -q '\"restored\"' %s" % JOURNAL, 600, pause=3)
    assert node.out("date -u +%m").strip() == "02"
    check_time(node)
    # It restores the time and nothing else; the rest is for a person to decide.
    told = node.tool("status")
    assert told.status == 0 and "resume" in told.out and "undo" in told.out
    node.begin(RESUME)
    node.reached(11)
    node.kill()
    # The past was made anew, under the running engine VM.
    assert "gone again, to be redone: set the clock back" in node.log()
    assert node.deviation() < -86400 and node.domain() == domain
    check_undone(node, before, domain)
