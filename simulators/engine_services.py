# SPDX-License-Identifier: Apache-2.0
"""Programs of the engine VM that ask or change its clock, its services and its certificates.

Imports `engine_programs`, `engine_releases`, `engine_vm`, `names` and `openssl_call`.
"""

import copy
import os
import time
from typing import Callable, Dict, List, Optional

from simulators import engine_releases, engine_vm, names, openssl_call
from simulators.engine_programs import OK, Done, Session
from simulators.world import World


def _say(text: str, status: int = 0) -> Done:
    return status, text.encode(), b""


def _complain(text: str, status: int = 1) -> Done:
    return status, b"", text.encode()


def _date(session: Session) -> Done:
    options, operands = session.split(("-s", "--set", "-d", "--date"))
    world = session.shell.world
    wanted = options.get("-s") or options.get("--set")
    if wanted:
        seconds = _moment(wanted)
        if seconds is None:
            return _complain("date: invalid date '%s'\n" % wanted)
        engine_vm.set_wall(world, seconds)
    now = engine_vm.wall(world)
    asked = options.get("-d") or options.get("--date")
    if asked:
        moment = _moment(asked)
        if moment is None:
            return _complain("date: invalid date '%s'\n" % asked)
        now = moment
    shape = operands[0][1:] if operands else "%a %b %e %H:%M:%S UTC %Y"
    nanoseconds = "%09d" % int(now % 1 * 1e9)
    shape = shape.replace("%N", nanoseconds).replace("%s", "%d" % int(now))
    return _say(time.strftime(shape, time.gmtime(now)) + "\n")


def _moment(text: str) -> Optional[float]:
    if text.startswith("@"):
        try:
            return float(text[1:])
        except ValueError:
            return None
    import calendar

    for shape in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"):
        try:
            return float(calendar.timegm(time.strptime(text.replace(" UTC", ""), shape)))
        except ValueError:
            pass
    return None


def _hwclock(session: Session) -> Done:
    if "--show" in session.words or "-r" in session.words or not session.words:
        now = time.gmtime(engine_vm.wall(session.shell.world))
        return _say(time.strftime("%Y-%m-%d %H:%M:%S.123456+00:00\n", now))
    return OK


def _timedatectl(session: Session) -> Done:
    world = session.shell.world
    services = world.state["vm"]["services"]
    if session.words[:1] == ["set-ntp"]:
        _switch(world, "chronyd", session.words[1] in ("yes", "true", "1"))
        return OK
    if session.words[:1] == ["set-time"]:
        if services["chronyd"]:
            return _complain("Failed to set time: Automatic time synchronization is enabled\n")
        seconds = _moment(session.words[1])
        if seconds is None:
            return _complain("Failed to parse time specification: %s\n" % session.words[1])
        engine_vm.set_wall(world, seconds)
        return OK
    now = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(engine_vm.wall(world)))
    return _say(
        "      Local time: %s\n     NTP service: %s\n"
        % (now, "active" if services["chronyd"] else "inactive")
    )


def _switch(world: World, name: str, on: bool) -> None:
    engine_vm.switch(world, name, on)
    if name == "chronyd" and on:
        vm = world.state["vm"]
        world.schedule(4.0, "vm-stage", boot=vm["boot"], stage="chronyd")


def _systemctl(session: Session) -> Done:
    options, operands = session.split(("-p", "--property"))
    verb, units = operands[0], [unit.replace(".service", "") for unit in operands[1:]]
    services = session.shell.world.state["vm"]["services"]
    missing = [unit for unit in units if unit not in services]
    if verb == "is-active":
        words = ["active" if services.get(unit) else "inactive" for unit in units]
        shown = "" if "-q" in options or "--quiet" in options else "\n".join(words) + "\n"
        return _say(shown, 0 if "active" in words else 3)
    if verb == "is-enabled":
        return _say("".join("enabled\n" for unit in units if unit in services))
    if missing:
        return _complain(
            "Failed to %s %s.service: Unit %s.service not found.\n"
            % (verb, missing[0], missing[0]),
            5,
        )
    for unit in units:
        if verb in ("start", "stop", "restart", "try-restart", "reload", "disable", "enable"):
            if verb in ("disable", "enable") and "--now" not in options:
                continue
            _switch(session.shell.world, unit, verb not in ("stop", "disable"))
    session.shell.world.advance(1.0)
    return OK


def _hostname(session: Session) -> Done:
    return _say((names.ENGINE_SHORT if "-s" in session.words else names.ENGINE) + "\n")


def _openssl(session: Session) -> Done:
    shell = session.shell
    env = {name: value for name, value in session.env.items() if name != "?"}
    before = os.umask(shell.umask)
    try:
        done = openssl_call.run(
            shell.world.state["openssl"],
            session.words,
            engine_vm.wall(shell.world),
            shell.world.engine,
            shell.path("."),
            session.data,
            env,
        )
    finally:
        os.umask(before)
    if engine_vm.disk_full(shell.world) and session.words:
        from simulators import engine_disk

        engine_disk.empty(session, session.words)
    return done


