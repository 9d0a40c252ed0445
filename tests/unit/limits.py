# SPDX-License-Identifier: Apache-2.0
"""Calls made in a forked child that lacks something: disk space, rights."""

import os
import resource
from typing import Any, Callable, Tuple

NOBODY = 65534
Said = Tuple[str, str]  # the error's class and first line, ("", "") without one


def with_file_size(size: int, call: Callable[[], Any]) -> Said:
    """Call where no file can grow beyond `size`: the write that does fails, as on a full disk."""
    return _forked(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)), call)


def without_rights(call: Callable[[], Any]) -> Said:
    """Call as a user that owns nothing; a tester without root is one already."""
    return _forked(lambda: os.seteuid(NOBODY) if os.geteuid() == 0 else None, call)


def _forked(prepare: Callable[[], Any], call: Callable[[], Any]) -> Said:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(prepare, call, writing)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    kind, _, text = said.partition(":")
    return kind, text


def _answer(prepare: Callable[[], Any], call: Callable[[], Any], writing: int) -> None:
    """Never returns: the child must not go on with the parent's tests."""
    said = ":"
    try:
        prepare()
        call()
    except BaseException as caught:
        said = "%s:%s" % (type(caught).__name__, str(caught).split("\n")[0])
    os.write(writing, said.encode("utf-8", "replace"))
    os._exit(0)
