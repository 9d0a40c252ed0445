# SPDX-License-Identifier: Apache-2.0
"""Traps of the engine: its clock, its ssh, its CA; and what one whole recovery leaves behind."""

import fcntl
import os
import re
import subprocess
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import pytest

from recovery import moment as moments
from simulators import names
from tests.procedures import accounts, cluster, points, watched

CA = "/etc/pki/ovirt-engine"
PASSWORD = "Tr1cky-pass~w0rd"
MIGRATION = "/etc/pki/vdsm/libvirt-migrate/server-cert.pem"
NODE_CA = "/etc/pki/vdsm/certs/cacert.pem"


def make(tmp_path: Path, scenario: str = "node-expired", release: str = "el8") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario, release)


class Whole(NamedTuple):
    """One recovery from beginning to end, for tests that only look at it."""

    node: watched.Node
    ended: watched.Ended
    owners: Dict[str, Tuple[int, int, int]]
    migration: bytes


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    node = make(tmp_path_factory.mktemp("whole"))
    with node.world.opened() as now:
        now.state["vm"]["password"] = PASSWORD
    Path(node.world.password_file).write_text(PASSWORD + "\n")
    owners = ca_owners(node)
    migration = Path(node.world.root + MIGRATION).read_bytes()
    ended = node.recover()
    accounts.well(node, ended)
    yield Whole(node, ended, owners, migration)


def ca_owners(node: watched.Node) -> Dict[str, Tuple[int, int, int]]:
    found = {}
    for name in os.listdir(accounts.engine_file(node.world, CA)):
        seen = os.stat(accounts.engine_file(node.world, CA + "/" + name))
        found[name] = (seen.st_uid, seen.st_gid, seen.st_mode & 0o7777)
    return found


def openssl(real_program: Callable[[str], str], *words: str) -> str:
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([real_program("openssl")] + list(words), **streams)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout
    return str(done.stdout.decode())


def test_certificate_new_is_what_openssl_wants_of_a_node(
    whole: Whole, real_program: Callable[[str], str]
) -> None:
    path = whole.node.world.root + accounts.NODE_CERTIFICATE
    text = openssl(real_program, "x509", "-in", path, "-noout", "-text")
    assert "Version: 3 " in text
    assert "DNS:%s" % names.NODE in text
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in text
    assert "Digital Signature, Key Encipherment" in text
    assert "CA:FALSE" in text
    assert re.search("Subject: O ?= ?%s, CN ?= ?%s" % (names.ORGANISATION, names.NODE), text)


def test_certificate_new_is_valid_in_the_past_and_at_the_true_time(
    whole: Whole, real_program: Callable[[str], str]
) -> None:
    root = whole.node.world.root
    past = accounts.journal(whole.node.world)[0]["data"]["plan"]["parameters"]["past"]
    with whole.node.world.opened() as now:
        true = int(now.true())
    for epoch in (past + 60, true, true + 397 * 86400):
        words = ["-CAfile", root + NODE_CA, "-attime", str(epoch)]
        for purpose in ("sslserver", "sslclient"):
            chosen = words + ["-purpose", purpose, root + accounts.NODE_CERTIFICATE]
            assert ": OK" in openssl(real_program, "verify", *chosen)


@pytest.mark.slow
def test_certificate_expired_500_days_ago_is_replaced_by_one_valid_today(
    tmp_path: Path, real_program: Callable[[str], str]
) -> None:
    node = make(tmp_path, "expired-500-days", "el9")
    accounts.well(node, node.recover())
    with node.world.opened() as now:
        true = int(now.true())
    found = accounts.certificate(node.world)
    assert found.not_before < true - 500 * 86400 and found.not_after > true + 390 * 86400
    paths = ["-CAfile", node.world.root + NODE_CA, node.world.root + accounts.NODE_CERTIFICATE]
    assert ": OK" in openssl(real_program, "verify", "-attime", str(true), *paths)


def test_engine_that_booted_in_the_past_gets_the_true_time(whole: Whole) -> None:
    assert [call for call in accounts.calls(whole.node.world) if " date -u -s @" in call]
    assert abs(accounts.clocks(whole.node.world).engine) < 2.5


@pytest.mark.slow
def test_engine_that_jumps_to_the_present_signs_what_is_valid_in_the_past(
    tmp_path: Path, real_program: Callable[[str], str]
) -> None:
    node = make(tmp_path)
    jumped = tmp_path / "jumped"
    with node.world.opened() as now:
        now.state["vm"]["ntp"] = True
        now.state["vm"]["seconds"].update(chronyd=62.0)

    def look() -> None:
        node.world.sim.advance(15.0)
        jumped.write_text(repr(accounts.clocks(node.world)))

    ended = node.recover(points.once("before", "openssl ca", look))
    assert "engine=0.0" in jumped.read_text() and "wall=-27" in jumped.read_text()
    accounts.well(node, ended)
    past = accounts.journal(node.world)[0]["data"]["plan"]["parameters"]["past"]
    paths = ["-CAfile", node.world.root + NODE_CA, node.world.root + accounts.NODE_CERTIFICATE]
    assert ": OK" in openssl(real_program, "verify", "-attime", str(past + 60), *paths)


