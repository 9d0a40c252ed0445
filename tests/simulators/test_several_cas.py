# SPDX-License-Identifier: Apache-2.0
"""A CA file with two CAs in it: libvirtd checks every one, OpenSSL the one that it needs."""

from pathlib import Path
from typing import Any, Optional

import pytest

from simulators import keys, pki, tls

NOW = 1676894400
DAY = 86400
LONG = pki.Dates(NOW - 900 * DAY, NOW + 900 * DAY)
SHORT = pki.Dates(NOW - DAY, NOW + DAY)
SUBJECT = (("O", "example.test"), ("CN", "virt-host1.example.test"))


def ca(name: str, key: str, dates: pki.Dates) -> pki.Authority:
    return pki.Authority(pki.Register(), key, (("CN", name),), dates, "virt-he.example.test")


ENGINE, INTERIM = ca("engine", "ca", LONG), ca("interim", "qemu-ca", SHORT)
LEAF = INTERIM.issue("node", SUBJECT, SHORT, "virt-host1.example.test")


def refusal(folder: Path, cas: bytes, now: float) -> str:
    for name, data in (("cert", LEAF.pem), ("key", keys.pem("node")), ("ca", cas)):
        (folder / name).write_bytes(data)
    try:
        tls.check(tls.Files("/cert", "/key", "/ca", lambda path: str(folder) + path), now)
    except tls.Refused as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("order", [(ENGINE, INTERIM), (INTERIM, ENGINE)])
def test_both_accept_a_certificate_of_either(order: Any, tmp_path: Path) -> None:
    cas = b"".join(one.pem for one in order)
    assert refusal(tmp_path, cas, NOW) == ""
    assert tls.handshake_error(LEAF.pem, cas, NOW) is None


@pytest.mark.parametrize(
    "cas, libvirtd, openssl",
    [
        (ENGINE.pem, "hasn't got a known issuer", "unable to get local issuer certificate"),
        (INTERIM.pem + ca("old", "ca", SHORT._replace(end=NOW - 5)).pem, "CA certificate", None),
    ],
    ids=["its own is missing", "the other is expired"],
)
def test_what_each_of_them_refuses(
    cas: bytes, libvirtd: str, openssl: Optional[str], tmp_path: Path
) -> None:
    assert libvirtd in refusal(tmp_path, cas, NOW)
    assert tls.handshake_error(LEAF.pem, cas, NOW) == openssl
