# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from recovery import errors
from recovery.programs import timedatectl
from tests.unit import nodes


@pytest.fixture
def node(tmp_path: Path) -> nodes.Node:
    return nodes.Node(tmp_path)


def test_set_time_uses_the_form_every_release_knows(node: nodes.Node) -> None:
    timedatectl.set_time(node.host, 1673352000)
    assert node.calls() == ["timedatectl set-time @1673352000"]


@pytest.mark.parametrize("wanted, word", [(True, "yes"), (False, "no")])
def test_set_ntp_says_yes_or_no(node: nodes.Node, wanted: bool, word: str) -> None:
    node.answers("timedatectl")
    timedatectl.set_ntp(node.host, wanted)
    assert node.calls() == ["timedatectl set-ntp " + word]


# Texts of EL7 and EL9 (recorded on systemd 252 too), of EL8's timedatex, of EL9 after set-ntp.
@pytest.mark.parametrize(
    "text, busy",
    [
        ("Failed to set time: Automatic time synchronization is enabled\n", False),
        ("Failed to set time: NTP unit is active\n", False),
        ("Failed to set time: Previous request is not finished, refusing.\n", True),
        ("Failed to parse time specification '@x': Invalid argument\n", False),
        ("Failed to set time: Access denied\n", False),
    ],
)
def test_refusal_that_passes_is_told_from_the_others(
    node: nodes.Node, text: str, busy: bool
) -> None:
    node.refuse("timedatectl", text)
    with pytest.raises(errors.ProgramFailed) as caught:
        timedatectl.set_time(node.host, 0)
    assert timedatectl.refused_as_busy(caught.value) is busy
