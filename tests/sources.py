# SPDX-License-Identifier: Apache-2.0
"""The project's own source files, parsed: for the tests that judge the code's shape."""

import ast
from pathlib import Path
from typing import Iterator, List, NamedTuple, Set, Union

from bundle import paths

PRODUCT = ("recovery", "simulators", "bundle")
Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]


class Module(NamedTuple):
    """One source file: its dotted name, its text and its tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module


def modules(*folders: str) -> List[Module]:
    """Every module below the folders, in order of their names."""
    found = []
    for folder in folders:
        for path in sorted((paths.ROOT / folder).rglob("*.py")):
            found.append(_parse(path))
    return found


def files(*folders: str) -> Iterator[Path]:
    """Every file below the folders, whatever its kind; caches apart."""
    for folder in folders:
        place = paths.ROOT / folder
        candidates = [place] if place.is_file() else sorted(place.rglob("*"))
        for path in candidates:
            if path.is_file() and not path.name.endswith(".pyc"):
                yield path


def imports(module: Module) -> Set[str]:
    """Dotted names the module imports, anywhere in it; `from a import b` counts as a and as a.b."""
    names: Set[str] = set()
    for node in ast.walk(module.tree):
        names.update(_imported(node))
    return names


def lazy_imports(module: Module) -> Set[str]:
    """Those among them that stand inside a function."""
    names: Set[str] = set()
    for function in functions(module):
        for node in ast.walk(function):
            names.update(_imported(node))
    return names


def functions(module: Module) -> List[Function]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(module.tree) if isinstance(node, kinds)]


def last_line(node: ast.AST) -> int:
    """end_lineno; on Python 3.6 and 3.7, which lack it, the last line a part of it begins on."""
    return max(_line(part) for part in ast.walk(node))


def length(function: Function) -> int:
    """Lines from `def` to the end."""
    return last_line(function) - function.lineno + 1


def _parse(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    parts = list(path.relative_to(paths.ROOT).with_suffix("").parts)
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, text, ast.parse(text, str(path)))


def _line(node: ast.AST) -> int:
    return getattr(node, "end_lineno", None) or getattr(node, "lineno", None) or 0


def _imported(node: ast.AST) -> Set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module} | {node.module + "." + alias.name for alias in node.names}
    return set()
