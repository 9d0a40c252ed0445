# SPDX-License-Identifier: Apache-2.0
"""What differs between the releases of the engine, as data. Imports nothing of ours.

ovirt-engine: the tags 4.3.10.4, 4.4.10.7 and 4.5.4, the last of each line.
"""

from typing import Dict, NamedTuple, Tuple


class Engine(NamedTuple):
    """Days are what the scripts hand to openssl; a certificate lives one day longer."""

    version: str
    package: str
    system: str  # of the VM, as engine-backup writes it
    ca_days: int
    days: int
    web_days: int
    host_days: int
    databases: Tuple[str, ...]  # whose settings a backup notes
    grafana: bool


RELEASES: Dict[str, Engine] = {
    "el7": Engine(
        "4.3.10.4",
        "4.3.10.4-1.el7",
        "centos7",
        3650,
        1800,
        1800,
        1825,
        ("DB", "DWH_DB", "REPORTS_DB", "CINDERLIB_DB"),
        False,
    ),
    "el8": Engine(
        "4.4.10.7",
        "4.4.10.7-1.el8",
        "centos8",
        3650,
        398,
        398,
        398,
        ("DB", "DWH_DB", "CINDERLIB_DB"),
        True,
    ),
    "el9": Engine(
        "4.5.4",
        "4.5.4-1.el9",
        "centos9",
        7300,
        1827,
        398,
        1827,
        ("DB", "DWH_DB", "KEYCLOAK_DB", "CINDERLIB_DB"),
        True,
    ),
}
