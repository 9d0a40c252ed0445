# SPDX-License-Identifier: Apache-2.0
"""Ten thousand certificates: recovery.certificates against a loop of openssl x509 -enddate."""

import os
import shutil
import subprocess
from typing import List

from recovery import certificates, inventory
from tests.benchmarks import measure
from tests.unit import authority

NUMBER = 10000
DISTINCT = 250
LOOPED = 500  # the loop of openssl is measured on these and scaled
LOOP = 'for file; do openssl x509 -in "$file" -enddate -noout; done'


def make(folder: str) -> List[str]:
    """Write the files; many hold the same certificate, which no reader of files can know."""
    ca = authority.issue("ca", is_ca=True)
    found = [authority.issue("host%d.example.test" % at, ca).certificate for at in range(DISTINCT)]
    paths = []
    for number in range(NUMBER):
        paths.append(os.path.join(folder, "%d.pem" % number))
        with open(paths[-1], "wb") as target:
            target.write(found[number % DISTINCT])
    return paths


def check(runs: int, folder: str) -> measure.Result:
    paths = make(folder)
    openssl = shutil.which("openssl", path="/usr/bin:/bin") or "openssl"
    environment = {"PATH": os.path.dirname(openssl)}

    def subject() -> float:
        return measure.timed(lambda: _describe_all(paths))

    def looped() -> float:
        argv = ["/bin/sh", "-c", LOOP, "sh"] + paths[:LOOPED]
        once = measure.timed(
            lambda: subprocess.run(argv, check=True, stdout=subprocess.PIPE, env=environment)
        )
        return once * NUMBER / LOOPED

    baseline = "openssl loop (%d, scaled)" % LOOPED
    return measure.alternate("%d certificates" % NUMBER, baseline, "", runs, subject, looped)


def _describe_all(paths: List[str]) -> None:
    for path in paths:
        with open(path, "rb") as source:
            data = source.read()
        found = certificates.describe(inventory.Entry(path, inventory.VDSM), data)
        assert found[0].not_after == authority.END
