# SPDX-License-Identifier: Apache-2.0
"""engine-backup: a real archive in the true layout."""

import hashlib
import io
import tarfile
from typing import Any, Dict

import pytest

from simulators import engine_backup
from tests.simulators import worlds

PKI = "etc/pki/ovirt-engine/"
FILE = "/var/lib/ovirt-engine-backup/ovirt-engine-backup-20230220120001.backup"


@pytest.fixture
def node(tmp_path):
    return worlds.make(tmp_path / "w", "engine-up")


def unpacked(path) -> Dict[str, bytes]:
    with tarfile.open(str(path)) as archive:
        return {one.name: content(archive, one) for one in archive if one.isfile()}


def content(archive: Any, member: Any) -> bytes:
    data: bytes = archive.extractfile(member).read()
    return data


def lines_of(node, *options):
    output = node.ssh("engine-backup " + " ".join(options))
    assert output.status == 0, output
    return output.out.splitlines()


def test_backup_of_files_says_what_the_real_one_says(node):
    assert lines_of(node, "--mode=backup", "--scope=files", "--file=/root/b", "--log=/root/l") == [
        "Start of engine-backup with mode 'backup'",
        "scope: files",
        "archive file: /root/b",
        "log file: /root/l",
        "Backing up:",
        "Notifying engine",
        "- Files",
        "Packing into file '/root/b'",
        "Notifying engine",
        "Done.",
    ]
    log = node.ssh("cat /root/l").out.splitlines()
    assert log[0].endswith(" 24713: OUTPUT: Start of engine-backup with mode 'backup'")


def test_backup_of_everything_has_the_files_at_its_own_place(node):
    said = lines_of(node)
    assert said[1] == "scope: all" and said[2].startswith("archive file: " + FILE[:-11])
    assert said[6:10] == [
        "- Files",
        "- Engine database 'engine'",
        "- DWH database 'ovirt_engine_history'",
        "- Grafana database '/var/lib/grafana/grafana.db'",
    ]


def test_archive_is_a_gzip_of_members_whose_digests_are_listed(node):
    lines_of(node, "--file=/root/b", "--log=/root/l")
    path = node.engine + "/root/b"
    with open(path, "rb") as file:
        assert file.read(2) == b"\x1f\x8b"
    with tarfile.open(path) as archive:
        assert [(one.name, one.isdir()) for one in archive][:2] == [(".", True), ("./db", True)]
    members = unpacked(path)
    assert set(members) == {
        "./config",
        "./db/dwh_backup.db",
        "./db/engine_backup.db",
        "./db/grafana.db",
        "./files",
        "./os_version",
        "./sha256sum",
        "./version",
    }
    assert members["./version"] == b"4.4.10.7\n"
    assert members["./os_version"] == b"centos8\n"
    assert members["./config"].startswith(b"DB_DUMP_COMPRESSOR=\nDB_DUMP_FORMAT=custom\n")
    lines = members.pop("./sha256sum").decode().splitlines()
    listed = {"./" + line.split("  ")[1]: line.split("  ")[0] for line in lines}
    assert listed == {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}


@pytest.mark.parametrize("release", ["el7", "el8", "el9"])
def test_inner_archive_holds_the_authority_and_its_register(tmp_path, release):
    node = worlds.make(tmp_path / "w", "node-expired", release)
    with node.world.opened() as world:
        engine_backup.make(world, str(tmp_path / "b"), 1670000000)
    inner = unpacked(tmp_path / "b")["./files"]
    assert inner[:6] == b"\xfd7zXZ\x00"
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        members = {member.name: member for member in archive}
        key = content(archive, PKI + "private/ca.pem")
    with open(node.engine + "/" + PKI + "private/ca.pem", "rb") as file:
        assert file.read() == key
    for name in ("ca.pem", "cert.conf", "openssl.conf", "serial.txt", "database.txt"):
        assert members[PKI + name].isreg()
    assert members[PKI + "keys/engine.p12"].mode == 0o600
    assert members[PKI + "apache-ca.pem"].linkname == "ca.pem"
    assert (PKI + "qemu-ca.pem" in members) == (release != "el7")
    assert max(member.mtime for member in members.values()) <= 1670000000


def test_scope_of_databases_leaves_the_files_out(node):
    lines_of(node, "--scope=db", "--file=/root/b", "--log=/root/l")
    members = unpacked(node.engine + "/root/b")
    assert "./files" not in members and "./db/engine_backup.db" in members


@pytest.mark.parametrize(
    "options, magic",
    [
        ("--archive-compressor=None", b"./\x00\x00"),
        ("--small-size", b"\xfd7zXZ\x00"),
        ("--archive-compressor=bzip2 --files-compressor=None", b"BZh"),
    ],
)
def test_layers_are_compressed_as_asked(node, options, magic):
    lines_of(node, options, "--scope=files", "--file=/root/b", "--log=/root/l")
    with open(node.engine + "/root/b", "rb") as file:
        assert file.read(len(magic)) == magic
    with tarfile.open(node.engine + "/root/b") as outer:
        with tarfile.open(fileobj=outer.extractfile("./files")) as inner:
            assert PKI + "private/ca.pem" in inner.getnames()


@pytest.mark.parametrize(
    "options, text",
    [
        ("--nonsense", "Unknown option '--nonsense'. Please see '--help' for details."),
        ("--mode=copy", "invalid mode"),
        ("--scope=pki", "invalid scope 'pki'"),
        ("--archive-compressor=zip", "invalid compressor 'zip'"),
        ("--file=/root/b --log=/root/b", "--file and --log can not be the same"),
    ],
)
def test_refusals_are_fatal_and_nothing_is_written(node, options, text):
    assert node.ssh("engine-backup " + options) == (1, "", "FATAL: %s\n" % text)
    assert node.ssh("test -e /root/b").status == 1


def test_full_disk_is_no_archive(node):
    with node.world.opened() as world:
        world.state["vm"]["disk_full"] = True
    output = node.ssh("engine-backup --scope=files --file=/root/b --log=/root/l")
    assert output.status == 1 and output.err == "FATAL: Cannot create '/root/b'\n"
