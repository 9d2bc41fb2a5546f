"""What is said about each finding: words for each name, a section that exists, code."""

import ast
import json
import re
from pathlib import Path

import pytest

from course_lib.doctor._catalogue import CATALOGUE, finding

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
# The names that the course promises; others may come.
NAMES = """
    no-zero-grad zero-grad-after-backward no-optimizer-step train-in-eval-mode eval-in-train-mode
    detached-loss softmax-before-cross-entropy sigmoid-before-bce-with-logits
    nll-without-log-softmax broadcast-in-regression-loss labels-out-of-range unused-class
    head-too-wide labels-unrelated-to-inputs parameters-not-in-optimizer
    optimizer-of-another-model hidden-layers-in-a-list plain-tensor-not-parameter
    nothing-trainable frozen-batchnorm-updates frozen-weights-move learning-rate-too-high
    learning-rate-too-low scheduler-stepped-too-often scheduler-before-optimizer
    dropout-always-on samples-leak-within-batch padding-not-masked dead-relu vanishing-gradient
    exploding-gradient not-shuffled train-valid-overlap empty-loader one-class-collapse
    input-not-normalised non-finite-input wrong-device masked-lm-labels-unmasked
"""


def headings(notebook):
    """The numbers of a notebook's sections, "## 2 · Without each line" for 2."""
    cells = json.loads((NOTEBOOKS / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "markdown" for line in cell["source"]]
    return [int(found[1]) for line in lines if (found := re.match(r"## (\d+) · \S", line))]


def test_every_promised_name_is_there():
    assert len(NAMES.split()) == 39
    assert set(NAMES.split()) - set(CATALOGUE) == set()


@pytest.mark.parametrize("name", CATALOGUE)
def test_each_name_says_why_what_to_do_and_where_it_is_taught(name):
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", name)
    entry = CATALOGUE[name]
    for text in (entry.why, entry.fix):
        assert text[0].isupper() or text[0] in "`(", text
        assert text.endswith(".") and "!" not in text and len(text) < 220
    made = finding(name, "x", "advice")
    assert (made.why, made.fix, made.code) == (entry.why, entry.fix, entry.code)
    assert made.severity == "advice" and finding(name, "x").severity == "fault"


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_section_that_teaches_it_exists(name):
    found = re.fullmatch(r"notebooks/(\d\d_\w+), section (\d+)", finding(name, "x").section)
    assert found and int(found[2]) in headings(found[1])


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_code_compiles_and_does_something(name):
    assert ast.parse(CATALOGUE[name].code).body
    assert max(map(len, CATALOGUE[name].code.split("\n"))) <= 100
