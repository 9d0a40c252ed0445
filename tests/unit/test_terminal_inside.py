# SPDX-License-Identifier: Apache-2.0
"""The machine's side of a dialogue, which the contract tests hold with the real programs there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

from tests.contract.machine import inside
from tests.unit.test_terminal import GETPASS, PASSWORD

SHORT, LONG = "ECHO_ENDS_WITHIN = 20 ", "ECHO_ENDS_WITHIN = 600 "
PATIENT = inside.TERMINAL.replace(SHORT, LONG)  # an echo that is waited for never ends in time


def held(script: Path, secret: bool) -> Dict[str, Any]:
    asked = {
        "argv": [sys.executable, str(script)],
        "environment": {"PATH": "/bin"},
        "exchanges": [("password: $", PASSWORD, secret, False)],
        "fatal": (),
        "control": "\r",
        "timeout": 60,
    }
    told = subprocess.run(
        [sys.executable, "-c", PATIENT],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    answer: Dict[str, Any] = json.loads(told.decode())
    return answer


def test_secret_waits_for_a_program_that_asks_before_it_listens(tmp_path: Path) -> None:
    script = tmp_path / "asks"
    script.write_text(GETPASS % sys.executable)
    assert held(script, secret=True)["status"] == 0


def test_what_is_no_secret_is_sent_though_it_is_echoed(tmp_path: Path) -> None:
    assert LONG in PATIENT
    script = tmp_path / "asks"
    script.write_text("import sys; print('password: ', end='', flush=True); sys.exit(not input())")
    assert held(script, secret=False)["status"] == 0
