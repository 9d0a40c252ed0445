# SPDX-License-Identifier: Apache-2.0
"""Programs of the engine VM that work on files; paths stay inside its root.

Every program takes a Session and returns status, output, errors. Imports modes only, and
shutil late: it costs more than the rest of the program.
"""

import os
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from simulators import modes

Done = Tuple[int, bytes, bytes]


class Session(NamedTuple):
    shell: Any
    words: List[str]
    data: bytes
    env: Dict[str, str]

    def split(self, with_value: Tuple[str, ...] = ()) -> Tuple[Dict[str, str], List[str]]:
        """Options and operands; `with_value` lists the options that take the next word."""
        options: Dict[str, str] = {}
        operands: List[str] = []
        rest = list(self.words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                return options, operands + rest
            if word in with_value and rest:
                options[word] = rest.pop(0)
            elif word.startswith("--"):
                name, _, value = word.partition("=")
                options[name] = value
            elif word.startswith("-") and len(word) > 1:
                options.update({"-" + letter: "" for letter in word[1:]})
            else:
                operands.append(word)
        return options, operands


OK: Done = (0, b"", b"")


def fail(program: str, what: str, error: OSError, status: int = 1) -> Done:
    return status, b"", ("%s: %s: %s\n" % (program, what, error.strerror)).encode()


def _cat(session: Session) -> Done:
    _, operands = session.split()
    output = b""
    for path in operands or ["-"]:
        try:
            output += session.data if path == "-" else _read(session, path)
        except OSError as error:
            return 1, output, fail("cat", path, error)[2]
    return 0, output, b""


def _read(session: Session, path: str) -> bytes:
    with open(session.shell.path(path), "rb") as file:
        return file.read()


def _test(session: Session) -> Done:
    words = [word for word in session.words if word != "]"]
    negate = words[:1] == ["!"]
    words = words[negate:]
    if len(words) == 2:
        path = session.shell.path(words[1])
        known: Dict[str, Callable[[], bool]] = {
            "-e": lambda: os.path.exists(path),
            "-f": lambda: os.path.isfile(path),
            "-d": lambda: os.path.isdir(path),
            "-n": lambda: words[1] != "",
            "-s": lambda: os.path.exists(path) and os.path.getsize(path) > 0,
            "-r": lambda: os.access(path, os.R_OK),
            "-z": lambda: words[1] == "",
            "-L": lambda: os.path.islink(path),
            "-w": lambda: os.access(path, os.W_OK),
            "-x": lambda: os.access(path, os.X_OK),
        }
        true = known.get(words[0], lambda: False)()
    elif len(words) == 3:
        true = (words[0] == words[2]) == (words[1] in ("=", "=="))
    else:
        true = bool(words and words[0])
    return int(true == negate), b"", b""


def _mkdir(session: Session) -> Done:
    options, operands = session.split(("-m", "--mode"))
    mode = options.get("-m") or options.get("--mode") or ""
    for name in operands:
        path = session.shell.path(name)
        present = os.path.isdir(path)
        try:
            if not (present and "-p" in options):
                (os.makedirs if "-p" in options else os.mkdir)(path)
        except OSError as error:
            return fail("mkdir", "cannot create directory '%s'" % name, error)
        if not present:
            os.chmod(path, int(mode, 8) if mode else 0o777 & ~session.shell.umask)
    return OK


def _rm(session: Session) -> Done:
    import shutil

    options, operands = session.split()
    deep = "-r" in options or "-R" in options
    for name in operands:
        path = session.shell.path(name)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                if not deep:
                    return 1, b"", ("rm: cannot remove '%s': Is a directory\n" % name).encode()
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except FileNotFoundError as error:
            if "-f" not in options:
                return fail("rm", "cannot remove '%s'" % name, error)
    return OK


def _target(session: Session, source: str, target: str) -> str:
    path = str(session.shell.path(target))
    return os.path.join(path, os.path.basename(source)) if os.path.isdir(path) else path


def _cp(session: Session) -> Done:
    import shutil

    options, operands = session.split()
    keep = any(option in options for option in ("-a", "-p", "--preserve"))
    for name in operands[:-1]:
        source, target = session.shell.path(name), _target(session, name, operands[-1])
        try:
            if os.path.isdir(source):
                shutil.copytree(source, target, symlinks=True)
                continue
            fresh = not os.path.exists(target)
            shutil.copyfile(source, target)
            if keep or fresh:
                _attributes(source, target, keep)
        except OSError as error:
            return fail("cp", "cannot stat '%s'" % name, error)
    return OK


def _attributes(source: str, target: str, owner_too: bool) -> None:
    import shutil

    shutil.copymode(source, target)
    if owner_too:
        status = os.stat(source)
        _own(target, status.st_uid, status.st_gid)
        os.utime(target, (status.st_atime, status.st_mtime))


def _own(path: str, user: int, group: int) -> None:
    if os.geteuid() == 0:
        os.chown(path, user, group)


def _mv(session: Session) -> Done:
    _, operands = session.split()
    for name in operands[:-1]:
        try:
            os.replace(session.shell.path(name), _target(session, name, operands[-1]))
        except OSError as error:
            return fail("mv", "cannot stat '%s'" % name, error)
    return OK


def _chmod(session: Session) -> Done:
    import shutil

    options, operands = session.split()
    reference = options.get("--reference")
    mode = operands.pop(0) if not reference else ""
    for name in operands:
        path = session.shell.path(name)
        try:
            if reference:
                shutil.copymode(session.shell.path(reference), path)
            else:
                os.chmod(path, modes.changed(mode, os.stat(path).st_mode & 0o7777))
        except OSError as error:
            return fail("chmod", "cannot access '%s'" % name, error)
    return OK


def _chown(session: Session) -> Done:
    options, operands = session.split()
    reference = options.get("--reference")
    who = "" if reference else operands.pop(0)
    complaints = b""
    for name in operands:  # every one, whatever becomes of the others
        path = session.shell.path(name)
        try:
            if reference:
                status = os.stat(session.shell.path(reference))
                os.stat(path)
                _own(path, status.st_uid, status.st_gid)
            elif who.replace(":", "").isdigit():
                user, _, group = who.partition(":")
                _own(path, int(user or -1), int(group or -1))
            elif not os.path.exists(path):
                raise FileNotFoundError(2, "No such file or directory")
        except OSError as error:
            complaints += fail("chown", "cannot access '%s'" % name, error)[2]
    return int(bool(complaints)), b"", complaints


def _ls(session: Session) -> Done:
    options, operands = session.split()
    output, complaints = b"", b""
    for name in operands or ["."]:
        path = session.shell.path(name)
        if not os.path.lexists(path):
            complaints += ("ls: cannot access '%s': No such file or directory\n" % name).encode()
            continue
        folder = os.path.isdir(path) and "-d" not in options
        names = sorted(os.listdir(path)) if folder else [name]
        shown = [one for one in names if "-a" in options or not one.startswith(".") or not folder]
        output += "".join(one + "\n" for one in shown).encode()
    return (2 if complaints else 0), output, complaints


def _tee(session: Session) -> Done:
    options, operands = session.split()
    for name in operands:
        with open(session.shell.path(name), "ab" if "-a" in options else "wb") as file:
            file.write(session.data)
    return 0, session.data, b""


def _head(session: Session) -> Done:
    options, operands = session.split(("-n",))
    data = b"".join(_read(session, name) for name in operands) if operands else session.data
    lines = data.splitlines(True)[: int(options.get("-n", "10"))]
    return 0, b"".join(lines), b""


def _grep(session: Session) -> Done:
    import re

    options, operands = session.split(("-e", "-m"))
    pattern = re.compile(operands.pop(0), re.I if "-i" in options else 0)
    data = b"".join(_read(session, name) for name in operands) if operands else session.data
    found = [
        line
        for line in data.decode("utf-8", "replace").splitlines()
        if bool(pattern.search(line)) != ("-v" in options)
    ]
    output = "" if "-q" in options else "".join(line + "\n" for line in found)
    return int(not found), output.encode(), b""


def _pgrep(session: Session) -> Done:
    """No program of the engine VM outlives its session here."""
    return 1, b"", b""


def _nothing(session: Session) -> Done:
    return OK


def _false(session: Session) -> Done:
    return 1, b"", b""


PROGRAMS: Dict[str, Callable[[Session], Done]] = {
    "cat": _cat,
    "test": _test,
    "[": _test,
    "mkdir": _mkdir,
    "rm": _rm,
    "cp": _cp,
    "mv": _mv,
    "chmod": _chmod,
    "chown": _chown,
    "ls": _ls,
    "tee": _tee,
    "head": _head,
    "grep": _grep,
    "pgrep": _pgrep,
    "true": _nothing,
    ":": _nothing,
    "false": _false,
    "restorecon": _nothing,
    "sync": _nothing,
}
