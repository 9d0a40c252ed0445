# SPDX-License-Identifier: Apache-2.0
"""The engine's own PKI scripts: pki-enroll-request.sh, -pkcs12.sh, pki-pkcs12-extract.sh.

ovirt-engine: packaging/bin/pki-*.sh of the three releases; options, order of the effects and
messages are theirs. The certificates are the real openssl's. Imports `engine_releases`,
`engine_stores`, `engine_vm` and `faults` (late).
"""

import os
import time
from typing import Any, Dict, List, Tuple

from simulators import engine_releases, engine_stores, engine_vm
from simulators.engine_programs import Done, Session

PKI = "/etc/pki/ovirt-engine"
BIN = "/usr/share/ovirt-engine/bin"
DAY = 86400
REQUEST = {
    "name": "",
    "subject": "",
    "days": "",
    "ku": "",
    "eku": "",
    "san": "",
    "timeout": "20",
}
CHOICE = {"ca-file": "ca", "cert-dir": "certs", "req-dir": "requests"}
PKCS12 = {"name": "", "password": "", "subject": "", "ku": "", "eku": "", "san": ""}
EXTRACT = {"name": "", "passin": "", "passout": "", "key": "", "cert": ""}
FULL = "cp: error writing '%s': No space left on device\n"


class Died(Exception):
    """A script's `die`: the text on standard error, exit status 1."""


class Script:
    """One run: its options, and what openssl has said on the way."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.world = session.shell.world
        self.output = b""
        self.errors = b""

    def options(self, known: Dict[str, str], flags: Tuple[str, ...] = ()) -> Dict[str, str]:
        found = dict(known)
        for word in self.session.words:
            name, mark, value = word[2:].partition("=")
            if word[2:] in flags:
                found[word[2:]] = "1"
            elif not word.startswith("--") or not mark or name not in known:
                raise Usage(word == "--help")
            else:
                found[name] = value
        return found

    def openssl(self, words: List[str], extra: Dict[str, str], trouble: str) -> bytes:
        """Run it in the PKI's directory; its standard output."""
        shell = self.session.shell
        before, shell.cwd = shell.cwd, PKI
        try:
            result = shell.call(["openssl"] + words, b"", extra)
        finally:
            shell.cwd = before
        self.errors += result.errors
        if result.status:
            raise Died(trouble)
        return bytes(result.output)

    def keep(self, *names: str) -> None:
        """A copy of each file with the moment in its name, as `cp -a` makes it."""
        import shutil

        moment = time.strftime("%Y%m%d%H%M%S", time.gmtime(engine_vm.wall(self.world)))
        for name in names:
            real = self.real(name)
            if not os.path.isfile(real):
                continue
            if engine_vm.disk_full(self.world):
                with open(real + "." + moment, "wb"):
                    pass  # cp leaves what it could not fill
                self.errors += (FULL % (name + "." + moment)).encode()
                raise Died("Failed to backup " + name)
            shutil.copy2(real, real + "." + moment)
            status = os.stat(real)
            if os.geteuid() == 0:
                os.chown(real + "." + moment, status.st_uid, status.st_gid)

    def real(self, name: str) -> str:
        return str(self.world.engine(name if name.startswith("/") else PKI + "/" + name))


class Usage(Exception):
    """Wrong options: the usage on standard output; `right` when it was asked for."""

    def __init__(self, right: bool) -> None:
        super().__init__()
        self.right = right


def _run(session: Session, act: Any, name: str, title: str) -> Done:
    script = Script(session)
    try:
        act(script)
    except Usage as usage:
        shown = "Usage: %s/%s [OPTIONS]\n%s\n" % (BIN, name, title)
        return (0 if usage.right else 1), shown.encode(), b""
    except Died as died:
        return 1, script.output, script.errors + ("%s\n" % died).encode()
    return 0, script.output, script.errors


# pki-enroll-request.sh


def request(session: Session) -> Done:
    return _run(session, _request, "pki-enroll-request.sh", "Sign certificate request.")


