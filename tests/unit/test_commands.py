# SPDX-License-Identifier: Apache-2.0
"""The command line on a node of scripts; whole recoveries are tests/procedures' business."""

import argparse
import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List

import pytest

import recovery.__main__
from recovery import console as consoles
from recovery import errors
from recovery import journal as journals
from recovery.commands import node_options, options
from tests.unit import nodes
from tests.unit.typed import call


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def arguments(**given: Any) -> argparse.Namespace:
    chosen: Dict[str, Any] = {
        "root": "/",
        "programs": "",
        "route": "",
        "to": None,
        "days": 398,
        "engine": "",
        "engine_fingerprint": "",
        "guard_minutes": 15,
        "api_user": "admin@internal",
        "api_ca": "/ca.pem",
        "engine_setup": "dialogue",
        "sign_by_hand": False,
        "true_time": None,
        "yes": False,
        "engine_password_fd": None,
        "engine_password_file": None,
    }
    return argparse.Namespace(**dict(chosen, **given))


@pytest.mark.parametrize("words", [["--root", "/none", "status"], ["status", "--root=/none"]])
def test_root_may_be_named_before_and_after_the_command(capsys: Any, words: List[str]) -> None:
    assert recovery.__main__.main(words) == errors.USAGE
    assert "cannot use --root /none" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["resume", "undo"])
def test_command_without_any_run_is_inhibited(node: nodes.Node, capsys: Any, command: str) -> None:
    assert call(node, command, "--yes") == errors.INHIBITED
    assert "there was none on this node" in capsys.readouterr().err


def test_commands_after_the_run_s_directory_was_removed_know_of_none(
    node: nodes.Node, capsys: Any
) -> None:
    shutil.rmtree(str(node.place(nodes.context(node).directory)))
    assert call(node, "undo", "--yes") == errors.INHIBITED
    assert "there was none on this node" in capsys.readouterr().err
    assert call(node, "status") == errors.DONE
    assert "no run on this node yet" in capsys.readouterr().out


@pytest.mark.parametrize("event", [journals.FINISHED, journals.ABANDONED])
def test_resume_of_a_run_that_is_over_is_inhibited(
    node: nodes.Node, capsys: Any, event: str
) -> None:
    nodes.context(node).journal.write(event)
    assert call(node, "resume", "--yes") == errors.INHIBITED
    assert "it is over" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["resume", "undo"])
def test_command_without_consent_changes_nothing(
    node: nodes.Node, capsys: Any, command: str
) -> None:
    nodes.context(node, nodes.plan("sign"))
    before = node.host.read(journals.STATE + "/run-1/journal")
    assert call(node, command) == errors.INHIBITED
    assert "not agreed" in capsys.readouterr().err
    assert node.host.read(journals.STATE + "/run-1/journal") == before


@pytest.mark.parametrize("command", ["recover", "resume", "undo"])
def test_command_while_another_runs_is_inhibited(
    node: nodes.Node, capsys: Any, command: str
) -> None:
    with node.host.lock(journals.LOCK):
        assert call(node, command, "--yes") == errors.INHIBITED
    assert "another run" in capsys.readouterr().err


def test_recover_over_a_run_that_is_not_finished_is_inhibited(
    node: nodes.Node, capsys: Any
) -> None:
    nodes.context(node)
    assert call(node, "recover", "--yes") == errors.INHIBITED
    assert "run-1 is not finished" in capsys.readouterr().err


def test_recover_of_a_disk_at_rest_is_a_usage_error(node: nodes.Node, capsys: Any) -> None:
    status = recovery.__main__.main(["--root", str(node.root), "recover", "--yes"])
    assert status == errors.USAGE
    assert not node.host.exists(journals.STATE)


def test_status_as_json_is_for_programs(node: nodes.Node, capsys: Any) -> None:
    nodes.context(node, nodes.plan("sign"))
    assert call(node, "status", "--json") == errors.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["run"], told["outcome"]) == ("run-1", "cut off")


def test_restore_time_of_a_run_that_left_the_clock_back_restores_it(
    node: nodes.Node, capsys: Any
) -> None:
    nodes.clock_back(nodes.context(node), node)
    assert call(node, "restore-time", "--run", "run-1") == errors.DONE
    assert "the true time is back" in capsys.readouterr().out
    assert abs(node.host.now().wall - nodes.NOW) < 30


