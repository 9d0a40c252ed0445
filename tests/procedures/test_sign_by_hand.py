# SPDX-License-Identifier: Apache-2.0
"""Nobody is let in by the engine's ssh: it is signed at its console, and the run waits for that."""

import os
import re
from pathlib import Path
from typing import List

import pytest

from recovery import engine_signing
from simulators import der, install, names, pki, stories
from tests.procedures import accounts, console, points, watched

MONTH = 30 * 86400
DATES = pki.Dates(stories.TRUE - 40 * stories.DAY, stories.TRUE + 300 * stories.DAY)
SUBJECT = (("O", names.ORGANISATION), ("CN", names.NODE))
CA_NAME = (("C", "US"), ("O", names.ORGANISATION), ("CN", names.ENGINE + ".56789"))
BY_HAND = ("recover", "--yes", "--sign-by-hand")
WAY_OUT = "where nobody can log in there: ovirt-cert-recovery resume --sign-by-hand"


def refusing(tmp_path: Path, scenario: str = "node-expired") -> watched.Node:
    """A world whose engine VM nobody gets into by ssh."""
    node = watched.Node(str(tmp_path / "world"), scenario)
    refuse(node)
    return node


def refuse(node: watched.Node) -> None:
    with node.world.opened() as now:
        now.state["vm"]["password"] = "nobody knows it"
        now.state["vm"]["services"]["sshd"] = False  # until its next boot


def of_another_key(node: watched.Node) -> bytes:
    """What the engine's CA would sign for somebody else's request."""
    issuer = pki.Authority(pki.Register(), "ca", CA_NAME, DATES, names.ENGINE)
    with open(node.world.root + "/etc/pki/vdsm/certs/cacert.pem", "rb") as ca:
        assert der.certificate(ca.read()).modulus == der.certificate(issuer.pem).modulus
    return issuer.issue("engine", SUBJECT, DATES, names.NODE).pem


def signed_by_hand(node: watched.Node, ended: watched.Ended) -> None:
    """The node is well; the status says that the engine's part is left to a person."""
    assert ended.status == 6, ended.output[-3000:]
    told = accounts.account(node.world)
    assert "vdsm certificate: valid" in told and "(served)" in told, told
    assert accounts.changed(node.world) == accounts.INSTALLED
    new = accounts.certificate(node.world)
    assert new.names == ("DNS:" + names.NODE,)
    assert abs(new.not_after - stories.TRUE - 398 * stories.DAY) < 3 * 3600
    assert "By hand now, in this order:" in ended.output
    accounts.at_rest(node)


@pytest.mark.slow
def test_run_that_is_not_let_in_names_the_option_and_goes_on_by_hand(tmp_path: Path) -> None:
    node = refusing(tmp_path)
    ended = node.recover()
    assert ended.status == 4 and WAY_OUT in ended.output, ended.output[-2000:]
    before = len(accounts.calls(node.world))
    wrong = of_another_key(node)
    administrator = console.Administrator(node, wrong, wrong[:900])
    told = node.tool("resume", "--yes", "--sign-by-hand", point=administrator)
    signed_by_hand(node, told)
    said = [
        "signed.pem is refused: it does not belong to the key /etc/pki/vdsm/keys/vdsmkey.pem",
        "signed.pem is refused: the file is cut off: END CERTIFICATE is missing",
        "the signed certificate: it fits",
        "install the new certificate",
    ]
    places = [told.output.index(words) for words in said]
    assert places == sorted(places)
    assert not [call for call in accounts.calls(node.world)[before:] if call.startswith("ssh")]
    as_told(node, told.output)


