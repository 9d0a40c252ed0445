# SPDX-License-Identifier: Apache-2.0
"""Field matches of journalctl: groups of alternatives, all of which must hold.

An expression is a list of conjunct conditions; a condition is a list of (field, values) pairs
or nested lists, of which one must hold; a nested list is a conjunction.
"""

from simulators.journal import processes
from simulators.world import World

# fields that a record has itself or not at all: no need to complete it
STORED_ONLY = (
    "UNIT",
    "MESSAGE_ID",
    "COREDUMP_UNIT",
    "OBJECT_SYSTEMD_UNIT",
    "MESSAGE",
    "PRIORITY",
    "_PID",
    "_SYSTEMD_INVOCATION_ID",
)
COREDUMP = "fc2e22bc6ee647b6b90729ab34a250b1"


def unit_group(name: str, world: World) -> list:
    """Return what -u NAME means: by the unit, by PID 1 about it, by a core dump of it."""
    return [
        ("_SYSTEMD_UNIT", [name]),
        [("_PID", ["1"]), ("UNIT", [name])],
        [("MESSAGE_ID", [COREDUMP]), ("_UID", ["0"]), ("COREDUMP_UNIT", [name])],
        [("_UID", ["0"]), ("OBJECT_SYSTEMD_UNIT", [name])],
    ]


def arguments(words: list) -> list:
    """Return the condition of FIELD=VALUE words: AND, same field twice is OR, + is OR of groups.

    ValueError with the word that is no match.
    """
    groups, current = [], {}  # type: list, dict
    for word in words + ["+"]:
        if word == "+":
            if current:
                groups.append(list(current.items()))
            current = {}
            continue
        field, mark, value = word.partition("=")
        if word.startswith("/"):
            field, value = "_EXE", word
        elif not mark or not field or field != field.upper():
            raise ValueError(word)
        current.setdefault(field, []).append(value)
    return groups


def holds(record: tuple, expression: list, state: dict) -> bool:
    """Tell whether the record satisfies every condition."""
    return all(_any(record, condition, state) for condition in expression)


def _any(record: tuple, condition: list, state: dict) -> bool:
    for term in condition:
        if isinstance(term, list):
            if all(_field(record, pair, state) for pair in term):
                return True
        elif _field(record, term, state):
            return True
    return False


def _field(record: tuple, pair: tuple, state: dict) -> bool:
    field, wanted = pair
    if field == "_BOOT_ID":
        return record[1] in wanted
    value = record[5].get(field)
    if value is None and field in STORED_ONLY:
        return False
    if value is None and field == "_SYSTEMD_UNIT":
        value = "init.scope" if record[5].get("_PID") == "1" else ""
    if value is None:
        value = processes.complete(record, state).get(field)
    if isinstance(value, (list, tuple)):
        return any(item in wanted for item in value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value in wanted
