# SPDX-License-Identifier: Apache-2.0
"""OpenSSH's client side up to a login: connection, host key, authentication, shared master.

Imports `ssh_options`, `ssh_peers` and, when it has to ask, `terminal_device`.
"""

import os
from typing import List, Optional, Tuple

from simulators import ssh_options, ssh_peers
from simulators import world as world_module
from simulators.entry import Call

METHODS = "publickey,gssapi-keyex,gssapi-with-mic,password"
CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Someone could be eavesdropping on you right now (man-in-the-middle attack)!
It is also possible that a host key has just been changed.
The fingerprint for the RSA key sent by the remote host is
%s.
Please contact your system administrator.
Add correct host key in %s to get rid of this message.
"""


class Failed(Exception):
    """The connection is not made; the text goes to standard error, the status is 255."""


class Login:
    """One attempt to log in at `target` ([user@]host); the world is closed between its parts."""

    def __init__(self, call: Call, options: ssh_options.Options, target: str) -> None:
        self.call = call
        self.options = options
        user, _, host = target.rpartition("@")
        self.user = user or options.get("user", "root")
        self.host = host
        self.port = options.get("port", "22")
        self.peer = ssh_peers.find(call, self.host)

    def establish(self) -> None:
        peer = self._found()
        if self._shares_master(peer):
            with self.call.world:
                self.call.world.advance(0.1)
            return
        self._connect(peer)
        self._check_host_key(peer)
        self._authenticate(peer)
        with self.call.world:
            self.call.world.advance(0.4)
        self._become_master(peer)

    def _found(self) -> ssh_peers.Peer:
        if self.peer is None:
            raise Failed(
                "ssh: Could not resolve hostname %s: Name or service not known\r\n" % self.host
            )
        return self.peer

    # The shared connection

    def control_path(self) -> str:
        path = self.options.get("controlpath")
        if path in ("", "none"):
            return ""
        for mark, value in (
            ("%h", self.host),
            ("%p", self.port),
            ("%r", self.user),
            ("%n", self.host),
            ("%C", self._digest()),
            ("%%", "%"),
        ):
            path = path.replace(mark, value)
        return os.path.join("/root", path)

    def _digest(self) -> str:
        import hashlib

        return hashlib.sha1((self.host + self.port + self.user).encode()).hexdigest()

    def _boot(self, peer: ssh_peers.Peer) -> str:
        here = world_module.seen(self.call.world)["boot_id"]
        return "%s %s %s\n" % (peer.address, peer.boot(), here)

    def _shares_master(self, peer: ssh_peers.Peer) -> bool:
        """A living master, to whomever it leads; one of a former boot of either machine is removed.

        ssh asks the socket alone: the address that is named is not looked at (ssh: mux.c).
        """
        path = self.control_path()
        if not path:
            return False
        real = self.call.world.node(path)
        try:
            with open(real) as file:
                written = file.read()
        except OSError:
            return False
        owner = ssh_peers.find(self.call, written.split()[0])
        if owner is not None and written == self._boot(owner) and owner.answers():
            self.peer = owner
            return True
        os.unlink(real)
        return False

    def _become_master(self, peer: ssh_peers.Peer) -> None:
        path = self.control_path()
        if path and self.options.get("controlmaster", "no") in ("yes", "auto", "autoask", "ask"):
            with open(self.call.world.node(path), "w") as file:
                file.write(self._boot(peer))

    def control(self, what: str) -> Tuple[int, str]:
        """`ssh -O check|exit|stop`."""
        path = self.control_path()
        alive = self.peer is not None and self._shares_master(self.peer)
        if alive and what in ("exit", "stop"):
            os.unlink(self.call.world.node(path))
        if not alive:
            return 255, "Control socket connect(%s): No such file or directory\r\n" % path
        return 0, (
            "Master running (pid=%d)\r\n" % 2417 if what == "check" else "Exit request sent.\r\n"
        )

    # The connection

    def _connect(self, peer: ssh_peers.Peer) -> None:
        problem, seconds = self._unreachable(peer)
        if problem:
            with self.call.world:
                self.call.world.advance(seconds)
        if problem:
            raise Failed(
                "ssh: connect to host %s port %s: %s\r\n" % (self.host, self.port, problem)
            )

    def _unreachable(self, peer: ssh_peers.Peer) -> Tuple[str, float]:
        if peer.answers():
            return ("Connection refused", 0.1) if self.port != "22" else ("", 0.0)
        limit = float(self.options.get("connecttimeout", "0") or 0)
        return peer.unreachable(limit)

    # The host key

    def _check_host_key(self, peer: ssh_peers.Peer) -> None:
        key = host_key(peer)
        strict = self.options.get("stricthostkeychecking", "ask").lower()
        known = self._known()
        if key in known:
            return
        if known and strict not in ("no", "off"):
            raise Failed(
                CHANGED.replace("\n", "\r\n") % (fingerprint(key), self._files()[0])
                + "Host key verification failed.\r\n"
            )
        if strict in ("yes", "true") or (strict == "ask" and not self._may_ask()):
            told = "No RSA host key is known for %s and you have requested strict checking.\r\n"
            raise Failed(
                (told % self.host if strict != "ask" else "") + "Host key verification failed.\r\n"
            )
        if strict == "ask":
            self._ask_about(key, peer)
        self._remember(key)

    def _files(self) -> List[str]:
        return self.options.get("userknownhostsfile", "/root/.ssh/known_hosts").split()

    def _known(self) -> List[str]:
        found = []
        everybody = self.options.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts")
        for path in self._files() + everybody.split():
            if path == "/dev/null":
                continue
            try:
                with open(self.call.world.node(path)) as file:
                    lines = file.read().splitlines()
            except OSError:
                continue
            for line in lines:
                words = line.split()
                if len(words) > 2 and self.host in words[0].split(","):
                    found.append(" ".join(words[1:3]))
        return found

    def _may_ask(self) -> bool:
        from simulators import terminal_device

        return not self.options.on("batchmode") and terminal_device.present()

    def _ask_about(self, key: str, peer: ssh_peers.Peer) -> None:
        from simulators import terminal_device

        question = (
            "The authenticity of host '%s (%s)' can't be established.\n"
            "RSA key fingerprint is %s.\nAre you sure you want to continue connecting "
            "(yes/no/[fingerprint])? " % (self.host, peer.address, fingerprint(key))
        )
        reply = terminal_device.ask(question, False)
        while reply not in ("yes", "no", None, fingerprint(key)):
            reply = terminal_device.ask("Please type 'yes', 'no' or the fingerprint: ", False)
        if reply in ("no", None):
            raise Failed("Host key verification failed.\r\n")

    def _remember(self, key: str) -> None:
        path = self.call.world.node(self._files()[0])
        if self._files()[0] != "/dev/null":
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "a") as file:
                file.write("%s %s\n" % (self.host, key))
        self.call.err(
            "Warning: Permanently added '%s' (RSA) to the list of known hosts.\r\n" % self.host
        )
        self.call.flush()

    # Authentication

    def _authenticate(self, peer: ssh_peers.Peer) -> None:
        if self.user == "root" and self._key_is_authorised(peer):
            return
        denied = "%s@%s: Permission denied (%s).\r\n" % (self.user, self.host, METHODS)
        if self.options.on("batchmode") or self.options.get("passwordauthentication") == "no":
            raise Failed(denied)
        for _ in range(int(self.options.get("numberofpasswordprompts", "3"))):
            given = self._password()
            if self.user == "root" and given == peer.password():
                return
            with self.call.world:
                self.call.world.advance(2.0)
            self.call.err("Permission denied, please try again.\r\n")
            self.call.flush()
        raise Failed(denied)

    def _password(self) -> Optional[str]:
        from simulators import terminal_device

        if not terminal_device.present():
            return None
        return terminal_device.ask("%s@%s's password: " % (self.user, self.host), True)

    def _key_is_authorised(self, peer: ssh_peers.Peer) -> bool:
        world = self.call.world
        try:
            with open(peer.place("/root/.ssh/authorized_keys")) as file:
                authorised = [line.split()[:2] for line in file if line.strip()]
        except OSError:
            return False
        mine = self.options.identities or [
            "/root/.ssh/id_rsa",
            "/root/.ssh/id_ecdsa",
            "/root/.ssh/id_ed25519",
        ]
        for path in mine:
            try:
                with open(world.node(path) + ".pub") as file:
                    if file.read().split()[:2] in authorised:
                        return True
            except OSError:
                continue
        return False


def host_key(peer: ssh_peers.Peer) -> str:
    """The other side's RSA host key as `type base64`."""
    with open(peer.place("/etc/ssh/ssh_host_rsa_key.pub")) as file:
        return " ".join(file.read().split()[:2])


def fingerprint(key: str) -> str:
    import base64
    import hashlib

    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
