# SPDX-License-Identifier: Apache-2.0
"""What `diagnose` answers: findings, a route and why. Imports finding and window."""

from typing import NamedTuple, Tuple

from recovery.finding import INHIBITOR, Finding
from recovery.window import Window

NONE = "none"
RENEW = "renew"
SIGN = "sign"
OFFLINE_CA = "offline-ca"
INTERIM = "interim"
REWIND = "rewind"
BY_HAND = (REWIND, SIGN)  # where a person may do on the engine's console what ssh does else


class Diagnosis(NamedTuple):
    """The judgement of one observation."""

    findings: Tuple[Finding, ...]  # inhibitors first
    route: str  # the one recommended; "none" when nothing is to be done or can be done
    reason: str  # one sentence
    window: Window  # moments in which the rewind could work; moment None when empty
    allowed: Tuple[str, ...] = ()  # routes that the operator may choose by name

    @property
    def inhibitors(self) -> Tuple[Finding, ...]:
        """Return the findings that forbid any change."""
        return tuple(one for one in self.findings if one.severity == INHIBITOR)

    def has(self, finding_id: str) -> bool:
        """Tell whether a finding of this id is there."""
        return any(one.id == finding_id for one in self.findings)
