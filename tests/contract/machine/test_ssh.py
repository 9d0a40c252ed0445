# SPDX-License-Identifier: Apache-2.0
"""ssh, ssh-keyscan and ssh-keygen: the engine's sshd, its password, its host key, its absence."""

import re
from typing import Iterator

import pytest

from recovery import dialogue, errors, secret
from recovery.programs import ssh, ssh_keyscan
from simulators import names
from tests.contract.machine.subject import Subject

ENGINE = names.ENGINE
WHO = "root@" + ENGINE
ASKED = WHO + "'s password: "
KNOWN = "/run/contract-known-hosts"
NOBODY = ssh.Target(ENGINE, known_hosts="/run/contract-nobody-known", control="/run/contract-n.ssh")
TARGET = ssh.Target(ENGINE, known_hosts=KNOWN, control="/run/contract.ssh")


@pytest.fixture
def trusting(running: Subject) -> Iterator[Subject]:
    """The engine's host keys are known; the shared connection ends with the test."""
    running.node.replace(KNOWN, ssh.host_keys(running.node, TARGET), mode=0o644)
    yield running
    ssh.close(running.node, TARGET)


def password(text: str = names.PASSWORD) -> secret.Secret:
    return secret.Secret(text)


def test_engine_answers_or_it_does_not(running: Subject, expired: Subject) -> None:
    assert ssh_keyscan.answers(running.node, ENGINE, 60)  # an emulated sshd takes its time
    assert not ssh_keyscan.answers(expired.node, ENGINE)
    unknown = "nowhere.example.test"
    shown, told = ssh_keyscan.asked(expired.node, unknown)
    assert not shown and told.startswith("getaddrinfo %s: " % unknown)
    assert ssh_keyscan.asked(expired.node, ENGINE) == (False, "")


def test_host_keys_and_their_fingerprints(running: Subject) -> None:
    output = running.run("ssh-keyscan", "-T", "10", ENGINE)
    assert output.status == 0
    keys = [line for line in output.stdout.splitlines() if not line.startswith("#")]
    assert [line.split()[:2] for line in keys] == [[ENGINE, "ssh-rsa"]]
    assert re.search(r"^# %s:22 SSH-2\.0-OpenSSH_" % ENGINE, output.stdout + output.stderr, re.M)
    (shown,) = ssh.fingerprints(running.node, output.stdout.encode())
    assert re.match(r"SHA256:[A-Za-z0-9+/]{43}$", shown)
    listed = running.run("ssh-keygen", "-l", "-f", "-", data=output.stdout.encode()).stdout
    assert re.match(r"\d{4} %s %s \(RSA\)\n$" % (re.escape(shown), ENGINE), listed)


def test_known_host_is_found_in_the_file(trusting: Subject) -> None:
    assert ssh.knows(trusting.node, TARGET)
    output = trusting.run("ssh-keygen", "-F", ENGINE, "-f", KNOWN)
    assert output.status == 0 and output.stdout.startswith("# Host %s found: line 1" % ENGINE)
    assert trusting.texts("ssh-keygen", "-F", "nowhere.example.test", "-f", KNOWN) == ("", "", 1)


def test_unknown_host_key_is_refused_before_any_password(running: Subject) -> None:
    with pytest.raises(ssh.UnknownHostKey) as caught:
        ssh.connect(running.node, NOBODY, password())
    text = "\n".join(caught.value.seen)
    assert "Host key verification failed." in text
    assert "No %s host key is known for %s and you have requested strict checking." in text.replace(
        "ED25519", "%s"
    ).replace("RSA", "%s").replace(ENGINE, "%s")


def test_another_host_key_is_refused_loudly(trusting: Subject) -> None:
    keys = trusting.node.read(KNOWN).replace(
        b"AAAAB3NzaC1yc2EAAAADAQAB", b"AAAAB3NzaC1yc2EAAAADAQAC"
    )
    trusting.node.replace(KNOWN, keys, mode=0o644)
    output = trusting.run(*(ssh.command(TARGET, "BatchMode=yes") + [WHO, "true"]))
    assert output.status == 255
    assert "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @" in output.stderr
    assert output.stderr.splitlines()[-1].strip() == "Host key verification failed."


