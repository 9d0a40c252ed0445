# SPDX-License-Identifier: Apache-2.0
"""Traps of the way to the engine: its password, its host key."""

import base64
import hashlib
import os
from pathlib import Path
from typing import List

import pytest

from simulators import names, rehearse
from tests.procedures import accounts, points, watched


def make(tmp_path: Path, scenario: str = "node-expired") -> watched.Node:
    return watched.Node(str(tmp_path / "world"), scenario)


def reaching(node: watched.Node, *options: str) -> watched.Ended:
    """Recover up to the first effect after the engine was reached."""
    words = rehearse.arguments(node.world)
    chosen = words[words.index("recover") :] + list(options)
    return node.tool(*chosen, point=points.kill_once("before", "/node.csr"))


@pytest.mark.slow
def test_password_wrong_asks_a_person_and_resume_ends_well(tmp_path: Path) -> None:
    node = make(tmp_path)
    right = Path(node.world.password_file).read_text()
    Path(node.world.password_file).write_text("nonsense\n")
    ended = reaching(node)
    assert ended.status == 4, ended.output[-2000:]
    told = ended.output
    assert "cannot log in as root@%s: the engine refuses the password" % names.ENGINE in told
    assert "resume, with the right password typed, or in --engine-password-file FILE; " in told
    assert "without resume or undo the true time comes back by itself within 15 min" in told
    Path(node.world.password_file).write_text(right)
    accounts.well(node, node.resume())
    assert node.world.sim.state()["vm"]["boot"] == 1


def forget(node: watched.Node) -> None:
    Path(node.world.root + "/root/.ssh/known_hosts").write_text("")


def password(node: watched.Node) -> List[str]:
    return ["--engine-password-file", node.world.password_file]


def shown(node: watched.Node) -> str:
    """The fingerprint of the engine's host key, read on its own disk."""
    key = Path(accounts.engine_file(node.world, "/etc/ssh/ssh_host_rsa_key.pub"))
    digest = hashlib.sha256(base64.b64decode(key.read_text().split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def fingerprint(node: watched.Node) -> str:
    keys = accounts.typed(node.world, "ssh-keyscan", names.ENGINE).stdout
    path = node.world.root + "/root/keys"
    Path(path).write_bytes(keys)
    shown = accounts.typed(node.world, "ssh-keygen", "-l", "-f", "/root/keys").stdout.decode()
    os.unlink(path)
    return [word for word in shown.split() if word.startswith("SHA256:")][0]


def test_host_key_unknown_where_nobody_is_asked_changes_nothing(tmp_path: Path) -> None:
    node = make(tmp_path)
    forget(node)
    ended = reaching(node)
    assert ended.status == 3, ended.output[-2000:]
    assert accounts.changed(node.world) == ["/root/.ssh/known_hosts"]
    assert "give it with --engine-fingerprint" in " ".join(ended.output.split())
    assert Path(node.world.root + "/root/.ssh/known_hosts").read_text() == ""


@pytest.mark.parametrize("right, status", ((True, -9), (False, 4)))
def test_host_key_is_trusted_by_the_stated_fingerprint_only(
    right: bool, status: int, tmp_path: Path
) -> None:
    node = make(tmp_path)
    forget(node)
    engine = watched.Node(str(tmp_path / "up"), "engine-up")
    stated = fingerprint(engine) if right else "SHA256:" + "A" * 43
    if right:  # both worlds have the same engine's key only if it is copied
        copy_host_keys(engine, node)
    ended = reaching(node, "--engine-fingerprint", stated)
    assert ended.status == status, ended.output[-2000:]
    if not right:
        assert "none of its host keys has the fingerprint %s" % stated in ended.output
        assert "resume --engine-fingerprint SHA256:...   (or: undo); THE CLOCK IS" in ended.output
        # Mistyped: the right one at resume is enough.
        again = node.tool("resume", "--yes", *password(node), "--engine-fingerprint", shown(node))
        assert again.status == 0, again.output[-2000:]
        assert set(accounts.INSTALLED) < set(accounts.changed(node.world))


def test_fingerprint_stated_is_trusted_alone_whatever_the_file_for_all_users_has(
    tmp_path: Path,
) -> None:
    node = make(tmp_path, "engine-up")
    forget(node)
    stated = fingerprint(node)
    known = accounts.typed(node.world, "ssh-keyscan", names.ENGINE).stdout.decode()
    every = Path(node.world.root + "/etc/ssh/ssh_known_hosts")

    def another_engine() -> None:
        """Answer with a new host key, which the file for all users knows."""
        key = Path(accounts.engine_file(node.world, "/etc/ssh/ssh_host_rsa_key.pub"))
        kind, data = key.read_text().split()[:2]
        fresh = "%s %s%s\n" % (kind, data[:-8], "AAAAAAAA")
        key.write_text(fresh)
        every.parent.mkdir(exist_ok=True)
        every.write_text(known + "%s %s" % (names.ENGINE, fresh))

    point = points.once(
        "after", "replace /var/lib/ovirt-cert-recovery/run-1/known_hosts", another_engine
    )
    words = rehearse.arguments(node.world)
    chosen = words[words.index("recover") :] + ["--engine-fingerprint", stated]
    ended = node.tool(*chosen, point=point)
    assert ended.status == 4, ended.output[-2000:]
    assert "its host key is not the one in /var/lib/" in ended.output
    assert accounts.changed(node.world) == ["/etc/ssh/ssh_known_hosts", "/root/.ssh/known_hosts"]


def copy_host_keys(source: watched.Node, target: watched.Node) -> None:
    for path in Path(accounts.engine_file(source.world, "/etc/ssh")).iterdir():
        Path(accounts.engine_file(target.world, "/etc/ssh/" + path.name)).write_bytes(
            path.read_bytes()
        )
