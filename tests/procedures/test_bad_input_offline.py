# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the CA brought along is told before anything is done; secrets stay secret."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from recovery import __main__ as entry_point
from simulators import (
    der,
    engine_backup,
    engine_pki,
    keys,
    node_files,
    node_pki,
    pki,
    rehearse,
    scenarios,
    stories,
)
from tests.procedures import accounts, points, watched
from tests.unit import authority, backups

DAY = 86400
SIGNED = "replace %s/run-1/node.cer" % accounts.STATE
CA = "/etc/pki/vdsm/certs/cacert.pem"


def make(tmp_path: Path, scenario: str, release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> watched.Node:
    return make(tmp_path_factory.mktemp("pristine"), "offline-backup")


def untouched(node: watched.Node, ended: watched.Ended, status: int, says: str) -> None:
    assert ended.status == status, ended.output[-2000:]
    assert says in " ".join(ended.output.split()), ended.output[-2000:]
    assert "Traceback" not in ended.output
    assert accounts.effects(node.world) == []
    assert rehearse.changes(node.world) == []


def backup(node: watched.Node) -> str:
    return node.directory + "/engine.backup"


def cut(node: watched.Node, path: str) -> None:
    whole = Path(backup(node)).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 2])


def database_only(node: watched.Node, path: str) -> None:
    with node.world.opened() as world:
        engine_backup.make(world, path, wanted=engine_backup.Wanted(scopes=("db", "dwhdb")))


def of_another_cluster(node: watched.Node, path: str) -> None:
    other = authority.issue("virt-he.example.test.56789", is_ca=True, end=2 * authority.END)
    files = dict(backups.FILES)
    files[backups.PKI + "ca.pem"], files[backups.PKI + "private/ca.pem"] = other[:2]
    Path(path).write_bytes(backups.backup(backups.tar(list(files.items()))))


def no_archive(node: watched.Node, path: str) -> None:
    Path(path).write_bytes(os.urandom(4096))


BAD: Dict[str, Tuple[Callable[[watched.Node, str], None], str]] = {
    "cut": (cut, "it is cut off: the end is missing"),
    "database only": (database_only, "it holds no files of the engine, so no CA"),
    "another cluster": (of_another_cluster, "this node trusts another CA"),
    "no archive": (no_archive, "cannot use the engine-backup"),
}


@pytest.mark.parametrize("command", ["recover --yes", "plan"])
@pytest.mark.parametrize("kind", sorted(BAD))
def test_backup_that_cannot_be_used_changes_nothing(
    kind: str, command: str, pristine: watched.Node, tmp_path: Path
) -> None:
    spoil, says = BAD[kind]
    spoil(pristine, str(tmp_path / "bad.backup"))
    words = command.split() + ["--engine-backup", str(tmp_path / "bad.backup")]
    untouched(pristine, pristine.tool(*words), 2, says)


ORDERS = (
    ("--route offline-ca", "cannot take the route offline-ca: no CA was given"),
    ("--route rewind --engine-backup BACKUP", "the route rewind does not sign here"),
    ("--route interim --engine-backup BACKUP", "the route interim does not sign here"),
    ("--engine-backup /no/such/file", "cannot read /no/such/file: No such file"),
    ("--ca-cert BACKUP", "--ca-cert and --ca-key are given together or not"),
    ("--ca-cert BACKUP --ca-key BACKUP", "cannot read the certificate"),
    ("--ca-cert BACKUP --ca-key BACKUP --engine-backup BACKUP", "they are two CAs: give one"),
)


@pytest.mark.parametrize("words, says", ORDERS)
def test_option_that_cannot_be_used_changes_nothing(
    words: str, says: str, pristine: watched.Node
) -> None:
    chosen = words.replace("BACKUP", backup(pristine)).split()
    untouched(pristine, pristine.tool("recover", "--yes", *chosen), 2, says)


