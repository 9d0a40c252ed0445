# SPDX-License-Identifier: Apache-2.0
"""One request to the engine's httpd: world and request in, answer out.

Paths and shapes as in the engine's BackendApiResource, BackendHostResource and
AbstractBackendActionableResource; error pages as those of its servlet container.
Imports the modules of this package and `der`.
"""

import base64
from typing import Any, Dict, List, NamedTuple, Tuple
from urllib.parse import parse_qs, urlsplit

from simulators import der
from simulators.engine_api import actions, documents, faults, hosts, migration, release, sso, web
from simulators.world import World

ROOT = "/ovirt-engine"
API = ROOT + "/api"
HTML = "text/html;charset=UTF-8"
# The third format of the engine, OPENSSH-PUBKEY, is left out.
CERTIFICATES = {
    "X509-PEM": "application/x-x509-cert",
    "X509-PEM-CA": "application/x-x509-ca-cert",
}
PKIX = (
    "server_error: PKIX path validation failed: "
    "java.security.cert.CertPathValidatorException: validity check failed"
)
ENGINE_VM = "HostedEngine"
ENGINE_VM_ID = "6f0a3a52-0d7e-4f0e-8a57-5d7b0c3c9f01"


class Request(NamedTuple):
    method: str
    path: str
    query: Dict[str, str]
    headers: Dict[str, str]  # names in lower case
    body: bytes


Answer = Tuple[int, Dict[str, str], bytes]


