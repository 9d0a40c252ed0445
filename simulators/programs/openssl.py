# SPDX-License-Identifier: Apache-2.0
"""openssl on the node: s_client from the simulated daemons, all the rest by the real program.

Imports `openssl_call` and, for s_client, `tls_client`.
"""

import os
from typing import List

from simulators import openssl_call
from simulators.entry import Call

READS_INPUT = ("x509", "req", "rsa", "pkey", "verify", "asn1parse", "crl", "enc", "dgst")


def main(call: Call) -> int:
    words = call.argv[1:]
    if words[:1] == ["s_client"]:
        from simulators import tls_client

        return tls_client.run(call, words)
    world = call.world
    data = call.stdin() if _needs_input(words) else None
    root = world.node("/").rstrip("/")
    here = os.getcwd()
    cwd = here if (here + "/").startswith(root + "/") else root
    env = {"LC_ALL": "C", "TZ": "UTC", "HOME": root + "/root"}
    status, output, errors = openssl_call.run(
        world.state["openssl"], words, world.wall(), world.node, cwd, data, env
    )
    call.out(output)
    call.err(errors)
    return status


def _needs_input(words: List[str]) -> bool:
    """Standard input is read only where openssl would: no -in, or -in -."""
    if words[:1] and words[0] not in READS_INPUT or os.isatty(0):
        return False
    if words[:1] == ["verify"]:
        return False
    generates = "-new" in words or "-newkey" in words
    return bool(words) and "-in" not in words and not generates
