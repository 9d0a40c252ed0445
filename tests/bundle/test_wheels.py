# SPDX-License-Identifier: Apache-2.0
"""Which wheels are taken: by the lock, for the oldest glibc and Python, and no others."""

import hashlib
from pathlib import Path
from typing import Dict

import pytest

from bundle import program, wheels

X86 = wheels.MACHINES["x86_64"]
PPC = wheels.MACHINES["ppc64le"]


def lay(folder: Path, *names: str) -> "wheels.Pin":
    """Wheels with these names, whose bytes are their names; the pin that knows all of them."""
    digests = []
    for name in names:
        (folder / name).write_text(name)
        digests.append(hashlib.sha256(name.encode()).hexdigest())
    return wheels.Pin("cryptography", "50.0.2", frozenset(digests))


OLD = "cryptography-50.0.2-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
NEW = "cryptography-50.0.2-cp311-abi3-manylinux_2_17_x86_64.whl"
NEWER_GLIBC = "cryptography-50.0.2-cp39-abi3-manylinux_2_34_x86_64.whl"
OTHER = "cryptography-50.0.2-cp39-abi3-manylinux_2_28_ppc64le.whl"


@pytest.mark.parametrize("python", ["3.9", "3.11", "3.13"])
def test_find_takes_one_wheel_for_many_pythons(tmp_path: Path, python: str) -> None:
    pin = lay(tmp_path, NEW, OLD, NEWER_GLIBC, OTHER)
    assert wheels.find(tmp_path, pin, X86, python) == tmp_path / OLD


def test_find_takes_nothing_that_does_not_run_there(tmp_path: Path) -> None:
    pin = lay(tmp_path, NEW, NEWER_GLIBC)
    assert wheels.find(tmp_path, pin, X86, "3.9") is None
    assert wheels.find(tmp_path, pin, X86, "3.12") == tmp_path / NEW
    assert wheels.find(tmp_path, lay(tmp_path, OTHER), PPC, "3.9") == tmp_path / OTHER


def test_find_takes_no_bytes_that_the_lock_does_not_know(tmp_path: Path) -> None:
    pin = lay(tmp_path, OLD)
    (tmp_path / OLD).write_text("other bytes")
    assert wheels.find(tmp_path, pin, X86, "3.9") is None


def test_find_tells_exact_abis_apart(tmp_path: Path) -> None:
    names = ["cffi-1.0-cp%s-cp%s-manylinux2014_x86_64.whl" % (tag, abi) for tag, abi in ABIS]
    for name in names:
        (tmp_path / name).write_text(name)
    digests = frozenset(hashlib.sha256(name.encode()).hexdigest() for name in names)
    pin = wheels.Pin("cffi", "1.0", digests)
    found = {python: wheels.find(tmp_path, pin, X86, python) for python in ("3.6", "3.8", "3.12")}
    assert found == {"3.6": tmp_path / names[0], "3.8": tmp_path / names[1], "3.12": None}


ABIS = [("36", "36m"), ("38", "38"), ("312", "312t")]


def test_pins_are_those_of_the_lock_for_that_python() -> None:
    def versions(python: str) -> Dict[str, str]:
        return {pin.name: pin.version for pin in wheels.pins(python)}

    assert versions("3.6")["cryptography"] == versions("3.9.1")["cryptography"] == "40.0.2"
    assert versions("3.9")["cryptography"] == versions("3.13")["cryptography"] == "50.0.2"
    assert "dataclasses" in versions("3.6") and "dataclasses" not in versions("3.7")
    for python in wheels.PYTHONS:
        assert not set(versions(python)) & set(wheels.LEFT_OUT)
        assert {"pexpect", "rich", "six", "cffi", "asn1crypto"} <= set(versions(python))


def test_gather_offline_names_what_is_missing(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(program.Failed, match="it lacks .*cryptography 50.0.2.* for Python 3.9"):
        # ppc64le begins with 3.9: plain packages for the older ones are there.
        _pure_only(tmp_path)
        wheels.gather(tmp_path, ["ppc64le"], offline=True)


def _pure_only(folder: Path) -> None:
    for path in paths_of_pure():
        (folder / path.name).write_bytes(path.read_bytes())


def paths_of_pure() -> "list[Path]":
    from bundle import paths

    return sorted(paths.WHEELS.glob("*-none-any.whl"))