def _flock(session: Session) -> Done:
    words = list(session.words)
    never_waits, patience = "-n" in words, ""
    while words and words[0].startswith("-"):
        option = words.pop(0)
        value = words.pop(0) if option in ("-w", "--timeout", "-E") else ""
        patience = value if option in ("-w", "--timeout") else patience
    if len(words) < 2:
        return _complain("flock: requires file descriptor, file or directory\n", 64)
    lock, rest = words[0], words[1:]
    import fcntl

    path = shell_path(session, lock)
    try:
        # It makes a file that is not there, and locks a directory too.
        made = 0 if os.path.isdir(path) else os.O_CREAT
        file = os.open(path, os.O_RDONLY | os.O_NOCTTY | made, 0o666)
    except OSError as error:
        return _complain("flock: cannot open lock file %s: %s\n" % (lock, error.strerror), 66)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if never_waits or patience else 0))
        except OSError:
            if patience:
                session.shell.world.advance(float(patience))
            return _complain("")
        if rest[0] == "-c":
            return _run(session, rest[1])
        return tuple(session.shell.call(rest, session.data, session.env))
    finally:
        os.close(file)


def shell_path(session: Session, path: str) -> str:
    return str(session.shell.path(path))


def _run(session: Session, text: str) -> Done:
    result = session.shell.run(text, session.data)
    return result.status, result.output, result.errors


def _sh(session: Session) -> Done:
    """A shell of its own: its directory, its umask and its `exit` are not its caller's."""
    child = session._replace(shell=copy.copy(session.shell))
    child.shell.env = dict(session.env)
    if session.words[:1] == ["-c"] and len(session.words) > 1:
        return _run(child, session.words[1])
    if session.words:
        with open(session.shell.path(session.words[0]), "rb") as file:
            return _run(child, file.read().decode())
    return _run(child, session.data.decode())


def _env(session: Session) -> Done:
    words: List[str] = list(session.words)
    extra = dict(session.env)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        extra[name] = value
    if not words:
        return _say("".join("%s=%s\n" % pair for pair in sorted(extra.items())))
    return session.shell.call(words, session.data, extra)


def _cd(session: Session) -> Done:
    target = session.words[0] if session.words else "/root"
    wanted = target if target.startswith("/") else session.shell.cwd + "/" + target
    if not os.path.isdir(session.shell.path(wanted)):
        return _complain("bash: cd: %s: No such file or directory\n" % target)
    session.shell.cwd = os.path.normpath(wanted)
    return OK


def _umask(session: Session) -> Done:
    if not session.words:
        return _say("%04o\n" % session.shell.umask)
    session.shell.umask = int(session.words[0], 8)
    return OK


def _exit(session: Session) -> Done:
    session.shell.left = int(session.words[0]) if session.words else int(session.env["?"])
    return session.shell.left, b"", b""


def _config(session: Session) -> Done:
    key = session.words[1] if session.words[:1] in (["-g"], ["--get"]) else ""
    known = {
        "VdsCertificateValidityInDays": "%d" % engine_releases.of(session.shell.world).host_days,
        "SignCertTimeoutInSeconds": "30",
        "OrganizationName": names.ORGANISATION,
    }
    if key not in known:
        return _complain("Error fetching %s value: no such entry.\n" % key)
    return _say("%s: %s version: general\n" % (key, known[key]))


def _rpm(session: Session) -> Done:
    version = engine_releases.of(session.shell.world).package
    if "ovirt-engine" not in session.words:
        return _say("package %s is not installed\n" % session.words[-1], 1)
    return _say("ovirt-engine-%s.noarch\n" % version)


def _sleep(session: Session) -> Done:
    session.shell.world.advance(float(session.words[0]))
    return OK


def _echo(session: Session) -> Done:
    words = session.words
    plain = words[1:] if words[:1] == ["-n"] else words
    return _say(" ".join(plain) + ("" if words[:1] == ["-n"] else "\n"))


PROGRAMS: Dict[str, Callable[[Session], Done]] = {
    "date": _date,
    "hwclock": _hwclock,
    "timedatectl": _timedatectl,
    "systemctl": _systemctl,
    "hostname": _hostname,
    "openssl": _openssl,
    "flock": _flock,
    "sh": _sh,
    "bash": _sh,
    "env": _env,
    "cd": _cd,
    "umask": _umask,
    "exit": _exit,
    "engine-config": _config,
    "rpm": _rpm,
    "sleep": _sleep,
    "echo": _echo,
    "pwd": lambda session: _say(session.shell.cwd + "\n"),
    "id": lambda session: _say("0\n"),
    "whoami": lambda session: _say("root\n"),
    "uname": lambda session: _say("4.18.0-408.el8.x86_64\n"),
}
