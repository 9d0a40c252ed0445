# SPDX-License-Identifier: Apache-2.0
"""What oVirt's own client does with the engine; runs in an environment of its own.

argv: URL, CA file, password, and the name of one of the functions below. Prints JSON.
"""

import json
import sys
import time
from typing import Any, Dict, List

USER = "admin@internal"
POLLS = 60


def main(url: str, ca: str, password: str, task: str) -> Dict[str, Any]:
    import ovirtsdk4

    connection = ovirtsdk4.Connection(url=url, username=USER, password=password, ca_file=ca)
    try:
        return dict(TASKS[task](connection))
    except ovirtsdk4.Error as caught:
        kind = type(caught).__name__
        return {"error": kind, "text": str(caught), "code": getattr(caught, "code", None)}
    finally:
        connection.close()


def whole(connection: Any) -> Dict[str, Any]:
    """Log in, look at every host, and take one through its enrollment."""
    product = connection.system_service().get().product_info
    service = connection.system_service().hosts_service()
    listed = [[host.name, str(host.status), host.address] for host in service.list()]
    found = service.list(search="name=virt-host1")
    host = service.host_service(found[0].id)
    states: List[str] = []
    host.deactivate()
    _wait(host, "maintenance", states)
    host.enroll_certificate()
    _wait(host, "maintenance", states)
    host.activate()
    _wait(host, "up", states)
    return {
        "product": product.version.full_version,
        "hosts": listed,
        "found": len(found),
        "subject": found[0].certificate.subject,
        "states": states,
    }


def _wait(host: Any, wanted: str, states: List[str]) -> None:
    for _ in range(POLLS):
        state = str(host.get().status)
        if states[-1:] != [state]:
            states.append(state)
        if state == wanted:
            return
        time.sleep(0.01)
    raise SystemExit("never %s: %s" % (wanted, states))


def enroll_too_early(connection: Any) -> Dict[str, Any]:
    service = connection.system_service().hosts_service()
    service.host_service(service.list()[0].id).enroll_certificate()
    return {}


def look(connection: Any) -> Dict[str, Any]:
    return {"hosts": len(connection.system_service().hosts_service().list())}


def look_for_a_stranger(connection: Any) -> Dict[str, Any]:
    hosts = connection.system_service().hosts_service()
    unknown = "00000000-0000-0000-0000-000000000000"
    assert hosts.list(search="name=nobody") == []
    return {"name": hosts.host_service(unknown).get().name}


TASKS = {
    "whole": whole,
    "enroll_too_early": enroll_too_early,
    "look": look,
    "look_for_a_stranger": look_for_a_stranger,
}

if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
