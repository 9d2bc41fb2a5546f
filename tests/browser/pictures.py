"""The README's pictures, taken of the real thing.

    python -m tests.browser.pictures FOLDER                 (`make pictures`)

writes FOLDER/{notebook,card,explorer}.png: a notebook that has run, the card under a wrong attempt,
and an explorer that was moved.
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator

from course_lib import explore
from tests.browser.page import LIGHT, NotebookPage, opened, working
from tests.browser.shots import ALL_AT_ONCE

SIZE = {"width": 1180, "height": 780}
TALL = {"width": 1180, "height": 1400}
COLOURS = 128
LOOP, EXPLORER = "05_training_loop", "explore.schedule("
SECTION, STUB = "## 4 · The learning rate", 'exercise.check("05.1"'
# What beginners leave out most often: nothing clears the gradients of the step before.
FORGETFUL = """\
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    loss = loss_fn(model(**inputs), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()"""


def save(shot: bytes, path: Path) -> None:
    """A PNG with few colours, which is a third as large and looks the same."""
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(COLOURS).save(path, optimize=True)
    print(f"{path.name}: {image.width} x {image.height}, {path.stat().st_size / 1000:.0f} kB")


def in_the_window(notebook: NotebookPage, piece: str) -> bytes:
    """The window as a reader sees it, with a cell at its upper edge."""
    notebook.page.set_viewport_size(SIZE)
    notebook.cell(piece).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    notebook.page.wait_for_timeout(500)
    return notebook.page.screenshot()


def of(notebook: NotebookPage, element: Locator) -> bytes:
    notebook.page.set_viewport_size(TALL)
    element.scroll_into_view_if_needed()
    notebook.page.wait_for_timeout(500)
    return element.screenshot()


def main(folder: Path) -> None:
    with (
        working("pictures", ALL_AT_ONCE) as (context, lab),
        opened(context, lab, LOOP) as notebook,
    ):
        notebook.theme(LIGHT)
        notebook.run_all()
        live = notebook.explorer(EXPLORER)
        for _ in range(2):
            live.press(explore.schedule().controls["power"].label, "ArrowRight")
        notebook.run(STUB, notebook.source(STUB).replace("    ...", FORGETFUL))
        notebook.page.wait_for_timeout(1000)
        save(of(notebook, notebook.output(EXPLORER)), folder / "explorer.png")
        save(of(notebook, notebook.cell(STUB)), folder / "card.png")
        save(in_the_window(notebook, SECTION), folder / "notebook.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
