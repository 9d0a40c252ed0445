# SPDX-License-Identifier: Apache-2.0
"""Two parts of the stage Setup validation: the gate of global maintenance, and the preview.

ovirt-engine: plugins ovirt-engine-common/ovirt-engine/system/he.py, base/dialog/preview.py.
Imports `engine_database`, `names` and, of the package, `dialogue`, `progress` and `questions`.
"""

from simulators import engine_database, names
from simulators.engine_releases import Engine
from simulators.engine_setup import progress
from simulators.engine_setup.dialogue import Dialogue, StageFailed
from simulators.engine_setup.questions import Questions
from simulators.world import World

OUTSIDE = (
    'It seems that you are running your engine inside of the hosted-engine VM and are not in "'
    'Global Maintenance" mode.\n'
    'In that case you should put the system into the "Global Maintenance" mode before running '
    "engine-setup, or the hosted-engine HA agent might kill the machine, which might corrupt "
    "your data.\n"
)
NOT_SET = "Hosted Engine setup detected, but Global Maintenance is not set."
SET = "Hosted Engine HA is in Global Maintenance mode."
GATE = "OVESETUP_CONFIG/continueSetupOnHEVM"
MEMORY = "Less than 16384MB of memory is available"


def gate(world: World, say: Dialogue) -> None:
    """The engine's database is asked, not the node; a key of the environment opens it."""
    if say.environment.get(GATE):
        return
    engine_database.poll(world)
    if not world.state["vm"]["database"]["global"]:
        say.error(OUTSIDE)
        raise StageFailed(NOT_SET)
    say.info(SET)


def preview(say: Dialogue, ask: Questions, release: Engine) -> None:
    say.title("CONFIGURATION PREVIEW")
    known = {
        "fqdn": names.ENGINE,
        "organisation": names.ORGANISATION,
        "firewall": bool(say.environment.get(ask.firewall.key)),
        "backup": bool(say.environment.get(ask.backup.key)),
        "renew": say.environment.get(ask.renew.key),
    }
    shown = {
        "": True,
        "renew": known["renew"] is not None,
        "grafana": release.grafana,
        "imageio": not release.grafana,
    }
    for description, value, only in progress.PREVIEW:
        if shown[only]:
            say.note("%-40s: %s" % (description, value.format(**known)))