def test_right_password_opens_a_connection_that_is_shared(trusting: Subject) -> None:
    node = trusting.node
    ssh.connect(node, TARGET, password())
    assert ssh.run(node, TARGET, "id -u").stdout == "0\n"
    assert ssh.run(node, TARGET, "cat", input=b"through\n").stdout == "through\n"
    with pytest.raises(errors.ProgramFailed) as caught:
        ssh.run(node, TARGET, "echo said; cat /nosuch; exit 7")
    wrong = "cat: /nosuch: No such file or directory\n"
    found = caught.value
    assert (found.stdout, found.stderr) == ("said\n", wrong) and "7" in found.cause
    argv = ssh.command(TARGET) + ["-O", "check", WHO]
    output = trusting.run(*argv)
    assert (output.stdout, output.status) == ("", 0)
    assert re.match(r"Master running \(pid=\d+\)\r\n$", output.stderr)
    ssh.close(node, TARGET)
    ssh.close(node, TARGET)
    output = trusting.run(*argv)
    assert output.status == 255
    text = "Control socket connect(%s): No such file or directory\r\n" % TARGET.control
    assert output.stderr == text


def test_wrong_password_is_refused(trusting: Subject) -> None:
    with pytest.raises(ssh.NotAdmitted) as caught:
        ssh.connect(trusting.node, TARGET, password("wrong"))
    assert caught.value.cause == "the engine refuses the password"
    seen = "\n".join(caught.value.seen)
    assert re.search(
        r"^%s: Permission denied \(publickey[a-z,-]*,password[a-z,-]*\)\.$" % WHO, seen, re.M
    )


def test_without_a_password_it_is_refused(trusting: Subject) -> None:
    with pytest.raises(ssh.NotAdmitted) as caught:
        ssh.connect(trusting.node, TARGET, None)
    assert caught.value.cause == "the engine wants a password"


def test_password_dialogue_as_a_person_sees_it(trusting: Subject) -> None:
    exchanges = (
        dialogue.Exchange(re.escape(ASKED) + "$", password("wrong")),
        dialogue.Exchange(re.escape(ASKED) + "$", password()),
    )
    argv = ssh.command(TARGET) + [WHO, "echo in"]
    shown = trusting.node.interact(argv, dialogue.Dialogue(exchanges))
    assert shown == "%s\nPermission denied, please try again.\n%s\nin\n" % (ASKED, ASKED)


def test_scp_both_ways_and_what_it_cannot_find(trusting: Subject) -> None:
    """By the protocol of EL 7 and 8, which a newer scp speaks when it is told -O."""
    node = trusting.node
    ssh.connect(node, TARGET, password())
    scp = ["scp", "-O"] + ssh.command(TARGET, "BatchMode=yes")[1:]
    here, there = "/run/contract-copied", WHO + ":/tmp/contract-copied"
    node.replace(here, b"text\n")
    assert trusting.texts(*(scp + [here, there])) == ("", "", 0)
    assert trusting.texts(*(scp + [there, here + "-back"])) == ("", "", 0)
    assert node.read(here + "-back") == b"text\n"
    missing = "%s: No such file or directory\n"
    for words, said in (
        ([WHO + ":nosuch", here], "scp: nosuch"),
        (["/nosuch", WHO + ":"], "/nosuch"),
        ([here, WHO + ":/nosuch/a"], "scp: /nosuch/a"),
    ):
        assert trusting.texts(*(scp + words)) == ("", missing % said, 1)


@pytest.mark.parametrize("given", [None, password()], ids=["by key", "by password"])
def test_engine_that_is_down_is_not_reachable(expired: Subject, given) -> None:
    with pytest.raises(ssh.NotReachable) as caught:
        ssh.connect(expired.node, TARGET, given)
    text = "ssh: connect to host %s port 22: No route to host" % ENGINE
    assert text in "\n".join(caught.value.seen)


def test_name_nobody_knows(expired: Subject) -> None:
    target = TARGET._replace(address="nowhere.example.test")
    with pytest.raises(ssh.NotReachable) as caught:
        ssh.connect(expired.node, target, None)
    text = "ssh: Could not resolve hostname nowhere.example.test: "
    assert text in "\n".join(caught.value.seen)
