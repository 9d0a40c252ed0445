# SPDX-License-Identifier: Apache-2.0
"""The archive's tables: the index for the start, the hashes for selfcheck, the list for people."""

import hashlib
import json
import re
import zipfile
from typing import Dict, List, Tuple

from bundle import paths, stage
from bundle.wheels import MACHINES, PYTHONS, Wheel

SITE = "site-packages/"
EVERY = ",".join(PYTHONS)

# From the projects' own advisories, as of November 2026; a scanner finds more by sbom.cdx.json.
KNOWN = {
    "cryptography-40.0.2": (
        "known vulnerabilities: CVE-2023-50782 (RSA decryption), CVE-2023-49083 and CVE-2024-26130 "
        "(PKCS#7 and PKCS#12 crash), CVE-2023-38325 (ssh certificates), CVE-2026-26007 (SECT "
        "curves), CVE-2026-34073 (name constraints), and those of its OpenSSL. It is the last "
        "release for Python 3.6 to 3.8. Acceptable here: it reads and signs files of this node "
        "alone; it opens no connection, does no RSA decryption, and is given no PKCS#7, PKCS#12, "
        "ssh certificate or elliptic curve by anybody from outside."
    ),
}


def index(
    places: Dict[str, Tuple[int, int, int]], names: Dict[str, bytes], wheels: List[Wheel]
) -> bytes:
    """What the start reads: packages and compiled parts by Python; each file's sum and place."""
    lines = ["p site-packages %s %s" % (EVERY, " ".join(stage.PACKAGES))]
    for folder, pythons, tops in _pure(wheels):
        lines.append("p %s%s/%s %s %s" % (SITE, stage.PURE, folder, pythons, " ".join(tops)))
    for name in sorted(names):
        if name.startswith(SITE):
            lines.append("f %s %08x %d %d" % ((name,) + places[name]))
    lines += _parts(names, wheels)
    return ("\n".join(lines) + "\n").encode("ascii")


def _pure(wheels: List[Wheel]) -> List[Tuple[str, str, List[str]]]:
    found: Dict[str, Tuple[List[str], List[str]]] = {}
    for wheel in wheels:
        tops = {name.split("/")[2] for name, _ in stage.members(wheel) if not name.endswith(".so")}
        if tops:
            pythons = found.setdefault(wheel.folder, ([], []))[0]
            pythons += [python for python in wheel.pythons if python not in pythons]
            found[wheel.folder][1][:] = sorted(top.rpartition(".py")[0] or top for top in tops)
    return [(folder, ",".join(known[0]), known[1]) for folder, known in sorted(found.items())]


def _parts(names: Dict[str, bytes], wheels: List[Wheel]) -> List[str]:
    lines = []
    for wheel in wheels:
        if not wheel.machine:
            continue
        with zipfile.ZipFile(str(wheel.path)) as opened:
            inside = [name for name in opened.namelist() if name.endswith(".so")]
        for name in sorted(inside):
            path = SITE + stage.compiled(wheel, name)
            module = name.split(".")[0].replace("/", ".")
            size, digest = len(names[path]), hashlib.sha256(names[path]).hexdigest()
            pythons = ",".join(wheel.pythons)
            fields = (path, wheel.machine, pythons, module, size, digest)
            lines.append("c %s %s %s %s %d %s" % fields)
    return lines


def hashes(names: Dict[str, bytes]) -> bytes:
    """SHA-256 of every file, as sha256sum writes it."""
    lines = ["%s  %s\n" % (hashlib.sha256(names[name]).hexdigest(), name) for name in sorted(names)]
    return "".join(lines).encode("ascii")


def listed(names: Dict[str, bytes], wheels: List[Wheel], machines: List[str]) -> bytes:
    """What `version --verbose` shows, as JSON."""
    packages: Dict[str, Dict[str, object]] = {}
    for wheel in wheels:
        one = packages.setdefault(
            wheel.folder,
            {
                "name": wheel.pin.name,
                "version": wheel.pin.version,
                "pythons": [],
                "machines": [],
                "openssl": "",
                "note": KNOWN.get(wheel.folder, ""),
            },
        )
        _join(one["pythons"], list(wheel.pythons))
        _join(one["machines"], [wheel.machine] if wheel.machine else [])
        one["openssl"] = openssl(names, wheel) or one["openssl"]
    table = {
        "version": version(),
        "pythons": [name for name in PYTHONS if name != "3.9.1"],
        "machines": {name: MACHINES[name].first for name in machines},
        "packages": [packages[folder] for folder in sorted(packages)],
    }
    return (json.dumps(table, indent=1, sort_keys=True) + "\n").encode("ascii")


def _join(known: object, more: List[str]) -> None:
    assert isinstance(known, list)
    known += [one for one in more if one not in known]


def openssl(names: Dict[str, bytes], wheel: Wheel) -> str:
    """The OpenSSL linked into a wheel's compiled part: it says so itself; empty without one."""
    prefix = "%s%s/%s/%s/_rust" % (SITE, stage.COMPILED, wheel.machine, wheel.folder)
    for name in sorted(names):
        if wheel.machine and name.startswith(prefix):
            found = re.search(rb"OpenSSL (\d+\.\d+\.\d+\w*) +\d+ \w+ \d{4}", names[name])
            return str(found.group(1).decode("ascii")) if found else ""
    return ""


def version() -> str:
    """The project's version."""
    text = (paths.ROOT / "pyproject.toml").read_text()
    (found,) = re.findall(r'^version = "(.*)"$', text, re.MULTILINE)
    return str(found)
