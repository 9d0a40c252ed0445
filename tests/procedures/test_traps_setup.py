# SPDX-License-Identifier: Apache-2.0
"""Traps of engine-setup: questions, failures, a lost connection, and what undo makes of them."""

import os
from pathlib import Path
from typing import Any, List

import pytest

from tests.procedures import accounts, watched

PKI = "/etc/pki/ovirt-engine/"
IMAGE = "/var/lib/ovirt-cert-recovery/virt-host1.example.test-run-1-engine.tar"
TASKS = (
    "Upgrade cannot be completed; asynchronious tasks or commands or compensations are still "
    "running. Please make sure that there are no running tasks before you continue."
)
SIGNING = "Command '/usr/share/ovirt-engine/bin/pki-enroll-pkcs12.sh' failed to execute"


@pytest.fixture
def node(tmp_path: Path) -> watched.Node:
    return watched.Node(str(tmp_path / "world"), "web-expires-soon")


def strike(node: watched.Node, **fault: Any) -> None:
    with node.world.opened() as now:
        now.state["faults"] = [dict(fault, program="engine:engine-setup")]


def mend(node: watched.Node) -> None:
    with node.world.opened() as now:
        now.state["faults"] = []


def setups(node: watched.Node) -> List[str]:
    return [call for call in accounts.calls(node.world) if "LC_ALL=C engine-setup" in call]


def renewed(node: watched.Node, ended: watched.Ended) -> None:
    assert ended.status == 0, ended.output[-3000:]
    told = accounts.account(node.world)
    assert "engine's web certificate: valid until 2024-03-2" in told
    assert "HostedEngine: running, engine healthy" in told
    assert accounts.changed(node.world) == []
    assert node.world.sim.state()["ha"]["global"] is False


def healthy(node: watched.Node) -> bool:
    return bool(node.world.sim.state()["vm"]["healthy"])


@pytest.mark.slow
def test_unknown_question_is_shown_and_once_it_is_answered_by_hand_resume_goes_on(
    node: watched.Node,
) -> None:
    strike(
        node,
        action="ask",
        question="Do you want to become a pumpkin",
        default="Yes",
        before="OVESETUP_RENEW_PKI",
    )
    ended = node.recover()
    assert ended.status == 4
    assert "Do you want to become a pumpkin [Yes]:" in ended.output
    assert "`engine-setup --offline`, answering yourself; then resume" in ended.output
    assert "unchanged: the engine: it runs as it did" in ended.output and healthy(node)
    mend(node)
    by_hand = "engine-setup --offline --otopi-environment='%s'" % " ".join(
        (
            "OVESETUP_PKI/renew=bool:True",
            "OVESETUP_CONFIG/updateFirewall=bool:False",
            "OVESETUP_DWH_DB/performBackup=bool:True",
            "OVESETUP_DB/dwhVacuumFull=bool:False",
            "OVESETUP_DB/engineVacuumFull=bool:False",
            "OVESETUP_CORE/engineStop=bool:True",
            "OVESETUP_DIALOG/confirmSettings=bool:True",
        )
    )
    shared = "/run/ovirt-cert-recovery-engine.ssh"
    address = "root@virt-he.example.test"
    done = accounts.typed(node.world, "ssh", "-o", "ControlPath=" + shared, address, by_hand)
    assert done.returncode == 0, done.stdout
    renewed(node, node.resume())
    assert setups(node) == []  # of the tool, but for the one that was ended at the question


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage, cause, status, says",
    [
        ("Setup validation", TASKS, 4, "tasks of the engine are still running"),
        ("Misc configuration", SIGNING, 5, "it could not sign a certificate"),
    ],
    ids=["before the engine is stopped", "after it"],
)
def test_failure_leaves_words_about_the_engine_and_resume_runs_it_again(
    node: watched.Node, stage: str, cause: str, status: int, says: str
) -> None:
    strike(node, action="fail-stage", stage=stage, cause=cause)
    ended = node.recover()
    assert ended.status == status and says in ended.output
    assert "log on the engine: /var/log/ovirt-engine/setup/" in ended.output
    stopped = stage == "Misc configuration"
    assert ("systemctl start ovirt-engine" in ended.output) is stopped
    assert healthy(node) is not stopped
    mend(node)
    renewed(node, node.resume())
    assert len(setups(node)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["Environment customization", "Misc configuration", "Closing up"])
def test_connection_lost_in_the_middle_is_gone_on_from(node: watched.Node, stage: str) -> None:
    strike(node, action="lose-connection", stage=stage)
    ended = node.recover()
    assert ended.status == 5 and "the connection to the engine was lost" in ended.output
    mend(node)
    renewed(node, node.resume())


