# SPDX-License-Identifier: Apache-2.0
"""The linters are tests. They run where the locks install them, and are skipped elsewhere."""

import importlib.util
import os
import subprocess
import sys
from typing import List

import pytest

from bundle import paths
from tests import matrix, sources

FOLDERS = ["recovery", "simulators", "bundle", "tests"]


def lint(*words: str) -> None:
    """Run one linter; what it says is the failure."""
    _installed(words[0])
    done = subprocess.run(
        [os.path.join(sys.prefix, "bin", words[0])] + list(words[1:]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        cwd=str(paths.ROOT),
    )
    if done.returncode != 0:
        pytest.fail(done.stdout, pytrace=False)


def _installed(name: str) -> None:
    if importlib.util.find_spec(name) is not None:
        return
    text = "{} is not installed on this Python".format(name)
    if "%d.%d" % sys.version_info[:2] == matrix.BUILD:
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def test_ruff_finds_nothing() -> None:
    lint("ruff", "check", "--no-cache", *FOLDERS)


def test_ruff_would_not_reformat() -> None:
    lint("ruff", "format", "--check", "--no-cache", *FOLDERS)


def test_mypy_finds_nothing() -> None:
    if "%d.%d" % sys.version_info[:2] != matrix.BUILD:
        pytest.skip("mypy's answer is the same on every Python")
    lint("mypy", "--cache-dir", os.devnull)


@pytest.mark.parametrize("folder", sources.PRODUCT)
def test_vermin_finds_nothing_newer_than_python_3_6(folder: str) -> None:
    # What Python 3.6 lacks and no test happens to execute. The tests themselves run on 3.6.
    lint("vermin", "-t=3.6-", "--violations", "--no-tips", "--eval-annotations", folder)


def test_shell_scripts_parse() -> None:
    for script, shell in _scripts():
        done = subprocess.run([shell, "-n", script], stderr=subprocess.PIPE, cwd=str(paths.ROOT))
        assert done.returncode == 0, done.stderr


def _scripts() -> List[List[str]]:
    return [[".ci/run", "/bin/bash"], ["bundle/head.sh", "/bin/sh"]]
