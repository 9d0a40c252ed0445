# SPDX-License-Identifier: Apache-2.0
"""What would go wrong with the clock back is seen before it is touched; and an undo's way back."""

import os
from pathlib import Path
from typing import List

import pytest

from simulators import names, rehearse
from simulators.engine_api import hosts
from tests.procedures import accounts, points, watched
from tests.procedures.test_traps_login import shown

NOWHERE = "nowhere.example.test"


def make(tmp_path: Path, scenario: str = "node-expired", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def recover(node: watched.Node, *options: str) -> watched.Ended:
    words = rehearse.arguments(node.world)
    return node.tool(*words[words.index("recover") :], *options)


def inhibited(node: watched.Node, finding: str, *options: str) -> str:
    ended = recover(node, *options)
    assert ended.status == 3, ended.output[-2000:]
    assert "[%s]" % finding in ended.output and "Nothing was changed: " in ended.output
    assert not os.path.exists(node.world.root + accounts.STATE)
    return ended.output


def test_vms_under_a_libvirtd_that_is_dead_already(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["guests"] = ["web1", "db1"]
    assert "libvirtd.service: failed, running VMs: 2" in inhibited(node, "expired-still-running")
    ended = recover(node, "--route", "rewind")
    accounts.well(node, ended)
    assert node.world.sim.state()["guests"] == ["web1", "db1"]


def test_engine_that_runs_elsewhere_and_answers_no_ssh(tmp_path: Path) -> None:
    node = make(tmp_path, "engine-up")
    with node.world.opened() as now:
        now.state["vm"]["services"]["sshd"] = False
    told = inhibited(node, "engine-not-reached")
    assert "%s:443: its web server shows a certificate" % names.ENGINE in told
    assert "set-time" not in "\n".join(accounts.calls(node.world))


@pytest.mark.slow
def test_engine_that_runs_elsewhere_is_not_waited_for_here(tmp_path: Path) -> None:
    node = make(tmp_path, "engine-up")

    def reachable_again() -> None:
        with node.world.opened() as now:
            now.state["vm"]["services"]["sshd"] = True

    with node.world.opened() as now:
        now.state["vm"]["services"].update(sshd=False, httpd=False)
    words = rehearse.arguments(node.world)
    point = points.once("after", "hosted-engine --vm-start", reachable_again)
    ended = node.tool(*words[words.index("recover") :], point=point)
    assert ended.status == 0, ended.output[-2000:]
    assert "HostedEngine: running on %s" % hosts.OTHER in ended.output.partition("[11/")[0]


@pytest.mark.parametrize("release", ["el7", "el8"])
def test_clock_that_somebody_has_set_back_by_hand(release: str, tmp_path: Path) -> None:
    node = make(tmp_path, release=release)
    for words in (
        ["timedatectl", "set-ntp", "no"],
        ["systemctl", "stop", "chronyd"],
        ["timedatectl", "set-time", "2023-01-10 10:00:00"],
        ["hwclock", "--systohc"],
    ):
        assert accounts.typed(node.world, *words).returncode == 0
    node.world.sim.power_cut()  # no step shows in the journal of this boot
    assert "later than now" in inhibited(node, "clock-behind")


def test_name_of_the_engine_that_nobody_knows(tmp_path: Path) -> None:
    node = make(tmp_path)
    told = inhibited(node, "engine-name-unknown", "--engine", NOWHERE)
    assert "getaddrinfo %s: " % NOWHERE in told


@pytest.mark.slow
def test_address_of_the_engine_may_be_given_at_resume(tmp_path: Path) -> None:
    node = make(tmp_path)
    key = ["--engine-fingerprint", "SHA256:" + "A" * 43]
    ended = recover(node, "--engine", NOWHERE, "--route", "rewind", *key)
    assert ended.status == 5, ended.output[-2000:]
    words = rehearse.resume_arguments(node.world)
    told = ["--engine", names.ENGINE, "--engine-fingerprint", shown(node)]
    ended = node.tool(*words[words.index("resume") :], *told)
    accounts.well(node, ended)


@pytest.mark.slow
def test_service_for_images_has_another_name_on_el7_and_reads_the_new_certificate(
    tmp_path: Path,
) -> None:
    node = make(tmp_path, release="el7")
    ended = node.recover()
    accounts.well(node, ended)
    assert ended.output.count("restarting ovirt-imageio-daemon.service") == 2
    assert "restarting ovirt-imageio.service" not in ended.output


def signed_then_cut(tmp_path: Path) -> watched.Node:
    """The engine, on another node, has signed; then this node lost its power."""
    node = make(tmp_path, "engine-up")
    words = rehearse.arguments(node.world)
    point = points.kill_once("before", "replace /etc/pki/vdsm/certs/vdsmcert.pem")
    assert node.tool(*words[words.index("recover") :], point=point).status == -9
    node.world.sim.power_cut()
    return node


def left_on_the_engine(node: watched.Node) -> List[str]:
    records = accounts.journal(node.world)
    (directory,) = {
        one["data"]["directory"]
        for one in records
        if one.get("step") == "sign" and "directory" in one.get("data", {})
    }
    place = accounts.engine_file(node.world, directory)
    return os.listdir(place) if os.path.exists(place) else []


@pytest.mark.parametrize("given", [True, False])
def test_undo_after_a_boot_takes_back_what_lies_on_the_engine_with_its_password(
    given: bool, tmp_path: Path
) -> None:
    node = signed_then_cut(tmp_path)
    assert left_on_the_engine(node)
    words = ["--engine-password-file", node.world.password_file] if given else []
    ended = node.tool("undo", "--yes", *words)
    assert ended.status == 0, ended.output[-2000:]
    assert bool(left_on_the_engine(node)) is not given
    told = (
        "the engine wants a password (--engine-password-file FILE); what is to be taken back there"
    )
    assert (told in ended.output) != given
    assert accounts.changed(node.world) == []
