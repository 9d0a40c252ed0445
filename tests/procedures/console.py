# SPDX-License-Identifier: Apache-2.0
"""The engine VM's own console, and the administrator who sits at it where ssh leads nowhere."""

import os
from pathlib import Path
from typing import List, Optional

from simulators import engine_shell, install
from tests.procedures import accounts, watched

RUN = accounts.STATE + "/run-1"
SCRIPT, SIGNED = RUN + "/sign.sh", RUN + "/signed.pem"


def typed(world: install.World, text: str) -> Optional[engine_shell.Result]:
    """Paste a text into root's shell of the engine VM; None before it has booted."""
    with world.opened() as now:
        vm = now.state["vm"]
        if not vm["ssh"] or (vm["where"] == "here" and vm["state"] != "running"):
            return None
        now.advance(30.0)  # nobody is quicker
        return engine_shell.Shell(now).run(text)


class Administrator:
    """Puts one text after another where the certificate is waited for, the signed one at last."""

    def __init__(self, node: watched.Node, *wrong: bytes) -> None:
        self.node = node
        self.rest: List[bytes] = list(wrong)
        self.done = False

    def __call__(self, number: int, side: str, what: str) -> None:
        if side != "during" or self.done or not os.path.exists(self.place(SCRIPT)):
            return
        if self.rest:
            self.put(self.rest.pop(0))
            return
        shown = typed(self.node.world, Path(self.place(SCRIPT)).read_text())
        if shown is not None:
            self.put(shown.output)
            self.done = True

    def put(self, data: bytes) -> None:
        Path(self.place(SIGNED)).write_bytes(data)

    def place(self, path: str) -> str:
        return self.node.world.root + path