def _request(script: Script) -> None:
    release = engine_releases.of(script.world)
    options = script.options(dict(REQUEST, **(CHOICE if release.ca_choice else {})))
    if not options["name"]:
        raise Died("Please specify name")
    authority = options.get("ca-file", "ca")
    if authority not in ("ca", "qemu-ca"):
        raise Died("Unknown CA file")
    _lock(script, options, release.lock or "%s/%s.pem" % (PKI, authority))
    sign(script, options)


def _lock(script: Script, options: Dict[str, str], path: str) -> None:
    """The lock, before it the test for a local file system: 4.5.0 to 4.5.4 look for an English
    word in what `df` prints.
    """
    from simulators import faults

    language = script.session.env.get("LC_ALL") or script.session.env.get("LANG", "C")
    if path.startswith(PKI) and not language.startswith(("C", "en", "POSIX")):
        raise Died("%s is not on a local filesystem" % path)

    struck = faults.on_engine(script.world, "pki-enroll-request.sh", script.session.words)
    if struck.get("action") == "lock-timeout":
        script.world.advance(float(options["timeout"]))
        raise Died("Timeout waiting for lock. Giving up")
    if struck:
        raise Died(struck.get("stderr", "Cannot sign certificate"))
    shell = script.session.shell
    if not os.path.exists(script.real(path)):  # up to 4.4.10: the script makes it
        like = "--reference=%s/private %s" % (PKI, path)
        shell.run("mkdir -m 700 %s && chown %s && chmod %s" % (path, like, like), b"")
    if shell.call(["flock", "-w", options["timeout"], path, "true"], b"", {}).status:
        raise Died("Timeout waiting for lock. Giving up")


def sign(script: Script, options: Dict[str, str]) -> None:
    """The certificate, its copy by serial number, database and serial number."""
    authority = options.get("ca-file", "ca")
    cert = "%s/%s.cer" % (options.get("cert-dir", "certs"), options["name"])
    script.keep(cert)
    section = "custom" if options["ku"] or options["eku"] else "v3_ca"
    if section == "v3_ca" and options["san"]:
        section = "v3_ca_san"
    configuration = "qemu-cert.conf" if authority == "qemu-ca" else "cert.conf"
    if not os.path.exists(script.real(configuration)):
        raise Died("%s is missing, Cannot sign certificate" % configuration)
    words = _signing(script, options, authority, cert)
    words += ["-extfile", configuration, "-extensions", section]
    extra = {
        "OVIRT_KU": options["ku"],
        "OVIRT_EKU": options["eku"],
        "OVIRT_SAN": options["san"],
    }
    try:
        script.openssl(words, extra, "Cannot sign certificate")
    finally:
        _owners(script)
    os.chmod(script.real(cert), os.stat(script.real(cert)).st_mode & 0o777 | 0o444)


def _signing(script: Script, options: Dict[str, str], authority: str, cert: str) -> List[str]:
    start = time.gmtime(engine_vm.wall(script.world) - DAY)
    words = ["ca", "-batch", "-policy", "policy_match", "-config", "openssl.conf"]
    words += ["-cert", authority + ".pem", "-keyfile", "private/%s.pem" % authority]
    words += ["-days", options["days"] or "%d" % engine_releases.of(script.world).days]
    words += ["-in", "%s/%s.req" % (options.get("req-dir", "requests"), options["name"])]
    words += ["-out", cert, "-startdate", time.strftime("%y%m%d%H%M%SZ", start)]
    return words + (["-subj", options["subject"]] if options["subject"] else []) + ["-utf8"]


def _owners(script: Script) -> None:
    """openssl resets the owner of its register's files; the script puts the PKI's back."""
    status = os.stat(script.real("."))
    for name in os.listdir(script.real(".")):
        if name.startswith(("serial.txt", "database.txt", ".rnd")) and os.geteuid() == 0:
            os.chown(script.real(name), status.st_uid, status.st_gid)


# pki-enroll-pkcs12.sh


