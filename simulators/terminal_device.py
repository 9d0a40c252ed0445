# SPDX-License-Identifier: Apache-2.0
"""Questions on /dev/tty, whatever standard input is. Imports nothing of ours."""

import os
from typing import Optional


def present() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def ask(prompt: str, hidden: bool) -> Optional[str]:
    """Print the prompt and read one line; a hidden one without echo; None at the end."""
    import termios

    tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(tty)
    try:
        if hidden:
            silent = list(before)
            silent[3] = int(before[3]) & ~termios.ECHO
            termios.tcsetattr(tty, termios.TCSAFLUSH, silent)
        os.write(tty, prompt.encode())
        data = b""
        while not data.endswith(b"\n"):
            piece = os.read(tty, 1024)
            if not piece:
                return None
            data += piece
        return data.decode("utf-8", "replace").rstrip("\n")
    finally:
        if hidden:
            termios.tcsetattr(tty, termios.TCSANOW, before)
            os.write(tty, b"\n")
        os.close(tty)
