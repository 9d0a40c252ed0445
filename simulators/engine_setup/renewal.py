# SPDX-License-Identifier: Apache-2.0
"""Which of the engine's certificates setup wants to renew, and how it does that.

ovirt-engine: ovirt-engine-setup/ovirt-engine/pki/ca.py, engine_common/pki_utils.py. Everything
is done by the PKI scripts; nothing of it is undone when a later stage fails.
Imports `der`, `engine_entities`, `engine_releases`, `engine_scripts` and `engine_vm`.
"""

import os
import time
from typing import Any, List, Optional

from simulators import (
    der,
    engine_entities,
    engine_releases,
    engine_scripts,
    engine_stores,
    engine_vm,
    names,
)
from simulators.engine_entities import Entity
from simulators.engine_programs import Session
from simulators.engine_setup.dialogue import Dialogue, StageFailed
from simulators.world import World

PKI = engine_entities.PKI
END = b"-----END CERTIFICATE-----\n"  # the certificate comes first
STORE = "pass:" + engine_entities.PASSWORD
DAY = 86400
SUBJECT = "/C=US/O=%s/CN=%s" % (names.ORGANISATION, names.ENGINE)
CONSOLE_EKU = "1.3.6.1.4.1.2312.13.1.2.1.1"


class Renewal:
    """The engine's PKI as one run of setup sees and changes it."""

    def __init__(self, session: Session, dialogue: Dialogue) -> None:
        self.session = session
        self.world: World = session.shell.world
        self.dialogue = dialogue
        self.release = engine_releases.of(self.world)
        self.renewed: List[str] = []  # the authorities

    def present(self) -> bool:
        return os.path.exists(self._real("ca.pem"))

    # The rule

    def wanted(self) -> bool:
        """Is there a reason for the question?"""
        authorities = [self._expires(self._authority(name), False) for name in self.authorities()]
        # Every store is read, whatever the first ones say.
        return any(authorities + [self.due(one) for one in self._entities()])

    def authorities(self) -> List[str]:
        known = ["ca.pem"] + (["qemu-ca.pem"] if self.release.ca_choice else [])
        return [name for name in known if os.path.exists(self._real(name))]

    def _entities(self) -> List[Entity]:
        return engine_entities.known(str(self.world.state["release"]))

    def due(self, entity: Entity) -> bool:
        """Near its end or without a name, and setup's own work."""
        if not os.path.exists(self._real("keys/%s.p12" % entity.name)):
            return False
        found = self._stored(entity.name)
        if found is None or not self._unfit(found, entity):
            return False
        if not entity.extract:
            return True
        own = der.signed_by(found, self._authority("ca.pem"))
        with open(self._real("certs/%s.cer" % entity.name), "rb") as file:
            return own and der.certificate(file.read()).raw == found.raw

    def _unfit(self, found: der.Certificate, entity: Entity) -> bool:
        if self._expires(found, entity.web) or not found.names:
            return True
        lifetime = (found.not_after - found.not_before) // DAY - 1
        return self.release.short and lifetime > 398

    def _expires(self, found: der.Certificate, web: bool) -> bool:
        days = self.release.soon_web if web else self.release.soon
        return found.not_after - engine_vm.wall(self.world) < days * DAY

    def _authority(self, name: str) -> der.Certificate:
        with open(self._real(name), "rb") as file:
            return der.certificate(file.read())

    def _stored(self, name: str) -> Optional[der.Certificate]:
        """The certificate in a store; a store nobody can read is told about and left alone."""
        path = "%s/keys/%s.p12" % (PKI, name)
        known = engine_stores.recall(self.world, path)
        if known:
            return der.certificate(known)
        words = ["openssl", "pkcs12", "-in", path, "-passin", STORE, "-nokeys"]
        result = self.session.shell.call(words, b"", {})
        if result.status == 0 and result.output:
            return der.certificate(result.output)
        self.dialogue.warning("Failed to read or parse '%s'" % path)
        said = result.errors.decode("utf-8", "replace")
        self.dialogue.note("Perhaps it was changed since last Setup.\nError was:\n%s\n\n" % said)
        return None

    # The work

    def upgrade(self, renew: bool) -> None:
        """Stage Misc configuration: authorities, then each entity that fails the rule."""
        self.dialogue.info("Upgrading CA")
        if renew:
            for name in self.authorities():
                if self._expires(self._authority(name), False):
                    self._renew_authority(name)
            for entity in self._entities():
                if self.due(entity):
                    self.dialogue.info("Renewing %s certificate" % entity.name)
                    self._enroll(entity)
        for entity in self._entities():
            if not os.path.exists(self._real("keys/%s.p12" % entity.name)):
                self._enroll(entity)

    def _enroll(self, entity: Entity) -> None:
        words = ["--name=" + entity.name, "--password=" + engine_entities.PASSWORD]
        words += ["--subject=" + SUBJECT, "--san=DNS:" + names.ENGINE]
        words += ["--keep-key"] if entity.keep_key else []
        words += ["--days=398"] if entity.web and self.release.days_choice else []
        self.script("pki-enroll-pkcs12.sh", engine_scripts.pkcs12, words)
        store = self._real("keys/%s.p12" % entity.name)
        if os.geteuid() == 0:
            os.chown(store, entity.owner[0], -1)
        if entity.extract:
            self._expand(entity)

    def script(self, name: str, act: Any, words: List[str]) -> bytes:
        status, output, errors = act(self.session._replace(words=words, data=b""))
        for line in errors.decode("utf-8", "replace").splitlines():
            self.dialogue.record("DEBUG", "plugins plugin.execute:921", line)
        if status:
            raise StageFailed("Command '%s/%s' failed to execute" % (engine_scripts.BIN, name))
        self.world.advance(1.2)
        return bytes(output)

    def _expand(self, entity: Entity) -> None:
        """Certificate and key beside the store, as PEM with the attributes of their bags."""
        words = ["openssl", "pkcs12", "-in", "%s/keys/%s.p12" % (PKI, entity.name)]
        result = self.session.shell.call(words + ["-passin", STORE, "-nodes"], b"", {})
        if result.status:
            raise StageFailed("Command '/usr/bin/openssl' failed to execute")
        end = result.output.index(END) + len(END)
        self._replace("certs/%s.cer" % entity.name, result.output[:end], 0o644, (0, 0))
        self._replace("keys/%s.key.nopass" % entity.name, result.output[end:], 0o600, entity.owner)

    def _replace(self, name: str, data: bytes, mode: int, owner: Any) -> None:
        """otopi's file transaction: what was there gets the moment as its suffix."""
        path = self._real(name)
        moment = time.strftime("%Y%m%d%H%M%S", time.gmtime(engine_vm.wall(self.world)))
        if os.path.exists(path) and not os.path.exists(path + "." + moment):
            os.rename(path, path + "." + moment)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        if os.geteuid() == 0:
            os.chown(path, owner[0], owner[1])

    def _renew_authority(self, name: str) -> None:
        from simulators.engine_setup import authority

        self.dialogue.info("Renewing CA: %s/%s" % (PKI, name))
        authority.renew(self.session, name, self.release.ca_days)
        self.renewed.append("%s/%s" % (PKI, name))

    def console(self) -> None:
        """The console proxy's own certificate: nobody is asked about it."""
        path = self._real("certs/%s.cer" % engine_entities.CONSOLE.name)
        if os.path.exists(path) and not self._stale(path):
            return
        self.dialogue.info("Setting up ovirt-vmconsole proxy helper PKI artifacts")
        name = engine_entities.CONSOLE.name
        words = ["--name=" + name, "--password=" + engine_entities.PASSWORD]
        words += ["--subject=" + SUBJECT, "--ku=digitalSignature", "--eku=" + CONSOLE_EKU]
        self.script("pki-enroll-pkcs12.sh", engine_scripts.pkcs12, words)
        words = ["--name=" + name, "--passin=" + engine_entities.PASSWORD, "--key=-"]
        key = self.script("pki-pkcs12-extract.sh", engine_scripts.extract, words)
        self._replace("keys/%s.key.nopass" % name, key, 0o600, engine_entities.CONSOLE.owner)

    def _stale(self, path: str) -> bool:
        """Since 4.5.0.7: near its end, or older than the CA."""
        if not self.release.days_choice:
            return False
        with open(path, "rb") as file:
            found = der.certificate(file.read())
        return self._expires(found, False) or bool(self.renewed)

    def ssh_key(self) -> None:
        """The engine's key once more, for its own ssh to the nodes."""
        words = ["--name=engine", "--passin=" + engine_entities.PASSWORD, "--key=-"]
        key = self.script("pki-pkcs12-extract.sh", engine_scripts.extract, words)
        path = self._real("keys/engine_id_rsa")
        with open(path, "rb") as file:
            if file.read() == key:
                return
        self._replace("keys/engine_id_rsa", key, 0o600, (108, 108))

    def _real(self, name: str) -> str:
        return str(self.world.engine(PKI + "/" + name))
