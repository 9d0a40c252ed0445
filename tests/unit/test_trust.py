# SPDX-License-Identifier: Apache-2.0
"""Host keys that somebody vouches for: the one that was compared, and no other beside it."""

import hashlib
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Callable, List

import pytest

from recovery import trust
from recovery.programs import ssh
from tests.unit import nodes

TARGET = ssh.Target("engine.example.test")
PATH = "/var/lib/run-1/known_hosts"
RSA = "engine.example.test ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDEfakedEfake"
ED25519 = "engine.example.test ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEfakedEfakedEfake"


def fingerprint(line: str) -> str:
    data = line.split()[2]
    digest = hashlib.sha256(b64decode(data + "=" * (-len(data) % 4))).digest()
    return "SHA256:" + b64encode(digest).decode().rstrip("=")


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    """ssh-keyscan shows both keys; ssh-keygen -l tells each one's fingerprint."""
    node = nodes.Node(tmp_path)
    node.answers("ssh-keyscan", "# engine.example.test:22 SSH-2.0\n%s\n%s\n" % (RSA, ED25519))
    told = "".join(
        "case $key in *%s) echo '2048 %s x (Y)';; esac\n" % (line.split()[2], fingerprint(line))
        for line in (RSA, ED25519)
    )
    node.script("ssh-keygen", "while read -r key; do\n%sdone\n" % told)
    return node


def agreeing(heard: List[str], answer: bool = True) -> Callable[[str], bool]:
    def ask(question: str) -> bool:
        heard.append(question)
        return answer

    return ask


def test_asked_shows_one_key_and_trusts_that_one_alone(node: nodes.Node) -> None:
    heard: List[str] = []
    assert trust.asked(node.host, TARGET, agreeing(heard), PATH)
    (question,) = heard
    assert fingerprint(ED25519) in question and fingerprint(RSA) not in question
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in question
    assert node.host.read(PATH).decode() == ED25519 + "\n"


def test_asked_names_the_file_of_the_kind_that_there_is(node: nodes.Node) -> None:
    node.answers("ssh-keyscan", RSA + "\n")
    heard: List[str] = []
    assert trust.asked(node.host, TARGET, agreeing(heard), PATH)
    assert "/etc/ssh/ssh_host_rsa_key.pub" in heard[0] and fingerprint(RSA) in heard[0]


def test_asked_and_refused_or_without_a_key_writes_nothing(node: nodes.Node) -> None:
    assert not trust.asked(node.host, TARGET, agreeing([], False), PATH)
    node.answers("ssh-keyscan", "# no answer\n")
    assert not trust.asked(node.host, TARGET, agreeing([]), PATH)
    assert not node.host.exists(PATH)


def test_stated_takes_the_place_of_what_was_confirmed_before(node: nodes.Node) -> None:
    node.write(PATH, RSA + "\n")
    assert trust.stated(node.host, TARGET, fingerprint(ED25519), PATH)
    assert node.host.read(PATH).decode() == ED25519 + "\n"


def test_stated_leaves_no_other_key_beside_the_right_one(node: nodes.Node) -> None:
    node.write(PATH, RSA + "\n" + ED25519 + "\n")
    assert trust.stated(node.host, TARGET, fingerprint(RSA), PATH)
    assert node.host.read(PATH).decode() == RSA + "\n"


def test_stated_and_not_shown_is_an_error_that_trusts_nobody(node: nodes.Node) -> None:
    node.write(PATH, RSA + "\n")
    with pytest.raises(ssh.UnknownHostKey, match="none of its host keys"):
        trust.stated(node.host, TARGET, "SHA256:" + "A" * 43, PATH)
    assert not node.host.exists(PATH)


def test_asked_again_shows_the_next_kind_beside_the_first(node: nodes.Node) -> None:
    """The node's own ssh may be forbidden to take the first."""
    heard: List[str] = []
    for _ in range(2):
        assert trust.asked(node.host, TARGET, agreeing(heard), PATH)
    assert fingerprint(RSA) in heard[1]
    assert node.host.read(PATH).decode() == ED25519 + "\n" + RSA + "\n"
    assert not trust.asked(node.host, TARGET, agreeing(heard), PATH)
    assert len(heard) == 2
