# SPDX-License-Identifier: Apache-2.0
"""A value that must not be seen. Imports nothing of ours."""


class Secret:
    """Hold a password so that printing, logging or journaling it shows stars.

    `reveal` is called on the last line before a dialogue or a program's input sends it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return "********"

    __repr__ = __str__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be stored")
