# SPDX-License-Identifier: Apache-2.0
"""The trusted fields journald adds to a record: who the process of a unit is, as data."""

from simulators.releases import RELEASES

ALL_CAPABILITIES = "1ffffffffff"
PROCESSES = {
    # unit: (_COMM, _EXE, _CMDLINE, _UID, _GID, _CAP_EFFECTIVE, _TRANSPORT)
    "libvirtd.service": (
        "libvirtd",
        "/usr/sbin/libvirtd",
        "/usr/sbin/libvirtd",
        "0",
        "0",
        ALL_CAPABILITIES,
        "journal",
    ),
    "chronyd.service": (
        "chronyd",
        "/usr/sbin/chronyd",
        "/usr/sbin/chronyd",
        "994",
        "990",
        "2000400",
        "syslog",
    ),
    "vdsmd.service": (
        "vdsmd",
        "/usr/bin/python3.6",
        "/usr/bin/python3 /usr/share/vdsm/vdsmd",
        "36",
        "36",
        "0",
        "syslog",
    ),
    "supervdsmd.service": (
        "supervdsmd",
        "/usr/bin/python3.6",
        "/usr/bin/python3 /usr/share/vdsm/supervdsmd --sockfile /run/vdsm/svdsm.sock",
        "0",
        "0",
        ALL_CAPABILITIES,
        "syslog",
    ),
    "ovirt-ha-agent.service": (
        "ovirt-ha-agent",
        "/usr/bin/python3.6",
        "/usr/bin/python3 /usr/share/ovirt-hosted-engine-ha/ovirt-ha-agent",
        "36",
        "36",
        "0",
        "syslog",
    ),
    "ovirt-ha-broker.service": (
        "ovirt-ha-broker",
        "/usr/bin/python3.6",
        "/usr/bin/python3 /usr/share/ovirt-hosted-engine-ha/ovirt-ha-broker",
        "36",
        "36",
        "0",
        "syslog",
    ),
    "systemd-timedated.service": (
        "systemd-timedat",
        "/usr/lib/systemd/systemd-timedated",
        "/usr/lib/systemd/systemd-timedated",
        "0",
        "0",
        "2000000",
        "journal",
    ),
    "timedatex.service": (
        "timedatex",
        "/usr/sbin/timedatex",
        "/usr/sbin/timedatex",
        "0",
        "0",
        "2000000",
        "syslog",
    ),
    "systemd-journald.service": (
        "systemd-journal",
        "/usr/lib/systemd/systemd-journald",
        "/usr/lib/systemd/systemd-journald",
        "0",
        "0",
        "25402800cf",
        "journal",
    ),
    "init.scope": (
        "systemd",
        "/usr/lib/systemd/systemd",
        "/usr/lib/systemd/systemd --switched-root --system --deserialize 18",
        "0",
        "0",
        ALL_CAPABILITIES,
        "journal",
    ),
}


def complete(record: tuple, state: dict) -> dict:
    """Return all fields of a record, the double-underscore ones left out."""
    stored = record[5]
    systemd = RELEASES[state["release"]]["systemd"]
    fields = {
        "_BOOT_ID": record[1],
        "_MACHINE_ID": state["machine_id"],
        "_HOSTNAME": state["hostname"].partition(".")[0],
    }
    if systemd >= 252:
        fields["_RUNTIME_SCOPE"] = "system"
    if stored.get("_TRANSPORT") == "kernel" and "_SYSTEMD_UNIT" not in stored:
        fields.update(
            _SOURCE_MONOTONIC_TIMESTAMP=str(record[2]),
            SYSLOG_FACILITY="0",
            SYSLOG_IDENTIFIER="kernel",
        )
    else:
        fields.update(_process_fields(stored, record))
    fields.update(stored)
    return fields


def _process_fields(stored: dict, record: tuple) -> dict:
    unit = stored.get("_SYSTEMD_UNIT", "init.scope" if stored.get("_PID") == "1" else "")
    comm, exe, cmdline, uid, gid, capabilities, transport = PROCESSES.get(
        unit, _unknown(unit, stored)
    )
    fields = {
        "_TRANSPORT": transport,
        "_UID": uid,
        "_GID": gid,
        "_COMM": comm,
        "_EXE": exe,
        "_CMDLINE": cmdline,
        "_CAP_EFFECTIVE": capabilities,
        "SYSLOG_FACILITY": "3",
        "_SELINUX_CONTEXT": "system_u:system_r:" + _domain(comm) + ":s0",
    }
    if unit and unit != "init.scope":
        fields.update(
            _SYSTEMD_CGROUP="/system.slice/" + unit,
            _SYSTEMD_UNIT=unit,
            _SYSTEMD_SLICE="system.slice",
        )
    elif unit:
        fields.update(
            _SYSTEMD_CGROUP="/init.scope", _SYSTEMD_UNIT="init.scope", _SYSTEMD_SLICE="-.slice"
        )
    if stored.get("_TRANSPORT", transport) != "stdout":
        fields["_SOURCE_REALTIME_TIMESTAMP"] = str(record[3] - 150)
    if transport == "syslog" and "_PID" in stored:
        fields["SYSLOG_PID"] = stored["_PID"]
    return fields


def _domain(comm: str) -> str:
    known = {
        "systemd": "init_t",
        "libvirtd": "virtd_t",
        "chronyd": "chronyd_t",
        "systemd-journal": "syslogd_t",
        "timedatex": "timedatex_t",
    }
    return known.get(comm, "unconfined_service_t")


def _unknown(unit: str, stored: dict) -> tuple:
    """Return the process of a unit without an entry in the table, from its name."""
    name = stored.get("SYSLOG_IDENTIFIER") or unit.rpartition(".")[0] or "logger"
    return (
        name[:15],
        "/usr/sbin/" + name,
        "/usr/sbin/" + name,
        "0",
        "0",
        ALL_CAPABILITIES,
        "syslog",
    )


def cursor(record: tuple, state: dict) -> str:
    """Return the record's cursor."""
    mark = 0xCBF29CE484222325
    for part in (record[0], record[2], record[3]):
        mark = (mark ^ part) * 0x100000001B3 % (1 << 64)
    return "s=%s;i=%x;b=%s;m=%x;t=%x;x=%x" % (
        state["journal"]["id"],
        record[0],
        record[1],
        record[2],
        record[3],
        mark,
    )
