# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import errors, remote
from recovery.programs import ssh
from tests.unit import nodes

# The remote side is a shell that gets the last word of ssh's command line.
SHELL = 'for line; do :; done\nPATH=/usr/bin:/bin exec /bin/sh -c "$line"\n'


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.script("ssh", SHELL)
    return node


@pytest.fixture
def engine(node: nodes.Node) -> remote.Remote:
    return remote.Remote(node.host, ssh.Target("engine.example.test"))


def test_write_and_read_keep_every_byte_of_a_text(engine: remote.Remote, tmp_path: Path) -> None:
    path = str(tmp_path / "a b'$(echo c)")
    engine.write(path, "срок\n".encode("utf-8"))
    assert engine.read(path) == "срок\n".encode("utf-8")
    assert Path(path).stat().st_mode & 0o777 == 0o600


def test_read_of_a_missing_file_is_file_missing(engine: remote.Remote, tmp_path: Path) -> None:
    with pytest.raises(errors.FileMissing):
        engine.read(str(tmp_path / "no"))


def test_read_without_a_connection_is_program_failed(node: nodes.Node) -> None:
    node.answers("ssh", stderr="ssh: connect to host e port 22: No route to host\n", status=255)
    with pytest.raises(errors.ProgramFailed):
        remote.Remote(node.host, ssh.Target("e")).read("/x")


def test_exists_tells_a_missing_file_from_a_missing_engine(
    node: nodes.Node, engine: remote.Remote, tmp_path: Path
) -> None:
    assert engine.exists(str(tmp_path)) and not engine.exists(str(tmp_path / "no"))
    node.answers("ssh", status=255)
    with pytest.raises(errors.ProgramFailed):
        engine.exists(str(tmp_path))


def test_now_is_the_wall_clock_of_the_other_side(node: nodes.Node) -> None:
    node.answers("ssh", "1676894400.25\n")
    assert remote.Remote(node.host, ssh.Target("e")).now().wall == 1676894400.25


def test_now_where_the_login_script_greets_takes_the_last_line(node: nodes.Node) -> None:
    node.answers("ssh", "Welcome to the engine!\n1676894400.25\n")
    assert remote.Remote(node.host, ssh.Target("e")).now().wall == 1676894400.25


def test_now_of_no_number_is_unexpected_output(node: nodes.Node) -> None:
    node.answers("ssh", "Welcome to the engine!\n")
    with pytest.raises(errors.UnexpectedOutput):
        remote.Remote(node.host, ssh.Target("e")).now()


@pytest.mark.parametrize("confirmed", [True, False])
def test_of_prefers_the_host_keys_confirmed_for_this_run(node: nodes.Node, confirmed: bool) -> None:
    if confirmed:
        node.write("/var/lib/run-1/known_hosts", "engine.example.test ssh-ed25519 AAAA\n")
    chosen = remote.of(node.host, "engine.example.test", "/var/lib/run-1").target.known_hosts
    assert (chosen == "/var/lib/run-1/known_hosts") is confirmed
