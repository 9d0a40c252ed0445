# SPDX-License-Identifier: Apache-2.0
"""The HA agent and broker: states, timers on uptime, deaths, and what a clock step does to them."""

import pytest

from tests.simulators import worlds

NEVER = "Couldn't  connect to VDSM within 60 seconds"


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w")


@pytest.fixture
def valid(tmp_path):
    return worlds.make(tmp_path / "w", "all-valid")


def change(node, part, **values):
    with node.world.opened() as world:
        world.state[part].update(values)


def moments(node, seconds, look):
    """The seconds at which `look(state)` changed, and to what."""
    found: list = []
    with node.world.opened() as world:
        for second in range(seconds):
            world.advance(1.0)
            present = look(world.state)
            if not found or found[-1][1] != present:
                found.append((second, present))
    return found


def test_without_vdsm_the_agent_dies_with_157_and_comes_back(node):
    with node.world.opened() as world:
        from simulators import units

        assert units.state(world, "ovirt-ha-agent.service")["status"] == 157
    starts = sum("agent 2.4.10 started" in line for line in node.agent_log())
    node.wait(60)
    lines = node.agent_log()
    assert 4 <= sum("agent 2.4.10 started" in line for line in lines) - starts <= 6
    assert lines[-1] == "Agent shutting down" or "not running and the admin" in "".join(lines[-3:])


def test_errors_of_the_agent_reach_the_journal(node):
    text = node.ok("journalctl", "--no-pager", "-o", "cat", "SYSLOG_IDENTIFIER=ovirt-ha-agent")
    assert "ERROR Service vdsmd is not running and the admin is responsible" in text


def test_the_nominal_way_to_a_running_engine(node):
    node.rewind()
    seen = moments(node, 130, lambda state: (state["agent"]["state"], state["vm"]["state"]))
    states = [state for _, (state, _) in seen]
    for before, after in (
        ("StartState", "ReinitializeFSM"),
        ("ReinitializeFSM", "EngineDown"),
        ("EngineDown", "EngineStarting"),
    ):
        assert states.index(before) < states.index(after)
    vm = [(second, word) for second, (_, word) in seen]
    assert [word for _, word in vm][0] == "shut off"
    words = [word for at, (_, word) in enumerate(vm) if not at or vm[at - 1][1] != word]
    assert words == ["shut off", "absent", "paused", "running"]
    down = next(second for second, (state, _) in seen if state == "EngineDown")
    start = next(second for second, (_, word) in seen if word == "paused")
    assert 60 <= start - down <= 75  # the gate of 60 s of its own history


def test_engine_health_and_the_engine_up_state(node):
    node.rewind()
    node.wait(480)
    assert node.state("agent")["state"] == "EngineUp" and node.state("vm")["healthy"]


def test_an_unhealthy_engine_is_killed_after_600_seconds(node):
    node.rewind()
    vm = node.state("vm")
    change(node, "vm", seconds=dict(vm["seconds"], healthy=100000.0))
    seen = moments(node, 850, lambda state: (state["agent"]["state"], state["vm"]["state"]))
    starting = next(second for second, (state, _) in seen if state == "EngineStarting")
    stopping = next(second for second, (state, _) in seen if state == "EngineStop")
    assert 600 <= stopping - starting <= 612
    assert any("Timeout on transitioning" in line for line in node.agent_log())
    assert ("EngineDown", "absent") in [what for _, what in seen]


def test_global_maintenance_saves_the_engine_from_that(node):
    node.rewind()
    vm = node.state("vm")
    change(node, "vm", seconds=dict(vm["seconds"], healthy=100000.0))
    node.wait(130)
    node.ok("hosted-engine", "--set-maintenance", "--mode=global")
    node.wait(900)
    assert node.state("vm")["state"] == "running"
    assert node.state("agent")["state"] == "GlobalMaintenance"


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_global_maintenance_never_starts_the_vm_but_vm_start_does(tmp_path, release):
    node = worlds.make(tmp_path / "w", "global-maintenance", release)
    node.rewind()
    node.wait(400)
    assert node.state("vm")["state"] == "absent"
    assert "Global maintenance detected" in node.agent_log()
    node.ok("hosted-engine", "--vm-start")
    node.wait(10)
    assert node.state("vm")["state"] == "running"


