# SPDX-License-Identifier: Apache-2.0
"""Before-images of files: saved durably before a change, put back by undo. Imports host."""

from typing import Any, Dict

from recovery import errors, host, run_files

Image = Dict[str, Any]


def save(node: host.Host, directory: str, path: str) -> Image:
    """Save a file with its owner, mode and label below `directory`; say where it lies.

    A file that is not there is remembered as missing. Raises: errors.FileError.
    """
    backup = run_files.before(directory) + path
    digest = _digest(node, path)
    if not digest:
        return {"path": path, "backup": ""}
    if _digest(node, backup) != digest:
        node.copy(path, backup, like=path)
    return {"path": path, "backup": backup}


def _digest(node: host.Host, path: str) -> str:
    """Return the digest of a file, "" where there is none."""
    try:
        return node.digest(path)
    except errors.FileMissing:
        return ""


def put_back(node: host.Host, image: Image) -> None:
    """Make the file what it was, byte for byte, with its owner and mode. Raises: FileError."""
    if not image["backup"]:
        node.remove(image["path"])
        return
    # Even equal content is put back: owner and mode may differ.
    node.copy(image["backup"], image["path"], like=image["backup"])


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
