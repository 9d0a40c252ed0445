# SPDX-License-Identifier: Apache-2.0
"""Paths in the arguments of the small file programs: absolute ones lie in the node's root."""

from simulators.entry import Call


def real(call: Call, path: str) -> str:
    """Return the real path of the node's path; relative ones count from the node's /."""
    return call.world.node(path if path.startswith("/") else "/" + path)


def split(call: Call) -> tuple:
    """Return (option letters and words, operands)."""
    options, operands = [], []  # type: list, list
    words = list(call.argv[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            return options, operands + words
        (options if word.startswith("-") and word != "-" else operands).append(word)
    return options, operands


def complain(call: Call, text: str, error: OSError) -> int:
    """Print `program: text: reason` and return 1."""
    call.err("%s: %s: %s\n" % (call.argv[0], text, error.strerror))
    return 1
