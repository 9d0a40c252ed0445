# SPDX-License-Identifier: Apache-2.0
"""Stands in for vdsm: TLS on port 54321 as vdsm speaks it, and the engine VM through libvirt.

One JSON line asks, one JSON line answers; whoever has no valid certificate does not get so far.
"""

import json
import socket
import ssl
import threading
from typing import Any, Dict, List, Optional

import libvirt
import vdsm_client

DOMAIN = "HostedEngine"
DEFINITION = "/etc/ovirt-hosted-engine/vm.xml"
STATES = {libvirt.VIR_DOMAIN_RUNNING: "running", libvirt.VIR_DOMAIN_PAUSED: "paused"}


class Libvirt:
    """One lasting connection, as vdsm's; made again when libvirtd has ended it."""

    def __init__(self) -> None:
        self._connection: Optional[libvirt.virConnect] = None
        self._lock = threading.Lock()

    def order(self, order: str) -> Dict[str, Any]:
        """Carry out an order; what libvirt says against it is the answer."""
        with self._lock:
            try:
                return {"status": 0, "text": self._carry_out(order)}
            except libvirt.libvirtError as caught:
                return {"status": 1, "text": str(caught)}

    def _carry_out(self, order: str) -> str:
        if order == "create":
            with open(DEFINITION) as file:
                self._open().createXML(file.read(), 0)
            return "created"
        domains = [one for one in self._open().listAllDomains() if one.name() == DOMAIN]
        if order == "state":
            return STATES.get(domains[0].state()[0], "other") if domains else "absent"
        for domain in domains:
            domain.shutdown() if order == "shutdown" else domain.destroy()
        return "ended" if domains else "absent"

    def _open(self) -> "libvirt.virConnect":
        if self._connection is None or not self._connection.isAlive():
            kinds = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE]
            self._connection = libvirt.openAuth("qemu:///system", [kinds, _credentials, None], 0)
        return self._connection


def _credentials(wanted: List[List[Any]], nothing: object) -> int:
    """SASL's questions, answered by the file that `vdsm-tool configure` made."""
    with open(vdsm_client.PKI + "keys/libvirt_password") as file:
        answers = {libvirt.VIR_CRED_AUTHNAME: "vdsm@ovirt"}
        answers[libvirt.VIR_CRED_PASSPHRASE] = file.read().strip()
    for credential in wanted:
        credential[4] = answers[credential[0]]
    return 0


def serve(plain: socket.socket, tls: ssl.SSLContext, hypervisor: Libvirt) -> None:
    """One connection; whatever is wrong with it ends it and nothing else."""
    try:
        plain.settimeout(10)
        with tls.wrap_socket(plain, server_side=True) as secure:
            line = secure.makefile().readline()
            if line:
                secure.sendall(json.dumps(hypervisor.order(json.loads(line))).encode() + b"\n")
    except Exception as caught:
        print("%s: %s" % (type(caught).__name__, caught), flush=True)
    finally:
        plain.close()


def main() -> None:
    tls, hypervisor = vdsm_client.context(ssl.Purpose.CLIENT_AUTH), Libvirt()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("", vdsm_client.PORT))
        listening.listen(16)
        while True:
            plain, _ = listening.accept()
            threading.Thread(target=serve, args=(plain, tls, hypervisor), daemon=True).start()


if __name__ == "__main__":
    main()
