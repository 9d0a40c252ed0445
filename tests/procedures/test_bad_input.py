# SPDX-License-Identifier: Apache-2.0
"""Bad files, bad answers, bad orders: one clear error, nothing changed, nothing lost."""

import base64
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from recovery import __main__ as entry_point
from recovery import files
from recovery import journal as journals
from simulators import install, rehearse
from tests.procedures import accounts, points, watched

CERTIFICATE = accounts.NODE_CERTIFICATE
CA = "/etc/pki/vdsm/certs/cacert.pem"
KEY = "/etc/pki/vdsm/keys/vdsmkey.pem"


def make(tmp_path: Path, scenario: str = "node-expired", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


def der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.split(b"-----")[2].split()))


SPOILT: Dict[str, Callable[[bytes, bytes], bytes]] = {
    "truncated": lambda pem, key: pem[: len(pem) // 2],
    "empty": lambda pem, key: b"",
    "binary": lambda pem, key: bytes(range(256)) * 8,
    "der": lambda pem, key: der(pem),
    "key": lambda pem, key: key,
    "garbage-in-pem": lambda pem, key: pem.replace(b"M", b"!"),
}


def begun(node: watched.Node) -> watched.Ended:
    """Run `recover`; whatever it says, it has to leave the node as it was."""
    ended = node.recover()
    assert accounts.effects(node.world) == []
    assert not os.path.exists(node.world.root + accounts.STATE)
    return ended


def shown(ended: watched.Ended) -> str:
    return " ".join(ended.output.split())


@pytest.mark.parametrize("kind", sorted(SPOILT))
@pytest.mark.parametrize("path", (CERTIFICATE, CA))
def test_certificate_that_is_none_is_named_and_nothing_changed(
    path: str, kind: str, tmp_path: Path
) -> None:
    node = make(tmp_path)
    place = Path(node.world.root + path)
    spoilt = SPOILT[kind](place.read_bytes(), Path(node.world.root + KEY).read_bytes())
    place.write_bytes(spoilt)
    ended = begun(node)
    if kind == "der" and ended.status == 0:
        pytest.fail("a DER file is not what vdsm reads")
    assert ended.status == 3, ended.output[-2000:]
    assert "[certificate-unreadable]" in ended.output and path in ended.output
    assert "Nothing was changed: " in ended.output and "do: " in ended.output
    assert place.read_bytes() == spoilt


@pytest.mark.parametrize("path", (CERTIFICATE, CA))
def test_file_missing_is_named_and_nothing_changed(path: str, tmp_path: Path) -> None:
    node = make(tmp_path)
    os.unlink(node.world.root + path)
    ended = begun(node)
    assert ended.status == 3, ended.output[-2000:]
    assert path in shown(ended) and "Nothing was changed: " in ended.output


@pytest.mark.parametrize(
    "kind",
    (
        "missing",
        "empty",
        "binary",
    ),
)
def test_key_that_cannot_be_read_is_named_and_nothing_changed(kind: str, tmp_path: Path) -> None:
    node = make(tmp_path)
    os.unlink(node.world.root + KEY)
    if kind != "missing":
        Path(node.world.root + KEY).write_bytes(SPOILT[kind](b"", b""))
    ended = begun(node)
    assert ended.status == 3, ended.output[-2000:]
    assert KEY in shown(ended) and "Nothing was changed: " in ended.output


def test_copy_that_is_damaged_is_written_anew(tmp_path: Path) -> None:
    node = make(tmp_path, "engine-up")
    Path(node.world.root + "/etc/pki/libvirt/clientcert.pem").write_bytes(b"\x00\xff")
    ended = node.recover()
    assert ended.status == 0, ended.output[-2000:]
    new = Path(node.world.root + CERTIFICATE).read_bytes()
    assert Path(node.world.root + "/etc/pki/libvirt/clientcert.pem").read_bytes() == new


def test_journal_with_binary_and_empty_messages_is_read_all_the_same(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        for message in (b"\xff\xfe\x00\x01 has expired", b"", "\u2028\x1b[31mred"):
            now.log(message, unit="libvirtd.service", priority=3)
    ended = node.tool("diagnose")
    assert ended.status == 0
    assert "[node-certificate-expired]" in ended.output and "\x1b" not in ended.output


def test_journal_that_cannot_be_read_is_told_and_does_not_hinder(tmp_path: Path) -> None:
    node = make(tmp_path)
    node.world.sim.fault("journalctl", "garble", count=0)
    assert node.tool("diagnose").status == 0
    node.world.sim.set(faults=[])
    node.world.sim.fault("journalctl", "fail", count=0, stderr="Failed to open\n")
    ended = node.tool("diagnose")
    assert ended.status == 0 and "systemd's journal: cannot run" in shown(ended)


def test_virsh_answer_of_unknown_shape_stops_the_run_and_undo_restores(tmp_path: Path) -> None:
    node = make(tmp_path)
    node.world.sim.fault("virsh", "fail", count=0, status=0, stderr="Willkommen\n")
    ended = node.recover()
    assert ended.status == 5
    assert [call for call in accounts.calls(node.world) if "--vm-start" in call]
    assert "libvirt does not answer: Willkommen (not understood)" in shown(ended)
    assert "seen: " in ended.output and "next: ovirt-cert-recovery resume" in ended.output
    assert node.undo().status == 0
    assert accounts.changed(node.world) == []
    accounts.at_rest(node)


def test_rights_missing_changes_nothing(tmp_path: Path) -> None:
    node = make(tmp_path)
    node.world.sim.set(uid=1000)
    ended = begun(node)
    assert ended.status == 3
    assert "[no-root-rights]" in ended.output and "run the same command as root" in shown(ended)


Told = Tuple[int, str]


def run(world: install.World, *words: str) -> Told:
    """Run the tool as a person does, in a process of its own."""
    argv = [sys.executable, entry_point.__file__, "--root", world.root]
    argv += ["--programs", world.programs] + list(words)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/")
    output = process.communicate(timeout=120)[0].decode()
    return process.returncode, output


def test_machine_that_is_no_ovirt_node_is_left_alone(tmp_path: Path) -> None:
    world = install.create(str(tmp_path / "world"), "bare", "el9")
    status, output = run(world, "recover", "--yes")
    assert status == 3 and "[not-an-ovirt-node]" in output
    assert accounts.effects(world) == []
    assert not os.path.exists(world.root + accounts.STATE)


def test_two_runs_at_once_the_second_is_refused(tmp_path: Path) -> None:
    node = make(tmp_path)
    with files.Files(node.world.root).lock(journals.LOCK) as taken:
        assert taken
        ended = begun(node)
    assert ended.status == 3
    assert "cannot start: another run on this node holds " in ended.output
    assert "unchanged: everything" in ended.output and "next: " in ended.output


def test_run_beside_an_unfinished_one_is_refused(tmp_path: Path) -> None:
    node = make(tmp_path)
    assert node.recover(points.kill_once("after", "systemctl enable")).status == -9
    before = accounts.journal(node.world)
    ended = node.recover()
    assert ended.status == 3
    assert "cannot begin a new run: run-1 is not finished" in ended.output
    assert "next: ovirt-cert-recovery resume   (or: undo)" in ended.output
    assert accounts.journal(node.world) == before


@pytest.mark.parametrize("order", ("resume", "undo"))
def test_order_without_a_run_is_refused(order: str, tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = node.tool(order, "--yes")
    assert ended.status == 3 and "there was none on this node" in ended.output
    assert rehearse.changes(node.world) == []


def fills(node: watched.Node, record: int) -> watched.Point:
    """The disk is full when the journal's n-th record is written; the tool's own files only."""
    seen: List[int] = []

    def point(number: int, side: str, what: str) -> None:
        if side == "before" and what.startswith("append") and what.endswith("/journal"):
            seen.append(number)
            if len(seen) == record:
                path = node.world.root + what.split()[1]
                size = os.path.getsize(path) if os.path.exists(path) else 9000
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))

    return point


@pytest.mark.parametrize("record", (1, 4, 14, 30))
def test_disk_full_while_journaling_stops_before_the_effect(record: int, tmp_path: Path) -> None:
    node = make(tmp_path)
    ended = node.recover(fills(node, record))
    assert ended.status == 5, ended.output[-1500:]
    path = accounts.STATE + "/run-1/journal"
    assert "cannot append to %s: File too large" % path in ended.output
    if record == 1:
        assert accounts.effects(node.world) == []
        assert "  unchanged: everything: nothing was begun\n  next: see that" in ended.output
        assert node.tool("status").output.startswith("no run on this node yet")
        return
    assert "next: ovirt-cert-recovery resume   (or: undo)" in ended.output
    assert len(accounts.journal(node.world)) == record - 1  # whole, no torn line
    ended = node.undo()
    assert ended.status == 0, ended.output
    assert accounts.changed(node.world) == []
    accounts.at_rest(node)


ORDERS = (
    (("recover", "--yes", "--to", "garbage"), "cannot understand --to 'garbage'"),
    (("plan", "--to", "yesterdayish"), "cannot understand --to 'yesterdayish'"),
    (("recover", "--yes", "--to", "2019-01-01"), "cannot go back to 2019-01-01 00:00:00 UTC"),
    (("plan", "--to", "2023-02-01"), "every certificate is valid from "),
    (("recover", "--yes", "--days", "0"), "cannot use --days 0: it must be 2 to 7300"),
    (("plan", "--days", "-5"), "cannot use --days -5"),
    (("plan", "--days", "many"), "invalid int value: 'many'"),
    (("recover", "--yes", "--guard-minutes", "1"), "cannot use --guard-minutes 1"),
    (("recover", "--yes", "--route", "nowhere"), "cannot take the route nowhere"),
    (("recover", "--yes", "--route", "sign"), "cannot take the route sign"),
    (("recover", "--yes", "--engine-password-file", "/no/such/file"), "cannot read the engine's"),
    (("recover", "--yes", "--engine-password-file", "/dev/null"), "it is empty"),
    (("recover", "--yes", "--engine-password-fd", "99"), "cannot read the engine's password"),
    (("frobnicate",), "invalid choice: 'frobnicate'"),
)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> watched.Node:
    return make(tmp_path_factory.mktemp("pristine"))


@pytest.mark.parametrize("words, says", ORDERS)
def test_option_that_cannot_be_used_is_a_usage_error_and_changes_nothing(
    words: Tuple[str, ...], says: str, pristine: watched.Node
) -> None:
    status, output = run(pristine.world, *words)
    assert status == 2, output[-1500:]
    assert says in output
    assert "Traceback" not in output
    assert accounts.effects(pristine.world) == []
    assert rehearse.changes(pristine.world) == []


def test_moment_to_go_back_to_is_taken_when_it_lies_in_the_window(pristine: watched.Node) -> None:
    status, output = run(pristine.world, "plan", "--to", "2022-06-01 08:00")
    assert status == 0 and "set the clock back to 2022-06-01 08:00:00 UTC" in output


def test_consent_not_given_changes_nothing(pristine: watched.Node) -> None:
    words = ("recover", "--engine-password-file", pristine.world.password_file)
    status, output = run(pristine.world, *words)
    assert status == 3 and "cannot go on: it was not agreed to" in output
    assert accounts.effects(pristine.world) == []


def test_recover_of_a_disk_at_rest_is_a_usage_error(tmp_path: Path) -> None:
    node = make(tmp_path)
    shutil.rmtree(node.world.programs)
    argv = [sys.executable, entry_point.__file__, "--root", node.world.root, "recover", "--yes"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode()
    assert process.returncode == 2
    assert "cannot recover a disk at rest: the node's programs are not running" in output
