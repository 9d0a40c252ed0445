# SPDX-License-Identifier: Apache-2.0
"""The bill of materials: CycloneDX 1.5, JSON. Imports bundle modules only.

No time stamp and no random serial number in it: the same inputs give the same bytes.
"""

import hashlib
import json
import re
import uuid
import zipfile
from typing import Any, Dict, Iterator, List

from bundle import contents, licences
from bundle.wheels import Wheel

NAME = "sbom.cdx.json"
PROJECT = "ovirt-cert-recovery"
SBOM = re.compile(r"\.dist-info/sboms/[^/]+\.json$")
CRATE = re.compile(rb"/([a-z][a-z0-9_-]*?)-(\d+\.\d+\.\d+)/src/")


def document(names: Dict[str, bytes], wheels: List[Wheel]) -> bytes:
    """The bill: each wheel with its hash and licence, and what is linked into it."""
    project = _component(PROJECT, contents.version(), "Apache-2.0", "")
    project["type"] = "application"
    components: Dict[str, Dict[str, Any]] = {}
    for wheel in wheels:
        one = _wheel(wheel)
        known = components.setdefault(one["bom-ref"], one)
        if known is not one:
            known["hashes"] = sorted(known["hashes"] + one["hashes"], key=str)
        for part in _linked(names, wheel):
            components.setdefault(part["bom-ref"], part)
    ordered = [components[ref] for ref in sorted(components)]
    stamp = hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": "urn:uuid:%s" % uuid.UUID(stamp[:32]),
        "version": 1,
        "metadata": {"component": project},
        "components": ordered,
        "dependencies": [
            {
                "ref": project["bom-ref"],
                "dependsOn": sorted({"pkg:pypi/%s@%s" % wheel.pin[:2] for wheel in wheels}),
            }
        ],
    }
    return (json.dumps(bill, indent=1, sort_keys=True) + "\n").encode("ascii")


def _component(name: str, version: str, licence: str, purl: str) -> Dict[str, Any]:
    made = {
        "type": "library",
        "name": name,
        "version": version,
        "bom-ref": purl or "%s@%s" % (name, version),
        "licenses": [{"license": {"name": licence}}],
    }
    if purl:
        made["purl"] = purl
    return made


def _wheel(wheel: Wheel) -> Dict[str, Any]:
    purl = "pkg:pypi/%s@%s" % (wheel.pin.name, wheel.pin.version)
    made = _component(wheel.pin.name, wheel.pin.version, licences.name(wheel), purl)
    digest = hashlib.sha256(wheel.path.read_bytes()).hexdigest()
    made["hashes"] = [{"alg": "SHA-256", "content": digest}]
    note = contents.KNOWN.get(wheel.folder)
    if note:
        made["description"] = note
    return made


def _linked(names: Dict[str, bytes], wheel: Wheel) -> Iterator[Dict[str, Any]]:
    """OpenSSL and the crates: from the wheel's own bills, else from what the compiler left."""
    version = contents.openssl(names, wheel)
    if version:
        yield _component("openssl", version, "Apache-2.0", "pkg:generic/openssl@" + version)
    with zipfile.ZipFile(str(wheel.path)) as opened:
        bills = [name for name in opened.namelist() if SBOM.search(name)]
        listed = [one for name in sorted(bills) for one in _listed(json.loads(opened.read(name)))]
        if listed or not version:
            yield from listed
            return
        for name in opened.namelist():
            if name.endswith(".so"):
                for crate, release in sorted(set(CRATE.findall(opened.read(name)))):
                    yield _crate(crate.decode(), release.decode(), "see licences/LINKED")


def _listed(bill: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    for one in bill.get("components", ()):
        if str(one.get("purl", "")).startswith("pkg:cargo/"):
            named = one.get("licenses") or [{"expression": "unknown"}]
            yield _crate(one["name"], one["version"], str(named[0].get("expression")))


def _crate(name: str, version: str, licence: str) -> Dict[str, Any]:
    return _component(name, version, licence, "pkg:cargo/%s@%s" % (name, version))
