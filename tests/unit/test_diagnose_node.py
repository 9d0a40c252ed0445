# SPDX-License-Identifier: Apache-2.0
"""What the node must be able to tell and to do before anything is changed."""

import pytest

from recovery.diagnose import diagnose
from tests.unit.observations import expired

UNSEEN = ("units: cannot run `systemctl show`: it did not end within 60 s",)


def test_units_that_were_not_seen_forbid_every_change() -> None:
    seen = expired(problems=UNSEEN)
    assert [one.id for one in diagnose(seen).inhibitors] == ["units-not-seen"]
    assert diagnose(seen).inhibitors[0].evidence == UNSEEN
    other = expired(problems=("packages: cannot run `rpm -q`: there is no such program",))
    assert diagnose(other).inhibitors == ()


@pytest.mark.parametrize("route", ["interim", "offline-ca"])
def test_signing_here_needs_what_can_sign(route: str) -> None:
    seen = expired(plain_python="no place may run programs")
    (found,) = [one for one in diagnose(seen, route).inhibitors if "signing" in one.id]
    assert found.id == "signing-needs-compiled-parts"
    assert "SHIV_ROOT=DIR" in found.remediation[0]
    for allowed in (diagnose(seen), diagnose(expired(), route)):
        assert found.id not in [one.id for one in allowed.findings]
