# SPDX-License-Identifier: Apache-2.0
"""Traps of systemd, libvirtd and the HA agent that were met in the lab."""

import re
from pathlib import Path
from typing import List

import pytest

from recovery.judgements import engine as engine_judgements
from simulators import engine_vm, install, units
from tests.procedures import accounts, points, watched

RESET = "systemctl reset-failed"
BROKEN = "Job failed because the control process exited with error code.\n"
SOCKETS = ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "libvirtd-tls.socket")


def make(tmp_path: Path, scenario: str = "node-expired", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def failing(world: install.World) -> None:
    """libvirtd is started in the present until its limit is hit: five tries, just now."""
    for _ in range(6):
        accounts.typed(world, "systemctl", "restart", "libvirtd.service")


def states(world: install.World, *names: str) -> List[str]:
    with world.opened() as now:
        return [units.state(now, name)["active"] for name in names]


def test_start_limit_hit_a_moment_ago_is_reset_before_each_restart(tmp_path: Path) -> None:
    node = make(tmp_path)
    kill = points.kill_once("after", "systemctl restart ovirt-ha-agent.service")
    limit = points.once("before", "timedatectl set-time", lambda: failing(node.world))
    assert node.recover(points.both(limit, kill)).status == -9
    assert states(node.world, "libvirtd.service", "vdsmd.service") == ["active", "active"]
    assert states(node.world, *SOCKETS) == ["active"] * 4
    done = accounts.effects(node.world)
    restarts = [at for at, call in enumerate(done) if call.startswith("systemctl restart ")]
    since = [at for at, call in enumerate(done) if "set-time" in call][0]
    later = [at for at in restarts if at > since]
    assert later and all(done[at - 1].startswith(RESET) for at in later)
    assert all(name in done[later[0] - 1] for name in SOCKETS)


def test_restart_too_soon_without_reset_fails_although_the_certificate_is_valid(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)
    past = points.kill_once("after", "timedatectl set-time")
    limit = points.once("before", "timedatectl set-time", lambda: failing(node.world))
    assert node.recover(points.both(limit, past)).status == -9
    with node.world.opened() as now:
        assert now.wall() < accounts.certificate(node.world).not_after
    bare = accounts.typed(node.world, "systemctl", "restart", "libvirtd.service")
    assert bare.returncode != 0
    assert states(node.world, "libvirtd.service") == ["failed"]
    accounts.typed(node.world, "systemctl", "reset-failed", "libvirtd.service", *SOCKETS)
    assert accounts.typed(node.world, "systemctl", "restart", "libvirtd.service").returncode == 0


@pytest.mark.slow
def test_libvirtd_that_exits_when_idle_does_not_stop_the_run(tmp_path: Path) -> None:
    node = make(tmp_path)
    node.world.sim.set(libvirtd_idle_exit=True)
    with node.world.opened() as now:
        now.state["ha"]["seconds"]["acquire"] = 150.0
    idle = tmp_path / "idle"

    def look() -> None:
        idle.write_text(states(node.world, "libvirtd.service")[0])

    ended = node.recover(points.once("before", "dialogue virsh", look))
    assert idle.read_text() == "inactive"
    accounts.well(node, ended)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario, how", [("node-expired", "start"), ("offline-backup", "restart")]
)
def test_libvirtd_given_up_while_the_engine_vm_starts_is_started_again(
    tmp_path: Path, scenario: str, how: str
) -> None:
    node = make(tmp_path, scenario)
    given_up = tmp_path / "given-up"

    def give_up() -> None:
        failing(node.world)
        given_up.write_text(" ".join(states(node.world, "libvirtd.service", "libvirtd.socket")))

    ended = node.recover(points.once("after", "hosted-engine --vm-start", give_up))
    assert given_up.read_text() == "failed failed"
    accounts.well(node, ended)
    again = "cannot keep libvirtd.service running: it failed (start-limit-hit)"
    assert ended.output.count(again) == 1
    assert "gone again, to be redone: %s libvirtd, vdsm" % how in ended.output


def said(world: install.World, message: str) -> None:
    with world.opened() as now:
        now.log(message, unit="libvirtd.service", priority=3)


