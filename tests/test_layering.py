# SPDX-License-Identifier: Apache-2.0
"""Who may import whom, and which modules may have effects: the architecture, as tests."""

import ast
from typing import Dict, Iterator, List, Set, Tuple

import pytest

from tests import sources
from tests.sources import Module

# Data and judgements: they reach no Host, not even by way of another module.
PURE = (
    "errors secret observation finding moment dialogue inventory certificates window pem "
    "x509_compiled x509_plain diagnosis diagnose judgements routes plan report archives "
    "engine_backup signing scripts register"
).split()
VALUES = ["errors", "secret", "observation", "finding", "moment", "dialogue"]
PROGRAMS_MAY = VALUES + ["host", "programs"]
STEPS_MAY_NOT = "procedures planner executor cli console report observe observing diagnose".split()
ADAPTER = ["local_host", "ssh_host", "files", "terminal"]
KNOW_STEPS = ["procedures", "planner"]  # the literal order, and what makes a plan of it
# The command line, how another node is reached, how the tool is started again by systemd.
CHOOSE_THE_ADAPTER = ["__main__", "cli", "commands", "reaching", "executable"]
RUN_THE_COMMAND_LINE = [
    "__main__",
    "commands.rehearsing",
]  # a rehearsal is the whole tool, run inside

# Modules of the standard library (and pexpect) through which one reaches the machine.
EFFECTS = (
    "subprocess pexpect ptyprocess pty socket ssl select selectors time signal fcntl shutil "
    "tempfile pathlib io glob fileinput ctypes threading multiprocessing asyncio http urllib "
    "getpass termios tty resource sched logging"
).split()
MAY_HAVE_EFFECTS = {
    "recovery.local_host": {"subprocess", "signal"},  # runs programs, and ends those that hang
    "recovery.terminal": {"pexpect", "select"},  # programs that insist on a terminal
    "recovery.files": {"fcntl"},  # one run per node
    "recovery.console": {"getpass", "select", "signal"},  # the person: a password, a closed line
    "recovery.commands.rehearsing": {"tempfile"},  # a place for the simulated node
}
# The adapter, and the modules that find the file this very tool was started from.
STARTED_FROM = {"recovery.executable", "recovery.invocation"}
MAY_USE_OS = {"recovery.local_host", "recovery.files", "recovery.terminal"} | STARTED_FROM
MAY_OPEN = {"recovery.files"}
HARMLESS_OS = "sep linesep fsencode fsdecode fspath".split()
HARMLESS_PATH = "join dirname basename normpath split splitext isabs commonpath relpath".split()
WALL_CLOCK = ["now", "utcnow", "today"]
MAY_CATCH_ALL = {"recovery.__main__", "recovery.executor"}

RECOVERY = sources.modules("recovery")
NAMES = {module.name for module in RECOVERY}


def inside(name: str, heads: List[str]) -> bool:
    """Whether recovery.<head> is that module or holds it."""
    return any((name + ".").startswith("recovery.{}.".format(head)) for head in heads)


def own_imports(module: Module) -> Set[str]:
    """The project's modules among what it imports."""
    return {name for name in sources.imports(module) if name in NAMES and name != "recovery"}


def reached(module: Module, graph: Dict[str, Set[str]]) -> Set[str]:
    found: Set[str] = set()
    waiting = [module.name]
    while waiting:
        for name in graph[waiting.pop()] - found:
            found.add(name)
            waiting.append(name)
    return found


def offences(rule: str, pairs: Iterator[str]) -> None:
    found = sorted(pairs)
    if found:
        pytest.fail(rule + ":\n" + "\n".join(found), pytrace=False)


def pairs(importers: List[str], forbidden: List[str]) -> Iterator[str]:
    for module in RECOVERY:
        if inside(module.name, importers):
            for name in own_imports(module):
                if inside(name, forbidden):
                    yield "{} imports {}".format(module.name, name)


def test_data_and_judgements_reach_no_host() -> None:
    graph = {module.name: own_imports(module) for module in RECOVERY}
    far = ["host", "programs", "steps", "remote", "observe", "observing"] + ADAPTER
    offences(
        "these are data and judgements only",
        (
            "{} reaches {}".format(module.name, name)
            for module in RECOVERY
            if inside(module.name, PURE)
            for name in reached(module, graph)
            if inside(name, far)
        ),
    )


def test_port_knows_values_only() -> None:
    others = [name.split(".", 1)[1] for name in NAMES if "." in name]
    strange = [name for name in others if not inside("recovery." + name, VALUES + ["host"])]
    offences("the port stands below all but values", pairs(["host"], strange))


def test_programs_know_the_port_and_values_only() -> None:
    others = [name.split(".", 1)[1] for name in NAMES if "." in name]
    strange = [name for name in others if not inside("recovery." + name, PROGRAMS_MAY)]
    offences("a program's module has no policy", pairs(["programs"], strange))


