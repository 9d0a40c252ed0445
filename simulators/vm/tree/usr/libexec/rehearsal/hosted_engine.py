# SPDX-License-Identifier: Apache-2.0
"""Stands in for hosted-engine: the verbs that a recovery needs, in the shapes of the real one."""

import json
import sys
from typing import List

import ha_broker
import vdsm_client

FRESH = 60.0  # seconds after which what the agent said is stale
NAME = "virt-host1.example.test"
FLAG = "\n\n!! Cluster is in GLOBAL MAINTENANCE mode !!\n\n"


def status(words: List[str]) -> int:
    known = ha_broker.tell({})
    seen = float(known.get("seen", 0))
    engine = {key: known[key] for key in ("vm", "health", "detail")}
    live = known.get("boot") == ha_broker.boot() and ha_broker.uptime() - seen < FRESH
    if "--json" in words:
        host = {"host-id": 1, "host-ts": int(seen), "score": 3400, "engine-status": engine}
        host.update({"hostname": NAME, "maintenance": False, "stopped": False, "live-data": live})
        print(json.dumps({"1": host, "global_maintenance": known["global"]}))
        return 0
    flag = FLAG if known["global"] else ""
    print("%s\n--== Host %s (id: 1) status ==--\n" % (flag, NAME))
    print("%-35s: %s" % ("Status up-to-date", live))
    print("%-35s: %s%s" % ("Engine status", json.dumps(engine), flag))
    return 0


def maintenance(words: List[str]) -> int:
    modes = [word[len("--mode=") :] for word in words if word.startswith("--mode=")]
    if not modes or modes[0] not in ("global", "none"):
        print("Invalid value %r for --mode" % modes)
        return 1
    ha_broker.tell({"global": modes[0] == "global"})
    return 0


def start(words: List[str]) -> int:
    if vdsm_client.ask("state")["text"] == "running":
        print("VM exists and its status is Up")
        return 1
    told = vdsm_client.ask("create")
    print("VM in WaitForLaunch" if told["status"] == 0 else "VM failed to launch: %(text)s" % told)
    return int(told["status"])


def end(order: str) -> int:
    told = vdsm_client.ask(order)
    print(told["text"])
    return int(told["status"])


def deployed(words: List[str]) -> int:
    print("The hosted engine has been deployed")
    return 0


def alive(words: List[str]) -> int:
    good = ha_broker.tell({})["health"] == "good"
    print("Hosted Engine is up!" if good else "Hosted Engine is not up!")
    return 0 if good else 1


VERBS = {
    "--vm-status": status,
    "--set-maintenance": maintenance,
    "--vm-start": start,
    "--vm-shutdown": lambda words: end("shutdown"),
    "--vm-poweroff": lambda words: end("destroy"),
    "--check-deployed": deployed,
    "--check-liveliness": alive,
}


def main(words: List[str]) -> int:
    if not words or words[0] not in VERBS:
        print("Invalid option %r" % words[:1], file=sys.stderr)
        return 1
    try:
        return VERBS[words[0]](words[1:])
    except OSError as caught:
        print(
            "%s\nCannot connect to the HA daemon, please check the logs." % caught, file=sys.stderr
        )
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
