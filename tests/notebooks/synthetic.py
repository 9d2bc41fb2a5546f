"""Small notebooks for the tests of the tooling: a lesson that keeps every rule, changes to it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, from_dict

from tests.notebooks import store, tool
from tests.notebooks.page import Page

ORIGIN = tool.Origin("https://github.com/somebody/some-course", "v9.9.9")
NAME = "01_some_topic.ipynb"


@dataclass(frozen=True)
class Listed:
    """As much of an exercise as the rules ask about."""

    id: str
    minutes: int


def text(source: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *outputs: dict, tags: tuple[str, ...] = ()) -> dict:
    metadata = {"tags": list(tags)} if tags else {}
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": metadata,
        "outputs": list(outputs),
        "source": source,
    }


def stream(words: str, name: str = "stdout") -> dict:
    return {"name": name, "output_type": "stream", "text": words}


def display(**data: str) -> dict:
    """`display(plain="a", html="<b>a</b>")`."""
    kinds = {"plain": "text/plain", "html": "text/html", "png": "image/png", "svg": "image/svg+xml"}
    bundle = {kinds.get(key, key): value for key, value in data.items()}
    return {"data": bundle, "metadata": {}, "output_type": "display_data"}


def notebook(*cells: dict) -> NotebookNode:
    """A notebook of these cells, as if it had just run."""
    return store.normalise(store.stamp(bare(*cells)))


def bare(*cells: dict) -> NotebookNode:
    return from_dict({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def stub(number: str, k: int) -> list[dict]:
    name = f"answer_{k}"
    return [
        text(f"**Exercise {number}.{k} · 3 min.** Write `{name}`."),
        code(
            f"def {name}(x):\n    ...\n\n\n{name} = exercise.check('{number}.{k}', {name})",
            display(plain=f"Exercise {number}.{k} · Some title · not attempted"),
        ),
    ]


RESTART = """\
# Back from a break, in a fresh kernel?
if "model" not in globals():
    model = 1"""
SESSION = """\
## Peer session

*60 minutes for two or three. The driver types, the navigator asks.*

- **0** Section 1.
- **20** Ten minutes' break. To restart in a fresh kernel: run the set-up cell and the cell \
**Back from a break** at the start of section 2, then go on from there.
- **30** Section 2.

Stop and discuss:
1. *Is it so?* Expect "yes". Sometimes it is not so, for a reason.
2. *Why?* Expect "no idea". It is so because of the first section.
3. *What for?* Expect "nothing" or silence. Ask what they would do with it."""


def lesson_cells(number: str = "01", name: str = NAME) -> list[dict]:
    """The cells of a notebook that keeps every rule."""
    opening = [
        f"# {number} · Some topic",
        "*The question:* what is it?",
        "**You will be able to** say what it is.",
        "**You need first** nothing.",
        "**Time** 45 minutes.",
        tool.badge(ORIGIN, name),
    ]
    return [
        text("\n\n".join(opening)),
        code(tool.setup_source(ORIGIN), stream("torch 2\n"), tags=(tool.IGNORE_OUTPUT,)),
        text("## 1 · One idea\n\nA short text."),
        code(f"predict('{number}.1 a shape', guess=None, actual=(2, 3))"),
        code("error = 0.1\nassert error < 0.5\nprint(f'≈ {error}')", stream("≈ 0.1\n")),
        text("**Explore:** what happens?"),
        code("explore.module_tree(model)", display(plain="a tree", png="aGFsbG8=")),
        text("## 2 · Another idea"),
        code(RESTART, tags=("restart",)),
        code(f"predict('{number}.2 a count', guess=None, actual=3)"),
        *(cell for k in range(1, 6) for cell in stub(number, k)),
        text("## Recap\n\n- One thing."),
        text("## What breaks\n\n| symptom | cure |\n|---|---|\n| it breaks | mend it |"),
        text(SESSION),
        text("**Bug hunt.** It is wrong. Why?"),
        code("wrong = 1"),
        text("<details><summary>The answer</summary>\n\nIt should be 2.\n\n</details>"),
        text("## Your progress"),
        code(f"progress.board('{number}')", display(plain="0 of 5")),
    ]


def page(folder: Path, cells: list[dict], name: str = NAME, exercises: int = 5) -> Page:
    """These cells as a stored, listed notebook in `folder`."""
    return as_page(folder, notebook(*cells), name, exercises)


def as_page(folder: Path, node: NotebookNode, name: str = NAME, exercises: int = 5) -> Page:
    path = folder / name
    store.write(path, node)
    listed = tuple(Listed(f"{name[:2]}.{k}", 3) for k in range(1, exercises + 1))
    return Page(path, store.read(path), path.read_text(encoding="utf-8"), ORIGIN, listed)


def lesson(folder: Path) -> Page:
    """A page that keeps every rule."""
    return page(folder, lesson_cells())


Change = Callable[[list[dict]], object]


def cell_with(cells: list[dict], words: str) -> dict:
    return next(cell for cell in cells if words in cell["source"])


def changed(old: str, new: str, count: int = 1) -> Change:
    """In the first `count` cells that have it, `old` becomes `new`."""

    def change(cells: list[dict]) -> None:
        where = [cell for cell in cells if old in cell["source"]][:count]
        assert where, f"no cell has {old!r}"
        for cell in where:
            cell["source"] = cell["source"].replace(old, new)

    return change


def output(words: str, shown: dict) -> Change:
    """The cell with these words stores this output and no other."""

    def change(cells: list[dict]) -> None:
        cell_with(cells, words)["outputs"] = [shown]

    return change


def tagged(words: str, *tags: str) -> Change:
    def change(cells: list[dict]) -> None:
        cell_with(cells, words)["metadata"] = {"tags": list(tags)}

    return change


def without(words: str) -> Change:
    return lambda cells: cells.remove(cell_with(cells, words))


def before(words: str, *new: dict) -> Change:
    """New cells stand before the cell with these words."""

    def change(cells: list[dict]) -> None:
        at = cells.index(cell_with(cells, words))
        cells[at:at] = new

    return change


def swapped(first: str, second: str) -> Change:
    def change(cells: list[dict]) -> None:
        a, b = (cells.index(cell_with(cells, words)) for words in (first, second))
        cells[a], cells[b] = cells[b], cells[a]

    return change
