# SPDX-License-Identifier: Apache-2.0
"""The further nodes of a simulated cluster: worlds of their own in W/nodes/NAME.

They share the first one's engine, programs and true time. Imports `install`, `scenarios`,
`stories` and what makes files.
"""

import hashlib
import marshal
import os
from typing import List

from simulators import base_files, install, scenarios, stories
from simulators import world as world_module


def make(first: install.World, release: str, history: float) -> None:
    """Make and boot the further nodes of the first one's scenario; their certificates are there."""
    scenario = first.sim.state()["scenario"]
    for one in stories.STORIES[scenario].further:
        _make(first, one, scenario, release, history)


def _make(
    first: install.World, one: stories.Further, scenario: str, release: str, history: float
) -> None:
    directory = scenarios.place_of(first.directory, one.name)
    for name in ("engine", "bin", "lib"):
        os.symlink("../../" + name, directory + "/" + name)
    state = install.first_state(release, install.TODAY, history)
    digest = hashlib.sha256(one.name.encode()).hexdigest()
    state.update(
        scenario=scenario,
        hostname=one.name,
        address=one.address,
        reachable=True,
        guests=list(one.guests),
        random=int(digest[:6], 16),
        machine_id=digest[:32],
    )
    with open(directory + "/state", "wb") as target:
        target.write(marshal.dumps(state))
    with world_module.opened(directory) as world:
        base_files.write(world)
    scenarios.build(directory, scenario, release)
    install.first_boot(install.World(directory), scenario, release)


def of(first: install.World) -> List[install.World]:
    """The worlds of the further nodes, in the order of their names."""
    nodes = first.directory + "/nodes"
    names = sorted(os.listdir(nodes)) if os.path.isdir(nodes) else []
    return [install.World("%s/%s" % (nodes, name)) for name in names]
