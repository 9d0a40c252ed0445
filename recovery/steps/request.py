# SPDX-License-Identifier: Apache-2.0
"""Make the certificate signing request from the node's present key."""

from recovery import context as contexts
from recovery import errors, host, inventory, pem, plan, requests, run_files
from recovery.programs import openssl
from recovery.step import Before, Step, Words


class MakeRequest(Step):
    """The key stays where it is: only a request signed by it leaves the node."""

    id = "request"

    def words(self, parameters: plan.Parameters) -> Words:
        return Words(
            "make a signing request from the present key",
            "with the same key nothing else on the node has to change",
            ("openssl req -new -batch -sha256 -subj / -key %s" % inventory.NODE_KEY,),
            1,
            "the request is removed",
        )

    def apply(self, context: contexts.Context, before: Before) -> None:
        request = context.node.request(inventory.NODE_KEY)
        context.node.replace(run_files.request(context.directory), request)

    def verify(self, context: contexts.Context, before: Before) -> None:
        request = context.node.read(run_files.request(context.directory))
        if not _matches(context.node, request):
            raise errors.Error("make the signing request", "it does not match the node's key")

    def undo(self, context: contexts.Context, before: Before) -> None:
        context.node.remove(run_files.request(context.directory))


def _matches(node: host.Host, request: bytes) -> bool:
    key = node.key_to_compare(inventory.NODE_KEY)
    if pem.why():
        public = pem.reader().public_key(inventory.NODE_KEY, key)
        return bool(openssl.request_key(node, request) == public)
    return requests.matches(request, inventory.NODE_KEY, key)
