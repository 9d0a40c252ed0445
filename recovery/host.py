# SPDX-License-Identifier: Apache-2.0
"""The port to a node: the calls from which everything else is built.

Imports errors, moment and dialogue only; the adapters are `local_host` and `ssh_host`.
"""

import hashlib
from abc import ABC, abstractmethod
from typing import Callable, ContextManager, NamedTuple, Optional, Sequence, Tuple

from recovery import dialogue as dialogues
from recovery import errors
from recovery import moment as moments

Pairs = Sequence[Tuple[str, str]]
Progress = Callable[[str], None]  # told each line that a program has shown; "" when none came

BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Output(NamedTuple):
    """What a program left behind."""

    stdout: str
    stderr: str
    status: int


class Host(ABC):
    """The ways to touch a node; everything else is built from them.

    `lock` is one: only a lock that the kernel drops with the process needs no clean-up after a
    power cut. `request` is another: a private key never leaves its node.
    """

    @abstractmethod
    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: Pairs = (),
    ) -> Output:
        """Run a program to its end; timeout in seconds of uptime.

        Raises: ProgramMissing, ProgramTimeout, ProgramFailed (its status is not in `ok`).
        """

    @abstractmethod
    def interact(
        self,
        argv: Sequence[str],
        dialogue: dialogues.Dialogue,
        timeout: float = 60,
        progress: Optional[Progress] = None,
    ) -> str:
        """Hold a dialogue with a program on a terminal; return what it showed, without codes.

        Raises: as `run`; UnexpectedOutput when a question is asked that may not be answered.
        """

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Return a file's content. Raises: FileMissing, FileError."""

    @abstractmethod
    def replace(
        self, path: str, data: bytes, like: Optional[str] = None, mode: int = 0o600
    ) -> None:
        """Replace or create a file, atomically and durably.

        Owner, mode and SELinux label are those of `like`, else of the present file; a file that
        is new and like nothing gets `mode`. Raises: FileError.
        """

    @abstractmethod
    def append(self, path: str, data: bytes) -> None:
        """Append to a file (0600 when new), durably and wholly or not at all. Raises: FileError."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, durably; one that is not there is no error. Raises: FileError."""

    def copy(self, source: str, target: str, like: Optional[str] = None) -> None:
        """Replace a file by the content of another one of the node. Raises: FileError.

        A node that is reached over the network copies by itself: its private keys stay there.
        """
        self.replace(target, self.read(source), like)

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file's content, hex. Raises: FileMissing, FileError."""
        return hashlib.sha256(self.read(path)).hexdigest()

    def key_to_compare(self, path: str) -> bytes:
        """Return a private key, or its public half where the key must not come here.

        Raises: FileMissing, FileError.
        """
        return self.read(path)

    @abstractmethod
    def request(self, key: str) -> bytes:
        """Return a signing request of a private key, its subject empty: the signer gives one.

        Raises: FileError, ProgramError.
        """

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Tell whether a file or directory is there."""

    @abstractmethod
    def now(self) -> moments.Moment:
        """Read wall clock, uptime and boot id together; the wall clock costs a program."""

    def instant(self) -> moments.Instant:
        """Read uptime and boot id, which costs no program."""
        return moments.Instant(self.uptime(), self.boot_id())

    def uptime(self) -> float:
        """Return the seconds since boot alone, which costs no program."""
        return float(self.read("/proc/uptime").split()[0])

    def boot_id(self) -> str:
        """Return the boot id alone, which costs no program."""
        return self.read(BOOT_ID).decode("ascii").strip()

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Wait; the clock that is waited for is the node's own."""

    @abstractmethod
    def lock(self, path: str) -> ContextManager[None]:
        """Hold an exclusive lock while in the context. Raises: Busy."""


def seconds(argv: Sequence[str], text: str) -> float:
    """Return what `date +%s.%N` printed; a login script may have greeted before it.

    Raises: UnexpectedOutput.
    """
    lines = text.split("\n")
    try:
        return float([line for line in lines if line.strip()][-1])
    except (ValueError, IndexError):
        raise errors.UnexpectedOutput(argv, text, "seconds since the epoch") from None


def bracketed(address: str) -> str:
    """Return an address as it stands before a port or in a URL: of IPv6 every colon would count."""
    return "[%s]" % address if ":" in address else address


class Busy(errors.Error):
    """Another process holds the lock."""

    status = errors.INHIBITED
