# SPDX-License-Identifier: Apache-2.0
"""How the engine's CA is told to sign: the same words over ssh and on the engine's own console.

Imports certificates, context, issued, moment, run_files.
"""

import re
import shlex
from typing import List, Sequence, Tuple

from recovery import certificates, errors, issued, plan, run_files
from recovery import context as contexts
from recovery import moment as moments

PKI = "/etc/pki/ovirt-engine"
HOME = "/root"  # of the user that works there
SECTION = "v3_ca_san"
PATIENCE = 20  # seconds for a lock: that of the engine's own pki-enroll-request.sh
# The engine's own way to sign. What it locks is said there: from 4.5.0 on the CA's file, up to
# 4.4.10 a directory outside of the PKI.
ENROLL = "/usr/share/ovirt-engine/bin/pki-enroll-request.sh"
OLD_LOCK = "/tmp/ovirt-engine-pki.v2.lock"
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
# Five digits of KiB before the capacity: on a full disk openssl ends with 0 and empties the
# register, so it must not even begin.
ROOM = "df -Pk %s | grep -q ' [0-9][0-9][0-9][0-9][0-9][0-9]*  *[0-9][0-9]*%% '"
# A shell of its own, for an `exit` must not end the login, nor its umask stay; no tabs and no
# exclamation marks, which a shell that is typed into takes for more than text.
SCRIPT = """\
sh <<'SIGN'
# For a root shell of the engine: its CA signs for {subject}
export LC_ALL=C
umask 077
mkdir -p {directory}
cat > {request} <<'REQUEST'
{csr}
REQUEST
cat > {own} <<'EXTENSIONS'
{extensions}
EXTENSIONS
cd {pki} || exit 1
extensions={own}
grep -q '^ *\\[ *{section} *\\]' cert.conf && extensions=cert.conf
room=no
{room_pki} && {room_home} && room=yes
test $room = yes || echo 'nothing signed: less than 10 MB are free (df -h); then the same again'
test $room = yes || exit 1
lock=.
grep -q '^LOCK="{old_lock}"' {enroll} && lock={old_lock}
made=no
test -e $lock || made=yes
test $made = yes && {make_lock}
{order}
{give_back} 2>&1 | grep -v 'No such file'
test $status = 0 || echo "nothing signed: openssl ca, or the wait for its lock, ended with $status"
test $status = 0 || exit 1
openssl x509 -in {certificate} && rm -rf {directory}
SIGN
"""


def directory(context: contexts.Context) -> str:
    """Return where the run keeps its files on the engine: every node counts its own runs."""
    node = re.sub(r"[^\w.:-]", "_", context.parameters.subject.rsplit("/CN=", 1)[-1])
    return "%s/.ovirt-cert-recovery-%s-%s" % (HOME, node, context.journal.run)


def dates(context: contexts.Context, path: str, ca: bytes) -> Tuple[str, str]:
    """Return notBefore and notAfter: valid now, whatever now is, and at the true time."""
    now = context.node.now()
    validity = certificates.dates(path, ca)
    start, end = issued.dates(now.wall, context.true_at(now), context.parameters.days, validity)
    return moments.asn1(start), moments.asn1(end)


def openssl(
    parameters: plan.Parameters,
    directory: str,
    extensions: str,
    start: str,
    end: str,
    elsewhere: Sequence[str] = (),
) -> str:
    """Return the command; extensions: the file, as a word of the shell's.

    elsewhere: what is locked too, where the engine's own scripts do not lock the CA's file; such
    words too.
    """
    # An undefined OVIRT_KU or OVIRT_EKU stops openssl at cert.conf's section [custom].
    variables = "OVIRT_SAN=%s OVIRT_KU= OVIRT_EKU= LC_ALL=C" % shlex.quote(
        ",".join(parameters.sans)
    )
    locked = " ".join("flock -w %d %s" % (PATIENCE, lock) for lock in [*elsewhere, "ca.pem"])
    argv = "openssl ca -batch -policy policy_match -config openssl.conf -cert ca.pem".split()
    argv += ["-keyfile", "private/ca.pem", "-startdate", start, "-enddate", end]
    argv += ["-in", run_files.request(directory), "-out", run_files.certificate(directory)]
    argv += ["-subj", parameters.subject, "-utf8", "-extfile"]
    order = "%s %s -extensions %s" % (errors.paste(argv), extensions, SECTION)
    return "%s %s %s" % (variables, locked, order)


def making(lock: str) -> str:
    """Return the orders that make a lock, a word of the shell's, as the engine's script does.

    With another owner or mode that script takes it for a stale one. To be run in the PKI.
    """
    orders = ("mkdir -m 0700", "chown --reference=private", "chmod --reference=private")
    return " && ".join("%s %s" % (order, lock) for order in orders)


def line(order: str) -> str:
    """Return the line that signs and gives the CA's files back; its outcome is in $status."""
    # In one line, for the connection may be lost before another one could be said.
    return "cd %s && umask 022 && %s; status=$?; %s 2>/dev/null" % (PKI, order, GIVE_BACK)


def script(parameters: plan.Parameters, directory: str, csr: bytes, start: str, end: str) -> bytes:
    """Return what a person pastes into a root shell of the engine; it prints the certificate."""
    own = directory + "/extensions.conf"
    text = SCRIPT.format(
        subject=parameters.subject,
        directory=shlex.quote(directory),
        request=shlex.quote(run_files.request(directory)),
        csr=csr.decode("ascii").strip(),
        own=shlex.quote(own),
        extensions=OWN_EXTENSIONS.strip(),
        pki=PKI,
        section=SECTION,
        room_pki=ROOM % ".",
        room_home=ROOM % shlex.quote(directory),
        give_back=GIVE_BACK,
        order=line(openssl(parameters, directory, "$extensions", start, end, ["$lock"])),
        enroll=ENROLL,
        old_lock=OLD_LOCK,
        make_lock=making("$lock"),
        certificate=shlex.quote(run_files.certificate(directory)),
    )
    return text.encode("utf-8")


def problems(context: contexts.Context, data: bytes) -> List[str]:
    """Return every reason not to install what came back from the engine."""
    now = context.node.now()
    return issued.problems_on(context, data, (now.wall, context.true_at(now)))


def require_fit(context: contexts.Context, signed: str) -> None:
    """Raise where the run's certificate must not be installed; signed: by whom, in words.

    Raises: errors.Error.
    """
    found = problems(context, context.node.read(run_files.certificate(context.directory)))
    if found:
        raise errors.Error(
            "use the certificate that %s" % signed,
            found[0],
            seen=found[1:],
            unchanged="every certificate of the node",
        )
