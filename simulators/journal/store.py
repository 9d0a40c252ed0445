# SPDX-License-Identifier: Apache-2.0
"""The file W/journal: length-prefixed blocks of records; the world's state says how much counts.

What a killed program wrote beyond the committed size is overwritten by the next one.
"""

import marshal
import os

from simulators.world import World


def append(world: World) -> None:
    """Write the new records behind the committed ones; the state's rename commits them."""
    journal = world.state["journal"]
    data = marshal.dumps(world.new_entries)
    block = len(data).to_bytes(4, "little") + data
    target = os.open(world.directory + "/journal", os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.ftruncate(target, journal["size"])
        os.lseek(target, journal["size"], os.SEEK_SET)
        while block:
            written = os.write(target, block)
            block = block[written:]
            journal["size"] += written
    finally:
        os.close(target)
    world.new_entries = []


def records(world: World) -> list:
    """Return all records in the order they were written."""
    size = world.state["journal"]["size"]
    found = []
    if size:
        with open(world.directory + "/journal", "rb") as source:
            data = memoryview(source.read(size))
        at = 0
        while at < size:
            length = int.from_bytes(data[at : at + 4], "little")
            found += marshal.loads(data[at + 4 : at + 4 + length])
            at += 4 + length
    return found + list(world.new_entries)
