# SPDX-License-Identifier: Apache-2.0
"""journalctl: entries of systemd's journal by field match and JSON (man journalctl).

Works on systemd 219, 239 and 252: no --output-fields (236), no --grep (237), and never a range
of wall time, which stops early across a clock step.
"""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from recovery import host

TIMEOUT = 60

# Groups of "FIELD=VALUE": within a group the same field twice means or, different fields and;
# between groups or.
Matches = Sequence[Sequence[str]]


class Entry(NamedTuple):
    """One entry; every field of it is text, a repeated one is joined by newlines."""

    message: str
    realtime: float  # wall seconds when journald received it
    monotonic: float  # seconds of uptime
    boot_id: str  # without dashes
    cursor: str
    fields: Dict[str, str]

    def field(self, name: str) -> str:
        """Return a field, "" when the entry lacks it."""
        return self.fields.get(name, "")


def argv(
    matches: Matches = (),
    newest: Optional[int] = None,
    after: str = "",
    directory: str = "",
    boot: bool = False,
) -> List[str]:
    """Return the command; `newest` limits to the last entries, still shown in journal order."""
    words = ["journalctl", "--no-pager", "-o", "json"]
    if directory:
        words += ["--directory", directory]
    if boot:
        words.append("-b")
    if newest is not None:
        words += ["-n", str(newest)]
    if after:
        words.append("--after-cursor=%s" % after)
    for number, group in enumerate(matches):
        words += (["+"] if number else []) + list(group)
    return words


def query(
    node: host.Host,
    matches: Matches = (),
    newest: Optional[int] = None,
    after: str = "",
    directory: str = "",
    boot: bool = False,
) -> List[Entry]:
    """Return matching entries in journal order. Raises: ProgramError."""
    words = argv(matches, newest, after, directory, boot)
    return parse(node.run(words, timeout=TIMEOUT).stdout)[0]


def last_cursor(node: host.Host) -> str:
    """Return the cursor of the newest entry, "" of an empty journal. Raises: ProgramError."""
    entries = query(node, newest=1)
    return entries[-1].cursor if entries else ""


def follow(node: host.Host, cursor: str, matches: Matches = ()) -> Tuple[List[Entry], str]:
    """Return the entries written after the cursor, and the cursor to go on from.

    Cursors hold across clock steps, wall times do not. Raises: ProgramError.
    """
    entries = query(node, matches, after=cursor)
    return entries, (entries[-1].cursor or cursor) if entries else cursor


def parse(text: str) -> Tuple[List[Entry], int]:
    """Return the entries of `-o json` output and how many lines could not be understood."""
    entries = []
    garbage = 0
    for line in text.split("\n"):  # not splitlines: a message may hold U+2028 as it is
        if not line.strip():
            continue
        try:
            entries.append(_entry(json.loads(line)))
        except (ValueError, TypeError, KeyError):
            garbage += 1
    return entries, garbage


def _entry(raw: Any) -> Entry:
    if not isinstance(raw, dict):
        raise ValueError("not an object")
    fields = {key: _text(value) for key, value in raw.items()}
    return Entry(
        message=fields.get("MESSAGE", ""),
        realtime=int(fields["__REALTIME_TIMESTAMP"]) / 1e6,
        monotonic=int(fields.get("__MONOTONIC_TIMESTAMP", "0")) / 1e6,
        boot_id=fields.get("_BOOT_ID", ""),
        cursor=fields.get("__CURSOR", ""),
        fields=fields,
    )


def _text(value: Any) -> str:
    """Return a field as text.

    journalctl writes null for a field over 4 KiB, an array of bytes for one that is not
    printable UTF-8, and an array of such values for a repeated field.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and all(isinstance(one, int) and 0 <= one < 256 for one in value):
            return bytes(value).decode("utf-8", "replace")
        return "\n".join(_text(one) for one in value)
    raise ValueError("a field is neither text nor a list")
