# SPDX-License-Identifier: Apache-2.0
"""The second oracle, section A: the ordinary renewal of the engine, typed by hand, no tool."""

import pytest

from simulators import der
from tests.simulators import setup_dialogues as talk
from tests.simulators import worlds
from tests.simulators.setup_dialogues import Setup

DAY = 86400
WEB = (
    "openssl",
    "s_client",
    "-connect",
    "virt-he.example.test:443",
    "-CAfile",
    "/etc/pki/vdsm/certs/cacert.pem",
    "-verify_return_error",
)


def web_until(node):
    """The end of the certificate that browsers see, in days from now."""
    shown = node.run(*(WEB[:-1] + ("-showcerts",))).out
    pem = shown[shown.index("-----BEGIN") : shown.index("-----END")]
    end = der.certificate((pem + "-----END CERTIFICATE-----\n").encode()).not_after
    with node.world.opened() as world:
        return (end - world.true()) / DAY


@pytest.mark.parametrize(
    "release, wait, days", [("el7", 0, 1800), ("el8", 150, 398), ("el9", 150, 398)]
)
def test_before_expiry_in_global_maintenance(tmp_path, release, wait, days):
    node = worlds.make(tmp_path / "w", "all-valid", release)
    node.world.sim.pass_quietly(wait * DAY)
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    node.ok("sleep", "30")
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    status, said = setup.say((talk.RENEW, "Yes"), (talk.STOP, ""), (talk.CONFIRM, "")).end()
    assert status == 0 and said.endswith(talk.DONE)
    assert "[ INFO  ] Hosted Engine HA is in Global Maintenance mode.\n" in said
    node.ok("hosted-engine", "--set-maintenance", "--mode=none")
    assert abs(web_until(node) - days) < 1
    node.ok("sleep", "300")
    assert "running" in node.ok("virsh", "-r", "domstate", "HostedEngine")
    assert node.state("vm")["healthy"]


def test_before_the_window_nothing_is_asked_about_certificates(tmp_path):
    node = worlds.make(tmp_path / "w", "all-valid", "el8")
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    status, said = setup.say((talk.STOP, ""), (talk.CONFIRM, "")).end()
    assert status == 0 and "Renew" not in said


def test_after_expiry_setup_sees_no_maintenance_until_it_is_told_to_go_on(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up", "el8")
    with node.world.opened() as world:
        world.state["ha"]["global"] = True  # set on the node that carries the engine
    assert node.run(*WEB).status == 1
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    status, said = setup.say((talk.RENEW, "Yes"), (talk.STOP, "")).end()
    assert status == 1 and "but Global Maintenance is not set.\n" in said
    status, said = talk.renew(node)
    assert status == 0 and "Global Maintenance" not in said
    assert node.run(*WEB).status == 0
    node.wait(20)
    assert node.state("vm")["database"]["global"] is True  # now the engine sees it by itself