@pytest.mark.parametrize("phrase, says", [("wrong\n", "does not open it"), ("", "it is empty")])
def test_passphrase_that_is_wrong_changes_nothing(tmp_path: Path, phrase: str, says: str) -> None:
    node = make(tmp_path, "offline-ca-key")
    Path(node.directory + "/ca-passphrase").write_text(phrase)
    untouched(node, node.recover(), 2, says)


def test_ca_that_is_expired_is_a_finding_whoever_brings_it(tmp_path: Path) -> None:
    node = make(tmp_path, "ca-expired")
    with node.world.opened() as world:
        engine_backup.make(world, backup(node))
    ended = node.tool("recover", "--yes", "--engine-backup", backup(node))
    untouched(node, ended, 3, "the CA itself is expired")


def test_node_whose_vms_still_run_is_left_alone_with_a_backup_too(tmp_path: Path) -> None:
    node = make(tmp_path, "still-running")
    with node.world.opened() as world:
        engine_backup.make(world, backup(node))
    ended = node.tool("recover", "--yes", "--engine-backup", backup(node))
    untouched(node, ended, 3, "do not restart or reboot")
    words = ("recover", "--yes", "--route", "offline-ca", "--engine-backup", backup(node))
    ended = node.tool(*words)
    assert ended.status == 0, ended.output[-2000:]
    assert "HostedEngine: running" in accounts.account(node.world)
    assert accounts.changed(node.world) == accounts.INSTALLED
    assert "--vm-start" not in "\n".join(accounts.calls(node.world))


def test_engine_that_runs_elsewhere_is_not_started_here(tmp_path: Path) -> None:
    node = make(tmp_path, "engine-up")
    with node.world.opened() as world:
        engine_backup.make(world, backup(node))
    ended = node.tool("recover", "--yes", "--engine-backup", backup(node))
    assert ended.status == 0, ended.output[-2000:]
    calls = "\n".join(accounts.calls(node.world))
    assert "--vm-start" not in calls and "\nssh -o" not in calls
    # The engine is not asked: the HA broker knows the other node's name.
    assert "Other nodes that HA knows:\n  virt-host2.example.test: " in ended.output
    assert accounts.changed(node.world) == accounts.INSTALLED


def test_resume_without_the_ca_asks_for_it_until_it_has_signed(tmp_path: Path) -> None:
    node = make(tmp_path, "offline-backup")
    assert node.recover(points.kill_once("before", SIGNED)).status == -9
    ended = node.tool("resume", "--yes")
    assert ended.status == 4, ended.output[-2000:]
    assert "cannot sign the request here: the CA is not at hand" in ended.output
    assert "--engine-backup FILE" in ended.output
    accounts.well(node, node.resume())


def test_resume_without_the_ca_goes_on_once_it_has_signed(tmp_path: Path) -> None:
    node = make(tmp_path, "offline-backup")
    assert node.recover(points.kill_once("after", SIGNED)).status == -9
    os.unlink(backup(node))
    accounts.well(node, node.tool("resume", "--yes"))


def test_resume_of_another_route_with_a_ca_is_a_usage_error(tmp_path: Path) -> None:
    node = make(tmp_path, "offline-backup")
    words = ("recover", "--yes", "--route", "interim", "--engine-password-file")
    assert node.tool(*words, node.world.password_file, point=points.kill_once("after", CA)).status
    ended = node.tool("resume", "--yes", "--engine-backup", backup(node))
    assert ended.status == 2 and "this run goes by the route interim" in ended.output
    assert node.undo().status == 0
    assert accounts.changed(node.world) == []


def secrets() -> List[bytes]:
    """The CA key's lines behind its public part, and its passphrase."""
    return keys.pem("ca").splitlines()[10:-2] + [scenarios.PASSPHRASE.encode()]


