# SPDX-License-Identifier: Apache-2.0
"""Before-images of files: saved durably before a change, put back by undo. Imports host."""

from typing import Any, Dict, List, Sequence

from recovery import errors, host, run_files

Image = Dict[str, Any]


def save(node: host.Host, directory: str, path: str, anew: bool = False) -> Image:
    """Save a file with its owner, mode and label below `directory`; say where it lies.

    A run's image is made once and whole: later the file may be one that the run has changed, and
    an undo that failed half-way has left it so. A file that is not there is remembered as missing.
    anew: nothing was changed yet, so what is there now is the original. Raises: errors.FileError.
    """
    backup = run_files.before(directory) + path
    if node.exists(backup) and not anew:
        return {"path": path, "backup": backup}
    try:
        node.copy(path, backup, like=path)
    except errors.FileMissing:
        if node.exists(backup):
            node.remove(backup)
        return {"path": path, "backup": ""}
    return {"path": path, "backup": backup}


def put_back(node: host.Host, image: Image) -> None:
    """Make the file what it was, byte for byte, with its owner and mode. Raises: FileError."""
    if not image["backup"]:
        node.remove(image["path"])
        return
    # Even equal content is put back: owner and mode may differ.
    node.copy(image["backup"], image["path"], like=image["backup"])


def put_all_back(node: host.Host, images: Sequence[Image]) -> None:
    """Put every file back that can be; one that cannot does not keep the others.

    Raises: the first error, once all were tried.
    """
    failed: List[errors.Error] = []
    for image in images:
        try:
            put_back(node, image)
        except errors.Error as caught:
            failed.append(caught)
    if failed:
        raise failed[0]


def place(node: host.Host, path: str, data: bytes, model: str) -> None:
    """Put content where a file is, or, with owner and mode of the model, where none is yet."""
    if not node.exists(path):
        node.replace(path, data, like=model)
    elif node.read(path) != data:
        node.replace(path, data)


def place_copy(node: host.Host, path: str, source: str, model: str) -> None:
    """Copy a file to where one is, or, with owner and mode of the model, where none is yet."""
    if not node.exists(path):
        node.copy(source, path, like=model)
    elif node.digest(path) != node.digest(source):
        node.copy(source, path)
