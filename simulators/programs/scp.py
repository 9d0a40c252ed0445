# SPDX-License-Identifier: Apache-2.0
"""scp between the node and the engine VM, as it speaks by its old protocol: always before 8.7, with
-O since. Imports `engine_vm`, `ssh_client` and `ssh_options`."""

import os
from typing import Tuple

from simulators import engine_vm, ssh_client, ssh_options
from simulators.entry import Call

INTERACTIVE = True


def main(call: Call) -> int:
    options = ssh_options.Options(call.argv[1:], "P")
    if len(options.words) < 2:
        call.err("usage: scp [-346BCpqrTv] [-o ssh_option] [-P port] source ... target\n")
        return 1
    remote = [word for word in options.words if ":" in word.partition("/")[0]]
    if remote:
        login = ssh_client.Login(call, options, remote[0].partition(":")[0])
        try:
            login.establish()
        except ssh_client.Failed as failed:
            call.err(str(failed) + "lost connection\n")
            return 1
    with call.world:
        call.world.advance(0.3)
        return max([_copy(call, source, options) for source in options.words[:-1]])


def _copy(call: Call, source: str, options: ssh_options.Options) -> int:
    origin, told = _place(call, source)
    target, refused = _place(call, options.words[-1])
    try:
        if os.path.isdir(origin):
            call.err("%s: not a regular file\n" % told)
            return 1
        with open(origin, "rb") as file:
            data = file.read()
        mode = os.stat(origin).st_mode & 0o777
    except OSError as error:
        call.err("%s: %s\n" % (told, error.strerror))
        return 1
    if os.path.isdir(target):
        target = os.path.join(target, os.path.basename(origin))
    present = os.path.exists(target)
    remote = target.startswith(call.world.engine("/"))
    try:
        with open(target, "wb") as file:
            if remote and engine_vm.disk_full(call.world):
                raise OSError(28, "No space left on device")
            file.write(data)
    except OSError as error:
        call.err("%s: %s\n" % (refused, error.strerror))
        return 1
    if not present or "p" in options.flags:
        os.chmod(target, mode if "p" in options.flags else mode & 0o755)
    return 0


def _place(call: Call, word: str) -> Tuple[str, str]:
    """The real path of an operand, and how scp names it: the one over there says who it is."""
    host, mark, path = word.partition(":")
    if mark and "/" not in host:
        return call.world.engine(os.path.join("/root", path)), "scp: " + path
    return call.world.node(_absolute(call, word)), word


def _absolute(call: Call, path: str) -> str:
    root = call.world.directory + "/root"
    here = os.getcwd()
    inside = here[len(root) :] or "/" if (here + "/").startswith(root + "/") else "/root"
    return os.path.join(inside, path)
