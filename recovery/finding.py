# SPDX-License-Identifier: Apache-2.0
"""A finding: one judged fact. Imports nothing of ours."""

from typing import NamedTuple, Tuple

INHIBITOR = "inhibitor"  # forbids any change
WARNING = "warning"  # a person should know before going on
NOTE = "note"  # worth a line


class Finding(NamedTuple):
    """One judged fact."""

    id: str  # stable, lower-case-with-dashes
    severity: str
    title: str
    evidence: Tuple[str, ...]  # literal lines seen, or path: value
    remediation: Tuple[str, ...]  # what a person does; commands as they are typed
