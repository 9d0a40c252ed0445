# SPDX-License-Identifier: Apache-2.0
"""Errors named by who must act. Imports nothing of ours."""

from typing import List, Sequence, Tuple

DONE = 0
USAGE = 2
INHIBITED = 3
ATTENTION = 4
FAILED = 5
BY_HAND = 6
BUG = 70


def paste(argv: Sequence[str]) -> str:
    """Return argv as one line that a shell would take (Python 3.6 has no shlex.join)."""
    import shlex

    return " ".join(shlex.quote(word) for word in argv)


class Error(Exception):
    """Something the person at the console can understand.

    what: the verb phrase after "cannot"; cause: why; unchanged: what was left as it was;
    next_step: what to do now; seen: literal evidence lines.
    """

    status = FAILED
    untouched = ""  # what no error of this kind has changed

    def __init__(
        self,
        what: str,
        cause: str,
        next_step: str = "",
        unchanged: str = "",
        seen: Sequence[str] = (),
    ) -> None:
        super().__init__(what, cause)
        self.what = what
        self.cause = cause
        self.next_step = next_step
        self.unchanged = unchanged or self.untouched
        self.seen = tuple(seen)

    def lines(self) -> List[str]:
        """Return the error as the lines a person sees, the first one being the summary."""
        shown = ["cannot %s: %s" % (self.what, self.cause)]
        shown += ["  seen: %s" % line for line in self.seen]
        if self.unchanged:
            shown.append("  unchanged: %s" % self.unchanged)
        if self.next_step:
            shown.append("  next: %s" % self.next_step)
        return shown

    def __str__(self) -> str:
        return "\n".join(self.lines())


class UsageError(Error):
    """The command line or an option's value cannot be used; nothing was touched."""

    status = USAGE
    untouched = "everything"


class Inhibited(Error):
    """A finding forbids the start; nothing was changed."""

    status = INHIBITED
    untouched = "everything"


class Attention(Error):
    """A person must do one thing, then resume."""

    status = ATTENTION


class UndoFailed(Error):
    """Something could not be undone; the before-images remain."""

    status = BY_HAND


class PointOfNoReturn(Error):
    """What was done cannot be taken back, and need not be; says where its before-image lies."""

    status = BY_HAND
    why = "point of no return"


class ByHand(PointOfNoReturn):
    """What was done cannot be taken back now; says how a person does it later."""

    why = "by hand"


class UnexpectedOutput(Error):
    """A program answered in a shape that nobody has seen; nothing is assumed from it."""

    def __init__(self, argv: Sequence[str], text: str, wanted: str) -> None:
        super().__init__(
            "understand the output of `%s`" % paste(argv),
            "expected %s" % wanted,
            seen=text.splitlines()[:5] or ["(nothing)"],
        )
        self.text = text


class ProgramError(Error):
    """An external program could not be run to its end."""

    def __init__(self, argv: Sequence[str], cause: str, seen: Sequence[str] = ()) -> None:
        super().__init__("run `%s`" % paste(argv), cause, seen=seen)
        self.argv: Tuple[str, ...] = tuple(argv)


class ProgramMissing(ProgramError):
    """The executable is not on the node's PATH."""


class ProgramTimeout(ProgramError):
    """The program did not end in time and was killed."""


class ProgramFailed(ProgramError):
    """The program ended with a status that means failure."""

    def __init__(self, argv: Sequence[str], status: int, stdout: str, stderr: str) -> None:
        text = (stderr.strip() or stdout.strip()).splitlines()
        super().__init__(argv, "it ended with status %d" % status, seen=text[-4:])
        self.exit_status = status
        self.stdout = stdout
        self.stderr = stderr


class FileError(Error):
    """A file of the node could not be read or written; carries the path."""

    def __init__(self, verb: str, path: str, cause: str) -> None:
        super().__init__("%s %s" % (verb, path), cause)
        self.path = path


class FileMissing(FileError):
    """The file does not exist."""
