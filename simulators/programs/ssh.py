# SPDX-License-Identifier: Apache-2.0
"""ssh to the engine VM or a further node: a command, a shell, or a shared connection.

Imports `ssh_client`, `ssh_options`, `ssh_peers`, `engine_shell`, `engine_terminal`, `names`.
"""

import os
from typing import List

from simulators import engine_shell, engine_terminal, names, ssh_client, ssh_options, ssh_peers
from simulators import world as world_module
from simulators.entry import Call

INTERACTIVE = True
COST = 0.05
VERSION = {
    "el7": "OpenSSH_7.4p1, OpenSSL 1.0.2k-fips  26 Jan 2017\n",
    "el8": "OpenSSH_8.0p1, OpenSSL 1.1.1k  FIPS 25 Mar 2021\n",
    "el9": "OpenSSH_8.7p1, OpenSSL 3.0.7 1 Nov 2022\n",
}
CLOSED = "Connection to %s closed by remote host.\r\n"
BROKEN = {
    "el7": "packet_write_wait: Connection to %s port 22: Broken pipe\r\n" % names.ENGINE_ADDRESS,
    "el8": "client_loop: send disconnect: Broken pipe\r\n",
    "el9": "client_loop: send disconnect: Broken pipe\r\n",
}


def main(call: Call) -> int:
    options = ssh_options.Options(call.argv[1:])
    if "V" in options.flags:
        call.err(VERSION[call.world.state["release"]])
        return 0
    if not options.words:
        call.err(
            "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface]\n"
            "           destination [command [argument ...]]\n"
        )
        return 255
    login = ssh_client.Login(call, options, options.words[0])
    if options.control:
        status, text = login.control(options.control)
        call.err(text)
        return status
    try:
        login.establish()
    except ssh_client.Failed as failed:
        call.err(str(failed))
        return 255
    if "N" in options.flags:
        return 0
    assert login.peer is not None  # nobody else can be connected to
    if len(options.words) > 1:
        text = " ".join(options.words[1:])
        data = b""
        if "n" not in options.flags and engine_shell.wants_input(text):
            data = call.stdin()
        shell = login.peer.shell()
        shell.terminal = _terminal(call, options)
        return _line(call, login.peer, shell, text, data)
    return _shell(call, login, login.peer)


def _line(
    call: Call, peer: ssh_peers.Peer, shell: engine_shell.Shell, text: str, data: bytes
) -> int:
    result = peer.run(lambda: _run(call, shell, text, data))
    if result is None:
        call.err(CLOSED % peer.short)
        shell.left = 255
        return 255
    if result.status == 255 and result.errors == _broken(call):
        shell.left = 255
    call.out(result.output)
    call.err(result.errors)
    return result.status


def _terminal(call: Call, options: ssh_options.Options) -> engine_terminal.Terminal:
    """With -t, and a terminal at this end, or with -tt the far end has one too."""
    wanted = options.flags.count("t")
    tty = wanted > 1 or (wanted == 1 and os.isatty(0))
    return engine_terminal.Terminal(call, tty, "n" in options.flags)


def _run(call: Call, shell: engine_shell.Shell, text: str, data: bytes) -> engine_shell.Result:
    try:
        return shell.run(text, data)
    except engine_terminal.Gone:
        return engine_shell.Result(255, b"", _broken(call))


def _broken(call: Call) -> bytes:
    return BROKEN[world_module.seen(call.world)["release"]].encode()


def _shell(call: Call, login: ssh_client.Login, peer: ssh_peers.Peer) -> int:
    from simulators import terminal

    shell = peer.shell()
    status = 0
    shown = os.isatty(0)
    shell.terminal = engine_terminal.Terminal(call, shown, False)
    while shell.left is None:
        prompt = "[root@%s %s]# " % (peer.short, _place(shell.cwd)) if shown else ""
        line = terminal.line(call, prompt, False) if shown else terminal.read_line()
        if line is None:
            break
        status = _line(call, peer, shell, line, b"")
    if shown:
        call.out("logout\n")
        call.err("Connection to %s closed.\r\n" % login.host)
    return status if shell.left is None else shell.left


def _place(cwd: str) -> str:
    parts: List[str] = cwd.rstrip("/").split("/")
    return "~" if cwd == "/root" else parts[-1] or "/"
