# SPDX-License-Identifier: Apache-2.0
"""df: free space (coreutils)."""

from typing import List, Sequence, Tuple

from recovery import errors, host


def free(node: host.Host, paths: Sequence[str]) -> List[Tuple[str, int]]:
    """Return path and free bytes for paths that exist. Raises: ProgramError, UnexpectedOutput."""
    argv = order(paths)
    return parsed(argv, node.run(argv, timeout=30).stdout, paths)


def order(paths: Sequence[str]) -> List[str]:
    """Return the argv, for a machine that is reached by another way."""
    return ["df", "-Pk"] + list(paths)


def parsed(argv: Sequence[str], text: str, paths: Sequence[str]) -> List[Tuple[str, int]]:
    """Return path and free bytes from what it printed. Raises: UnexpectedOutput."""
    # The last lines: a login script on another machine may have greeted before the heading.
    lines = text.splitlines()[1:][-len(paths) :]
    if len(lines) != len(paths):
        raise errors.UnexpectedOutput(argv, text, "one line for each path")
    return [(path, _available(argv, line)) for path, line in zip(paths, lines)]


def _available(argv: Sequence[str], line: str) -> int:
    # "Filesystem 1024-blocks Used Available Capacity Mounted on"; names may hold blanks, so
    # the capacity, the only word that ends with %, is the anchor.
    words = line.split()
    for index, word in enumerate(words):
        if word.endswith("%") and index >= 3 and words[index - 1].lstrip("-").isdigit():
            return int(words[index - 1]) * 1024
    raise errors.UnexpectedOutput(argv, line, "a line of `df -P`")
