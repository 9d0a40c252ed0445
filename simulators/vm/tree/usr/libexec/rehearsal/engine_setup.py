# SPDX-License-Identifier: Apache-2.0
"""Stands in for engine-setup: its stages and questions, and a renewal by the real openssl.

The words of the questions are those of the simulated engine. There is no database here, so it never
sees global maintenance, as the real one with expired certificates; each certificate keeps its key.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from typing import Any, Dict, List

FACTS = "/usr/share/rehearsal/engine-setup.json"
PKI = "/etc/pki/ovirt-engine/"
LOGS = "/var/log/ovirt-engine/setup"
GATE = "OVESETUP_CONFIG/continueSetupOnHEVM"
NOT_SET = "Hosted Engine setup detected, but Global Maintenance is not set."
MARKS = {"INFO": "\033[92m", "WARNING": "\033[93m", "ERROR": "\033[0;31m"}
DAY = 86400


class StageFailed(Exception):
    """What is said of a stage that did not come to its end."""


class Setup:
    """One run. `environment` is otopi's: keys given beforehand, and what was answered."""

    def __init__(self, facts: Dict[str, Any], environment: Dict[str, bool]) -> None:
        self.ask = facts["questions"]
        self.entities = facts["entities"]
        self.soon = facts["soon"] * DAY
        self.subject = facts["subject"]
        self.san = facts["san"]
        self.environment = environment
        os.makedirs(LOGS, exist_ok=True)
        now = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        self.log = "%s/ovirt-engine-setup-%s.log" % (LOGS, now)
        self.suffix = "." + now

    def run(self) -> int:
        status = 0
        try:
            for name, act in (
                ("Environment setup", self.beginning),
                ("Environment customization", self.customization),
                ("Setup validation", self.validation),
                ("Transaction setup", self.stopping),
                ("Misc configuration", self.renewal),
                ("Closing up", self.starting),
            ):
                self.line("INFO", "Stage: " + name)
                act()
        except StageFailed as caught:
            self.line("ERROR", "Failed to execute stage '%s': %s" % (name, caught))
            status = 1
        self.line("INFO", "Stage: Clean up")
        self.note("Log file is located at " + self.log)
        ended = "failed" if status else "completed successfully"
        self.line("ERROR" if status else "INFO", "Execution of setup " + ended)
        return status

    # What it shows and asks

    def show(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
        with open(self.log, "a") as file:
            file.write(re.sub("\033\\[[0-9;]*m", "", text))

    def line(self, level: str, text: str) -> None:
        mark = "[{:^7}]".format(level)
        if sys.stdout.isatty():
            mark = MARKS[level] + mark + "\033[0m"
        self.show("%s %s\n" % (mark, text))

    def note(self, text: str, end: str = "\n") -> None:
        width = shutil.get_terminal_size().columns - 16
        lines: List[str] = []
        for one in text.splitlines():
            lines += textwrap.wrap(one, width, break_long_words=False) or [""]
        self.show("\n".join(" " * 10 + one if one else "" for one in lines) + end)

    def decided(self, name: str) -> bool:
        asked = self.ask[name]
        if self.environment.get(asked["key"]) is None:
            answer = ""
            while answer not in (asked["yes"].lower(), asked["no"].lower()):
                default = asked["yes"] if asked["default"] else asked["no"]
                shown = "(%s, %s) [%s]:" % (asked["yes"], asked["no"], default)
                self.note(asked["text"] + shown, end="")
                given = sys.stdin.readline()
                if not given:
                    raise StageFailed("End of file")
                answer = (given.strip() or default).lower()
            self.environment[asked["key"]] = answer == asked["yes"].lower()
        return self.environment[asked["key"]]

    # Its stages

    def beginning(self) -> None:
        self.note("Log file: " + self.log)

    def customization(self) -> None:
        for name in ("firewall", "backup", "history_vacuum", "engine_vacuum"):
            self.decided(name)
        if any(self.due(entity) for entity in self.entities):
            if not self.decided("renew") and not self.decided("skip"):
                raise StageFailed("Aborted by user")

    def validation(self) -> None:
        if active("ovirt-engine") and not self.decided("stop"):
            raise StageFailed("Engine service is running, no approval to stop")
        if not self.environment.get(GATE):
            raise StageFailed(NOT_SET)
        if not self.decided("confirm"):
            raise StageFailed("Configuration was rejected by user")

    def stopping(self) -> None:
        self.line("INFO", "Stopping engine service")
        systemctl("stop", "ovirt-engine")

    def renewal(self) -> None:
        self.line("INFO", "Upgrading CA")
        if self.environment.get(self.ask["renew"]["key"]):
            for entity in self.entities:
                if self.due(entity):
                    self.line("INFO", "Renewing %s certificate" % entity["name"])
                    self.renew(entity)

    def starting(self) -> None:
        self.line("INFO", "Starting engine service")
        systemctl("start", "ovirt-engine")
        self.line("INFO", "Restarting httpd")
        systemctl("restart", "httpd")

    # Certificates

    def due(self, entity: Dict[str, Any]) -> bool:
        words = ["x509", "-in", certificate(entity), "-noout", "-checkend", str(self.soon)]
        return subprocess.run(["openssl"] + words, stdout=subprocess.DEVNULL).returncode != 0

    def renew(self, entity: Dict[str, Any]) -> None:
        store = PKI + "keys/%s.p12" % entity["name"]
        secret = "pass:" + entity["password"]
        with tempfile.TemporaryDirectory() as folder:
            key, request, packed = (folder + "/" + name for name in ("key", "req", "p12"))
            read = ["pkcs12", "-in", store, "-passin", secret, "-nocerts", "-nodes", "-out", key]
            self.openssl(*read)
            self.openssl("req", "-new", "-key", key, "-subj", self.subject, "-out", request)
            aside(certificate(entity), self.suffix)
            aside(store, self.suffix)
            self.sign(entity, request)
            make = ["pkcs12", "-export", "-name", "1", "-inkey", key, "-passout", secret]
            self.openssl(*make, "-in", certificate(entity), "-out", packed)
            shutil.copyfile(packed, store)
        shutil.copystat(store + self.suffix, store)
        owner = os.stat(store + self.suffix)
        os.chown(store, owner.st_uid, owner.st_gid)

    def sign(self, entity: Dict[str, Any], request: str) -> None:
        begin = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() - DAY))
        words = "ca -batch -config openssl.conf -extfile cert.template -extensions v3_ca_san"
        dates = ["-startdate", begin, "-days", str(entity["days"])]
        self.openssl(
            *(words.split() + dates + ["-in", request, "-out", certificate(entity)]),
            OVIRT_SAN=self.san,
            OVIRT_KU="digitalSignature",
            OVIRT_EKU="serverAuth",
        )

    def openssl(self, *words: str, **more: str) -> None:
        done = subprocess.run(
            ("openssl",) + words,
            cwd=PKI,
            env=dict(os.environ, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            with open(self.log, "ab") as file:
                file.write(done.stdout)
            raise StageFailed("Command '/usr/bin/openssl' failed to execute")


def certificate(entity: Dict[str, Any]) -> str:
    return PKI + "certs/%s.cer" % entity["name"]


def aside(path: str, suffix: str) -> None:
    """otopi's file transaction: what was there gets the moment as its suffix."""
    os.rename(path, path + suffix)


def active(unit: str) -> bool:
    return subprocess.run(["systemctl", "-q", "is-active", unit]).returncode == 0


def systemctl(verb: str, unit: str) -> None:
    if subprocess.run(["systemctl", verb, unit], stdin=subprocess.DEVNULL).returncode:
        raise StageFailed("Failed to %s service '%s'" % (verb, unit))


def given(words: List[str]) -> Dict[str, bool]:
    """The keys of --otopi-environment; other types than bool are nobody's here."""
    texts = [word.partition("=")[2] for word in words if word.startswith("--otopi-environment=")]
    return {key: value == "True" for text in texts for key, value in re.findall(BOOL, text)}


BOOL = r"(\S+?)=bool:(True|False)"


def main(words: List[str]) -> int:
    with open(FACTS) as file:
        facts = json.load(file)
    if socket.gethostname() != facts["host"]:
        print("engine-setup: this is not the engine; log in to %s" % facts["host"])
        return 1
    if "--offline" not in words:
        print("engine-setup: this machine has no packages to offer: --offline")
        return 1
    return Setup(facts, given(words)).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