def test_restore_time_that_only_a_person_can_tell_is_no_success(
    node: nodes.Node, capsys: Any
) -> None:
    nodes.clock_back(nodes.context(node), node)
    (node.folder / "rtc").write_text("0\n")
    node.power_cut()
    assert call(node, "restore-time", "--at-boot", "--run", "run-1") == errors.ATTENTION
    assert "next: ovirt-cert-recovery resume --true-time" in capsys.readouterr().err


def test_restore_time_of_no_run_fails_clearly(node: nodes.Node, capsys: Any) -> None:
    assert call(node, "restore-time", "--run", "run-9") == errors.FAILED
    assert "run-9" in capsys.readouterr().err


def test_no_command_shows_the_help_and_is_a_usage_error(capsys: Any) -> None:
    assert recovery.__main__.main([]) == errors.USAGE
    assert "usage: ovirt-cert-recovery" in capsys.readouterr().out


@pytest.mark.parametrize(
    "given, running", [({}, True), ({"root": "/mnt"}, False), ({"programs": "/x"}, True)]
)
def test_running_is_false_for_a_disk_at_rest(given: Any, running: bool) -> None:
    assert options.running(arguments(**given)) is running


def test_node_of_an_empty_root_is_a_usage_error() -> None:
    with pytest.raises(errors.UsageError):
        options.node(arguments(root=""))


def test_node_of_a_root_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError):
        options.node(arguments(root=str(tmp_path / "no")))


@pytest.mark.parametrize(
    "given", [{"days": 1}, {"days": 7301}, {"guard_minutes": 1}, {"guard_minutes": 241}]
)
def test_wishes_out_of_bounds_are_usage_errors(given: Any) -> None:
    with pytest.raises(errors.UsageError):
        options.wishes(arguments(**given))


def test_wishes_are_what_was_typed() -> None:
    wishes = options.wishes(arguments(to="2023-01-09 12:00", guard_minutes=20, days=90))
    assert (wishes.past, wishes.guard_seconds, wishes.days) == (1673265600, 1200, 90)


def test_true_time_that_is_no_date_is_a_usage_error() -> None:
    with pytest.raises(errors.UsageError, match="--true-time 'soon'"):
        options.true_time(arguments(true_time="soon"))


def password(**given: Any) -> str:
    secret = options.password(arguments(**given), consoles.Console(), "engine.example.test")
    return secret.reveal() if secret else ""


@pytest.mark.parametrize(
    "text, value",
    [("secret\n", "secret"), ("secret", "secret"), ("se cret \r\nmore\n", "se cret ")],
)
def test_password_is_the_first_line_of_a_file(tmp_path: Path, text: str, value: str) -> None:
    (tmp_path / "password").write_bytes(text.encode())
    assert password(engine_password_file=str(tmp_path / "password")) == value


@pytest.mark.parametrize("data", [b"", b"\nsecret\n", b"\xff\xfe\n"])
def test_password_file_without_one_is_a_usage_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "password").write_bytes(data)
    with pytest.raises(errors.UsageError, match="password from"):
        password(engine_password_file=str(tmp_path / "password"))


def test_password_file_that_is_missing_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(errors.UsageError, match="No such file"):
        password(engine_password_file=str(tmp_path / "no"))


def test_password_from_a_descriptor_of_a_file_is_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    descriptor = os.open(str(tmp_path / "password"), os.O_RDONLY)
    try:
        assert password(engine_password_fd=descriptor) == "secret"
    finally:
        os.close(descriptor)


def test_password_from_a_pipe_is_its_first_line() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"secret\n")
    os.close(writing)
    try:
        assert password(engine_password_fd=reading) == "secret"
    finally:
        os.close(reading)


def piped(text: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    return reading


def test_api_password_from_a_descriptor_is_its_first_line() -> None:
    reading = piped(b"secret\nmore\n")
    given = arguments(api_password_fd=reading, api_password_file=None)
    try:
        found = options.api_password(given, consoles.Console(), "admin@internal")
    finally:
        os.close(reading)
    assert found is not None and found.reveal() == "secret"


@pytest.mark.parametrize("text", [b"same\n", b"one\ntwo\n"])
def test_node_passwords_from_a_descriptor_are_one_for_all_or_one_each(text: bytes) -> None:
    reading = piped(text)
    given = arguments(
        node=["b", "c"], node_password_fd=reading, node_password_file=None, node_fingerprint=[]
    )
    try:
        found = node_options.credentials(given, consoles.Console())
    finally:
        os.close(reading)
    lines = text.decode().split()
    passwords = [one.password.reveal() if one.password else "" for one in found]
    assert passwords == (lines if len(lines) == 2 else lines * 2)


def test_password_where_nobody_can_type_is_left_to_keys() -> None:
    assert password() == ""
