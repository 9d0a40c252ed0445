# SPDX-License-Identifier: Apache-2.0
"""A report on the screen, with colours where there are any. Imports invocation."""

from typing import IO, Any, Sequence

from recovery import invocation

STYLES = (("!!", "bold red"), (" !", "yellow"), ("Route", "bold green"))


def show(lines: Sequence[str], out: "IO[str]") -> None:
    """Print lines; in colour where a terminal and the rich library are at hand."""
    console = _console(out)
    for line in map(invocation.spelt, lines):
        if console is None:
            out.write(line + "\n")
            continue
        style = [style for mark, style in STYLES if line.startswith(mark)]
        console.print(line, style=style[0] if style else "", markup=False, highlight=False)


def _console(out: "IO[str]") -> Any:
    if not out.isatty():
        return None
    try:
        from rich import console  # 50 ms, so only for a terminal
    except ImportError:
        return None
    return console.Console(file=out, soft_wrap=True)