def pkcs12(session: Session) -> Done:
    title = "Generate key, enroll certificate, store in PKCS#12 format."
    return _run(session, _pkcs12, "pki-enroll-pkcs12.sh", title)


def _pkcs12(script: Script) -> None:
    release = engine_releases.of(script.world)
    known = dict(PKCS12)
    if release.ca_choice:
        known["ca-file"] = "ca"
    if release.days_choice:
        known["days"] = ""
    options = script.options(known, ("keep-key",))
    for name in ("name", "password", "subject"):
        if not options[name]:
            raise Died("Please specify " + name)
    script.keep("requests/%s.req" % options["name"], "keys/%s.p12" % options["name"])
    key = "/tmp/tmp.%08x" % script.world.random()
    try:
        _new_store(script, options, key)
    finally:
        if os.path.exists(script.real(key)):
            os.unlink(script.real(key))


def _new_store(script: Script, options: Dict[str, str], key: str) -> None:
    name, secret = options["name"], "pass:" + options["password"]
    store, both = "keys/%s.p12" % name, ["-passin", secret, "-passout", secret]
    if "keep-key" in options:
        words = ["pkcs12", "-in", store, "-out", key] + both + ["-nocerts"]
        script.openssl(words, {}, "Cannot export '%s/%s'" % (PKI, store))
    elif not engine_stores.take_spare(script.world, script.real(key)):
        words = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key]
        words += ["-aes256", "-pass", secret]
        script.openssl(words, {}, "Cannot create certificate request")
    words = ["req", "-new", "-key", key, "-out", "requests/%s.req" % name, "-batch", "-subj", "/"]
    script.openssl(words + both, {}, "Cannot create certificate request")
    _sign_new(script, options)
    mode = os.open(script.real(store), os.O_CREAT | os.O_WRONLY, 0o600)
    os.close(mode)
    os.chmod(script.real(store), os.stat(script.real(store)).st_mode & 0o700)
    words = ["pkcs12", "-export", "-in", "certs/%s.cer" % name, "-inkey", key, "-out", store]
    script.openssl(words + both, {}, "Cannot create PKCS#12")


def _sign_new(script: Script, options: Dict[str, str]) -> None:
    words = ["--%s=%s" % (one, options[one]) for one in ("name", "subject", "ku", "eku", "san")]
    words += ["--%s=%s" % (one, options[one]) for one in ("ca-file", "days") if options.get(one)]
    inner = script.session._replace(words=words)
    status, _, errors = request(inner)
    script.errors += errors
    if status:
        raise Died("Cannot sign request")


# pki-pkcs12-extract.sh


def extract(session: Session) -> Done:
    title = "Extract key/cert from a PKCS#12 store."
    return _run(session, _extract, "pki-pkcs12-extract.sh", title)


def _extract(script: Script) -> None:
    options = script.options(EXTRACT)
    if not options["name"]:
        raise Died("Please specify name")
    if not options["passin"]:
        raise Died("Please specify PKCS#12 password")
    if not options["key"] and not options["cert"]:
        raise Died("Please specify at least one of --key or --cert")
    plain = [] if options["passout"] else ["-nodes"]
    if options["key"]:
        _take(script, options, "key", ["-nocerts"] + plain)
    if options["cert"]:
        _take(script, options, "cert", ["-nodes", "-nokeys"])


def _take(script: Script, options: Dict[str, str], what: str, words: List[str]) -> None:
    secrets = ["-passin", "pass:" + options["passin"], "-passout", "pass:" + options["passout"]]
    asked = ["pkcs12", "-in", "keys/%s.p12" % options["name"]] + secrets + words
    target = options[what]
    if target != "-":
        script.keep(script.session.shell.cwd + "/" + target if target[0] != "/" else target)
    data = script.openssl(asked, {}, "Cannot create " + what)
    if target == "-":
        script.output += data
        return
    path = script.session.shell.path(target)
    with open(path, "ab"):
        pass
    mode = os.stat(path).st_mode & 0o777
    os.chmod(path, mode & 0o700 if what == "key" else mode | 0o444)
    with open(path, "wb") as file:
        file.write(data)
