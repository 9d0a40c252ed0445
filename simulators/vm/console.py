# SPDX-License-Identifier: Apache-2.0
"""Joins a person's terminal to the machine's serial console until Ctrl-] or the machine's end."""

import contextlib
import os
import select
import shutil
import socket
import sys
import termios
import tty

LEAVE = b"\x1d"  # Ctrl-], as in telnet and `virsh console`


def attach(path: str) -> None:
    """Carry keys there and text back. Needs a terminal on standard input."""
    keys, screen = sys.stdin.fileno(), sys.stdout.fileno()
    with socket.socket(socket.AF_UNIX) as console:
        console.connect(path)
        size = shutil.get_terminal_size()
        # A serial line does not know how large the terminal is; the shell then draws a prompt.
        console.sendall(b"stty rows %d cols %d; clear\r" % (size.lines, size.columns))
        before = termios.tcgetattr(keys)
        try:
            tty.setraw(keys)
            _carry(keys, screen, console)
        finally:
            with contextlib.suppress(termios.error):  # the window may be closed
                termios.tcsetattr(keys, termios.TCSADRAIN, before)


def _carry(keys: int, screen: int, console: socket.socket) -> None:
    while True:
        for ready in select.select([keys, console.fileno()], [], [])[0]:
            data = os.read(ready, 4096)
            if not data or ready == keys and LEAVE in data:
                return
            os.write(screen if ready != keys else console.fileno(), data)
