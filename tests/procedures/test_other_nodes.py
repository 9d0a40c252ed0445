# SPDX-License-Identifier: Apache-2.0
"""Further nodes, recovered over ssh from the one that carries the engine VM."""

import base64
import json
import os
import re
from pathlib import Path
from typing import Any, Dict, List

import pytest

from recovery import errors, local_host
from recovery import journal as journals
from recovery import plan as plans
from simulators import further, install, rehearse, stories
from tests.procedures import accounts, points, watched

SECOND, THIRD = stories.SECOND, stories.THIRD
KNOWN_HOSTS = "/root/.ssh/known_hosts"
BASE64 = re.compile(r"[A-Za-z0-9+/]+=*$")
HELD = journals.LOCK + journals.FROM_ELSEWHERE


@pytest.fixture
def node(tmp_path: Path) -> watched.Node:
    return watched.Node(str(tmp_path / "world"), "three-nodes")


def other(node: watched.Node, name: str) -> install.World:
    return {one.sim.state()["hostname"]: one for one in further.of(node.world)}[name]


def told(node: watched.Node, *names: str) -> List[str]:
    """How to name these nodes and give the passwords for them."""
    words = ["--node-password-file", node.directory + "/node-password"]
    return words + [word for name in names for word in ("--node", name)]


def secret(node: watched.Node) -> List[str]:
    return ["--yes", "--engine-password-file", node.world.password_file]


def untouched(node: watched.Node, *names: str) -> None:
    """Not one file of these nodes was changed, and nothing but looking was done on them."""
    for name in names:
        world = other(node, name)
        assert rehearse.changes(world) == []
        assert accounts.effects(world) == []
        assert not os.path.exists(world.root + HELD)


def well(node: watched.Node, name: str) -> None:
    """The node has its new certificate in all places, serves it, and nothing else was changed."""
    world = other(node, name)
    account = [line for line in rehearse.epilogue(node.world) if line.startswith(name)]
    assert "certificate valid until 2024-03-2" in account[0] and "(served)" in account[0]
    assert accounts.changed(world) == accounts.INSTALLED
    assert not os.path.exists(world.root + HELD)
    assert accounts.journal(world)[-1]["event"] == "finished"


def ours(node: watched.Node) -> List[str]:
    """What is left on the node we sit at: nothing is to be."""
    return [path for _, path in rehearse.changes(node.world)]


class ListeningHost(local_host.LocalHost):
    """The node we sit at; everything that an ssh brings back is kept in a file."""

    heard = ""

    def run(self, argv: Any, *args: Any, **kwargs: Any) -> Any:
        output = super().run(argv, *args, **kwargs)
        if argv[0] == "ssh":
            with open(self.heard, "a") as stream:
                stream.write(output.stdout + output.stderr + "\n")
        return output


@pytest.mark.parametrize("release", ["el7", "el9"])
def test_nodes_of_other_releases_are_recovered_from_here(release: str, tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "three-nodes", release)
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    well(node, SECOND)
    well(node, THIRD)


