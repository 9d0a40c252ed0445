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
    try:
        data = node.read(path)
    except errors.FileMissing:
        return {"path": path, "backup": ""}
    if not (node.exists(backup) and node.read(backup) == data):
        node.replace(backup, data, like=path)
    return {"path": path, "backup": backup}


def put_back(node: host.Host, image: Image) -> None:
    """Make the file what it was, byte for byte, with its owner and mode. Raises: FileError."""
    if not image["backup"]:
        node.remove(image["path"])
        return
    # Even equal content is put back: owner and mode may differ.
    node.replace(image["path"], node.read(image["backup"]), like=image["backup"])


def place(node: host.Host, path: str, data: bytes, model: str) -> None:
    """Put content where a file is, or, with owner and mode of the model, where none is yet."""
    if not node.exists(path):
        node.replace(path, data, like=model)
    elif node.read(path) != data:
        node.replace(path, data)
