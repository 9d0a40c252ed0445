# SPDX-License-Identifier: Apache-2.0
"""Named worlds: files and state before the node's first boot, and what happened since then.

Imports `stories` (the data) and whatever makes files.
"""

import os
import shutil

from simulators import (
    agent,
    boot,
    broker,
    engine_backup,
    engine_files,
    engine_pki,
    engine_stores,
    engine_vm,
    ha,
    keys,
    libvirtd,
    names,
    node_files,
    node_pki,
    place,
    stories,
    vdsm,
)
from simulators import world as world_module
from simulators.engine_api import signing, sso
from simulators.engine_api import state as api_state
from simulators.stories import Story

NAMES = tuple(stories.STORIES)
SUMMARIES = {name: story.summary for name, story in stories.STORIES.items()}
YEAR = 365 * 86400
PASSPHRASE = "correct horse"  # of the CA key that an operator keeps apart
KEYS_TO_COME = tuple(
    "enrolled-" + name for name in ("virt-host1", "virt-host2", "migration", "console", "ovn")
)
SETTLING = 420.0  # from a healthy boot until the engine VM is in good health
AWAKE = 200.0  # seconds before today in which the daemons notice what has become of their files


def build(directory: str, scenario: str, release: str) -> None:
    """Write the files and the state of the scenario; the node has not booted yet."""
    with world_module.opened(directory) as world:
        world.state["scenario"] = scenario
        story = stories.of(world.state)
        if world.state["hostname"] == names.NODE:
            _certificates(world, story, release)
        _files(world, story, release)
        _state(world, story)
        _at_hand(world, story)
    for name in KEYS_TO_COME:
        place.put(directory, "%s/%s.pem" % (signing.KEYS, name), keys.pem(name), 0o600)
    place.put(directory, "/api-password", sso.PASSWORD + "\n", 0o600)
    place.put(directory, "/engine-password", engine_vm.fresh()["password"] + "\n", 0o600)
    place.put(directory, "/node-password", names.NODE_PASSWORD + "\n", 0o600)


def _certificates(world: world_module.World, story: Story, release: str) -> None:
    """All that the one engine has issued, on the engine and on each of its nodes."""
    root, engine = world.directory + "/root", world.directory + "/engine"
    by = node_pki.authorities(story.ages)
    issued = [node_pki.write(root, by, story.ages, release)]
    for one in story.further:
        further = place_of(world.directory, one.name) + "/root"
        who = node_pki.Who(one.name, one.name.partition(".")[0])
        issued.append(node_pki.write(further, by, one.ages, release, who))
        node_files.ssh_server(further, who.keys + "-ssh")
        node_files.known(root, one.name, one.address, who.keys + "-ssh")
    engine_pki.write(engine, by, story.ages, issued, release)
    engine_files.write(engine, release)
    engine_stores.prepare(world)


def place_of(directory: str, name: str) -> str:
    """The directory of a further node's world."""
    return "%s/nodes/%s" % (directory, name)


def _files(world: world_module.World, story: Story, release: str) -> None:
    root = world.directory + "/root"
    node_files.write(root, release, story.vnc_tls, story.language)
    if story.note == "bad-configuration":
        with open(world.node(libvirtd.CONFIGURATION), "a") as file:
            file.write("log_level 3\n")
    if story.maintenance == "local":
        ha.set_local_maintenance(world, True)


def _state(world: world_module.World, story: Story) -> None:
    state = world.state
    _set_today(state, story.first_boot or story.true)
    state["vm"] = engine_vm.fresh()
    state["vdsm"] = vdsm.fresh()
    state["ha"] = ha.fresh()
    state["agent"] = agent.fresh()
    state["broker"] = broker.fresh()
    state["api"] = api_state.fresh(2 if story.engine == "elsewhere" else 1)
    state["ntp"]["reachable"] = story.ntp
    state["openssl"] = _real("openssl")
    state["ssh_keygen"] = _real("ssh-keygen")
    state["ha"]["global"] = story.maintenance == "global"
    if story.engine == "elsewhere":
        _elsewhere(world)
    elif story.engine == "down":
        # libvirt still has the persistent definition that vdsm had made
        state["vm"]["state"] = "shut off"
    # The node's hardware clock gives its system clock at boot.
    state["wall_offset"] += story.ahead
    state["rtc_offset"] += story.ahead


def _at_hand(world: world_module.World, story: Story) -> None:
    """What the operator brought along; it lies beside the node, as on a stick."""
    if story.note == "engine-backup":
        path = stories.BACKUP.format(world=world.directory)
        engine_backup.make(world, path, story.true - YEAR)
    elif story.note == "ca-key":
        with open(world.engine(engine_pki.PKI + "/ca.pem"), "rb") as file:
            place.put(world.directory, "/ca.pem", file.read())
        place.put(world.directory, "/ca-key.pem", keys.encrypted("ca", PASSPHRASE), 0o600)
        place.put(world.directory, "/ca-passphrase", PASSPHRASE + "\n", 0o600)


def _real(program: str) -> str:
    """Where this machine has the real program; "" where it has none."""
    places = os.environ.get("PATH", "") + ":/usr/bin:/bin:/usr/local/bin"
    return shutil.which(program, path=places) or ""


def _set_today(state: dict, today: int) -> None:
    moved = today - state["today"]
    state["today"] = today
    for clock in ("wall_offset", "true_offset", "rtc_offset"):
        state[clock] += moved


def _elsewhere(world: world_module.World) -> None:
    """Another node carries the engine VM, in good health and at the true time."""
    world.state["vm"].update(where="elsewhere", boot=1, ssh=True)
    for service in engine_vm.SERVICES:
        engine_vm.switch(world, service, True)


def after_boot(directory: str, scenario: str, release: str) -> None:
    """What happened between the boot and today."""
    with world_module.opened(directory) as world:
        story = stories.of(world.state)
        if story.ahead:
            world.set_rtc(world.true())
        if story.first_boot:
            world.advance(SETTLING)
            boot.pass_quietly(world, story.true - AWAKE - world.true())
            world.state["today"] = story.true
            world.advance(AWAKE)
    _tidy(directory)


def _tidy(directory: str) -> None:
    """The transcript begins with the first call of whoever uses the world."""
    path = directory + "/transcript"
    if os.path.exists(path):
        os.unlink(path)
