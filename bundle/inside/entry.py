# SPDX-License-Identifier: Apache-2.0
"""Starts the archive; in it as __main__. Python 2.7 can read it, to say what is needed.

What it starts is looked at first: a damaged byte must not run. The checks are the build's.
"""

import sys
import zlib

CHECKS = {}  # type: ignore[var-annotated]


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
        copy = "next: copy it anew; `sha256sum -c SHA256SUMS` tells a good copy"
        cause = "%s is damaged (%s in it)" % (loader.archive, name)
        refuse(cause, copy)  # type: ignore[no-untyped-call]
    return data


if __name__ == "__main__":
    if sys.version_info < (3, 6):
        seen = "%d.%d (%s)" % (sys.version_info[0], sys.version_info[1], sys.executable)
        refuse(
            "it needs Python 3.6 or newer, this is " + seen,
            "next: sh %s; that looks for one, /usr/libexec/platform-python too" % sys.argv[0],
        )
    for each in sorted(CHECKS, reverse=True):  # the help page first: it needs none of the others
        seen = look(__loader__, each)  # type: ignore[name-defined,no-untyped-call]
        if each == "_archive/usage" and sys.argv[1:] in (["--help"], ["-h"]):
            sys.stdout.write(seen.decode("ascii"))
            sys.exit(0)
    from _archive import importer

    sys.exit(importer.start(__loader__))  # type: ignore[name-defined]
