# SPDX-License-Identifier: Apache-2.0
"""When the engine VM is started for somebody who waits for it, and when it is left alone."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from recovery import context as contexts
from recovery import engine_start, errors, waiting
from tests.unit import nodes

HOSTED_ENGINE = """
case $1 in
--vm-status) read -r line < "$here/status"; echo "$line" ;;
--vm-start) [ ! -e "$here/refuses" ] || exit 1; echo started >> "$here/started" ;;
esac
"""


def row(vm: str = "down", live: bool = True, detail: str = "Down", host: int = 1) -> Dict[str, Any]:
    engine = {"vm": vm, "health": "bad", "detail": detail}
    name = "node%d" % host
    return {"host-id": host, "hostname": name, "live-data": live, "engine-status": engine}


def status(*rows: Dict[str, Any], everywhere: bool = True) -> str:
    hosts = {str(number): one for number, one in enumerate(rows or (row(),), 1)}
    return json.dumps(dict(hosts, global_maintenance=everywhere))


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    node = nodes.Node(tmp_path)
    node.script("hosted-engine", nodes.HEAD + HOSTED_ENGINE)
    node.script("virsh", nodes.HEAD + nodes.ASKING)
    return node


def begun(node: nodes.Node) -> contexts.Context:
    return nodes.context(node, nodes.plan("prove"))


def started(node: nodes.Node) -> List[str]:
    record = node.folder / "started"
    return record.read_text().splitlines() if record.exists() else []


@pytest.mark.parametrize(
    "told, wanted",
    [
        (status(), ["started"]),
        (status(row(), row("up", live=False)), ["started"]),
        (status(row(), row("up")), []),
        (status(row(live=False), row("up", live=False)), []),
        (status(everywhere=False), []),
        ("no json", []),
    ],
    ids=["down", "up by stale data", "up", "first minute", "the agent's turn", "no broker"],
)
def test_revive_after_a_power_cut_starts_what_nobody_else_does(
    node: nodes.Node, told: str, wanted: List[str]
) -> None:
    context = begun(node)
    node.power_cut()
    (node.folder / "status").write_text(told + "\n")
    engine_start.revive(context)
    assert started(node) == wanted
    told = engine_start.revive(context)  # it may have died, or somebody has shut it down
    assert started(node) == wanted
    assert ("though it was started: hosted-engine --vm-start" in told) == bool(wanted)


def test_revive_of_one_that_refuses_tells_whoever_waits(node: nodes.Node) -> None:
    context = begun(node)
    node.power_cut()
    (node.folder / "status").write_text(status() + "\n")
    (node.folder / "refuses").write_text("")
    assert "is down: vdsm refuses" in engine_start.revive(context)
    (node.folder / "refuses").unlink()
    assert engine_start.revive(context) == ""
    assert started(node) == ["started"]


def test_revive_behind_a_gateway_leaves_the_engine_vm_to_that_node(node: nodes.Node) -> None:
    context = begun(node)
    node.power_cut()
    (node.folder / "status").write_text(status() + "\n")
    context.gateway = contexts.Gateway(node.host, "/var/lib/x", "node2")  # of `--node node2`
    assert engine_start.revive(context) == "" and started(node) == []
    context.gateway = None
    assert engine_start.revive(context) == "" and started(node) == ["started"]


@pytest.mark.parametrize(
    "other, own, wanted",
    [
        (row("up", detail="Up", host=2), "1", "running on node2"),
        (row("up", detail="Paused", host=2), "1", ""),
        (row("up", live=False, detail="Up", host=2), "1", ""),
        (row("up", detail="Up", host=2), "2", ""),
        (row("up", detail="Up", host=2), "", ""),
    ],
    ids=["runs", "paused", "stale", "it is ours", "ours is not known"],
)
def test_elsewhere_is_a_live_node_other_than_ours_whose_vm_runs(
    node: nodes.Node, other: Dict[str, Any], own: str, wanted: str
) -> None:
    (node.folder / "status").write_text(status(row(), other) + "\n")
    node.write("/etc/ovirt-hosted-engine/hosted-engine.conf", own and "host_id=%s\n" % own)
    assert engine_start.elsewhere(begun(node)) == wanted


def test_revive_in_the_boot_in_which_the_run_began_leaves_it_to_whoever_shut_it_down(
    node: nodes.Node,
) -> None:
    context = begun(node)
    (node.folder / "status").write_text(status() + "\n")
    engine_start.revive(context)
    assert started(node) == []


def test_start_where_systemd_has_given_up_libvirtd_is_a_disturbance(node: nodes.Node) -> None:
    node.answers("systemctl", "LoadState=loaded\nActiveState=failed\nResult=start-limit-hit\n")
    with pytest.raises(waiting.Disturbed, match="libvirtd.service running") as caught:
        engine_start.unreachable(begun(node), errors.Error("ask virsh", "refused"))
    assert "start-limit-hit" in caught.value.cause
