# SPDX-License-Identifier: Apache-2.0
"""virsh: an engine VM that runs, a libvirtd that is down, a wrong password, a mere reader."""

import re
from typing import List

import pytest

from recovery import dialogue, errors, secret
from recovery.observing.engine import DOMAIN
from recovery.programs import systemctl, virsh
from tests.contract.machine.subject import Subject
from tests.contract.test_virsh import BANNER, NO_DOMAIN, POLKIT, UNKNOWN

TABLE = (
    " Id   Name           State\n------------------------------\n 1    HostedEngine   running\n\n"
)
PAUSED = TABLE.replace("running", "paused").replace("-" * 30, "-" * 29)
EMPTY = " Id   Name   State\n--------------------\n\n"
NO_CONNECTION = "error: failed to connect to the hypervisor\n"
SOCKET = "error: Failed to connect socket to '/var/run/libvirt/%s': %s\n"
READ_ONLY = "error: Failed to %s domain 'HostedEngine'\n"
FORBIDDEN = "error: operation forbidden: read only access prevents virDomain%s\n"
NAME = "Please enter your authentication name: "
PASSWORD = "Please enter your password: "


def plain(text: str) -> str:
    return POLKIT.sub("", text)


def test_states_of_domains(running: Subject) -> None:
    assert virsh.connection(running.node) == ["virsh", "-c", virsh.URI]
    assert virsh.domains(running.node) == {DOMAIN: "running"}
    assert virsh.domain_state(running.node, DOMAIN) == "running"
    assert virsh.domain_state(running.node, "nosuch") == virsh.ABSENT


@pytest.mark.parametrize("to", [["-r"], ["-c", virsh.URI]], ids=["read-only", "with password"])
@pytest.mark.parametrize(
    "words, out, err, status",
    [
        (["list", "--all"], TABLE, "", 0),
        (["list"], TABLE, "", 0),
        (["list", "--all", "--name"], DOMAIN + "\n\n", "", 0),
        (["list", "--inactive"], EMPTY, "", 0),
        (["domstate", DOMAIN], "running\n\n", "", 0),
        (["domstate", DOMAIN, "--reason"], "running (booted)\n\n", "", 0),
        (["domid", DOMAIN], "1\n\n", "", 0),
        (["domstate", "nosuch"], "\n", NO_DOMAIN, 1),
        (["nosuch"], "", UNKNOWN, 1),
    ],
)
def test_commands(running: Subject, to: List[str], words, out: str, err: str, status: int) -> None:
    assert running.texts("virsh", *(to + words)) == (out, err, status)


@pytest.mark.parametrize("word, call", [("suspend", "Suspend"), ("destroy", "Destroy")])
def test_reader_may_change_nothing(running: Subject, word: str, call: str) -> None:
    text = READ_ONLY % word + FORBIDDEN % call
    assert running.texts("virsh", "-r", word, DOMAIN) == ("\n", text, 1)
    assert virsh.domains(running.node) == {DOMAIN: "running"}


def test_session_of_one_who_may_change(running: Subject) -> None:
    shown = running.talk(["virsh", "-c", virsh.URI], ["domstate " + DOMAIN, "list --all", "quit"])
    expected = BANNER + "virsh # domstate HostedEngine\nrunning\n\nvirsh # list --all\n" + TABLE
    assert plain(shown) == expected + "virsh # quit\n\n"


def test_session_of_a_reader(running: Subject) -> None:
    shown = running.talk(["virsh", "-r"], ["domstate nosuch", "nosuch", "quit"])
    expected = BANNER + "virsh > domstate nosuch\n" + NO_DOMAIN + "\n"
    assert plain(shown) == expected + "virsh > nosuch\n" + UNKNOWN + "virsh > quit\n\n"


def test_session_without_the_file_asks_and_admits_the_right_password(running: Subject) -> None:
    exchanges = (
        dialogue.Exchange(NAME + "$", "vdsm@ovirt"),
        dialogue.Exchange(PASSWORD + "$", secret.Secret("shibboleth")),
    )
    argv = ["virsh", "-c", "qemu:///system", "list", "--all"]
    shown = running.node.interact(argv, dialogue.Dialogue(exchanges))
    assert shown == "%svdsm@ovirt\n%s\n" % (NAME, PASSWORD) + TABLE


