# SPDX-License-Identifier: Apache-2.0
"""What differs between the releases of the engine, as data. Imports nothing of ours but a type.

ovirt-engine: the tags 4.3.10.4, 4.4.10.7 and 4.5.4, the last of each line.
"""

from typing import Dict, NamedTuple, Tuple

from simulators.world import World


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
    otopi: str
    wraps: bool  # notes are wrapped at the terminal's width, and prompts lose their last space
    vacuum_manual: str  # where its questions point to
    ca_choice: bool  # the scripts know --ca-file, --cert-dir and --req-dir
    days_choice: bool  # pki-enroll-pkcs12.sh knows --days
    lock: str  # "" for the CA's own file
    soon_web: int  # days before the end in which setup offers renewal
    soon: int
    short: bool  # setup minds lifetimes of more than 398 days


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
        "otopi-1.8.4 (otopi-1.8.4-1.el7)",
        False,
        "https://www.postgresql.org/docs/10/sql-vacuum.html",
        False,
        False,
        "/tmp/ovirt-engine-pki.v2.lock",
        365,
        365,
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
        "otopi-1.9.6 (otopi-1.9.6-1.el8)",
        False,
        "https://www.postgresql.org/docs/12/sql-vacuum.html",
        True,
        False,
        "/tmp/ovirt-engine-pki.v2.lock",
        60,
        60,
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
        "otopi-1.10.3 (otopi-1.10.3-1.el9)",
        True,
        "https://www.postgresql.org/docs/12/sql-vacuum.html",
        True,
        True,
        "",
        60,
        365,
        False,
    ),
}


def of(world: World) -> Engine:
    """The engine of this world."""
    return RELEASES[world.state["release"]]
