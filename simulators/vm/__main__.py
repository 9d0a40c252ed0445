# SPDX-License-Identifier: Apache-2.0
"""`python3 -m simulators.vm`: sit down at the console of a broken node made of real components."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from typing import Iterator, List, Optional

from simulators.vm import cache
from simulators.vm.failure import Failed

HINTS = """\
The archive is on the stick: mount -o ro /dev/sda /mnt && python3 /mnt/%s diagnose
The engine's root password is: %s      Leave, and forget all: Ctrl-]
"""
NO_ARCHIVE = "No archive is on the stick: `python3 -m bundle` builds one.\n"
ARCHIVE = os.path.join("dist", "ovirt-cert-recovery.pyz")
TASKS = {"build": "build the machine", "shell": "open a console", "clean": "remove the images"}


def equipped() -> None:
    """Go on in an environment with the locked packages, where this interpreter lacks them."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        from bundle import environment, interpreter, paths, program

        try:
            python = str(environment.ensure(interpreter.running(), "run"))
        except program.Failed as failure:
            raise Failed("make an environment for this Python", str(failure)) from None
        environ = dict(os.environ, PYTHONPATH=str(paths.ROOT))
        os.execve(python, [python, "-m", "simulators.vm"] + sys.argv[1:], environ)


def parse(argv: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m simulators.vm", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    build = commands.add_parser("build", help="build what is missing: the image, a frozen node")
    build.add_argument("scenario", nargs="?", default="node-expired")
    shell = commands.add_parser("shell", help="a console in a broken node (root; Ctrl-] leaves)")
    shell.add_argument("scenario", help="node-expired and others; an unknown one lists them all")
    shell.add_argument("--stick", metavar="FILE", action="append", help="(default: %s)" % ARCHIVE)
    commands.add_parser("clean", help="remove all images and frozen nodes")
    return parser.parse_args(argv)


def run(arguments: argparse.Namespace) -> int:
    if arguments.command == "clean":
        cache.remove(cache.home())
        return 0
    equipped()
    from simulators.vm import frozen

    if arguments.scenario not in frozen.STORIES:
        known = "\n".join(
            "  %-16s %s" % (name, story.summary) for name, story in frozen.STORIES.items()
        )
        print("unknown scenario %s; there are:\n%s" % (arguments.scenario, known), file=sys.stderr)
        return 2
    if arguments.command == "build":
        print(os.path.dirname(frozen.ensure(arguments.scenario).disk))
        return 0
    return shell(arguments.scenario, arguments.stick or [ARCHIVE])


def shell(scenario: str, files: List[str]) -> int:
    """Thaw a node, give it the stick, and hand over its console."""
    from simulators import names
    from simulators.vm import console, frozen, image, machine, stick

    if not sys.stdin.isatty():
        raise Failed("open a console", "standard input is no terminal")
    present = [file for file in files if os.path.exists(file)]
    with _folder() as folder:
        node = machine.Machine(folder, image.ensure(), frozen.ensure(scenario))
        try:
            node.wait()
            if present:
                node.plug(stick.make(folder + "/stick.img", present))
                sys.stdout.write(HINTS % (os.path.basename(present[0]), names.PASSWORD))
            else:
                sys.stdout.write(NO_ARCHIVE)
            sys.stdout.flush()
            console.attach(folder + "/console")
        finally:
            node.close()
    print("\r\nthe machine is gone")
    return 0


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """A machine's own folder; afterwards nothing of it stays, but the logs that an error names."""
    folder = tempfile.mkdtemp(prefix="vm-")
    named = False
    try:
        yield folder
    except Failed as failure:
        named = folder in str(failure)
        raise
    finally:
        if named:
            cache.leave_logs(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main(argv: Optional[List[str]] = None) -> int:
    # Told to end, or the window is closed: end as after Ctrl-C, with nothing left behind.
    for told in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(told) != signal.SIG_IGN:  # nohup
            signal.signal(told, signal.default_int_handler)
    arguments = parse(argv)
    try:
        return run(arguments)
    except OSError as caught:  # of a cache on a full disk, or where nobody may write
        print(Failed(TASKS[arguments.command], str(caught)), file=sys.stderr)
        return 1
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
