# SPDX-License-Identifier: Apache-2.0
"""engine-setup when something goes wrong: the stage's words, and what is left behind."""

import pytest

from simulators import engine_vm
from tests.simulators import setup_dialogues as talk
from tests.simulators import worlds
from tests.simulators.setup_dialogues import Setup, certificate, files

SETUP = "engine:engine-setup"
REQUEST = "engine:pki-enroll-request.sh"
SCRIPT = "/usr/share/ovirt-engine/bin/pki-enroll-pkcs12.sh"
SIGNING = "[ ERROR ] Failed to execute stage 'Misc configuration': Command '%s' failed to execute\n"
BROKEN = "client_loop: send disconnect: Broken pipe\r\r\n"


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up")


def services(node):
    return node.ssh("systemctl is-active ovirt-engine httpd").out


def test_unknown_question_comes_before_the_one_it_was_put_in_front_of(node):
    question = "Do you want Setup to move the moon?"
    node.world.sim.fault(SETUP, "ask", question=question, before="OVESETUP_RENEW_PKI")
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    setup.say((question + ":", ""))
    setup.ask("Please specify value")
    setup.say((question + ":", "perhaps"))
    setup.ask(talk.RENEW)


def test_unknown_question_with_a_default_is_no_obstacle_to_accepted_defaults(node):
    node.world.sim.fault(
        SETUP, "ask", question="Size of the moon", default="7", before="OVESETUP_RENEW_PKI"
    )
    _, said = talk.inside(node, ["--offline", "--accept-defaults"])
    assert "          Size of the moon [7]: \n" in said


def test_unknown_question_without_a_default_ends_what_has_no_input(node):
    node.world.sim.fault(SETUP, "ask", question="Moon", before="OVESETUP_CORE_ENGINE_STOP")
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 1 and "'Setup validation': End of file\n" in said
    assert services(node) == "active\nactive\n"


def test_failure_before_the_transaction_leaves_the_engine_running(node):
    cause = "Upgrade aborted, database integrity cannot be established."
    node.world.sim.fault(SETUP, "fail-stage", stage="Setup validation", cause=cause)
    before = files(node)
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 1 and said.endswith(talk.FAILED)
    assert "[ ERROR ] Failed to execute stage 'Setup validation': %s\n" % cause in said
    assert files(node) == before and services(node) == "active\nactive\n"


def test_failure_after_the_renewal_leaves_new_certificates_and_a_stopped_engine(node):
    node.world.sim.fault(SETUP, "fail-stage", stage="Transaction commit", cause="no reason")
    old = certificate(node, "certs/apache.cer")
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 1 and "'Transaction commit': no reason\n" in said
    assert certificate(node, "certs/apache.cer").serial > old.serial
    assert services(node) == "inactive\nactive\n"
    asking = ("openssl", "s_client", "-connect", "virt-he.example.test:443")
    assert "certificate has expired" in node.run(*asking).out  # httpd was not restarted


def test_lock_that_nobody_gives_away_fails_the_signature(node):
    node.world.sim.fault(REQUEST, "lock-timeout")
    uptime = node.world.sim.state()["uptime"]
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 1 and SIGNING % SCRIPT in said
    assert "[ INFO  ] Renewing engine certificate\n[ ERROR ]" in said
    assert node.world.sim.state()["uptime"] - uptime > 20
    assert services(node) == "inactive\nactive\n"


def test_full_disk_fails_the_first_certificate_and_nothing_is_lost(node):
    before = files(node)
    node.world.sim.schedule(0, "engine-disk-full")
    node.wait(1)
    status, said = talk.inside(node, talk.UNATTENDED)
    assert status == 1 and SIGNING % SCRIPT in said
    after = files(node)
    assert {name: after[name] for name in before} == before
    assert [after[name] for name in after if name not in before] == [b""]  # the copy that failed


def test_lost_connection_leaves_the_state_of_that_stage(node):
    node.world.sim.fault(SETUP, "lose-connection", stage="Package installation")
    before = files(node)
    setup = Setup(node, "--offline " + talk.BYPASS)
    setup.say(*talk.UP_TO_RENEWAL)
    status, said = setup.say((talk.RENEW, "Yes"), (talk.STOP, ""), (talk.CONFIRM, "")).end()
    assert status == 255 and said.endswith("Stage: Package installation\n" + BROKEN[:-3] + "\r\n")
    assert files(node) == before
    assert services(node) == "inactive\nactive\n"


def test_engine_vm_that_dies_meanwhile_does_nothing_more(tmp_path):
    node = worlds.make(tmp_path / "w", "all-valid")
    setup = Setup(node, "--offline " + talk.BYPASS)
    setup.say(*talk.UP_TO_RENEWAL)
    setup.ask(talk.STOP)
    with node.world.opened() as world:
        engine_vm.off(world)
    before = files(node)
    setup.child.sendline("")
    setup.say((talk.CONFIRM, ""))
    status, said = setup.end()
    assert status == 255 and "Stopping engine service" not in said
    assert files(node) == before


def test_answers_given_at_a_closed_terminal_are_no_answers(node):
    """The tool dies in the middle of the dialogue: nothing has been done, and nothing goes on."""
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    setup.ask(talk.RENEW)
    before = files(node)
    setup.child.close(force=True)
    assert files(node) == before and services(node) == "active\nactive\n"


def test_interrupt_at_a_question_fails_its_stage(node):
    setup = Setup(node)
    setup.ask(talk.FIREWALL)
    setup.child.sendintr()
    status, said = setup.end()
    assert status == 1
    assert "[ ERROR ] Failed to execute stage 'Environment customization': SIG2\n" in said


def test_fault_strikes_the_run_it_is_meant_for(node):
    node.world.sim.fault(SETUP, "fail-stage", nth=2, stage="Initializing", cause="second")
    node.world.sim.fault("*", "fail", nth=1000)
    assert "second" not in talk.inside(node, ["--offline"])[1]
    assert "'Initializing': second" in talk.inside(node, ["--offline"])[1]
    assert node.world.sim.state()["faults"][1].get("seen", 0) == 0
