# SPDX-License-Identifier: Apache-2.0
"""What costs most in a renewal, kept ready: which certificate a store holds, and new RSA keys.

Both lie beside the engine's root, not in it. Imports `engine_entities`, and `keys` late: the
simulated programs have no library that makes them.
"""

import hashlib
import os

from simulators import engine_entities
from simulators.world import World

FOLDER = "/stores"
KEYS = "/spare-keys"
SPARE = 9  # one renewal of everything the largest engine has


def prepare(world: World) -> None:
    """Note what is in the stores of a world's new engine, and lay keys by."""
    from simulators import keys

    for folder in (FOLDER, KEYS):
        os.makedirs(world.directory + folder)
    for entity in engine_entities.held(world.state["release"]):
        with open(world.engine(engine_entities.PKI + "/certs/%s.cer" % entity.name), "rb") as file:
            certificate = file.read()
        with open(world.engine(engine_entities.PKI + "/keys/%s.p12" % entity.name), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        _put(world.directory + FOLDER + "/" + digest, certificate)
    for number in range(SPARE):
        _put(_spare(world, number), keys.pem("spare-%d" % number))


def _put(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def recall(world: World, path: str) -> bytes:
    """The certificate of the engine's store at `path`; empty where nobody noted it."""
    try:
        with open(world.engine(path), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        with open(world.directory + FOLDER + "/" + digest, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _spare(world: World, number: int) -> str:
    return "%s%s/%d" % (world.directory, KEYS, number)


def take_spare(world: World, target: str) -> bool:
    """Put a new key at `target`; False when none is left and one has to be made."""
    for number in range(SPARE):
        try:
            os.rename(_spare(world, number), target)
            return True
        except FileNotFoundError:
            continue
    return False
