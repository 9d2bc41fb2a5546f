"""A notebook in JupyterLab as a learner drives it: menus, cells, sliders, buttons."""

import base64
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from playwright.sync_api import BrowserContext, Error, Locator, Page, sync_playwright

from course_lib import plot
from course_lib.explore._explorer import View
from tests.browser.lab import Lab

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A notebook's badge, or anything else out there, is answered at once: not found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
SIZE = {"width": 1400, "height": 1000}
SECONDS = 60  # the patience with a busy machine; what is there is taken at once
CELL_SECONDS = 180  # the same for a cell that trains
COUNT = re.compile(r"\[(\d+)\]:")
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
ERRORS = '[data-mime-type="application/vnd.jupyter.error"], .jp-mod-error'
BYTES = """async image => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
}"""
CUT_OFF = """elements => elements
    .filter(element => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
    .map(element => element.textContent.trim().slice(0, 60))"""
PARSED = """html => {
    const element = document.createElement("div");
    element.innerHTML = html;
    return element.innerHTML;
}"""


def find_browser() -> str | None:
    """The first browser on the PATH that these tests can drive."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@contextmanager
def browsing(executable: str) -> Iterator[BrowserContext]:
    """A browser window; its pages share cookies and cache, and fall behind only when all do."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        context = browser.new_context(viewport=SIZE)
        context.set_default_timeout(SECONDS * 1000)
        yield context
        browser.close()


def wait_for(get: Callable[[], Any], wanted: Any, page: Page, seconds: float = SECONDS) -> None:
    """Wait until `get()` is `wanted`; else an AssertionError shows what it is."""
    deadline = time.monotonic() + seconds
    while (got := get()) != wanted:
        assert time.monotonic() < deadline, f"waited {seconds} s for {wanted!r}, got {got!r}"
        page.wait_for_timeout(50)


def expect_shown(live: "ExplorerView", view: View) -> None:
    """Wait for the caption and for the very picture that the pure function gives."""
    wait_for(live.caption, view.caption, live.page)
    wait_for(lambda: live.picture() == plot.png(view.drawing), True, live.page)


