# SPDX-License-Identifier: Apache-2.0
"""mkdir: directories of the node."""

import os

from simulators import files_of_call
from simulators.entry import Call

COST = 0.005


def main(call: Call) -> int:
    words, mode, parents, operands = list(call.argv[1:]), None, False, []
    while words:
        word = words.pop(0)
        if word in ("-m", "-pm"):
            mode = int(words.pop(0), 8)
            parents = parents or "p" in word
        elif word in ("-p", "--parents"):
            parents = True
        elif word.startswith("--mode="):
            mode = int(word[7:], 8)
        else:
            operands.append(word)
    status = 0
    for path in operands:
        real = files_of_call.real(call, path)
        try:
            if parents and os.path.isdir(real):
                continue
            (os.makedirs if parents else os.mkdir)(real)
            if mode is not None:
                os.chmod(real, mode)
        except OSError as error:
            told = "cannot create directory '%s'" % path
            status = files_of_call.complain(call, told, error)
    return status
