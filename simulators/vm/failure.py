# SPDX-License-Identifier: Apache-2.0
"""The one error of the machine: what could not be done, why, and where to read more."""


class Failed(Exception):
    """`cannot <what>: <cause>`, the log's path when there is one, and what to do next."""

    def __init__(self, what: str, cause: str, log: str = "", then: str = "") -> None:
        lines = ["cannot %s: %s" % (what, cause)]
        if log:
            lines.append("  log: %s" % log)
        if then:
            lines.append("  next: %s" % then)
        super().__init__("\n".join(lines))


def tail(path: str, lines: int = 8) -> str:
    """The end of a log, for the cause of a failure; empty when there is none."""
    try:
        with open(path, errors="replace") as file:
            return "\n".join(file.read().splitlines()[-lines:])
    except OSError:
        return ""
