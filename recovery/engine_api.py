# SPDX-License-Identifier: Apache-2.0
"""The engine's REST API, as far as an enrollment needs it. Imports host, programs, secret.

Names and states as in the API's model (ovirt-engine-api-model: types/HostStatus.java); JSON, in
which every value is text. A token lasts while it is used; one that the engine has forgotten is
asked for again once.
"""

import contextlib
import json
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from recovery import errors, host
from recovery import secret as secrets
from recovery.programs import curl

SCOPE = "ovirt-app-api"
ENGINE_VM = "HostedEngine"
# From here on a host that does not answer may be enrolled (engine: HostValidator.java).
ENROLLS_NON_RESPONSIVE = (4, 5, 0, 7)

ACTIONS = {
    "deactivate": "take %s into maintenance",
    "enrollcertificate": "enroll %s",
    "activate": "activate %s",
}
AGAIN = (
    "the same again, with the right password typed, or in --api-password-file FILE; another user: "
    "--api-user (an engine with Keycloak wants admin@ovirt@internalsso)"
)
PAUSE = 5  # seconds before a question is put again
UP = "up"
MAINTENANCE = "maintenance"
PREPARING = "preparing_for_maintenance"
INSTALLING = "installing"
INSTALL_FAILED = "install_failed"
NON_RESPONSIVE = "non_responsive"
NON_OPERATIONAL = "non_operational"


def says_done_early(version: Tuple[int, ...]) -> bool:
    """Tell whether a host is in maintenance again before its enrollment has ended.

    engine: HostEnrollCertificateInternalCommand.java, mended in 4.3.11.2 and 4.4.1.5.
    """
    return (4, 3, 1) <= version < (4, 3, 11, 2) or (4, 4, 0) <= version < (4, 4, 1, 5)


class HostState(NamedTuple):
    """One host as the engine knows it."""

    id: str
    name: str
    address: str
    status: str
    vms: int  # that run on it


class NotAdmitted(errors.Attention):
    """The engine refuses user and password, or takes no token at all."""


class Refused(errors.Error):
    """The engine will not do that now (409), and says why."""


class NotFound(errors.Error):
    """The engine knows nothing of that name."""


class EngineFailed(errors.Error):
    """The engine itself is in trouble."""


