# SPDX-License-Identifier: Apache-2.0
"""`hosted-engine --vm-status`: the block each agent publishes, as text and as JSON.

Imports `ha`, `broker` and `names`.
"""

import binascii
import time
from typing import List, Tuple

from simulators import broker, ha, names
from simulators.world import World

NO_BROKER = (
    "[Errno 2] No such file or directory\n"
    "Cannot connect to the HA daemon, please check the logs.\n"
    "An error occured while retrieving vm status, please make sure the HA daemon is "
    "ready and reachable.\nUnable to connect the HA Broker \n"
)
JSON_TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/usr/lib64/python3.6/runpy.py", line 193, in _run_module_as_main\n'
    "json.decoder.JSONDecodeError: Invalid control character at: line 1 column 35 (char 34)\n"
)
FLAG = "\n\n!! Cluster is in GLOBAL MAINTENANCE mode !!\n\n"


def block(world: World) -> List[Tuple[str, object]]:
    """The fields of this host in the order of a present Python's dictionaries."""
    host = world.state["ha"]["host"]
    live = broker.live(world)
    return [
        ("conf_on_shared_storage", True),
        ("live-data", live),
        ("hostname", names.NODE),
        ("host-id", 1),
        ("engine-status", ha.engine_status(world)),
        ("score", host["score"]),
        ("stopped", host["stopped"]),
        ("maintenance", host["maintenance"]),
        ("crc32", checksum(world)),
        ("local_conf_timestamp", host["conf"]),
        ("host-ts", host["ts"]),
        ("extra", extra(world)),
    ]


def extra(world: World) -> str:
    host = world.state["ha"]["host"]
    wall = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(host["wall"]))
    lines = [
        "metadata_parse_version=1",
        "metadata_feature_version=1",
        "timestamp=%d (%s)" % (host["ts"], wall),
        "host-id=1",
        "score=%d" % host["score"],
        "vm_conf_refresh_time=%d (%s)" % (host["conf"], wall),
        "conf_on_shared_storage=True",
        "maintenance=%s" % host["maintenance"],
        "state=" + host["state"],
        "stopped=%s" % host["stopped"],
    ]
    return "\n".join(lines) + "\n"


def checksum(world: World) -> str:
    host = world.state["ha"]["host"]
    tokens = "|".join(
        [
            "1",
            "1",
            str(host["ts"]),
            "1",
            str(host["score"]),
            host["state"],
            names.NODE,
            str(host["maintenance"]),
            str(host["stopped"]),
            "00000000",
        ]
    )
    return "%08x" % (binascii.crc32(tokens.encode()) & 0xFFFFFFFF)


def as_json(world: World) -> str:
    import json

    fields = dict(block(world))
    order = (
        "host-id",
        "host-ts",
        "score",
        "engine-status",
        "hostname",
        "maintenance",
        "stopped",
        "crc32",
        "conf_on_shared_storage",
        "local_conf_timestamp",
        "extra",
        "live-data",
    )
    everything = {"1": {key: fields[key] for key in order}}
    if world.state["vm"]["where"] == "elsewhere":
        other = dict(_other(world))
        everything["2"] = {key: other[key] for key in order}
    everything["global_maintenance"] = world.state["ha"]["global"]
    return json.dumps(everything) + "\n"


def _other(world: World) -> List[Tuple[str, object]]:
    """What the node that carries the engine VM publishes, as this one reads it."""
    vm = world.state["vm"]
    status = {"vm": "up", "health": "good" if vm["healthy"] else "bad", "detail": "Up"}
    if not vm["healthy"]:
        status["reason"] = "failed liveliness check"
    fields = dict(block(world))
    fields.update(
        {
            "hostname": names.OTHER_NODE,
            "host-id": 2,
            "engine-status": status,
            "maintenance": False,
            "extra": str(fields["extra"]).replace("host-id=1", "host-id=2"),
        }
    )
    return list(fields.items())


LABELS = [
    ("Host ID", "host-id"),
    ("Host timestamp", "host-ts"),
    ("Score", "score"),
    ("Engine status", "engine-status"),
    ("Hostname", "hostname"),
    ("Local maintenance", "maintenance"),
    ("stopped", "stopped"),
    ("crc32", "crc32"),
    ("conf_on_shared_storage", "conf_on_shared_storage"),
    ("local_conf_timestamp", "local_conf_timestamp"),
    ("Status up-to-date", "live-data"),
]
# Python 2.7 prints in the order of its hashes.
OLD_ORDER = (
    "conf_on_shared_storage",
    "Status up-to-date",
    "Hostname",
    "Host ID",
    "Engine status",
    "Score",
    "stopped",
    "Local maintenance",
    "crc32",
    "local_conf_timestamp",
    "Host timestamp",
)


def as_text(world: World) -> str:
    flag = FLAG if world.state["ha"]["global"] else ""
    blocks = [dict(block(world))]
    if world.state["vm"]["where"] == "elsewhere":
        blocks.append(dict(_other(world)))
    return flag + "".join(_host(world, fields) for fields in blocks) + flag


def _host(world: World, fields: dict) -> str:
    labels = LABELS
    if world.state["release"] == "el7":
        labels = sorted(LABELS, key=lambda pair: OLD_ORDER.index(pair[0]))
    lines = ["%-35s: %s" % (label, _value(fields, key)) for label, key in labels]
    listed = "".join("\t%s\n" % line for line in str(fields["extra"]).splitlines())
    return "\n\n--== Host %s (id: %s) status ==--\n\n%s\n%s\n%s\n" % (
        fields["hostname"],
        fields["host-id"],
        "\n".join(lines),
        "Extra metadata (valid at timestamp):",
        listed,
    )


def _value(fields: dict, key: str) -> str:
    if key != "engine-status":
        return str(fields[key])
    if not fields["live-data"]:
        return "unknown stale-data"
    import json

    return json.dumps(fields[key])
