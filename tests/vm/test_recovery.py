# SPDX-License-Identifier: Apache-2.0
"""The main job from the stick, with NTP: taken back from its end; whole, with NTP in its way."""

import re

from simulators import names
from simulators.vm import ntp
from tests.vm.checks import INSTALLED, RECOVER, check_recovered, check_time, check_undone
from tests.vm.node import LOG, PASSWORD, Node, deviation_told

# engine-setup too: the machine's stand-in for it asks and renews as the real one does.
WHOLE = "recover --yes --engine-password-file " + PASSWORD
SYNCHRONISED = "timedatectl show -p NTPSynchronized --value | grep -qx yes"
# Whose restart would reset the node.
NOT_RESTARTED = "systemctl show -P InvocationID sanlock wdmd"


def offer_time(node: Node) -> ntp.Server:
    """A server of the site answers: with the true time, which needs no correction now."""
    served = ntp.Server(node.true)
    line = "server 10.0.2.2 port %d iburst minpoll 2 maxpoll 4" % served.port
    node.out("echo '%s' > /etc/chrony/conf.d/site.conf && systemctl restart chronyd" % line)
    node.machine.until("chronyc -c tracking | grep -q Normal")
    return served


def test_recovery_with_ntp_in_reach_then_undo_from_the_end(node: Node) -> None:
    """NTP has no part in the true time's return, so the deviation is the tool's own."""
    served = offer_time(node)
    before, started = node.files(), node.out(NOT_RESTARTED)
    node.begin(RECOVER)
    node.reached(8)
    asked = served.served
    assert node.out("date -u +%F").strip() == "2023-01-19"
    # By timedatectl, not by the `date` that would do where it refuses.
    assert "2023-01-19" in node.out("journalctl -b -o cat -g 'Changed local time to'")
    node.reached(11)
    domain = node.domain()
    assert domain is not None and node.domain_state() == "running"
    node.reached(15)
    served.silent = True
    assert served.served == asked
    assert node.ended() == 0, node.log()
    text = node.log()
    assert "something moved it" not in text
    outer = node.deviation()
    assert abs(outer) < 1.0 and abs(deviation_told(text) - outer) < 0.5
    served.silent = False
    node.machine.until(SYNCHRONISED)
    assert served.served > asked
    # One engine VM through both jumps and every restart of libvirtd.
    assert node.domain() == domain
    check_recovered(node, text)
    check_time(node)
    assert node.changed(before) == INSTALLED
    assert not re.search("rehearsal$", node.out("cat %s; journalctl -b -o cat" % LOG), re.M)
    check_undone(node, before, domain)
    assert node.out(NOT_RESTARTED) == started
    served.close()


def web(node: Node) -> str:
    """The end of the certificate that the engine's web server shows, checked as nodes do it."""
    ask = "openssl s_client -connect %s:443 -verify_return_error -CAfile %s < /dev/null 2>/dev/null"
    ask %= (names.ENGINE, "/etc/pki/vdsm/certs/cacert.pem")
    return node.out(ask + " | openssl x509 -noout -enddate").strip()


def test_whole_recovery_with_ntp_and_a_chronyd_that_somebody_starts(node: Node) -> None:
    served = offer_time(node)
    node.begin(WHOLE)
    node.reached(10)
    assert node.deviation() < -86400
    asked = served.served
    # The tool is held meanwhile: else it may be through with this step before chronyd steps.
    node.out("pkill -STOP -f '[o]virt-cert-recovery.pyz'")
    node.out("systemctl unmask --runtime chronyd.service && systemctl start chronyd.service")
    node.machine.until("chronyc -c tracking | grep -q Normal")
    node.out("pkill -CONT -f '[o]virt-cert-recovery.pyz'")
    node.reached(12)
    domain = node.domain()
    assert node.ended() == 0, node.log()
    text = node.log()
    assert served.served > asked
    assert "something moved it by" in text and "gone again, to be redone: stop time" in text
    assert node.domain() == domain
    check_recovered(node, text)
    assert "engine-setup is done, renewed: engine, " in text
    assert web(node).endswith("2024 GMT")
    for name in ("engine", "jboss", "websocket-proxy"):
        until = node.enddate("/srv/engine/etc/pki/ovirt-engine/certs/%s.cer" % name)
        assert int(until.split()[3]) >= 2024, until
    node.machine.until(SYNCHRONISED)
    assert abs(node.deviation()) < 0.5
    served.close()
