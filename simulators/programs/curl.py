# SPDX-License-Identifier: Apache-2.0
"""curl on the node, against the engine's web side; exit statuses and words of its release.

EL7's 7.29 uses NSS, EL8's 7.61 and EL9's 7.76 OpenSSL; up to 7.61 a name that does not match
is 51, since 7.62 everything about the certificate is 60. The certificate is judged by the node's
clock. Imports `curl_call`, `engine_api`, `tls` and `names`.
"""

from typing import Dict, NamedTuple
from urllib.parse import urlsplit

from simulators import curl_call, tls
from simulators.engine_api import handler, web
from simulators.entry import Call

COST = 0.08
DEFAULT_CA = "/etc/pki/tls/certs/ca-bundle.crt"
MORE = (
    "More details here: https://curl.haxx.se/docs/sslcerts.html\n\n"
    "curl failed to verify the legitimacy of the server and therefore could not\n"
    "establish a secure connection to it. To learn more about this situation and\n"
    "how to fix it, please visit the web page mentioned above.\n"
)
NSS_MORE = "More details here: http://curl.haxx.se/docs/sslcerts.html\n"
NSS = {
    "certificate has expired": "Peer's Certificate has expired.",
    "certificate is not yet valid": "Peer's Certificate has expired.",
    "unable to get local issuer certificate": "Peer's Certificate issuer is not recognized.",
}
NSS_NAME = (
    "Unable to communicate securely with peer: requested domain name does not match the "
    "server's certificate."
)
OPENSSL_NAME = "SSL: no alternative certificate subject name matches target host name '%s'"


class _Ended(Exception):
    def __init__(self, status: int, text: str, more: str = "") -> None:
        Exception.__init__(self, text)
        self.status = status
        self.text = text
        self.more = more


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str


def main(call: Call) -> int:
    try:
        options = _options(call)
    except curl_call.Unknown as problem:
        call.err("curl: %s\ncurl: try 'curl --help' for more information\n" % problem)
        return 2
    try:
        status = _perform(call, options)
    except _Ended as ended:
        _write_out(call, options, 0, "")
        if "silent" not in options.values or "show-error" in options.values:
            call.err("curl: (%d) %s\n%s" % (ended.status, ended.text, ended.more))
        return ended.status
    return status


def _options(call: Call) -> curl_call.Options:
    options = curl_call.parse(call.argv[1:])
    given = options.values.get("config")
    if given == "-":
        curl_call.configured(options, call.stdin().decode("utf-8", "replace"))
    elif given is not None:
        with open(call.world.node(given)) as file:
            curl_call.configured(options, file.read())
    if "url" not in options.values:
        raise curl_call.Unknown("no URL specified!")
    return options


def _perform(call: Call, options: curl_call.Options) -> int:
    place = _place(options.values["url"])
    _reached(call, place, options)
    if place.scheme == "https" and "insecure" not in options.values:
        _trusted(call, place, options)
    data = "&".join(options.many.get("data", []))
    method = options.values.get("request") or ("POST" if "data" in options.many else "GET")
    status, headers, body = handler.handle(
        call.world, method, place.path, _headers(options, data), data.encode()
    )
    if not status:
        seconds = float(options.values.get("max-time", "300"))
        call.world.advance(seconds)
        text = "Operation timed out after %d milliseconds with 0 bytes received" % (seconds * 1000)
        raise _Ended(28, text)
    call.world.advance(0.1)
    return _shown(call, options, status, headers, body)


def _shown(
    call: Call, options: curl_call.Options, status: int, headers: Dict[str, str], body: bytes
) -> int:
    if "fail" in options.values and status >= 400:
        raise _Ended(22, "The requested URL returned error: %d" % status)
    call.out(body)
    missing = int(headers["Content-Length"]) - len(body)
    _write_out(call, options, status, headers.get("Content-Type", ""))
    if missing:
        call.err("curl: (18) transfer closed with %d bytes remaining to read\n" % missing)
        return 18
    return 0


def _place(url: str) -> _Place:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise _Ended(1, "Protocol %s not supported or disabled in libcurl" % parts.scheme)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return _Place(parts.scheme, parts.hostname or "", port, path)


def _reached(call: Call, place: _Place, options: curl_call.Options) -> None:
    if place.host not in web.ADDRESSES or "api" not in call.world.state:
        raise _Ended(6, "Could not resolve host: %s" % place.host)
    trouble = web.trouble(call.world)
    if place.port not in (80, 443):
        trouble = trouble or "Connection refused"
    if trouble == "No route to host":
        call.world.advance(3.0)
    if trouble and call.world.state["release"] == "el7":
        raise _Ended(7, "Failed connect to %s:%d; %s" % (place.host, place.port, trouble))
    if trouble:
        text = "Failed to connect to %s port %d: %s" % (place.host, place.port, trouble)
        raise _Ended(7, text)


def _trusted(call: Call, place: _Place, options: curl_call.Options) -> None:
    path = options.values.get("cacert", DEFAULT_CA)
    try:
        ca = tls.read(call.world.node(path))
    except OSError as error:
        if path != DEFAULT_CA:
            text = "error setting certificate verify locations:  CAfile: %s" % path
            raise _Ended(77, text) from error
        ca = b""
    problem = web.untrusted(call.world, ca, call.world.wall(), place.host)
    if not problem:
        return
    release = call.world.state["release"]
    if problem == "name":
        text = NSS_NAME if release == "el7" else OPENSSL_NAME % place.host
        raise _Ended(60 if release == "el9" else 51, text)
    if release == "el7":
        raise _Ended(60, NSS[problem], NSS_MORE)
    raise _Ended(60, "SSL certificate problem: " + problem, MORE)


def _headers(options: curl_call.Options, data: str) -> Dict[str, str]:
    made = {"Accept": "*/*"}
    if data:
        made["Content-Type"] = "application/x-www-form-urlencoded"
    for line in options.many.get("header", []):
        name, _, value = line.partition(":")
        made[name.strip()] = value.strip()
    return made


def _write_out(call: Call, options: curl_call.Options, status: int, kind: str) -> None:
    text = options.values.get("write-out", "")
    text = text.replace("%{http_code}", "%03d" % status).replace("%{content_type}", kind)
    call.out(text.replace("\\n", "\n"))