def test_ca_files_on_the_engine_keep_owner_and_mode(whole: Whole) -> None:
    after = ca_owners(whole.node)
    for name, owner in whole.owners.items():
        assert after[name][:2] == owner[:2], name
    folder = os.stat(accounts.engine_file(whole.node.world, CA))
    wanted = (folder.st_uid, folder.st_gid)
    fresh = [name for name in after if name not in whole.owners]
    assert {name: after[name][:2] for name in fresh} == dict.fromkeys(fresh, wanted)


def test_migration_certificate_is_left_to_its_own_ca(whole: Whole) -> None:
    assert Path(whole.node.world.root + MIGRATION).read_bytes() == whole.migration
    node_key = Path(whole.node.world.root + accounts.NODE_CERTIFICATE).read_bytes()
    assert node_key != whole.migration


def below(folder: str) -> List[Path]:
    found = [Path(top) / name for top, _, files in os.walk(folder) for name in files]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def test_password_of_the_engine_is_written_nowhere(whole: Whole) -> None:
    world = whole.node.world
    secret = PASSWORD.encode()
    assert PASSWORD not in whole.ended.output
    assert [call for call in accounts.calls(world) if PASSWORD in call] == []
    holding = [path for path in below(world.root) if secret in path.read_bytes()]
    assert holding == []
    assert secret not in Path(world.directory + "/journal").read_bytes()
    assert [path for path in below(world.engine) if secret in path.read_bytes()] == []


@pytest.mark.slow
def test_undo_from_the_end_puts_old_files_back_under_a_running_engine(tmp_path: Path) -> None:
    node = make(tmp_path)
    accounts.well(node, node.recover())
    before = node.world.sim.state()["vm"]
    ended = node.undo()
    # engine-setup is the point of no return: what it did to the engine stays.
    assert ended.status == 6, ended.output
    assert "undone except engine-setup" in ended.output
    assert accounts.changed(node.world) == []
    after = node.world.sim.state()["vm"]
    assert (after["id"], after["boot"], after["state"]) == (before["id"], 1, "running")
    node.world.sim.advance(300.0)
    assert node.world.sim.state()["vm"]["healthy"]
    accounts.at_rest(node)


@pytest.mark.slow
def test_engine_that_never_answers_ends_in_time_and_is_undone(tmp_path: Path) -> None:
    node = make(tmp_path)
    with node.world.opened() as now:
        now.state["vm"]["seconds"]["ssh"] = 1e6
    ended = node.recover()
    assert ended.status == 5
    assert "cannot wait any longer for the engine's ssh" in ended.output
    assert "seen: ssh: connect to host %s port 22: " % names.ENGINE in ended.output
    assert "; THE CLOCK IS IN THE PAST: without resume or undo" in ended.output
    advice = "next: %s; where nobody can log in there: %s --sign-by-hand   (or: undo)"
    assert advice % (("ovirt-cert-recovery resume",) * 2) in ended.output
    waited = node.world.transcript()
    spent = waited[-1].uptime - waited[accounts.first(node.world, "ssh -o")].uptime
    assert 1200 <= spent < 1300
    assert accounts.clocks(node.world).wall < -30 * 86400  # the heartbeat held it there
    assert node.undo().status == 0
    accounts.at_rest(node)
    assert accounts.changed(node.world) == []


@pytest.mark.slow
def test_certificate_that_the_engine_signs_wrongly_is_not_installed(tmp_path: Path) -> None:
    node = make(tmp_path)
    old = "DNS:%s" % names.NODE
    conf = accounts.engine_file(node.world, CA + "/cert.conf")

    def spoil() -> None:
        text = Path(conf).read_text()
        Path(conf).write_text(text.replace("${ENV::OVIRT_SAN}", "DNS:other.example.test"))
        Path(conf).write_text(Path(conf).read_text().replace("$ENV::OVIRT_SAN", old + "x"))

    ended = node.recover(points.once("before", "openssl ca", spoil))
    assert ended.status == 5, ended.output[-2000:]
    assert "cannot use the certificate that the engine signed" in ended.output
    assert [path for path in accounts.changed(node.world) if path.endswith(".pem")] == []
    assert node.undo().status == 0
    assert moments.utc(accounts.certificate(node.world).not_after) == "2023-01-20 10:00:00"


def test_authority_with_which_somebody_else_signs_is_waited_for_and_not_used(
    tmp_path: Path,
) -> None:
    node = make(tmp_path, "engine-up", "el8")
    lock = accounts.engine_file(node.world, "/tmp/ovirt-engine-pki.v2.lock")
    os.mkdir(lock, 0o750)
    handle = os.open(lock, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ended = node.tool("recover", *cluster.secret(node), "--no-engine-setup")
    finally:
        os.close(handle)
    assert ended.status == 4, ended.output[-2000:]
    assert "somebody else has been signing there for more than 20 s" in ended.output
    assert accounts.changed(node.world) == []
    os.rmdir(lock)
    ended = node.resume()
    assert ended.status == 0, ended.output[-2000:]
    (signed,) = [call for call in accounts.calls(node.world) if "openssl ca " in call][1:]
    assert "flock -w 20 /tmp/ovirt-engine-pki.v2.lock flock -w 20 ca.pem openssl ca" in signed
    made, like = os.stat(lock), os.stat(accounts.engine_file(node.world, CA + "/private"))
    assert (made.st_mode, made.st_uid, made.st_gid) == (like.st_mode, like.st_uid, like.st_gid)
