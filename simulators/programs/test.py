# SPDX-License-Identifier: Apache-2.0
"""test: the file tests and string comparisons of everyday use."""

import os

from simulators import files_of_call
from simulators.entry import Call

COST = 0.005


def main(call: Call) -> int:
    words = list(call.argv[1:])
    negate = words[:1] == ["!"]
    words = words[1:] if negate else words
    result = _judge(call, words)
    if result is None:
        call.err("test: %s: unary operator expected\n" % " ".join(words[:1]))
        return 2
    return int(result == negate)


def _judge(call: Call, words: list) -> object:
    if len(words) == 3 and words[1] in ("=", "==", "!="):
        return (words[0] == words[2]) == (words[1] != "!=")
    if len(words) == 1:
        return words[0] != ""
    if len(words) != 2:
        return None
    option, value = words
    if option in ("-n", "-z"):
        return (value != "") == (option == "-n")
    path = files_of_call.real(call, value)
    if option == "-s":
        return os.path.isfile(path) and os.path.getsize(path) > 0
    checks = {
        "-e": os.path.exists,
        "-f": os.path.isfile,
        "-d": os.path.isdir,
        "-r": os.path.exists,
        "-L": os.path.islink,
        "-h": os.path.islink,
    }
    return checks[option](path) if option in checks else None
