"""Notebook 09: its explorer, with parts frozen by the keyboard."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "09_transfer_learning"
PARTS = "explore.frozen_parts("
# A model that the page and the test share, so that every caption and picture can be foretold.
MODEL = """import torch
from torch import nn


class Chain(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(40, 60)
        self.layer = nn.ModuleList(nn.Linear(60, 60) for _ in range(2))
        self.head = nn.Linear(60, 3)

    def forward(self, x):
        return self.head(self.layer[1](self.layer[0](self.first(x))))
"""
EXPLORER = """explore.frozen_parts(
    Chain(),
    {"x": torch.ones(4, 40), "labels": torch.tensor([0, 1, 2, 0])},
    ["first", "layer.0", "layer.1", "head"],
)"""


def here():
    """The explorer of MODEL and EXPLORER, in this process."""
    scope = {"explore": explore}
    exec(MODEL, scope)
    return eval(EXPLORER, scope)


test_notebook_09_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_notebook_s_own_model_is_frozen_and_unfrozen(notebook):
    live = notebook.explorer(PARTS)
    caption, picture = live.caption(), live.picture()
    assert caption.startswith("Learns: ")
    assert live.toggle("embeddings learns") is False
    wait_for(lambda: "nothing before it learns" in live.caption(), True, live.page)
    wait_for(lambda: live.picture() not in (b"", picture), True, live.page)
    assert live.toggle("embeddings learns") is True
    wait_for(live.caption, caption, live.page)
    assert notebook.errors() == []


def test_memory_and_work_follow_the_parts_and_the_batch(notebook):
    explorer = here()
    label = {key: control.label for key, control in explorer.controls.items()}
    notebook.run(PARTS, f"{MODEL}\n\n{EXPLORER}")
    live, learns = notebook.explorer(PARTS), {}
    expect_shown(live, explorer.view())
    for part in ("part3", "part0", "part1", "part2"):  # until nothing learns
        assert live.toggle(label[part]) is False
        learns[part] = False
        expect_shown(live, explorer.view(**learns))
    assert live.toggle(label["part3"]) is True
    learns["part3"] = True
    expect_shown(live, explorer.view(**learns))
    for rows in ("1", "32"):
        live.choose(label["rows"], rows)
        expect_shown(live, explorer.view(rows=rows, **learns))
    assert notebook.errors() == []


def test_rates_fall_and_parts_join_as_the_sliders_say(notebook):
    source = 'explore.rates(["embeddings", "layer.0", "layer.1", "head"])'
    explorer = eval(source)
    label = {key: control.label for key, control in explorer.controls.items()}
    notebook.run(PARTS, source)
    live = notebook.explorer(PARTS)
    expect_shown(live, explorer.view())
    assert live.press(label["factor"], "Home") == 10
    expect_shown(live, explorer.view(factor=10))
    assert live.press(label["every"], "End") == 4
    expect_shown(live, explorer.view(factor=10, every=4))
    live.choose(label["top"], "0.01")
    expect_shown(live, explorer.view(factor=10, every=4, top="0.01"))
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
