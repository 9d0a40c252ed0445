# SPDX-License-Identifier: Apache-2.0
"""engine-backup on the engine VM, and its archive for whoever builds a scenario.

Layout, order and texts: ovirt-engine: packaging/bin/engine-backup.sh.in of the three releases.
The databases inside are short stand-ins; the product files are those of the world's engine.
Imports `engine_vm`, and late `engine_releases` and what makes archives.
"""

import os
import time
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from simulators import engine_vm
from simulators.engine_programs import Done, Session
from simulators.world import World

# What scope `files` takes, where it exists; /var/lib/ovirt-engine is taken but for EXCLUDED.
PATHS = (
    "etc/ovirt-engine",
    "etc/ovirt-engine-dwh",
    "etc/ovirt-provider-ovn/conf.d",
    "etc/ovirt-provider-ovn/logger.conf",
    "etc/ovirt-vmconsole",
    "etc/pki/ovirt-engine",
    "etc/pki/ovirt-vmconsole",
    "etc/ovirt-engine-setup.conf.d",
    "etc/httpd/conf.d/ovirt-engine-root-redirect.conf",
    "etc/httpd/conf.d/ssl.conf",
    "etc/httpd/conf.d/z-ovirt-engine-proxy.conf",
    "var/lib/openvswitch",
    "etc/grafana",
)
STATE = "var/lib/ovirt-engine"
EXCLUDED = ("backups", "jboss_runtime", "ansible-runner-service.log", "ansible-runner", ".ansible")
FOLDER = "/var/lib/ovirt-engine-backup"
LOGS = "/var/log/ovirt-engine-backup"
DATABASES = {
    "db": ("Engine database 'engine'", "engine_backup.db"),
    "dwhdb": ("DWH database 'ovirt_engine_history'", "dwh_backup.db"),
    "grafanadb": ("Grafana database '/var/lib/grafana/grafana.db'", "grafana.db"),
    "cinderlibdb": ("", ""),  # scopes for what this engine does not have
    "keycloakdb": ("", ""),
}
COMPRESSORS = {"gzip": "gz", "bzip2": "bz2", "xz": "xz", "None": ""}
NAMES = {0: "root", 108: "ovirt", 992: "openvswitch", 990: "openvswitch"}


class Wanted(NamedTuple):
    """One backup: what goes in, and how it is packed."""

    scopes: Tuple[str, ...] = ("all",)
    archive: str = "gz"
    files: str = "xz"

    def has(self, scope: str) -> bool:
        return scope in self.scopes or "all" in self.scopes


EVERYTHING = Wanted()


def make(
    world: World, path: str, when: Optional[float] = None, wanted: Wanted = EVERYTHING
) -> None:
    """Put an archive of the engine's present files at `path`, a real one.

    `world` is open; `when` is the moment of the backup, the engine's own by default.
    """
    moment = int(engine_vm.wall(world) if when is None else when)
    from simulators import engine_releases

    release = engine_releases.of(world)
    members = {
        "version": (release.version + "\n").encode(),
        "os_version": (release.system + "\n").encode(),
        "config": "".join(
            "%s_DUMP_COMPRESSOR=\n%s_DUMP_FORMAT=custom\n" % (name, name)
            for name in release.databases
        ).encode(),
    }
    if wanted.has("files"):
        members["files"] = _product_files(world.directory + "/engine", moment, wanted.files)
    for scope, (shown, name) in DATABASES.items():
        if shown and wanted.has(scope) and (scope != "grafanadb" or release.grafana):
            members["db/" + name] = b"PGDMP\x01\x0e\x00\x04\x08\x01" + name.encode()
    members["sha256sum"] = _hashes(members)
    _write(path, _outer(members, moment, wanted.archive))


