# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Callable, Optional

import pytest

from recovery import errors
from recovery.local_host import LocalHost
from recovery.programs import ssh
from recovery.secret import Secret
from tests.unit import nodes

TARGET = ssh.Target("engine.example.test")
PASSWORD = "correct horse"
# OpenSSH turns the echo off before it prompts (readpassphrase), and writes to the terminal.
CLIENT = """#!/bin/sh
echo "ssh $*" >> "${0%/*}/../calls"
/bin/stty -echo
printf "root@engine.example.test's password: "
read given
/bin/stty echo
echo
[ "$given" = 'correct horse' ] && exit 0
echo 'Permission denied, please try again.'
echo 'root@engine.example.test: Permission denied (publickey,gssapi-with-mic,password).'
exit 255
"""
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key verification failed.
"""


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


@pytest.mark.parametrize("password", [None, Secret(PASSWORD)], ids=["by key", "by password"])
@pytest.mark.parametrize(
    "text, kind",
    [
        ("ssh: connect to host e port 22: No route to host", ssh.NotReachable),
        ("ssh: connect to host e port 22: Connection timed out", ssh.NotReachable),
        ("ssh: connect to host e port 22: Connection refused", ssh.NotReachable),
        ("ssh: Could not resolve hostname e: Name or service not known", ssh.NotReachable),
        ("kex_exchange_identification: Connection closed by remote host", ssh.NotReachable),
        ("Host key verification failed.", ssh.UnknownHostKey),
        (CHANGED, ssh.UnknownHostKey),
        ("root@e: Permission denied (publickey,gssapi-keyex,password).", ssh.NotAdmitted),
        ("Received disconnect: 2: Too many authentication failures", ssh.NotAdmitted),
    ],
)
def test_connect_refused_is_the_error_of_who_must_act(
    node: nodes.Node, password: Optional[Secret], text: str, kind: type
) -> None:
    node.answers("ssh", stderr=text + "\n", status=255)
    with pytest.raises(errors.Error) as caught:
        ssh.connect(node.host, TARGET, password)
    assert type(caught.value) is kind
    assert text.splitlines()[-1] in str(caught.value)


def test_connect_without_password_never_asks(node: nodes.Node) -> None:
    node.answers("ssh")
    ssh.connect(node.host, TARGET, None)
    call = node.calls()[0]
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", "ControlMaster=auto"):
        assert "-o %s " % option in call
    assert call.endswith("root@engine.example.test true")


def test_connect_with_the_right_password_types_it_once(node: nodes.Node) -> None:
    node.script("ssh", CLIENT)
    ssh.connect(node.host, TARGET, Secret(PASSWORD))
    assert len(node.calls()) == 1
    assert "NumberOfPasswordPrompts=1" in node.calls()[0]


def test_connect_passes_over_the_passphrase_of_a_key(node: nodes.Node) -> None:
    asks = "printf \"Enter passphrase for key '/root/.ssh/id_rsa': \"; read line; "
    node.script("ssh", "#!/bin/sh\n" + asks + 'test -z "$line" || exit 1\n' + CLIENT)
    ssh.connect(node.host, TARGET, Secret(PASSWORD))


def test_connect_with_a_password_where_a_key_suffices_types_nothing(node: nodes.Node) -> None:
    node.script("ssh", "[ -t 0 ] && exit 0; exit 1")
    ssh.connect(node.host, TARGET, Secret(PASSWORD))


def test_connect_with_a_wrong_password_says_so_without_it(node: nodes.Node) -> None:
    node.script("ssh", CLIENT)
    with pytest.raises(ssh.NotAdmitted, match="refuses the password") as caught:
        ssh.connect(node.host, TARGET, Secret("wrong donkey"))
    assert "--engine-password-file" in caught.value.next_step
    assert "wrong donkey" not in str(caught.value) + repr(caught.value.__cause__)


def test_connect_that_is_asked_again_by_another_method_types_no_wrong_password_twice(
    node: nodes.Node,
) -> None:
    """sshd may offer keyboard-interactive and password: each has one prompt of its own."""
    first = CLIENT.split("[ ")[0]
    again = 'keep=$given; printf "(root@e) Password: "; read given\n[ -z "$given" ] || exit 3\n'
    node.script("ssh", first + again + "given=$keep\n[ " + CLIENT.split("[ ", 1)[1])
    with pytest.raises(ssh.NotAdmitted, match="refuses the password"):
        ssh.connect(node.host, TARGET, Secret("wrong donkey"))


def test_connect_never_puts_the_password_into_words_of_a_command(node: nodes.Node) -> None:
    node.script("ssh", '/usr/bin/env > "${0%/*}/../environment"\n' + CLIENT)
    ssh.connect(node.host, TARGET, Secret(PASSWORD))
    assert PASSWORD not in "".join(node.calls())
    assert PASSWORD not in (node.folder / "environment").read_text()


def test_connect_that_hangs_is_not_reachable(node: nodes.Node) -> None:
    node.script("ssh", "exec /bin/sleep 90")
    with pytest.raises(ssh.NotReachable, match="within 60 s"):
        ssh.connect(node.host, TARGET, Secret(PASSWORD))


def test_run_hands_over_one_line_and_its_input(node: nodes.Node) -> None:
    script = 'echo "ssh $*" >> "${0%/*}/../calls"\nexec /bin/cat\n'
    node.script("ssh", script)
    output = ssh.run(node.host, TARGET, "umask 077 && cat > '/a b'", input=b"csr\n")
    assert output.stdout == "csr\n"
    assert node.calls()[0].endswith("root@engine.example.test umask 077 && cat > '/a b'")
    assert "BatchMode=yes" in node.calls()[0]


def test_run_that_fails_has_the_remote_status(node: nodes.Node) -> None:
    node.answers("ssh", stderr="cat: /x: No such file or directory\n", status=1)
    with pytest.raises(errors.ProgramFailed) as caught:
        ssh.run(node.host, TARGET, "cat /x")
    assert caught.value.exit_status == 1


@pytest.mark.parametrize("status", [0, 255])
def test_close_of_no_connection_is_no_error(node: nodes.Node, status: int) -> None:
    node.answers("ssh", stderr="Control socket connect(/x): No such file\n", status=status)
    ssh.close(node.host, TARGET)
    assert "-O exit" in node.calls()[0]


def test_command_uses_the_run_s_own_known_hosts() -> None:
    argv = ssh.command(TARGET._replace(known_hosts="/run/known_hosts", control="/run/c"))
    assert "UserKnownHostsFile=/run/known_hosts" in argv and "ControlPath=/run/c" in argv
    # Only what somebody vouched for is trusted then.
    assert "GlobalKnownHostsFile=/dev/null" in argv
    assert not [word for word in ssh.command(TARGET) if word.startswith("Global")]


def test_knows_what_is_in_either_file_that_ssh_reads(node: nodes.Node) -> None:
    assert not ssh.knows(node.host, TARGET)
    assert node.calls() == []  # there is nothing to look into
    node.write(ssh.GLOBAL_KNOWN_HOSTS, "")
    node.answers("ssh-keygen", status=1)
    assert not ssh.knows(node.host, TARGET)
    node.answers("ssh-keygen")
    assert ssh.knows(node.host, TARGET)
    assert node.calls() == 2 * ["ssh-keygen -F %s -f %s" % (TARGET.address, ssh.GLOBAL_KNOWN_HOSTS)]


def test_knows_in_a_file_of_the_run_asks_no_other(node: nodes.Node) -> None:
    node.write(ssh.GLOBAL_KNOWN_HOSTS, "")
    node.answers("ssh-keygen")
    assert not ssh.knows(node.host, TARGET._replace(known_hosts="/run/known_hosts"))
    assert node.calls() == []


def test_knows_where_ssh_keygen_fails_is_an_error(node: nodes.Node) -> None:
    node.write(ssh.GLOBAL_KNOWN_HOSTS, "")
    node.answers("ssh-keygen", status=255)
    with pytest.raises(errors.ProgramFailed):
        ssh.knows(node.host, TARGET)


@pytest.mark.parametrize("hashed", [False, True])
def test_knows_a_hashed_name_by_the_real_ssh_keygen(
    tmp_path: Path, real_programs: Callable[..., Path], hashed: bool
) -> None:
    here = LocalHost("/", str(real_programs("ssh-keygen")))
    path = tmp_path / "known_hosts"
    key = tmp_path / "key"
    here.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    path.write_text("%s,192.0.2.9 %s" % (TARGET.address, (tmp_path / "key.pub").read_text()))
    if hashed:
        here.run(["ssh-keygen", "-H", "-f", str(path)])
    assert (TARGET.address in path.read_text()) is not hashed
    target = TARGET._replace(known_hosts=str(path))
    assert ssh.knows(here, target)
    assert not ssh.knows(here, target._replace(address="other.example.test"))


def test_fingerprints_are_those_of_ssh_keygen(node: nodes.Node) -> None:
    node.answers(
        "ssh-keygen",
        "3072 SHA256:abc engine.example.test (RSA)\n256 SHA256:def engine.example.test (ED25519)\n",
    )
    assert ssh.fingerprints(node.host, b"keys") == ["SHA256:abc", "SHA256:def"]


def test_host_keys_of_nobody_are_empty(node: nodes.Node) -> None:
    node.answers("ssh-keyscan", status=1)
    assert ssh.host_keys(node.host, TARGET) == b""
