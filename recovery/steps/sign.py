# SPDX-License-Identifier: Apache-2.0
"""Let the engine's CA sign the request, with explicit dates and the engine's own extensions."""

import re
import shlex
from typing import Sequence

from recovery import context as contexts
from recovery import engine_signing as engines
from recovery import errors, plan, remote, run_files
from recovery.programs import df, ssh
from recovery.step import Before, Step, Words

SPACE = 4 << 20  # bytes; a certificate and its copies take some KiB
# What the engine's own script locks beside the CA's file.
ELSEWHERE = re.compile(r'^LOCK="(/[^"$]+)"$', re.MULTILINE)


class Sign(Step):
    """Signing twice would only spend a serial number, but a certificate that is there is used."""

    id = "sign"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "sign the request on the engine",
            "dates are given, so the certificate is valid in the past and when the true time "
            "is back, whatever clock the engine VM has",
            (
                "ssh root@%s" % parameters.engine,
                "cd %s" % engines.PKI,
                engines.openssl(parameters, "DIR", "cert.conf", "START", "END"),
            ),
            10,
            "the request and the certificate are removed from the engine; the CA's record stays",
        )

    def capture(self, context: contexts.Context) -> Before:
        return {"directory": engines.directory(context)}

    def apply(self, context: contexts.Context, before: Before) -> None:
        try:
            signed = _signed(context, before["directory"])
        except errors.ProgramFailed as caught:
            if caught.exit_status != ssh.LOST:
                raise
            raise errors.Error(
                "sign the request on the engine",
                "the connection to %s was lost" % context.parameters.engine,
                seen=caught.seen,
                unchanged="every certificate of the node",
                next_step="when it answers ssh again: %s   (or: undo)" % context.order("resume"),
            ) from caught
        context.node.replace(run_files.certificate(context.directory), signed, mode=0o644)

    def verify(self, context: contexts.Context, before: Before) -> None:
        engines.require_fit(context, "the engine signed")

    def undo(self, context: contexts.Context, before: Before) -> None:
        try:
            remote.engine(context).run("rm -rf %s" % shlex.quote(before["directory"]), timeout=30)
        except errors.ProgramError:
            context.say("%s stays on the engine: it cannot be reached" % before["directory"])
        context.node.remove(run_files.certificate(context.directory))


def _signed(context: contexts.Context, directory: str) -> bytes:
    """Return the certificate that the engine has signed for this run, now or before."""
    engine = remote.engine(context)
    signed = run_files.certificate(directory)
    if engine.exists(signed) and not engines.problems(context, engine.read(signed)):
        _give_back(engine)  # the run may have been cut off before it did
    else:
        _room(engine)
        _send(context, engine, directory)
        _sign(context, engine, directory)
    return engine.read(signed)


def _send(context: contexts.Context, engine: remote.Remote, directory: str) -> None:
    engine.run("mkdir -p -m 0700 %s" % shlex.quote(directory))
    request = context.node.read(run_files.request(context.directory))
    engine.write(run_files.request(directory), request)


def _room(engine: remote.Remote) -> None:
    """See that there is space: on a full disk `openssl ca` says that it has signed, ends with
    status 0, and leaves the certificate, serial.txt and database.txt empty.

    Raises: errors.Attention.
    """
    paths = [engines.PKI, engines.HOME]
    argv = df.order(paths)
    for path, free in df.parsed(argv, engine.run(errors.paste(argv)).stdout, paths):
        if free < SPACE:
            raise errors.Attention(
                "sign the request on the engine",
                "%s has %d KiB free there" % (path, free >> 10),
                unchanged="the CA's register and every certificate of the node",
                next_step="make room on the engine (df -h), then: ovirt-cert-recovery resume",
            )


def _sign(context: contexts.Context, engine: remote.Remote, directory: str) -> None:
    ca = engines.PKI + "/ca.pem"
    start, end = engines.dates(context, ca, engine.read(ca))
    extensions = shlex.quote(_extensions(engine, directory))
    elsewhere = _locked_elsewhere(engine)
    order = engines.openssl(context.parameters, directory, extensions, start, end, elsewhere)
    try:
        engine.run(engines.line(order) + "; exit $status", timeout=90)
    except errors.ProgramFailed as caught:
        if caught.exit_status == ssh.LOST:
            raise
        if caught.exit_status == 1 and not caught.stderr.strip():  # flock(1); openssl ca talks
            raise errors.Attention(
                "sign the request on the engine",
                "somebody else has been signing there for more than %d s" % engines.PATIENCE,
                unchanged="every certificate of the node",
                next_step="when no enrollment and no engine-setup runs there: %s   (or: undo)"
                % context.order("resume"),
            ) from caught
        raise errors.Error(
            "sign the request on the engine",
            "openssl ca ended with status %d" % caught.exit_status,
            seen=caught.stderr.strip().splitlines()[-5:],
            unchanged="every certificate of the node",
        ) from caught
    _give_back(engine)


def _give_back(engine: remote.Remote) -> None:
    """See that the CA's files are the engine user's again; of the .old ones some may not exist."""
    try:
        engine.run("cd %s && %s" % (engines.PKI, engines.GIVE_BACK))
    except errors.ProgramFailed as caught:
        lines = caught.stderr.strip().splitlines()
        if caught.exit_status == ssh.LOST or [one for one in lines if "No such file" not in one]:
            raise


def _extensions(engine: remote.Remote, directory: str) -> str:
    """Return the extension file: the engine's own, or ours where it knows no subjectAltName."""
    try:
        if b"[%s]" % engines.SECTION.encode("ascii") in engine.read(
            engines.PKI + "/cert.conf"
        ).replace(b" ", b""):
            return "cert.conf"
    except errors.FileMissing:
        pass
    own = directory + "/extensions.conf"
    engine.write(own, engines.OWN_EXTENSIONS.encode("ascii"))
    return own


def _locked_elsewhere(engine: remote.Remote) -> Sequence[str]:
    """Return what the engine's script locks beside the CA's file; it is there afterwards."""
    try:
        script = engine.read(engines.ENROLL).decode("utf-8", "replace")
    except errors.FileMissing:
        return ()
    found = ELSEWHERE.findall(script)[:1]
    for path in found:
        _establish(engine, path)
    return [shlex.quote(path) for path in found]


def _establish(engine: remote.Remote, lock: str) -> None:
    """Make it as the script does: with another owner or mode it takes the lock for a stale one.

    Only what was made here is given away: anybody may have put a link into /tmp.
    """
    if engine.exists(lock):
        return
    try:
        engine.run("cd %s && %s" % (engines.PKI, engines.making(shlex.quote(lock))))
    except errors.ProgramFailed:
        if not engine.exists(lock):  # else that script has made it in this moment
            raise