def _write(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _hashes(members: Dict[str, bytes]) -> bytes:
    import hashlib

    lines = [
        "%s  %s\n" % (hashlib.sha256(data).hexdigest(), name) for name, data in members.items()
    ]
    return "".join(lines).encode()


def _outer(members: Dict[str, bytes], moment: int, kind: str) -> bytes:
    """`tar -C DIR -cpS . `: every name begins with ./"""
    import io
    import tarfile

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in ["", "db"] + sorted(members):
            info = tarfile.TarInfo("./" + name if name else ".")
            info.mtime, info.uname, info.gname = moment, "root", "root"
            if name in members:
                info.mode, info.size = 0o644, len(members[name])
                archive.addfile(info, io.BytesIO(members[name]))
            else:
                info.mode, info.type = 0o755, tarfile.DIRTYPE
                archive.addfile(info)
    return _packed(raw.getvalue(), kind)


def _packed(data: bytes, kind: str) -> bytes:
    if kind == "gz":
        import gzip
        import io

        target = io.BytesIO()
        with gzip.GzipFile("", "wb", 6, target, mtime=0) as packed:
            packed.write(data)
        return target.getvalue()
    if kind == "":
        return data
    module = __import__({"xz": "lzma", "bz2": "bz2"}[kind])
    return bytes(module.compress(data))


def _product_files(root: str, moment: int, kind: str) -> bytes:
    """The inner tar: names relative to /, as tar leaves them when it removes the leading slash."""
    import io
    import tarfile

    def changed(info: Any) -> Any:
        info.mtime = min(int(info.mtime), moment)
        info.uname = NAMES.get(info.uid, "")
        info.gname = NAMES.get(info.gid, "")
        return info

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in PATHS + tuple(_state_files(root)):
            if os.path.lexists(root + "/" + path):
                archive.add(root + "/" + path, path, filter=changed)
    return _packed(raw.getvalue(), kind)


def _state_files(root: str) -> List[str]:
    try:
        found = sorted(os.listdir(root + "/" + STATE))
    except OSError:
        return []
    return [STATE + "/" + name for name in found if name not in EXCLUDED and name[0] != "."]


# The program


class Refused(Exception):
    """`FATAL:` and the text on standard error, exit status 1."""


def main(session: Session) -> Done:
    try:
        options = _options(session.words)
        return _run(session, options)
    except Refused as refused:
        return 1, b"", ("FATAL: %s\n" % refused).encode()


def _options(words: List[str]) -> Dict[str, Any]:
    found: Dict[str, Any] = {"scope": [], "archive-compressor": "gzip", "files-compressor": "xz"}
    for word in words:
        name, mark, value = word[2:].partition("=")
        if word in ("--fast-backup", "--fast-restore"):
            found.update({"archive-compressor": "gzip", "files-compressor": "xz"})
        elif word == "--small-size":
            found.update({"archive-compressor": "xz", "files-compressor": "xz"})
        elif not mark or name not in ALLOWED:
            raise Refused("Unknown option '%s'. Please see '--help' for details." % word)
        elif ALLOWED[name] and value not in (ALLOWED[name] or ()):
            raise Refused((WRONG[name] % value) if "%" in WRONG[name] else WRONG[name])
        elif name == "scope":
            found["scope"].append(value)
        else:
            found[name] = value
    return found


SCOPES: Set[str] = {"all", "files"} | set(DATABASES)
ALLOWED: Dict[str, Optional[Set[str]]] = {
    "mode": {"backup", "restore", "verify"},
    "scope": SCOPES,
    "file": None,
    "log": None,
    "archive-compressor": set(COMPRESSORS),
    "files-compressor": set(COMPRESSORS),
}
WRONG = {
    "mode": "invalid mode",
    "scope": "invalid scope '%s'",
    "archive-compressor": "invalid compressor '%s'",
    "files-compressor": "invalid compressor '%s'",
}


def _run(session: Session, options: Dict[str, Any]) -> Done:
    world = session.shell.world
    now = time.gmtime(engine_vm.wall(world))
    stamp = time.strftime("%Y%m%d%H%M%S", now)
    path = options.get("file") or FOLDER + "/ovirt-engine-backup-%s.backup" % stamp
    log = options.get("log") or LOGS + "/ovirt-engine-backup-%s.log" % stamp
    if options.get("mode", "backup") != "backup":
        raise Refused("mode %s is not simulated" % options["mode"])
    if path == log:
        raise Refused("--file and --log can not be the same")
    wanted = Wanted(
        tuple(options["scope"]) or ("all",),
        COMPRESSORS[options["archive-compressor"]],
        COMPRESSORS[options["files-compressor"]],
    )
    lines = _account(world, wanted, path, log)
    date = time.strftime("%Y-%m-%d %H:%M:%S", now)
    written = "".join("%s 24713: OUTPUT: %s\n" % (date, line) for line in lines)
    try:
        _write(session.shell.path(log), written.encode())
    except OSError as error:
        why = "/bin/engine-backup: %s: %s\n" % (log, error.strerror)
        return 1, b"", why.encode()
    try:
        if engine_vm.disk_full(world):
            raise OSError(28, "No space left on device")
        make(world, session.shell.path(path), None, wanted)
    except OSError:
        raise Refused("Cannot create '%s'" % path) from None
    world.advance(45.0)
    return 0, "".join(line + "\n" for line in lines + ["Notifying engine", "Done."]).encode(), b""


def _account(world: World, wanted: Wanted, path: str, log: str) -> List[str]:
    from simulators import engine_releases

    lines = [
        "Start of engine-backup with mode 'backup'",
        "scope: " + ",".join(wanted.scopes),
        "archive file: " + path,
        "log file: " + log,
        "Backing up:",
        "Notifying engine",
    ]
    if wanted.has("files"):
        lines.append("- Files")
    grafana = engine_releases.of(world).grafana
    for scope, (shown, _) in DATABASES.items():
        if shown and wanted.has(scope) and (scope != "grafanadb" or grafana):
            lines.append("- " + shown)
    return lines + ["Packing into file '%s'" % path]
