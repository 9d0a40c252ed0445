# SPDX-License-Identifier: Apache-2.0
"""Imports from the archive: plain Python out of the zip, checked; compiled parts unpacked.

Every source is compared with its checksum before it runs. What was compiled of it is kept beside
the unpacked parts, where there are any. Loaded at every start: imports next to nothing.
"""

import _imp
import marshal
import sys
import zlib
from importlib import import_module
from importlib.machinery import ModuleSpec

MYPY = False  # loading `typing` would cost more than all of this
if MYPY:
    from types import CodeType, ModuleType
    from typing import IO, Any, Dict, List, Optional, Sequence

INDEX = "_archive/index"


TOOL = "recovery.__main__"
# Who acts must be whole, and must not depend on the stick from then on.
ACTS = "recovery.commands.acting"
NOT_HELD = "simulators"


class Damaged(BaseException):
    """A file of the archive is not what the build put there. No Exception: nobody may go on."""

    def __init__(self, archive: str, name: str) -> None:
        super().__init__("%s is damaged (%s in it)" % (archive, name))


class Compiled:
    """One compiled module: where it lies in the archive, and what it must be."""

    def __init__(self, module: str, size: str, digest: str, path: str) -> None:
        self.module, self.size, self.digest, self.path = module, int(size), digest, path


class Archive:
    """The open archive, what of it is for this Python, and the code compiled from it."""

    def __init__(self, path: str, text: bytes) -> None:
        self.path = path
        self.id = "%08x%08x" % (zlib.crc32(text), zlib.adler32(text))
        self.places: "Dict[str, str]" = {}
        self.homes: "Dict[str, str]" = {}
        self.compiled: "Dict[str, Compiled]" = {}
        self.codes: "Optional[Any]" = None
        self.held: "Dict[str, bytes]" = {}
        self.why: "List[str]" = []  # no compiled part could be loaded
        self._read(text.decode("ascii").splitlines(), python())

    def _read(self, lines: "List[str]", ours: str) -> None:
        """Take in the index; bundle/contents.py writes it."""
        machine = None
        for line in lines:
            kind, name, rest = line.split(" ", 2)
            if kind == "f":
                self.places[name] = rest
            elif kind == "p":
                pythons, tops = rest.split(" ", 1)
                if ours in pythons.split(","):
                    self.homes.update((top, name) for top in tops.split())
            else:
                of, pythons, module, size, digest = rest.split(" ")
                machine = machine or this_machine()
                if of == machine and ours in pythons.split(","):
                    self.compiled[module] = Compiled(module, size, digest, name)

    def read(self, path: str) -> bytes:
        """Return a file of site-packages. Raises: Damaged."""
        if path in self.held:
            return self.held[path]
        with open(self.path, "rb") as source:
            return self._member(source, path)

    def _member(self, source: "IO[bytes]", path: str) -> bytes:
        check, offset, size = self.places[path].split(" ")
        source.seek(int(offset))
        deflated = source.read(int(size))
        if zlib.crc32(deflated) != int(check, 16):
            raise Damaged(self.path, path)
        return zlib.decompress(deflated, -15)

    def hold(self) -> None:
        """Read all that the tool may still need, checked, into memory. Raises: Damaged.

        What is for other Pythons or machines is left where it is, whole or damaged.
        """
        tops = ["%s/%s" % (home, top) for top, home in self.homes.items() if top != NOT_HELD]
        ours = tuple(top + end for top in tops for end in ("/", ".py"))
        compiled = {part.path for part in self.compiled.values()}
        with open(self.path, "rb") as source:
            for path in self.places:
                if path.startswith(ours) or path in compiled:
                    self.held[path] = self._member(source, path)

    def unpack(self, package: str, folder: str) -> None:
        """Write the sources of one of our packages below a directory that is there."""
        import os

        for path in self.places:
            if path.startswith("site-packages/%s/" % package):
                target = os.path.join(folder, path[len("site-packages/") :])
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "wb") as out:
                    out.write(self.read(path))

    def code(self, path: str) -> "CodeType":
        """Return the code of a source, compiled at most once for each Python and archive."""
        if self.codes is None:
            from _archive import codes

            self.codes = codes.Codes(self.id)
        kept: "Optional[bytes]" = self.codes.get(path)
        if kept is not None:
            return marshal.loads(kept)  # type: ignore[no-any-return]
        made = compile(self.read(path), self.path + "/" + path, "exec", dont_inherit=True)
        self.codes.add(path, made)
        return made


