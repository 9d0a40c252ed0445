# SPDX-License-Identifier: Apache-2.0
"""Worlds for tests: each scenario and release is made once a test run and then copied."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from typing import Dict, List, NamedTuple, Optional

import pexpect

from simulators import install

ENGINE = "root@virt-he.example.test"
IN_WINDOW = 1673712000  # 2023-01-14 16:00:00 UTC: six days before the usual scenario's expiry
TEMPLATES = "OVIRT_CERT_RECOVERY_WORLD_TEMPLATES"


class Output(NamedTuple):
    status: int
    out: str
    err: str


class Node:
    """A world and the ways to type commands into it."""

    def __init__(self, world: install.World) -> None:
        self.world = world
        self.root = world.root
        self.engine = world.engine

    def run(self, *words: str, data: Optional[str] = None, env: Optional[dict] = None) -> Output:
        process = subprocess.Popen(
            [self.world.programs + "/" + words[0]] + list(words[1:]),
            cwd="/",
            stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._env(env),
        )
        out, err = process.communicate(data.encode() if data is not None else None, timeout=120)
        return Output(process.returncode, out.decode(), err.decode())

    def ok(self, *words: str, data: Optional[str] = None) -> str:
        output = self.run(*words, data=data)
        assert output.status == 0, output
        return output.out

    def spawn(self, *words: str, env: Optional[dict] = None, columns: int = 250) -> pexpect.spawn:
        return pexpect.spawn(
            self.world.programs + "/" + words[0],
            list(words[1:]),
            encoding="utf-8",
            timeout=20,
            dimensions=(24, columns),
            env=self._env(env),
        )

    def ssh(self, command: str, data: Optional[str] = None) -> Output:
        """Run a command on the engine over a shared connection, the password typed once."""
        options = ["-o", "ControlPath=/run/test-%h", "-o", "ControlMaster=auto"]
        if not os.path.exists(self.root + "/run/test-virt-he.example.test"):
            child = self.spawn("ssh", *(options + [ENGINE, "true"]))
            child.expect("password: ")
            child.sendline("rehearsal")
            child.expect(pexpect.EOF)
            child.close()
        return self.run("ssh", *(options + ["-o", "BatchMode=yes", ENGINE, command]), data=data)

    def rewind(self, wall: float = IN_WINDOW) -> None:
        """The hand procedure's way back into the window, with the start limit reset."""
        with self.world.opened() as world:
            from simulators import units

            units.stop(world, "chronyd.service")
            world.step_clock(wall)
            world.advance(12)
            assert units.start(world, "libvirtd.service")
            assert units.start(world, "vdsmd.service")

    def wait(self, seconds: float) -> None:
        self.world.sim.advance(seconds)

    def state(self, part: str) -> dict:
        return dict(self.world.sim.state()[part])

    def agent_log(self) -> List[str]:
        with open(self.root + "/var/log/ovirt-hosted-engine-ha/agent.log") as file:
            return [line.rstrip("\n").partition("::(run) ")[2] for line in file]

    def _env(self, extra: Optional[dict]) -> Dict[str, str]:
        return dict(
            {"PATH": self.world.programs, "LC_ALL": "C.UTF-8", "TERM": "dumb", "HOME": "/root"},
            **(extra or {}),
        )


def begin_session() -> str:
    """Where all processes of this test run find their templates; the caller removes it."""
    os.environ[TEMPLATES] = tempfile.mkdtemp(prefix="world-templates-")
    return os.environ[TEMPLATES]


def make(directory: str, scenario: str = "node-expired", release: str = "el8") -> Node:
    """A fresh copy of the world in `directory` (which must not exist)."""
    _copy(_template(scenario, release), str(directory))
    return Node(install.World(str(directory)))


def _template(scenario: str, release: str) -> str:
    path = os.path.join(os.environ[TEMPLATES], "%s-%s" % (scenario, release))
    with open(path + ".made", "a+") as made:
        fcntl.flock(made, fcntl.LOCK_EX)
        made.seek(0)
        if not made.read():
            shutil.rmtree(path, ignore_errors=True)
            install.create(path, scenario, release)
            made.write("yes")
    return path


def _copy(source: str, target: str) -> None:
    os.makedirs(target)
    for name in os.listdir(source):
        if name == "lib":  # nobody writes there, and it is most of a world's files
            shutil.copytree(source + "/lib", target + "/lib", copy_function=os.link)
        elif os.path.isdir(source + "/" + name):
            shutil.copytree(source + "/" + name, target + "/" + name, symlinks=True)
        else:
            shutil.copy2(source + "/" + name, target + "/" + name)
    if os.geteuid() == 0:
        _own(source, target)


def _own(source: str, target: str) -> None:
    """The owners, which copying leaves out."""
    for folder, folders, names in os.walk(source):
        for name in folders + names:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            if status.st_uid or status.st_gid:
                os.lchown(target + path[len(source) :], status.st_uid, status.st_gid)
