# SPDX-License-Identifier: Apache-2.0
"""ssh-keygen: fingerprints and known_hosts look-ups; everything else is the real program.

Imports `ssh_client` and `openssl_call` (which maps paths).
"""

import os
from typing import List

from simulators import openssl_call, ssh_client
from simulators.entry import Call


def main(call: Call) -> int:
    words = call.argv[1:]
    letters = "".join(word[1:] for word in words if word.startswith("-") and len(word) > 1)
    if "l" in letters and "L" not in letters and "F" not in letters:
        return _fingerprints(call, words[-1])
    return _real(call, words)


def _fingerprints(call: Call, path: str) -> int:
    if path == "-":
        text = call.stdin().decode("utf-8", "replace")
    else:
        try:
            with open(call.world.node(path)) as file:
                text = file.read()
        except OSError as error:
            call.err("ssh-keygen: %s: %s\r\n" % (path, error.strerror))
            return 255
    shown = [
        _fingerprint(line)
        for line in text.splitlines()
        if "ssh-" in line and not line.startswith("#")
    ]
    if not shown:
        call.err("%s is not a public key file.\r\n" % ("(stdin)" if path == "-" else path))
        return 255
    call.out("".join(shown))
    return 0


def _fingerprint(line: str) -> str:
    import base64

    words = line.split()
    at = next(at for at, word in enumerate(words) if word.startswith("ssh-"))
    comment = words[0] if at else " ".join(words[2:]) or "no comment"
    blob = base64.b64decode(words[at + 1])
    kind = words[at].replace("ssh-", "").upper()
    bits = 256 if kind == "ED25519" else _bits(blob)
    return "%d %s %s (%s)\n" % (bits, ssh_client.fingerprint("x " + words[at + 1]), comment, kind)


def _bits(blob: bytes) -> int:
    """The size of an RSA key: the third string of its blob."""
    fields: List[bytes] = []
    at = 0
    while at + 4 <= len(blob):
        length = int.from_bytes(blob[at : at + 4], "big")
        fields.append(blob[at + 4 : at + 4 + length])
        at += 4 + length
    return int.from_bytes(fields[2], "big").bit_length()


def _real(call: Call, words: List[str]) -> int:
    program = call.world.state["ssh_keygen"]
    if not program:
        call.err("ssh-keygen: this rehearsal has no real ssh-keygen to ask\n")
        return 255
    import subprocess

    mapped = openssl_call.paths(words, call.world.node)
    process = subprocess.Popen(
        [program] + mapped,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.path.dirname(program), "TZ": "UTC"},
        cwd=call.world.node("/"),
    )
    output, errors = process.communicate()
    root = call.world.node("/").encode().rstrip(b"/")
    call.out(output.replace(root, b""))
    call.err(errors.replace(root, b""))
    return process.returncode
