# SPDX-License-Identifier: Apache-2.0
"""A damaged archive: selfcheck reports every byte, and what is damaged never runs in silence."""

import io
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

import pytest

from bundle import build
from tests.bundle import conftest

FLIPS = 200
USED_OF = 5  # every how manieth of them is also tried in use
HEADS = 12  # and so many more in the text for /bin/sh
SHARES = 4  # so that both of pytest-xdist's workers have some
ARCHIVE = "ovirt-cert-recovery.pyz"


@pytest.fixture
def copy(archive: Path, tmp_path: Path) -> Path:
    target = tmp_path / "stick" / ARCHIVE
    target.parent.mkdir()
    shutil.copyfile(str(archive), str(target))
    return target


def flip(path: Path, place: int, bits: int) -> None:
    """Change one byte; the same again puts it back."""
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ bits]))


def reported(done: conftest.Done) -> bool:
    """Whether words said it: selfcheck's, the start's or, where it is no archive, Python's."""
    refused = "is damaged" in done.err or "is no whole archive" in done.err
    return done.status != 0 and (refused or "SyntaxError: " in done.err)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_any_flipped_byte_is_reported(
    start: Any, copy: Path, plan: Tuple[List[str], str], share: int
) -> None:
    """By selfcheck; and what the tool itself then says is right, or it says that it cannot."""
    chance = random.Random(share)
    silent, wrong = [], []
    for number in range(FLIPS // SHARES):
        place, bits = chance.randrange(copy.stat().st_size), chance.randrange(1, 256)
        flip(copy, place, bits)
        done = start("selfcheck", file=str(copy))
        if not reported(done):
            silent.append((place, bits, done))
        if number % USED_OF == 0:
            done = start(*plan[0], file=str(copy))
            if done.status == 0 and done.out != plan[1]:
                wrong.append((place, bits, done))
        flip(copy, place, bits)
    assert (silent, wrong) == ([], [])
    assert start("selfcheck", file=str(copy)).status == 0


def by_head(copy: Path, *words: str) -> conftest.Done:
    """Start the archive as a person does, by the text for /bin/sh at its beginning."""
    env = {"PATH": conftest.SYSTEM, "OVIRT_CERT_RECOVERY_PYTHON": conftest.python("3.12")}
    env["SHIV_ROOT"] = str(copy.parent.parent / "unpacked")
    # A shell that has lost a letter may write a file with a strange name.
    return conftest.run(["/bin/sh", str(copy)] + list(words), env, cwd=str(copy.parent))


@pytest.mark.slow
def test_flipped_byte_of_the_head_is_reported_by_its_start(copy: Path) -> None:
    """By the shell, which understands no more, or by what it starts, which reads the head."""
    chance, head = random.Random(HEADS), copy.read_bytes().index(b"PK\3\4")
    silent = []
    for _ in range(HEADS):
        place, bits = chance.randrange(head), chance.randrange(1, 256)
        flip(copy, place, bits)
        done = by_head(copy, "selfcheck")
        if done.status == 0 or not done.err or "is what was built" in done.out:
            silent.append((place, bits, done))
        flip(copy, place, bits)
    assert silent == []
    assert by_head(copy, "selfcheck").status == 0


def test_head_that_would_lose_words_starts_nothing(copy: Path) -> None:
    """One byte makes "$@" to "$1": the first word would be all that is left of an order."""
    place = copy.read_bytes().index(b'"$0" "$@" ;;') + len('"$0" "$')
    flip(copy, place, ord("@") ^ ord("1"))
    done = by_head(copy, "version", "--verbose")
    assert (done.status, done.out) == (4, "") and "(the text for /bin/sh in it)" in done.err


def members(path: Path) -> Iterator[Tuple[str, int, int]]:
    """Name, place of the first byte and size of everything in the archive."""
    with zipfile.ZipFile(str(path)) as opened:
        for member in opened.infolist():
            begin = member.header_offset + 30 + len(member.filename)
            if member.filename != build.SITE:
                yield member.filename, begin, member.compress_size
                continue
            for name, (_, place, size) in build.places(opened.read(build.SITE), begin).items():
                yield name, place, size


USED = [
    "__main__.py",
    "_archive/index",
    "_archive/importer.py",
    "_archive/parts.py",
    "site-packages/recovery/cli.py",
    "site-packages/recovery/certificates.py",
    "site-packages/packages/cryptography-50.0.2/cryptography/x509/base.py",
    "site-packages/compiled/x86_64/cryptography-50.0.2/_rust.abi3.so",
]


@pytest.fixture(scope="module")
def plan(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Tuple[List[str], str]:
    """The words that show the plan of a broken node, which they leave as it is, and its text."""
    from simulators import rehearse

    folder = tmp_path_factory.mktemp("planned")
    words = rehearse.prepare("node-expired", "el8", str(folder / "world")).arguments
    words = words[: words.index("recover")] + ["plan"]
    env = {"PATH": conftest.SYSTEM, "SHIV_ROOT": str(folder / "unpacked")}
    good = conftest.run([conftest.python("3.12"), str(archive)] + words, env)
    assert good.status == 0 and "sign the request" in good.out, good
    return words, good.out


@pytest.mark.parametrize("name", USED)
def test_damage_in_what_is_used_stops_the_tool(
    start: Any, copy: Path, plan: Tuple[List[str], str], name: str
) -> None:
    ((place, size),) = [found[1:] for found in members(copy) if found[0] == name]
    for at in (place + 3, place + size // 2):
        flip(copy, at, 0x10)
        done = start(*plan[0], file=str(copy))
        flip(copy, at, 0x10)
        if name == "__main__.py" and done.out == plan[1]:
            continue  # nothing looks at the first file but Python: a comment was hit
        assert done.status != 0 and "sign the request" not in done.out, (at, done)
        assert "is damaged" in done.err or "Error" in done.err, (at, done)


def test_damage_in_what_will_be_used_stops_recover_before_it_begins(
    start: Any, copy: Path, node: List[str]
) -> None:
    """The last step's module: it would be imported when the clock is back."""
    name = "site-packages/packages/pexpect-4.9.0/pexpect/pty_spawn.py"
    ((place, size),) = [found[1:] for found in members(copy) if found[0] == name]
    flip(copy, place + size // 2, 0x10)
    done = start(*node, file=str(copy))
    assert done.status == 4 and "pexpect/pty_spawn.py in it" in done.err
    assert not (Path(node[1]) / "var" / "lib" / "ovirt-cert-recovery" / "run-1").exists()


def first(program: Path, order: str) -> None:
    """From now on a program of the node does this before its own work."""
    program.rename(program.with_name(program.name + ".real"))
    program.write_text('#!/bin/sh\n%s\nexec "$0.real" "$@"\n' % order)
    program.chmod(0o755)


def test_stick_pulled_before_the_copy_stops_recover_but_may_be_pulled_afterwards(
    start: Any, copy: Path, node: List[str]
) -> None:
    """While the node is looked at: nothing could start the tool again when the clock is back.

    Then the first effect of the run removes the file it was started from.
    """
    away, programs = copy.with_name("away"), Path(node[3])
    first(programs / "chronyc", "/bin/mv '%s' '%s' 2>/dev/null" % (copy, away))
    done = start(*node, file=str(copy))
    assert done.status == 4 and "cannot keep a copy of the tool on this node" in done.err, done
    assert "[1/" not in done.out
    (programs / "chronyc.real").rename(programs / "chronyc")
    away.rename(copy)
    first(programs / "sleep", "/bin/rm -f '%s'" % copy)
    again = ["resume" if word == "recover" else word for word in node]
    done = start(*again, file=str(copy))
    assert done.status == 0 and "Recovered." in done.out, done
    assert not copy.exists()


def test_damage_in_what_another_python_needs_is_no_hindrance(
    start: Any, copy: Path, node: List[str]
) -> None:
    name = "site-packages/compiled/x86_64/cryptography-40.0.2/_rust.abi3.so"
    ((place, size),) = [found[1:] for found in members(copy) if found[0] == name]
    flip(copy, place + size // 2, 0x10)
    words = node[: node.index("recover")] + ["undo", "--yes"]
    done = start(*words, file=str(copy), python="3.12")
    assert done.status == 3 and "there was none on this node" in done.err, done


def test_start_of_a_cut_file_says_so(start: Any, copy: Path) -> None:
    data = copy.read_bytes()
    copy.write_bytes(data[: len(data) // 2])
    env = {"PATH": conftest.SYSTEM, "OVIRT_CERT_RECOVERY_PYTHON": conftest.python("3.12")}
    done = conftest.run(["/bin/sh", str(copy), "diagnose"], env)
    assert done.status == 4 and "is damaged (it is no whole archive)" in done.err


def test_selfcheck_names_the_damaged_file(start: Any, copy: Path) -> None:
    name = "site-packages/recovery/journal.py"
    ((place, size),) = [found[1:] for found in members(copy) if found[0] == name]
    flip(copy, place + size // 2, 1)
    done = start("selfcheck", file=str(copy))
    assert done.status == 4 and "seen: %s in it" % name in done.err


def test_selfcheck_finds_a_file_that_was_added(start: Any, copy: Path) -> None:
    with zipfile.ZipFile(str(copy), "a") as opened:
        opened.writestr("sitecustomize.py", "pass")
    done = start("selfcheck", file=str(copy))
    assert done.status == 4 and "sitecustomize.py in it, which nobody put there" in done.err


def test_selfcheck_compares_with_the_sums_beside_it(start: Any, copy: Path) -> None:
    sums = copy.parent / "SHA256SUMS"
    sums.write_text("%s  %s\n" % ("0" * 64, copy.name))
    done = start("selfcheck", file=str(copy))
    assert done.status == 4 and "the whole file against %s" % sums in done.err
    sums.unlink()
    done = start("selfcheck", file=str(copy))
    assert done.status == 0 and "no SHA256SUMS beside it" in done.out


@pytest.mark.parametrize("word", ["selfcheck", "clean"])
def test_command_about_the_archive_without_one_says_so(word: str, capsys: Any) -> None:
    import recovery.__main__

    assert recovery.__main__.main([word]) == 2
    assert "there is none" in capsys.readouterr().err


def test_sealed_digest_covers_every_other_byte() -> None:
    data = b"head " + build.DIGEST.encode() + b" tail"
    sealed: Callable[[bytes], bytes] = build.sealed
    assert sealed(data) != sealed(data + b"x") and len(sealed(data)) == len(data)
    assert io.BytesIO(sealed(data)).read(5) == b"head "
