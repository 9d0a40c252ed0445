# SPDX-License-Identifier: Apache-2.0
"""Machines saved at the moment when their node has failed: a test begins there within seconds.

The saved memory fits one qemu and one set of its words, so both are part of the name.
"""

import hashlib
import json
import os
import subprocess
from typing import Callable, Dict, NamedTuple

from simulators.vm import cache, image, machine

SETTLES_WITHIN = 240.0
VALID = machine.TODAY - 60 * 86400  # a month before the certificate expires
META = "/frozen.json"
# systemd gives up a service that fails five times in 10 s, and an emulated libvirtd on a busy
# computer needs longer than that for five failures.
PATIENCE = "/run/systemd/system/libvirtd.service.d"
GIVE_UP_LATER = "mkdir -p {0} && printf '[Unit]\\nStartLimitIntervalSec=900\\n' > {0}/patience.conf"


class Story(NamedTuple):
    """How a machine comes into a state worth freezing."""

    summary: str
    prepare: Callable[[machine.Machine], None]
    today: int = machine.TODAY  # of the first boot


def expired(node: machine.Machine) -> None:
    """The boot itself does it: libvirtd refuses the certificate until systemd gives up."""
    node.out(GIVE_UP_LATER.format(PATIENCE) + " && systemctl daemon-reload")
    node.until("systemctl is-failed libvirtd.socket", SETTLES_WITHIN)
    node.out("rm -r %s && systemctl daemon-reload" % PATIENCE)
    node.run("systemctl is-system-running --wait")
    node.out("sync")


def healthy(node: machine.Machine) -> None:
    """The HA agent has started the engine VM and finds it in good health."""
    node.until('hosted-engine --vm-status --json | grep -q \'"health": "good"\'', SETTLES_WITHIN)
    node.run("systemctl is-system-running --wait")
    node.out("sync")


def still_running(node: machine.Machine) -> None:
    """A month passes in which nobody restarts anything; then the certificate is a month too old."""
    healthy(node)
    node.out("systemctl stop chronyd && timedatectl set-time @%d" % machine.TODAY)
    node.out("systemctl start chronyd && sync")


STORIES: Dict[str, Story] = {
    "node-expired": Story(
        "the node's certificate expired a month ago; libvirtd refuses to start", expired
    ),
    "all-valid": Story("nothing has expired, the engine VM runs", healthy, VALID),
    "still-running": Story(
        "expired, but libvirtd and the engine VM were never restarted", still_running, VALID
    ),
}


def ensure(scenario: str) -> machine.Frozen:
    """The frozen machine of this scenario, made first when it is missing. Raises: Failed."""
    made = image.ensure()
    name = "frozen-%s-%s" % (scenario, _digest(made))
    folder = cache.entry(name, lambda partial: _freeze(partial, made, STORIES[scenario]))
    with open(folder + META) as file:
        rtc = json.load(file)["rtc"]
    return machine.Frozen(folder + "/disk.qcow2", folder + "/memory", rtc)


def _freeze(folder: str, made: image.Image, story: Story) -> None:
    node = machine.Machine(folder, made, today=story.today)
    try:
        node.wait()
        story.prepare(node)
        saved = node.freeze(folder + "/memory")
    finally:
        node.close()
    with open(folder + META, "w") as file:
        json.dump({"rtc": saved.rtc}, file)


def _digest(made: image.Image) -> str:
    words = machine.arguments(made, "DISK", "FOLDER", 0)
    version = subprocess.check_output([words[0], "--version"], stdin=subprocess.DEVNULL)
    made_of = "\n".join(words[1:]).encode() + version
    with open(os.path.join(cache.HERE, "frozen.py"), "rb") as file:
        made_of += file.read()
    return hashlib.sha256(made_of).hexdigest()[:16]
