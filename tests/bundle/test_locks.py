# SPDX-License-Identifier: Apache-2.0
"""The locks: complete, hashed, free of hosts, and in step with pyproject.toml."""

import re
from typing import List

import pytest

from bundle import paths

LOCKS = sorted(path.name for path in paths.LOCKS.glob("*.txt"))


def logical_lines(name: str) -> List[str]:
    text = (paths.LOCKS / name).read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(name: str) -> List[str]:
    return [line.split(" ", 1)[0] for line in logical_lines(name)]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_and_hashed(name: str) -> None:
    for line in logical_lines(name):
        assert re.match(r"[a-z0-9.-]+==[^ ]+ ", line), line
        assert "--hash=sha256:" in line, line


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_host(name: str) -> None:
    assert "://" not in (paths.LOCKS / name).read_text()


def test_pins_of_the_project_are_those_of_the_locks() -> None:
    text = (paths.ROOT / "pyproject.toml").read_text()
    block = text.split("\ndependencies = [", 1)[1].split("\n]", 1)[0]
    wanted = re.findall(r'^ *"([^";]+)', block, re.MULTILINE)
    assert len(wanted) >= 6
    for pin in wanted:
        assert pin.strip() in pins("run.txt"), pin


def test_tests_run_with_the_packages_that_are_shipped() -> None:
    assert set(pins("run.txt")) - set(pins("test.txt")) == set()


def test_every_input_is_in_its_lock() -> None:
    for source in paths.LOCKS.glob("*.in"):
        lines = source.read_text().splitlines()
        for word in [line for line in lines if not line.startswith("#")]:
            assert any(pin.startswith(word) for pin in pins(source.stem + ".txt")), word