class Api:
    """One user's access to one engine; logs in when it is first used.

    address: the engine's name as in its web certificate. ca: file of the node.
    Every call raises what `curl.ask` raises, NotAdmitted, EngineFailed, UnexpectedOutput.
    """

    def __init__(
        self, node: host.Host, address: str, ca: str, user: str, password: secrets.Secret
    ) -> None:
        self.node = node
        self.address = address
        self.ca = ca
        self.user = user
        self._password = password
        self._version: Tuple[int, ...] = ()
        self._token: Optional[secrets.Secret] = None

    def version(self) -> Tuple[int, ...]:
        """Return the engine's release as numbers, such as (4, 5, 0, 7)."""
        if self._version:
            return self._version
        path = "/api"
        product = _at(self._get(path), "product_info", "version", "full_version")
        numbers = re.match(r"[\d.]+", product if isinstance(product, str) else "")
        if numbers is None:
            raise errors.UnexpectedOutput(self._shown(path), str(product), "a release")
        self._version = tuple(int(word) for word in numbers.group(0).split(".") if word)
        return self._version

    def hosts(self) -> List[HostState]:
        """Return every host."""
        return self._hosts("")

    def host(self, name: str) -> HostState:
        """Return a host by its name in the engine, or else by its address. Raises: NotFound."""
        for field in ("name", "address"):
            found = self._hosts("?search=" + curl.quoted("%s=%s" % (field, name)))
            if found:
                return found[0]
        known = ", ".join(sorted(one.name for one in self.hosts()))
        raise NotFound("find the host %s" % name, "the engine knows: %s" % (known or "none"))

    def engine_carrier(self) -> str:
        """Return the id of the host on which the engine VM runs, "" when it is not told."""
        path = "/api/vms?search=" + curl.quoted("name=" + ENGINE_VM)
        found = _rows(self._get(path), "vm")
        return str(_at(found[0], "host", "id") or "") if found else ""

    def deactivate(self, known: HostState) -> None:
        """Begin maintenance: VMs migrate away. Raises: Refused, NotFound."""
        self._act(known, "deactivate")

    def enroll(self, known: HostState) -> None:
        """Begin the enrollment of new certificates. Raises: Refused, NotFound."""
        self._act(known, "enrollcertificate")

    def activate(self, known: HostState) -> None:
        """Let the host work again. Raises: Refused, NotFound."""
        self._act(known, "activate")

    def close(self) -> None:
        """Log out; an engine that is not there has forgotten the token soon anyway."""
        token, self._token = self._token, None
        if token is None:
            return
        form = (("scope", SCOPE), ("token", token))
        request = curl.Request(self._url("/services/sso-logout"), "POST", form=form)
        with contextlib.suppress(errors.Error):
            curl.ask(self.node, request, self.ca)

    def _hosts(self, search: str) -> List[HostState]:
        path = "/api/hosts" + search
        try:
            return [_host(row) for row in _rows(self._get(path), "host")]
        except (KeyError, ValueError, TypeError, AttributeError) as caught:
            shown = "%s: %s" % (type(caught).__name__, caught)
            raise errors.UnexpectedOutput(self._shown(path), shown, "hosts") from caught

    def _act(self, known: HostState, action: str) -> None:
        path = "/api/hosts/%s/%s" % (known.id, action)
        done = self._send("POST", path, ACTIONS[action] % known.name)
        if done.get("status") not in ("complete", "pending", "in_progress"):
            raise errors.UnexpectedOutput(self._shown(path), json.dumps(done), "a status")

    def _get(self, path: str) -> Dict[str, Any]:
        return self._send("GET", path, "ask the engine for %s" % path)

    def _send(self, method: str, path: str, what: str) -> Dict[str, Any]:
        body = "{}" if method == "POST" else ""
        for _ in range(2):
            token = self._logged_in()
            answer = self._asked(curl.Request(self._url(path), method, token=token, body=body))
            if answer.status != 401:
                return self._judged(answer, path, what)
            self._token = None
        raise NotAdmitted(
            what,
            "the engine takes no token, though it has just given one",
            seen=_text(answer.body),
            next_step="its own web certificate may be expired: `engine-setup --offline` on the "
            "engine VM, in global maintenance",
        )

    def _asked(self, request: curl.Request) -> curl.Answer:
        """Send a request; one that only looks may be sent again when its answer is lost."""
        try:
            return curl.ask(self.node, request, self.ca)
        except curl.NotReached:
            if request.method != "GET":
                raise
        self.node.sleep(PAUSE)
        return curl.ask(self.node, request, self.ca)

    def _judged(self, answer: curl.Answer, path: str, what: str) -> Dict[str, Any]:
        if answer.status == 200 or answer.status == 202:
            return self._parsed(answer, path)
        seen = _fault(answer.body)
        if answer.status == 404:
            raise NotFound(what, "the engine does not know it (404)", seen=seen)
        if answer.status in (400, 409):
            raise Refused(what, seen[0] if seen else "the engine refuses", seen=seen[1:])
        if answer.status == 403:
            raise NotAdmitted(what, "%s may not do that (403)" % self.user, seen=seen)
        cause = "the engine answers with status %d" % answer.status
        raise EngineFailed(
            what,
            cause,
            seen=seen,
            next_step="look at /var/log/ovirt-engine/engine.log on the engine VM, then the same "
            "again (once a run has begun: ovirt-cert-recovery resume)",
        )

    def _logged_in(self) -> secrets.Secret:
        if self._token is None:
            self._token = self._login()
        return self._token

    def _login(self) -> secrets.Secret:
        path = "/sso/oauth/token"
        form = (
            ("grant_type", "password"),
            ("scope", SCOPE),
            ("username", self.user),
            ("password", self._password),
        )
        request = curl.Request(self._url(path), "POST", form=form)
        answer = curl.ask(self.node, request, self.ca)
        what = "log in to the engine as %s" % self.user
        if answer.status == 400:
            # Whatever is wrong with a login is a 400 here (engine: OAuthTokenServlet.java).
            said = self._parsed(answer, path)
            text = str(said.get("error_description") or said.get("error") or "no reason given")
            raise NotAdmitted(what, text, next_step=AGAIN)
        token = self._judged(answer, path, what).get("access_token")
        if not token:
            raise errors.UnexpectedOutput(self._shown(path), "no access_token", "a token")
        return secrets.Secret(str(token))

    def _parsed(self, answer: curl.Answer, path: str) -> Dict[str, Any]:
        try:
            value = json.loads(answer.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise errors.UnexpectedOutput(self._shown(path), answer.body, "a JSON object")
        return value

    def _url(self, path: str) -> str:
        return "https://%s/ovirt-engine%s" % (host.bracketed(self.address), path)

    def _shown(self, path: str) -> List[str]:
        return ["curl", self._url(path)]


def _rows(value: Dict[str, Any], name: str) -> List[Any]:
    """Return the rows of a list; an empty one has no member at all."""
    rows = value.get(name, [])
    return list(rows) if isinstance(rows, list) else [rows]


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _host(row: Dict[str, Any]) -> HostState:
    vms = _at(row, "summary", "active")
    return HostState(
        row["id"], row["name"], row.get("address", ""), row["status"], int(vms if vms else 0)
    )


def _fault(body: str) -> List[str]:
    """Return the lines of the engine's reason; of an action they lie inside the action."""
    try:
        value = json.loads(body)
    except ValueError:
        return _text(body)
    detail = _at(value, "fault", "detail") or _at(value, "detail") or ""
    reason = _at(value, "fault", "reason") or _at(value, "reason") or ""
    text = str(detail or reason).strip("[]")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _text(page: str) -> List[str]:
    """Return the words of an HTML page."""
    words = re.sub(r"<[^>]*>", " ", page).split()
    return [" ".join(words)[:200]] if words else []