def handle(world: World, method: str, path: str, headers: Dict[str, str], body: bytes) -> Answer:
    """Answer one request. Status 0: no answer comes; a body shorter than its Content-Length:

    the connection is cut there.
    """
    hosts.settle(world)
    parts = urlsplit(path)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    request = Request(
        method,
        parts.path,
        query,
        {name.lower(): value for name, value in headers.items()},
        body,
    )
    fault = faults.due(world, method, path)
    kind = fault.get("kind", "")
    if kind.isdigit():
        return _measured(_failure(request, int(kind), fault))
    if kind == "garbage":
        return _measured(_page(200, "<title>Welcome</title> It works!"))
    status, shown, data = _measured(_answer(world, request))
    if kind == "silent":
        return 0, {}, b""
    return status, shown, data[: len(data) // 2] if kind == "lost" else data


def _measured(answer: Answer) -> Answer:
    status, headers, body = answer
    return status, dict(headers, **{"Content-Length": "%d" % len(body)}), body


def _answer(world: World, request: Request) -> Answer:
    services = world.state["vm"]["services"]
    if not services["ovirt-engine"]:
        return _page(503, "<title>503 Service Unavailable</title>")
    if request.path == ROOT + "/services/health":
        return 200, {"Content-Type": HTML}, b"DB Up!Welcome to Health Status!"
    if request.path == ROOT + "/services/pki-resource":
        return _pki(world, request)
    if request.path == ROOT + "/sso/oauth/token":
        accept = request.headers.get("accept", "")
        return _json(*sso.token(world, request.body, accept))
    if request.path == ROOT + "/services/sso-logout":
        return _json(*sso.revoke(world, request.body))
    if (request.path + "/").startswith(API + "/"):
        return _api(world, request)
    return _page(404, "Not Found")


def _json(status: int, value: Dict[str, str]) -> Answer:
    return status, {"Content-Type": "application/json"}, documents.json(value)


def _page(status: int, text: str, **headers: str) -> Answer:
    page = "<html><head><title>Error</title></head><body>%s</body></html>" % text
    return status, dict(headers, **{"Content-Type": HTML}), page.encode()


def _pki(world: World, request: Request) -> Answer:
    """PKIResources.java: the engine reads these when it starts."""
    files = {"ca-certificate": "ca.pem", "engine-certificate": "certs/engine.cer"}
    if release.has_qemu_ca(world):
        files["qemu-ca-certificate"] = "qemu-ca.pem"
    name = files.get(request.query.get("resource", ""))
    own = name == files["engine-certificate"]
    kind = CERTIFICATES.get(request.query.get("format", "X509-PEM" if own else "X509-PEM-CA"))
    if name is None or kind is None:
        return _page(400, "Bad Request")
    loaded = bytes(world.state["vm"]["loaded"].get("engine", b"")) if own else b""
    if not loaded:
        with open(world.engine("/etc/pki/ovirt-engine/" + name), "rb") as file:
            loaded = file.read()
    return 200, {"Content-Type": kind}, _encoded(der.certificate(loaded).raw)


def _encoded(raw: bytes) -> bytes:
    """Nothing but the certificate, in lines of 76 characters."""
    text = base64.b64encode(raw)
    lines = [text[at : at + 76] for at in range(0, len(text), 76)]
    return b"\n".join(
        [b"-----BEGIN CERTIFICATE-----"] + lines + [b"-----END CERTIFICATE-----", b""]
    )


def _api(world: World, request: Request) -> Answer:
    refused = _unauthorized(world, request)
    if refused is not None:
        return _page(401, refused, **{"WWW-Authenticate": 'Basic realm="RESTAPI"'})
    words = [word for word in request.path[len(API) :].split("/") if word]
    if not words and request.method == "GET":
        return _document(request, 200, "api", _product(world))
    if words == ["hosts"] and request.method == "GET":
        rows = [_host(world, host) for host in _searched(request, hosts.every(world))]
        return _document(request, 200, "hosts", {"host": rows})
    if words == ["vms"] and request.method == "GET":
        rows = _searched(request, [_engine_vm(world)])
        return _document(request, 200, "vms", {"vm": rows})
    if len(words) in (2, 3) and words[0] == "hosts":
        return _of_host(world, request, words)
    return _page(404, "Not Found")


def _unauthorized(world: World, request: Request) -> Any:
    """The text of a refusal, None for a request that may go on."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind != "Bearer":
        return "Unauthorized"
    # Each request validates its token by a call to the engine's own web address.
    return (PKIX if not web.trusts_itself(world) else sso.refusal(world, token.strip())) or None


def _document(request: Request, status: int, name: str, value: dict) -> Answer:
    if "application/json" in request.headers.get("accept", ""):
        return status, {"Content-Type": "application/json"}, documents.json(value)
    return status, {"Content-Type": "application/xml;charset=UTF-8"}, documents.xml(name, value)


def _failure(request: Request, status: int, fault: Dict[str, Any]) -> Answer:
    """The engine's faults: those of an action lie inside the action."""
    if status in (401, 503):
        return _page(status, str(fault.get("detail", "")))
    detail = str(fault.get("detail", "[Internal Engine Error]"))
    return _fault(request, status, detail)


def _fault(request: Request, status: int, detail: str) -> Answer:
    fault = {"detail": detail, "reason": "Operation Failed"}
    if request.method == "POST":
        return _document(request, status, "action", {"fault": fault, "status": "failed"})
    return _document(request, status, "fault", fault)


def _product(world: World) -> dict:
    numbers = (release.version(world) + (0, 0, 0, 0))[:4]
    version = dict(zip(("major", "minor", "build", "revision"), numbers))
    version["full_version"] = release.package(world)  # type: ignore[assignment]
    return {
        "product_info": {
            "name": "oVirt Engine",
            "vendor": "ovirt.org",
            "instance_id": "3b0f7a62-8c3a-4d0f-8f3e-2a2f1b0c9d77",
            "version": version,
        },
        "link": [
            {"href": API + "/hosts", "rel": "hosts"},
            {"href": API + "/vms", "rel": "vms"},
        ],
    }


def _searched(request: Request, rows: List[Any]) -> List[Any]:
    """The search's `field=value`; * stands for anything, and no search is all."""
    import fnmatch

    field, _, value = request.query.get("search", "").partition("=")
    if not value:
        return rows
    return [row for row in rows if fnmatch.fnmatch(str(row.get(field.strip())), value.strip())]


def _host(world: World, host: hosts.Host) -> dict:
    href = "%s/hosts/%s" % (API, host["id"])
    vms = hosts.running(world, host)
    organisation = "example.test"
    return {
        "href": href,
        "id": host["id"],
        "actions": {
            "link": [{"href": href + "/" + name, "rel": name} for name in sorted(actions.ACTIONS)]
        },
        "name": host["name"],
        "comment": "",
        "address": host["address"],
        "certificate": {
            "organization": organisation,
            "subject": "O=%s,CN=%s" % (organisation, host["address"]),
        },
        "port": 54321,
        "protocol": "stomp",
        "spm": {"priority": 5, "status": "spm" if host.get("spm") else "none"},
        "status": host["status"],
        "summary": {"active": vms, "migrating": 0, "total": vms},
        "type": "ovirt_node",
        "cluster": {"href": "%s/clusters/%s" % (API, hosts.CLUSTER), "id": hosts.CLUSTER},
    }


def _engine_vm(world: World) -> dict:
    shown = {"href": "%s/vms/%s" % (API, ENGINE_VM_ID), "id": ENGINE_VM_ID, "name": ENGINE_VM}
    for host in hosts.every(world):
        if migration.carries(world, host):
            shown["host"] = {  # type: ignore[assignment]
                "href": "%s/hosts/%s" % (API, host["id"]),
                "id": host["id"],
            }
    shown["status"] = "up"
    return shown


def _of_host(world: World, request: Request, words: List[str]) -> Answer:
    host = hosts.found(world, words[1])
    if len(words) == 2 and request.method == "GET":
        if host is None:
            return 404, {}, b""  # a NOT_FOUND without an entity
        return _document(request, 200, "host", _host(world, host))
    if request.method != "POST" or words[-1] not in actions.ACTIONS:
        return _page(405 if len(words) == 2 else 404, "Not Found")
    if host is None:
        return _fault(request, 400, "[Cannot %s Host. Invalid Host Id.]" % words[-1])
    problem = actions.ACTIONS[words[-1]](world, host)
    if problem:
        return _fault(request, 409, "[%s]" % problem)
    place = {"href": "%s/hosts/%s" % (API, host["id"]), "id": host["id"]}
    return _document(request, 200, "action", {"host": place, "status": "complete"})
