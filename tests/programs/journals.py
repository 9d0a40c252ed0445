# SPDX-License-Identifier: Apache-2.0
"""Real systemd journals for tests, written by systemd-journal-remote in the export format."""

import struct
import subprocess
from pathlib import Path
from typing import Dict, List, Union

Field = Union[str, bytes, List[str]]
Fields = Dict[str, Field]
BOOT = "03aec8b039574c25a50af761b03ea30b"
SYSTEMD = {"_COMM": "systemd", "_PID": "1", "_SYSTEMD_UNIT": "init.scope"}


def libvirtd(message: Field, **other: Field) -> Fields:
    """An entry as libvirtd 9.0 writes it (recorded)."""
    fields: Fields = {
        "MESSAGE": message,
        "PRIORITY": "3",
        "_COMM": "libvirtd",
        "_SYSTEMD_UNIT": "libvirtd.service",
        "LIBVIRT_DOMAIN": "7",
        "LIBVIRT_CODE": "38",
        "CODE_FUNC": "virNetTLSContextCheckCertTimes",
    }
    return dict(fields, **other)


def systemd(message: str, unit: str = "libvirtd.service", **other: Field) -> Fields:
    """An entry of PID 1 about a unit."""
    fields: Fields = dict(SYSTEMD)
    return dict(fields, MESSAGE=message, UNIT=unit, **dict({"PRIORITY": "4"}, **other))


def failed_start(unit: str = "libvirtd.service", **other: Field) -> Fields:
    """Systemd's "Failed to start"."""
    return systemd(
        "Failed to start Virtualization daemon.",
        unit,
        PRIORITY="3",
        MESSAGE_ID="be02cf6855d2428ba40df7e9d022f03d",
        JOB_RESULT="failed",
        **other,
    )


def write(program: str, directory: Path, entries: List[Fields], start: int = 1676894400) -> None:
    """Write a journal; an entry a second of uptime, `wall` in an entry steps the clock."""
    directory.mkdir(parents=True)
    data = b""
    wall = start
    for number, fields in enumerate(entries):
        fields = dict(fields)
        wall = int(str(fields.pop("wall", wall + 1)))
        data += b"__REALTIME_TIMESTAMP=%d\n" % (wall * 10**6)
        data += b"__MONOTONIC_TIMESTAMP=%d\n" % ((100 + number) * 10**6)
        data += b"_BOOT_ID=%s\n" % str(fields.pop("boot", BOOT)).encode()
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                data += _exported(name, one)
        data += b"\n"
    argv = [program, "--output", str(directory / "test.journal"), "-"]
    subprocess.run(argv, input=data, check=True, stderr=subprocess.PIPE)


def _exported(name: str, value: Union[str, bytes]) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode("utf-8")
    return name.encode() + b"\n" + struct.pack("<Q", len(raw)) + raw + b"\n"
