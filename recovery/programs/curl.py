# SPDX-License-Identifier: Apache-2.0
"""curl: one request to the engine's web side over verified TLS (man curl, 7.29 and newer).

EL7's curl has no --fail-with-body, so the status comes from --write-out. Secrets travel on
standard input (`--config -`): arguments are seen by everybody who may list processes.
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

from recovery import errors, host
from recovery import secret as secrets

CONNECT_TIMEOUT = 10
TIMEOUT = 60
FORMAT = "\\n%{http_code} %{content_type}"
# Nothing of the other side's answer was lost, or all of it: nobody knows what it has done.
UNREACHED = (5, 6, 7, 18, 28, 35, 52, 55, 56)
# 51: a name that does not match, up to curl 7.61; 77: the CA file itself cannot be used.
UNTRUSTED = (51, 60, 77)
# In the place of a CA: whatever certificate the server shows. For what proves itself alone.
ANY = ""
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
Field = Tuple[str, Union[str, secrets.Secret]]


class Request(NamedTuple):
    """What to ask. `form` is sent urlencoded; `token` becomes the bearer of the request."""

    url: str
    method: str = "GET"
    accept: str = "application/json"
    token: Optional[secrets.Secret] = None
    form: Tuple[Field, ...] = ()
    body: str = ""


class Answer(NamedTuple):
    """What came back, whatever its status says."""

    status: int
    kind: str  # Content-Type
    body: str


class NotReached(errors.Error):
    """No whole answer came; whether the request had its effect is not known."""


class NotTrusted(errors.Attention):
    """TLS says that this is not the engine, or that its certificate has expired."""

    expired = False


def ask(node: host.Host, request: Request, ca: str) -> Answer:
    """Send one request; the server's certificate is verified with the node's file `ca` alone.

    With `ca` ANY it is not verified at all.

    Raises: NotReached, NotTrusted, errors.ProgramError.
    """
    argv = command(request, ca)
    try:
        output = node.run(argv, input=configuration(request), timeout=TIMEOUT + 30)
    except errors.ProgramFailed as caught:
        raise _refusal(request, ca, caught) from caught
    return answer(argv, output.stdout)


def command(request: Request, ca: str) -> List[str]:
    """Return the command without what is secret."""
    argv = ["curl", "-q", "--silent", "--show-error", "--request", request.method]
    argv += ["--insecure"] if ca == ANY else ["--cacert", ca]
    argv += ["--proto", "=https", "--connect-timeout", "%d" % CONNECT_TIMEOUT]
    argv += ["--max-time", "%d" % TIMEOUT, "--write-out", FORMAT]
    return argv + ["--config", "-", request.url]


def configuration(request: Request) -> bytes:
    """Return what is said on standard input: headers, then the form or the body."""
    lines = [_line("header", "Accept: %s" % request.accept)]
    if request.token is not None:
        lines.append(_line("header", "Authorization: Bearer %s" % request.token.reveal()))
    if request.form:
        pairs = ["%s=%s" % (name, quoted(_plain(value))) for name, value in request.form]
        lines.append(_line("data", "&".join(pairs)))
    elif request.body:
        lines.append(_line("header", "Content-Type: application/json"))
        lines.append(_line("data", request.body))
    return "".join(lines).encode("utf-8")


def quoted(text: str) -> str:
    """Return text as it may stand in a URL or a form (urllib would be a second way out)."""
    return "".join(
        chr(byte) if chr(byte) in UNRESERVED else "%%%02X" % byte for byte in text.encode("utf-8")
    )


def _plain(value: Union[str, secrets.Secret]) -> str:
    return value.reveal() if isinstance(value, secrets.Secret) else value


def _line(option: str, value: str) -> str:
    return '%s = "%s"\n' % (option, value.replace("\\", "\\\\").replace('"', '\\"'))


def answer(argv: Sequence[str], text: str) -> Answer:
    """Return what the program printed: the body, then our line. Raises: UnexpectedOutput."""
    body, _, last = text.rpartition("\n")
    status, _, kind = last.partition(" ")
    if not status.isdigit():
        raise errors.UnexpectedOutput(argv, text, "an HTTP status in the last line")
    return Answer(int(status), kind.strip(), body)


def _refusal(request: Request, ca: str, failure: errors.ProgramFailed) -> errors.Error:
    said = [line for line in failure.stderr.splitlines() if line.startswith("curl: (")]
    seen = said or list(failure.seen)
    if failure.exit_status in UNTRUSTED:
        refused = NotTrusted(
            "trust %s" % request.url,
            "its certificate is not accepted with %s" % ca,
            seen=seen,
        )
        refused.expired = "expired" in failure.stderr
        return refused
    if failure.exit_status in UNREACHED:
        return NotReached("reach %s" % request.url, "no whole answer came", seen=seen)
    return failure
