# SPDX-License-Identifier: Apache-2.0
"""hosted-engine: HA state, maintenance modes and the engine VM's start."""

import json
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from recovery import errors, host

# --vm-start asks vdsm twice, and each answer may take 60 s where TLS is refused.
VM_START_TIMEOUT = 200
CONF = "/etc/ovirt-hosted-engine/hosted-engine.conf"
HA_CONF = "/var/lib/ovirt-hosted-engine-ha/ha.conf"
NOT_RETRIEVED = "has not been retrieved from shared storage"


class HostStatus(NamedTuple):
    """What HA knows of one node; `live` False means the rest is stale."""

    host_id: str
    hostname: str
    live: bool
    vm: str  # up, down, down_unexpected ...
    health: str  # good, bad, unknown
    detail: str  # vdsm's word: Up, Powering up, Paused ...
    maintenance: bool


class Status(NamedTuple):
    """The cluster as the HA broker of this node sees it."""

    global_maintenance: bool
    hosts: Tuple[HostStatus, ...]

    def up(self) -> List[HostStatus]:
        """Return the hosts that are known to have the engine VM."""
        return [host for host in self.hosts if host.live and host.vm == "up"]


def vm_status(node: host.Host) -> Status:
    """Ask the broker. Raises: ProgramFailed (broker down), UnexpectedOutput (not JSON).

    With the broker down the JSON mode prints a traceback or a Python dict instead of JSON.
    """
    argv = ["hosted-engine", "--vm-status", "--json"]
    text = node.run(argv, timeout=90).stdout
    try:
        parsed = json.loads(text)
    except ValueError:
        raise errors.UnexpectedOutput(argv, text, "JSON") from None
    if not isinstance(parsed, dict) or "global_maintenance" not in parsed:
        raise errors.UnexpectedOutput(argv, text, "the key global_maintenance")
    rows = [value for value in parsed.values() if isinstance(value, dict)]
    return Status(bool(parsed["global_maintenance"]), tuple(_host(row) for row in rows))


def _host(row: Dict[str, Any]) -> HostStatus:
    engine = row.get("engine-status")
    engine = engine if isinstance(engine, dict) else {}
    return HostStatus(
        host_id=str(row.get("host-id", "")),
        hostname=str(row.get("hostname", "")),
        live=bool(row.get("live-data", False)),
        vm=str(engine.get("vm", "")),
        health=str(engine.get("health", "")),
        detail=str(engine.get("detail", "")),
        maintenance=bool(row.get("maintenance", False)),
    )


def set_maintenance(node: host.Host, mode: str) -> None:
    """Set the mode: global, local or none. Silent on success. Raises: ProgramFailed."""
    node.run(["hosted-engine", "--set-maintenance", "--mode=%s" % mode], timeout=120)


def vm_start(node: host.Host) -> None:
    """Start the engine VM through vdsm. Raises: ProgramFailed."""
    node.run(["hosted-engine", "--vm-start"], timeout=VM_START_TIMEOUT)


def configuration(node: host.Host) -> Dict[str, str]:
    """Return hosted-engine.conf (fqdn, host_id ...). Raises: FileMissing (not deployed)."""
    return _pairs(node.read(CONF).decode("utf-8", "replace"))


def local_maintenance(node: host.Host) -> Optional[bool]:
    """Return what ha.conf says of local maintenance; None without the file."""
    try:
        pairs = _pairs(node.read(HA_CONF).decode("utf-8", "replace"))
    except errors.FileMissing:
        return None
    return pairs.get("local_maintenance", "False") == "True"


def _pairs(text: str) -> Dict[str, str]:
    lines: List[str] = [line for line in text.splitlines() if "=" in line]
    split = [line.split("=", 1) for line in lines if not line.lstrip().startswith("#")]
    return {key.strip(): value.strip() for key, value in split}
