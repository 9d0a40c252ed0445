# SPDX-License-Identifier: Apache-2.0
"""chronyc: who sets the clock, and how far off it is (man chronyc); -c prints columns."""

from typing import List, NamedTuple, Sequence

from recovery import errors, host

TIMEOUT = 15
NOT_SYNCHRONISED = "Not synchronised"


class Tracking(NamedTuple):
    """`chronyc -c tracking`, as far as we judge it."""

    source: str  # "" when there is none
    stratum: int
    ahead: float  # seconds that the node's clock is ahead of NTP time
    leap: str

    @property
    def synchronised(self) -> bool:
        """Tell whether NTP time is known; a `local` reference (7F7F0101) knows nothing."""
        return self.leap != NOT_SYNCHRONISED and self.stratum > 0


class Source(NamedTuple):
    """One line of `chronyc -c sources`."""

    state: str  # "*" selected, "+" combined, "-" not combined, "x" falseticker, "?" unusable
    name: str
    reach: int  # eight bits: which of the last eight polls were answered
    ahead: float  # measured: seconds that the node's clock is ahead of this source


def tracking(node: host.Host) -> Tracking:
    """Return the state of synchronisation.

    Raises: ProgramFailed (no chronyd), UnexpectedOutput.
    """
    argv = ["chronyc", "-c", "tracking"]
    text = node.run(argv, timeout=TIMEOUT).stdout
    columns = text.strip().split(",")
    try:
        # The sign: client.c prints a positive correction as "slow of NTP time".
        tracked = Tracking(columns[1], int(columns[2]), -float(columns[4]), columns[13])
    except (IndexError, ValueError):
        raise errors.UnexpectedOutput(argv, text, "14 columns") from None
    local = columns[0].upper() in ("7F7F0101", "00000000")
    return tracked._replace(source="", leap=NOT_SYNCHRONISED) if local else tracked


def sources(node: host.Host) -> List[Source]:
    """Return the sources. Raises: ProgramFailed (no chronyd), UnexpectedOutput."""
    argv = ["chronyc", "-c", "sources"]
    text = node.run(argv, timeout=TIMEOUT).stdout
    return [_source(argv, line) for line in text.splitlines() if line.strip()]


def _source(argv: Sequence[str], line: str) -> Source:
    columns = line.strip().split(",")
    try:
        return Source(columns[1], columns[2], int(columns[5], 8), float(columns[8]))
    except (IndexError, ValueError):
        raise errors.UnexpectedOutput(argv, line, "10 columns") from None
