# SPDX-License-Identifier: Apache-2.0
"""What keeps a recovery of other nodes from beginning: then it begins on none of them."""

import json
from pathlib import Path
from typing import List

import pytest

from recovery import errors
from recovery import journal as journals
from recovery import plan as plans
from simulators import rehearse, ssh_client
from tests.procedures import watched
from tests.procedures.cluster import SECOND, THIRD, other, secret, told, untouched

KNOWN_HOSTS = "/root/.ssh/known_hosts"


@pytest.fixture
def node(tmp_path: Path) -> watched.Node:
    return watched.Node(str(tmp_path / "world"), "three-nodes")


def test_password_wrong_for_one_node_begins_with_none(node: watched.Node) -> None:
    path = Path(node.directory) / "passwords"
    path.write_text("rehearsal-node\nwrong donkey\n")
    words = ["--node", SECOND, "--node", THIRD, "--node-password-file", str(path)]
    ended = node.tool("recover", *(secret(node) + words))
    assert ended.status == errors.ATTENTION
    assert "log in as root@%s: the node refuses the password" % THIRD in ended.output
    assert "--node-password-file" in ended.output and "donkey" not in ended.output
    untouched(node, SECOND, THIRD)


def test_password_missing_for_a_node_says_how_to_give_it(untaken: watched.Node) -> None:
    node = untaken
    ended = node.tool("recover", *(secret(node) + ["--node", SECOND]))
    assert ended.status == errors.ATTENTION
    assert "the node wants a password" in ended.output


def test_key_of_ours_on_the_other_node_needs_no_password(node: watched.Node) -> None:
    for name in ("/root/.ssh/id_ed25519", "/root/.ssh/id_ed25519.pub"):
        Path(node.world.root + name).write_text("ssh-ed25519 AAAA root@virt-host1\n")
    folder = Path(other(node, SECOND).root + "/root/.ssh")
    (folder / "authorized_keys").write_text("ssh-ed25519 AAAA root@virt-host1\n")
    ended = node.tool("status", "--node", SECOND)
    assert ended.status == 0 and "no run on this node yet" in ended.output


def forgotten(node: watched.Node) -> str:
    """Forget the second node's host key; return its fingerprint."""
    path = Path(node.world.root + KNOWN_HOSTS)
    lines = path.read_text().splitlines(True)
    path.write_text("".join(line for line in lines if not line.startswith(SECOND)))
    public = Path(other(node, SECOND).root + "/etc/ssh/ssh_host_rsa_key.pub").read_text()
    return ssh_client.fingerprint(" ".join(public.split()[:2]))


def test_host_key_unknown_is_never_accepted_silently(node: watched.Node) -> None:
    fingerprint = forgotten(node)
    ended = node.tool("diagnose", *told(node, SECOND))
    assert ended.status == errors.ATTENTION
    assert "its host key is not the one in" in ended.output
    assert "--node-fingerprint" in ended.output
    wrong = "%s=SHA256:%s" % (SECOND, "A" * 43)
    ended = node.tool("diagnose", "--node-fingerprint", wrong, *told(node, SECOND))
    assert ended.status == errors.ATTENTION
    assert "none of its host keys has the fingerprint" in ended.output
    assert fingerprint in ended.output
    stated = "%s=%s" % (SECOND, fingerprint)
    ended = node.tool("diagnose", "--node-fingerprint", stated, *told(node, SECOND))
    assert ended.status == 0, ended.output[-2000:]
    # Until the next boot it is known; what was looked at is as it was.
    assert node.tool("status", *told(node, SECOND)).status == 0
    untouched(node, SECOND)


def test_node_unreachable_begins_with_none(node: watched.Node) -> None:
    other(node, THIRD).sim.set(reachable=False)
    ended = node.recover()
    assert ended.status == errors.FAILED
    assert "cannot reach root@%s" % THIRD in ended.output and "No route to host" in ended.output
    untouched(node, SECOND)


def test_node_with_a_wrong_clock_begins_with_none(node: watched.Node) -> None:
    with other(node, THIRD).opened() as world:
        world.step_clock(world.wall() + 86400 * 700)
    ended = node.recover()
    assert ended.status == errors.INHIBITED
    assert THIRD in ended.output and "everything" in ended.output
    untouched(node, SECOND)


def test_run_of_another_route_is_left_to_the_node_s_own_console(node: watched.Node) -> None:
    world = other(node, SECOND)
    plan = plans.to_json(plans.Plan("rewind", "", plans.Parameters(), ()))
    moment = {"wall": 1.0, "boottime": 1.0, "boot_id": "x"}
    record = {"seq": 1, "event": "planned", "step": "", "moment": moment, "data": {"plan": plan}}
    folder = Path(world.root + journals.STATE + "/run-1")
    folder.mkdir(parents=True)
    (folder / "journal").write_text(json.dumps(record) + "\n")
    (folder.parent / "runs").write_text("run-1\n")
    rehearse.remember(world)
    for verb in ("resume", "undo"):
        ended = node.tool(verb, "--yes", *told(node, SECOND))
        assert ended.status == errors.INHIBITED
        assert "its route is rewind" in ended.output
        assert "next: on %s itself, with the stick there: %s" % (SECOND, verb) in ended.output
    untouched(node, SECOND)


@pytest.fixture(scope="module")
def untaken(tmp_path_factory: pytest.TempPathFactory) -> watched.Node:
    """A cluster for what comes to nothing."""
    return watched.Node(str(tmp_path_factory.mktemp("untaken") / "world"), "three-nodes")


@pytest.mark.parametrize(
    "words, says",
    [
        (["--node=-oProxyCommand=x"], "neither a name nor an address"),
        (["--node", "a;b"], "neither a name nor an address"),
        (["--node", "root@x"], "neither a name nor an address"),
        (["--node", "virt-host1.example.test"], "that is this node"),
        (["--node", "virt-host1"], "that is this node"),
        (["--node", SECOND, "--node", SECOND], "it was given twice"),
        (["--node", SECOND, "--node-fingerprint", "SHA256:x"], "HOST=SHA256:... is wanted"),
        (["--node", SECOND, "--node-fingerprint", "x=SHA256:x"], "is not given with --node"),
        (["--node", SECOND, "--node-password-file", "/no/such"], "the nodes' passwords from"),
        (["--node", SECOND, "--route", "rewind"], "over ssh it can be sign only"),
        (["--node", "virt-host9.example.test"], "Could not resolve hostname"),
    ],
)
def test_bad_words_about_nodes_are_one_clear_error(
    untaken: watched.Node, words: List[str], says: str
) -> None:
    ended = untaken.tool("recover", *(secret(untaken) + words))
    assert says in ended.output
    assert ended.status in (errors.USAGE, errors.FAILED)
    untouched(untaken, SECOND, THIRD)


def test_passwords_of_another_number_than_nodes_are_refused(untaken: watched.Node) -> None:
    node = untaken
    path = Path(node.directory) / "passwords"
    path.write_text("a\nb\nc\n")
    words = ["--node", SECOND, "--node", THIRD, "--node-password-file", str(path)]
    ended = node.tool("recover", *(secret(node) + words))
    assert ended.status == errors.USAGE
    assert "it has 3 lines for 2 nodes; one line is for all" in ended.output
