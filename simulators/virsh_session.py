# SPDX-License-Identifier: Apache-2.0
"""One virsh session: the connection with its SASL login, and the commands.

Imports `virsh_tables`, `engine_vm`, `names`, `settings` and `units`.
"""

from typing import Callable, Dict, List, Optional, Tuple

from simulators import engine_vm, names, settings, units, virsh_tables
from simulators.entry import Call

Asked = Callable[[str, bool], Optional[str]]


class Failed(Exception):
    """A command failed; the text comes without the prefix `error: `, one line each."""


class Session:
    """`readonly` and `uri` from the command line; `ask(prompt, hidden)` reads from the tty."""

    def __init__(self, call: Call, uri: str, readonly: bool, ask: Asked) -> None:
        self.call = call
        self.uri = uri
        self.readonly = readonly
        self.ask = ask
        self.invocation = ""  # of the libvirtd this session is connected to

    @property
    def socket(self) -> str:
        # EL7 has no socket units: the daemon makes both addresses itself
        split = self.readonly and self.call.world.state["release"] != "el7"
        return "libvirtd-ro.socket" if split else "libvirtd.socket"

    def connect(self) -> None:
        """Connect, starting libvirtd by its socket; may burn a start, may take long."""
        with self.call.world:
            how = units.connect(self.call.world, self.socket)
            self.invocation = self._present() if how == "ok" else ""
        if how != "ok":
            raise Failed("failed to connect to the hypervisor\n" + self._why(how))
        if not self.readonly:
            try:
                self._login()
            except Failed:
                self.invocation = ""
                raise

    def _why(self, how: str) -> str:
        if how == "reset":
            return "Cannot recv data: Connection reset by peer"
        path = "/var/run/libvirt/libvirt-sock" + ("-ro" if self.readonly else "")
        cause = "Connection refused" if how == "refused" else "No such file or directory"
        return "Failed to connect socket to '%s': %s" % (path, cause)

    def _present(self) -> str:
        return str(units.state(self.call.world, "libvirtd.service")["invocation"])

    def lost(self) -> bool:
        """Has the daemon gone that this session was connected to?"""
        with self.call.world:
            active = units.is_active(self.call.world, "libvirtd.service")
            return not active or self._present() != self.invocation

    def _login(self) -> None:
        name, password = self._credentials()
        if not name.strip():
            raise Failed(
                "failed to connect to the hypervisor\nauthentication failed: Failed to start "
                "SASL negotiation: -1 (SASL(-1): generic failure: All-whitespace username.)"
            )
        if (name, password) != (names.SASL_USER, self._password()):
            raise Failed(
                "failed to connect to the hypervisor\nauthentication failed: authentication failed"
            )

    def _password(self) -> str:
        """The password database was made from this file when the node was deployed."""
        return str(self.call.world.state.get("sasl_password", names.SASL_PASSWORD))

    def _credentials(self) -> Tuple[str, str]:
        _, _, query = self.uri.partition("?")
        path = self.call.env.get("LIBVIRT_AUTH_FILE", "")
        if query.startswith("authfile="):
            path = path or query[len("authfile=") :]
        present = settings.read(self.call.world.node(path)) if path else {}
        if "authname" in present:
            return present["authname"], present.get("password", "")
        name = self.ask("Please enter your authentication name: ", False) or ""
        return name, self.ask("Please enter your password: ", True) or ""

    # Commands

    def run(self, words: List[str]) -> str:
        """The output of one command; connects first when needed."""
        if words[0] in LOCAL:
            return LOCAL[words[0]](self, words[1:])
        if words[0] not in COMMANDS:
            raise Failed("unknown command: '%s'" % words[0])
        if not self.invocation:
            self.connect()
        with self.call.world:
            self.call.world.advance(0.02)
            return COMMANDS[words[0]](self, words[1:])

    def domain(self, words: List[str]) -> dict:
        """The state of the domain named in the arguments."""
        plain = [word for word in words if not word.startswith("--")]
        vm: dict = self.call.world.state["vm"]
        wanted = plain[0] if plain else ""
        known = (names.DOMAIN, names.VM_ID, str(vm["id"]))
        if wanted not in known or vm["state"] == "absent":
            text = "failed to get domain '%s'" % wanted
            if self.call.world.state["release"] == "el7":
                text += "\nDomain not found: no domain with matching name '%s'" % wanted
            raise Failed(text)
        return vm

    def quoted(self) -> str:
        old = self.call.world.state["release"] == "el7"
        return names.DOMAIN if old else "'%s'" % names.DOMAIN

    def writable(self, verb: str, function: str) -> None:
        """Refuse on a connection for reading, with the words of virsh and of libvirt's function."""
        if self.readonly:
            raise Failed(
                "Failed to %s domain %s\noperation forbidden: read only access prevents %s"
                % (verb, self.quoted(), function)
            )