@pytest.mark.parametrize("scenario", ["offline-backup", "offline-ca-key"])
def test_ca_key_and_passphrase_are_written_nowhere(scenario: str, tmp_path: Path) -> None:
    node = make(tmp_path, scenario)
    ended = node.recover()
    accounts.well(node, ended)
    seen = ended.output.encode() + "\n".join(accounts.calls(node.world)).encode()
    for folder, _, names in os.walk(node.world.root):
        for name in names:
            place = os.path.join(folder, name)
            if os.path.isfile(place):
                seen += Path(place).read_bytes()
    assert len(secrets()) > 10 and [word for word in secrets() if word in seen] == []


def test_record_of_what_was_signed_names_it_for_the_engine(tmp_path: Path) -> None:
    node = make(tmp_path, "offline-backup")
    ended = node.recover()
    place = accounts.STATE + "/run-1/issued-here.txt"
    assert place in ended.output and "/etc/pki/ovirt-engine/database.txt" in ended.output
    line, text = Path(node.world.root + place).read_bytes().split(b"\n", 1)
    new = accounts.certificate(node.world)
    assert der.certificate(text) == new
    assert int(line.split(b"\t")[3], 16) == new.serial
    # The tool may only be told; the engine's own record is the engine's.
    database = Path(accounts.engine_file(node.world, engine_pki.PKI + "/database.txt"))
    assert line not in database.read_bytes()


# A disk at rest


class Disk:
    """A node's disk in a rescue system, whose clock is the one of the machine we run on."""

    def __init__(self, folder: Path) -> None:
        now = int(time.time())
        ages = stories.ages(now - 30 * DAY)._replace(ca=pki.Dates(now - 900 * DAY, now + 900 * DAY))
        self.root, self.folder = str(folder / "sysimage"), folder
        self.by = node_pki.authorities(ages)
        node_pki.write(self.root, self.by, ages, "el8")
        node_files.write(self.root, "el8", False, "C.UTF-8")
        (folder / "ca.pem").write_bytes(self.by.engine.pem)
        (folder / "ca.key").write_bytes(keys.pem("ca"))
        self.pair = ("--ca-cert", str(folder / "ca.pem"), "--ca-key", str(folder / "ca.key"))

    def tool(self, *words: str, **given: str) -> Tuple[int, str]:
        argv = [sys.executable, entry_point.__file__, "--root", self.root] + list(words)
        ran = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=dict(os.environ, **given),
        )
        output = ran.communicate(timeout=120)[0].decode()
        return ran.returncode, output

    def certificates(self) -> List[der.Certificate]:
        paths = [self.root + path for path in accounts.INSTALLED]
        return [der.certificate(Path(path).read_bytes()) for path in paths]


def test_disk_at_rest_is_signed_for_and_undone_without_any_service(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    old = disk.certificates()
    status, output = disk.tool("diagnose")
    assert status == 0 and "only --engine-backup FILE signs here" in " ".join(output.split())
    status, output = disk.tool("recover", "--yes", "--route", "offline-ca", *disk.pair)
    assert status == 0, output
    assert "[rescue-clock]" in output and "Now boot the node from this disk" in output
    assert re.search(r"\[4/4\] install", output) and "systemctl" not in output
    new = disk.certificates()
    assert len({one.raw for one in new}) == 1 and new[0].not_after > time.time() + 390 * DAY
    assert new[0].names == old[0].names and new[0].subject == old[0].subject
    assert os.path.exists(disk.root + accounts.STATE + "/run-1/journal")
    status, output = disk.tool("undo", "--yes")
    assert status == 0, output
    assert disk.certificates() == old


def test_words_of_another_language_are_shown_by_an_ascii_terminal(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    release = Path(disk.root + "/etc/os-release")
    release.write_text('PRETTY_NAME="\u0423\u0437\u0435\u043b 4.4"\n', encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    status, output = disk.tool("diagnose", **ascii_only)
    assert status == 0 and "\\u0423\\u0437\\u0435\\u043b 4.4" in output, output


def test_disk_at_rest_without_a_ca_is_a_usage_error(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    status, output = disk.tool("recover", "--yes", "--route", "offline-ca")
    assert status == 2 and "cannot recover a disk at rest" in output
    assert not os.path.exists(disk.root + accounts.STATE)
