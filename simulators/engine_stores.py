# SPDX-License-Identifier: Apache-2.0
"""What costs most in a renewal, kept ready: which certificate a store holds, and new RSA keys.

Both lie beside the engine's root, not in it. Imports nothing of ours but a type.
"""

import hashlib
import os

from simulators.world import World

FOLDER = "/stores"
SPARE = 9  # one renewal of everything the largest engine has


def remember(directory: str, store: bytes, certificate: bytes) -> None:
    """Note what openssl would find in a store with these very bytes."""
    os.makedirs(directory + FOLDER, exist_ok=True)
    with open(directory + FOLDER + "/" + hashlib.sha256(store).hexdigest(), "wb") as file:
        file.write(certificate)


def recall(world: World, path: str) -> bytes:
    """The certificate of the engine's store at `path`; empty where nobody noted it."""
    try:
        with open(world.engine(path), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        with open(world.directory + FOLDER + "/" + digest, "rb") as file:
            return file.read()
    except OSError:
        return b""


def spare(number: int) -> str:
    """The name of a key that nobody has used yet, relative to the world's directory."""
    return "spare-keys/%d" % number


def take_spare(world: World, target: str) -> bool:
    """Put a new key at `target`; False when none is left and one has to be made."""
    for number in range(SPARE):
        try:
            os.rename(world.directory + "/" + spare(number), target)
            return True
        except FileNotFoundError:
            continue
    return False
