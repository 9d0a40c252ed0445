# SPDX-License-Identifier: Apache-2.0
"""Every command of the README is run; what the README shows is what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from bundle import interpreter, paths
from simulators.vm import packages
from tests import matrix

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Digits differ from run to run (deviations, seconds waited), the words do not.
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
VENV = "python3-venv"  # `python3 -m bundle` makes an environment; Debian's python3 cannot
BUILD_ONLY = pytest.mark.skipif(
    "%d.%d" % sys.version_info[:2] != matrix.BUILD, reason="builds on Python " + matrix.BUILD
)


def blocks(kind: str) -> List[str]:
    return [text for found, text in BLOCKS.findall(README) if found == kind]


def commands() -> List[str]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line[2:] for line in lines if line[:2] in ("$ ", "# ")]


def start(words: List[str], cwd: str = str(paths.ROOT), **more: str) -> Tuple[int, str]:
    """Run a command of the README with the Python of this test; status and all it printed."""
    environment = dict(os.environ, **more)
    ran = subprocess.run(
        words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        timeout=900,
    )
    return ran.returncode, ran.stdout.decode("utf-8", "replace")


BUILDING = """\
python3 -m bundle
python3 -m bundle usb /media/stick
python3 -m bundle check /media/stick
""".splitlines()
SIGNING = """\
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out builder.key
openssl pkey -in builder.key -pubout -out builder.pem
python3 -m bundle usb /media/stick --key builder.key
python3 -m bundle check /media/stick --public-key builder.pem
openssl dgst -sha256 -verify builder.pem -signature SHA256SUMS.sig SHA256SUMS
""".splitlines()
ON_A_NODE = "selfcheck|diagnose|plan|recover|status|resume|undo|version --verbose|clean".split("|")


def test_readme_commands_are_all_known_here() -> None:
    archive = "sh ./ovirt-cert-recovery.pyz "
    expected = ["python3 -m bundle rehearse node-expired", "python3 -m tests"]
    wanted = " ".join(sorted(list(packages.NEEDED.values()) + [VENV]))
    expected += ["apt-get install --no-install-recommends " + wanted, "python3 -m bundle"]
    # Run by tests/vm/test_shell.py.
    expected += ["python3 -m simulators.vm shell node-expired"] + BUILDING
    expected += [archive + words for words in ON_A_NODE[:7]]
    # Run by tests/procedures/test_scenarios.py and tests/vm/test_offline.py.
    expected += [archive + "recover --engine-backup /mnt/usb/engine.backup"]
    expected += [archive + "recover --sign-by-hand"]  # tests/procedures/test_sign_by_hand.py
    expected += [archive + "recover --route renew --all-nodes"]
    expected += [archive + words for words in ON_A_NODE[7:]]
    expected += [archive + "--root /mnt/sysimage diagnose"]
    # Run by tests/vm/test_rescue.py.
    signed = "--root /mnt/sysimage recover --route offline-ca --engine-backup FILE"
    expected += [archive + signed] + SIGNING
    assert commands() == expected


@pytest.mark.slow
@BUILD_ONLY
def test_readme_commands_make_a_signed_stick(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    system = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(paths.ROOT)}
    for line in BUILDING[1:] + SIGNING:
        words = line.replace("/media/stick", str(tmp_path / "stick")).split()
        words = [sys.executable] + words[1:] if words[0] == "python3" else words
        if words[1] == "dgst":  # on the node, beside the key that came another way
            for name in ("SHA256SUMS", "SHA256SUMS.sig"):
                (tmp_path / name).write_bytes((tmp_path / "stick" / name).read_bytes())
        status, printed = start(words, cwd=str(tmp_path), **system)
        assert status == 0, line + printed[-3000:]
    assert printed == "Verified OK\n"


def test_readme_packages_are_those_that_ci_installs() -> None:
    text = (paths.ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^machine=\((.*)\)$", text, re.MULTILINE)
    assert sorted(listed.split()) == sorted(packages.NEEDED.values())
    # Where the interpreter that starts it all cannot make environments: Debian's own.
    assert re.search(r"ensurepip.*\n +packages\+=\(python3 %s\)" % VENV, text)


@pytest.mark.slow
@BUILD_ONLY
def test_readme_rehearsal_prints_what_the_readme_shows() -> None:
    status, printed = start([sys.executable, "-m", "bundle", "rehearse", "node-expired"])
    assert status == 0, printed[-3000:]
    lines = {NUMBER.sub("N", line.strip()) for line in printed.splitlines()}
    (shown,) = blocks("text")
    wanted = [NUMBER.sub("N", line.strip()) for line in shown.splitlines()]
    assert [line for line in wanted if line not in lines and line != "..."] == []


@pytest.mark.slow
@BUILD_ONLY
def test_readme_test_command_passes_a_test() -> None:
    words = ["--python", matrix.BUILD, "--", "tests/test_words.py"]
    status, printed = start([sys.executable, "-m", "tests"] + words)
    assert status == 0, printed[-3000:]
    assert "total: passed" in printed


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    status, printed = start([sys.executable, "-m", "bundle"])
    assert status == 0, printed[-3000:]
    assert "dist/ovirt-cert-recovery.pyz" in printed
    return paths.ROOT / "dist" / "ovirt-cert-recovery.pyz"


def in_world(archive: Path, folder: Path) -> Callable[..., Tuple[int, str]]:
    """Run the archive against a simulated node, as the rehearsal does."""
    from simulators import rehearse

    prepared = rehearse.prepare("node-expired", "el8", str(folder / "world"))
    base = prepared.arguments[: prepared.arguments.index("recover")]
    secret = ["--yes", "--engine-password-file", prepared.world.password_file]
    options: Dict[str, List[str]] = {"recover": secret, "resume": secret, "undo": ["--yes"]}

    def run(words: str) -> Tuple[int, str]:
        told = ["/bin/sh", str(archive)] + base + words.split() + options.get(words, [])
        python = {"OVIRT_CERT_RECOVERY_PYTHON": interpreter.running().path}
        return start(told, SHIV_ROOT=str(folder / "shiv"), **python)

    return run


@pytest.mark.slow
@BUILD_ONLY
def test_readme_archive_commands_work_on_a_node(archive: Path, tmp_path: Path) -> None:
    run = in_world(archive, tmp_path)
    status, printed = run("diagnose")
    assert status == 0 and "Route: rewind" in printed, printed
    status, printed = run("plan")
    assert status == 0 and "timedatectl set-time @" in printed, printed
    status, printed = run("recover")
    assert status == 0 and "new expiry date" in printed, printed
    status, printed = run("status")
    assert status == 0 and "finished" in printed, printed
    status, printed = run("resume")
    assert status == 3 and "it is over" in printed, printed
    status, printed = run("undo")  # engine-setup renewed the web certificate: that stays
    assert status == 6 and "undone except engine-setup" in printed, printed
    for words, said in (
        ("selfcheck", "is what was built"),
        ("version --verbose", "cryptography 50.0.2"),
        ("clean", "removed: %s" % (tmp_path / "shiv")),
    ):
        status, printed = run(words)
        assert status == 0 and said in printed, printed


@pytest.mark.slow
@BUILD_ONLY
def test_readme_rescue_command_works_on_a_disk_at_rest(archive: Path, tmp_path: Path) -> None:
    from simulators import rehearse

    root = rehearse.prepare("node-expired", "el8", str(tmp_path / "world")).world.root
    words = ["/bin/sh", str(archive), "--root", root, "diagnose"]
    python = {"OVIRT_CERT_RECOVERY_PYTHON": interpreter.running().path}
    status, printed = start(words, SHIV_ROOT=str(tmp_path / "shiv"), **python)
    assert status == 0 and "files below %s only" % root in printed, printed


def test_readme_names_every_command_and_exit_status() -> None:
    from recovery import errors, usage

    for words in ON_A_NODE:
        word = words.split()[0]
        assert word in usage.TEXT and "`%s`" % word in README or "pyz %s" % word in README
    for status in (errors.DONE, errors.USAGE, errors.INHIBITED, errors.ATTENTION):
        assert "| %d |" % status in README
    for status in (errors.FAILED, errors.BY_HAND, errors.BUG):
        assert "| %d |" % status in README
