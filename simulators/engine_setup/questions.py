# SPDX-License-Identifier: Apache-2.0
"""engine-setup's questions as data, in the words of the three releases.

ovirt-engine, ovirt-dwh: packaging/setup/plugins; the samples of real runs show them together.
Imports `engine_releases` and `dialogue`.
"""

from typing import NamedTuple

from simulators.engine_releases import Engine
from simulators.engine_setup.dialogue import Question

MANUAL = "https://www.ovirt.org/develop/release-management/features/infra/pki-renew/"
RENEW = (
    "One or more of the certificates should be renewed, because they expire soon, or include an "
    "invalid expiry date, %sor do not include the subjectAltName extension, which can cause them "
    "to be rejected by recent browsers and up to date hosts.\n"
    "See " + MANUAL + " for more details.\nRenew certificates? "
)
LONG = "or they were created with validity period longer than 398 days, "
SKIP = (
    "Are you really sure that you want to skip the PKI renewal process?\n"
    "Please notice that recent openssl and gnutls upgrades can lead hosts refusing this CA cert "
    'making them unusable.\nIf you choose "Yes", setup will continue and you will be asked again '
    "the next time you run this Setup. Otherwise, this process will abort and you will be "
    "expected to plan a proper upgrade according to " + MANUAL + ".\nSkip PKI renewal process? "
)
MISSING = (
    "Found existing PKI files, but %(ca)s is missing. If you continue, Setup will overwrite "
    "existing PKI files with new ones, including %(ca)s. After Setup completes you must "
    "reinstall or re-enroll certificates for all your hosts.\n\n"
    "If %(ca)s was accidentally deleted, stop Setup, restore %(ca)s from backup "
    "(/etc/pki/ovirt-engine/certs/ca.der), and then run Setup again.\n\n"
    "Continue with Setup and overwrite existing PKI files? "
) % {"ca": "/etc/pki/ovirt-engine/ca.pem"}
BACKUP = (
    "The detected DWH database size is %s.\n"
    "Setup can backup the existing database. The time and space required for the database backup "
    "depend on its size. This process takes time, and in some cases (for instance, when the size "
    "is few GBs) may take several hours to complete.\n"
    "If you choose to not back up the database, and Setup later fails for some reason, it will "
    "not be able to restore the database and all DWH data will be lost.\n"
    "Would you like to backup the existing database before upgrading it? "
)
SURE = "Are you sure you do not want to backup the DWH database?"
NO_BACKUP = (
    "A positive reply makes sense only if you do not need the data in DWH, or have some other, "
    "external means to restore it to a working state.\n"
)
VACUUM = (
    "\nThis operation may take a while depending on this setup health and the\n"
    "configuration of the db vacuum process.\nSee %s\n"
)
FIREWALL = (
    "Setup can automatically configure the firewall on this system.\n"
    "Note: automatic configuration of the firewall may overwrite current settings.\n"
)
DEPRECATED = "NOTICE: iptables is deprecated and will be removed in future releases\n"


class Questions(NamedTuple):
    firewall: Question
    backup: Question
    no_backup: Question
    history_vacuum: Question
    engine_vacuum: Question
    renew: Question
    skip: Question
    missing: Question
    stop: Question
    confirm: Question


def of(release: Engine) -> Questions:
    vacuum = VACUUM % release.vacuum_manual
    history = "Perform full vacuum on the oVirt engine history\ndatabase %s?"
    size = "385.6336507797241 MB" if release.grafana else "486 MB"
    engine = "Perform full vacuum on the engine database engine@localhost?"
    return Questions(
        Question(
            "OVESETUP_UPDATE_FIREWALL",
            "Do you want Setup to configure the firewall? ",
            "OVESETUP_CONFIG/updateFirewall",
            True,
        ),
        Question(
            "OVESETUP_DWH_PERFORM_BACKUP", BACKUP % size, "OVESETUP_DWH_DB/performBackup", True
        ),
        Question("OVESETUP_DWH_VERIFY_NO_BACKUP", NO_BACKUP + SURE),
        Question(
            "DWH_VACUUM_FULL",
            history % "ovirt_engine_history@localhost" + vacuum,
            "OVESETUP_DB/dwhVacuumFull",
        ),
        Question("ENGINE_VACUUM_FULL", engine + vacuum, "OVESETUP_DB/engineVacuumFull"),
        Question(
            "OVESETUP_RENEW_PKI", RENEW % (LONG if release.short else ""), "OVESETUP_PKI/renew"
        ),
        Question("OVESETUP_SKIP_RENEW_PKI_CONFIRM", SKIP),
        Question("OVESETUP_PKI_VERIFY_MISSING_CA_PEM", MISSING),
        Question(
            "OVESETUP_CORE_ENGINE_STOP",
            "During execution engine service will be stopped ",
            "OVESETUP_CORE/engineStop",
            True,
            "OK",
            "Cancel",
        ),
        Question(
            "OVESETUP_DIALOG_CONFIRM_SETTINGS",
            "\nPlease confirm installation settings ",
            "OVESETUP_DIALOG/confirmSettings",
            True,
            "OK",
            "Cancel",
        ),
    )
