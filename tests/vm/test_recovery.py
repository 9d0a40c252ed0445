# SPDX-License-Identifier: Apache-2.0
"""The main job from the stick: without NTP, with it, and with a chronyd that somebody starts."""

import re

from simulators.vm import ntp
from tests.vm.node import COPIES, LOG, PASSWORD, Node, deviation_told

# engine-setup is Java and a database: the machine's engine is a CA and an sshd.
RECOVER = "recover --yes --no-engine-setup --engine-password-file " + PASSWORD
INSTALLED = sorted(COPIES)


def check_recovered(node: Node, text: str) -> None:
    """Every claim of the report is looked up in the machine."""
    assert "Recovered." in text
    assert node.domain_state() == "running"
    assert abs(node.deviation()) < 1.0
    until = node.enddate()
    assert node.served() == until and until.endswith("2024 GMT")
    assert len({node.out("cat " + path) for path in COPIES}) == 1
    assert (
        node.run("systemctl is-active libvirtd vdsmd ovirt-ha-agent chronyd").out.split()
        == ["active"] * 4
    )
    left = node.run("systemctl list-units --all --plain --no-legend 'ovirt-cert-recovery*.timer'")
    assert left.out == ""


def test_recovery_without_ntp(node: Node) -> None:
    before = node.files()
    node.begin(RECOVER)
    node.reached(8)
    back = node.out("date -u +%F").strip()
    assert back == "2023-01-19"
    node.reached(11)
    domain = node.domain()
    assert domain is not None and node.domain_state() == "running"
    assert node.ended() == 0, node.log()
    text = node.log()
    # One engine VM through both jumps and every restart of libvirtd.
    assert node.domain() == domain
    check_recovered(node, text)
    assert abs(deviation_told(text)) < 1.0
    assert abs(node.machine.rtc() - node.true()) < 3
    assert node.changed(before) == INSTALLED
    assert not re.search("rehearsal$", node.out("cat %s; journalctl -b -o cat" % LOG), re.M)


def offer_time(node: Node) -> ntp.Server:
    """A server of the site answers: with the true time, which needs no correction now."""
    served = ntp.Server(node.true)
    line = "server 10.0.2.2 port %d iburst minpoll 2 maxpoll 4" % served.port
    node.out("echo '%s' > /etc/chrony/conf.d/site.conf && systemctl restart chronyd" % line)
    node.machine.until("chronyc -c tracking | grep -q Normal")
    return served


def test_recovery_with_ntp_and_a_chronyd_that_somebody_starts(node: Node) -> None:
    served = offer_time(node)
    node.begin(RECOVER)
    node.reached(11)
    assert node.deviation() < -86400
    domain = node.domain()
    node.out("systemctl unmask --runtime chronyd.service && systemctl start chronyd.service")
    asked = served.served
    assert node.ended() == 0, node.log()
    text = node.log()
    assert served.served > asked
    assert node.domain() == domain
    check_recovered(node, text)
    node.machine.until("timedatectl show -p NTPSynchronized --value | grep -qx yes")
    assert abs(node.deviation()) < 0.5
    served.close()
