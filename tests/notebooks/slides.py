"""Where slides begin: as much stands on one as fits, and nothing below a question but its answer.

Heights are estimates in pixels, for a slide of 1280 x 720 with the sizes of notebooks/rise.css, so
that a notebook can be stored without a browser; `tests/browser/test_slides.py` measures all slides.
"""

import base64
import math
import re
import struct
import textwrap

HEIGHT = 660  # of 720, since an estimate may be a little too small
LINES = {"text": 29.0, "code": 22.0, "printed": 21.6, "panel": 27.0, "row": 30.0}
COLUMNS = {"text": 104, "list": 94, "code": 108, "panel": 100}
GAP, HEADING, BADGE = 8, 44, 46
# The least number of lines of code that leaves a figure so many pixels: as in rise.css.
FIGURE_HEIGHTS = ((11, 340), (7, 430), (0, 500))
FIGURE_WIDTH = 1184
HEADINGS = ("# ", "## ")
ASKS = re.compile(r"(?<![.\w])(?:predict|exercise\.check)\(")
ITEM = re.compile(r"\s*(?:[-*]|\d+\.)\s")
ANSWER = re.compile(r"<details><summary>.*?</details>", re.DOTALL)


def slide_types(cells: list[dict]) -> list[str]:
    """For each cell "slide" at a heading, "subslide" where the slide before is full, else "-".

    A text stays with the code below it if both fit; what asks something ends its slide.
    """
    types: list[str] = []
    used, asked = 0.0, False
    for place, cell in enumerate(cells):
        own = height(cell)
        wanted = own
        if cell["cell_type"] == "markdown" and place + 1 < len(cells):
            together = own + height(cells[place + 1])
            if cells[place + 1]["cell_type"] == "code" and together <= HEIGHT:
                wanted = together
        is_text = cell["cell_type"] == "markdown"
        if is_text and cell["source"].startswith(HEADINGS):
            types.append("slide")
        elif place and (asked or used + wanted > HEIGHT):
            types.append("subslide")
        else:
            types.append("-")
        used = own + (used if types[-1] == "-" else 0)
        asked = not is_text and bool(ASKS.search(cell["source"]))
    return types


def height(cell: dict) -> float:
    """The pixels that a cell takes on a slide, with what is stored below it."""
    if cell["cell_type"] == "markdown":
        return _text_height(cell["source"])
    hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
    lines = 1 if hidden else cell["source"].count("\n") + 1
    shown = sum(_output_height(output, lines) for output in cell.get("outputs", []))
    return lines * LINES["code"] + 3 * GAP + shown


def _text_height(source: str) -> float:
    total, in_code = float(GAP), False
    for line in ANSWER.sub("The answer", source).split("\n"):
        if line.startswith("```"):
            in_code = not in_code
        elif in_code:
            total += LINES["printed"]
        elif line.startswith("#"):
            total += HEADING
        elif line.startswith("|"):
            total += _row_height(line)
        elif line.startswith("[!["):
            total += BADGE
        elif ITEM.match(line):
            total += _wrapped(line, "list") * LINES["text"] + GAP
        elif line.strip():
            total += _wrapped(line, "text") * LINES["text"]
        else:
            total += GAP
    return total


def _wrapped(line: str, kind: str) -> int:
    read = re.sub(r"\]\([^)]*\)|[*`$]", "", line)
    return len(textwrap.wrap(read, COLUMNS[kind]))


def _row_height(line: str) -> float:
    """The row of a table: its fullest cell decides, and full cells get more of the width."""
    if set(line) <= set("|-: "):
        return 0
    lengths = [len(cell.strip()) for cell in line.strip("|").split("|")]
    lines = max(math.ceil(max(lengths) / 52), math.ceil(sum(lengths) / 118))
    return lines * 26 + 9


def _output_height(output: dict, lines_of_code: int) -> float:
    data = output.get("data", {})
    if "image/png" in data:
        most = next(most for least, most in FIGURE_HEIGHTS if lines_of_code >= least)
        return min(most, _shown_height(data["image/png"])) + 3 * GAP
    if "text/html" in data:
        return _panel_height(data["text/html"])
    text = output.get("text", data.get("text/plain", "")).rstrip("\n")
    rows = sum(max(1, math.ceil(len(line) / COLUMNS["code"])) for line in text.split("\n"))
    return rows * LINES["printed"] + GAP


def _shown_height(png: str) -> float:
    """How high a PNG is when no wider than the slide; endless where it cannot be read."""
    size = base64.b64decode(png)[16:24]  # of the header: width and height, four bytes each
    if len(size) < 8:
        return math.inf
    width, tall = struct.unpack(">II", size)
    return tall * min(1, FIGURE_WIDTH / width)


def _panel_height(page: str) -> float:
    """A panel of the course, or a table of pandas: what the browser would wrap, roughly."""
    rest = re.sub(r"<style.*?</style>|<table.*?</table>", "", page, flags=re.DOTALL)
    blocks = re.split(r"</?(?:div|p|pre|li|h\d)\b[^>]*>|<br[^>]*>|\n", rest)
    texts = [re.sub(r"<[^>]+>", "", block).strip() for block in blocks]
    lines = sum(len(textwrap.wrap(text, COLUMNS["panel"])) for text in texts)
    return page.count("<tr") * LINES["row"] + lines * LINES["panel"] + 3 * GAP
