# SPDX-License-Identifier: Apache-2.0
"""Renew the copies of the node certificate that the engine's enrollment leaves out."""

from typing import List, Tuple

from recovery import context as contexts
from recovery import errors, images, inventory, plan
from recovery.step import Before, Step, Words


class RenewCopies(Step):
    """Engines before 4.5.0.1 do not renew the VNC copy (engine: ovirt-host-enroll-certificate)."""

    id = "renew-copies"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "renew the copies that the engine has left out",
            "engines before 4.5.0.1 leave the old certificate to VNC",
            tuple(
                "install %s %s" % (inventory.NODE_CERTIFICATE, copy.certificate)
                for copy in parameters.copies
                if copy.certificate != inventory.NODE_CERTIFICATE
            ),
            1,
            "the files are put back",
        )

    def capture(self, context: contexts.Context) -> Before:
        files = []
        for path, source in _places(context):
            if context.node.read(path) != context.node.read(source):
                files.append(images.save(context.node, context.directory, path))
        return {"files": files}

    def apply(self, context: contexts.Context, before: Before) -> None:
        chosen = [image["path"] for image in before["files"]]
        for path, source in _places(context):
            if path in chosen and context.node.read(path) != context.node.read(source):
                context.say("renewing %s" % path)
                context.node.replace(path, context.node.read(source))

    def verify(self, context: contexts.Context, before: Before) -> None:
        for path, source in _places(context):
            if context.node.read(path) != context.node.read(source):
                raise errors.Error("renew %s" % path, "it differs from %s" % source)

    def undo(self, context: contexts.Context, before: Before) -> None:
        images.put_all_back(context.node, before["files"])


def _places(context: contexts.Context) -> List[Tuple[str, str]]:
    """Return every copy's file with the one whose content it has to hold; keys come first."""
    found = []
    for copy in context.parameters.copies:
        if copy.certificate != inventory.NODE_CERTIFICATE:
            found.append((copy.key, inventory.NODE_KEY))
            found.append((copy.certificate, inventory.NODE_CERTIFICATE))
    return found
