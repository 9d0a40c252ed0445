# SPDX-License-Identifier: Apache-2.0
"""Faults of simulated programs and of the world around the node."""

import signal
import subprocess
import sys

import pytest

from tests.simulators import worlds

CALLER = "import subprocess, sys; subprocess.call(sys.argv[1:]); print('survived')"


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "bare")


def call_from_a_process(node, *words):
    argv = [sys.executable, "-c", CALLER, node.world.programs + "/" + words[0]] + list(words[1:])
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


def test_fail_strikes_only_the_nth_matching_call(node):
    node.world.sim.fault("systemctl", "fail", words=("stop",), nth=2, status=4, stderr="no\n")
    assert node.run("systemctl", "stop", "crond").status == 0
    assert node.run("systemctl", "is-active", "tuned").status == 0
    failed = node.run("systemctl", "stop", "tuned")
    assert (failed.status, failed.err) == (4, "no\n")
    assert node.ok("systemctl", "is-active", "tuned") == "active\n"
    assert node.run("systemctl", "stop", "tuned").status == 0


@pytest.mark.parametrize("action, state", [("kill-before", "active"), ("kill-after", "inactive")])
def test_kill_ends_the_caller_before_or_after_the_effect(node, action, state):
    node.world.sim.fault("systemctl", action, words=("stop",))
    status, out = call_from_a_process(node, "systemctl", "stop", "crond")
    assert status == -signal.SIGKILL and b"survived" not in out
    assert node.run("systemctl", "is-active", "crond").out == state + "\n"


def test_garble_spoils_the_output_after_the_effect(node):
    node.world.sim.fault("date", "garble")
    process = subprocess.Popen(
        [node.world.programs + "/date", "-s", "@1676000000"], stdout=subprocess.PIPE
    )
    out, _ = process.communicate()
    with pytest.raises(UnicodeDecodeError):
        out.decode()
    assert node.ok("date", "+%F") == "2023-02-10\n"


def test_hang_blocks_without_the_lock(node):
    node.world.sim.fault("chronyc", "hang")
    process = subprocess.Popen([node.world.programs + "/chronyc", "tracking"])
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    assert node.ok("date", "-u")
    process.kill()
    process.wait()


def test_power_after_boots_the_node_and_ends_the_caller(node):
    before = node.world.sim.state()["boot_id"]
    node.world.sim.fault("timedatectl", "power-after")
    status, out = call_from_a_process(node, "timedatectl", "show")
    assert status == -signal.SIGKILL
    assert node.world.sim.state()["boot_id"] != before


def test_somebody_starts_chronyd(node):
    node.ok("systemctl", "stop", "chronyd")
    node.world.sim.schedule(30, "somebody-starts", unit="chronyd.service")
    node.ok("sleep", "20")
    assert node.run("systemctl", "is-active", "chronyd").out == "inactive\n"
    node.ok("sleep", "20")
    assert node.run("systemctl", "is-active", "chronyd").out == "active\n"
