# SPDX-License-Identifier: Apache-2.0
"""Nothing temporary remains: after a power cut at the worst places, after days, with VNC's TLS."""

from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from simulators import boot, der, rehearse
from tests.procedures import accounts, points, watched

DAY = 86400
CA = "/etc/pki/vdsm/certs/cacert.pem"
VNC = "/etc/pki/vdsm/libvirt-vnc"
RECOVER = ("recover", "--yes", "--route", "interim", "--engine-password-file")


def make(tmp_path: Path, scenario: str = "interim", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def read(node: watched.Node, path: str) -> bytes:
    return Path(node.world.root + path).read_bytes()


def nth(number: int, words: str, act: points.Act) -> watched.Point:
    """Act before the n-th effect of a kind."""
    seen: List[str] = []

    def point(_: int, side: str, what: str) -> None:
        if side == "before" and words in what:
            seen.append(what)
            if len(seen) == number:
                act()

    return point


def cut_short(node: watched.Node, point: watched.Point, downtime: float = 60.0) -> None:
    ended = node.recover(point)
    assert ended.status == -9, ended.output[-2000:]
    node.world.sim.power_cut(downtime=downtime)


def test_meanwhile_the_node_trusts_both_cas_and_later_only_its_own(tmp_path: Path) -> None:
    node = make(tmp_path)
    before = read(node, CA)
    seen: Dict[str, bytes] = {}

    def look() -> None:
        seen.update({path: read(node, path) for path in (CA, accounts.NODE_CERTIFICATE)})
        Path(node.directory + ".seen").write_bytes(b"".join(seen.values()))

    accounts.well(node, node.recover(points.once("before", "dialogue ssh", look)))
    assert read(node, CA) == before
    own, temporary, leaf = der.certificates(Path(node.directory + ".seen").read_bytes())
    assert own == der.certificate(before)
    assert der.signed_by(leaf, temporary) and not der.signed_by(leaf, own)
    assert leaf.subject == accounts.certificate(node.world).subject
    assert leaf.not_after - leaf.not_before == 3 * DAY == temporary.not_after - temporary.not_before


PLACES: Tuple[Tuple[str, int], ...] = (
    ("dialogue ssh", 1),  # the engine VM boots under the temporary certificate
    ("replace " + CA, 2),  # the engine has signed, nothing is removed yet
    ("replace " + accounts.NODE_CERTIFICATE, 2),  # while it is being removed
    ("replace " + accounts.NODE_CERTIFICATE, 3),  # removed, and nothing new installed yet
    ("replace /etc/pki/libvirt/clientcert.pem", 1),  # while the new one is being installed
)


@pytest.mark.slow
@pytest.mark.parametrize("words, number", PLACES)
def test_power_cut_is_resumed_to_a_good_end(words: str, number: int, tmp_path: Path) -> None:
    node = make(tmp_path)
    cut_short(node, nth(number, words, points.kill))
    accounts.well(node, node.resume())


@pytest.mark.slow
@pytest.mark.parametrize("words, number", PLACES[:1] + PLACES[3:4])
def test_power_cut_is_undone_byte_for_byte(words: str, number: int, tmp_path: Path) -> None:
    node = make(tmp_path)
    cut_short(node, nth(number, words, points.kill))
    ended = node.undo()
    # With the old certificate no broker starts after the boot that could end the maintenance.
    left = node.world.sim.state()["ha"]["global"]
    assert ended.status == (6 if left else 0), ended.output[-2000:]
    assert ("undone except global-maintenance (by hand)" in ended.output) == left
    assert accounts.changed(node.world) == []


@pytest.mark.slow
@pytest.mark.parametrize("power", [True, False], ids=["power cut", "tool killed"])
def test_run_resumed_after_days_makes_a_new_temporary_certificate(
    power: bool, tmp_path: Path
) -> None:
    node = make(tmp_path)
    if power:
        cut_short(node, nth(1, "dialogue ssh", points.kill), downtime=4.0 * DAY)
    else:
        assert node.recover(nth(1, "dialogue ssh", points.kill)).status == -9
        with node.world.opened() as now:
            boot.pass_quietly(now, 2.5 * DAY)
    ended = node.resume()
    assert "gone again, to be redone: put a temporary certificate" in ended.output
    accounts.well(node, ended)


@pytest.mark.slow
def test_console_with_tls_is_served_by_the_temporary_certificate_too(tmp_path: Path) -> None:
    node = make(tmp_path, "mixed-ages")
    before = read(node, VNC + "/ca-cert.pem")
    accounts.well(node, node.tool(*RECOVER, node.world.password_file))
    assert read(node, VNC + "/ca-cert.pem") == before


@pytest.mark.parametrize("how", ["undo", "resume"])
def test_engine_that_does_not_answer_leaves_nothing_temporary(how: str, tmp_path: Path) -> None:
    node = make(tmp_path)
    before = read(node, CA)
    with node.world.opened() as now:
        now.state["vm"]["seconds"]["ssh"] = 10.0 * DAY
    ended = node.recover()
    assert ended.status == 5 and "cannot wait any longer for the engine's ssh" in ended.output
    assert "taken away meanwhile: put a temporary certificate" in ended.output
    assert read(node, CA) == before
    assert [row for row in rehearse.changes(node.world) if accounts.STATE not in row[1]] == []
    if how == "resume":
        with node.world.opened() as now:
            now.state["vm"]["ssh"] = True
            now.state["vm"]["services"]["sshd"] = True
        ended = node.resume()
        assert "gone again, to be redone: put a temporary certificate" in ended.output
        accounts.well(node, ended)
        return
    assert node.undo().status == 0
    assert [row for row in rehearse.changes(node.world) if accounts.STATE not in row[1]] == []
