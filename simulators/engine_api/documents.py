# SPDX-License-Identifier: Apache-2.0
"""What the API answers, as XML or as JSON made from one plain value. Imports nothing of ours.

The engine's two forms hold the same: in XML `href`, `id` and `rel` are attributes, in JSON every
value is text and the root has no name.
"""

from typing import Any, List

ATTRIBUTES = ("href", "id", "rel")
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


def xml(name: str, value: dict) -> bytes:
    return (HEAD + "\n".join(_element(name, value, "")) + "\n").encode()


def json(value: dict) -> bytes:
    import json as format_

    return format_.dumps(_text(value), indent=2, sort_keys=True).encode()


def _element(name: str, value: Any, indent: str) -> List[str]:
    if isinstance(value, list):
        return [line for one in value for line in _element(name, one, indent)]
    if not isinstance(value, dict):
        return ["%s<%s>%s</%s>" % (indent, name, escaped(str(value)), name)]
    given = "".join(' %s="%s"' % (key, escaped(value[key])) for key in ATTRIBUTES if key in value)
    inner = [
        line
        for key in value
        if key not in ATTRIBUTES
        for line in _element(key, value[key], indent + "    ")
    ]
    if not inner:
        return ["%s<%s%s/>" % (indent, name, given)]
    return ["%s<%s%s>" % (indent, name, given)] + inner + ["%s</%s>" % (indent, name)]


def escaped(text: str) -> str:
    for plain, safe in ESCAPES:
        text = text.replace(plain, safe)
    return text


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _text(value[key]) for key in value}
    if isinstance(value, list):
        return [_text(one) for one in value]
    return str(value)
