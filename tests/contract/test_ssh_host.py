# SPDX-License-Identifier: Apache-2.0
"""The port's two adapters are held to the same assertions.

LocalHost on a directory of this machine; SshHost through a real shell and the real coreutils, by
an `ssh` that runs the line itself. Other shells than bash are tried as well: root's login shell
is not ours to choose.
"""

import os
import stat
from pathlib import Path
from typing import Any, Callable, List

import pytest

from recovery import certificates, dialogue, errors, host, requests, scripts, ssh_host
from recovery import journal as journals
from recovery.local_host import LocalHost
from recovery.programs import openssl, ssh
from tests.unit import authority

NODE = "virt-host2.example.test"
OWNER = "virt-host1.example.test 64d13115"
PROGRAMS = "/usr/bin:/bin"
# The line is the last word; what comes before it is ssh's own.
CLIENT = """#!/bin/sh
printf '%%s\\n' "$*" >> %(calls)s
[ ! -e %(down)s ] || { echo 'mux_client_request_session: session request failed' >&2; exit 255; }
for line; do :; done
PATH=%(programs)s exec %(shell)s -c "$line"
"""
BYTES = bytes(range(256)) * 40 + b"\n\n"
AWKWARD = 'it\'s a "name" $HOME `x`;&| \\'


class Place:
    """An adapter, a directory of the node, and what ssh was told."""

    def __init__(self, node: host.Host, folder: Path) -> None:
        self.node = node
        self.folder = folder
        self.calls = folder.parent / "calls"
        self.down = folder.parent / "down"

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def told(self) -> str:
        return self.calls.read_text()


def far(tmp_path: Path, shell: str) -> Place:
    """A node behind an `ssh` that is a shell of this machine."""
    folder, client = tmp_path / "node", tmp_path / "client"
    folder.mkdir()
    client.mkdir()
    words = {
        "calls": tmp_path / "calls",
        "down": tmp_path / "down",
        "programs": PROGRAMS,
        "shell": shell,
    }
    (client / "ssh").write_text(CLIENT % words)
    (client / "ssh").chmod(0o755)
    here = LocalHost("/", "%s:%s" % (client, PROGRAMS))
    return Place(ssh_host.SshHost(here, ssh.Target(NODE, role="node"), OWNER), folder)


@pytest.fixture(params=["local", "/bin/bash", "/bin/dash"])
def place(tmp_path: Path, request: Any, real_program: Callable[[str], str]) -> Place:
    real_program("openssl")
    kind = request.param
    if kind == "local":
        (tmp_path / "node").mkdir()
        return Place(LocalHost("/", PROGRAMS), tmp_path / "node")
    if not os.path.exists(kind):
        pytest.skip("there is no %s" % kind)
    return far(tmp_path, kind)


@pytest.fixture
def other(tmp_path: Path, real_program: Callable[[str], str]) -> Place:
    real_program("openssl")
    return far(tmp_path, "/bin/sh")


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


# Both adapters


def test_file_of_all_bytes_survives_the_way_there_and_back(place: Place) -> None:
    path = place.path(AWKWARD)
    place.node.replace(path, BYTES)
    assert Path(path).read_bytes() == BYTES and mode(path) == 0o600
    assert place.node.read(path) == BYTES
    place.node.replace(path, b"")
    assert place.node.read(path) == b""
    assert os.listdir(str(place.folder)) == [AWKWARD]


def test_replace_keeps_the_mode_and_takes_that_of_a_model(place: Place) -> None:
    path, model = place.path("a"), place.path("model")
    Path(path).write_text("old")
    os.chmod(path, 0o640)
    place.node.replace(path, b"new")
    assert mode(path) == 0o640
    Path(model).write_text("")
    os.chmod(model, 0o444)
    place.node.replace(path, b"newer", like=model)
    assert mode(path) == 0o444
    place.node.replace(place.path("fresh"), b"", mode=0o644)
    assert mode(place.path("fresh")) == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_replace_keeps_the_owner(place: Place) -> None:
    path = place.path("a")
    Path(path).write_text("old")
    os.chown(path, 36, 107)
    place.node.replace(path, b"new")
    assert (os.stat(path).st_uid, os.stat(path).st_gid) == (36, 107)
    place.node.copy(path, place.path("b"), like=path)
    assert os.stat(place.path("b")).st_uid == 36


def test_replace_goes_through_a_link_and_makes_private_directories(place: Place) -> None:
    os.symlink("deep/er/target", place.path("link"))
    place.node.replace(place.path("link"), b"new")
    assert os.path.islink(place.path("link"))
    assert Path(place.path("deep/er/target")).read_bytes() == b"new"
    assert mode(place.path("deep")) == mode(place.path("deep/er")) == 0o700