@pytest.mark.parametrize("release, storage", [("el8", True), ("el9", False)])
def test_local_maintenance_by_release(tmp_path, release, storage):
    """The agent of 4.5 loops before it connects the storage, so there is no vm.conf either."""
    node = worlds.make(tmp_path / "w", "local-maintenance", release)
    node.rewind()
    node.wait(200)
    assert node.state("vm")["state"] == "absent"
    assert ("has not been retrieved" in node.run("hosted-engine", "--vm-status").out) != storage
    node.ok("hosted-engine", "--set-maintenance", "--mode=none")
    node.wait(240)
    assert node.state("vm")["state"] == "running"


def test_storage_that_is_not_there_ends_the_agent_after_240_seconds(node):
    change(node, "ha", storage=False)
    node.rewind()
    node.wait(300)
    assert any("timeout during domain acquisition" in line for line in node.agent_log())
    assert node.state("vm")["state"] == "absent"


def test_a_vm_that_dies_at_once_keeps_the_agent_away_for_560_seconds(tmp_path):
    node = worlds.make(tmp_path / "w", "mixed-ages")
    node.rewind()
    seen = moments(node, 760, lambda state: state["agent"]["state"])
    words = [state for _, state in seen]
    assert "EngineUnexpectedlyDown" in words
    begin = next(second for second, state in seen if state == "EngineUnexpectedlyDown")
    end = next(second for second, state in seen if second > begin and state == "EngineDown")
    assert 560 <= end - begin <= 575
    with open(node.root + "/var/log/libvirt/qemu/HostedEngine.log") as file:
        assert (
            "Failed to start VNC server: The server certificate /etc/pki/vdsm/libvirt-vnc/"
            "server-cert.pem has expired"
        ) in file.read()


def test_an_engine_on_another_node_holds_the_lease(tmp_path):
    node = worlds.make(tmp_path / "w", "engine-up")
    node.rewind()
    node.wait(150)
    assert node.state("vm")["where"] == "elsewhere"
    assert "Another host already took over.." in node.agent_log()


def test_the_log_filter_falls_silent_after_a_step_back(valid):
    line = "Engine vm running on localhost"
    before = valid.agent_log().count(line)
    valid.wait(130)
    assert valid.agent_log().count(line) > before
    with valid.world.opened() as world:
        world.step_clock(world.wall() - 20 * 86400)
    before = valid.agent_log().count(line)
    states = valid.agent_log().count("Current state EngineUp (score: 3400)")
    valid.wait(200)
    assert valid.agent_log().count(line) == before
    assert valid.agent_log().count("Current state EngineUp (score: 3400)") > states


def test_expired_tls_lets_the_agent_die_after_a_minute(tmp_path):
    node = worlds.make(tmp_path / "w", "still-running")
    assert any(NEVER in line for line in node.agent_log())
    with node.world.opened() as world:
        from simulators import units

        units.stop(world, "ovirt-ha-broker.service")
        units.start(world, "ovirt-ha-broker.service")
        world.advance(65)
    with open(node.root + "/var/log/ovirt-hosted-engine-ha/broker.log") as file:
        assert "Failed initializing the broker: " + NEVER in file.read()
    with open(node.root + "/var/log/vdsm/vdsm.log") as file:
        text = file.read()
    assert "ssl handshake: SSLError, address: ::1" in text and "expired" not in text


def test_the_engine_boots_with_the_nodes_clock_and_its_chronyd_steps_it(tmp_path):
    node = worlds.make(tmp_path / "w", "ntp-reachable")
    node.rewind()
    moments(node, 116, lambda state: 0)
    with node.world.opened() as world:
        from simulators import engine_vm

        while not engine_vm.exists(world):
            world.advance(1)
        world.advance(10)
        assert abs(engine_vm.wall(world) - world.wall()) < 1
        world.advance(80)
        assert abs(engine_vm.wall(world) - world.true()) < 1


def test_a_power_cut_leaves_the_definition_and_nothing_else(node):
    node.rewind()
    node.wait(200)
    node.world.sim.power_cut()
    vm = node.state("vm")
    assert vm["state"] == "shut off" and not vm["ssh"]
    assert node.state("ha")["acquired"] is False


def test_the_vm_survives_restarts_of_libvirtd(valid):
    with valid.world.opened() as world:
        from simulators import units

        units.stop(world, "libvirtd.service")
        assert world.state["vm"]["state"] == "running"
        units.start(world, "libvirtd.service")
    assert valid.ok("virsh", "-r", "domstate", "HostedEngine") == "running\n\n"
