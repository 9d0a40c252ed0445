# SPDX-License-Identifier: Apache-2.0
"""The USB stick: all that belongs on it, signed by the builder, checked on another machine."""

import os
import shutil
from pathlib import Path
from typing import Any, Tuple

import pytest

from bundle import paths, seal, usb
from tests import needs
from tests.bundle import conftest

# e_machine (elf.h), the glibc its wheels may need, compiled parts: cryptography's and cffi's.
ELF = {"x86_64": (62, (2, 17), 10), "aarch64": (183, (2, 17), 10), "ppc64le": (21, (2, 28), 6)}
PICTURE = "holiday.jpg"
EARLIER = (PICTURE, "licences/rich-0.1/LICENSE", seal.SIGNATURE)
KEY = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Path, Path]:
    """The builder's key pair, as the README makes it."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "key.pem", folder / "public.pem"
    openssl = shutil.which("openssl", path=conftest.SYSTEM) or "openssl"
    words = [openssl] + KEY.split()[1:] + [str(private)]
    assert conftest.run(words).status == 0
    words = [openssl, "pkey", "-in", str(private), "-pubout", "-out", str(public)]
    assert conftest.run(words).status == 0
    return private, public


@pytest.fixture(scope="module")
def stick(archive: Path, keys: Tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Filled over an earlier version and a picture, by the oldest Python that builds."""
    folder = tmp_path_factory.mktemp("usb") / "stick"
    for name in EARLIER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("of somebody else")
    words = ["usb", str(folder), "--key", str(keys[0])]
    done = conftest.build(words, by=conftest.python("3.9"))
    assert done.status == 0, done.err
    (folder.parent / "said").write_text(done.err)
    (folder / PICTURE).rename(folder.parent / PICTURE)  # `check` trusts none that holds more
    return folder


@pytest.fixture
def mine(stick: Path, tmp_path: Path) -> Path:
    shutil.copytree(str(stick), str(tmp_path / "stick"))
    return tmp_path / "stick"


def check(*words: object) -> conftest.Done:
    return conftest.build(["check"] + [str(word) for word in words])


def test_stick_by_another_python_holds_the_same_archive(stick: Path, archive: Path) -> None:
    assert (stick / archive.name).read_bytes() == archive.read_bytes()


def test_stick_holds_all_that_goes_with_the_archive(stick: Path, archive: Path) -> None:
    expected = "README.md README.txt RUNBOOK.txt SHA256SUMS SHA256SUMS.sig licences sbom.cdx.json"
    assert sorted(path.name for path in stick.iterdir()) == sorted(
        expected.split() + [archive.name]
    )
    listed = {line[66:] for line in (stick / "SHA256SUMS").read_text().splitlines()}
    files = {path.relative_to(stick).as_posix() for path in stick.rglob("*") if path.is_file()}
    assert files - listed == {seal.SUMS, seal.SIGNATURE}
    assert (stick / "licences" / "rich-15.0.0" / "LICENSE").exists()


def test_stick_that_held_an_earlier_version_is_signed_for_what_was_written(stick: Path) -> None:
    assert "not trusted by `check`: holiday.jpg\n" in (stick.parent / "said").read_text()
    assert not (stick / "licences" / "rich-0.1").exists() and (stick.parent / PICTURE).exists()
    sums = (stick / "SHA256SUMS").read_text()
    assert "holiday.jpg" not in sums and "  licences/rich-15.0.0/LICENSE\n" in sums


def test_runbook_is_plain_text_with_every_command(stick: Path) -> None:
    text = (stick / usb.RUNBOOK).read_text()
    for word in ("diagnose", "plan", "recover", "status", "resume", "undo"):
        assert "    # sh ./ovirt-cert-recovery.pyz %s\n" % word in text
    assert "```" not in text and "**" not in text
    assert max(len(line) for line in text.splitlines()) <= 110


def test_signature_is_verified_by_openssl_alone(stick: Path, keys: Any, real_program: Any) -> None:
    argv = [real_program("openssl"), "dgst", "-sha256", "-verify", str(keys[1])]
    argv += ["-signature", "SHA256SUMS.sig", "SHA256SUMS"]
    done = conftest.run(argv, cwd=str(stick))
    assert (done.status, done.out) == (0, "Verified OK\n")


def test_check_of_a_good_stick_says_what_is_in_it(stick: Path, keys: Any) -> None:
    done = check(stick, "--public-key", keys[1])
    assert done.status == 0, done.err
    for words in ("every file is as it was made", "signature: good", "cryptography 50.0.2"):
        assert words in done.out
    assert "signature: NOT verified" in check(stick).out


