# SPDX-License-Identifier: Apache-2.0
"""Talking to engine-setup through the simulated ssh -tt, as a person does."""

import os
import re

import pexpect

from simulators import der
from tests.simulators import worlds

PKI = "/etc/pki/ovirt-engine/"
FIREWALL = "Do you want Setup to configure the firewall? (Yes, No) [Yes]:"
BACKUP = "Would you like to backup the existing database before upgrading it? (Yes, No) [Yes]:"
VACUUM = "(Yes, No) [No]:"
RENEW = "Renew certificates? (Yes, No) [No]:"
SKIP = "Skip PKI renewal process? (Yes, No) [No]:"
STOP = "During execution engine service will be stopped (OK, Cancel) [OK]:"
CONFIRM = "Please confirm installation settings (OK, Cancel) [OK]:"
UP_TO_RENEWAL = ((FIREWALL, ""), (BACKUP, ""), (VACUUM, ""), (VACUUM, ""))
BYPASS = "--otopi-environment='OVESETUP_CONFIG/continueSetupOnHEVM=bool:True'"
KEYS = (
    "--otopi-environment=OVESETUP_PKI/renew=bool:True "
    "OVESETUP_CONFIG/continueSetupOnHEVM=bool:True OVESETUP_CONFIG/updateFirewall=bool:False"
)
UNATTENDED = ["--offline", "--accept-defaults", KEYS]
DONE = "[ INFO  ] Execution of setup completed successfully\n"
FAILED = "[ ERROR ] Execution of setup failed\n"
COLOUR = re.compile("\x1b\\[[0-9;]*m")


class Setup:
    """One run of engine-setup in a terminal; `said` is all it has printed."""

    def __init__(self, node, options="--offline", columns=250):
        node.ssh("true")
        words = ("-tt", "-o", "ControlPath=/run/test-%h", worlds.ENGINE)
        order = "LC_ALL=C engine-setup " + options
        self.child = node.spawn("ssh", *(words + (order,)), columns=columns)
        self.said = ""

    def ask(self, question):
        self.child.expect_exact(question)
        self._heard()

    def say(self, *dialogue):
        for question, answer in dialogue:
            self.ask(question)
            self.child.sendline(answer)
        return self

    def end(self):
        """Exit status and everything it said, without colours."""
        self.child.expect(pexpect.EOF)
        self._heard()
        self.child.close()
        return self.child.exitstatus, self.said

    def _heard(self):
        more = self.child.before + (self.child.after if isinstance(self.child.after, str) else "")
        self.said += COLOUR.sub("", more.replace("\r\n", "\n"))


def renew(node, options="--offline " + BYPASS):
    """The whole procedure with Yes at the renewal."""
    setup = Setup(node, options)
    setup.say(*UP_TO_RENEWAL)
    return setup.say((RENEW, "Yes"), (STOP, ""), (CONFIRM, "")).end()


def stages(said):
    return re.findall("^\\[ INFO  \\] Stage: (.*)$", said, re.M)


def certificate(node, name):
    with open(node.engine + PKI + name, "rb") as file:
        return der.certificate(file.read())


def files(node):
    """Everything of the PKI with its content."""
    found = {}
    for folder, _, names in os.walk(node.engine + PKI):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


def inside(node, words, answers=""):
    """engine-setup without ssh and without a terminal: exit status and all it said."""
    from simulators import engine_shell

    with node.world.opened() as world:
        shell = engine_shell.Shell(world)
        result = shell.call(["engine-setup"] + words, answers.encode(), {})
    return result.status, (result.output + result.errors).decode()
