"""TensorBoard's page as a reader sees it: each dashboard's drawings, read back as data.

`Dashboards.open` goes to a tab and waits until TensorBoard asks its server for nothing more. The
other methods say at once what is drawn then, and do so for an empty tab as well: {} or [].
"""

import io
import json
import re
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Frame, FrameLocator, Locator, Page

CORNER = re.compile(r"[ML]\s*(-?[\d.e+-]+),(-?[\d.e+-]+)")
NAMES = "cards => cards.map(card => [card.run || '', card.tag])"
NATURAL = "image => [image.naturalWidth, image.naturalHeight]"
SIZES = """shapes => shapes.filter(shape => shape.checkVisibility()).map(shape => {
    const { width, height } = shape.getBBox();
    return [width, height];
})"""
RUNS = """rows => rows.map(row => [
    row.querySelector(".table-column-run"), row.querySelector("button.run-color-swatch")
]).filter(([name, button]) => name && button).map(([name, button]) => [
    name.innerText.trim(), getComputedStyle(button).backgroundColor
])"""
CELLS = """cells => cells.filter(cell => cell.checkVisibility())
    .map(cell => cell.innerText.trim())"""
NEAR = 60  # how far a drawn colour may be from a run's: the edges of a line are blended

Points = list[tuple[float, float]]


def data_folder(address: str) -> Path:
    """The folder that the TensorBoard at this address draws."""
    with urllib.request.urlopen(f"{address}data/environment", timeout=30) as reply:
        return Path(json.load(reply)["data_location"])


def corners(path: str) -> Points:
    """The corners of an SVG path of straight lines."""
    return [(float(x), float(y)) for x, y in CORNER.findall(path)]


def pixels(drawn: Locator) -> np.ndarray:
    """What stands on the screen: (H, W, 3), whole numbers from 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(drawn.screenshot())).convert("RGB")).astype(int)


def colours(picture: np.ndarray) -> int:
    """How many colours a picture has. One that is blank has 1."""
    return len(np.unique(picture.reshape(-1, 3), axis=0))


def width_of(colour: list[int], picture: np.ndarray) -> float:
    """The share of a picture's columns that have a pixel of about this colour."""
    return float((abs(picture - colour).sum(axis=2) < NEAR).any(axis=0).mean())


def listed_runs(board: Page | FrameLocator) -> dict[str, list[int]]:
    """The runs in the table beside the time series, and the colour of each."""
    rows = board.locator("runs-data-table tb-data-table-content-row").evaluate_all(RUNS)
    return {name: [int(part) for part in re.findall(r"\d+", colour)[:3]] for name, colour in rows}


def charts(board: Page | FrameLocator) -> dict[str, dict[str, float]]:
    """The charts of the Time Series tab: how much of its width each run's line takes.

    The lines are drawn in the graphics memory, so that only their pixels can be read.
    """
    runs, found = listed_runs(board), {}
    for card in board.locator("scalar-card-component").all():
        name = re.sub(r"\s", "", card.locator(".tag").first.inner_text())
        lines = card.locator("line-chart .series-view")
        if lines.count():
            lines.first.scroll_into_view_if_needed()
            picture = pixels(lines.first)
            found[name] = {run: width_of(colour, picture) for run, colour in runs.items()}
    return found


