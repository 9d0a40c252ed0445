# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import errors
from recovery.observation import Unit
from recovery.programs import systemctl
from tests.unit import nodes, samples


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


@pytest.mark.parametrize(
    "text, major",
    [
        ("systemd 219\n+PAM +AUDIT\n", 219),
        ("systemd 239 (239-82.el8)\n+PAM\n", 239),
        ("systemd 252 (252.39-1~deb12u1)\n+PAM\n", 252),
    ],
)
def test_version_is_the_major_number(node: nodes.Node, text: str, major: int) -> None:
    node.answers("systemctl", text)
    assert systemctl.version(node.host) == major


@pytest.mark.parametrize("text", ["", "systemd", "command not found", "systemd x"])
def test_version_in_an_unknown_shape_is_unexpected_output(node: nodes.Node, text: str) -> None:
    node.answers("systemctl", text)
    with pytest.raises(errors.UnexpectedOutput):
        systemctl.version(node.host)


def test_show_reads_recorded_states_in_the_order_asked(node: nodes.Node) -> None:
    cases = ("show-failed", "show-inactive", "show-not-found")
    node.answers("systemctl", "\n".join(samples.read("systemctl", case).stdout for case in cases))
    names = ["libvirtd.service", "vdsmd.service", "nosuch.service"]
    assert systemctl.show(node.host, names) == [
        Unit(names[0], "loaded", "failed", "failed", "exit-code", "enabled", 6),
        Unit(names[1], "loaded", "inactive", "dead", "success"),
        Unit(names[2], "not-found", "inactive", "dead"),
    ]
    assert node.calls("systemctl")[0].endswith(" ".join(names))


def test_show_reads_start_time_and_invocation(node: nodes.Node) -> None:
    node.answers(
        "systemctl",
        "LoadState=loaded\nActiveState=active\nActiveEnterTimestampMonotonic=4123456\n"
        "InvocationID=8ad1b1\nEnvironment=A=b\n",
    )
    unit = systemctl.show(node.host, ["a"])[0]
    assert (unit.entered_active, unit.invocation) == (4123456, "8ad1b1")


@pytest.mark.parametrize("text", ["", "LoadState=loaded\n", "garbage", "a\n\nb\n\nc"])
def test_show_in_an_unknown_shape_is_unexpected_output(node: nodes.Node, text: str) -> None:
    node.answers("systemctl", text)
    with pytest.raises(errors.UnexpectedOutput):
        systemctl.show(node.host, ["a"])


def test_show_for_fewer_units_than_asked_is_unexpected_output(node: nodes.Node) -> None:
    node.answers("systemctl", samples.read("systemctl", "show-failed").stdout)
    with pytest.raises(errors.UnexpectedOutput, match="2 units"):
        systemctl.show(node.host, ["a", "b"])


@pytest.mark.parametrize(
    "order, argv",
    [
        (systemctl.start, "start a b"),
        (systemctl.stop, "stop a b"),
        (systemctl.restart, "restart a b"),
        (systemctl.mask, "mask --runtime a b"),
        (systemctl.unmask, "unmask --runtime a b"),
        (systemctl.enable, "enable a b"),
        (systemctl.disable, "disable a b"),
        (systemctl.reset_failed, "reset-failed a b"),
    ],
)
def test_order_is_one_call_for_all_units(node: nodes.Node, order: object, argv: str) -> None:
    node.answers("systemctl")
    order(node.host, "a", "b")  # type: ignore[operator]
    assert node.calls() == ["systemctl " + argv]


def test_order_that_fails_is_program_failed(node: nodes.Node) -> None:
    node.answers("systemctl", stderr="Job for libvirtd.service failed.\n", status=1)
    with pytest.raises(errors.ProgramFailed, match="Job for libvirtd"):
        systemctl.restart(node.host, "libvirtd.service")


def test_reset_failed_of_what_is_not_loaded_is_no_error(node: nodes.Node) -> None:
    text = "Failed to reset failed state of unit {0}: Unit {0} not loaded.\n"
    node.answers("systemctl", stderr=text.format("a.socket") + text.format("b"), status=1)
    systemctl.reset_failed(node.host, "a.socket", "b")


def test_reset_failed_for_another_cause_is_program_failed(node: nodes.Node) -> None:
    texts = "Unit a not loaded.\nFailed to connect to bus: Connection refused\n"
    node.answers("systemctl", stderr=texts, status=1)
    with pytest.raises(errors.ProgramFailed) as caught:
        systemctl.reset_failed(node.host, "a", "b")
    assert caught.value.seen == ("Failed to connect to bus: Connection refused",)
