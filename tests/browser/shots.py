"""Screenshots of every notebook after it has run, for a pair of eyes.

    python -m tests.browser.shots OUT_DIR [NN ...]

writes OUT_DIR/{light,dark}/NN_k.png, the slices of notebook NN from top to bottom. The first
exercise of a notebook shows a wrong attempt with a hint and the solution, the second a right one.
"""

import argparse
import re
from pathlib import Path

from course_lib import exercises
from tests.browser.page import DARK, LIGHT, NotebookPage, opened, working
from tests.notebooks import tool
from tests.notebooks.page import WRONG_ON_PURPOSE
from tests.notebooks.solve import fill

SIZE = {"width": 1400, "height": 1800}
OVERLAP = 60
# Every cell is drawn at once, so that nothing moves while the page is scrolled.
ALL_AT_ONCE = {"notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False}}
SCROLL = """(scroller, top) => new Promise(done => {
    scroller.scrollTop = top;
    requestAnimationFrame(() => requestAnimationFrame(() => done(
        [scroller.scrollTop, scroller.clientHeight, scroller.scrollHeight])));
})"""
DRAWN = "() => [...document.images].every(image => image.complete)"


def show_cards(notebook: NotebookPage) -> None:
    """A wrong attempt at the first exercise and the solution under it; the second one solved."""
    stubs = [
        cell.source
        for cell in notebook.shipped.cells
        if "exercise.check(" in cell.source
        and WRONG_ON_PURPOSE not in cell.metadata.get("tags", [])
    ]
    for place, stub in enumerate(stubs[:2]):
        solved = fill(stub, exercises.solution_source)
        output = notebook.run(stub, solved if place else stub.replace("...", "pass"))
        if not place:
            output.get_by_role("button", name="Solution").click()
            output.get_by_text(re.compile("^Solution ")).wait_for()


def shoot(notebook: NotebookPage, folder: Path) -> None:
    """Write the slices of a notebook, from its top to its end."""
    folder.mkdir(parents=True, exist_ok=True)
    scroller = notebook.panel.locator(".jp-WindowedPanel-outer")
    top, end, number = 0, False, 0
    while not end:
        place, height, total = scroller.evaluate(SCROLL, top)
        notebook.page.wait_for_function(DRAWN)
        notebook.page.screenshot(path=folder / f"{notebook.name[:2]}_{number}.png")
        top, number = place + height - OVERLAP, number + 1
        end = place + height >= total - 1


def main(out: Path, names: list[str]) -> None:
    with working("shots", ALL_AT_ONCE) as (context, lab):
        for path in tool.chosen(names):
            lab.reset()
            with opened(context, lab, path.stem) as notebook:
                notebook.page.set_viewport_size(SIZE)
                notebook.run_all()
                show_cards(notebook)
                for name, theme in (("light", LIGHT), ("dark", DARK)):
                    notebook.theme(theme)
                    shoot(notebook, out / name)
                notebook.theme(LIGHT)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("names", nargs="*", metavar="NN", help="notebooks; all, if none is named")
    chosen = parser.parse_args()
    main(chosen.out_dir, chosen.names)
