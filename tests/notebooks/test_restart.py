"""From its restart cell on, a notebook runs in a fresh kernel and shows what it showed before."""

import nbformat
import pytest

from tests.notebooks import store, tool
from tests.notebooks.page import load
from tests.notebooks.rules.sessions import restart_places
from tests.notebooks.test_sanitize import sanitised

NOTEBOOKS = tool.chosen(())


def texts(cell):
    """What a code cell shows, as nbval would compare it; pictures are left out."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {"text/plain": output.get("text", "")})
        found += [sanitised(data[kind]) for kind in sorted(data) if kind.startswith("text/")]
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_fresh_kernel_goes_on_from_the_restart_cell(path):
    page = load(path)
    first = restart_places(page)[0].index
    cells = [page.code[0].cell, *page.node.cells[first:]]
    ran, _ = tool.run(nbformat.from_dict({**page.node, "cells": cells}), path.parent)
    for stored, now in zip(cells[1:], store.normalise(ran).cells[1:], strict=True):
        # The board tells what was tried, and in this kernel less was.
        if stored.cell_type == "code" and "progress.board(" not in stored.source:
            assert texts(now) == texts(stored), stored.source


def test_what_is_compared_is_text_without_measured_numbers():
    output = {"output_type": "stream", "name": "stdout", "text": "one ≈ 0.5\n"}
    picture = {
        "output_type": "display_data",
        "data": {"image/png": "aGFsbG8=", "text/plain": "<p>"},
    }
    cell = nbformat.from_dict({"cell_type": "code", "source": "", "outputs": [output, picture]})
    assert texts(cell) == ["one ≈ #\n", "<p>"]
