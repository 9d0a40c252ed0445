# SPDX-License-Identifier: Apache-2.0
"""systemctl is-active, is-failed, is-system-running."""

from simulators.entry import Call
from simulators.systemd import definitions, records, texts


def _state(call: Call, name: str) -> str:
    if definitions.get(call.world, name) is None and texts.systemd(call.world) < 239:
        return "unknown"
    return records.of(call.world, name)["active"]


def is_active(call: Call, options: dict, names: list) -> int:
    states = [_state(call, name) for name in names]
    if "quiet" not in options:
        call.out("".join(state + "\n" for state in states))
    return 0 if any(state in ("active", "reloading") for state in states) else 3


def is_failed(call: Call, options: dict, names: list) -> int:
    states = [_state(call, name) for name in names]
    if "quiet" not in options:
        call.out("".join(state + "\n" for state in states))
    return 0 if "failed" in states else 1


def is_system_running(call: Call, options: dict, names: list) -> int:
    failed = [r for r in call.world.state["units"].values() if r["active"] == "failed"]
    call.out("degraded\n" if failed else "running\n")
    return 1 if failed else 0