def test_nodes_expired_are_recovered_from_here_one_after_another(
    node: watched.Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard"
    monkeypatch.setattr(ListeningHost, "heard", str(heard))
    monkeypatch.setattr(local_host, "LocalHost", ListeningHost)
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    well(node, SECOND)
    well(node, THIRD)
    assert ours(node) == []
    assert accounts.clocks(node.world).wall < 1.0
    assert other(node, THIRD).sim.state()["guests"] == ["web1", "db1"]
    text = ended.output
    assert text.index(SECOND + " (node 1 of 2)") < text.index(THIRD + " (node 2 of 2)")
    assert "%s (2 running VMs, which keep running)" % THIRD in text
    last = text[text.index("Other nodes that the engine's CA knows") :]
    assert "virt-host1.example.test: valid until 2023-09-08 12:00:00 UTC" in last
    assert "%s: valid until 2024-03-2" % SECOND in last
    no_key_came_over(heard.read_text())


def no_key_came_over(heard: str) -> None:
    """Neither as it is nor in base64, and no key was even asked for."""
    assert "BEGIN CERTIFICATE" in decoded(heard) and "BEGIN PUBLIC KEY" in heard
    assert "PRIVATE KEY" not in heard + decoded(heard)


def decoded(heard: str) -> str:
    pieces = []
    for line in heard.split("\n"):
        if len(line) % 4 == 0 and BASE64.match(line):
            pieces.append(base64.b64decode(line).decode("utf-8", "replace"))
    return "\n".join(pieces)


def test_run_of_another_node_is_at_home_on_that_node(node: watched.Node) -> None:
    """Its files lie there as if the tool had run there, and undo works at its own console."""
    assert node.recover().status == 0
    world = other(node, SECOND)
    run = world.root + journals.STATE + "/run-1"
    assert {"journal", "before", "node.csr", "node.cer"} == set(os.listdir(run))
    assert os.stat(run).st_mode & 0o777 == 0o700
    assert os.stat(run + "/journal").st_mode & 0o777 == 0o600
    key = run + "/before/etc/pki/vdsm/keys/vdsmkey.pem"
    assert os.stat(key).st_mode & 0o777 == 0o440
    shown = accounts.another(world, ["status"])
    assert "run-1, route sign: finished" in shown
    assert "undone" in accounts.another(world, ["undo", "--yes"])
    assert accounts.changed(world) == []


def test_first_failure_ends_it_and_the_rest_is_recovered_later(node: watched.Node) -> None:
    other(node, SECOND).sim.fault("systemctl", "fail", words=["restart"], count=0, stderr="no\n")
    ended = node.recover()
    assert ended.status == errors.FAILED
    assert "not begun: %s" % THIRD in ended.output
    assert "next: ovirt-cert-recovery resume --node %s   (or: undo)" % SECOND in ended.output
    untouched(node, THIRD)
    other(node, SECOND).sim.set(faults=[])
    again = node.recover()
    assert again.status == errors.INHIBITED
    assert "resume --node %s" % SECOND in again.output
    resumed = node.resume()
    assert resumed.status == 0, resumed.output[-2000:]
    assert "%s: cannot resume a run: there was none" % THIRD in resumed.output
    well(node, SECOND)
    rest = node.recover()
    assert rest.status == 0, rest.output[-2000:]
    assert "%s: nothing to do (" % SECOND in rest.output
    well(node, THIRD)


def test_connection_lost_half_way_is_resumed_once_it_is_back(node: watched.Node) -> None:
    world = other(node, SECOND)
    cut = points.once("after", "systemctl restart libvirtd", lambda: world.sim.set(reachable=False))
    ended = node.recover(cut)
    assert ended.status == errors.FAILED
    assert "the connection to %s is lost" % SECOND in ended.output
    assert "resume --node %s" % SECOND in ended.output
    untouched(node, THIRD)
    assert os.path.exists(world.root + HELD)
    blocked = accounts.another(world, ["resume", "--yes"])
    assert "a run from virt-host1.example.test works on this node over ssh" in blocked
    assert "rm %s" % HELD in blocked
    away = node.resume()
    assert away.status == errors.FAILED and "reach root@%s" % SECOND in away.output
    world.sim.set(reachable=True)
    resumed = node.resume()
    assert resumed.status == 0, resumed.output[-2000:]
    well(node, SECOND)


def test_undo_from_here_restores_the_other_node(node: watched.Node) -> None:
    assert node.recover().status == 0
    shown = node.tool("status", *told(node, SECOND))
    assert "%s:\nrun-1, route sign: finished" % SECOND in shown.output
    assert "`ovirt-cert-recovery undo --node %s` would" % SECOND in shown.output
    ended = node.tool("undo", "--yes", *told(node, SECOND))
    assert ended.status == 0, ended.output
    assert accounts.changed(other(node, SECOND)) == []
    assert accounts.changed(other(node, THIRD)) == accounts.INSTALLED


def test_looking_at_other_nodes_changes_nothing(node: watched.Node) -> None:
    words = told(node, SECOND, THIRD)
    ended = node.tool("diagnose", "--json", *words)
    assert ended.status == 0, ended.output[-2000:]
    found: Dict[str, Any] = json.loads(ended.output)["nodes"]
    assert [found[name]["route"] for name in (SECOND, THIRD)] == ["sign", "sign"]
    ended = node.tool("plan", *words)
    assert ended.status == 0 and ended.output.count("Route: sign") == 2
    ended = node.tool("status", "--json", *words)
    assert json.loads(ended.output)["nodes"][SECOND]["run"] == ""
    untouched(node, SECOND, THIRD)
    assert ours(node) == []


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
    from simulators import ssh_client

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
        assert "next: on %s: ovirt-cert-recovery %s" % (SECOND, verb) in ended.output
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
