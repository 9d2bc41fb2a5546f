"""A notebook as the structure rules see it: its place, sections, code as Python, calls it makes."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tests.notebooks import store, tool

WRONG_ON_PURPOSE = "wrong-on-purpose"  # tags an attempt in 00 that shows what a card says
CLOSING = ("Recap", "What breaks", "Peer session", "Your progress")
NUMBERED = re.compile(r"(\d+) · \S.*")


@dataclass(frozen=True)
class Place:
    """A cell, and how a message names it. Cells count from 1, as a reader counts them."""

    index: int
    cell: NotebookNode

    def __str__(self) -> str:
        return f"cell {self.index + 1} ({self.cell.get('id', 'no id')})"

    @property
    def is_code(self) -> bool:
        return self.cell.cell_type == "code"

    @property
    def tags(self) -> list[str]:
        return self.cell.metadata.get("tags", [])


@dataclass
class Section:
    """The cells from one `## ` heading to the next; those before the first have no title."""

    title: str
    places: list[Place] = field(default_factory=list)

    @property
    def number(self) -> int | None:
        match = NUMBERED.fullmatch(self.title)
        return int(match[1]) if match else None


@dataclass(frozen=True)
class Page:
    """A stored notebook with all that a rule may ask about."""

    path: Path
    node: NotebookNode
    text: str
    origin: tool.Origin
    exercises: tuple = ()

    @property
    def number(self) -> str:
        """`01`, the two digits that begin the file name."""
        return self.path.name[:2]

    @property
    def is_lesson(self) -> bool:
        """Whether it is one of 01 to 12; 00 shows how a lesson works, and some rules let it."""
        return self.number != "00"

    @property
    def places(self) -> list[Place]:
        return [Place(index, cell) for index, cell in enumerate(self.node.cells)]

    @property
    def code(self) -> list[Place]:
        return [place for place in self.places if place.is_code]

    @property
    def texts(self) -> list[Place]:
        return [place for place in self.places if place.cell.cell_type == "markdown"]

    @property
    def sections(self) -> list[Section]:
        sections = [Section("")]
        for place in self.places:
            titles = [title for level, title in headings(place) if level == 2]
            sections += [Section(title) for title in titles]
            sections[-1].places.append(place)
        return sections


def load(path: Path) -> Page:
    """The notebook at `path`, with the exercises that course_lib lists for it."""
    from course_lib import exercises

    listed = exercises.for_notebook(path.name[:2])
    return Page(path, store.read(path), path.read_text("utf-8"), tool.origin(), tuple(listed))


def prose(source: str) -> str:
    """Markdown without its code blocks."""
    return re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", source, flags=re.MULTILINE | re.DOTALL)


def headings(place: Place) -> list[tuple[int, str]]:
    """(level, title) of every heading in a text cell."""
    if place.cell.cell_type != "markdown":
        return []
    found = re.findall(r"^(#{1,6}) +(.+?) *$", prose(place.cell.source), flags=re.MULTILINE)
    return [(len(marks), title) for marks, title in found]


@cache
def python(source: str) -> str:
    """A cell's code with magics such as `%tensorboard` written out as Python."""
    return TransformerManager().transform_cell(source)


@cache
def tree(source: str) -> ast.Module:
    return ast.parse(python(source))


def dotted(node: ast.expr) -> str:
    """`exercise.check` for that expression; "" for one that is no dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (head := dotted(node.value)):
        return f"{head}.{node.attr}"
    return ""


def calls(place: Place, name: str) -> Iterator[ast.Call]:
    """Every call of `name` in a code cell; of all that begins so, if it ends in a dot."""
    for called, node in _all_calls(place):
        if called == name or (name.endswith(".") and called.startswith(name)):
            yield node


def _all_calls(place: Place) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(place.cell.source)) if place.is_code else ():
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def predictions(place: Place) -> Iterator[ast.Call]:
    """Every prediction: a call of `predict` or `….predict` with a text first, or with a guess.

    `predict(model, loader)`, which notebook 06 builds, is none.
    """
    for called, node in _all_calls(place):
        named = {keyword.arg for keyword in node.keywords}
        if called.split(".")[-1] == "predict" and (first_text(node) or {"guess", "actual"} & named):
            yield node


def first_text(call: ast.Call) -> str:
    """The first argument, if it is a literal text; else ""."""
    match call.args:
        case [ast.Constant(value=str(text)), *_]:
            return text
    return ""


def shown(place: Place) -> Iterator[str]:
    """Every text that the cell's stored outputs show, embedded pictures left out."""
    for output in place.cell.get("outputs", []):
        if "text" in output:
            yield output.text
        for kind, content in output.get("data", {}).items():
            if isinstance(content, str) and not kind.startswith("image/"):
                yield re.sub(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=\s]+", "data:", content)
            elif kind == "image/svg+xml":
                yield content
