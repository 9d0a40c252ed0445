# SPDX-License-Identifier: Apache-2.0
"""systemctl: units' states and the orders to units (man systemctl)."""

from typing import Dict, List, Sequence

from recovery import errors, host, observation

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "ExecMainStatus",
    "ActiveEnterTimestampMonotonic",
    "InvocationID",
)
# TimeoutStartSec is 90 s by default, and a restart may first have to wait for a stop.
JOB_TIMEOUT = 240


def version(node: host.Host) -> int:
    """Return systemd's major version: 219 on EL7, 239 on EL8, 252 on EL9."""
    argv = ["systemctl", "--version"]
    text = node.run(argv).stdout
    words = text.split()
    if len(words) < 2 or words[0] != "systemd" or not words[1].isdigit():
        raise errors.UnexpectedOutput(argv, text, "`systemd NUMBER`")
    return int(words[1])


def show(node: host.Host, names: Sequence[str]) -> List[observation.Unit]:
    """Return the units' states, one for each name, in the order asked.

    A unit that does not exist has load "not-found" (systemctl ends with 0 all the same).
    """
    argv = ["systemctl", "show", "--no-pager", "-p", ",".join(PROPERTIES)] + list(names)
    text = node.run(argv).stdout
    blocks = [block for block in text.strip().split("\n\n") if block]
    if len(blocks) != len(names):
        raise errors.UnexpectedOutput(argv, text, "%d units" % len(names))
    return [_unit(name, _fields(argv, block)) for name, block in zip(names, blocks)]


def _fields(argv: Sequence[str], block: str) -> Dict[str, str]:
    fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    if "ActiveState" not in fields or "LoadState" not in fields:
        raise errors.UnexpectedOutput(argv, block, "ActiveState= and LoadState=")
    return fields


def _unit(name: str, fields: Dict[str, str]) -> observation.Unit:
    return observation.Unit(
        name=name,
        load=fields["LoadState"],
        active=fields["ActiveState"],
        sub=fields.get("SubState", ""),
        result=fields.get("Result", ""),
        enabled=fields.get("UnitFileState", ""),
        exec_status=_number(fields.get("ExecMainStatus", "")),
        entered_active=_number(fields.get("ActiveEnterTimestampMonotonic", "")),
        invocation=fields.get("InvocationID", ""),
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def start(node: host.Host, *units: str) -> None:
    node.run(["systemctl", "start"] + list(units), timeout=JOB_TIMEOUT)


def stop(node: host.Host, *units: str) -> None:
    node.run(["systemctl", "stop"] + list(units), timeout=JOB_TIMEOUT)


def restart(node: host.Host, *units: str) -> None:
    node.run(["systemctl", "restart"] + list(units), timeout=JOB_TIMEOUT)


def reset_failed(node: host.Host, *units: str) -> None:
    """Clear failed states and start-limit counters; a unit that is not loaded has none.

    systemctl ends with 1 for a unit it has not loaded (systemd: src/core/dbus-manager.c).
    """
    output = node.run(["systemctl", "reset-failed"] + list(units), ok=(0, 1))
    other = [line for line in output.stderr.splitlines() if "not loaded" not in line]
    if output.status and other:
        raise errors.ProgramFailed(["systemctl", "reset-failed"], 1, "", "\n".join(other))


def mask(node: host.Host, *units: str) -> None:
    """Keep units from being started by anything until the next boot."""
    node.run(["systemctl", "mask", "--runtime"] + list(units))


def unmask(node: host.Host, *units: str) -> None:
    node.run(["systemctl", "unmask", "--runtime"] + list(units))


def enable(node: host.Host, *units: str) -> None:
    node.run(["systemctl", "enable"] + list(units))


def disable(node: host.Host, *units: str) -> None:
    node.run(["systemctl", "disable"] + list(units))


def daemon_reload(node: host.Host) -> None:
    node.run(["systemctl", "daemon-reload"], timeout=JOB_TIMEOUT)
