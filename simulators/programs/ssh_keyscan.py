# SPDX-License-Identifier: Apache-2.0
"""ssh-keyscan of whom ssh can reach. Imports `ssh_client`, `ssh_options`, `ssh_peers`."""

from typing import List, Tuple

from simulators import ssh_client, ssh_options, ssh_peers
from simulators.entry import Call

INTERACTIVE = True  # the other side may be a world of its own
COST = 0.2


def main(call: Call) -> int:
    options = ssh_options.Options(call.argv[1:])
    types, hosts = _types_and_hosts(call.argv[1:])
    status = 1
    for host in hosts:
        peer = ssh_peers.find(call, host)
        if peer is None:
            # Once for each type of key: five since OpenSSH 8.2 (ssh-keyscan.c: get_keytypes).
            kinds = 5 if call.world.state["release"] == "el9" else 3
            call.err(("getaddrinfo %s: Name or service not known\n" % host) * kinds)
        elif not peer.answers() or options.get("port", "22") != "22":
            with call.world:
                call.world.advance(5.0)
        else:
            call.err("# %s:22 SSH-2.0-OpenSSH_8.0\n" % host)
            if not types or "rsa" in types.split(","):
                call.out("%s %s\n" % (host, ssh_client.host_key(peer)))
            status = 0
    return status


def _types_and_hosts(words: List[str]) -> Tuple[str, List[str]]:
    types, hosts = "", []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-t", "-p", "-T", "-f"):
            value = rest.pop(0) if rest else ""
            types = value if word == "-t" else types
        elif not word.startswith("-"):
            hosts.append(word)
    return types, hosts
