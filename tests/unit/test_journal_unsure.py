# SPDX-License-Identifier: Apache-2.0
"""A record whose fate is not known, and what is written after it."""

from pathlib import Path

import pytest

from recovery import errors
from recovery import journal as journals
from recovery.local_host import LocalHost
from tests.unit import nodes


class Unsure(LocalHost):
    """The record lies on the disk, and whoever wrote it was told that it failed."""

    def append(self, path: str, data: bytes) -> None:
        super().append(path, data)
        if self.fails:
            raise errors.FileError("append to", path, "Input/output error")

    fails = False


def test_write_that_failed_after_all_was_written_gives_no_number_twice(
    tmp_path: Path,
) -> None:
    node = nodes.Node(tmp_path)
    journals.create(node.host, nodes.plan("a", "b"), {})
    host = Unsure(str(node.place("/")), node.host.programs)
    journal = journals.reopen(host, "run-1")
    host.fails = True
    with pytest.raises(errors.FileError):
        journal.write(journals.UNDONE, "a")
    host.fails = False
    journal.write(journals.UNDONE, "b")
    found = journals.load(node.host, "run-1").records
    assert [one.seq for one in found] == list(range(1, len(found) + 1))
    assert [one.step for one in found[-2:]] == ["a", "b"]