def as_told(node: watched.Node, told: str) -> None:
    """What the last words say about the clock is typed at the engine's console, and helps."""
    assert accounts.clocks(node.world).engine < -MONTH
    (order,) = re.findall(r"^ +(systemctl stop ovirt-engine; .*)$", told, re.MULTILINE)
    shown = console.typed(node.world, order)
    assert shown is not None and shown.status == 0, shown
    assert abs(accounts.clocks(node.world).engine) < 300
    # For engine-setup, which is told as well.
    assert node.world.sim.state()["ha"]["global"] and "engine-setup --offline" in told
    # This engine's own script locks that, and makes it as we have made it.
    lock = accounts.engine_file(node.world, engine_signing.OLD_LOCK)
    private = accounts.engine_file(node.world, engine_signing.PKI + "/private")
    assert os.stat(lock).st_mode == os.stat(private).st_mode


def full(world: install.World, value: bool) -> None:
    with world.opened() as now:
        now.state["vm"]["disk_full"] = value


def on_a_full_disk(administrator: console.Administrator) -> watched.Point:
    """Have the script run first where openssl would empty the CA's register."""
    world = administrator.node.world
    register = Path(accounts.engine_file(world, "/etc/pki/ovirt-engine/database.txt"))
    tried: List[object] = []

    def point(number: int, side: str, what: str) -> None:
        script = Path(administrator.place(console.SCRIPT))
        if side != "during" or tried or not script.exists():
            return
        before = register.read_bytes()
        full(world, True)
        shown = console.typed(world, script.read_text())
        full(world, False)
        tried.append(shown)
        assert shown is not None and shown.status == 1 and register.read_bytes() == before
        assert b"less than 10 MB are free" in shown.output, shown
        administrator.rest.append(shown.output)

    return point


@pytest.mark.slow
def test_engine_up_without_ssh_signs_by_hand_and_no_clock_is_touched(tmp_path: Path) -> None:
    node = refusing(tmp_path, "engine-up")
    words = (*BY_HAND, "--route", "sign")
    administrator = console.Administrator(node)
    ended = node.tool(*words, point=points.both(on_a_full_disk(administrator), administrator))
    signed_by_hand(node, ended)
    assert "signed.pem is refused: it holds no PEM text" in ended.output
    calls = accounts.calls(node.world)
    assert not [call for call in calls if call.startswith("ssh ") or "set-time" in call]
    undone = node.undo()
    assert undone.status == 0 and accounts.changed(node.world) == [], undone.output[-2000:]


@pytest.mark.slow
def test_lost_while_it_waits_the_true_time_returns_and_resume_waits_on(tmp_path: Path) -> None:
    node = refusing(tmp_path)
    administrator = console.Administrator(node)
    script = Path(administrator.place(console.SCRIPT))

    def lost(number: int, side: str, what: str) -> None:
        if side == "during" and script.exists():
            node.save(str(tmp_path / "waiting"))
            points.kill()

    assert node.tool(*BY_HAND, point=lost).status == -9
    assert accounts.clocks(node.world).wall < -MONTH
    text = script.read_text()
    node.world.sim.advance(1200.0)
    assert accounts.restored_by(node.world) == ["dead-man"]
    signed_by_hand(node, node.tool("resume", "--yes", point=administrator))
    assert script.read_text() == text
    node.put_back(str(tmp_path / "waiting"))
    ended = node.undo()
    assert ended.status == 0 and accounts.changed(node.world) == [], ended.output[-2000:]
    assert "on its console, with the true time of then:" in ended.output
    assert not script.exists()
    accounts.at_rest(node)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["/sign.sh", "/node.cer"])
def test_power_cut_around_the_signature_by_hand_is_resumed(place: str, tmp_path: Path) -> None:
    node = refusing(tmp_path)

    def cut() -> None:
        node.world.sim.power_cut()
        points.kill()

    administrator = console.Administrator(node)
    at = points.once("after", "replace %s%s" % (console.RUN, place), cut)
    assert node.tool(*BY_HAND, point=points.both(administrator, at)).status == -9
    signed_by_hand(node, node.tool("resume", "--yes", point=console.Administrator(node)))
    assert node.world.sim.state()["vm"]["boot"] == 2
