# SPDX-License-Identifier: Apache-2.0
"""The entry point: exceptions become text and exit status here and nowhere else."""

import sys

if not __package__:  # started by path, as the dead-man timer does
    sys.path[0] = __file__.rsplit("/", 2)[0]

MYPY = False  # loading `typing` alone would double the time of --help
if MYPY:
    from typing import List, Optional


def main(arguments: "Optional[List[str]]" = None) -> int:
    """Run the command line; return the exit status (see errors)."""
    words = sys.argv[1:] if arguments is None else arguments
    if words in (["--help"], ["-h"]):
        from recovery import usage

        sys.stdout.write(usage.TEXT)
        return 0
    return _run(words)


def _run(words: "List[str]") -> int:
    from recovery import cli, errors, invocation

    _speak()
    try:
        return cli.run(words)
    except errors.Error as caught:
        for line in caught.lines():
            print(invocation.spelt(line), file=sys.stderr, flush=True)
        return caught.status
    except KeyboardInterrupt:
        text = "\ninterrupted; see `ovirt-cert-recovery status`"
        print(invocation.spelt(text), file=sys.stderr)
        return 130
    except Exception as caught:  # a bug of ours: its traceback is for a report, not for 3 a.m.
        return _bug(caught, words)


def _speak() -> None:
    """Let no letter that the terminal's encoding has not end the work.

    Python 3.6 takes the C locale by its word, and a node's journal may be in any language.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream is not getattr(sys, "__%s__" % name):
            continue  # closed, or somebody's own
        encoding, at_once, kind = stream.encoding, stream.line_buffering, type(stream)
        made = kind(stream.detach(), encoding, "backslashreplace", None, at_once)
        setattr(sys, name, made)


def _bug(caught: Exception, words: "List[str]") -> int:
    import traceback

    from recovery import errors, files, invocation

    root = "/"
    for word, following in zip(words, words[1:] + [""]):
        root = following if word == "--root" else word.partition("--root=")[2] or root
    text = "".join(traceback.format_exception(type(caught), caught, caught.__traceback__))
    print("internal error: %s: %s" % (type(caught).__name__, caught), file=sys.stderr)
    path = "/var/log/ovirt-cert-recovery-bug.log"
    try:
        files.Files(root).append(path, text.encode("utf-8", "replace"))
        print("  its traceback is in %s" % path, file=sys.stderr)
    except errors.Error:
        print(text, file=sys.stderr)
    text = "  next: `ovirt-cert-recovery status`, then resume or undo"
    print(invocation.spelt(text), file=sys.stderr)
    return errors.BUG


if __name__ == "__main__":
    sys.exit(main())
