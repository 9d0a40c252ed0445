# SPDX-License-Identifier: Apache-2.0
"""The adapter of the port for another node: every call is one ssh command of the node we sit at.

Steps, journal and undo are the same over there: the run's files lie on that node as if the tool
ran on it, so it can also be resumed or undone at its own console. Imports errors, host, moment,
scripts and programs.
"""

import base64
import binascii
import contextlib
import re
import shlex
from typing import Iterator, Optional, Sequence, TypeVar

from recovery import dialogue as dialogues
from recovery import errors, host, scripts
from recovery import journal as journals
from recovery import moment as moments
from recovery.programs import openssl, ssh

PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = "LC_ALL=C TERM=dumb HOME=/root PATH=%s" % PROGRAMS
GRACE = 15  # seconds that ssh may take beside the program itself
KILLED = 5  # seconds after its end that a program over there has to obey
# Exit statuses: of timeout(1), of a shell that finds no program, and ssh's own.
TIMED_OUT, NOT_FOUND, SSH_FAILED = 124, 127, 255
PUBLIC = re.compile(r"-----BEGIN PUBLIC KEY-----.*|^(ssh-|ecdsa-)\S+ \S+", re.DOTALL | re.MULTILINE)
MISSING = ("No such file or directory", "Not a directory")


Caught = TypeVar("Caught", bound=errors.Error)


class Lost(errors.ProgramError):
    """The connection is gone; what was running over there may have gone on."""


