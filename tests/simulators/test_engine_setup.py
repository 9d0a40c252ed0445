# SPDX-License-Identifier: Apache-2.0
"""engine-setup on the simulated engine: questions, refusals, effects, failures."""

import os
import re

import pytest

from simulators import der, engine_database
from tests.simulators import samples, worlds
from tests.simulators import setup_dialogues as talk
from tests.simulators.setup_dialogues import Setup, certificate, stages

DAY = 86400
TRUE = 1676894400
PKI = "/etc/pki/ovirt-engine/"
ALL_STAGES = [
    "Initializing",
    "Environment setup",
    "Environment packages setup",
    "Programs detection",
    "Environment setup (late)",
    "Environment customization",
    "Setup validation",
    "Transaction setup",
    "Misc configuration (early)",
    "Package installation",
    "Misc configuration",
    "Transaction commit",
    "Closing up",
    "Clean up",
    "Pre-termination",
    "Termination",
]
# Lifetimes: what is given to openssl, and the day before the signature.
LIFETIMES = {
    "el7": {"engine": 1801, "apache": 1801},
    "el8": {"engine": 399, "apache": 399},
    "el9": {"engine": 1828, "apache": 399, "websocket-proxy": 399, "jboss": 1828},
}
RENEWED = {
    "el7": "engine jboss websocket-proxy apache reports imageio-proxy".split(),
    "el8": "engine jboss websocket-proxy apache reports".split(),
    "el9": "engine jboss websocket-proxy apache reports ovn-ndb ovn-sdb ovirt-provider-ovn".split(),
}


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up")


def files(node):
    """Everything of the PKI with its content."""
    found = {}
    for folder, _, names in os.walk(node.engine + PKI):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_renewal_by_hand_ends_with_new_certificates(tmp_path, release):
    node = worlds.make(tmp_path / "w", "engine-up", release)
    before = files(node)
    hosts = [name for name in before if "virt-host1" in name]
    status, said = talk.renew(node)
    assert status == 0 and said.endswith(talk.DONE)
    assert stages(said) == ALL_STAGES
    assert re.findall("Renewing (.*) certificate", said) == RENEWED[release]
    for name, days in LIFETIMES[release].items():
        new = certificate(node, "certs/%s.cer" % name)
        assert new.not_after - new.not_before == days * DAY
        assert abs(new.not_before - (TRUE - DAY)) < 600
        assert new.names == ("DNS:virt-he.example.test",)
    after = files(node)
    assert all(after[name] == before[name] for name in hosts)
    key = node.engine + PKI + "keys/apache.key.nopass"
    assert after[key] not in before.values()
    assert node.ssh("systemctl is-active ovirt-engine httpd").out == "active\nactive\n"


def test_engine_keeps_its_key_and_the_web_gets_a_new_one(node):
    engine, apache = (certificate(node, "certs/%s.cer" % name) for name in ("engine", "apache"))
    talk.renew(node)
    assert certificate(node, "certs/engine.cer").modulus == engine.modulus
    assert certificate(node, "certs/apache.cer").modulus != apache.modulus


def test_every_replaced_file_has_a_copy_with_the_moment_in_its_name(node):
    before = files(node)
    talk.renew(node)
    for name in ("certs/apache.cer", "keys/apache.p12", "keys/apache.key.nopass"):
        path = node.engine + PKI + name
        kept = [data for other, data in files(node).items() if re.match(path + r"\.\d{14}$", other)]
        assert before[path] in kept, name


def test_register_and_copies_by_serial_number_grow(node):
    first = int(node.ssh("cat %sserial.txt" % PKI).out, 16)
    talk.renew(node)
    following = int(node.ssh("cat %sserial.txt" % PKI).out, 16)
    assert following - first == 5  # engine, jboss, websocket-proxy, apache, reports
    lines = node.ssh("cat %sdatabase.txt" % PKI).out.splitlines()
    for serial, line in zip(range(first, following), lines[-5:]):
        assert line.split("\t")[3] == "%X" % serial
        assert certificate(node, "certs/%X.pem" % serial).serial == serial


def test_store_holds_the_new_certificate_under_the_known_password(node):
    talk.renew(node)
    shown = node.ssh("openssl pkcs12 -in %skeys/apache.p12 -passin pass:mypass -nokeys" % PKI)
    assert shown.status == 0 and shown.out.startswith("Bag Attributes\n")
    pem = shown.out[shown.out.index("-----BEGIN") :]
    assert pem in node.ssh("cat %scerts/apache.cer" % PKI).out