def _echo(session: Session, words: List[str]) -> str:
    return " ".join(word for word in words if not word.startswith("--")) + "\n"


def _help(session: Session, words: List[str]) -> str:
    listed = "".join("    %s\n" % name for name in sorted(list(COMMANDS) + list(LOCAL)))
    return "Grouped commands:\n\n Domain Monitoring (help keyword 'monitor'):\n%s\n" % listed


def _list(session: Session, words: List[str]) -> str:
    vm = session.call.world.state["vm"]
    live = vm["state"] in ("running", "paused")
    rows = []
    inactive, both = "--inactive" in words, "--all" in words
    if live and (both or not inactive) or vm["state"] == "shut off" and (both or inactive):
        rows.append((str(vm["id"]) if live else "-", names.DOMAIN, vm["state"]))
    for number, name in enumerate(session.call.world.state.get("guests", ()), 7):
        if both or not inactive:
            rows.append((str(number), name, "running"))
    if "--name" in words:
        return "".join(row[1] + "\n" for row in rows) + "\n"
    if "--uuid" in words:
        return "".join(names.VM_ID + "\n" for _ in rows) + "\n"
    return virsh_tables.table(session.call.world.state["release"], rows)


def _domstate(session: Session, words: List[str]) -> str:
    vm = session.domain(words)
    reason = {"running": "booted", "paused": "user", "shut off": "unknown"}[vm["state"]]
    if "--reason" in words:
        return "%s (%s)\n\n" % (vm["state"], reason)
    return vm["state"] + "\n\n"


def _dominfo(session: Session, words: List[str]) -> str:
    return virsh_tables.dominfo(session.domain(words))


def _domid(session: Session, words: List[str]) -> str:
    vm = session.domain(words)
    return "%s\n\n" % (vm["id"] if vm["state"] != "shut off" else "-")


def _domuuid(session: Session, words: List[str]) -> str:
    session.domain(words)
    return names.VM_ID + "\n\n"


def _start(session: Session, words: List[str]) -> str:
    vm = session.domain(words)
    if vm["state"] != "shut off":
        raise Failed("Domain is already active")
    session.writable("start", "virDomainCreate")
    world = session.call.world
    if not world.state["ha"]["acquired"]:
        raise Failed(
            "Failed to start domain %s\nCannot access storage file '/run/vdsm/storage/"
            "%s': No such file or directory" % (session.quoted(), names.STORAGE_DOMAIN)
        )
    engine_vm.create(world)
    world.advance(4.0)
    if not engine_vm.exists(world):
        raise Failed(
            "Failed to start domain %s\ninternal error: process exited while "
            "connecting to monitor: %s" % (session.quoted(), vm["down"])
        )
    return "Domain %s started\n\n" % session.quoted()


def _act(session: Session, words: List[str], verb: str, done: str, act: Callable) -> str:
    vm = session.domain(words)
    session.writable(verb, "virDomain" + verb.capitalize())
    if vm["state"] == "shut off":
        raise Failed(
            "Failed to %s domain %s\nRequested operation is not valid: domain is not "
            "running" % (verb, session.quoted())
        )
    act(session.call.world)
    return "Domain %s %s\n\n" % (session.quoted(), done)


def _destroy(session: Session, words: List[str]) -> str:
    return _act(session, words, "destroy", "destroyed", engine_vm.off)


def _shutdown(session: Session, words: List[str]) -> str:
    return _act(session, words, "shutdown", "is being shutdown", engine_vm.shutdown)


def _suspend(session: Session, words: List[str]) -> str:
    return _act(session, words, "suspend", "suspended", engine_vm.suspend)


def _resume(session: Session, words: List[str]) -> str:
    return _act(session, words, "resume", "resumed", engine_vm.unsuspend)


def _uri(session: Session, words: List[str]) -> str:
    return "qemu:///system\n\n"


def _hostname(session: Session, words: List[str]) -> str:
    return session.call.world.state["hostname"] + "\n\n"


def _version(session: Session, words: List[str]) -> str:
    return virsh_tables.version(session.call.world.state["release"])


Command = Callable[[Session, List[str]], str]
LOCAL: Dict[str, Command] = {"echo": _echo, "help": _help}
COMMANDS: Dict[str, Command] = {
    "list": _list,
    "domstate": _domstate,
    "dominfo": _dominfo,
    "domid": _domid,
    "domuuid": _domuuid,
    "start": _start,
    "destroy": _destroy,
    "shutdown": _shutdown,
    "suspend": _suspend,
    "resume": _resume,
    "uri": _uri,
    "hostname": _hostname,
    "version": _version,
}
