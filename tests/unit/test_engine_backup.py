# SPDX-License-Identifier: Apache-2.0
"""Archives of engine-backup: every way they are packed, and every way they can be bad."""

import io
import tarfile
from typing import Any, List

import pytest

from recovery import archives, engine_backup, errors
from tests.unit import backups

PATH = "/mnt/usb/engine.backup"
URL = "http://virt-he.example.test:80/ca"
SMALL = archives.Limits(1 << 20, 100)


def read(data: bytes, **limits: archives.Limits) -> engine_backup.Contents:
    return engine_backup.read(PATH, io.BytesIO(data), **limits)


def refusal(data: bytes, **limits: archives.Limits) -> str:
    with pytest.raises(errors.UsageError) as caught:
        read(data, **limits)
    lines = caught.value.lines()
    assert lines[0].startswith("cannot use the engine-backup %s: " % PATH)
    assert "  unchanged: everything" in lines
    return caught.value.cause


@pytest.mark.parametrize("inner", sorted(backups.PACKED))
@pytest.mark.parametrize("outer", sorted(backups.PACKED))
def test_read_finds_the_ca_however_it_is_packed(outer: str, inner: str) -> None:
    assert read(backups.backup(outer=outer, inner=inner)) == (b"the certificate", b"the key", URL)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_read_knows_every_form_of_tar(form: int) -> None:
    assert read(backups.backup(backups.tar(list(backups.FILES.items()), form))).url == URL


def test_read_of_names_with_a_leading_dot_finds_them() -> None:
    files = [("./" + name, data) for name, data in backups.FILES.items()]
    assert read(backups.backup(backups.tar(files))).ca == b"the certificate"


def test_contents_never_show_the_key() -> None:
    assert "the key" not in repr(read(backups.backup())) + str(read(backups.backup()))


@pytest.mark.parametrize("outer", sorted(backups.PACKED))
def test_read_of_a_truncated_archive_is_one_clear_error(outer: str) -> None:
    whole = backups.backup(outer=outer).rstrip(b"\0")
    for part in (0.01, 0.1, 0.5, 0.9, 0.999):
        cause = refusal(whole[: int(len(whole) * part)])
        assert cause in (archives.CUT_OFF, "the files in it: " + archives.CUT_OFF)


def test_read_of_truncated_inner_files_says_which_layer() -> None:
    packed = backups.tar(list(backups.FILES.items()))
    cause = refusal(backups.backup(packed[:1500], inner="none", sums=b""))
    assert cause == "the files in it: it is cut off: the end is missing"


@pytest.mark.parametrize(
    "data", [b"", b"garbage " * 500, b"PK\x03\x04" + bytes(900), b"\x1f\x8b" + bytes(30)]
)
def test_read_of_what_is_no_archive_says_so(data: bytes) -> None:
    assert refusal(data).startswith(("it is no tar archive", "it is damaged", "it is cut off"))


def test_read_of_scope_db_says_which_scope_is_wanted() -> None:
    only = backups.tar([("./version", b"4.5"), ("./db/engine_backup.db", b"PGDMP")])
    with pytest.raises(errors.UsageError, match="no files of the engine") as caught:
        read(only)
    assert "--scope=all or --scope=files" in caught.value.next_step


def test_read_of_an_empty_files_member_is_scope_db_too() -> None:
    assert "no files of the engine" in refusal(backups.tar([("./files", b"")]))


def test_read_of_files_that_were_changed_fails_at_the_checksum() -> None:
    assert "checksum" in refusal(backups.backup(sums=b"%s  files\n" % (b"0" * 64)))


@pytest.mark.parametrize("sums", [b"", b"garbage", b"%s  db/engine_backup.db\n" % (b"0" * 64)])
def test_read_without_a_checksum_for_the_files_uses_them(sums: bytes) -> None:
    assert read(backups.backup(sums=sums)).key == b"the key"


