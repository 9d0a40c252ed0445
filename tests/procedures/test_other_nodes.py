# SPDX-License-Identifier: Apache-2.0
"""Further nodes, recovered over ssh from the one that carries the engine VM."""

import base64
import json
import os
import re
from pathlib import Path
from typing import Any, Dict

import pytest

from recovery import errors, local_host
from recovery import journal as journals
from tests.procedures import accounts, points, watched
from tests.procedures.cluster import HELD, SECOND, THIRD, other, ours, told, untouched, well

BASE64 = re.compile(r"[A-Za-z0-9+/]+=*$")


@pytest.fixture
def node(tmp_path: Path) -> watched.Node:
    return watched.Node(str(tmp_path / "world"), "three-nodes")


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
