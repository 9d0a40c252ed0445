# SPDX-License-Identifier: Apache-2.0
"""What engine-setup says while it works, as data: lines, and the seconds each of them takes.

In the order of the recorded runs (samples/engine) and of the facts on 4.5. Imports nothing.
"""

from typing import Dict, List, Tuple

Lines = List[Tuple[str, float]]

STAGES_BEFORE = (
    "Initializing",
    "Environment setup",
    "Environment packages setup",
    "Programs detection",
    "Environment setup (late)",
)
STOPPING: Dict[str, Lines] = {
    "el7": [
        ("Stopping engine service", 8.0),
        ("Stopping ovirt-fence-kdump-listener service", 1.0),
        ("Stopping dwh service", 2.0),
        ("Stopping Image I/O Proxy service", 1.0),
        ("Stopping vmconsole-proxy service", 1.0),
        ("Stopping websocket-proxy service", 1.0),
    ],
    "el8": [
        ("Stopping engine service", 8.0),
        ("Stopping ovirt-fence-kdump-listener service", 1.0),
        ("Stopping dwh service", 2.0),
        ("Stopping vmconsole-proxy service", 1.0),
        ("Stopping websocket-proxy service", 1.0),
        ("Stopping service: grafana-server", 1.0),
    ],
}
STOPPING["el9"] = STOPPING["el8"]
IMAGEIO = (
    "Updating /etc/ovirt-imageio-proxy/ovirt-imageio-proxy.conf to use apache key and certificate"
)
AFTER_PKI: Dict[str, Lines] = {
    "el7": [
        (IMAGEIO, 0.5),
    ],
    "el8": [("Updating OVN SSL configuration", 1.0), ("Updating OVN timeout configuration", 1.0)],
}
AFTER_PKI["el9"] = AFTER_PKI["el8"]
HISTORY_BACKUP = (
    "Backing up database localhost:ovirt_engine_history to "
    "'/var/lib/ovirt-engine-dwh/backups/dwh-%s.%s.dump'."
)
ENGINE_BACKUP = (
    "Backing up database localhost:engine to '/var/lib/ovirt-engine/backups/engine-%s.%s.dump'."
)
HISTORY_SCHEMA = ("Creating/refreshing DWH database schema", 22.0)
CONFIGURING: Dict[str, Lines] = {
    "el7": [("Configuring Image I/O Proxy", 1.0), ("Configuring WebSocket Proxy", 1.0)],
    "el8": [("Configuring WebSocket Proxy", 1.0)],
    "el9": [("Configuring WebSocket Proxy", 1.0)],
}
VACUUM = ("Running vacuum full on the %s schema", "Running vacuum full elapsed 0:00:%02d.085680")
ENGINE_SCHEMA = ("Creating/refreshing Engine database schema", 55.0)
DOMAIN_SCHEMA = ("Creating/refreshing Engine 'internal' domain database schema", 3.0)
POST_INSTALL = (
    "Generating post install configuration file "
    "'/etc/ovirt-engine-setup.conf.d/20-setup-ovirt-post.conf'"
)
STARTING: Dict[str, Lines] = {
    "el7": [
        ("Starting engine service", 6.0),
        ("Starting dwh service", 2.0),
        ("Restarting ovirt-vmconsole proxy service", 1.0),
    ],
    "el8": [
        ("Starting engine service", 6.0),
        ("Starting dwh service", 2.0),
        ("Starting Grafana service", 2.0),
        ("Restarting ovirt-vmconsole proxy service", 1.0),
    ],
}
STARTING["el9"] = STARTING["el8"]

# The preview: description and value; what is told apart by release is named with it.
PREVIEW = (
    ("Default SAN wipe after delete", "False", ""),
    ("Host FQDN", "{fqdn}", ""),
    ("Firewall manager", "firewalld", ""),
    ("Update Firewall", "{firewall}", ""),
    ("Set up Cinderlib integration", "False", ""),
    ("Engine database host", "localhost", ""),
    ("Engine database port", "5432", ""),
    ("Engine database secured connection", "False", ""),
    ("Engine database host name validation", "False", ""),
    ("Engine database name", "engine", ""),
    ("Engine database user name", "engine", ""),
    ("Engine installation", "True", ""),
    ("PKI organization", "{organisation}", ""),
    ("Renew PKI", "{renew}", "renew"),
    ("Set up ovirt-provider-ovn", "True", ""),
    ("Grafana integration", "True", "grafana"),
    ("Grafana database user name", "ovirt_engine_history_grafana", "grafana"),
    ("Configure WebSocket Proxy", "True", ""),
    ("DWH installation", "True", ""),
    ("DWH database host", "localhost", ""),
    ("DWH database port", "5432", ""),
    ("DWH database secured connection", "False", ""),
    ("DWH database host name validation", "False", ""),
    ("DWH database name", "ovirt_engine_history", ""),
    ("DWH database user name", "ovirt_engine_history", ""),
    ("Backup DWH database", "{backup}", ""),
    ("Configure Image I/O Proxy", "True", "imageio"),
    ("Configure VMConsole Proxy", "True", ""),
)
