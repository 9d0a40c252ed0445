# SPDX-License-Identifier: Apache-2.0
"""File modes as chmod takes them. Imports nothing."""


def changed(text: str, present: int) -> int:
    """Return the mode that `text`, octal or symbolic, makes of the present one."""
    if text.isdigit():
        return int(text, 8)
    bits = {"r": 4, "w": 2, "x": 1}
    for clause in text.split(","):
        at = next(at for at, letter in enumerate(clause) if letter in "+-=")
        value = sum(bits[letter] for letter in clause[at + 1 :])
        for who in clause[:at].replace("a", "ugo") or "ugo":
            shift = {"u": 6, "g": 3, "o": 0}[who]
            if clause[at] == "=":
                present &= ~(7 << shift)
            present = present & ~(value << shift) if clause[at] == "-" else present | value << shift
    return present
