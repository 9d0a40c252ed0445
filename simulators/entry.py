# SPDX-License-Identifier: Apache-2.0
"""The common entry of all simulated programs: open the world, let the cost pass, act, record.

A program is a module `simulators.programs.<name>` (dashes become underscores) with
    main(call) -> exit status          call: see class Call; call.world is open and locked
    COST = 0.05                        optional: simulated seconds a call takes before it acts
    INTERACTIVE = True                 optional: main gets the world closed; it uses
                                       `with call.world:` for each line and call.flush() after it
Output of an ordinary program is printed after the world is saved and the lock released.
"""

import os
import sys

from simulators import world as world_module


class Call:
    """One call of a simulated program."""

    def __init__(self, world: world_module.World, argv: list) -> None:
        self.world = world
        self.argv = argv  # argv[0] is the bare program name
        self.env = os.environ
        self.output = []  # type: list  # (file descriptor, bytes)

    def out(self, text: object) -> None:
        """Write to standard output (str is encoded as UTF-8)."""
        self.output.append((1, text if isinstance(text, bytes) else _encode(text)))

    def err(self, text: object) -> None:
        """Write to standard error."""
        self.output.append((2, text if isinstance(text, bytes) else _encode(text)))

    def stdin(self) -> bytes:
        """Read all of standard input."""
        pieces = []  # type: list
        while True:
            piece = os.read(0, 65536)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def flush(self) -> None:
        """Print what was written so far."""
        output, self.output = self.output, []
        for descriptor, data in output:
            while data:
                data = data[os.write(descriptor, data) :]


def _encode(text: object) -> bytes:
    return str(text).encode("utf-8", "surrogateescape")


def main(program: str) -> None:
    """Run `program` in the world its own executable lies in; never returns."""
    directory = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
    call = Call(world_module.World(directory), [program] + sys.argv[1:])
    status = run(call, program)
    try:
        call.flush()
    except OSError:
        status = 141  # the reader went away
    os._exit(status)


def run(call: Call, program: str) -> int:
    """Run the program's module within its world; the transcript gets one line."""
    name = "simulators.programs." + program.replace("-", "_")
    module = __import__(name, None, None, ["main"])
    interactive = getattr(module, "INTERACTIVE", False)
    status = 0
    with call.world as world:
        began = (world.uptime, world.wall())
        fault = _fault(call, program)
        if fault:
            _before(call, fault, began)
        world.advance(getattr(module, "COST", 0.05))
        if not interactive:
            status = module.main(call)
    if interactive:
        status = module.main(call)
    if fault:
        status = _after(call, fault, status, began)
    _record(call, status, began)
    return status


def _record(call: Call, status: object, began: tuple) -> None:
    from simulators import transcript

    transcript.record(call.world, call.argv, status, began[0], began[1])


def _fault(call: Call, program: str) -> dict:
    if not call.world.state["faults"]:
        return {}
    from simulators import faults

    return faults.due(call.world, program, call.argv[1:])


def _before(call: Call, fault: dict, began: tuple) -> None:
    """Let the fault strike before the effect; most of them end the program here."""
    from simulators import faults

    action = fault["action"]
    if action in ("garble", "fail-after", "kill-after", "power-after"):
        return
    if action == "power-before":
        from simulators import boot

        boot.cut_power(call.world)
    call.world.__exit__(None, None, None)
    _record(call, fault.get("status", 1) if action == "fail" else action, began)
    if action == "hang":
        faults.hang()
    if action in ("kill-before", "power-before"):
        faults.kill_caller()
        os._exit(137)
    call.err(fault.get("stderr", ""))
    call.flush()
    os._exit(fault.get("status", 1))


def _after(call: Call, fault: dict, status: int, began: tuple) -> int:
    """Let the fault strike after the effect."""
    from simulators import faults

    action = fault["action"]
    if action == "garble":
        call.output = [
            (fd, faults.spoil(data, call.world.state["random"])) for fd, data in call.output
        ]
    elif action == "fail-after":
        call.output = [(2, _encode(fault.get("stderr", "")))]
        return fault.get("status", 1)
    else:
        _record(call, action, began)
        if action == "power-after":
            from simulators import boot

            with call.world:
                boot.cut_power(call.world)
        faults.kill_caller()
        os._exit(137)
    return status
