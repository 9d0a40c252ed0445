# SPDX-License-Identifier: Apache-2.0
"""/ovirt-engine/sso/oauth/token: the password grant, its answers and errors as the engine's.

OAuthTokenServlet and SsoService: every error is status 400, and for scope `ovirt-app-api` alone
the code is in `error_code` and the text in `error`. Imports `engine_vm`.
"""

from typing import Dict, Tuple
from urllib.parse import parse_qs

from simulators import engine_vm
from simulators.world import World

USER = "admin@internal"
PASSWORD = "rehearsal-api"
SCOPE = "ovirt-app-api"
IDLE = 1800.0  # UserSessionTimeOutInterval, 30 minutes
WRONG = (
    "Cannot authenticate user '%s': Unable to log in. Verify your login information or contact "
    "the system administrator.."
)
Answer = Tuple[int, Dict[str, str]]


class _Refused(Exception):
    def __init__(self, code: str, text: str) -> None:
        Exception.__init__(self, code, text)
        self.code = code
        self.text = text


def fresh() -> dict:
    return {"user": USER, "password": PASSWORD, "tokens": {}, "revoked": []}


def token(world: World, body: bytes, accept: str) -> Answer:
    """Answer a request for a token: status and what the JSON holds."""
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    form = {name: values[0] for name, values in fields.items()}
    try:
        return 200, _granted(world, form, accept)
    except _Refused as refused:
        if form.get("scope", "").split() == [SCOPE]:
            return 400, {"error_code": refused.code, "error": refused.text}
        return 400, {"error": refused.code, "error_description": refused.text}


def _granted(world: World, form: Dict[str, str], accept: str) -> Dict[str, str]:
    for name in ("grant_type", "username", "password"):
        if not form.get(name):
            raise _Refused("invalid_request", "Missing parameter: '%s'" % name)
        if name == "grant_type" and form[name] != "password":
            text = "The authorization grant type is not supported by the authorization server."
            raise _Refused("unsupported_grant_type", text)
    known = world.state["api"]["sso"]
    if (form["username"], form["password"]) != (known["user"], known["password"]):
        raise _Refused("access_denied", WRONG % form["username"])
    if accept != "application/json":
        raise _Refused("invalid_request", "Missing parameter: 'Accept Header'")
    made = "%s%s" % (world.new_id(), world.new_id())
    known["tokens"][made] = {"used": world.true(), "scope": form.get("scope", "")}
    expires = "%d" % (1000 * (engine_vm.wall(world) + 3600 * 24 * 365))
    return {
        "access_token": made,
        "scope": form.get("scope", ""),
        "exp": expires,
        "token_type": "bearer",
    }


def refusal(world: World, given: str) -> str:
    """Why the API does not take a token; "" when it does, and then it is in use again."""
    tokens = world.state["api"]["sso"]["tokens"]
    held = tokens.get(given)
    if held is None or world.true() - held["used"] > IDLE:
        return "invalid_grant: The provided authorization grant has expired."
    if SCOPE not in held["scope"].split():
        return "The required scope ovirt-app-api is not granted."
    held["used"] = world.true()
    return ""


def revoke(world: World, body: bytes) -> Answer:
    form = parse_qs(body.decode("utf-8", "replace"))
    known, token_ = world.state["api"]["sso"], form.get("token", [""])[0]
    if known["tokens"].pop(token_, None):
        known["revoked"].append(token_)
    return 200, {}
