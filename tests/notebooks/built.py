"""Build it, then import it: which taught names notebooks make, and which they use too early."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbformat import NotebookNode

from tests.notebooks.page import dotted, tree
from tests.notebooks.store import code_cells

TAUGHT = {
    "checkpoint",
    "data",
    "doctor",
    "freeze",
    "loop",
    "loss",
    "metric",
    "model",
    "monitor",
    "pretrain",
    "shapes",
}
PACKAGE = "course_lib"
BUILT_IN = re.compile(r"^\s*Built in notebooks/(\S+?\.ipynb)\.\s*$", re.MULTILINE)
DEFINITION = (ast.FunctionDef, ast.ClassDef)


def defined(cell: NotebookNode) -> set[str]:
    """What a code cell makes at its top level: functions, classes, and constants (in capitals)."""
    body = tree(cell.source).body
    made = {node.name for node in body if isinstance(node, DEFINITION)}
    assigned = [
        node
        for statement in body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        for node in ast.walk(target)
    ]
    names = {node.id for node in assigned if isinstance(node, ast.Name)}
    return made | {name for name in names if name.isupper()}


class Uses:
    """Follows the taught modules through the cells of one notebook, under whatever name."""

    def __init__(self) -> None:
        self.known_as: dict[str, str] = {}

    def of(self, cell: NotebookNode) -> Iterator[tuple[str, str]]:
        """(module, name) of every use of course_lib in a cell; name is "" for the module itself."""
        for statement in tree(cell.source).body:
            for node in ast.walk(statement):
                yield from self._imported(node)
            for node in ast.walk(statement):
                if isinstance(node, ast.Attribute):
                    yield from self._attribute(node)
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self.known_as.pop(node.id, None)

    def _imported(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        match node:
            case ast.Import():
                for alias in node.names:
                    root, _, module = alias.name.partition(".")
                    if root == PACKAGE:
                        name = alias.asname or root
                        self.known_as[name] = alias.name if alias.asname else root
                        yield from [(module, "")] if module else []
            case ast.ImportFrom(module=module) if module == PACKAGE:
                for alias in node.names:
                    self.known_as[alias.asname or alias.name] = f"{PACKAGE}.{alias.name}"
                    yield alias.name, ""
            case ast.ImportFrom(module=str(module)) if module.startswith(f"{PACKAGE}."):
                yield from ((module.split(".")[1], alias.name) for alias in node.names)

    def _attribute(self, node: ast.Attribute) -> Iterator[tuple[str, str]]:
        head, _, rest = dotted(node).partition(".")
        full = f"{self.known_as.get(head, '')}.{rest}".split(".")
        if full[0] == PACKAGE and len(full) == 3:
            yield full[1], full[2]


def imported_too_early(
    notebooks: Sequence[tuple[str, NotebookNode]], public: dict[str, set[str]]
) -> list[str]:
    """What notebooks, in reading order, take from taught modules before they have built it.

    `public` names what each taught module offers. A module as such may be imported once something
    of it has been built, in an earlier cell of this notebook or in an earlier notebook.
    """
    found, built = [], set()
    for name, notebook in notebooks:
        uses = Uses()
        for count, cell in enumerate(code_cells(notebook), start=1):
            for module, taken in uses.of(cell):
                if module not in TAUGHT:
                    continue
                ready = (
                    taken in built if taken else bool(built.intersection(public.get(module, ())))
                )
                if not ready:
                    what = f"{PACKAGE}.{module}" + (f".{taken}" if taken else "")
                    found.append(f"{name}, code cell {count} uses {what}, which is not built yet")
            built |= defined(cell)
    return found


def public_definitions(package: Path) -> dict[str, dict[str, str]]:
    """`{module: {name: docstring}}` of the functions and classes that taught modules offer.

    A file whose name begins with one underscore offers nothing.
    """
    offered: dict[str, dict[str, str]] = {}
    for path in sorted(package.rglob("*.py")):
        module = path.relative_to(package).with_suffix("").parts[0]
        if module not in TAUGHT or (path.stem.startswith("_") and path.stem != "__init__"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, DEFINITION) and not node.name.startswith("_"):
                docstring = ast.get_docstring(node) or ""
                offered.setdefault(module, {})[node.name] = docstring
    return offered


def wrong_origins(
    offered: dict[str, dict[str, str]], notebooks: Sequence[tuple[str, NotebookNode]]
) -> list[str]:
    """Taught names whose docstring does not say, or not truly, in which notebook they are built."""
    made = {name: set().union(*map(defined, code_cells(notebook))) for name, notebook in notebooks}
    found = []
    for module, definitions in offered.items():
        for name, docstring in definitions.items():
            what, where = f"{PACKAGE}.{module}.{name}", BUILT_IN.findall(docstring)
            if len(where) != 1:
                found.append(f"{what} should have one line `Built in notebooks/NN_….ipynb.`")
            elif where[0] not in made:
                found.append(f"{what} is built in {where[0]}, which does not exist")
            elif name not in made[where[0]]:
                found.append(f"{what} is built in {where[0]}, which has no `{name}`")
    return found
