# SPDX-License-Identifier: Apache-2.0
"""Another node behind an `ssh` that runs the line itself, by a real shell and real coreutils."""

import os
import stat
from pathlib import Path

from recovery import host, ssh_host
from recovery.local_host import LocalHost
from recovery.programs import ssh

NODE = "virt-host2.example.test"
OWNER = "virt-host1.example.test 64d13115"
PROGRAMS = "/usr/bin:/bin"
# The line is the last word; what comes before it is ssh's own.
CLIENT = """#!/bin/sh
printf '%%s\\n' "$*" >> %(calls)s
[ ! -e %(down)s ] || { echo 'mux_client_request_session: session request failed' >&2; exit 255; }
for line; do :; done
PATH=%(programs)s exec %(shell)s -c "$line"
"""
BYTES = bytes(range(256)) * 40 + b"\n\n"
AWKWARD = 'it\'s a "name" $HOME `x`;&| \\'


class Place:
    """An adapter, a directory of the node, and what ssh was told."""

    def __init__(self, node: host.Host, folder: Path) -> None:
        self.node = node
        self.folder = folder
        self.calls = folder.parent / "calls"
        self.down = folder.parent / "down"

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def told(self) -> str:
        return self.calls.read_text()


def far(tmp_path: Path, shell: str, programs: str = PROGRAMS) -> Place:
    """A node behind an `ssh` that is a shell of this machine, with these programs."""
    folder, client = tmp_path / "node", tmp_path / "client"
    folder.mkdir()
    client.mkdir()
    words = {
        "calls": tmp_path / "calls",
        "down": tmp_path / "down",
        "programs": programs,
        "shell": shell,
    }
    (client / "ssh").write_text(CLIENT % words)
    (client / "ssh").chmod(0o755)
    here = LocalHost("/", "%s:%s" % (client, PROGRAMS))
    return Place(ssh_host.SshHost(here, ssh.Target(NODE, role="node"), OWNER), folder)


def mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)
