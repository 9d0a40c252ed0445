# SPDX-License-Identifier: Apache-2.0
"""A host whose programs print what real ones were recorded to print."""

from pathlib import Path
from typing import List

from recovery import local_host

SCRIPT = """#!/bin/sh
printf '%s\\n' "$*" >> '{calls}'
cat '{out}'
cat '{err}' >&2
exit {status}
"""


class Recorded(local_host.LocalHost):
    """A LocalHost with one directory of such programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "root").mkdir()
        (folder / "bin").mkdir()
        super().__init__(str(folder / "root"), "%s:/usr/bin:/bin" % (folder / "bin"))

    def prints(self, name: str, out: str, status: int = 0, err: str = "") -> "Recorded":
        """Let the program `name` print this and end with this status."""
        files = [self.folder / ("%s.%s" % (name, end)) for end in ("out", "err", "calls")]
        files[0].write_text(out)
        files[1].write_text(err)
        script = self.folder / "bin" / name
        script.write_text(SCRIPT.format(out=files[0], err=files[1], calls=files[2], status=status))
        script.chmod(0o755)
        return self

    def calls(self, name: str) -> List[str]:
        """Return the arguments of each call of the program."""
        path = self.folder / (name + ".calls")
        return path.read_text().splitlines() if path.exists() else []