@pytest.fixture(scope="module")
def image(archive: Path, keys: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With an archive for three architectures; their wheels stay beside those of the first."""
    needs.program("mcopy")
    needs.program("mkfs.fat")
    made = tmp_path_factory.mktemp("image") / "stick.img"
    words = [word for name in ELF for word in ("--machine", name)]
    done = conftest.build(["usb", str(made), "--key", str(keys[0])] + words)
    if "pip download" in done.err:
        needs.absent("wheels for other machines cannot be had here: " + done.err)
    assert done.status == 0 and done.out == "%s\n" % made, done.err
    return made


def test_check_of_an_image_finds_the_same(image: Path, keys: Any) -> None:
    done = check(image, "--public-key", keys[1])
    assert done.status == 0 and "signature: good" in done.out, done.err
    for words in ("aarch64 from Python 3.6 on", "ppc64le from Python 3.9 on", "x86_64 from"):
        assert words in " ".join(done.out.split())


def test_archive_for_three_machines_is_small_and_holds_the_parts_of_each(
    image: Path, archive: Path, tmp_path: Path
) -> None:
    made = tmp_path / archive.name
    argv = [needs.program("mcopy"), "-n", "-i", str(image), "::/" + archive.name, str(made)]
    assert conftest.run(argv, dict(os.environ, MTOOLS_SKIP_CHECK="1")).status == 0
    size = made.stat().st_size / 1e6
    assert size < 28, "three machines take %.1f MB" % size
    with conftest.site(made) as three, conftest.site(archive) as one:
        ours = [name for name in one.namelist() if name.endswith((".py", ".so"))]
        assert [name for name in ours if three.read(name) != one.read(name)] == []
        parts = [name for name in three.namelist() if name.endswith(".so")]
        for machine, (number, glibc, count) in ELF.items():
            here = [three.read(name) for name in parts if "/%s/" % machine in name]
            assert len(here) == count
            for part in here:
                # e_ident: 64 bits, the little end first; then e_machine after e_type (elf(5)).
                assert part[:6] == b"\x7fELF\2\1" and part[18] == number, machine
                assert conftest.newest_glibc(part) <= glibc, machine


@pytest.mark.parametrize(
    "damage, words",
    [
        (lambda stick: (stick / "README.txt").write_text("x"), "README.txt is damaged"),
        (lambda stick: (stick / "RUNBOOK.txt").unlink(), "RUNBOOK.txt is missing"),
        (lambda stick: (stick / "autorun.inf").write_text("x"), "autorun.inf is not in SHA256SUMS"),
        (lambda stick: (stick / "SHA256SUMS").unlink(), "cannot read SHA256SUMS"),
        (
            lambda stick: (stick / paths.ARCHIVE.name).unlink(),
            "there is no ovirt-cert-recovery.pyz",
        ),
    ],
    ids=["changed", "missing", "added", "no sums", "no archive"],
)
def test_check_of_a_bad_stick_says_what_is_wrong(mine: Path, damage: Any, words: str) -> None:
    damage(mine)
    done = check(mine)
    assert done.status == 1 and words in done.err, done


def test_check_of_sums_by_another_key_fails(mine: Path, keys: Any) -> None:
    seal.sums(mine, [paths.ARCHIVE.name])
    for path in list(mine.iterdir()):
        if path.name not in (paths.ARCHIVE.name, seal.SUMS, seal.SIGNATURE):
            shutil.rmtree(str(path)) if path.is_dir() else path.unlink()
    done = check(mine, "--public-key", keys[1])
    assert done.status == 1 and "cannot run openssl dgst" in done.err


def test_check_of_an_archive_that_was_not_signed_fails(mine: Path, keys: Any) -> None:
    """The signature is good, but for another archive."""
    other = mine / "other.pyz"
    shutil.copyfile(str(mine / paths.ARCHIVE.name), str(other))
    assert check(mine / paths.ARCHIVE.name, "--public-key", keys[1]).status == 0
    done = check(other, "--public-key", keys[1])
    assert done.status == 1 and "what was signed is another one" in done.err


def test_check_runs_nothing_of_an_archive_whose_signature_is_not_good(
    mine: Path, keys: Any, tmp_path: Path
) -> None:
    marked = mine / "marking.pyz"
    marked.write_text("open(%r, 'w').close()\n" % str(tmp_path / "mark"))
    for what in (marked, mine):
        assert check(what, "--public-key", keys[1]).status == 1
        assert not (tmp_path / "mark").exists()
    check(marked)
    assert (tmp_path / "mark").exists()


def test_check_of_a_truncated_archive_fails(archive: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.pyz"
    data = archive.read_bytes()
    half.write_bytes(data[: len(data) // 2])
    done = check(half)
    assert done.status == 1 and "cannot run" in done.err


def test_check_of_nothing_says_so(tmp_path: Path) -> None:
    done = check(tmp_path / "none.pyz")
    assert done.status == 1 and "build it first" in done.err
