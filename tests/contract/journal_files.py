# SPDX-License-Identifier: Apache-2.0
"""A simulated world's journal written as real journal files, rotated where the world rotated.

systemd-journal-remote writes the files; afterwards the sequence numbers are made those of the one
journald that the world simulates, since journalctl orders files of different writers by time.
"""

import struct
import subprocess
from pathlib import Path
from typing import Any, Dict, List

from simulators import install
from simulators.journal import processes, store

ENTRY = 3
# Offsets in the header of a journal file (systemd: src/libsystemd/sd-journal/journal-def.h).
SEQNUM_ID, HEADER_SIZE, TAIL_OBJECT, TAIL_SEQNUM, HEAD_SEQNUM = 72, 88, 136, 160, 168


def write(program: str, world: install.World, directory: Path) -> None:
    """Write all entries of the world's journal below the directory (which must not exist)."""
    directory.mkdir(parents=True)
    with world.opened() as opened:
        records, state = store.records(opened), opened.state
    files: Dict[int, List[Any]] = {}
    for record in records:
        files.setdefault(record[4], []).append(record)
    for number, group in files.items():
        path = directory / ("system%d.journal" % number)
        data = b"".join(_exported(record, state) for record in group)
        argv = [program, "--output", str(path), "-"]
        subprocess.run(argv, input=data, check=True, stderr=subprocess.PIPE)
        _renumber(path, state["journal"]["id"], [record[0] for record in group])


def _exported(record: Any, state: Dict[str, Any]) -> bytes:
    data = b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n" % (record[3], record[2])
    fields = processes.complete(record, state)
    data += b"_BOOT_ID=%s\n" % fields.pop("_BOOT_ID").encode()  # binary, it would not be seen
    for name, value in fields.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            raw = one if isinstance(one, bytes) else str(one).encode("utf-8")
            data += name.encode() + b"\n" + struct.pack("<Q", len(raw)) + raw + b"\n"
    return data + b"\n"


def _renumber(path: Path, seqnum_id: str, numbers: List[int]) -> None:
    data = bytearray(path.read_bytes())
    data[SEQNUM_ID : SEQNUM_ID + 16] = bytes.fromhex(seqnum_id)
    struct.pack_into("<Q", data, HEAD_SEQNUM, numbers[0])
    struct.pack_into("<Q", data, TAIL_SEQNUM, numbers[-1])
    waiting = list(numbers)
    at, last = _number(data, HEADER_SIZE), _number(data, TAIL_OBJECT)
    while at <= last:
        if data[at] == ENTRY:
            struct.pack_into("<Q", data, at + 16, waiting.pop(0))
        at += (_number(data, at + 8) + 7) // 8 * 8
    assert not waiting
    path.write_bytes(bytes(data))


def _number(data: bytearray, offset: int) -> int:
    return int(struct.unpack_from("<Q", data, offset)[0])
