# SPDX-License-Identifier: Apache-2.0
"""The directory that is PATH: programs that refuse and record, and a `date` that only reads."""

import os
import tempfile
from pathlib import Path
from typing import List, Optional

from tests.guard import policy

REFUSING = """#!/bin/sh
printf '%s refused by the guard of the tests\\n' "${{0##*/}} $*" >> '{record}'
echo "${{0##*/}}: refused by the guard of the tests" >&2
exit 99
"""

DATE = """#!/bin/sh
for word; do
    [ -n "$value" ] && value= && continue
    case $word in
    -d|-r) value=1 ;;
    +*|-u|--utc|-R|--rfc*|-I*|--iso*|--date=*|--reference=*|--help|--version) ;;
    *) printf 'date %s refused by the guard of the tests\\n' "$*" >> '{record}'
       echo 'date: refused by the guard of the tests' >&2
       exit 99 ;;
    esac
done
exec '{real}' "$@"
"""

VIRSH = """#!/bin/sh
if [ "$1 $2" != '-c test:///default' ]; then
    printf 'virsh %s refused by the guard of the tests\\n' "$*" >> '{record}'
    echo 'virsh: refused by the guard of the tests' >&2
    exit 99
fi
exec '{real}' "$@"
"""

RPM = """#!/bin/sh
case "$1 $2" in
'--dbpath {own}/'*) exec '{real}' "$@" ;;
esac
printf 'rpm %s refused by the guard of the tests\\n' "$*" >> '{record}'
echo 'rpm: refused by the guard of the tests' >&2
exit 99
"""


def find(name: str) -> Optional[Path]:
    """Where the real program lies on this machine; PATH is ours, so it is no help."""
    found = policy.resolve(name, policy.SYSTEM + policy.LIBRARIES)
    return Path(found) if found else None


class Programs:
    """One directory of guard executables and the record they write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.record = folder / "refusals"
        self.record.touch()
        self.folder.mkdir()
        for name in policy.FORBIDDEN:
            self._write(self.folder / name, REFUSING.format(record=self.record))
        self.link("date", self.folder)

    def link(self, name: str, folder: Path) -> Path:
        """Make a real program startable in that directory, within the limits of the policy."""
        real = find(name)
        if name not in policy.ALLOWED or real is None:
            raise LookupError(name)
        path = folder / name
        texts = {"date": DATE, "virsh": VIRSH, "rpm": RPM}
        if name in texts:
            own = tempfile.gettempdir()
            self._write(path, texts[name].format(record=self.record, real=real, own=own))
        elif not path.exists():
            path.symlink_to(real)
        return path

    def note(self, text: str) -> None:
        """Record a refusal; one short write, since tests may have several processes."""
        descriptor = os.open(str(self.record), os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, (text + "\n").encode("utf-8", "replace"))
        os.close(descriptor)

    def take(self) -> List[str]:
        """The refusals since the last call."""
        lines = self.record.read_text(errors="replace").splitlines()
        if lines:
            os.truncate(str(self.record), 0)
        return lines

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)
