# SPDX-License-Identifier: Apache-2.0
"""The command lines of ssh and scp. Imports nothing of ours."""

from typing import Dict, List

WITH_VALUE = "BbcDEeFIiJLlmOopQRSWwP"


class Options:
    """Options by their ssh_config names in lower case; `words` is what follows them."""

    def __init__(self, words: List[str], port_letter: str = "p") -> None:
        self.values: Dict[str, str] = {}
        self.identities: List[str] = []
        self.control = ""
        self.flags = ""
        self.words: List[str] = []
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                self.words += rest
                break
            if not word.startswith("-") or word == "-":
                self.words.append(word)
                if port_letter == "p":
                    self.words += rest
                    break
                continue
            self._letters(word[1:], rest, port_letter)

    def _letters(self, letters: str, rest: List[str], port_letter: str) -> None:
        for at, letter in enumerate(letters):
            # scp's own -p (keep times) and -O (its old protocol) are followed by nothing.
            takes = letter in WITH_VALUE and not (letter in "pO" and port_letter == "P")
            if not takes:
                self.flags += letter
                continue
            value = letters[at + 1 :] or (rest.pop(0) if rest else "")
            self._set(letter, value, port_letter)
            return

    def _set(self, letter: str, value: str, port_letter: str) -> None:
        if letter == "o":
            name, _, setting = value.replace(" ", "=", 1).partition("=")
            if name.lower() == "identityfile":
                self.identities.append(setting)
            # ssh keeps the first value it meets
            self.values.setdefault(name.strip().lower(), setting.strip().strip('"'))
        elif letter == port_letter:
            self.values.setdefault("port", value)
        elif letter == "l":
            self.values.setdefault("user", value)
        elif letter == "i":
            self.identities.append(value)
        elif letter == "S":
            self.values.setdefault("controlpath", value)
        elif letter == "O":
            self.control = value

    def get(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def on(self, name: str) -> bool:
        return self.get(name).lower() in ("yes", "true")
