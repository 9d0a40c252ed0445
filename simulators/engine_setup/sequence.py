# SPDX-License-Identifier: Apache-2.0
"""The stages of one run of engine-setup, in their order, and what each does to the engine.

otopi: context.py, plugin.py; ovirt-engine: packaging/setup/plugins (core/engine.py and kin).
Imports the rest of the package, `engine_database`, `engine_releases`, `engine_vm` and `faults`.
"""

import time
from typing import Any, Dict, List, Tuple

from simulators import engine_database, engine_releases, engine_vm, faults
from simulators.engine_programs import Session
from simulators.engine_setup import progress, questions, summary, validation
from simulators.engine_setup.dialogue import Dialogue, Question, StageFailed, keep
from simulators.engine_setup.renewal import Renewal
from simulators.engine_terminal import Dead, Gone, Interrupted, Transcript
from simulators.world import World

SECTIONS = (
    "PRODUCT OPTIONS",
    "PACKAGES",
    "NETWORK CONFIGURATION",
    "DATABASE CONFIGURATION",
    "OVIRT ENGINE CONFIGURATION",
    "STORAGE CONFIGURATION",
    "PKI CONFIGURATION",
    "APACHE CONFIGURATION",
    "SYSTEM CONFIGURATION",
    "MISC CONFIGURATION",
)