@pytest.mark.parametrize("missing", [engine_backup.CA, engine_backup.KEY])
def test_read_without_ca_or_key_names_the_file(missing: str) -> None:
    files = [(name, data) for name, data in backups.FILES.items() if name != missing]
    assert refusal(backups.backup(backups.tar(files))) == "it does not hold /" + missing


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_read_follows_no_link_and_opens_no_device(kind: bytes) -> None:
    files: List[Any] = [one for one in backups.FILES.items() if one[0] != engine_backup.KEY]
    files.append(backups.special(engine_backup.KEY, kind, "/etc/shadow"))
    assert "is a link or a device" in refusal(backups.backup(backups.tar(files)))


@pytest.mark.parametrize("lead", ["/", "../", "x/../", "etc/../"])
def test_read_passes_over_names_that_leave_the_archive(lead: str) -> None:
    evil = [(lead + name, b"evil") for name in backups.FILES]
    files = backups.tar(list(backups.FILES.items()) + evil)
    assert read(backups.backup(files)).ca == b"the certificate"
    assert "it does not hold /" in refusal(backups.backup(backups.tar(evil)))


def test_read_of_links_to_elsewhere_beside_the_ca_ignores_them() -> None:
    links = [backups.special("etc/%d" % n, tarfile.SYMTYPE, "/etc/shadow") for n in range(5)]
    files = backups.tar(list(backups.FILES.items()) + links)
    assert read(backups.backup(files)).key == b"the key"


@pytest.mark.parametrize("outer", ["gzip", "bzip2", "xz"])
def test_read_of_a_bomb_stops_at_the_limit(outer: str) -> None:
    bomb = backups.backup(outer=outer, last=[("./db/dwh_backup.db", bytes(8 << 20))])
    assert len(bomb) < 1 << 18
    assert "unpacks to more than 1 MiB" in refusal(bomb, outer=SMALL)


def test_read_of_a_bomb_in_the_files_stops_at_the_limit() -> None:
    files = backups.tar([("var/zeros", bytes(8 << 20))] + list(backups.FILES.items()))
    cause = refusal(backups.backup(files), inner=SMALL)
    assert cause == "the files in it: it unpacks to more than 1 MiB, which no backup does"


def test_read_of_too_many_members_stops() -> None:
    files = backups.tar([("certs/%d.pem" % number, b"") for number in range(120)])
    assert "more than 100 members" in refusal(backups.backup(files), inner=SMALL)


def test_read_of_a_file_of_impossible_size_stops() -> None:
    files = dict(backups.FILES, **{engine_backup.CA: bytes(engine_backup.LARGEST + 1)})
    cause = refusal(backups.backup(backups.tar(list(files.items()))))
    assert "bytes, which cannot be right" in cause


def test_read_of_a_name_that_would_fill_the_memory_stops() -> None:
    made = tarfile.TarInfo("././@LongLink")
    made.type, made.size = tarfile.GNUTYPE_LONGNAME, 8 << 20
    files = made.tobuf(tarfile.GNU_FORMAT) + bytes(8 << 20)
    assert "a name in it is longer than 1 MiB" in refusal(backups.backup(files, inner="none"))


@pytest.mark.parametrize(
    "files, url",
    [
        ({engine_backup.CONFIGURATIONS[1]: backups.CONF}, URL),
        ({engine_backup.CONFIGURATIONS[0]: b"[v3_ca]\n"}, ""),
        ({engine_backup.CONFIGURATIONS[0]: backups.CONF.replace(b"http", b"@AIA@")}, ""),
        ({}, ""),
    ],
    ids=["template", "without", "not filled in", "no configuration"],
)
def test_read_takes_the_address_of_the_ca_from_what_is_there(files: Any, url: str) -> None:
    kept = {name: data for name, data in backups.FILES.items() if not name.endswith(".conf")}
    kept.update(files)
    assert read(backups.backup(backups.tar(list(kept.items())))).url == url


class Failing:
    """A stick that is pulled out."""

    def __init__(self, data: bytes) -> None:
        self.stream = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        if not data:
            raise OSError(5, "Input/output error")
        return data


def test_read_from_a_stick_that_is_pulled_out_is_one_clear_error() -> None:
    with pytest.raises(errors.UsageError, match="Input/output error"):
        engine_backup.read(PATH, Failing(backups.backup()[:-200]))
