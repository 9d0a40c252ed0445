# SPDX-License-Identifier: Apache-2.0
"""Where a run keeps its files below its directory. Names only; imports nothing of ours."""


def journal(directory: str) -> str:
    return directory + "/journal"


def before(directory: str) -> str:
    """Return the directory of the before-images; below it every path is that of the node."""
    return directory + "/before"


def known_hosts(directory: str) -> str:
    """Return the file of the host keys that were confirmed for this run."""
    return directory + "/known_hosts"


def request(directory: str) -> str:
    """Return the signing request; in the run's directory on the engine it has the same name."""
    return directory + "/node.csr"


def certificate(directory: str) -> str:
    """Return the new certificate; in the run's directory on the engine it has the same name."""
    return directory + "/node.cer"


def script(directory: str) -> str:
    """Return what a person pastes into a shell of the engine, where it is signed by hand."""
    return directory + "/sign.sh"


def signed(directory: str) -> str:
    """Return where that person puts the certificate."""
    return directory + "/signed.pem"


def issued(directory: str) -> str:
    """Return the record of what was signed here, for the engine: a database line and PEM."""
    return directory + "/issued-here.txt"


def engine_setup(directory: str) -> str:
    """Return what engine-setup showed."""
    return directory + "/engine-setup.txt"
