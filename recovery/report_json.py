# SPDX-License-Identifier: Apache-2.0
"""A diagnosis as JSON-able data: every time as epoch seconds and, under NAME_utc, as ISO 8601."""

from typing import Any, Dict

from recovery import diagnosis, moment
from recovery.observation import Certificate, Observation

SCHEMA = 1  # grows when a key goes away or changes its meaning; new keys do not count

TIMES = ("wall", "rtc", "not_before", "not_after", "first", "last", "start", "end", "moment")


def diagnosis_json(seen: Observation, judged: diagnosis.Diagnosis) -> Dict[str, Any]:
    """Return observation and judgement as dicts, lists, texts and numbers only."""
    observation = plain(seen)
    observation["certificates"] = [_certificate(one, seen) for one in seen.certificates]
    observation["versions"] = dict(seen.versions)
    observation["disk_free"] = dict(seen.disk_free)
    observation["clock_steps"] = [
        {"before": before, "before_utc": iso(before), "after": after, "after_utc": iso(after)}
        for before, after in seen.clock_steps
    ]
    return {
        "schema": SCHEMA,
        "observation": observation,
        "findings": plain(judged.findings),
        "route": judged.route,
        "reason": judged.reason,
        "allowed": list(judged.allowed),
        "window": plain(judged.window),
    }


def _certificate(one: Certificate, seen: Observation) -> Dict[str, Any]:
    shown: Dict[str, Any] = plain(one)
    shown["serial"] = "%x" % one.serial  # 159 bits: no JSON reader keeps them as a number
    shown["days_left"] = None
    if one.state == "ok":
        shown["days_left"] = int((one.not_after - seen.moment.wall) // 86400)
    return shown


def plain(value: Any) -> Any:
    """Return named tuples as dicts and tuples as lists, all the way down."""
    if hasattr(value, "_fields"):
        shown: Dict[str, Any] = {}
        for name in value._fields:
            field = getattr(value, name)
            shown[name] = plain(field)
            if name in TIMES and not hasattr(field, "_fields"):
                shown[name + "_utc"] = iso(field) if field else None
        return shown
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    return value


def iso(epoch: float) -> str:
    """Return "2023-02-20T12:00:00Z"."""
    return moment.utc(epoch).replace(" ", "T") + "Z"
