# SPDX-License-Identifier: Apache-2.0
"""Whether a run may begin, go on or be taken back now."""

from recovery import errors, host, run_files
from recovery import journal as journals


def nobody_from_elsewhere(node: host.Host) -> None:
    """See that no run works on this node over ssh. Raises: errors.Inhibited."""
    held = journals.LOCK + journals.FROM_ELSEWHERE
    if node.exists(held):
        raise errors.Inhibited(
            "begin",
            "a run from %s works on this node over ssh"
            % (node.read(held).decode("utf-8", "replace").split() or ["another node"])[0],
            unchanged="everything",
            next_step="wait for its end; if it is gone: rm %s" % held,
        )


def no_open_run(node: host.Host, option: str = "") -> None:
    """See that the last run is over. Raises: errors.Inhibited."""
    names = journals.runs(node)
    if names and not journals.load(node, names[-1]).closed():
        raise errors.Inhibited(
            "begin a new run",
            "%s is not finished" % names[-1],
            unchanged="everything",
            next_step="ovirt-cert-recovery resume%s   (or: undo)" % option,
        )


def open_run(node: host.Host, verb: str) -> journals.Journal:
    """Return the run to resume or to undo. Raises: errors.Inhibited."""
    names = journals.runs(node)
    if not names:
        raise errors.Inhibited("%s a run" % verb, "there was none on this node")
    journal = journals.reopen(node, names[-1])
    over = journal.of(journals.ABANDONED) or (verb == "resume" and journal.closed())
    if over:
        raise errors.Inhibited("%s %s" % (verb, journal.run), "it is over", unchanged="everything")
    later = journals.removed_since(node, journal.run)
    if later:  # this is not the state that the run left
        raise errors.Inhibited(
            "%s %s" % (verb, journal.run),
            "%s came after it, and its journal is gone" % later[-1],
            unchanged="everything",
            next_step="by hand, from the before-images in %s" % run_files.before(journal.directory),
        )
    return journal