def test_steps_know_nothing_above_them() -> None:
    offences("steps stand below these", pairs(["steps"], STEPS_MAY_NOT))


def test_steps_never_import_each_other() -> None:
    offences("steps are independent", pairs(["steps"], ["steps"]))


def test_only_the_procedure_knows_the_steps() -> None:
    below = [name.split(".", 1)[1] for name in NAMES if "." in name]
    others = [name for name in below if not inside("recovery." + name, KNOW_STEPS + ["steps"])]
    offences("the executor and all others see Step, not steps", pairs(others, ["steps"]))


def test_only_the_command_line_chooses_the_adapter() -> None:
    below = [name.split(".", 1)[1] for name in NAMES if "." in name]
    others = [
        name for name in below if not inside("recovery." + name, CHOOSE_THE_ADAPTER + ADAPTER)
    ]
    offences("everything else sees Host", pairs(others, ADAPTER))


def test_nothing_but_main_imports_the_command_line() -> None:
    found = pairs([name.split(".", 1)[1] for name in NAMES if "." in name], ["cli", "__main__"])
    importers = {pair.split(" ", 1)[0] for pair in found}
    allowed = {"recovery." + name for name in RUN_THE_COMMAND_LINE}
    offences("the command line stands on top", iter(importers - allowed))


@pytest.mark.parametrize("folder, forbidden", [("simulators", "recovery"), ("bundle", "recovery")])
def test_other_packages_never_import_the_tool(folder: str, forbidden: str) -> None:
    for module in sources.modules(folder):
        heads = {name.split(".")[0] for name in sources.imports(module)}
        assert forbidden not in heads, module.name


def test_tool_reaches_the_simulators_by_one_lazy_import() -> None:
    places = []
    for module in RECOVERY:
        for found in (sources.imports(module), sources.lazy_imports(module)):
            if any(name.split(".")[0] == "simulators" for name in found):
                places.append(module.name)
    # Once as an import at all, once more as one inside a function.
    assert len(places) == 2 and places[0] == places[1], places


def test_effects_are_imported_by_the_adapter_only() -> None:
    offences(
        "not on the list of modules with effects (tests/test_layering.py)",
        (
            "{} imports {}".format(module.name, name)
            for module in RECOVERY
            for name in sources.imports(module)
            if name in EFFECTS and name not in MAY_HAVE_EFFECTS.get(module.name, set())
        ),
    )


def test_list_of_effects_names_no_module_that_lacks_them() -> None:
    for module in RECOVERY:
        needless = MAY_HAVE_EFFECTS.get(module.name, set()) - sources.imports(module)
        assert needless == set(), module.name


def test_os_and_open_are_used_by_the_adapter_only() -> None:
    offences(
        "files are reached through the port",
        (
            "{}:{} uses {}".format(module.name, line, use)
            for module in RECOVERY
            for line, use in _uses(module)
        ),
    )


def test_wall_clock_is_read_through_the_port_only() -> None:
    offences(
        "a moment is read by Host.now()",
        (
            "{}:{} calls .{}()".format(module.name, node.lineno, node.func.attr)
            for module in RECOVERY
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in WALL_CLOCK
            and "'datetime'" in ast.dump(node.func.value)
        ),
    )


def test_catching_everything_happens_at_the_edge_and_around_undo_only() -> None:
    offences(
        "an unforeseen exception belongs to __main__",
        (
            "{}:{}".format(module.name, node.lineno)
            for module in RECOVERY
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ExceptHandler)
            and _catches_all(node)
            and module.name not in MAY_CATCH_ALL
        ),
    )


def _catches_all(handler: ast.ExceptHandler) -> bool:
    """Catches whatever comes and keeps it; to clean up and raise again is fine."""
    broad = handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )
    last = handler.body[-1]
    return broad and not (isinstance(last, ast.Raise) and last.exc is None)


def _uses(module: Module) -> Iterator[Tuple[int, str]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open":
            if module.name not in MAY_OPEN:
                yield node.lineno, "open()"
        if isinstance(node, ast.Attribute) and module.name not in MAY_USE_OS:
            use = _os_use(node)
            if use:
                yield node.lineno, use


def _os_use(node: ast.Attribute) -> str:
    owner = node.value
    if isinstance(owner, ast.Name) and owner.id == "os":
        return "" if node.attr in HARMLESS_OS + ["path"] else "os." + node.attr
    of_path = isinstance(owner, ast.Name) and owner.id == "posixpath"
    if isinstance(owner, ast.Attribute) and owner.attr == "path":
        of_path = isinstance(owner.value, ast.Name) and owner.value.id == "os"
    return "os.path." + node.attr if of_path and node.attr not in HARMLESS_PATH else ""
