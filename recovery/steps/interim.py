# SPDX-License-Identifier: Apache-2.0
"""A certificate of a CA of our own, for the minutes that the engine VM takes to start and sign.

libvirtd checks its certificate against the list in its CA file when it starts (libvirt:
virnettlscontext.c); vdsm and everybody who speaks with it on this node load certificate and CA
from the same two files (vdsm: lib/vdsm/sslutils.py). So both files say the same, and the engine's
CA stays in the list: whoever it signed for is accepted as before.
"""

from typing import Dict, List

from recovery import context as contexts
from recovery import errors, images, inventory, issued, plan, requests, signing
from recovery.step import Before, Step, Words

DAYS = 2  # a night's sleep between a cut run and `resume`
LEFT = 3600  # seconds that must be left of it for the engine VM to start in
ISSUER = "/CN=interim CA of ovirt-cert-recovery %s"
PLACES = {entry.path: entry for entry in inventory.COPIES}


class Interim(Step):
    """Nothing of it is kept but the two files themselves: a lost one is made anew.

    The CA's key never leaves the memory of `apply`, so that nobody can sign with it later.
    """

    id = "interim"
    until = "end-interim"
    fleeting = True

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "put a temporary certificate and its CA in place",
            "libvirtd and vdsm accept it at the true time, so the engine VM can start; the key of "
            "the temporary CA is forgotten at once",
            tuple(
                "install a temporary certificate as %s, add its CA to %s"
                % (path, PLACES[path].ca_path)
                for path in parameters.interim
            ),
            2,
            "every file is put back byte for byte; what runs goes on with what it has read",
        )

    def capture(self, context: contexts.Context) -> Before:
        paths = [path for place in context.parameters.interim for path in _files(place)]
        return {"files": [images.save(context.node, context.directory, path) for path in paths]}

    def apply(self, context: contexts.Context, before: Before) -> None:
        node = context.node
        now = int(node.now().wall)
        start, end = now - issued.DAY, now + DAYS * issued.DAY
        parameters = context.parameters
        authority = signing.temporary(ISSUER % context.journal.run, start, end)
        key = node.read(inventory.NODE_KEY)
        wanted = signing.Wanted(parameters.subject, parameters.sans, start, end)
        made = signing.sign(requests.make(inventory.NODE_KEY, key), authority, wanted)
        # The CA first: a list with one name more harms nobody, a certificate without its CA does.
        for place in parameters.interim:
            ca = PLACES[place].ca_path
            list_ = _joined(_original(context, before, ca), signing.text(authority))
            images.place(node, ca, list_, inventory.NODE_CA)
        for place in parameters.interim:
            images.place(node, PLACES[place].key_path, key, inventory.NODE_KEY)
            images.place(node, place, made, inventory.NODE_CERTIFICATE)

    def verify(self, context: contexts.Context, before: Before) -> None:
        problems = _problems(context, 0)
        if problems:
            raise errors.Error("use the temporary certificate", problems[0], seen=problems[1:])

    def holds(self, context: contexts.Context, before: Before) -> bool:
        try:
            return not _problems(context, LEFT)
        except errors.FileError:  # what was put back meanwhile may be a file that is none
            return False

    def undo(self, context: contexts.Context, before: Before) -> None:
        _put_back(context, before)


class EndInterim(Step):
    """Before the new certificate is installed: its before-images are what the node had."""

    id = "end-interim"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "remove the temporary certificate and its CA",
            "the engine has signed: the files are what they were, byte for byte",
            tuple(
                "put back %s and %s" % (path, PLACES[path].ca_path) for path in parameters.interim
            ),
            1,
            "",
        )

    def capture(self, context: contexts.Context) -> Before:
        return dict(context.journal.before(Interim.id) or {"files": []})

    def apply(self, context: contexts.Context, before: Before) -> None:
        _put_back(context, before)

    def verify(self, context: contexts.Context, before: Before) -> None:
        for image in before["files"]:
            kept = context.node.read(image["backup"]) if image["backup"] else None
            here = context.node.read(image["path"]) if context.node.exists(image["path"]) else None
            if here != kept:
                raise errors.Error("put back %s" % image["path"], "it is not what it was")

    def undo(self, context: contexts.Context, before: Before) -> None:
        """The temporary certificate does not come back."""


def _files(place: str) -> List[str]:
    entry = PLACES[place]
    return [entry.path, entry.key_path, entry.ca_path]


def _joined(original: bytes, added: bytes) -> bytes:
    return (original.rstrip(b"\n") + b"\n" if original.strip() else b"") + added


def _original(context: contexts.Context, before: Before, path: str) -> bytes:
    kept: Dict[str, str] = {image["path"]: image["backup"] for image in before["files"]}
    return context.node.read(kept[path]) if kept[path] else b""


def _problems(context: contexts.Context, left: int) -> List[str]:
    """Return why what lies in the places cannot serve now and for so many seconds more."""
    now = context.node.now().wall
    moments = (now, now + left)
    found: List[str] = []
    for path in context.parameters.interim:
        entry, data = PLACES[path], context.node.read(path)
        found += issued.problems_on(context, data, moments, entry.key_path, entry.ca_path)
    return found


def _put_back(context: contexts.Context, before: Before) -> None:
    images.put_all_back(context.node, before.get("files", []))