class SshHost(host.Host):
    """Another node, over the shared connection that `ssh.connect` has opened.

    owner: who we are, for whoever finds that node taken. Private keys are never read.
    """

    def __init__(self, here: host.Host, target: ssh.Target, owner: str) -> None:
        self.here = here
        self.target = target
        self.owner = owner

    def run(
        self,
        argv: Sequence[str],
        input: Optional[bytes] = None,
        timeout: float = 60,
        ok: Sequence[int] = (0,),
        env: host.Pairs = (),
    ) -> host.Output:
        # Time-out on both sides: a program whose caller is gone must not go on for ever.
        limit = ["timeout", "-k", "%d" % KILLED, "%d" % max(1, round(timeout))]
        line = "cd / && %s" % _with_environment(env, errors.paste(limit + list(argv)))
        output = self._line(argv, line, input, timeout)
        if output.status == TIMED_OUT and TIMED_OUT not in ok:
            late = "it did not end within %d s" % timeout
            raise self._there(errors.ProgramTimeout(argv, late))
        if output.status == NOT_FOUND and output.stderr.startswith("timeout: "):
            raise self._there(errors.ProgramMissing(argv, output.stderr.strip()))
        if output.status not in ok:
            failed = (output.status, output.stdout, output.stderr)
            raise self._there(errors.ProgramFailed(argv, *failed))
        return output

    def interact(
        self,
        argv: Sequence[str],
        dialogue: dialogues.Dialogue,
        timeout: float = 60,
        progress: Optional[host.Progress] = None,
    ) -> str:
        line = "cd / && %s" % _with_environment((), errors.paste(argv))
        words = ssh.line(self.target, line)
        try:
            there = words[:1] + ["-tt"] + words[1:]
            return self.here.interact(there, dialogue, timeout, progress)
        except errors.ProgramFailed as caught:
            if caught.exit_status == SSH_FAILED:
                self._alive(argv, caught.stdout)
            failed = (caught.exit_status, caught.stdout, caught.stderr)
            raise self._there(errors.ProgramFailed(argv, *failed)) from caught

    def read(self, path: str) -> bytes:
        # The last line alone: a login script may have greeted before it.
        text = self._file("read", path, scripts.read(path)).split("\n")[-1]
        try:
            return base64.b64decode(text.encode("ascii"), validate=True)
        except (binascii.Error, UnicodeEncodeError) as caught:
            raise self._trouble("read", path, "it arrived damaged") from caught

    def replace(
        self, path: str, data: bytes, like: Optional[str] = None, mode: int = 0o600
    ) -> None:
        self._change("write", path, scripts.replace(path, data, like, mode), data)

    def copy(self, source: str, target: str, like: Optional[str] = None) -> None:
        self._change("write", target, scripts.copy(target, source, like, 0o600), None)

    def append(self, path: str, data: bytes) -> None:
        self._change("append to", path, scripts.append(path, data), data)

    def remove(self, path: str) -> None:
        self._file("remove", path, scripts.remove(path))

    def exists(self, path: str) -> bool:
        argv = ["test", "-e", path]
        return self._line(argv, errors.paste(argv), None, 60).status == 0

    def digest(self, path: str) -> str:
        last = self._file("read", path, scripts.digest(path)).strip().split("\n")[-1]
        return last.lstrip("\\").split(" ")[0]

    def key_to_compare(self, path: str) -> bytes:
        shown = self._file("read the key", path, scripts.public_half(path))
        found = PUBLIC.search(shown)
        if not found:
            raise self._trouble("read the key", path, "no public half of it was shown")
        return found.group(0).encode("ascii")

    def request(self, key: str) -> bytes:
        return openssl.request(self, key)

    def now(self) -> moments.Moment:
        line = "cat /proc/uptime %s && date +%%s.%%N && cat /proc/uptime" % host.BOOT_ID
        first, boot_id, wall, last = self._lines(line, 4)
        middle = (float(first.split()[0]) + float(last.split()[0])) / 2
        return moments.Moment(host.seconds([line], wall), middle, boot_id)

    def instant(self) -> moments.Instant:
        up, boot_id = self._lines("cat /proc/uptime %s" % host.BOOT_ID, 2)
        return moments.Instant(float(up.split()[0]), boot_id)

    def sleep(self, seconds: float) -> None:
        self.here.sleep(seconds)

    @contextlib.contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Hold the node against runs of its own and against those from other nodes.

        Only a note lies over there, so a connection that is lost leaves it; whoever sits at the
        same node again, where one run at a time holds the real lock, takes it over.
        """
        held = path + journals.FROM_ELSEWHERE
        argv = ["flock", path]
        output = self._line(argv, scripts.hold(path, held, self.owner), None, 60)
        if output.status != 0:
            raise self._busy(path, held, output)
        try:
            yield
        finally:
            with contextlib.suppress(errors.Error):
                self.remove(held)

    def _busy(self, path: str, held: str, output: host.Output) -> errors.Error:
        who = self.read(held).decode("utf-8", "replace").strip() if self.exists(held) else ""
        what = "work on %s" % self.target.address
        if who:
            return host.Busy(
                what,
                "a run from %s holds it (%s)" % (who.split()[0], held),
                unchanged="everything",
                next_step="wait for its end; if it is gone: rm %s on %s, then resume"
                % (held, self.target.address),
            )
        if output.stderr.strip():
            return errors.FileError("lock", path, output.stderr.strip().splitlines()[-1])
        return host.Busy(
            what,
            "a run on that node itself holds %s" % path,
            unchanged="everything",
            next_step="wait for its end, or look at it there, with `status`",
        )

    # One line over the shared connection

    def _line(
        self, argv: Sequence[str], line: str, input: Optional[bytes], timeout: float
    ) -> host.Output:
        words = ssh.line(self.target, line)
        output = self.here.run(words, input=input, timeout=timeout + GRACE, ok=range(256))
        if output.status == SSH_FAILED:
            self._alive(argv, output.stderr)
        return output

    def _alive(self, argv: Sequence[str], said: str) -> None:
        """See whether a status of 255 was the program's own or ssh's. Raises: Lost."""
        words = ssh.line(self.target, "true")
        if self.here.run(words, timeout=60, ok=range(256)).status == 0:
            return
        cause = "the connection to %s is lost" % self.target.address
        raise Lost(argv, cause, seen=said.strip().splitlines()[-2:])

    def _lines(self, line: str, wanted: int) -> Sequence[str]:
        """Return the last lines: a login script may have greeted before them."""
        output = self._line([line], line, None, 60)
        lines = [one for one in output.stdout.split("\n") if one.strip()]
        if output.status != 0 or len(lines) < wanted:
            text = output.stdout + output.stderr
            raise self._there(errors.UnexpectedOutput([line], text, "%d lines" % wanted))
        return lines[-wanted:]

    def _file(self, verb: str, path: str, line: str, data: Optional[bytes] = None) -> str:
        output = self._line([verb, path], line, data, 60)
        if output.status == 0:
            return output.stdout
        if output.status == scripts.BROKEN_OFF:
            raise self._trouble(verb, path, "the connection broke off while it was sent")
        last = (output.stderr.strip().splitlines() or ["status %d" % output.status])[-1]
        raise self._trouble(verb, path, last)

    def _change(self, verb: str, path: str, line: str, data: Optional[bytes]) -> None:
        try:
            self._file(verb, path, line, data)
        except errors.FileError:
            # A full disk must not stay full of what could not be written.
            self._line(["rm"], scripts.discard(path), None, 60)
            raise

    def _trouble(self, verb: str, path: str, said: str) -> errors.FileError:
        kind = errors.FileMissing if said.endswith(MISSING) else errors.FileError
        return self._there(kind(verb, path, said.rsplit(": ", 1)[-1]))

    def _there(self, error: Caught) -> Caught:
        """Say on which node it happened."""
        error.what += " on %s" % self.target.address
        return error


def _with_environment(env: host.Pairs, command: str) -> str:
    more = "".join(" %s=%s" % (name, shlex.quote(value)) for name, value in env)
    return "%s%s %s" % (ENVIRONMENT, more, command)
