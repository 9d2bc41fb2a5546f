"""Rules about how a notebook reads: its opening, its sections, their length, its links."""

import re
from pathlib import Path
from urllib.parse import unquote

from tests.notebooks import tool
from tests.notebooks.page import CLOSING, Page, Place, Section, calls, headings, predictions, prose

FILE_NAME = re.compile(r"\d\d(_[a-z0-9]+)+\.ipynb")
MINUTES = re.compile(r"^\*\*Time\*\* .*?\b(\d+) min(?:utes)?\b", re.MULTILINE)
OPENING = {
    "a title `# NN · Title`": r"^# \d\d · \S",
    "`*The question:* …`": r"^\*The question:\* \S",
    "`**You will be able to** …`": r"^\*\*You will be able to\*\* \S",
    "`**You need first** …`": r"^\*\*You need first\*\* \S",
    "`**Time** … NN minutes`": MINUTES.pattern,
}
WORDS_IN_A_SECTION = 90
WORDS_ELSEWHERE = 200
LINES_OF_CODE = 20
CODE_CELLS_IN_A_ROW = 2

LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+[\"'][^)]*)?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]^]+\]:\s+<?([^\s>]+)", re.MULTILINE)
HTML_LINK = re.compile(
    r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=[\"']([^\"']+)", re.IGNORECASE
)


def file_name(page: Page) -> list[str]:
    if FILE_NAME.fullmatch(page.path.name):
        return []
    return [f"{page.path.name}: the name should be two digits and words, as in 01_some_topic.ipynb"]


def opening(page: Page) -> list[str]:
    """The first cell has the title, the question, aim, needs and time, in that order."""
    first = page.node.cells[0]
    if first.cell_type != "markdown":
        return ["the first cell is no text"]
    found, last = [], -1
    for what, pattern in OPENING.items():
        match = re.search(pattern, first.source, re.MULTILINE)
        if not match:
            found.append(f"the first cell lacks {what}")
        elif match.start() < last:
            found.append(f"the first cell has {what} too late")
        last = max(last, match.start() if match else -1)
    if not first.source.startswith(f"# {page.number} · "):
        found.append(f"the first cell does not begin with `# {page.number} · `")
    return found


def one_title(page: Page) -> list[str]:
    titles = [title for place in page.texts for level, title in headings(place) if level == 1]
    return [] if len(titles) == 1 else [f"one heading `# ` is right, here are {titles}"]


def badge(page: Page) -> list[str]:
    """The badge leads to this notebook, at the address and tag of pyproject.toml."""
    if page.node.cells[0].source.count(tool.badge(page.origin, page.path.name)) == 1:
        return []
    return ["the Colab badge leads elsewhere: run `make badges`"]


def setup_cell(page: Page) -> list[str]:
    """The first code cell is the set-up cell, letter by letter, and stands before the sections."""
    if not page.code:
        return ["there is no code cell"]
    first, found = page.code[0], []
    if first.cell.source != tool.setup_source(page.origin):
        found.append(f"{first} is not the set-up cell: run `make badges`")
    if tool.IGNORE_OUTPUT not in first.tags:
        found.append(f"{first}, the set-up cell, lacks the tag {tool.IGNORE_OUTPUT}")
    if first not in page.sections[0].places:
        found.append(f"{first}, the set-up cell, belongs before the first section")
    return found


def headings_begin_cells(page: Page) -> list[str]:
    """A heading of a section begins its cell, so that it begins a slide."""
    return [
        f"{place}: `## {title}` does not begin its cell"
        for place in page.texts
        for level, title in headings(place)
        if level == 2 and not re.match(rf"## +{re.escape(title)}", place.cell.source)
    ]


def sections_in_order(page: Page) -> list[str]:
    """Numbered sections from 1 upwards, then the four closing ones, and no other."""
    titles = [section.title for section in page.sections[1:]]
    numbers = [section.number for section in page.sections[1:] if section.number is not None]
    count = max(len(titles) - len(CLOSING), 0)
    found = []
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        found.append(f"the sections should be `## 1 · …` and so on, their numbers are {numbers}")
    if tuple(titles[count:]) != CLOSING or len(numbers) != count:
        found.append(f"the sections should be numbered ones, then {CLOSING}; they are {titles}")
    return found


def sections_predict(page: Page) -> list[str]:
    """Every numbered section has a prediction; in 00, where it makes sense, and somewhere."""
    sections = [section for section in page.sections if section.number is not None]
    without = [s.title for s in sections if not any(any(predictions(p)) for p in s.places)]
    if page.is_lesson:
        return [f"`## {title}` has no prediction" for title in without]
    return ["no section has a prediction"] if len(without) == len(sections) else []


def sections_have_code(page: Page) -> list[str]:
    """Every numbered section of a lesson has a code cell."""
    return [
        f"`## {section.title}` has no code cell"
        for section in page.sections
        if page.is_lesson and section.number is not None
        if not any(place.is_code for place in section.places)
    ]


def ends_with_progress(page: Page) -> list[str]:
    """`## Your progress` shows the board, and leads on where a next notebook exists."""
    ending = next((s for s in page.sections if s.title == CLOSING[-1]), Section(""))
    boards = [call for place in ending.places for call in calls(place, "progress.board")]
    found = []
    if [[getattr(a, "value", None) for a in call.args] for call in boards] != [[page.number]]:
        found.append(f'`## {CLOSING[-1]}` should call progress.board("{page.number}") once')
    later = sorted(p.name for p in page.path.parent.glob("*.ipynb") if p.name > page.path.name)
    links = [link for place in ending.places for link in relative_links(text_of(place))]
    if later and later[0] not in links:
        found.append(f"`## {CLOSING[-1]}` should link to {later[0]}")
    return found


def words(source: str) -> int:
    """Words that a reader reads, without code blocks, tables, displayed formulas and addresses."""
    text = re.sub(r"^\s*\|.*$", "", prose(source), flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return sum(any(letter.isalnum() for letter in word) for word in text.split())


def text_length(page: Page) -> list[str]:
    """A text cell has at most 90 words in a numbered section, 200 before and after them."""
    found = []
    for section in page.sections:
        limit = WORDS_ELSEWHERE if section.number is None else WORDS_IN_A_SECTION
        for place in section.places:
            count = words(text_of(place))
            if count > limit:
                found.append(f"{place} has {count} words, {limit} are allowed")
    return found


def code_length(page: Page) -> list[str]:
    counts = [(place, len(place.cell.source.splitlines())) for place in page.code]
    return [
        f"{place} has {count} lines, {LINES_OF_CODE} are allowed"
        for place, count in counts
        if count > LINES_OF_CODE
    ]


def text_between_code(page: Page) -> list[str]:
    """Two code cells may follow one another, three may not."""
    found, row = [], 0
    for place in page.places:
        row = row + 1 if place.is_code else 0
        if row == CODE_CELLS_IN_A_ROW + 1:
            found.append(f"{place} is the third code cell in a row")
    return found


def text_of(place: Place) -> str:
    return "" if place.is_code else place.cell.source


def relative_links(text: str) -> list[str]:
    """The targets of links and pictures that point into the course; code is no link."""
    text = re.sub(r"`[^`\n]*`", "", prose(text))
    found = LINK.findall(text) + REFERENCE.findall(text) + HTML_LINK.findall(text)
    elsewhere = re.compile(r"[a-z][a-z0-9+.-]*:|#|//", re.IGNORECASE)
    return [unquote(link.split("#")[0]) for link in found if not elsewhere.match(link)]


def broken_links(text: str, folder: Path, root: Path = tool.ROOT) -> list[str]:
    """The links in a text of `folder` that lead nowhere, or out of the course at `root`."""
    found = []
    for link in relative_links(text):
        target = (folder / link).resolve()
        if link.startswith("/") or not target.is_relative_to(root.resolve()):
            found.append(f"the link {link} leads out of the course")
        elif not target.exists():
            found.append(f"the link {link} leads to nothing")
    return found


def links_resolve(page: Page) -> list[str]:
    folder, root = page.path.parent, page.path.parent.parent
    found = []
    for place in page.texts:
        found += [f"{place}: {broken}" for broken in broken_links(text_of(place), folder, root)]
        attached = place.cell.get("attachments", {})
        names = re.findall(r"\]\(attachment:([^)\s]+)", place.cell.source)
        lost = [name for name in names if unquote(name) not in attached]
        found += [f"{place}: no attachment {name}" for name in lost]
    return found


def numbers_without_gaps(folder: Path) -> list[str]:
    """The notebooks of a folder count 00, 01, 02 and so on."""
    numbers = [path.name[:2] for path in sorted(folder.glob("*.ipynb"))]
    wanted = [f"{n:02d}" for n in range(len(numbers))]
    if numbers == wanted:
        return []
    return [f"the notebooks should be {wanted}, they are {numbers}"]


RULES = (
    file_name,
    opening,
    one_title,
    badge,
    setup_cell,
    headings_begin_cells,
    sections_in_order,
    sections_predict,
    sections_have_code,
    ends_with_progress,
    text_length,
    code_length,
    text_between_code,
    links_resolve,
)