def test_replace_of_a_directory_is_a_file_error_and_leaves_nothing(place: Place) -> None:
    os.mkdir(place.path("folder"))
    with pytest.raises(errors.FileError) as caught:
        place.node.replace(place.path("folder"), b"new")
    assert caught.value.path == place.path("folder")
    assert os.listdir(str(place.folder)) == ["folder"]
    assert os.listdir(place.path("folder")) == []


def test_copy_is_the_content_with_the_attributes_of_the_model(place: Place) -> None:
    source, target = place.path("source"), place.path("new/target")
    Path(source).write_bytes(BYTES)
    os.chmod(source, 0o440)
    place.node.copy(source, target, like=source)
    assert Path(target).read_bytes() == BYTES and mode(target) == 0o440
    with pytest.raises(errors.FileMissing):
        place.node.copy(place.path("missing"), target)
    assert Path(target).read_bytes() == BYTES


def test_append_adds_and_makes_a_private_file(place: Place) -> None:
    path = place.path("run-1/journal")
    place.node.append(path, b"one\n")
    place.node.append(path, b"two " + BYTES)
    assert Path(path).read_bytes() == b"one\ntwo " + BYTES
    assert mode(path) == 0o600


def test_remove_takes_a_link_itself_and_forgives_what_is_not_there(place: Place) -> None:
    Path(place.path("target")).write_text("")
    os.symlink("target", place.path("link"))
    place.node.remove(place.path("link"))
    place.node.remove(place.path("link"))
    place.node.remove(place.path("no/such/folder"))
    assert os.listdir(str(place.folder)) == ["target"]


def test_read_of_what_is_not_there_is_a_missing_file(place: Place) -> None:
    for path in (place.path("missing"), place.path("a/b")):
        Path(place.path("a")).write_text("no directory")
        with pytest.raises(errors.FileMissing):
            place.node.read(path)
        with pytest.raises(errors.FileMissing):
            place.node.digest(path)
    with pytest.raises(errors.FileError, match="directory") as caught:
        place.node.read(str(place.folder))
    assert not isinstance(caught.value, errors.FileMissing)


def test_exists_and_digest_tell_what_is_there(place: Place) -> None:
    Path(place.path(AWKWARD)).write_bytes(b"abc")
    assert place.node.exists(place.path(AWKWARD)) and place.node.exists(str(place.folder))
    assert not place.node.exists(place.path("b"))
    assert place.node.digest(place.path(AWKWARD)).startswith("ba7816bf8f01cfea")


def test_run_keeps_words_streams_and_status_apart(place: Place) -> None:
    output = place.node.run(["printf", "%s|", AWKWARD, "*", ""])
    assert output.stdout == AWKWARD + "|*||"
    said = place.node.run(["sh", "-c", "echo out; echo err >&2; exit 3"], ok=(3,))
    assert said == host.Output("out\n", "err\n", 3)
    with pytest.raises(errors.ProgramFailed) as caught:
        place.node.run(["sh", "-c", "exit 255"])
    assert caught.value.exit_status == 255


def test_run_gives_input_environment_and_directory(place: Place) -> None:
    assert place.node.run(["cat"], input=b"typed").stdout == "typed"
    shown = place.node.run(["sh", "-c", 'echo "$LC_ALL|$A|$PWD"; cat'], env=[("A", "b c")])
    assert shown.stdout == "C|b c|/\n"


def test_run_of_a_program_that_is_missing_or_hangs(place: Place) -> None:
    with pytest.raises(errors.ProgramMissing):
        place.node.run(["no-such-program", "x"])
    with pytest.raises(errors.ProgramTimeout, match="within 1 s"):
        place.node.run(["sleep", "30"], timeout=1)


def test_interact_types_on_a_terminal(place: Place) -> None:
    script = '[ -t 0 ] && printf "name: " && read name && echo "hello $name"'
    talk = dialogue.Dialogue((dialogue.Exchange("name: $", "x y"),))
    assert "hello x y" in place.node.interact(["sh", "-c", script], talk)
    with pytest.raises(errors.ProgramFailed) as caught:
        place.node.interact(["sh", "-c", "exit 7"], dialogue.Dialogue(()))
    assert caught.value.exit_status == 7


def test_clocks_are_those_of_the_node(place: Place) -> None:
    now, instant = place.node.now(), place.node.instant()
    assert now.boot_id == instant.boot_id == place.node.boot_id()
    assert 0 <= instant.boottime - now.boottime < 30
    assert now.wall > 1600000000


def test_request_is_made_by_the_node_s_openssl(place: Place) -> None:
    key, path = authority.key("rsa"), place.path("key.pem")
    Path(path).write_bytes(authority.key_pem(key))
    request = openssl.request(place.node, path)
    assert b"PRIVATE" not in request
    assert requests.matches(request, path, place.node.key_to_compare(path))
    assert requests.matches(request, path, authority.key_pem(key))
    assert not requests.matches(request, path, authority.key_pem(authority.key("rsa")))


# Over the network only


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