class Sequence:
    """One run; `run` is its exit status."""

    def __init__(
        self, session: Session, dialogue: Dialogue, environment: Dict[str, Any], files: List[str]
    ) -> None:
        self.session = session
        self.world: World = session.shell.world
        self.say = dialogue
        self.environment = environment
        self.files = files
        self.release = engine_releases.of(self.world)
        self.ask = questions.of(self.release)
        self.renewal = Renewal(session, dialogue)
        self.fault = faults.on_engine(self.world, "engine-setup", session.words)
        self.failed = False
        self.gone = False  # the terminal: it goes on without it, to its end

    def run(self) -> int:
        stages: List[Tuple[str, Any]] = [
            (name, self._setup if name == "Environment setup" else None)
            for name in progress.STAGES_BEFORE
        ]
        stages += [
            ("Environment customization", self._customization),
            ("Setup validation", self._validation),
            ("Transaction setup", self._stopping),
            ("Misc configuration (early)", None),
            ("Package installation", None),
            ("Misc configuration", self._misc),
            ("Transaction commit", None),
            ("Closing up", self._closing),
        ]
        for name, act in stages:
            if not self.failed:
                self._stage(name, act)
        for name, act in (
            ("Clean up", self._cleanup),
            ("Pre-termination", None),
            ("Termination", self._end),
        ):
            self._stage(name, act)
        return int(self.failed)

    def _stage(self, name: str, act: Any) -> None:
        try:
            self.say.info("Stage: " + name)
            self._struck(name)
            self.world.advance(1.0)
            self._reachable()
            if act is not None:
                act()
        except StageFailed as error:
            self._failure(name, str(error))
        except Interrupted:
            self._failure(name, "SIG2")
        except Dead:
            raise
        except Gone:
            self._hang_up()
            self._failure(name, "SIG1")

    def _failure(self, stage: str, cause: str) -> None:
        self.failed = True
        try:
            self.say.error("Failed to execute stage '%s': %s" % (stage, cause))
        except (Gone, Interrupted):
            self._hang_up()

    def _struck(self, stage: str) -> None:
        if self.fault.get("stage") != stage:
            return
        if self.fault["action"] == "fail-stage":
            raise StageFailed(self.fault["cause"])
        if self.fault["action"] == "lose-connection":
            raise Gone

    def _hang_up(self) -> None:
        """From here on nobody reads: the program ends as otopi does after SIGHUP."""
        self.gone = True
        self.say.terminal = Transcript(b"")

    def _reachable(self) -> None:
        if not engine_vm.answers_ssh(self.world):
            raise Dead

    def _step(self, text: str, seconds: float) -> None:
        self.say.info(text)
        self.world.advance(seconds)
        self._reachable()

    def _decide(self, question: Question) -> bool:
        """A question, behind the one that somebody has put in before it."""
        if self.fault.get("action") == "ask" and self.fault.get("before") == question.name:
            default = self.fault.get("default", "")
            text = self.fault["question"] + (" [%s]: " % default if default else ": ")
            self.say.answer("OVESETUP_UNKNOWN_QUESTION", text, [], default)
        return self.say.decided(question)

    # Environment setup and customization

    def _setup(self) -> None:
        shown = ", ".join(self.files)
        if self.world.state["release"] == "el7":
            shown = repr(self.files)
        self.say.note("Configuration files: " + shown)
        self.say.note("Log file: " + self.say.log)
        self.say.note("Version: " + self.release.otopi)

    def _customization(self) -> None:
        within = {
            "PRODUCT OPTIONS": self._product,
            "PACKAGES": self._packages,
            "NETWORK CONFIGURATION": self._network,
            "DATABASE CONFIGURATION": self._database,
            "OVIRT ENGINE CONFIGURATION": lambda: self._decide(self.ask.engine_vacuum),
            "PKI CONFIGURATION": self._pki,
        }  # type: Dict[str, Any]
        for section in SECTIONS:
            self.say.title(section)
            if section in within:
                within[section]()
        self.say.title("END OF CONFIGURATION")

    def _product(self) -> None:
        self.say.info("ovirt-provider-ovn already installed, skipping.")

    def _packages(self) -> None:
        if not self.environment.get("OVESETUP_CORE/offlinePackager"):
            self.say.info("Checking for product updates...")
            self.world.advance(20.0)
            self.say.info("No product updates found")

    def _network(self) -> None:
        if self.environment.get(self.ask.firewall.key) is None:
            old = self.world.state["release"] == "el7"
            note = questions.FIREWALL
            self.say.note(note + questions.DEPRECATED if old else "\n" + note)
        if self._decide(self.ask.firewall):
            self.say.info("firewalld will be configured as firewall manager.")

    def _database(self) -> None:
        if not self._decide(self.ask.backup):
            self.say.warning(questions.SURE)
            self.environment[self.ask.backup.key] = not self._decide(self.ask.no_backup)
        self._decide(self.ask.history_vacuum)

    def _pki(self) -> None:
        if not self.renewal.present():
            if not self._decide(self.ask.missing):
                raise StageFailed("Aborted by user")
            raise StageFailed("a new CA is not simulated")
        if not self.renewal.wanted() or self.environment.get(self.ask.renew.key) is not None:
            return
        if not self._decide(self.ask.renew) and not self._decide(self.ask.skip):
            raise StageFailed("Aborted by user")

    # Validation

    def _validation(self) -> None:
        if self.world.state["vm"]["services"]["ovirt-engine"] and not self._decide(self.ask.stop):
            raise StageFailed("Engine service is running, no approval to stop")
        validation.gate(self.world, self.say)
        self.say.warning(validation.MEMORY)
        self.say.info("Cleaning stale zombie tasks and commands")
        validation.preview(self.say, self.ask, self.release)
        if not self._decide(self.ask.confirm):
            raise StageFailed("Configuration was rejected by user")
        self._step("Cleaning async tasks and compensations", 2.0)
        self._step("Unlocking existing entities", 2.0)
        self._step("Checking the Engine database consistency", 4.0)

    # The work

    def _stopping(self) -> None:
        for text, seconds in progress.STOPPING[self.world.state["release"]]:
            if text == "Stopping engine service":
                engine_vm.switch(self.world, "ovirt-engine", False)
            self._step(text, seconds)

    def _misc(self) -> None:
        release = self.world.state["release"]
        self._vacuum(self.ask.engine_vacuum, "engine", 4)
        self.renewal.upgrade(bool(self.environment.get(self.ask.renew.key)))
        self.renewal.ssh_key()
        self.renewal.console()
        for text, seconds in progress.AFTER_PKI[release]:
            self._step(text, seconds)
        if self.environment.get(self.ask.backup.key):
            self._dump(progress.HISTORY_BACKUP, 9.0)
        self._step(*progress.HISTORY_SCHEMA)
        for text, seconds in progress.CONFIGURING[release]:
            self._step(text, seconds)
        self._dump(progress.ENGINE_BACKUP, 8.0)
        self._step(*progress.ENGINE_SCHEMA)
        self._vacuum(self.ask.history_vacuum, "ovirt_engine_history", 6)
        self._step(*progress.DOMAIN_SCHEMA)
        self.say.note("Unregistering existing client registration info.")
        self._step(progress.POST_INSTALL, 0.5)

    def _vacuum(self, question: Question, schema: str, seconds: int) -> None:
        if self.environment.get(question.key):
            self._step(progress.VACUUM[0] % schema, seconds)
            self.say.info(progress.VACUUM[1] % seconds)

    def _dump(self, text: str, seconds: float) -> None:
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(engine_vm.wall(self.world)))
        self._step(text % (stamp, "xv0vna3s"), seconds)

    def _closing(self) -> None:
        for text, seconds in progress.STARTING[self.world.state["release"]]:
            self._step(text, seconds)
            if text == "Starting engine service":
                engine_vm.switch(self.world, "ovirt-engine", True)
                engine_database.expect(self.world)
        self.say.title("SUMMARY")
        self._step("Restarting httpd", 2.0)
        engine_vm.switch(self.world, "httpd", True)
        summary.notes(self.say, self.renewal.renewed)
        self.say.warning(validation.MEMORY)
        self.say.title("END OF SUMMARY")

    # The end, whatever happened

    def _cleanup(self) -> None:
        self.say.note("Log file is located at " + self.say.log)
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(engine_vm.wall(self.world)))
        path = self.environment.get("OVESETUP_CORE/answerFile")
        path = path or "/var/lib/ovirt-engine/setup/answers/%s-setup.conf" % stamp
        self.say.info("Generating answer file '%s'" % path)
        given = sorted(key for key in self.environment if key.startswith("QUESTION/"))
        text = "# OTOPI answer file, generated by human dialog\n[environment:default]\n"
        text += "".join("%s=str:%s\n" % (key, self.environment[key]) for key in given)
        if not engine_vm.disk_full(self.world):
            keep(self.world, path, text, 0o600)

    def _end(self) -> None:
        if self.failed:
            self.say.error("Execution of setup failed")
        else:
            self.say.info("Execution of setup completed successfully")
