# SPDX-License-Identifier: Apache-2.0
"""Processes that a test has started, and what becomes of them."""

import time
from typing import Callable


def wait_for(seen: Callable[[], bool], within: float) -> None:
    """Look again and again; a failure after so many seconds."""
    end = time.monotonic() + within
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