class Dashboards:
    """A page with the TensorBoard of an address; `strangers` is what it asked of others."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.strangers: list[str] = []
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        own = urlsplit(self.address).netloc
        if urlsplit(url).scheme not in ("data", "blob", "about") and urlsplit(url).netloc != own:
            self.strangers.append(url)

    def open(self, tab: str, **settings: str) -> None:
        """Go to a tab, as a bookmark does. `settings` are those that stand in the address.

        `tagFilter` and `regexInput` choose curves and runs by regular expressions.
        """
        before = f"?tagFilter={quote(settings.pop('tagFilter', ''))}" if tab == "timeseries" else ""
        after = "".join(f"&{name}={quote(value)}" for name, value in settings.items())
        self.page.goto("about:blank")  # else only the part after the # changes
        self.page.goto(f"{self.address}{before}#{tab}{after}")
        self.page.wait_for_load_state("networkidle")

    def tabs(self) -> list[str]:
        """The tabs that TensorBoard offers because there is something in them."""
        names = self.page.locator("plugin-selector-component .mdc-tab .plugin-name")
        return [name.lower() for name in names.evaluate_all(CELLS)]

    def curves(self) -> dict[str, list[Points]]:
        """The Scalars tab: the lines of each chart, in CSS pixels."""
        return {name[1]: self._lines(card) for name, card in self._cards("tf-scalar-card")}

    def show_outliers(self) -> None:
        """Untick "Ignore outliers": else the Scalars tab leaves out points far from the others."""
        box = self.page.locator("tf-scalar-dashboard paper-checkbox", has_text="Ignore outliers")
        if box.get_attribute("aria-checked") == "true":
            box.click()

    def pr_curves(self) -> dict[str, list[Points]]:
        """The PR Curves tab, likewise."""
        return {name[1]: self._lines(card) for name, card in self._cards("tf-pr-curve-card")}

    def images(self) -> dict[tuple[str, str], list[int]]:
        """The width and height of each picture that has arrived, by run and name."""
        return {
            name: card.locator("a#main-image-container img").first.evaluate(NATURAL)
            for name, card in self._cards("tf-image-loader")
        }

    def texts(self) -> dict[tuple[str, str], str]:
        shown = "tf-markdown-view #markdown"
        return {
            name: "\n".join(card.locator(shown).all_inner_texts())
            for name, card in self._cards("tf-text-loader")
        }

    def histograms(self) -> dict[tuple[str, str], list[list[float]]]:
        """The width and height of each mountain, one for each time that was logged."""
        return self._shapes("tf-histogram-loader", "g.histogram path.outline")

    def distributions(self) -> dict[tuple[str, str], list[list[float]]]:
        """The width and height of each band between two quantiles."""
        return self._shapes("tf-distribution-loader", "path.area")

    def nodes(self) -> list[str]:
        """The full names of the graph's nodes that are drawn now."""
        drawn = self.page.locator("tf-graph-scene g.nodes > g.node")
        names = drawn.evaluate_all("nodes => nodes.map(node => node.getAttribute('data-name'))")
        return sorted(name for name in names if "~~" not in name)  # those are ends of edges

    def unfold(self, node: str) -> None:
        """Open a node of the graph, as a double click does."""
        named = self.page.locator(f'tf-graph-scene g.node[data-name="{node}"]')
        named.locator("> .nodeshape .nodecolortarget").first.dblclick()

    def table(self) -> list[dict[str, str]]:
        """The rows of the HParams tab, by the words in its head."""
        texts = self.page.locator("vaadin-grid-cell-content").evaluate_all(CELLS)
        if "Trial ID" not in texts:
            return []
        shown = self.page.locator("tf-hparams-table-view vaadin-grid").first
        count = shown.evaluate("grid => (grid.items || []).length")
        width = len(texts) // (count + 1)
        rows = [texts[place : place + width] for place in range(0, len(texts), width)]
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]

    def projector(self) -> Frame | None:
        """The frame in which the projector lives, if it is there."""
        return next((f for f in self.page.frames if "projector_binary" in f.url), None)

    def projected(self) -> tuple[int, int, list[str]]:
        """The projector's points, their dimensions, and the names of their labels' columns."""
        frame = self.projector()
        if frame is None or not frame.locator(".numDataPoints").count():
            return 0, 0, []
        counts = [
            int(re.sub(r"\D", "", frame.locator(f"{which}").first.inner_text()) or 0)
            for which in (".numDataPoints", ".dim")
        ]
        columns = frame.locator("#data-panel #labelby paper-item").all_text_contents()
        return counts[0], counts[1], [column.strip() for column in columns]

    def cloud(self) -> np.ndarray:
        """The pixels of the projector's points."""
        frame = self.projector()
        assert frame is not None, "the projector is not there"
        return pixels(frame.locator("#scatter canvas").first)

    def meshes(self) -> dict[tuple[str, str], Locator]:
        """The canvas of each surface in the Mesh tab."""
        cards = self._cards("tf-mesh-loader")
        return {name: card.locator("canvas").first for name, card in cards}

    def turn(self, canvas: Locator) -> None:
        """Drag a surface to the side."""
        box = canvas.bounding_box()
        assert box is not None, "the surface is not on the page"
        x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"], 400) / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 150, y + 40, steps=5)
        self.page.mouse.up()

    def _cards(self, kind: str) -> list[tuple[tuple[str, str], Locator]]:
        """The cards in sight, by run and name; one that stands in two groups counts once."""
        cards = self.page.locator(kind)
        found: dict[tuple[str, str], Locator] = {}
        for place, (run, tag) in enumerate(cards.evaluate_all(NAMES)):
            if (run, tag) not in found and cards.nth(place).is_visible():
                found[run, tag] = cards.nth(place)
        return list(found.items())

    def _lines(self, card: Locator) -> list[Points]:
        drawn = "paths => paths.filter(p => p.checkVisibility()).map(p => p.getAttribute('d'))"
        paths = card.locator("path.line").evaluate_all(drawn)
        return [corners(path) for path in paths if path]

    def _shapes(self, kind: str, shape: str) -> dict[tuple[str, str], list[list[float]]]:
        return {name: card.locator(shape).evaluate_all(SIZES) for name, card in self._cards(kind)}