def test_question_nobody_planned_for_is_an_error_and_not_answered(running: Subject) -> None:
    argv = ["virsh", "-c", "qemu:///system"]
    asked = dialogue.Dialogue((dialogue.Exchange(virsh.PROMPT, "domstate x"),), virsh.QUESTIONS)
    with pytest.raises(errors.UnexpectedOutput) as caught:
        running.node.interact(argv, asked)
    assert NAME.strip() in "".join(caught.value.seen)


def test_wrong_password(running: Subject) -> None:
    right = running.node.read(virsh.AUTH_FILE).decode()
    path = "/run/wrong_auth.conf"
    running.node.replace(path, re.sub("password=.*", "password=wrong", right).encode())
    words = ["virsh", "-c", "qemu:///system?authfile=" + path, "list", "--all"]
    out, err, status = running.texts(*words)
    refused = "error: authentication failed: authentication failed\n"
    assert (out, err, status) == ("", NO_CONNECTION + refused, 1)


def test_without_a_terminal_nobody_can_be_asked(running: Subject) -> None:
    out, err, status = running.texts("virsh", "-c", "qemu:///system", "list", "--all")
    assert (out, status) == (NAME + PASSWORD, 1)
    assert err.startswith(NO_CONNECTION + "error: authentication failed: Failed to start SASL")


def test_domain_that_is_paused_and_resumed(running: Subject) -> None:
    to = ["virsh", "-c", virsh.URI]
    told = running.texts(*(to + ["suspend", DOMAIN]))
    assert told == ("Domain 'HostedEngine' suspended\n\n", "", 0)
    assert virsh.domain_state(running.node, DOMAIN) == "paused"
    assert running.ok(*(to + ["domstate", DOMAIN, "--reason"])) == "paused (user)\n\n"
    assert running.ok("virsh", "-r", "list", "--all") == PAUSED
    told = running.texts(*(to + ["resume", DOMAIN]))
    assert told == ("Domain 'HostedEngine' resumed\n\n", "", 0)
    assert virsh.domain_state(running.node, DOMAIN) == "running"


# Where libvirtd is down


@pytest.mark.parametrize(
    "words, out, socket, cause",
    [
        (["-r", "list", "--all"], "\n", "libvirt-sock-ro", "Connection refused"),
        (["-r", "domstate", DOMAIN], "\n", "libvirt-sock-ro", "Connection refused"),
        (["-c", virsh.URI, "list", "--all"], "", "libvirt-sock", "No such file or directory"),
    ],
)
def test_no_connection_is_told_with_the_socket(
    expired: Subject, words, out: str, socket: str, cause: str
) -> None:
    told = expired.texts("virsh", *words)
    assert told == (out, NO_CONNECTION + SOCKET % (socket, cause), 1)


def test_no_connection_is_an_error_of_the_tool(expired: Subject) -> None:
    with pytest.raises(errors.ProgramFailed):
        virsh.domains(expired.node)
    with pytest.raises(errors.ProgramFailed):
        virsh.domain_state(expired.node, DOMAIN)


def test_libvirtd_ended_and_the_domain_gone(fresh_running: Subject) -> None:
    node = fresh_running.node
    to = ["virsh", "-c", virsh.URI]
    fresh_running.be_patient()
    systemctl.stop(node, "ovirt-ha-agent.service", "vdsmd.service")
    told = fresh_running.texts(*(to + ["destroy", DOMAIN]))
    assert told == ("Domain 'HostedEngine' destroyed\n\n", "", 0)
    shown = virsh.domains(node)
    assert shown in ({}, {DOMAIN: "shut off"})
    if not shown:
        assert fresh_running.ok("virsh", "-r", "list", "--all") == EMPTY
        assert virsh.domain_state(node, DOMAIN) == virsh.ABSENT
    # Its sockets wake it, it refuses its certificate, and in the end nobody listens.
    fresh_running.run("systemctl", "restart", "libvirtd.service")
    state = systemctl.show(node, ["libvirtd.service"])[0]
    fresh_running.until(lambda: systemctl.show(node, ["libvirtd.socket"])[0].active == "failed", 60)
    assert state.active in ("failed", "activating")
    with pytest.raises(errors.ProgramFailed) as caught:
        virsh.domains(node)
    assert "Failed to connect socket to '/var/run/libvirt/libvirt-sock-ro'" in str(
        caught.value.seen
    )
