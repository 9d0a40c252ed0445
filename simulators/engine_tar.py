# SPDX-License-Identifier: Apache-2.0
"""tar on the engine VM: `tar -cf FILE NAME...` and `tar -tf FILE`.

Imports `engine_programs` and `engine_vm`.
"""

import os
import tarfile

from simulators import engine_vm
from simulators.engine_programs import OK, Done, Session


def main(session: Session) -> Done:
    options, operands = session.split(("-cf", "-tf"))
    if "-tf" in options:
        with tarfile.open(session.shell.path(options["-tf"])) as archive:
            return 0, "".join(name + "\n" for name in archive.getnames()).encode(), b""
    if engine_vm.disk_full(session.shell.world):
        text = "tar: %s: Cannot write: No space left on device\n" % options["-cf"]
        return 2, b"", (text + "tar: Error is not recoverable: exiting now\n").encode()
    path = session.shell.path(options["-cf"])
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666 & ~session.shell.umask))
    with tarfile.open(path, "w") as archive:
        for name in operands:
            archive.add(session.shell.path(name), name)
    return OK
