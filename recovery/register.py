# SPDX-License-Identifier: Apache-2.0
"""What the engine's CA has issued to nodes, by its own records: pure.

The CA's database (man openssl-ca: one line a certificate, fields parted by tabs) has the dates of
all it ever signed. Which of them are nodes is told by certs/NAME.cer, which the engine writes for
a host that it enrolls (engine: pki-enroll-request.sh); the engine's own certificates have a file
name there that is not in their subject. Imports nothing of ours.
"""

import calendar
import datetime
import re
from typing import Dict, Optional

PKI = "/etc/pki/ovirt-engine"
# Status, end of validity, revocation, serial number, file, subject.
LINE = re.compile(r"V\t(\d{12,14})Z\t[^\t]*\t[0-9A-Fa-f]+\t[^\t]*\t(.*)")
NAME = re.compile(r"/CN=((?:\\.|[^/])+)$")


def nodes(database: str, certificates: str) -> Dict[str, int]:
    """Return the nodes' names and when the newest certificate of each ends, in epoch seconds.

    certificates: the listing of the engine's directory of certificates. A node that was removed
    long ago is among them: the CA never forgets.
    """
    files = {line[: -len(".cer")] for line in certificates.split() if line.endswith(".cer")}
    found: Dict[str, int] = {}
    for line in database.splitlines():
        match = LINE.match(line)
        name = _name(match.group(2)) if match else None
        if match and name in files:
            assert name is not None
            found[name] = max(found.get(name, 0), _epoch(match.group(1)))
    return found


def _name(subject: str) -> Optional[str]:
    """Return the common name of a node; the migration certificate (OU=qemu) is none."""
    found = NAME.search(subject)
    return found.group(1) if found and "/OU=" not in subject else None


def _epoch(text: str) -> int:
    """Return the moment of a UTCTime or a GeneralizedTime (RFC 5280: years from 50 are 19xx)."""
    if len(text) == 12:
        text = ("19" if text >= "50" else "20") + text
    return calendar.timegm(datetime.datetime.strptime(text, "%Y%m%d%H%M%S").timetuple())
