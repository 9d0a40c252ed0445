# SPDX-License-Identifier: Apache-2.0
"""Wait until a person has had the request signed on the engine's console, where ssh leads nowhere.

What is signed has the dates that it would have over ssh, so it outlives the true time's return.
"""

from typing import List

from recovery import context as contexts
from recovery import diagnosis, errors, inventory, pem, plan, run_files, waiting
from recovery import engine_signing as engines
from recovery.step import Before, Step, Words

LIMIT = 7200  # a person has to find a console and a password; the timer is pushed forward meanwhile
PAUSE = 5
QUIET = 600  # seconds: what is to be done must not scroll away
BEGIN = b"-----BEGIN CERTIFICATE-----"
WHAT = "the signed certificate"


class SignByHand(Step):
    """What fits is taken, whoever brings it; what does not is refused, and the wait goes on."""

    id = "sign-by-hand"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "have the request signed by hand on the engine's console",
            "nobody reaches the engine over ssh; dates are given, so the certificate is valid in "
            "the past and when the true time is back",
            (
                "(on the engine's console) sh sign.sh",
                engines.openssl(parameters, "DIR", "cert.conf", "START", "END"),
            ),
            900,
            "script and certificate are removed; the CA's record stays",
        )

    def capture(self, context: contexts.Context) -> Before:
        """The dates too: whenever the run goes on, the script is the same."""
        ca = context.node.read(inventory.NODE_CA)
        start, end = engines.dates(context, inventory.NODE_CA, ca)
        return {"directory": engines.directory(context), "start": start, "end": end}

    def apply(self, context: contexts.Context, before: Before) -> None:
        node, path = context.node, run_files.certificate(context.directory)
        if node.exists(path) and not engines.problems(context, node.read(path)):
            return
        _write_script(context, before)
        for line in _told(context):
            context.say(line)
        arrival = Arrival(context)
        try:
            waiting.wait(context, WHAT, arrival.look, LIMIT, pause=PAUSE, repeat=QUIET)
        except waiting.TooLong as caught:
            raise errors.Attention(
                caught.what,
                caught.cause,
                seen=caught.seen,
                unchanged="every certificate of the node",
                next_step="see to it, then go on waiting with: %s   (or: undo)"
                % context.order("resume"),
            ) from caught
        node.replace(path, arrival.certificate, mode=0o644)

    def verify(self, context: contexts.Context, before: Before) -> None:
        engines.require_fit(context, "was signed by hand")

    def undo(self, context: contexts.Context, before: Before) -> None:
        for name in (run_files.script, run_files.signed, run_files.certificate):
            context.node.remove(name(context.directory))


class Arrival:
    """Looks for the certificate where it may come from: a file, or what is pasted here."""

    def __init__(self, context: contexts.Context) -> None:
        self.context = context
        self.pasted = b""
        self.certificate = b""

    def look(self) -> waiting.Seen:
        path = run_files.signed(self.context.directory)
        self.pasted += self.context.pasted()
        if b"-----END " in self.pasted:
            _, begin, rest = self.pasted.rpartition(BEGIN)  # a try that was cut off came before
            self.pasted = b""
            return self._judged("what was pasted here", begin + rest)
        try:
            data = self.context.node.read(path)
        except errors.FileMissing:
            return waiting.Seen(False, "nothing pasted here, nothing in %s yet" % path)
        except errors.FileError as caught:
            return waiting.Seen(False, caught.lines()[0])
        return self._judged(path, data)

    def _judged(self, origin: str, data: bytes) -> waiting.Seen:
        """Judge every certificate in a text; only the one that fits is ever installed."""
        try:
            found = [pem.armored(der) for der in pem.der_blocks(origin, data)]
        except errors.FileError as caught:
            return waiting.Seen(False, "%s is refused: %s" % (origin, caught.cause))
        problems: List[str] = []
        for one in found:
            problems = engines.problems(self.context, one)
            if not problems:
                self.certificate = one
                return waiting.Seen(True, "it fits")
        return waiting.Seen(False, "%s is refused: %s" % (origin, "; ".join(problems)))


def _write_script(context: contexts.Context, given: Before) -> None:
    csr = context.node.read(run_files.request(context.directory))
    text = engines.script(context.parameters, given["directory"], csr, given["start"], given["end"])
    context.node.replace(run_files.script(context.directory), text)


def _told(context: contexts.Context) -> List[str]:
    """Say what to do, for somebody who does it once in a life, at night."""
    script, signed = run_files.script(context.directory), run_files.signed(context.directory)
    node = context.parameters.subject.rsplit("/CN=", 1)[-1]
    here = context.journal.plan.route == diagnosis.REWIND
    console = "in a second terminal of this node: hosted-engine --console   (left with Ctrl-])"
    if not here:
        console = "on the node that carries it: hosted-engine --console   (left with Ctrl-])"
    return [
        "",
        "Now it is your turn; this goes on by itself once the certificate is here.",
        "1. Log in as root on the engine's own console,",
        "     %s" % console,
        "2. Paste there all of this file (0600; nothing in it is secret):",
        "     %s" % script,
        "3. It prints a certificate. Paste that right here, from BEGIN to END, or put it into",
        "     %s" % signed,
        "Where nothing can be pasted, type on the engine instead of 2 and 3:",
        "     ssh root@%s cat %s | sh > signed" % (node, script),
        "     ssh root@%s 'cat > %s' < signed" % (node, signed),
        "",
    ]