def test_screen_up_to_the_renewal_is_the_recorded_one(node):
    setup = Setup(node, columns=400)
    setup.say(*talk.UP_TO_RENEWAL)
    setup.ask(talk.RENEW)
    said = [line.strip() for line in setup.said.splitlines()]
    recorded = [line.strip() for line in samples.text("engine-setup", "el8").splitlines()]
    until = recorded.index(talk.RENEW + " Yes")
    missing = [line for line in recorded[:until] if line not in said]
    different = ("Log file:", "[WARNING] Failed to resolve", "The detected DWH database size")
    assert [line for line in missing if not line.startswith(different)] == []


def test_every_question_ends_the_screen_with_its_default(node):
    setup = Setup(node)
    setup.ask(talk.FIREWALL)
    assert setup.said.endswith(
        "          Setup can automatically configure the firewall on this system.\n"
        "          Note: automatic configuration of the firewall may overwrite current settings.\n"
        "          " + talk.FIREWALL
    )
    assert "[ INFO  ] ovirt-provider-ovn already installed, skipping.\n" in setup.said
    assert "         \n          --== PACKAGES ==--\n         \n" in setup.said


def test_lines_have_the_colour_of_their_level(node):
    setup = Setup(node)
    setup.child.expect_exact("\x1b[92m[ INFO  ]\x1b[0m Stage: Initializing\r\n")


def test_renewal_question_gives_its_reason_of_the_release(tmp_path):
    for release, reason in (
        ("el7", "an invalid expiry date, or do not include the subjectAltName"),
        ("el8", "or they were created with validity period longer than 398 days, or do not"),
        ("el9", "an invalid expiry date, or do not include the subjectAltName"),
    ):
        node = worlds.make(tmp_path / release, "engine-up", release)
        setup = Setup(node, columns=400)
        setup.say(*talk.UP_TO_RENEWAL)
        setup.ask(talk.RENEW)
        assert reason in setup.said


def test_narrow_terminal_wraps_notes_and_prompts(node):
    setup = Setup(node, columns=80)
    setup.ask("Do you want Setup to configure the firewall? (Yes, No) [Yes]:")
    setup.child.sendline("")
    setup.ask(
        "Would you like to backup the existing database before upgrading\r\n"
        "          it? (Yes, No) [Yes]:"
    )


def test_without_a_terminal_prompts_wrap_at_sixty_four(node):
    node.ssh("true")
    answers = "\n\n\n\nYes\n\n\n"
    options = ("-o", "ControlPath=/run/test-%h", worlds.ENGINE)
    run = node.run("ssh", *(options + ("engine-setup --offline " + talk.BYPASS,)), data=answers)
    assert run.status == 0 and "\x1b" not in run.out
    assert (
        "          During execution engine service will be stopped (OK, Cancel)\n"
        "          [OK]:[WARNING] Less than" in run.out
    )


def test_letter_for_yes_is_refused_and_the_question_comes_again(node):
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    setup.say((talk.RENEW, "y"))
    setup.ask("Invalid value\r\n")
    setup.say((talk.RENEW, "yEs"))
    setup.ask("[ INFO  ]\x1b[0m Stage: Setup validation")


def test_enter_at_the_renewal_means_no_and_no_again_aborts(node):
    before = files(node)
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    status, said = setup.say((talk.RENEW, ""), (talk.SKIP, "")).end()
    assert status == 1 and said.endswith(talk.FAILED)
    abort = "[ ERROR ] Failed to execute stage 'Environment customization': Aborted by user\n"
    assert abort in said and stages(said)[-4:] == ALL_STAGES[5:6] + ALL_STAGES[-3:]
    assert files(node) == before
    assert node.ssh("systemctl is-active ovirt-engine").out == "active\n"


def test_skipping_for_sure_goes_on_without_a_renewal(node):
    before = files(node)
    setup = Setup(node, "--offline " + talk.BYPASS)
    setup.say(*talk.UP_TO_RENEWAL)
    setup.say((talk.RENEW, "No"), (talk.SKIP, "Yes"), (talk.STOP, ""), (talk.CONFIRM, ""))
    status, said = setup.end()
    assert status == 0 and "Renewing" not in said
    assert "          Renew PKI                               : False\n" in said
    assert certificate(node, "certs/apache.cer").raw == certificate_of(before, node, "apache")


def certificate_of(before, node, name):
    return der.certificate(before[node.engine + PKI + "certs/%s.cer" % name]).raw


def run(node, options):
    """Unattended, with no input at all."""
    node.ssh("true")
    words = ("-n", "-o", "ControlPath=/run/test-%h", worlds.ENGINE, "engine-setup " + options)
    return node.run("ssh", *words)


def test_accepting_defaults_aborts_at_the_renewal(node):
    output = run(node, "--offline --accept-defaults")
    assert output.status == 1
    assert "'Environment customization': Aborted by user\n" in output.out


