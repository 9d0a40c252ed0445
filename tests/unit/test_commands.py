# SPDX-License-Identifier: Apache-2.0
"""The command line on a node of scripts; whole recoveries are tests/procedures' business."""

import argparse
import json
import os
import signal
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

import recovery.__main__
from recovery import console as consoles
from recovery import deadman, errors
from recovery import journal as journals
from recovery.commands import node_options, options
from recovery.steps import anchor, boot_guard
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> Iterator[nodes.Node]:
    before = signal.getsignal(signal.SIGHUP)
    yield nodes.Node(tmp_path)
    signal.signal(signal.SIGHUP, before)  # which undo ignores: here it is our own process


def call(node: nodes.Node, *words: str) -> int:
    """Run the tool as a person types it; stdin is no terminal here."""
    place: List[str] = ["--root", str(node.root), "--programs", str(node.programs)]
    return recovery.__main__.main(place + list(words))


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


def test_undo_of_a_run_that_did_nothing_ends_it(node: nodes.Node, capsys: Any) -> None:
    nodes.context(node, nodes.plan("sign"))
    assert call(node, "undo", "--yes") == errors.DONE
    assert "undone" in capsys.readouterr().out
    assert journals.load(node.host, "run-1").of(journals.ABANDONED)


def test_undo_of_the_clock_brings_the_true_time_back(node: nodes.Node) -> None:
    nodes.clock_back(nodes.context(node, nodes.plan("clock-back")), node)
    assert call(node, "undo", "--yes") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW) < 30


def test_undo_of_a_clock_that_was_restored_and_then_corrected_leaves_it_alone(
    node: nodes.Node,
) -> None:
    context = nodes.context(node, nodes.plan("clock-back"))
    nodes.clock_back(context, node)
    node.move_clock(41 * nodes.DAY)
    context.journal.write(journals.RESTORED, data={"by": "recover", "deviation": 0.0})
    node.move_clock(300)  # chronyd was started again and knows better than the anchor
    assert call(node, "undo", "--yes") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW - 300) < 30
    assert node.calls("timedatectl") == node.calls("hwclock") == []


def test_undo_with_a_stated_time_corrects_what_the_boot_unit_restored(node: nodes.Node) -> None:
    context = nodes.context(node, nodes.plan("clock-back"))
    nodes.clock_back(context, node)
    (node.folder / "rtc").write_text("%d\n" % (nodes.NOW - nodes.UPTIME + 5 * nodes.DAY))
    node.power_cut()
    assert call(node, "restore-time", "--at-boot", "--run", "run-1") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW - 5 * nodes.DAY) < 300
    assert call(node, "undo", "--yes", "--true-time", "2023-02-20 12:02:00") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW - 120) < 60


def test_undo_that_fails_says_what_remains(node: nodes.Node, capsys: Any) -> None:
    nodes.clock_back(nodes.context(node, nodes.plan("clock-back")), node)
    node.answers("timedatectl")
    node.script("date", "[ $1 = -s ] || echo 1.0")
    assert call(node, "undo", "--yes") == errors.BY_HAND
    said = capsys.readouterr().err
    assert "clock-back" in said and "/run-1/before" in said


def test_undo_that_cannot_set_the_clock_right_leaves_in_place_what_guards_it(
    node: nodes.Node, capsys: Any
) -> None:
    ids = ("anchor", "boot-guard", "dead-man", "clock-back")
    context = nodes.context(node, nodes.plan(*ids))
    unit = node.write(boot_guard.PATH, "[Unit]")
    for step in ids[:3]:
        context.journal.write(journals.VERIFIED, step)
    deadman.arm(context)
    nodes.clock_back(context, node)
    scripts = {name: (node.programs / name).read_text() for name in ("timedatectl", "date")}
    node.answers("timedatectl")
    node.script("date", scripts["date"].replace("-s)", "-s) exit 0;"))
    assert call(node, "undo", "--yes") == errors.BY_HAND
    said = capsys.readouterr().err
    assert "dead-man: left in place, it guards clock-back" in said
    assert "boot-guard: left in place" in said and "then: ovirt-cert-recovery undo" in said
    assert unit.exists() and deadman.is_armed(context)
    again = nodes.context(node, journal=journals.reopen(node.host, "run-1"))
    anchor.Anchor().apply(again, {})  # as a resume would
    assert abs(again.true_at(node.host.now()) - nodes.NOW) < 60
    for name, text in scripts.items():
        node.script(name, text)
    assert call(node, "undo", "--yes") == errors.DONE
    assert abs(node.host.now().wall - nodes.NOW) < 60
    assert not unit.exists() and not deadman.is_armed(context)


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
