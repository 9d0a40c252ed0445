# SPDX-License-Identifier: Apache-2.0
"""libvirtd: whether it starts, judged by the certificate files and the node's own clock.

Imports `tls`, `settings` and `units`.
"""

import os
from typing import List, Tuple

from simulators import settings, tls, units
from simulators.world import World

CONFIGURATION = "/etc/libvirt/libvirtd.conf"
WIRED = "/etc/systemd/system/libvirtd.service.requires/libvirtd-tls.socket"
VERSIONS = {
    "el7": "4.5.0, package: 36.el7_9.5 (CentOS BuildSystem <http://bugs.centos.org>)",
    "el8": "8.0.0, package: 10.module_el8.7.0+1218+f626c2ff",
    "el9": "9.0.0, package: 1.el9",
}
FAILURE = {  # status -> the name systemd gives it is systemd's business
    "tls": 6,
    "configuration": 1,
}


def start(world: World, unit: str) -> float:
    problem = _configuration_problem(world)
    if problem:
        raise units.StartFailed(FAILURE["configuration"], _lines(world, problem, "virConfParse"))
    if listens(world):
        try:
            tls.check(files(world), world.wall(), language(world))
        except tls.Refused as refused:
            raise units.StartFailed(
                FAILURE["tls"], _lines(world, str(refused), "virNetTLSContextCheckCertTimes")
            ) from refused
    return 0.9


def listens(world: World) -> bool:
    """Is TLS wired up? By --listen on EL7, by the passed socket since then."""
    present = settings.read(world.node(CONFIGURATION))
    if present.get("tls_no_sanity_certificate") == "1":
        return False
    if world.state["release"] == "el7":
        arguments = settings.read(world.node("/etc/sysconfig/libvirtd")).get("LIBVIRTD_ARGS", "")
        return "--listen" in arguments and present.get("listen_tls", "1") == "1"
    return os.path.lexists(world.directory + "/root" + WIRED)


def files(world: World) -> tls.Files:
    present = settings.read(world.node(CONFIGURATION))
    return tls.Files(
        present.get("cert_file", "/etc/pki/libvirt/servercert.pem"),
        present.get("key_file", "/etc/pki/libvirt/private/serverkey.pem"),
        present.get("ca_file", "/etc/pki/CA/cacert.pem"),
        world.node,
    )


def language(world: World) -> str:
    return settings.read(world.node("/etc/locale.conf")).get("LANG", "")[:2]


def _configuration_problem(world: World) -> str:
    for number, line in enumerate(settings.lines(world.node(CONFIGURATION)), 1):
        if line.strip() and not line.lstrip().startswith("#") and "=" not in line:
            where = "configuration file syntax error: %s:%d: expecting an assignment" % (
                CONFIGURATION,
                number,
            )
            return "Can't load config file: %s: %s" % (where, CONFIGURATION)
    return ""


def _lines(world: World, problem: str, function: str) -> Tuple[Tuple[str, dict], ...]:
    """The daemon's own records: no SYSLOG_IDENTIFIER, but libvirt's fields."""
    plain = {"priority": 6, "LIBVIRT_SOURCE": "util.log", "SYSLOG_FACILITY": "3"}
    failure = {
        "priority": 3,
        "SYSLOG_FACILITY": "3",
        "LIBVIRT_SOURCE": "util.error",
        "LIBVIRT_DOMAIN": "7",
        "LIBVIRT_CODE": "38",
        "CODE_LINE": "135",
        "CODE_FILE": "../../src/rpc/virnettlscontext.c",
        "CODE_FUNC": function,
    }
    version = "libvirt version: " + VERSIONS[world.state["release"]]
    return ((version, plain), ("hostname: " + world.state["hostname"], plain), (problem, failure))


def sockets(world: World) -> List[str]:
    if world.state["release"] == "el7":
        return []
    return ["libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "libvirtd-tls.socket"]
