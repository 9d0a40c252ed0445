# SPDX-License-Identifier: Apache-2.0
"""engine-setup on the simulated engine: questions, refusals, effects, failures."""

import os
import re

import pytest

from simulators import engine_database
from tests.simulators import samples, worlds
from tests.simulators import setup_dialogues as talk
from tests.simulators.setup_dialogues import Setup, certificate, files, stages

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


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up")


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


def test_narrow_terminal_wraps_notes_and_prompts_of_the_newest_release(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up", "el9")
    setup = Setup(node, columns=80)
    setup.ask("Do you want Setup to configure the firewall? (Yes, No) [Yes]:")
    setup.child.sendline("")
    setup.ask(
        "Would you like to backup the existing database before upgrading\r\n"
        "          it? (Yes, No) [Yes]:"
    )


def test_narrow_terminal_is_nothing_to_the_older_releases(node):
    setup = Setup(node, columns=80)
    setup.ask("Do you want Setup to configure the firewall? (Yes, No) [Yes]: ")
    setup.child.sendline("")
    setup.ask(talk.BACKUP + " ")


def test_without_a_terminal_prompts_wrap_at_sixty_four(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up", "el9")
    status, said = talk.inside(
        node, ["--offline", talk.BYPASS.replace("'", "")], "\n\n\n\nYes\n\n\n"
    )
    assert status == 0 and "\x1b" not in said
    assert (
        "          During execution engine service will be stopped (OK, Cancel)\n"
        "          [OK]:[WARNING] Less than" in said
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
    assert files(node) == before


def test_accepting_defaults_aborts_at_the_renewal(node):
    status, said = talk.inside(node, ["--offline", "--accept-defaults"])
    assert status == 1 and "'Environment customization': Aborted by user\n" in said


def test_unattended_line_over_ssh_renews_without_a_question(node):
    node.ssh("true")
    words = ("-n", "-o", "ControlPath=/run/test-%h", worlds.ENGINE)
    keys = talk.KEYS.replace("=", "='", 1) + "'"
    line = "LC_ALL=C engine-setup --offline --accept-defaults " + keys
    output = node.run("ssh", *(words + (line,)))
    assert output.status == 0 and output.out.endswith(talk.DONE)
    assert "Renew certificates?" not in output.out
    assert "Setup can automatically configure" not in output.out
    assert certificate(node, "certs/apache.cer").not_after > TRUE + 390 * DAY


def test_answer_given_beforehand_is_shown_twice_over_accepted_defaults(node):
    key = "--otopi-environment=QUESTION/1/OVESETUP_RENEW_PKI=str:yes"
    _, said = talk.inside(node, ["--offline", "--accept-defaults", key])
    assert said.count("Renew certificates?") == 2
    assert "          provided answer: yes\n" in said


def test_no_input_ends_at_the_first_question(node):
    status, said = talk.inside(node, ["--offline"])
    assert status == 1
    assert "Failed to execute stage 'Environment customization': End of file\n" in said


def test_answer_file_is_read_and_one_is_written(node):
    text = (
        "[environment:default]\nOVESETUP_PKI/renew=bool:False\n"
        "OVESETUP_CONFIG/continueSetupOnHEVM=bool:True\n"
    )
    with open(node.engine + "/root/answers", "w") as file:
        file.write(text)
    status, said = talk.inside(
        node, ["--offline", "--accept-defaults", "--config-append=/root/answers"]
    )
    assert status == 0 and "/root/answers\n" in said
    written = re.findall("Generating answer file '(.*)'", said)[0]
    assert re.match("/var/lib/ovirt-engine/setup/answers/20230220\\d{6}-setup.conf$", written)
    with open(node.engine + written) as file:
        kept = file.read()
    title = "# OTOPI answer file, generated by human dialog\n"
    assert kept.startswith(title + "[environment:default]\n")
    assert "QUESTION/1/OVESETUP_UPDATE_FIREWALL=str:yes\n" in kept
    assert os.stat(node.engine + written).st_mode & 0o777 == 0o600


def test_log_file_records_what_was_shown(node):
    _, said = talk.inside(node, ["--offline", "--accept-defaults"])
    path = re.findall(r"Log file is located at\s+(\S+)", said)[0]
    assert re.match(
        "/var/log/ovirt-engine/setup/ovirt-engine-setup-20230220\\d{6}-[a-z0-9]{6}.log$", path
    )
    with open(node.engine + path) as file:
        log = file.read()
    assert " INFO otopi.context context.runSequence:614 Stage: Initializing\n" in log
    assert "DIALOG:SEND                 Renew certificates? (Yes, No) [No]:" in log


@pytest.mark.parametrize(
    "word, status, expected",
    [
        ("--nonsense", 1, "FATAL: Invalid option '--nonsense'\n"),
        (
            "--otopi-environment=A=1",
            1,
            "FATAL Internal error (main): Missing variable type\n",
        ),
    ],
)
def test_wrong_words_end_it_before_it_begins(node, word, status, expected):
    assert talk.inside(node, [word]) == (status, expected)


def test_configuration_that_cannot_be_parsed_is_named(node):
    with open(node.engine + "/root/answers", "w") as file:
        file.write("[environment:default]\nOVESETUP_PKI/renew=yes\n")
    status, said = talk.inside(node, ["--offline", "--config-append=/root/answers"])
    assert status == 1
    assert "key OVESETUP_PKI/renew at section environment:default: Missing variable type" in said


def test_help_is_the_real_usage(node):
    status, said = talk.inside(node, ["--help"])
    assert status == 0 and "    --offline\n        Offline mode.\n" in said


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
    status, said = talk.inside(node, ["--offline", "--accept-defaults", talk.KEYS.split()[0]])
    assert status == 0
    assert "[ INFO  ] Hosted Engine HA is in Global Maintenance mode.\n" in said


def test_flag_stays_as_it_was_when_the_node_was_last_reached(tmp_path):
    node = worlds.make(tmp_path / "w", "all-valid")
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    node.wait(20)
    assert node.state("vm")["database"]["global"] is True
    node.ok("systemctl", "stop", "vdsmd")
    node.ok("hosted-engine", "--set-maintenance", "--mode=none")
    node.wait(20)
    assert node.state("vm")["database"]["global"] is True


def shape(text):
    """Lines without what differs from run to run; the preview in the order of its names."""
    lines = [re.sub(r"\d{14}[-.\w]*", "MOMENT", line.strip()) for line in text.splitlines()]
    lines = [re.sub("([0-9A-F]{2}:){19}[0-9A-F]{2}|SHA256:.*", "DIGEST", line) for line in lines]
    lines = [re.sub(r"elapsed .*", "elapsed", line) for line in lines]
    preview = sorted(line for line in lines if re.match(r".{40}: ", line))
    return [line for line in lines if line not in preview], preview


def test_whole_run_of_the_oldest_release_is_the_recorded_one(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up", "el7")
    setup = Setup(node, "--offline " + talk.BYPASS, columns=400)
    setup.say((talk.FIREWALL, "No"), (talk.BACKUP, "Yes"))
    setup.say((talk.VACUUM, "Yes"), (talk.VACUUM, "Yes"), (talk.RENEW, "Yes"))
    _, said = setup.say((talk.STOP, "OK"), (talk.CONFIRM, "OK")).end()
    assert shape(said) == shape(samples.text("engine-setup", "el7"))
