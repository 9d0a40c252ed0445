# SPDX-License-Identifier: Apache-2.0
"""Starts the archive; in it as __main__. Python 2.7 can read it, to say what is needed.

What it starts is looked at first: a damaged byte must not run. The checks are the build's.
"""

import sys
import zlib

CHECKS = {}  # type: ignore[var-annotated]
HEAD = (0, 0, 0)  # bytes before and after the digest in the text for /bin/sh, and their sum
DIGITS = 64


def refuse(cause, advice):  # type: ignore[no-untyped-def]
    """End with words instead of a traceback; 4: a person must do one thing."""
    lines = ("cannot start ovirt-cert-recovery: " + cause, "unchanged: everything", advice)
    sys.stderr.write("\n  ".join(lines) + "\n")
    sys.exit(4)


def look(loader, name):  # type: ignore[no-untyped-def]
    """Return a file of the archive, if it is what the build put there."""
    try:
        data = loader.get_data(loader.archive + "/" + name)
        good = zlib.crc32(data) & 0xFFFFFFFF == CHECKS[name]
    except Exception:  # whatever a damaged byte makes of it
        good = False
    if not good:
        refuse_damaged(loader.archive, name)  # type: ignore[no-untyped-call]
    return data


def refuse_damaged(archive, what):  # type: ignore[no-untyped-def]
    copy = "next: copy it anew; `sha256sum -c SHA256SUMS` tells a good copy"
    cause = "%s is damaged (%s in it)" % (archive, what)
    refuse(cause, copy)  # type: ignore[no-untyped-call]


def look_at_head(archive):  # type: ignore[no-untyped-def]
    """It chose this Python and handed on the words of the person: none may be lost in it."""
    before, after, total = HEAD
    with open(archive, "rb") as source:
        text = source.read(before)
        source.seek(DIGITS, 1)
        text += source.read(after)
    if zlib.crc32(text) & 0xFFFFFFFF != total:
        refuse_damaged(archive, "the text for /bin/sh")  # type: ignore[no-untyped-call]


class Checked(object):
    """Imports what was looked at, once: zipimport would read and compile each of them twice."""

    def __init__(self, archive, files, spec):  # type: ignore[no-untyped-def]
        self.archive, self.files, self.spec = archive, files, spec

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        inner = name.replace(".", "/")
        for place in (inner + "/__init__.py", inner + ".py"):
            if place in self.files:
                origin, package = self.archive + "/" + place, place != inner + ".py"
                spec = self.spec(name, self, origin=origin, is_package=package)
                spec.has_location = True
                return spec
        return None

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        return None

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        name = module.__spec__.origin
        code = compile(self._of(name), name, "exec", 0, True)  # type: ignore[no-untyped-call]
        exec(code, module.__dict__)

    def get_source(self, name):  # type: ignore[no-untyped-def]
        return self._of(self.find_spec(name).origin).decode("ascii")  # type: ignore[no-untyped-call]

    def _of(self, origin):  # type: ignore[no-untyped-def]
        return self.files[origin[len(self.archive) + 1 :]]


if __name__ == "__main__":
    if sys.version_info < (3, 6):
        seen = "%d.%d (%s)" % (sys.version_info[0], sys.version_info[1], sys.executable)
        refuse(
            "it needs Python 3.6 or newer, this is " + seen,
            "next: sh %s; that looks for one, /usr/libexec/platform-python too" % sys.argv[0],
        )
    files = {}
    for each in sorted(CHECKS, reverse=True):  # the help page first: it needs none of the others
        files[each] = look(__loader__, each)  # type: ignore[name-defined,no-untyped-call]
        if each == "_archive/usage" and sys.argv[1:] in (["--help"], ["-h"]):
            sys.stdout.write(files[each].decode("ascii"))
            sys.exit(0)
    look_at_head(__loader__.archive)  # type: ignore[name-defined,no-untyped-call]
    from importlib.machinery import ModuleSpec

    path = __loader__.archive  # type: ignore[name-defined]
    sys.meta_path.insert(0, Checked(path, files, ModuleSpec))  # type: ignore[no-untyped-call]
    from _archive import importer

    sys.exit(importer.start(path, files[importer.INDEX]))
