# SPDX-License-Identifier: Apache-2.0
"""OpenSSH's client side up to a login: connection, host key, authentication, shared master.

Imports `engine_vm`, `names`, `ssh_options` and, when it has to ask, `terminal_device`.
"""

import os
from typing import List, Optional, Tuple

from simulators import engine_vm, names, ssh_options
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

    def establish(self) -> None:
        with self.call.world:
            if self._shares_master():
                self.call.world.advance(0.1)
                return
        self._connect()
        self._check_host_key()
        self._authenticate()
        with self.call.world:
            self.call.world.advance(0.4)
            self._become_master()

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
            ("%C", "c0ffee"),
            ("%%", "%"),
        ):
            path = path.replace(mark, value)
        return os.path.join("/root", path)

    def _boot(self) -> str:
        return "%d %s\n" % (self.call.world.state["vm"]["boot"], self.call.world.state["boot_id"])

    def _shares_master(self) -> bool:
        """A living master; one of a former boot of either machine is dead and removed."""
        path = self.control_path()
        if not path:
            return False
        real = self.call.world.node(path)
        try:
            with open(real) as file:
                written = file.read()
        except OSError:
            return False
        if written == self._boot() and engine_vm.answers_ssh(self.call.world):
            return True
        os.unlink(real)
        return False

    def _become_master(self) -> None:
        path = self.control_path()
        if path and self.options.get("controlmaster", "no") in ("yes", "auto", "autoask", "ask"):
            with open(self.call.world.node(path), "w") as file:
                file.write(self._boot())

    def control(self, what: str) -> Tuple[int, str]:
        """`ssh -O check|exit|stop`."""
        path = self.control_path()
        with self.call.world:
            alive = self._shares_master()
            if alive and what in ("exit", "stop"):
                os.unlink(self.call.world.node(path))
        if not alive:
            return 255, "Control socket connect(%s): No such file or directory\r\n" % path
        return 0, (
            "Master running (pid=%d)\r\n" % 2417 if what == "check" else "Exit request sent.\r\n"
        )

    # The connection

    def _connect(self) -> None:
        known = (names.ENGINE, names.ENGINE_SHORT, names.ENGINE_ADDRESS)
        if self.host not in known:
            raise Failed(
                "ssh: Could not resolve hostname %s: Name or service not known\r\n" % self.host
            )
        with self.call.world:
            problem, seconds = self._unreachable()
            if problem:
                self.call.world.advance(seconds)
        if problem:
            raise Failed(
                "ssh: connect to host %s port %s: %s\r\n" % (self.host, self.port, problem)
            )

    def _unreachable(self) -> Tuple[str, float]:
        vm = self.call.world.state["vm"]
        limit = float(self.options.get("connecttimeout", "0") or 0)
        if engine_vm.answers_ssh(self.call.world):
            return ("Connection refused", 0.1) if self.port != "22" else ("", 0.0)
        if vm["state"] == "paused" and vm["ssh"]:
            return "Connection timed out", limit or 127.0
        if vm["ssh"]:
            return "Connection refused", 0.1
        if limit and limit < 3.1:
            return "Connection timed out", limit
        return "No route to host", 3.1

    # The host key

    def _check_host_key(self) -> None:
        key = host_key(self.call)
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
            self._ask_about(key)
        self._remember(key)

    def _files(self) -> List[str]:
        return self.options.get("userknownhostsfile", "/root/.ssh/known_hosts").split()

    def _known(self) -> List[str]:
        found = []
        for path in self._files() + ["/etc/ssh/ssh_known_hosts"]:
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

    def _ask_about(self, key: str) -> None:
        from simulators import terminal_device

        question = (
            "The authenticity of host '%s (%s)' can't be established.\n"
            "RSA key fingerprint is %s.\nAre you sure you want to continue connecting "
            "(yes/no/[fingerprint])? " % (self.host, names.ENGINE_ADDRESS, fingerprint(key))
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

    def _authenticate(self) -> None:
        if self.user == "root" and self._key_is_authorised():
            return
        denied = "%s@%s: Permission denied (%s).\r\n" % (self.user, self.host, METHODS)
        if self.options.on("batchmode") or self.options.get("passwordauthentication") == "no":
            raise Failed(denied)
        for _ in range(int(self.options.get("numberofpasswordprompts", "3"))):
            given = self._password()
            if self.user == "root" and given == self.call.world.state["vm"]["password"]:
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

    def _key_is_authorised(self) -> bool:
        world = self.call.world
        try:
            with open(world.engine("/root/.ssh/authorized_keys")) as file:
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


def host_key(call: Call) -> str:
    """The engine's RSA host key as `type base64`."""
    with open(call.world.engine("/etc/ssh/ssh_host_rsa_key.pub")) as file:
        return " ".join(file.read().split()[:2])


def fingerprint(key: str) -> str:
    import base64
    import hashlib

    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
