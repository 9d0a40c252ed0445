# SPDX-License-Identifier: Apache-2.0
"""Let the engine's CA sign the request, with explicit dates and the engine's own extensions."""

import re
import shlex
from typing import List, Tuple

from recovery import certificates, errors, issued, plan, remote, run_files
from recovery import context as contexts
from recovery import moment as moments
from recovery.programs import df, ssh
from recovery.step import Before, Step, Words

PKI = "/etc/pki/ovirt-engine"
HOME = "/root"  # of the user that logs in there
SECTION = "v3_ca_san"
SPACE = 4 << 20  # bytes; a certificate and its copies take some KiB
# openssl ca writes these anew as root; the engine must go on writing them as its own user.
GIVE_BACK = (
    "chown --reference=. serial.txt serial.txt.old database.txt database.txt.old "
    "database.txt.attr database.txt.attr.old"
)
# For an engine whose cert.conf has no section with subjectAltName (before 4.2).
OWN_EXTENSIONS = (
    """[%s]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer
basicConstraints = CA:false
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = critical,serverAuth,clientAuth
subjectAltName = ${ENV::OVIRT_SAN}
"""
    % SECTION
)


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
                "cd %s" % PKI,
                _openssl(parameters, "DIR", "cert.conf", "START", "END"),
            ),
            10,
            "the request and the certificate are removed from the engine; the CA's record stays",
        )

    def capture(self, context: contexts.Context) -> Before:
        # Every node counts its own runs.
        node = re.sub(r"[^\w.:-]", "_", context.parameters.subject.rsplit("/CN=", 1)[-1])
        return {"directory": "%s/.ovirt-cert-recovery-%s-%s" % (HOME, node, context.journal.run)}

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
        problems = _problems(context, context.node.read(run_files.certificate(context.directory)))
        if problems:
            raise errors.Error(
                "use the certificate that the engine signed",
                problems[0],
                seen=problems[1:],
                unchanged="every certificate of the node",
            )

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
    if engine.exists(signed) and not _problems(context, engine.read(signed)):
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
    paths = [PKI, HOME]
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
    start, end = _dates(context, engine)
    extensions = _extensions(engine, directory)
    order = _openssl(context.parameters, directory, extensions, start, end)
    # In one line, for the connection may be lost before another one could be said.
    line = "cd %s && umask 022 && %s; status=$?; %s 2>/dev/null; exit $status"
    try:
        engine.run(line % (PKI, order, GIVE_BACK), timeout=90)
    except errors.ProgramFailed as caught:
        if caught.exit_status == ssh.LOST:
            raise
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
        engine.run("cd %s && %s" % (PKI, GIVE_BACK))
    except errors.ProgramFailed as caught:
        lines = caught.stderr.strip().splitlines()
        if caught.exit_status == ssh.LOST or [one for one in lines if "No such file" not in one]:
            raise


def _dates(context: contexts.Context, engine: remote.Remote) -> Tuple[str, str]:
    """Return notBefore and notAfter: valid now, whatever now is, and at the true time."""
    now = context.node.now()
    true = context.true_at(now)
    ca = certificates.dates(PKI + "/ca.pem", engine.read(PKI + "/ca.pem"))
    start, end = issued.dates(now.wall, true, context.parameters.days, ca)
    return moments.asn1(start), moments.asn1(end)


def _extensions(engine: remote.Remote, directory: str) -> str:
    """Return the extension file: the engine's own, or ours where it knows no subjectAltName."""
    try:
        if b"[%s]" % SECTION.encode("ascii") in engine.read(PKI + "/cert.conf").replace(b" ", b""):
            return "cert.conf"
    except errors.FileMissing:
        pass
    own = directory + "/extensions.conf"
    engine.write(own, OWN_EXTENSIONS.encode("ascii"))
    return own


def _openssl(
    parameters: plan.Parameters, directory: str, extensions: str, start: str, end: str
) -> str:
    # An undefined OVIRT_KU or OVIRT_EKU stops openssl at cert.conf's section [custom].
    variables = "OVIRT_SAN=%s OVIRT_KU= OVIRT_EKU= LC_ALL=C" % shlex.quote(
        ",".join(parameters.sans)
    )
    argv = ["flock", "-w", "20", "ca.pem"]  # the lock of the engine's own pki-enroll-request.sh
    argv += "openssl ca -batch -policy policy_match -config openssl.conf -cert ca.pem".split()
    argv += ["-keyfile", "private/ca.pem", "-startdate", start, "-enddate", end]
    argv += ["-in", run_files.request(directory), "-out", run_files.certificate(directory)]
    argv += ["-subj", parameters.subject, "-utf8", "-extfile", extensions]
    return "%s %s" % (variables, errors.paste(argv + ["-extensions", SECTION]))


def _problems(context: contexts.Context, data: bytes) -> List[str]:
    now = context.node.now()
    return issued.problems_on(context, data, (now.wall, context.true_at(now)))
