# SPDX-License-Identifier: Apache-2.0
"""Save the files that the procedure may change."""

from typing import List

from recovery import context as contexts
from recovery import errors, images, inventory, plan
from recovery import journal as journals
from recovery.programs import hosted_engine
from recovery.step import Before, Step, Words


class Backup(Step):
    """The run's own copy of every file it may change, durable before anything else happens."""

    id = "backup"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "save the files that will be changed",
            "undo puts certificates and keys back byte for byte, with owner and mode",
            tuple("copy %s" % path for path in _paths(parameters)),
            2,
            "",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        # A run that was cut off before this was done has changed nothing; others may have since.
        anew = context.journal.last(self.id, journals.VERIFIED) is None
        for path in _paths(context.parameters):
            images.save(context.node, context.directory, path, anew)

    def verify(self, context: contexts.Context, before: Before) -> None:
        # What an undo could not put back differs from its image, which stays as it is.
        fresh = not context.journal.of(*journals.UNDO_EVENTS)
        for path in _paths(context.parameters):
            image = images.save(context.node, context.directory, path)
            if fresh and image["backup"] and not _same(context, path, image["backup"]):
                raise errors.Error("save %s" % path, "its copy differs")

    def undo(self, context: contexts.Context, before: Before) -> None:
        """Keep the copies: they are the last resort of a person."""


def _same(context: contexts.Context, path: str, backup: str) -> bool:
    return context.node.digest(path) == context.node.digest(backup)


def _paths(parameters: plan.Parameters) -> List[str]:
    paths: List[str] = []
    for copy in parameters.copies:
        paths += [copy.certificate, copy.key]
    for entry in inventory.COPIES:
        if entry.path in parameters.interim:
            paths.append(entry.ca_path)
    return paths + [hosted_engine.HA_CONF]
