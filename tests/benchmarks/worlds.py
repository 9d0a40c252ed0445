# SPDX-License-Identifier: Apache-2.0
"""One simulated node that can be made fresh again at the same path, and the tool run against it."""

import subprocess
import sys
from typing import Dict, List, Sequence

from bundle import paths
from simulators import rehearse

KEPT = ("lib", "bin")


class Bench:
    """The world, a saved copy of it, and how the tool is called on it."""

    def __init__(self, folder: str, scenario: str = "node-expired", release: str = "el8") -> None:
        self.directory = folder + "/world"
        self._saved = folder + "/saved"
        prepared = rehearse.prepare(scenario, release, self.directory)
        self.recover: List[str] = list(prepared.arguments)
        self.base = self.recover[: self.recover.index("recover")]
        self.world = prepared.world
        self._copy(self.directory, self._saved)

    def renew(self) -> None:
        """Put everything back but the simulators themselves."""
        self._copy(self._saved, self.directory)

    def environment(self) -> Dict[str, str]:
        return {"PATH": self.world.programs, "LC_ALL": "C", "TERM": "dumb", "HOME": "/root"}

    @staticmethod
    def _copy(source: str, target: str) -> None:
        # cp keeps owners, and takes a hundredth of shutil's time.
        keep = " ".join("! -name " + name for name in KEPT)
        script = (
            'mkdir -p "$2"; cd "$2" && find . -mindepth 1 -maxdepth 1 %s -exec rm -rf {} + && '
            'cd "$1" && find . -mindepth 1 -maxdepth 1 %s -exec cp -a -t "$2" {} +' % (keep, keep)
        )
        subprocess.run(["/bin/sh", "-c", script, "sh", source, target], check=True)


def tool(words: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run the tool as an administrator does, in a process of its own."""
    argv = [sys.executable, "-m", "recovery"] + list(words)
    return subprocess.run(
        argv,
        cwd=str(paths.ROOT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
