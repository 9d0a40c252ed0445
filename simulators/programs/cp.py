# SPDX-License-Identifier: Apache-2.0
"""cp: copies files and directories of the node; -a and -p keep owner, mode and times."""

import os
import shutil

from simulators import files_of_call
from simulators.entry import Call

COST = 0.01


def main(call: Call) -> int:
    options, operands = files_of_call.split(call)
    letters = "".join(options)
    keep = "a" in letters or "p" in letters
    if len(operands) < 2:
        call.err("cp: missing file operand\nTry 'cp --help' for more information.\n")
        return 1
    target = files_of_call.real(call, operands[-1])
    status = 0
    for name in operands[:-1]:
        source = files_of_call.real(call, name)
        # `cp -a before/. after/` copies into it, not beside what it holds.
        into = os.path.isdir(target) and not name.endswith("/.")
        place = target + "/" + os.path.basename(source) if into else target
        try:
            _copy(source, place, keep, "a" in letters or "r" in letters.lower())
        except IsADirectoryError:
            call.err("cp: -r not specified; omitting directory '%s'\n" % name)
            status = 1
        except OSError as error:
            status = files_of_call.complain(call, "cannot stat '%s'" % name, error)
    return status


def _copy(source: str, target: str, keep: bool, recursive: bool) -> None:
    if recursive and os.path.islink(source):
        if os.path.lexists(target):
            os.unlink(target)
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        if not recursive:
            raise IsADirectoryError(source)
        _merge(source, target, keep)
        return
    # writing into the present file keeps its owner, mode and label, as cp does
    shutil.copyfile(source, target)
    if keep:
        _keep(source, target)


def _merge(source: str, target: str, keep: bool) -> None:
    """What is there already stays beside what comes, as in `cp -a before/. after/`."""
    fresh = not os.path.isdir(target)
    if fresh:
        os.mkdir(target)
    for name in sorted(os.listdir(source)):
        _copy(os.path.join(source, name), os.path.join(target, name), keep, True)
    if keep:
        _keep(source, target)
    elif fresh:
        shutil.copymode(source, target)


def _keep(source: str, target: str) -> None:
    shutil.copystat(source, target)
    status = os.stat(source)
    if os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid)
