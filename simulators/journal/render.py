# SPDX-License-Identifier: Apache-2.0
"""journalctl's text forms: short and its relatives, cat, export, verbose."""

import time
from typing import Any

from simulators import timestamps
from simulators.journal import processes


def text_of(value: object) -> str:
    """Return a field's value as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, (list, tuple)):
        return text_of(value[-1]) if value else ""
    return str(value)


def printable(value: object) -> bool:
    """Tell whether journald calls the value printable UTF-8 text (tab and newline are)."""
    if isinstance(value, bytes):
        try:
            value = value.decode("utf-8")
        except UnicodeDecodeError:
            return False
    value = str(value)
    if value.isprintable():
        return True
    return not any(c < " " and c not in "\t\n" or "\x7f" <= c < "\xa0" for c in value)


def line(record: tuple, state: dict, form: str) -> str:
    """Return one record in a form of the short family, or cat, export, verbose."""
    fields = processes.complete(record, state)
    message = fields.get("MESSAGE", "")
    if form == "cat":
        return text_of(message)  # as it is, even where it is binary
    if not printable(message):
        size = len(message if isinstance(message, bytes) else text_of(message).encode())
        shown = "[%dB blob data]" % size
    else:
        shown = text_of(message)
    if form == "export":
        return _export(record, state, fields)
    if form == "verbose":
        return _verbose(record, state, fields)
    who = text_of(fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM") or "unknown")
    pid = fields.get("_PID") or fields.get("SYSLOG_PID")
    # what the sender says of the time goes before what journald says
    sent = int(fields.get("_SOURCE_REALTIME_TIMESTAMP") or record[3])
    head = "%s %s %s%s: " % (
        _when(record, sent, state, form),
        fields["_HOSTNAME"],
        who,
        "[%s]" % pid if pid else "",
    )
    return head + shown.replace("\n", "\n" + " " * len(head))


def _when(record: tuple, sent: int, state: dict, form: str) -> str:
    if form == "short-monotonic":
        return "[%12.6f]" % (record[2] / 1000000.0)
    if form == "short-unix":
        return "%d.%06d" % (sent // 1000000, sent % 1000000)
    zone = state["zone"]
    moment = time.gmtime(sent // 1000000 + zone[2])
    if form in ("short-iso", "short-iso-precise"):
        fraction = ".%06d" % (sent % 1000000) if form.endswith("precise") else ""
        return time.strftime("%Y-%m-%dT%H:%M:%S", moment) + fraction + timestamps.offset(zone)
    if form == "short-full":
        return timestamps.stamp(sent // 1000000, zone)
    text = timestamps.MONTHS[moment[1] - 1] + time.strftime(" %d %H:%M:%S", moment)
    return text + (".%06d" % (sent % 1000000) if form == "short-precise" else "")


def _addresses(record: tuple, state: dict) -> list:
    return [
        ("__CURSOR", processes.cursor(record, state)),
        ("__REALTIME_TIMESTAMP", str(record[3])),
        ("__MONOTONIC_TIMESTAMP", str(record[2])),
    ]


def _export(record: tuple, state: dict, fields: dict) -> str:
    pairs = _addresses(record, state) + sorted(fields.items())
    return "".join("%s=%s\n" % (key, text_of(value)) for key, value in pairs)


def _verbose(record: tuple, state: dict, fields: dict) -> str:
    zone = state["zone"]
    head = timestamps.stamp(record[3] // 1000000, zone).split(" ")
    head[2] += ".%06d" % (record[3] % 1000000)
    rows = ["%s [%s]" % (" ".join(head), processes.cursor(record, state))]
    rows += ["    %s=%s" % (key, text_of(value)) for key, value in sorted(fields.items())]
    return "\n".join(rows)


# JSON by hand: the json module costs more than a whole simulated program

ESCAPES = {number: "\\u%04x" % number for number in range(32)}
ESCAPES.update(
    {
        ord('"'): '\\"',
        ord("\\"): "\\\\",
        ord("\n"): "\\n",
        ord("\t"): "\\t",
        ord("\r"): "\\r",
        ord("\b"): "\\b",
        ord("\f"): "\\f",
    }
)
THRESHOLD = 4096
_made = {}  # type: dict


def json_line(record: tuple, state: dict, asked: dict, systemd: int) -> str:
    """Return the record as one JSON object in the release's spacing."""
    old = systemd < 250
    pretty = asked["output"] == "json-pretty"
    pairs = _json_pairs(record, state, asked, old)
    if pretty:
        body = ",\n".join("\t%s : %s" % pair for pair in pairs)
        return "{\n%s\n}" % body
    if old:
        return "{ %s }" % ", ".join("%s : %s" % pair for pair in pairs)
    return "{%s}" % ",".join("%s:%s" % pair for pair in pairs)


def _json_pairs(record: tuple, state: dict, asked: dict, old: bool) -> list:
    fields = processes.complete(record, state)
    chosen = asked["fields"]
    pairs = _addresses(record, state) + [("_BOOT_ID", fields.pop("_BOOT_ID"))]
    pairs += [(key, fields[key]) for key in fields if not chosen or key in chosen]
    if not old:
        # 252 prints its hash table's order, which means nothing and differs by entry
        pairs.sort(key=lambda pair: hash_of(pair[0], record[0]))
    return [
        (_known(quote, key), _known(_json_value, value, asked["all"], old)) for key, value in pairs
    ]


def _known(make: Any, value: object, *rest: bool) -> str:
    """The same few texts fill most records: each is written once a call."""
    if not isinstance(value, str):
        return make(value, *rest)
    key = (make, value) + rest
    if key not in _made:
        _made[key] = make(value, *rest)
    return _made[key]


def hash_of(key: str, seed: int) -> int:
    """Return a number that orders keys arbitrarily but always alike."""
    return (len(key) * 7919 + ord(key[-1]) * 104729 + ord(key[len(key) // 2]) * 31) * seed % 1009


def _json_value(value: object, everything: bool, old: bool) -> str:
    if isinstance(value, (list, tuple)):
        items = [_json_value(item, everything, old) for item in value]
        return "[ %s ]" % ", ".join(items) if old else "[%s]" % ",".join(items)
    data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    if len(data) >= THRESHOLD and not everything:
        return "null"
    if not printable(data):
        numbers = [str(byte) for byte in data]
        return "[ %s ]" % ", ".join(numbers) if old else "[%s]" % ",".join(numbers)
    return quote(data.decode("utf-8"))


def quote(text: str) -> str:
    """Return a JSON string."""
    return '"' + text.translate(ESCAPES) + '"'