@pytest.mark.slow
def test_engine_setup_that_never_ends_well_can_be_gone_on_without(node: watched.Node) -> None:
    strike(node, action="fail-stage", stage="Misc configuration", cause=SIGNING, count=0)
    assert "resume --no-engine-setup" in node.recover().output
    password = ["--yes", "--engine-password-file", node.world.password_file]
    ended = node.tool("resume", "--no-engine-setup", *password)
    assert ended.status == 0, ended.output[-3000:]
    assert "left out: so it was said at resume" in ended.output
    assert healthy(node) and node.world.sim.state()["ha"]["global"] is False
    assert len(setups(node)) == 1


@pytest.mark.slow
def test_broker_that_never_answers_is_gone_on_without_engine_setup(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "engine-up")
    with node.world.opened() as now:
        now.state["faults"] = [{"program": "hosted-engine", "action": "fail", "count": 0}]
    ended = node.recover()
    assert ended.status == 5 and "resume --no-engine-setup" in ended.output, ended.output[-3000:]
    password = ["--yes", "--engine-password-file", node.world.password_file]
    ended = node.tool("resume", "--no-engine-setup", *password)
    assert ended.status == 0, ended.output[-3000:]
    assert "left out: so it was said at resume" in ended.output
    assert setups(node) == []
    assert accounts.journal(node.world)[-1]["event"] == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["dialogue", "unattended"])
def test_renewal_that_is_not_offered_leaves_the_engine_running(
    node: watched.Node, mode: str
) -> None:
    one, other = (PKI + "certs/%s.cer" % name for name in ("apache", "websocket-proxy"))
    one, other = (accounts.engine_file(node.world, path) for path in (one, other))
    kept = Path(one).read_bytes()  # now neither file is what its store holds: made by hand
    Path(one).write_bytes(Path(other).read_bytes())
    Path(other).write_bytes(kept)
    password = ["--yes", "--engine-password-file", node.world.password_file]
    ended = node.tool("recover", "--engine-setup", mode, *password)
    assert ended.status == 0, ended.output[-3000:]
    assert "engine-setup does not offer to renew any certificate" in ended.output
    assert "1. engine: `engine-setup --offline` in global maintenance," in ended.output
    assert healthy(node) and "valid until 2023-03-12" in accounts.account(node.world)
    assert node.undo().status == 0


@pytest.mark.slow
def test_undo_behind_the_point_of_no_return_keeps_the_engine_and_says_so(
    node: watched.Node,
) -> None:
    renewed(node, node.recover())
    image = accounts.engine_file(node.world, IMAGE)
    assert os.stat(image).st_mode & 0o777 == 0o600
    ended = node.undo()
    assert ended.status == 6
    assert "undone except engine-setup (point of no return)" in ended.output
    assert IMAGE + " on the engine" in ended.output
    assert healthy(node) and os.path.exists(image)
    again = node.undo()
    assert again.status == 3 and "it is over" in again.output
    assert node.recover().status == 0  # nothing is due, and a new run may begin


@pytest.mark.slow
def test_engine_without_room_is_left_alone_and_all_is_undone(node: watched.Node) -> None:
    with node.world.opened() as now:
        now.state["vm"]["disk_full"] = True
    ended = node.recover()
    assert ended.status == 5 and "No space left on device" in ended.output
    assert setups(node) == [] and healthy(node)
    assert node.undo().status == 0
    assert node.world.sim.state()["ha"]["global"] is False


@pytest.mark.slow
def test_rewind_without_engine_setup_leaves_the_engine_and_tells_it(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "node-expired")
    plan = node.tool("plan", "--no-engine-setup")
    assert "(POINT OF NO RETURN)  [declined]" in plan.output
    password = ["--yes", "--engine-password-file", node.world.password_file]
    ended = node.tool("recover", "--no-engine-setup", *password)
    accounts.well(node, ended)
    assert setups(node) == []
    assert "1. engine: `engine-setup --offline` in global maintenance," in ended.output


@pytest.mark.slow
def test_rewind_passes_the_gate_that_an_expired_engine_keeps_shut(tmp_path: Path) -> None:
    node = watched.Node(str(tmp_path / "world"), "node-expired", "el9")
    accounts.well(node, node.recover())
    (setup,) = setups(node)
    assert "OVESETUP_CONFIG/continueSetupOnHEVM=bool:True" in setup
    restored = accounts.first(node.world, "date -u -s @")
    assert restored < accounts.first(node.world, "engine-setup --offline")


@pytest.mark.slow
def test_unattended_line_leaves_the_questions_about_the_renewal(node: watched.Node) -> None:
    password = ["--yes", "--engine-password-file", node.world.password_file]
    ended = node.tool("recover", "--engine-setup", "unattended", *password)
    renewed(node, ended)
    (setup,) = setups(node)
    assert "OVESETUP_CONFIG/updateFirewall=bool:False" in setup
    asked = [line for line in ended.output.splitlines() if "engine-setup asks" in line]
    assert len(asked) == 3 and "Renew certificates?" in asked[0]
