# SPDX-License-Identifier: Apache-2.0
"""Nodes that are well but for one old file, and one that can carry no engine VM: no clock moves."""

import os
from pathlib import Path

from simulators import pki, rehearse, stories
from tests.procedures import accounts, watched

VNC = "/etc/pki/vdsm/libvirt-vnc/server-cert.pem"
CA = "/etc/pki/vdsm/certs/cacert.pem"
HA_CONF = "/var/lib/ovirt-hosted-engine-ha/ha.conf"
CONF = "/etc/ovirt-hosted-engine/hosted-engine.conf"
OLD = pki.Dates(stories.TRUE - 500 * stories.DAY, stories.TRUE - 100 * stories.DAY)
LONG = pki.Dates(stories.TRUE - 1000 * stories.DAY, stories.TRUE + 1000 * stories.DAY)
NAME = (("C", "US"), ("O", "example.test"), ("CN", "virt-he.example.test.56789"))
SUBJECT = (("O", "example.test"), ("CN", "virt-host1.example.test"))


def make(tmp_path: Path, scenario: str = "all-valid", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def authority(key: str, dates: pki.Dates) -> pki.Authority:
    return pki.Authority(pki.Register(), key, NAME, dates, "virt-he.example.test")


def inhibited(node: watched.Node, finding: str, *words: str) -> None:
    ended = node.tool("recover", "--yes", *words)
    assert ended.status == 3, ended.output[-2000:]
    assert "[%s]" % finding in ended.output and "Nothing was changed: " in ended.output
    assert accounts.effects(node.world) == []
    assert not os.path.exists(node.world.root + accounts.STATE)


def test_old_copy_for_vnc_on_a_healthy_host_is_signed_for_by_name(tmp_path: Path) -> None:
    node = make(tmp_path)
    old = authority("ca", LONG).issue("node", SUBJECT, OLD, "virt-host1.example.test")
    Path(node.world.root + VNC).write_bytes(old.pem)
    with open(node.world.root + "/etc/libvirt/qemu.conf", "a") as settings:
        settings.write("vnc_tls=1\n")
    inhibited(node, "expired-still-running")
    words = rehearse.arguments(node.world)
    ended = node.tool(*words[words.index("recover") :], "--route", "sign")
    assert ended.status == 0, ended.output[-3000:]
    assert accounts.certificate(node.world, VNC).raw == accounts.certificate(node.world).raw
    assert "set-time" not in "\n".join(accounts.calls(node.world))
    assert "HostedEngine: running" in accounts.account(node.world)


def test_expired_ca_beside_the_node_s_own_is_named_and_nothing_changed(tmp_path: Path) -> None:
    node = make(tmp_path)
    with open(node.world.root + CA, "ab") as cas:
        cas.write(authority("other-ca", OLD).pem)
    inhibited(node, "stale-ca")
    inhibited(node, "stale-ca", "--route", "rewind")


def test_expired_node_that_can_carry_no_engine_vm_is_not_said_to_be_well(tmp_path: Path) -> None:
    node = make(tmp_path, "node-expired")
    os.unlink(node.world.root + CONF)
    inhibited(node, "no-hosted-engine")


def test_node_in_local_maintenance_is_signed_for_where_the_engine_lives(tmp_path: Path) -> None:
    node = make(tmp_path, "engine-up", "el9")
    with open(node.world.root + HA_CONF, "w") as settings:
        settings.write("local_maintenance=True\nlocal_maintenance_manual=True\n")
    words = rehearse.arguments(node.world)
    ended = node.tool(*words[words.index("recover") :], "--no-engine-setup")
    assert ended.status == 0, ended.output[-3000:]
    assert "[local-maintenance]" in ended.output
    assert set(accounts.changed(node.world)) == {*accounts.INSTALLED, HA_CONF}
