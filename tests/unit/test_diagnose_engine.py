# SPDX-License-Identifier: Apache-2.0
"""What is judged of the engine's certificates, and of a way in without ssh."""

import pytest

from recovery.diagnose import diagnose
from recovery.finding import NOTE, WARNING
from recovery.judgements import engine
from recovery.observation import Certificate, Observation
from tests.unit.observations import DAY, NOW, expired, valid


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


def own(end: int, web_chain: bool = True) -> Observation:
    """The engine's own certificate ends then, that of its web server is another story."""
    seen = web(NOW + 300 * DAY, web_chain)
    shown = Certificate("own", "vdsm", not_after=end, chain=True)
    return seen._replace(engine=seen.engine._replace(own=shown))


@pytest.mark.parametrize("web_chain", [True, False])
@pytest.mark.parametrize(
    "end, found, route",
    [
        (NOW - DAY, "engine-certificate-expired", "renew"),
        (NOW + 59 * DAY, "engine-certificate-expires-soon", "renew"),
        (NOW + 61 * DAY, "", "none"),
    ],
)
def test_own_certificate_of_the_engine_is_judged_as_its_web_certificate(
    end: int, found: str, route: str, web_chain: bool
) -> None:
    judged = diagnose(own(end, web_chain))
    named = [one.id for one in judged.findings if "-certificate-" in one.id]
    assert [one for one in named if not one.startswith("node-")] == [found] * bool(found)
    assert judged.route == route
    assert engine.setup_due(own(end, web_chain)) == bool(found)


@pytest.mark.parametrize(
    "by_hand, found, severity, word",
    [
        (False, "without-ssh", NOTE, "--sign-by-hand"),
        (True, "engine-taken-for-down", WARNING, "--route sign"),
    ],
)
def test_engine_that_is_down_has_its_other_way_in_named_beforehand(
    by_hand: bool, found: str, severity: str, word: str
) -> None:
    judged = diagnose(expired(), by_hand=by_hand)
    about = {"without-ssh", "engine-taken-for-down"}
    (finding,) = [one for one in judged.findings if one.id in about]
    assert (finding.id, finding.severity) == (found, severity)
    assert word in " ".join(finding.remediation)
    assert judged.route == "rewind" and ("sign" in judged.allowed) is by_hand
