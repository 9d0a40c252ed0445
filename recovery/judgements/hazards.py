# SPDX-License-Identifier: Apache-2.0
"""What else on the node goes by the wall clock and would suffer when it is set back."""

from typing import List

from recovery import diagnosis
from recovery.finding import INHIBITOR, WARNING, Finding
from recovery.judgements import facts
from recovery.observation import Observation

BRICKS = "glusterd.service"


def judge(seen: Observation, route: str, chosen: str) -> List[Finding]:
    """Return the findings about a clock set back; a route chosen by name is a confirmation."""
    if route != diagnosis.REWIND:
        return []
    return _spm_protect(seen, chosen) + _bricks(seen)


def _spm_protect(seen: Observation, chosen: str) -> List[Finding]:
    if not seen.spm_protect:
        return []
    return [
        Finding(
            "spm-protect",
            WARNING if chosen else INHIBITOR,
            "vdsm guards an old storage domain by the wall clock: a step may reboot this node",
            ("pgrep -f spmprotect: %d" % seen.spm_protect,),
            (
                "let another node be the SPM, or go a way that leaves the clock: --engine-backup",
                "all the same: recover --route rewind; after a reboot: resume",
            ),
        )
    ]


def _bricks(seen: Observation) -> List[Finding]:
    if not facts.is_active(seen, BRICKS):
        return []
    return [
        Finding(
            "gluster-bricks",
            WARNING,
            "this node serves gluster bricks: with the clock back they get times of the past",
            ("%s: active" % BRICKS,),
            (
                "safest while nobody writes to the volumes",
                "ways that leave the clock as it is: --engine-backup, or --route interim",
            ),
        )
    ]