UNATTENDED = (
    "--offline --accept-defaults --otopi-environment='OVESETUP_PKI/renew=bool:True "
    "OVESETUP_CONFIG/continueSetupOnHEVM=bool:True OVESETUP_CONFIG/updateFirewall=bool:False'"
)


def test_unattended_line_renews_without_a_question(node):
    output = run(node, UNATTENDED)
    assert output.status == 0 and output.out.endswith(talk.DONE)
    assert "Renew certificates?" not in output.out
    assert "Setup can automatically configure" not in output.out
    assert certificate(node, "certs/apache.cer").not_after > TRUE + 390 * DAY


def test_answer_given_beforehand_is_shown_twice_over_accepted_defaults(node):
    output = run(
        node,
        "--offline --accept-defaults --otopi-environment='QUESTION/1/OVESETUP_RENEW_PKI=str:yes'",
    )
    assert output.out.count("Renew certificates?") == 2
    assert "          provided answer: yes\n" in output.out


def test_no_input_ends_at_the_first_question(node):
    output = run(node, "--offline")
    assert output.status == 1
    assert (
        "[ ERROR ] Failed to execute stage 'Environment customization': End of file" in output.out
    )


def test_answer_file_is_read_and_one_is_written(node):
    text = (
        "[environment:default]\nOVESETUP_PKI/renew=bool:False\n"
        "OVESETUP_CONFIG/continueSetupOnHEVM=bool:True\n"
    )
    node.ssh("cat > /root/answers", data=text)
    output = run(node, "--offline --accept-defaults --config-append=/root/answers")
    assert output.status == 0 and "/root/answers\n" in output.out
    written = re.findall("Generating answer file '(.*)'", output.out)[0]
    assert re.match("/var/lib/ovirt-engine/setup/answers/20230220\\d{6}-setup.conf$", written)
    kept = node.ssh("cat " + written).out
    assert kept.startswith(
        "# OTOPI answer file, generated by human dialog\n[environment:default]\n"
    )
    assert "QUESTION/1/OVESETUP_UPDATE_FIREWALL=str:yes\n" in kept
    assert os.stat(node.engine + written).st_mode & 0o777 == 0o600


def test_log_file_records_what_was_shown(node):
    output = run(node, "--offline --accept-defaults")
    path = re.findall(r"Log file is located at\s+(\S+)", output.out)[0]
    assert re.match(
        "/var/log/ovirt-engine/setup/ovirt-engine-setup-20230220\\d{6}-[a-z0-9]{6}.log$", path
    )
    log = node.ssh("cat " + path).out
    assert " INFO otopi.context context.runSequence:614 Stage: Initializing\n" in log
    assert "DIALOG:SEND                 Renew certificates? (Yes, No) [No]:" in log


@pytest.mark.parametrize(
    "options, expected",
    [
        ("--nonsense", (1, "", "FATAL: Invalid option '--nonsense'\n")),
        (
            "--otopi-environment=A=1",
            (1, "FATAL Internal error (main): Missing variable type\n", ""),
        ),
    ],
)
def test_wrong_words_end_it_before_it_begins(node, options, expected):
    assert run(node, options) == expected


def test_help_is_the_real_usage(node):
    output = run(node, "--help")
    assert output.status == 0 and "    --offline\n        Offline mode.\n" in output.out


def test_stale_flag_refuses_and_nothing_has_happened(node):
    with node.world.opened() as world:
        world.state["ha"]["global"] = True  # by another node
        engine_database.expect(world)
    node.wait(120)
    before = files(node)
    setup = Setup(node)
    setup.say(*talk.UP_TO_RENEWAL)
    status, said = setup.say((talk.RENEW, "Yes"), (talk.STOP, "")).end()
    assert status == 1
    assert (
        "[ ERROR ] It seems that you are running your engine inside of the hosted-engine VM and "
        'are not in "Global Maintenance" mode.\n'
        '         In that case you should put the system into the "Global Maintenance" mode before '
        "running engine-setup, or the hosted-engine HA agent might kill the machine, which might "
        "corrupt your data.\n         \n"
        "[ ERROR ] Failed to execute stage 'Setup validation': Hosted Engine setup detected, but "
        "Global Maintenance is not set.\n" in said
    )
    assert files(node) == before
    assert node.ssh("systemctl is-active ovirt-engine").out == "active\n"


def test_flag_is_seen_while_the_engine_reaches_a_node(tmp_path):
    node = worlds.make(tmp_path / "w", "all-valid", "el9")
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    output = run(
        node, "--offline --accept-defaults --otopi-environment='OVESETUP_PKI/renew=bool:True'"
    )
    assert output.status == 0
    assert "[ INFO  ] Hosted Engine HA is in Global Maintenance mode.\n" in output.out
