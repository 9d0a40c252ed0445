# SPDX-License-Identifier: Apache-2.0
"""What only another node knows: keys that stay, connections that break, a lock over the network."""

import os
from pathlib import Path
from typing import Callable, List, Optional

import pytest

from recovery import certificates, dialogue, errors, host, scripts, ssh_host
from recovery import journal as journals
from recovery.local_host import LocalHost
from recovery.programs import ssh
from tests.contract.far_side import BYTES, NODE, OWNER, PROGRAMS, Place, far, mode
from tests.unit import authority


@pytest.fixture
def other(tmp_path: Path, real_program: Callable[[str], str]) -> Place:
    real_program("openssl")
    return far(tmp_path, "/bin/sh")


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_key_is_compared_by_its_public_half(other: Place, kind: str) -> None:
    pair = authority.issue(NODE, private=authority.key(kind))
    path = other.path("key.pem")
    Path(path).write_bytes(pair.key)
    half = other.node.key_to_compare(path)
    assert b"PUBLIC KEY" in half and b"PRIVATE" not in half
    assert certificates.key_matches("c", pair.certificate, path, half)


def test_key_of_openssh_is_compared_by_its_public_half(
    other: Place, real_program: Callable[[str], str]
) -> None:
    real_program("ssh-keygen")
    path = other.path("id")
    other.node.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])
    half = other.node.key_to_compare(path)
    assert half.split()[:2] == Path(path + ".pub").read_bytes().split()[:2]
    certificates.load_public(path, half)


@pytest.mark.parametrize("text", ["", "garbage", "-----BEGIN PRIVATE KEY-----\nAA"])
def test_key_that_cannot_be_used_is_a_file_error(other: Place, text: str) -> None:
    Path(other.path("key.pem")).write_text(text)
    with pytest.raises(errors.FileError, match="on virt-host2"):
        other.node.key_to_compare(other.path("key.pem"))
    with pytest.raises(errors.FileMissing):
        other.node.key_to_compare(other.path("missing"))


@pytest.mark.parametrize("status", [0, 1], ids=["selinux", "no selinux"])
@pytest.mark.parametrize("like", [None, "model"])
def test_label_of_the_file_or_of_its_model_is_asked_for(
    tmp_path: Path, status: int, like: Optional[str]
) -> None:
    """A chcon that writes down what it is told: labels of their own need a kernel with SELinux."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "chcon").write_text(
        "#!/bin/sh\nprintf '%%s\\n' \"$*\" >> %s/labels\nexit %d\n" % (tmp_path, status)
    )
    (own / "chcon").chmod(0o755)
    other = far(tmp_path, "/bin/sh", "%s:%s" % (own, PROGRAMS))
    for name in ("x.pem", "model"):
        Path(other.path(name)).write_bytes(b"old")
    other.node.replace(other.path("x.pem"), b"new", other.path(like) if like else None)
    assert Path(other.path("x.pem")).read_bytes() == b"new"
    told = (tmp_path / "labels").read_text()
    fresh = other.path(".x.pem.ovirt-cert-recovery")
    assert told == "--reference=%s %s\n" % (other.path(like or "x.pem"), fresh)


def cut_off(script: str) -> str:
    """The line as it runs when the connection breaks in the middle of the content."""
    return script.replace('cat > "$t"', 'head -c 100 > "$t"').replace(
        'cat >> "$t"', 'head -c 100 >> "$t"'
    )


def test_content_that_breaks_off_replaces_nothing(other: Place) -> None:
    path = other.path("a")
    Path(path).write_text("old")
    for script in (scripts.replace(path, BYTES, None, 0o600), scripts.append(path, BYTES)):
        line = ssh.line(ssh.Target(NODE), cut_off(script))
        here = other.node.here  # type: ignore[attr-defined]
        output = here.run(line, input=BYTES, ok=range(256))
        assert output.status == scripts.BROKEN_OFF
        assert Path(path).read_text() == "old"


def test_connection_that_is_lost_is_told_from_a_program_s_own_status(other: Place) -> None:
    other.down.write_text("")
    calls: List[Callable[[], object]] = [
        lambda: other.node.run(["true"], ok=(0, 255)),
        lambda: other.node.read(other.path("a")),
        lambda: other.node.exists(other.path("a")),
        lambda: other.node.append(other.path("a"), b"x"),
        lambda: other.node.instant(),
        lambda: other.node.interact(["true"], dialogue.Dialogue(())),
    ]
    for call in calls:
        with pytest.raises(
            ssh_host.Lost, match="the connection to virt-host2.example.test is lost"
        ):
            call()


def test_lock_is_a_note_that_the_same_node_takes_over(other: Place) -> None:
    lock = other.path("lock")
    held = Path(lock + journals.FROM_ELSEWHERE)
    with other.node.lock(lock):
        assert held.read_text().strip() == OWNER
        assert mode(str(held)) == 0o600
        with other.node.lock(lock):  # after a connection was lost, from the same node again
            pass
    assert not held.exists()
    held.write_text("virt-host3.example.test 1234\n")
    with pytest.raises(host.Busy, match="a run from virt-host3.example.test holds it"):
        with other.node.lock(lock):
            pass
    assert held.exists()


def test_lock_is_refused_while_a_run_is_alive_over_there(other: Place) -> None:
    lock = other.path("lock")
    with LocalHost("/", PROGRAMS).lock(lock):
        with pytest.raises(host.Busy, match="a run on that node itself holds"):
            with other.node.lock(lock):
                pass
    assert not os.path.exists(lock + journals.FROM_ELSEWHERE)


def test_lock_that_cannot_be_written_says_why(other: Place) -> None:
    with pytest.raises(errors.FileError, match="lock"):
        with other.node.lock(other.path("no/such/folder/lock")):
            pass


def test_greeting_of_a_login_script_does_no_harm(other: Place) -> None:
    client = other.folder.parent / "client" / "ssh"
    client.write_text(client.read_text().replace("for line", "echo Welcome; for line"))
    Path(other.path("a")).write_bytes(BYTES)
    assert other.node.read(other.path("a")) == BYTES
    assert len(other.node.digest(other.path("a"))) == 64
    assert other.node.now().boot_id == other.node.instant().boot_id


def test_every_call_is_one_ssh_that_never_asks(other: Place) -> None:
    other.node.replace(other.path("a"), b"secret content")
    other.node.read(other.path("a"))
    lines = other.told().splitlines()
    assert len(lines) == 2
    for line in lines:
        assert "StrictHostKeyChecking=yes" in line and "BatchMode=yes" in line
        assert "root@%s " % NODE in line and "secret content" not in line
