# SPDX-License-Identifier: Apache-2.0
"""rm: files and directories of the node."""

import os
import shutil

from simulators import files_of_call
from simulators.entry import Call

COST = 0.005


def main(call: Call) -> int:
    options, operands = files_of_call.split(call)
    letters = "".join(options)
    status = 0
    for path in operands:
        real = files_of_call.real(call, path.rstrip("/") or "/")
        if real == call.world.directory + "/root":
            call.err("rm: it is dangerous to operate recursively on '/'\n")
            return 1
        link = call.world.node(os.path.dirname(path) or "/") + "/" + os.path.basename(path)
        try:
            if os.path.islink(link):
                os.unlink(link)
            elif os.path.isdir(real) and "r" in letters.lower():
                shutil.rmtree(real)
            else:
                os.unlink(real)
        except FileNotFoundError as error:
            if "f" not in letters:
                status = files_of_call.complain(call, "cannot remove '%s'" % path, error)
        except OSError as error:
            status = files_of_call.complain(call, "cannot remove '%s'" % path, error)
    return status
