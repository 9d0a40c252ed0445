# SPDX-License-Identifier: Apache-2.0
"""What a command does not need it does not import: it starts fast, and where little works."""

import subprocess
import sys
from pathlib import Path
from typing import Any, List, Set, Tuple

import pytest

from bundle import paths
from simulators import rehearse

CODE = (
    "import sys; from recovery import __main__; status = __main__.main(sys.argv[1:]); "
    "print(' '.join(['modules:'] + sorted(sys.modules))); sys.exit(status)"
)


@pytest.fixture
def node(tmp_path: Path) -> Any:
    """A broken simulated node."""
    return rehearse.prepare("node-expired", "el8", str(tmp_path / "world"))


def run(node: Any, word: str) -> Tuple[str, Set[str]]:
    """What a command prints, and all the modules it has imported at its end."""
    base: List[str] = node.arguments[: node.arguments.index("recover")]
    words = node.arguments if word == "recover" else base + [word]
    ran = subprocess.run(
        [sys.executable, "-c", CODE] + words,
        cwd=str(paths.ROOT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    text = ran.stdout.decode("utf-8")
    assert ran.returncode == 0, text
    printed, _, modules = text.rpartition("modules: ")
    return printed, set(modules.split())


def test_status_without_a_run_imports_no_cryptography_and_no_step(node: Any) -> None:
    printed, modules = run(node, "status")
    assert "no run on this node yet" in printed
    assert not modules & {"cryptography", "recovery.steps"} and "recovery.cli" in modules


@pytest.mark.slow
def test_status_of_a_run_imports_no_cryptography_and_no_step(node: Any) -> None:
    assert {"cryptography", "recovery.steps"} <= run(node, "recover")[1]
    printed, modules = run(node, "status")
    assert "finished" in printed
    assert not modules & {"cryptography", "recovery.steps"}


def test_diagnose_imports_cryptography_and_no_step(node: Any) -> None:
    printed, modules = run(node, "diagnose")
    assert "Route: rewind" in printed
    assert "cryptography" in modules and "recovery.steps" not in modules
