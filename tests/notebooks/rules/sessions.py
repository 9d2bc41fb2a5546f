"""Rules about peer sessions: a complete card, and a cell from which a fresh kernel goes on."""

import ast
import re

from tests.notebooks.page import CLOSING, Page, Place, Section, tree
from tests.notebooks.rules.layout import text_of
from tests.notebooks.store import RESTART

COMMENT = "# Back from a break"
SENTENCE = re.compile(
    r"To restart in a fresh kernel: run the set-up cell and the cell \*\*Back from a break\*\* "
    r"at the start of section (\d+), then go on from there\."
)
LENGTH = re.compile(r"^\*(\d+) minutes for two or three\b", re.MULTILINE)
MARK = re.compile(r"^- \*\*(\d+)\*\* ", re.MULTILINE)
QUESTION = re.compile(r"^(\d)\. \*[^*\n]+\?(?: [^*\n]+\?)?\* Expect (.+)$", re.MULTILINE)
PARTS = {"the driver": "driver", "the navigator": "navigator", "a break": "break"}
MINUTES = (45, 90)
QUESTIONS = 3
WORDS_OF_AN_ANSWER = 6


def card(page: Page) -> Section:
    return next((s for s in page.sections if s.title == CLOSING[2]), Section(""))


def _plan(page: Page) -> str:
    places = card(page).places
    return text_of(places[0]) if places else ""


def card_has_a_plan(page: Page) -> list[str]:
    """Minutes in all, marks that rise from 0 and stay below them, two roles, a break."""
    plan = _plan(page)
    length, marks = LENGTH.search(plan), [int(mark) for mark in MARK.findall(plan)]
    found = []
    if not length:
        return ["the peer session lacks `*NN minutes for two or three …`"]
    if not MINUTES[0] <= int(length[1]) <= MINUTES[1]:
        found.append(f"the peer session takes {length[1]} minutes, {MINUTES} are allowed")
    if marks[:1] != [0] or marks != sorted(set(marks)) or marks[-1] >= int(length[1]):
        found.append(f"the marks of the peer session should rise from 0, they are {marks}")
    lower = plan.lower()
    return found + [
        f"the peer session lacks {what}" for what, word in PARTS.items() if word not in lower
    ]


def card_has_questions(page: Page) -> list[str]:
    """Three questions, each with the wrong answer to expect and what to say to it."""
    asked = QUESTION.findall(_plan(page))
    numbers = [number for number, _ in asked]
    if numbers != [str(k) for k in range(1, QUESTIONS + 1)]:
        return [f"the peer session should have questions 1 to 3 with `Expect`, they are {numbers}"]
    return [
        f"question {number} of the peer session has an expected answer and no reply to it"
        for number, expected in asked
        if len(re.sub(r'"[^"]*"', "", expected).split()) < WORDS_OF_AN_ANSWER
    ]


def card_has_a_bug(page: Page) -> list[str]:
    """A planted bug in code, and its solution folded away behind it."""
    places = card(page).places
    texts = [text_of(place) for place in places]
    hunts = [k for k, text in enumerate(texts) if text.startswith("**Bug hunt.**")]
    answers = [k for k, text in enumerate(texts) if text.startswith("<details><summary>The answer")]
    if len(hunts) != 1 or len(answers) != 1:
        return [f"the peer session has {len(hunts)} bug hunts and {len(answers)} folded answers"]
    if not any(place.is_code for place in places[hunts[0] : answers[0]]):
        return ["no code stands between the bug hunt and its answer"]
    return []


def restart_places(page: Page) -> list[Place]:
    return [place for place in page.code if RESTART in place.tags]


def restart_where_the_card_says(page: Page) -> list[str]:
    """The restart cells stand together, right below the heading of the section that is named."""
    named = SENTENCE.findall(_plan(page))
    if len(named) != 1:
        return [f"the peer session should say once: {SENTENCE.pattern}"]
    places = restart_places(page)
    section = next((s for s in page.sections if s.number == int(named[0])), Section(""))
    if not places or section.places[1 : 1 + len(places)] != places:
        return [f"no cell tagged `{RESTART}` stands right below the heading of section {named[0]}"]
    if not places[0].cell.source.startswith(COMMENT):
        return [f"{places[0]} does not begin with `{COMMENT}`"]
    return []


def restart_changes_nothing_otherwise(page: Page) -> list[str]:
    """All that a restart cell does stands under `if "name" not in globals():`."""
    return [
        f'{place} should be one `if "…" not in globals():` and nothing else'
        for place in restart_places(page)
        if not _only_if_missing(tree(place.cell.source).body)
    ]


def _only_if_missing(body: list[ast.stmt]) -> bool:
    match body:
        case [ast.If(test=test, orelse=[])]:
            return bool(re.fullmatch(r"'\w+' not in globals\(\)", ast.unparse(test)))
    return False


RULES = (
    card_has_a_plan,
    card_has_questions,
    card_has_a_bug,
    restart_where_the_card_says,
    restart_changes_nothing_otherwise,
)
