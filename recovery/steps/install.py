# SPDX-License-Identifier: Apache-2.0
"""Put the new certificate in every place where the node certificate lies."""

from recovery import context as contexts
from recovery import errors, images, inventory, issued, plan, run_files
from recovery.step import Before, Step, Words


class Install(Step):
    """Copies only; never the migration certificate: it has another key and another CA (qemu)."""

    id = "install"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "install the new certificate in all its places",
            "vdsm, libvirt client, SPICE and VNC read copies of it; owner and mode are kept",
            tuple("install node.cer %s" % copy.certificate for copy in parameters.copies),
            2,
            "every file is put back byte for byte, with owner and mode",
        )

    def capture(self, context: contexts.Context) -> Before:
        files = []
        for copy in context.parameters.copies:
            for path in (copy.certificate, copy.key):
                files.append(images.save(context.node, context.directory, path))
        return {"files": files}

    def apply(self, context: contexts.Context, before: Before) -> None:
        new = run_files.certificate(context.directory)
        for copy in context.parameters.copies:
            # A copy made by an older enrollment may still have the key of that time.
            images.place_copy(context.node, copy.key, inventory.NODE_KEY, inventory.NODE_KEY)
            images.place_copy(context.node, copy.certificate, new, inventory.NODE_CERTIFICATE)

    def verify(self, context: contexts.Context, before: Before) -> None:
        now = context.node.now()
        for copy in context.parameters.copies:
            data = context.node.read(copy.certificate)
            moments = (now.wall, context.true_at(now))
            found = issued.problems_on(context, data, moments, copy.key)
            if found:
                raise errors.Error("install %s" % copy.certificate, found[0], seen=found[1:])

    def undo(self, context: contexts.Context, before: Before) -> None:
        images.put_all_back(context.node, before["files"])