class Finder:
    """Knows the modules of the archive; others are none of its business."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def find_spec(
        self, name: str, path: "Optional[Sequence[str]]" = None, target: "Any" = None
    ) -> "Optional[ModuleSpec]":
        if name in self.archive.compiled:
            return ModuleSpec(name, CompiledLoader(self.archive, self.archive.compiled[name]))  # type: ignore[arg-type]
        home = self.archive.homes.get(name.partition(".")[0])
        if home is None:
            return None
        inner = home + "/" + name.replace(".", "/")
        for place in (inner + "/__init__.py", inner + ".py"):
            if place in self.archive.places:
                return self._spec(name, place, place.endswith("/__init__.py"))
        return None

    def _spec(self, name: str, place: str, package: bool) -> ModuleSpec:
        origin = self.archive.path + "/" + place
        loader = Loader(self.archive, place, package)
        spec = ModuleSpec(name, loader, origin=origin, is_package=package)  # type: ignore[arg-type]
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [origin.rpartition("/")[0]]
        return spec


class Loader:
    """Runs a source of the archive; the other methods serve tracebacks and pkgutil."""

    def __init__(self, archive: Archive, place: str, package: bool) -> None:
        self.archive = archive.path
        self._archive, self._place, self._package = archive, place, package

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        if module.__name__ == ACTS:
            self._archive.hold()
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> "CodeType":
        return self._archive.code(self._place)

    def get_source(self, name: str) -> str:
        return self._archive.read(self._place).decode("utf-8")

    def get_filename(self, name: str) -> str:
        return self.archive + "/" + self._place

    def get_data(self, path: str) -> bytes:
        return self._archive.read(path[len(self.archive) + 1 :])

    def is_package(self, name: str) -> bool:
        return self._package

    def unpack(self, package: str, folder: str) -> None:
        """For a package that must lie on a disk, as the simulators' programs must."""
        self._archive.unpack(package, folder)


class CompiledLoader:
    """Loads a compiled module from a private directory, into which it is unpacked when needed."""

    def __init__(self, archive: Archive, part: Compiled) -> None:
        self._archive, self._part = archive, part

    def create_module(self, spec: ModuleSpec) -> "ModuleType":
        from _archive import parts

        loaded: "ModuleType" = parts.load(self._archive, self._part, spec)
        return loaded

    def exec_module(self, module: "ModuleType") -> None:
        _imp.exec_dynamic(module)


def python() -> str:
    """Return this Python's name in the index: 3.9.0 and 3.9.1 have one of their own."""
    if (3, 9) <= sys.version_info < (3, 9, 2):
        return "3.9.1"
    # Plain Python of the newest serves a newer one; it finds no compiled part and does without.
    return "3.%d" % min(sys.version_info[1], 13)


def this_machine() -> str:
    """Return what this is, with Python: a compiled part is for one of both exactly."""
    from posix import uname

    known = sys.implementation.name == "cpython" and sys.version_info < (3, 14)
    return uname().machine if known else ""


def start(path: str, index: bytes) -> int:
    """Make the archive importable and run the tool. Its exit status comes back."""
    archive = Archive(path, index)
    if sys.version_info < (3, 7):
        # cryptography says so at every start; a node has no other Python.
        sys.modules["warnings"].filterwarnings("ignore", "Python 3.6 is no longer supported")
    sys.meta_path.insert(0, Finder(archive))
    import _archive

    _archive.opened = archive
    try:
        return int(import_module(TOOL).main())
    except Damaged as caught:
        sys.stderr.write("cannot go on: %s\n  next: copy it anew, then `status`\n" % caught)
        return 4