class NotebookPage:
    """An open notebook. A cell is named by a piece of its shipped source, found in it alone."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page, self.lab, self.name = page, lab, name
        self.shipped: NotebookNode = lab.read(name)
        self.panel = page.locator(".jp-NotebookPanel:visible")
        self.cells = self.panel.locator(".jp-Notebook .jp-Cell")
        self.outputs = self.panel.locator(".jp-OutputArea-output")

    def wait_until_ready(self) -> None:
        """Wait until every cell stands on the page and a kernel is idle."""
        wait_for(self.cells.count, len(self.shipped.cells), self.page)
        try:
            wait_for(lambda: self.lab.kernel_state(self.name), "idle", self.page)
        except AssertionError as error:
            error.add_note(f"on the page: {self.page.locator('.jp-Dialog').all_inner_texts()}")
            raise

    def menu(self, *entries: str) -> None:
        """Choose from the menu bar: `menu("Run", "Run All Cells")`."""
        bar, *rest = entries
        self.page.locator(".lm-MenuBar-item").get_by_text(bar, exact=True).click()
        for entry in rest:
            label = re.compile(rf"^{re.escape(entry)}…?$")
            self.page.locator(".lm-Menu-itemLabel").filter(has_text=label).click()

    def index(self, piece: str) -> int:
        found = [i for i, cell in enumerate(self.shipped.cells) if piece in cell.source]
        assert len(found) == 1, f"{self.name}: {piece!r} stands in the cells {found}, not in one"
        return found[0]

    def cell(self, piece: str) -> Locator:
        return self.cells.nth(self.index(piece))

    def source(self, piece: str) -> str:
        return self.shipped.cells[self.index(piece)].source

    def output(self, piece: str) -> Locator:
        return self.cell(piece).locator(".jp-OutputArea-output")

    def counts(self) -> list[int | None]:
        """The execution count of each code cell; None while it runs or where it has not run."""
        prompts = self.panel.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
        found = [COUNT.search(prompt) for prompt in prompts]
        return [int(match[1]) if match else None for match in found]

    def run_all(self) -> None:
        """Clear what is stored, run every cell, and wait until the last one has its count."""
        self.menu("Edit", "Clear Outputs of All Cells")
        empty = [None] * len(self.counts())
        wait_for(self.counts, empty, self.page)
        self.menu("Run", "Run All Cells")
        try:
            for count in range(1, len(empty) + 1):  # the patience is with each cell
                wait_for(lambda count=count: count in self.counts(), True, self.page, CELL_SECONDS)
        except AssertionError as error:
            error.add_note(f"errors on the page: {self.errors()}")
            raise
        wait_for(self.counts, list(range(1, len(empty) + 1)), self.page)
        wait_for(lambda: self.lab.kernel_state(self.name), "idle", self.page)

    def type(self, piece: str, source: str) -> None:
        """Write `source` in place of what stands in a cell."""
        editor = self.cell(piece).locator(".cm-content")
        editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)
        lines = editor.locator(".cm-line")
        wait_for(lambda: "\n".join(lines.all_text_contents()), source, self.page)

    def start(self, piece: str, source: str | None = None) -> Callable[[], bool]:
        """Run one cell, with another source if given. Returns a function: is it done?"""
        if source is None:
            self.cell(piece).locator(".jp-InputPrompt").click()
        else:
            self.type(piece, source)
        prompt = self.cell(piece).locator(".jp-InputPrompt")
        before = prompt.text_content()
        self.page.keyboard.press("ControlOrMeta+Enter")

        def done() -> bool:
            now = prompt.text_content()
            return now != before and bool(COUNT.search(now or ""))

        return done

    def run(self, piece: str, source: str | None = None) -> Locator:
        """Run one cell and wait until it is done. Returns what it shows."""
        wait_for(self.start(piece, source), True, self.page)
        return self.output(piece)

    def explorer(self, piece: str) -> "ExplorerView":
        """The live explorer under a cell that has run."""
        output = self.output(piece)
        output.locator(".widget-vbox").first.wait_for()
        return ExplorerView(output, self.page)

    def cut_off(self) -> list[str]:
        """The labels of controls, and the outputs, that are wider than their place."""
        return self.panel.locator(".widget-label, .jp-OutputArea-output").evaluate_all(CUT_OFF)

    def errors(self) -> list[str]:
        """The text of every error on the page, of a widget too."""
        failed = self.outputs.filter(has_text="Error displaying widget")
        return [
            *self.panel.locator(ERRORS).all_text_contents(),
            *failed.all_text_contents(),
        ]

    def save(self) -> NotebookNode:
        """Save by the menu. Returns what then stands in the file."""
        with self.page.expect_response(
            lambda reply: reply.request.method == "PUT" and f"{self.name}.ipynb" in reply.url
        ):
            self.menu("File", "Save Notebook")
        return self.lab.read(self.name)

    def theme(self, name: str) -> None:
        """Switch the page to LIGHT or DARK."""
        light = str(name == LIGHT).lower()
        if self.page.locator("body").get_attribute("data-jp-theme-light") != light:
            self.menu("Settings", "Theme", name)
        self.page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached")


class ExplorerView:
    """The controls, the drawing and the caption of a live explorer."""

    def __init__(self, output: Locator, page: Page) -> None:
        self.output, self.page = output, page

    def _control(self, label: str) -> Locator:
        return self.output.locator(".widget-inline-hbox").filter(
            has=self.page.locator(".widget-label").get_by_text(label, exact=True)
        )

    def press(self, label: str, key: str) -> int:
        """Focus a slider's handle and press a key. Returns where the slider then stands."""
        handle = self._control(label).get_by_role("slider")
        handle.focus()
        handle.press(key)
        return int(float(handle.get_attribute("aria-valuenow") or "nan"))

    def choose(self, label: str, option: str) -> None:
        self._control(label).get_by_role("combobox").select_option(option)

    def toggle(self, label: str) -> bool:
        """Focus a box and press the space bar. Returns whether it is ticked then."""
        box = self.output.locator(".widget-checkbox", has_text=label).get_by_role("checkbox")
        box.focus()
        box.press("Space")
        return box.is_checked()

    def picture(self) -> bytes:
        """The PNG on the page."""
        try:
            return base64.b64decode(self.output.locator("img").evaluate(BYTES))
        except Error:  # replaced while it was read
            return b""

    def fragment(self) -> str:
        """The HTML on the page."""
        return self.output.locator(".widget-html-content").first.inner_html()

    def parsed(self, html: str) -> str:
        """A fragment as the browser spells it."""
        return self.page.evaluate(PARSED, html)

    def caption(self) -> str:
        return self.output.locator(".widget-html-content").last.text_content() or ""


@contextmanager
def working(purpose: str, settings: dict[str, dict] | None = None) -> Iterator[tuple]:
    """A browser and a JupyterLab for a script, which ends with a word if there is no browser."""
    executable = find_browser()
    if executable is None:
        sys.exit(f"{purpose}: found no Chromium on the PATH; install it.")
    with tempfile.TemporaryDirectory() as folder, browsing(executable) as context:
        lab = Lab(Path(folder), settings)
        try:
            yield context, lab
        finally:
            lab.stop()


@contextmanager
def opened(
    context: BrowserContext, lab: Lab, name: str, address: str | None = None
) -> Iterator[NotebookPage]:
    """A notebook in a page and with a kernel of its own."""
    page = context.new_page()
    notebook = NotebookPage(page, lab, name)
    try:
        page.goto(address or lab.address_of(name, f"{name}-{os.urandom(4).hex()}"))
        notebook.wait_until_ready()
        notebook.menu("View", "Expand All Code")  # a folded cell shows no count
        yield notebook
    finally:
        page.close()
        lab.end_kernel(name)
