"""A notebook as slides, as jupyterlab-rise shows it live (Alt+R in JupyterLab), and as a file.

    python -m tests.browser.slides OUT_DIR [NN ...]        (`make slides NAMES="NN ..."`)

writes OUT_DIR/NN_topic.pdf, a page for each slide, with the outputs that are stored. It needs a
Chromium on the PATH.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page

from tests.browser.lab import Lab
from tests.browser.page import wait_for, working
from tests.notebooks import tool

SIZE = {"width": 1280, "height": 720}
NO_MOTION = ".reveal, .reveal * { transition: none !important; animation: none !important; }"
SLIDE = ".reveal .slides section:not(.stack)"
PRESENT = f"{SLIDE}.present:not(.stack > :not(.present)):not(.stack:not(.present) > *)"
# Every slide below the other on a page of its own, instead of one over the other on a screen.
ON_PAPER = """
@page { size: 1280px 720px; margin: 0; }
html, body, body :has(.slides), .slides, .slides section {
    contain: none !important; display: block !important; height: auto !important;
    inset: auto !important; margin: 0 !important; max-height: none !important;
    min-height: 0 !important; opacity: 1 !important; overflow: visible !important;
    perspective: none !important; position: static !important; transform: none !important;
    visibility: visible !important; width: auto !important;
}
.slides section:not(.stack) {
    break-before: page; height: 720px !important; overflow: hidden !important;
    width: 1280px !important;
}
.reveal > :not(.slides), .fa-question { display: none !important; }
"""
# CodeMirror draws only the lines that are in view, and all of them for a printer.
MEASURE = """() => {
    window.dispatchEvent(new Event("beforeprint"));
    const box = element => element.getBoundingClientRect();
    const letters = element => parseFloat(getComputedStyle(element).fontSize)
        * (element.currentCSSZoom || 1);
    const written = element => [...element.childNodes].some(
        node => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    return [...document.querySelectorAll(".slides section:not(.stack)")].map(slide => {
        const cells = [...slide.querySelectorAll(".jp-Cell")];
        const parts = [...slide.querySelectorAll(".jp-Cell *")].filter(e => e.checkVisibility());
        return {
            cells: cells.map(cell => Number(cell.dataset.windowedListIndex)),
            bottom: Math.max(...cells.map(cell => box(cell).bottom)) - box(slide).top,
            right: Math.max(...parts.map(part => box(part).right)),
            letters: Math.min(...parts.filter(written).map(letters)),
            figures: [...slide.querySelectorAll(".jp-OutputArea-output img")].map(
                image => box(image).width / image.naturalWidth),
        };
    });
}"""


class Slides:
    """The slides of one notebook, one of them present on a page of 1280 x 720."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.present = page.locator(PRESENT)

    def count(self) -> int:
        return self.page.locator(SLIDE).count()

    def wait_until_ready(self, cells: int) -> None:
        """Wait until all cells stand on slides."""
        wait_for(self.page.locator(".reveal .slides .jp-Cell").count, cells, self.page)
        self.page.add_style_tag(content=NO_MOTION)
        self.page.wait_for_function("() => [...document.images].every(image => image.complete)")
        self.present.wait_for()

    def where(self) -> str:
        return self.present.get_attribute("id") or ""

    def forward(self) -> None:
        """The next slide, by the space bar."""
        before = self.where()
        self.page.keyboard.press("Space")
        wait_for(lambda: self.where() != before, True, self.page)

    def lay_out(self) -> None:
        """Put every slide below the other, as on paper, each as large as on a screen."""
        self.page.add_style_tag(content=ON_PAPER)

    def measure(self) -> list[dict]:
        """Of each slide that is laid out: its cells, how far they reach, its smallest letters.

        Lengths are in pixels; a figure is given by its size on the slide against that of its file.
        """
        return self.page.evaluate(MEASURE)

    def print(self, file: Path) -> None:
        """Write the slides that are laid out as a PDF, a page each."""
        self.page.emulate_media(media="screen")
        file.parent.mkdir(parents=True, exist_ok=True)
        pages = f"1-{self.count()}"  # what stands behind the slides would be an empty one
        self.page.pdf(
            path=file, page_ranges=pages, prefer_css_page_size=True, print_background=True
        )


@contextmanager
def shown(context: BrowserContext, lab: Lab, name: str) -> Iterator[Slides]:
    """The slides of a notebook, from the first one on."""
    page = context.new_page()
    try:
        page.set_viewport_size(SIZE)
        url = urlsplit(lab.address)
        page.goto(f"{url.scheme}://{url.netloc}/rise/notebooks/{name}.ipynb?{url.query}")
        slides = Slides(page, name)
        slides.wait_until_ready(len(lab.read(name).cells))
        yield slides
    finally:
        page.close()
        lab.end_kernel(name)


def main(out: Path, names: list[str]) -> None:
    with working("slides") as (context, lab):
        for path in tool.chosen(names):
            with shown(context, lab, path.stem) as slides:
                slides.lay_out()
                slides.print(out / f"{path.stem}.pdf")
                print(f"{out / path.stem}.pdf: {slides.count()} slides")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("names", nargs="*", metavar="NN", help="notebooks; all, if none is named")
    chosen = parser.parse_args()
    main(chosen.out_dir, chosen.names)
