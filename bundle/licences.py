# SPDX-License-Identifier: Apache-2.0
"""The licence texts of everything in the archive. Imports bundle modules only."""

import re
import zipfile
from typing import Dict, List

from bundle import paths, program
from bundle.wheels import Wheel

FOLDER = "licences/"
LICENCE = re.compile(r"[^/]+\.dist-info/(?:licenses/)?((?:LICEN[CS]E|COPYING|NOTICE)[^/]*)$")

# Compiled into the wheels, with no licence file of their own there.
LINKED = """\
The compiled parts hold, beside the projects named by these directories:

cryptography: OpenSSL (Apache-2.0: LICENSE.APACHE beside this file), the Rust standard library and
Rust crates (each MIT, Apache-2.0 or BSD-3-Clause; names and versions: sbom.cdx.json).

cffi: libffi, under this licence:

libffi - Copyright (c) 1996-2024  Anthony Green, Red Hat, Inc and others.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the ``Software''), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED ``AS IS'', WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT.  IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def texts(wheels: List[Wheel]) -> Dict[str, bytes]:
    """Path in the archive -> licence text. Raises: program.Failed where a wheel has none."""
    found = {FOLDER + "ovirt-cert-recovery/LICENSE": (paths.ROOT / "LICENSE").read_bytes()}
    for wheel in wheels:
        own = _own(wheel)
        if not own:
            raise program.Failed("cannot pack {}: it has no licence".format(wheel.path.name))
        found.update(own)
        if wheel.pin.name in ("cryptography", "cffi"):
            found[FOLDER + wheel.folder + "/LINKED"] = LINKED.encode("ascii")
    return found


def _own(wheel: Wheel) -> Dict[str, bytes]:
    with zipfile.ZipFile(str(wheel.path)) as opened:
        found = {}
        for name in opened.namelist():
            matched = LICENCE.match(name)
            if matched:
                found["%s%s/%s" % (FOLDER, wheel.folder, matched.group(1))] = opened.read(name)
        return found


def name(wheel: Wheel) -> str:
    """The licence as the wheel's own metadata names it: an SPDX expression where it has one."""
    with zipfile.ZipFile(str(wheel.path)) as opened:
        path = [one for one in opened.namelist() if one.endswith(".dist-info/METADATA")][0]
        text = opened.read(path).decode("utf-8").split("\n\n")[0]
    for field in ("License-Expression", "License"):
        found = re.findall(r"^%s: (.+)$" % field, text, re.MULTILINE)
        if found and found[0] != "UNKNOWN":
            return str(found[0])
    classified = re.findall(r"^Classifier: License :: (?:OSI Approved :: )?(.+)$", text, re.M)
    return ", ".join(classified) or "see licences/%s" % wheel.folder
