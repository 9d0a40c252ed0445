# SPDX-License-Identifier: Apache-2.0
"""`pki-create-ca.sh --renew`: the CA's certificate with the same key, name and serial number.

The real script calls `openssl x509 -signkey -days`, which knows the machine's clock only; here
`openssl ca -selfsign` says the same with dates of its own, in a register of its own.
Imports `engine_releases`, `engine_vm`, `der` and `openssl_call`.
"""

import os
import shutil
import time

from simulators import der, engine_vm, openssl_call
from simulators.engine_programs import Session
from simulators.engine_setup.dialogue import StageFailed

PKI = "/etc/pki/ovirt-engine"
DAY = 86400
PROGRAM = "/usr/share/ovirt-engine/bin/pki-create-ca.sh"
CONFIGURATION = """\
[ca]
default_ca = own
[own]
new_certs_dir = .
database = database.txt
serial = serial.txt
default_md = sha256
policy = any
preserve = yes
[any]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
basicConstraints = critical,CA:true
keyUsage = critical,cRLSign,keyCertSign
"""


def renew(session: Session, name: str, days: int) -> None:
    """notBefore is the engine's now, without the day of slack that leaves get."""
    shell = session.shell
    path = shell.world.engine(PKI + "/" + name)
    now = engine_vm.wall(shell.world)
    with open(path, "rb") as file:
        serial = der.certificate(file.read()).serial
    folder = shell.world.engine("/tmp/authority.%08x" % shell.world.random())
    os.makedirs(folder)
    for file_name, text in (
        ("conf", CONFIGURATION),
        ("database.txt", ""),
        ("serial.txt", "%04X\n" % serial),
    ):
        with open(folder + "/" + file_name, "w") as target:
            target.write(text)
    key = shell.world.engine(PKI + "/private/" + name)
    try:
        _sign(session, folder, path, key, now, days)
        moment = time.strftime("%Y%m%d%H%M%S", time.gmtime(now))
        shutil.copy2(path, path + "." + moment)
        with open(folder + "/new.pem", "rb") as made, open(path, "wb") as kept:
            kept.write(made.read())
    finally:
        shutil.rmtree(folder)
    shutil.copyfile(path, shell.world.engine(PKI + "/certs/" + name.replace(".pem", ".der")))


def _sign(session: Session, folder: str, path: str, key: str, now: float, days: int) -> None:
    import subprocess

    program = session.shell.world.state["openssl"]
    dates = ["-startdate", openssl_call.stamp(now)]
    dates += ["-enddate", openssl_call.stamp(now + days * DAY)]
    request = ["x509", "-x509toreq", "-in", path, "-signkey", key, "-out", "request"]
    signing = ["ca", "-batch", "-selfsign", "-notext", "-config", "conf", "-keyfile", key]
    signing += ["-in", "request", "-out", "new.pem", "-extensions", "v3_ca", "-preserveDN"]
    for words in (request, signing + dates):
        process = subprocess.Popen(
            [program] + words,
            cwd=folder,
            env={"PATH": os.path.dirname(program)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        process.communicate()
        if process.returncode:
            raise StageFailed("Command '%s' failed to execute" % PROGRAM)
