# SPDX-License-Identifier: Apache-2.0
"""What the engine's PKI scripts do for an enrollment: new keys on the host, signed by its CA.

The real openssl and ssh-keygen work on the engine's own files, under the engine's own clock.
Imports `engine_vm`, `names`, `openssl_call`, `release` and `web`.
"""

import os
from typing import NamedTuple

from simulators import engine_vm, names, openssl_call
from simulators.engine_api import release, web
from simulators.world import World

DAY = 86400
KEYS = "/keys-to-come"  # made with the world, so that an enrollment does not wait for primes


class Failed(Exception):
    """A script ended with another status than 0."""


class Pair(NamedTuple):
    key: bytes
    cert: bytes


def new_key(world: World, name: str) -> bytes:
    """A key nobody has had before: one that was made with the world, or a new one."""
    path = "%s%s/%s.pem" % (world.directory, KEYS, name)
    if os.path.exists(path):
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        return data
    words = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    return _openssl(world, words)


def _openssl(world: World, words: list, san: str = "") -> bytes:
    env = {"OVIRT_SAN": san, "OVIRT_KU": "", "OVIRT_EKU": "", "LC_ALL": "C", "TZ": "UTC"}
    before = os.umask(0o022)
    try:
        status, output, errors = openssl_call.run(
            world.state["openssl"],
            words,
            engine_vm.wall(world),
            world.engine,
            world.engine(web.PKI),
            None,
            env,
        )
    finally:
        os.umask(before)
    if status:
        raise Failed(errors.decode("utf-8", "replace"))
    return output


def signed(world: World, name: str, key: str, subject: str, san: str, ca: str = "ca") -> Pair:
    """pki-enroll-request.sh for a request that the host made with a new key."""
    suffix = "" if ca == "ca" else "-qemu"
    request = "requests%s/%s.req" % (suffix, name)
    certificate = "certs%s/%s.cer" % (suffix, name)
    for path in (request, certificate):
        _put_aside(world, path)
    private = new_key(world, key)
    _write(world, request, _request(world, private))
    section = "v3_ca_san" if san else "v3_ca"
    prefix = "" if ca == "ca" else "qemu-"
    start = openssl_call.stamp(engine_vm.wall(world) - DAY)
    words = ["ca", "-batch", "-policy", "policy_match", "-config", "openssl.conf"]
    words += ["-cert", ca + ".pem", "-keyfile", "private/%s.pem" % ca]
    words += ["-days", "%d" % release.days(world), "-startdate", start, "-utf8"]
    words += ["-in", request, "-out", certificate, "-subj", subject]
    words += ["-extfile", prefix + "cert.conf", "-extensions", section]
    _openssl(world, words, san=san or "DNS:unused")
    return Pair(private, read(world, certificate))


def _request(world: World, key: bytes) -> bytes:
    """The request; the key lies where the engine's openssl finds it only meanwhile."""
    scratch = world.engine("/tmp/of-the-host.key")
    with open(scratch, "wb") as file:
        os.chmod(scratch, 0o600)
        file.write(key)
    try:
        return _openssl(world, ["req", "-new", "-key", "/tmp/of-the-host.key", "-subj", "/"])
    finally:
        os.unlink(scratch)


def signed_ssh(world: World, name: str, key: str) -> Pair:
    """pki-enroll-openssh-cert.sh --host: the CA's own key signs the console's host key."""
    import tempfile

    private = new_key(world, key)
    with tempfile.TemporaryDirectory() as folder:
        for file, data in (("key", private), ("ca", read(world, "private/ca.pem"))):
            with open(folder + "/" + file, "wb") as target:
                os.chmod(target.name, 0o600)
                target.write(data)
        _ssh_keygen(world, ["-y", "-f", folder + "/key"], folder + "/key.pub")
        now = engine_vm.wall(world)
        limits = [_plain(now - 3600), _plain(now + DAY * release.days(world))]
        words = ["-s", folder + "/ca", "-h", "-I", names.NODE, "-n", names.NODE]
        _ssh_keygen(world, words + ["-V", ":".join(limits), folder + "/key.pub"], "")
        with open(folder + "/key-cert.pub", "rb") as file_:
            certificate = file_.read()
    _write(world, "certs/%s-ssh-cert.pub" % name, certificate)
    return Pair(private, certificate)


def _ssh_keygen(world: World, words: list, target: str) -> None:
    import subprocess

    env = {"TZ": "UTC", "PATH": os.path.dirname(world.state["ssh_keygen"])}
    process = subprocess.Popen(
        [world.state["ssh_keygen"]] + words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    output, errors = process.communicate()
    if process.returncode:
        raise Failed(errors.decode("utf-8", "replace"))
    if target:
        with open(target, "wb") as file:
            file.write(output)


def _plain(seconds: float) -> str:
    return openssl_call.stamp(seconds)[:-1]


def _put_aside(world: World, path: str) -> None:
    """`cp -a` to a name with the moment, as pki-common.sh does before it overwrites."""
    real = world.engine(web.PKI + "/" + path)
    if os.path.exists(real):
        import shutil

        shutil.copy2(real, "%s.%s" % (real, _plain(engine_vm.wall(world))))


def read(world: World, path: str) -> bytes:
    with open(world.engine(web.PKI + "/" + path), "rb") as file:
        return file.read()


def _write(world: World, path: str, data: bytes) -> None:
    with open(world.engine(web.PKI + "/" + path), "wb") as file:
        file.write(data)
