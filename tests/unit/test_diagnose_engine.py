# SPDX-License-Identifier: Apache-2.0
"""What is judged of the engine's web certificate, and of a renewal in the past without ssh."""

import pytest

from recovery.diagnose import diagnose
from recovery.finding import NOTE
from recovery.observation import Certificate, Observation
from tests.unit import observations
from tests.unit.observations import DAY, NOW, changed, expired, valid


def web(end: int, chain: bool = True) -> Observation:
    shown = Certificate("virt-he:443", "vdsm", not_after=end, chain=chain, issuer="CN=CA")
    seen = valid()
    return seen._replace(engine=seen.engine._replace(web=shown))


@pytest.mark.parametrize(
    "seen, found, route",
    [
        (web(NOW - DAY), "web-certificate-expired", "renew"),
        (web(NOW + 59 * DAY), "web-certificate-expires-soon", "renew"),
        (web(NOW + 61 * DAY), "", "none"),
        (web(NOW - DAY, chain=False), "web-certificate-foreign", "none"),
    ],
)
def test_web_certificate_of_the_engine_is_judged_by_its_end_and_its_ca(
    seen: Observation, found: str, route: str
) -> None:
    judged = diagnose(seen)
    assert [one.id for one in judged.findings if one.id.startswith("web-")] == [found] * bool(found)
    assert judged.route == route


@pytest.mark.parametrize(
    "back, says",
    [(41, "it would last"), (500, "dead on arrival but in 2 stages"), (990, "in 3 stages")],
)
def test_renewal_in_the_past_is_judged_before_anybody_tries(back: int, says: str) -> None:
    end = NOW - back * DAY
    seen = expired()._replace(
        certificates=tuple(observations.certificates(end, end - 398 * DAY)),
    )
    seen = changed(seen, "ca", not_before=end - 1000 * DAY)
    (finding,) = [one for one in diagnose(seen).findings if one.id == "without-ssh"]
    assert says in finding.title and finding.severity == NOTE
    assert ("in order: " in finding.remediation[-1]) is (back > 400)
