"""Rules about what a notebook file holds: its form, its outputs, nothing of one machine."""

import ast
import io
import math
import re
import tokenize
from itertools import pairwise

from nbformat.validator import iter_validate

from tests.notebooks import store
from tests.notebooks.page import Page, python, shown, tree
from tests.notebooks.tool import IGNORE_OUTPUT

FORBIDDEN_TAGS = {
    "raises-exception",
    "nbval-raises-exception",
    "nbval-skip",
    "nbval-check-output",
    "pytest-validate-ignore-output",
}
COMMENT_MARKER = re.compile(r"^\s*#+\s*(NBVAL_|PYTEST_VALIDATE_)\w+", re.MULTILINE)
MACHINE_TRACES = {
    "an object's address": r"\b0x[0-9a-fA-F]{6,}",
    "a path of one machine": r"(?<![\w.])/(?:home|root|work|Users|tmp)/|\b[A-Z]:\\",
    "a date and time": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\b\d\d:\d\d:\d\d\b",
    "a time in seconds": r"\d[ \u00a0]?(?:ms|µs|μs|ns|secs?|seconds?)\b|\d s\b|\d(?:it|batch)/s",
}


def valid_format(page: Page) -> list[str]:
    """The file is nbformat 4.5 to the letter, and no two cells share an id."""
    node = page.node
    if (node.get("nbformat"), node.get("nbformat_minor")) != (4, 5):
        return [f"format {node.get('nbformat')}.{node.get('nbformat_minor')} instead of 4.5"]
    found = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in iter_validate(node)]
    ids = [cell.get("id") for cell in node.cells]
    twice = [one for one in dict.fromkeys(ids) if ids.count(one) > 1]
    return found + [f"two cells have the id {one}" for one in twice]


def normalised(page: Page) -> list[str]:
    """The file is what `normalise` makes of it."""
    normal = store.as_text(store.normalise(page.node))
    if page.text == normal:
        return []
    pairs = zip(page.text.splitlines(), normal.splitlines(), strict=False)
    line = next((n for n, (is_, be) in enumerate(pairs, start=1) if is_ != be), "the last")
    return [f"line {line} of the file is not in the stored form: run `make notebooks`"]


def every_cell_has_run(page: Page) -> list[str]:
    """Code cells count 1 to n, none is empty."""
    found = []
    for count, place in enumerate(page.code, start=1):
        if not place.cell.source.strip():
            found.append(f"{place} is an empty code cell")
        if place.cell.get("execution_count") != count:
            found.append(
                f"{place} has count {place.cell.get('execution_count')} instead of {count}"
            )
    return found


def no_stored_error(page: Page) -> list[str]:
    return [
        f"{place} stores the error {output.get('ename')}"
        for place in page.code
        for output in place.cell.outputs
        if output.output_type == "error"
    ]


def no_stderr(page: Page) -> list[str]:
    return [
        f"{place} stores what was written to stderr"
        for place in page.code
        for output in place.cell.outputs
        if output.get("name") == "stderr"
    ]


def outputs_belong_to_code(page: Page) -> list[str]:
    """The recorded hash is that of the code, so that the outputs come from this very code."""
    recorded = page.node.metadata.get("course", {}).get("code_hash")
    if recorded == store.code_hash(page.node):
        return []
    return ["code has changed since the outputs were stored (or never ran): run `make notebooks`"]


def few_ignored_outputs(page: Page) -> list[str]:
    """At most one code cell in twenty has its output ignored. The set-up cell is one of them."""
    ignored = [place for place in page.code if IGNORE_OUTPUT in place.tags]
    allowed = math.ceil(len(page.code) / 20)
    if len(ignored) <= allowed:
        return []
    return [f"{len(ignored)} cells are tagged {IGNORE_OUTPUT}, {allowed} may be"]


def no_way_around_nbval(page: Page) -> list[str]:
    """No tag and no comment lets a cell fail, or skips it."""
    found = []
    for place in page.code:
        found += [f"{place} has the tag {tag}" for tag in place.tags if tag in FORBIDDEN_TAGS]
        if COMMENT_MARKER.search(place.cell.source):
            found.append(f"{place} steers nbval by a comment")
    return found


def measured_numbers_are_asserted(page: Page) -> list[str]:
    """A cell that shows a measured number (≈) asserts something."""
    return [
        f"{place} shows ≈ and asserts nothing"
        for place in page.code
        if any("≈" in text for text in shown(place))
        and not any(isinstance(node, ast.Assert) for node in ast.walk(tree(place.cell.source)))
    ]


def no_machine_traces(page: Page) -> list[str]:
    """No stored output tells where or when it was made."""
    found = []
    for place in page.code:
        for text in shown(place):
            for what, pattern in MACHINE_TRACES.items():
                if match := re.search(pattern, text):
                    found.append(f"{place} stores {what}: {match[0]!r}")
    return found


def no_silenced_line(page: Page) -> list[str]:
    """No code line ends in a semicolon: nbval compares what it hides. `plt.show()` hides better."""
    found = []
    for place in page.code:
        lines = io.StringIO(python(place.cell.source)).readline
        for token, after in pairwise(tokenize.generate_tokens(lines)):
            if token.string == ";" and after.type in (tokenize.NEWLINE, tokenize.COMMENT):
                found.append(f"{place} has a line that ends in a semicolon: {token.line.strip()}")
    return found


RULES = (
    valid_format,
    normalised,
    every_cell_has_run,
    no_stored_error,
    no_stderr,
    outputs_belong_to_code,
    few_ignored_outputs,
    no_way_around_nbval,
    measured_numbers_are_asserted,
    no_machine_traces,
    no_silenced_line,
)