def test_journal_failure_after_the_jump_is_seen_at_once_by_cursor(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["vm"]["seconds"]["qemu"] = 5000.0
    line = "internal error: qemu-kvm: Failed to start VNC server: certificate has expired"
    ended = node.recover(
        points.once("after", "hosted-engine --vm-start", lambda: said(node.world, line))
    )
    assert ended.status == 5
    assert "cannot start HostedEngine: the node refuses it" in ended.output
    assert "seen: " + line in ended.output
    waited = node.world.transcript()
    started = waited[accounts.first(node.world, "--vm-start")]
    assert waited[-1].uptime - started.uptime < 30  # not the 600 s of the time-out


@pytest.mark.slow
def test_journal_lines_of_before_the_jump_are_not_taken_for_new(tmp_path: Path) -> None:
    node = make(tmp_path)
    past = tmp_path / "past"

    def look() -> None:
        shown = accounts.typed(node.world, "journalctl", "-b", "-u", "libvirtd", "-n", "400")
        past.write_bytes(shown.stdout)

    ended = node.recover(points.once("after", "hosted-engine --vm-start", look))
    assert "has expired" in past.read_text()  # what a look at the whole boot would find
    accounts.well(node, ended)
    jump = accounts.first(node.world, "set-time")
    after = [one for one in accounts.calls(node.world)[jump:] if "journalctl --no-pager" in one]
    assert after and not re.search("--since|--until|-S |-U ", "\n".join(after))
    assert all("--after-cursor=" in call or "-n 1" in call for call in after)


@pytest.mark.slow
def test_agent_with_global_maintenance_does_not_kill_an_engine_slow_to_be_healthy(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["vm"]["seconds"]["healthy"] = 800.0
    ended = node.recover()
    accounts.well(node, ended)
    vm = node.world.sim.state()["vm"]
    assert vm["boot"] == 1 and vm["healthy"]
    assert node.world.sim.state()["ha"]["global"] is False


@pytest.mark.slow
def test_agent_without_global_maintenance_kills_the_same_engine(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["vm"]["seconds"]["healthy"] = 2000.0
    assert node.recover(points.kill_once("before", "dialogue ssh")).status == -9
    assert node.world.sim.state()["vm"]["state"] == "running"
    off = accounts.typed(node.world, "hosted-engine", "--set-maintenance", "--mode=none")
    assert off.returncode == 0
    for _ in range(14):  # the dead-man timer is not what this is about
        node.world.sim.advance(50)
        if node.world.sim.state()["vm"]["shutting"]:
            break
    assert node.world.sim.state()["vm"]["shutting"]
    log = node.world.root + "/var/log/ovirt-hosted-engine-ha/agent.log"
    assert "Timeout on transitioning from EngineStarting" in Path(log).read_text()


@pytest.mark.slow
def test_engine_never_healthy_keeps_global_maintenance(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["vm"]["seconds"]["healthy"] = 90000.0
    # With engine-setup it would be healthy: that starts the engine anew.
    words = ("--no-engine-setup", "--engine-password-file", node.world.password_file)
    ended = node.tool("recover", "--yes", *words)
    assert ended.status == 0, ended.output[-2000:]
    assert "global maintenance stays on" in ended.output
    remains = ended.output[ended.output.index("What remains") :]
    assert (
        "global maintenance is still on" in remains and engine_judgements.NO_MAINTENANCE in remains
    )
    assert node.world.sim.state()["ha"]["global"] is True
    assert "HostedEngine: running\n" in accounts.account(node.world)
    accounts.at_rest(node)


def begin(world: install.World) -> None:
    with world.opened() as now:
        engine_vm.create(now)
        now.advance(4.0)


@pytest.mark.slow
def test_agent_that_started_the_engine_itself_is_taken_as_success(tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = node.recover(points.once("before", "--set-maintenance", lambda: begin(node.world)))
    accounts.well(node, ended)
    assert "the engine VM to be started: running" in ended.output
    assert node.world.sim.state()["vm"]["boot"] == 1
    assert not [call for call in accounts.calls(node.world) if "--vm-start" in call]


@pytest.mark.slow
def test_engine_started_by_us_does_not_wait_for_the_agents_gate(tmp_path: Path) -> None:
    node = make(tmp_path)
    assert node.recover(points.kill_once("after", "hosted-engine --vm-start")).status == -9
    ready = [line for line in agent_log(node.world) if "(start_monitoring) " not in line]
    assert not [line for line in ready if "attempting to start engine VM" in line]
    agents = [call for call in node.world.transcript() if "--vm-start" in call.argv]
    asked = [call for call in node.world.transcript() if call.argv[0] == "hosted-engine"]
    answered = [call for call in asked if call.status == "0"][0]
    assert agents[0].uptime - answered.uptime < engine_gate()


def engine_gate() -> float:
    from simulators import agent_states

    return agent_states.HOST_ALIVE / 2


def agent_log(world: install.World) -> List[str]:
    path = world.root + "/var/log/ovirt-hosted-engine-ha/agent.log"
    return Path(path).read_text().splitlines()


@pytest.mark.slow
def test_unit_that_nothing_depends_on_and_that_does_not_start_is_told_and_left(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)
    imageio = ("restart", "ovirt-imageio.service")
    node.world.sim.fault("systemctl", "fail", words=imageio, stderr=BROKEN, count=0)
    ended = node.recover()
    assert ended.status == 0, ended.output[-3000:]
    told = "the recovery goes on without it: see journalctl -u ovirt-imageio.service"
    assert told in ended.output
    assert accounts.changed(node.world) == accounts.INSTALLED


@pytest.mark.slow
def test_unit_that_is_needed_and_does_not_start_ends_the_run(tmp_path: Path) -> None:
    node = make(tmp_path)
    libvirtd = ("restart", "libvirtd.service")
    node.world.sim.fault("systemctl", "fail", words=libvirtd, stderr=BROKEN, count=0)
    ended = node.recover()
    assert ended.status == 5, ended.output[-3000:]
    assert "cannot run `systemctl restart libvirtd.service`" in ended.output
    assert node.undo().status == 0


@pytest.mark.slow
def test_journal_that_cannot_be_read_does_not_end_the_start_of_the_engine_vm(
    tmp_path: Path,
) -> None:
    node = make(tmp_path)

    def spoil() -> None:
        node.world.sim.fault("journalctl", "fail", stderr="Failed to get data\n", count=0)

    ended = node.recover(points.once("before", "hosted-engine --set-maintenance", spoil))
    assert ended.status == 0, ended.output[-3000:]


@pytest.mark.slow
def test_units_that_cannot_be_seen_forbid_every_change(tmp_path: Path) -> None:
    node = make(tmp_path)
    show = ("show",)
    node.world.sim.fault("systemctl", "fail", words=show, stderr="Failed to get properties\n")
    ended = node.recover()
    assert ended.status == 3, ended.output[-3000:]
    assert "[units-not-seen]" in " ".join(ended.output.split())
    assert accounts.effects(node.world) == []
