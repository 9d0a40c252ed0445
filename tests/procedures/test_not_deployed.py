# SPDX-License-Identifier: Apache-2.0
"""A node that no engine VM can run on: the HA units are loaded there and never come up."""

import os
from pathlib import Path
from typing import List

import pytest

from recovery.programs import hosted_engine
from recovery.steps import services
from simulators import install, names, rehearse, units
from tests.procedures import accounts, cluster, points, watched


def undeploy(world: install.World) -> None:
    """Take the deployment away; both units have been skipped since the boot."""
    os.unlink(world.root + hosted_engine.CONF)
    world.sim.power_cut()
    rehearse.remember(world)


def states(world: install.World) -> List[str]:
    with world.opened() as now:
        return [units.state(now, name)["active"] for name in services.HA]


def make(tmp_path: Path) -> watched.Node:
    node = watched.Node(str(tmp_path / "world"), "engine-up")
    undeploy(node.world)
    return node


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_restart_of_the_ha_units_is_skipped_by_their_condition_and_ends_well(
    release: str, tmp_path: Path
) -> None:
    node = watched.Node(str(tmp_path / "world"), "engine-up", release)
    undeploy(node.world)
    shown = accounts.typed(node.world, "systemctl", "show", "-p", "LoadState", *services.HA)
    assert shown.stdout.split() == [b"LoadState=loaded"] * 2
    for name in services.HA:
        assert accounts.typed(node.world, "systemctl", "restart", name).returncode == 0
    assert states(node.world) == ["inactive", "inactive"]


def test_node_without_an_engine_vm_is_signed_for_and_leaves_the_ha_units_alone(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)
    # Global maintenance, which engine-setup wants, can be set on the nodes of the engine VM only.
    words = ("--no-engine-setup", "--engine-password-file", node.world.password_file)
    ended = node.tool("recover", "--yes", "--engine", names.ENGINE, *words)
    assert ended.status == 0, ended.output[-3000:]
    assert "vdsm certificate: valid" in accounts.account(node.world)
    assert accounts.changed(node.world) == accounts.INSTALLED
    assert states(node.world) == ["inactive", "inactive"]
    restarts = [call for call in accounts.calls(node.world) if call.startswith("systemctl restart")]
    assert restarts and not [call for call in restarts if "ovirt-ha" in call]


def test_ha_units_that_lose_their_condition_meanwhile_are_not_waited_for(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "engine-up")
    words = ("--no-engine-setup", "--engine-password-file", node.world.password_file)
    point = points.kill_once("before", "/node.csr")
    assert node.tool("recover", "--yes", *words, point=point).status == -9
    undeploy(node.world)
    ended = node.resume()
    assert ended.status == 0, ended.output[-3000:]
    assert [call for call in accounts.calls(node.world) if "restart ovirt-ha-broker" in call]
    assert states(node.world) == ["inactive", "inactive"]


def test_other_node_without_an_engine_vm_is_recovered_from_here(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "three-nodes")
    undeploy(cluster.other(node, cluster.SECOND))
    words = cluster.told(node, cluster.SECOND) + cluster.secret(node)
    ended = node.tool("recover", *words)
    assert ended.status == 0, ended.output[-3000:]
    cluster.well(node, cluster.SECOND)
