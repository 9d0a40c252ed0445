# SPDX-License-Identifier: Apache-2.0
"""cat: files of the node."""

from simulators import files_of_call
from simulators.entry import Call

COST = 0.005


def main(call: Call) -> int:
    status = 0
    for path in files_of_call.split(call)[1] or ["-"]:
        if path == "-":
            call.out(call.stdin())
            continue
        try:
            with open(files_of_call.real(call, path), "rb") as source:
                call.out(source.read())
        except OSError as error:
            status = files_of_call.complain(call, path, error)
    return status
