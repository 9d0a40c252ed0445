# SPDX-License-Identifier: Apache-2.0
"""hosted-engine: its verbs by release, its waits, and what it says when things are broken."""

import binascii
import json

import pytest

from tests.simulators import worlds


@pytest.fixture
def expired(tmp_path):
    return worlds.make(tmp_path / "w")


@pytest.fixture
def running(tmp_path):
    return worlds.make(tmp_path / "w", "all-valid")


@pytest.fixture
def stale(tmp_path):
    return worlds.make(tmp_path / "w", "still-running")


def uptime(node):
    return node.world.sim.state()["uptime"]


@pytest.mark.parametrize(
    "release, words",
    [
        ("el7", ""),
        ("el8", "The hosted engine has been deployed\n"),
        ("el9", "The hosted engine has been deployed\n"),
    ],
)
def test_check_deployed(tmp_path, release, words):
    node = worlds.make(tmp_path / "w", "node-expired", release)
    assert node.ok("hosted-engine", "--check-deployed") == words


def test_not_deployed(expired):
    with open(expired.root + "/etc/ovirt-hosted-engine/hosted-engine.conf", "w"):
        pass
    output = expired.run("hosted-engine", "--check-deployed")
    assert (output.status, output.out) == (1, "The hosted engine has not been deployed\n")
    output = expired.run("hosted-engine", "--vm-status")
    assert (output.status, output.out) == (1, "You must run deploy first\n")


@pytest.mark.parametrize(
    "release, words",
    [("el7", "from shared storage. Please ensure"), ("el8", "from shared storage yet,\nplease")],
)
def test_without_vm_conf(tmp_path, release, words):
    node = worlds.make(tmp_path / "w", "node-expired", release)
    for verb in ("--vm-status", "--vm-start"):
        output = node.run("hosted-engine", verb)
        assert output.status == 1 and words in output.out


def test_status_of_a_healthy_node(running):
    text = running.ok("hosted-engine", "--vm-status")
    assert "--== Host virt-host1.example.test (id: 1) status ==--" in text
    assert "Status up-to-date                  : True" in text
    assert 'Engine status                      : {"vm": "up", "health": "good", ' in text
    told = json.loads(running.ok("hosted-engine", "--vm-status", "--json"))
    assert told["global_maintenance"] is False
    assert told["1"]["engine-status"] == {"vm": "up", "health": "good", "detail": "Up"}
    assert told["1"]["live-data"] is True and "state=EngineUp\n" in told["1"]["extra"]


def test_the_checksum_is_one(running):
    told = json.loads(running.ok("hosted-engine", "--vm-status", "--json"))["1"]
    tokens = "|".join(
        [
            "1",
            "1",
            str(told["host-ts"]),
            "1",
            "3400",
            "EngineUp",
            told["hostname"],
            "False",
            "False",
            "00000000",
        ]
    )
    assert told["crc32"] == "%08x" % (binascii.crc32(tokens.encode()) & 0xFFFFFFFF)


def test_a_broken_broker_gives_no_json(running):
    with running.world.opened() as world:
        import os

        from simulators import ha

        os.unlink(world.node(ha.SOCKET))
    output = running.run("hosted-engine", "--vm-status", "--json")
    assert output.status == 1 and "JSONDecodeError: Invalid control character" in output.err
    output = running.run("hosted-engine", "--vm-status")
    assert "Cannot connect to the HA daemon, please check the logs." in output.err
    output = running.run("hosted-engine", "--set-maintenance", "--mode=global")
    assert (output.status, output.err) == (
        1,
        "Cannot connect to the HA daemon, please check the logs.\n",
    )


def test_the_block_of_an_agent_that_cannot_reach_vdsm_is_stale(stale):
    text = stale.ok("hosted-engine", "--vm-status")
    assert "Status up-to-date                  : False" in text
    assert "Engine status                      : unknown stale-data" in text


def test_verbs_that_need_vdsm_hang_a_minute_with_expired_certificates(stale):
    running = stale
    before = uptime(running)
    output = running.run("hosted-engine", "--vm-shutdown")
    assert output.status == 1
    assert "RuntimeError: Couldn't  connect to VDSM within 60 seconds" in output.err
    assert 60 <= uptime(running) - before < 63
    before = uptime(running)
    assert "VM failed to launch" in running.run("hosted-engine", "--vm-start").out
    assert 120 <= uptime(running) - before < 124


def test_vm_start(expired):
    expired.rewind()
    expired.wait(50)
    output = expired.run("hosted-engine", "--vm-start")
    assert (output.status, output.out) == (0, "VM in WaitForLaunch\n")
    assert "Virtual machine does not exist" in output.err
    expired.wait(3)
    assert expired.state("vm")["state"] == "running"
    output = expired.run("hosted-engine", "--vm-start")
    assert (output.status, output.out) == (1, "VM exists and its status is Up\n")


@pytest.mark.parametrize("release, status", [("el7", 1), ("el8", 0)])
def test_vm_start_of_a_paused_vm(tmp_path, release, status):
    node = worlds.make(tmp_path / "w", "all-valid", release)
    node.world.sim.set(vm=dict(node.state("vm"), state="paused"))
    output = node.run("hosted-engine", "--vm-start")
    assert output.status == status
    assert ("cleaning up and restarting" in output.out) == (status == 0)


def test_maintenance(running):
    assert running.run("hosted-engine", "--set-maintenance", "--mode=global") == (0, "", "")
    text = running.ok("hosted-engine", "--vm-status")
    assert text.count("!! Cluster is in GLOBAL MAINTENANCE mode !!") == 2
    running.ok("hosted-engine", "--set-maintenance", "--mode=none")
    assert "GLOBAL" not in running.ok("hosted-engine", "--vm-status")
    output = running.run("hosted-engine", "--set-maintenance", "--mode=x")
    assert (output.status, output.out) == (1, "Invalid value 'x' for --mode\n")
    output = running.run("hosted-engine", "--set-maintenance")
    assert output.out == "You must specify a maintenance mode with --mode\n"


def test_liveliness(running, tmp_path):
    assert running.ok("hosted-engine", "--check-liveliness") == "Hosted Engine is up!\n"
    node = worlds.make(tmp_path / "other")
    output = node.run("hosted-engine", "--check-liveliness")
    assert (output.status, output.out) == (1, "Hosted Engine is not up!\n")


def test_unknown_verb(running):
    output = running.run("hosted-engine", "--x")
    assert output.status == 1 and output.err.startswith("Invalid option '--x'\n")


def test_a_restarted_broker_takes_vm_conf_with_it(running):
    with running.world.opened() as world:
        from simulators import units

        units.stop(world, "ovirt-ha-broker.service")
        assert units.start(world, "ovirt-ha-broker.service")
    assert "has not been retrieved" in running.run("hosted-engine", "--vm-status").out
    running.wait(45)
    told = json.loads(running.ok("hosted-engine", "--vm-status", "--json"))
    assert told["1"]["live-data"] is False  # its first minute
    running.wait(60)
    told = json.loads(running.ok("hosted-engine", "--vm-status", "--json"))
    assert told["1"]["live-data"] is True
