# SPDX-License-Identifier: Apache-2.0
"""TLS as vdsm speaks it, for both ends, and what a program does that wants something of vdsm.

Each end must show a certificate of the engine's CA that is valid now (vdsm: sslutils.py), so an
expired one ends every connection.
"""

import json
import socket
import ssl
from typing import Any, Dict

PKI = "/etc/pki/vdsm/"
PORT = 54321


def context(purpose: ssl.Purpose) -> ssl.SSLContext:
    """TLS for either end: our certificate, and the other's is required."""
    made = ssl.create_default_context(purpose, cafile=PKI + "certs/cacert.pem")
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(PKI + "certs/vdsmcert.pem", PKI + "keys/vdsmkey.pem")
    return made


def ask(order: str) -> Dict[str, Any]:
    """The client's side: what a program that talks to vdsm does."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=70) as plain:
        with context(ssl.Purpose.SERVER_AUTH).wrap_socket(plain) as secure:
            secure.sendall(json.dumps(order).encode() + b"\n")
            return dict(json.loads(secure.makefile().readline()))
