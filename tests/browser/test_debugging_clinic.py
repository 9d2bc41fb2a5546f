"""Notebook 12: its explorer, every instrument on several patients."""

import pytest

from course_lib import explore
from tests.browser import common
from tests.browser.page import expect_shown, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "12_debugging_clinic"
CLINIC = "explore.clinic("
SOURCE = "explore.clinic()"


test_notebook_12_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_each_instrument_is_used_and_then_each_patient_examined(notebook):
    explorer = explore.clinic()
    label = {key: control.label for key, control in explorer.controls.items()}
    options = {key: control.options for key, control in explorer.controls.items()}
    notebook.run(CLINIC, SOURCE)
    live = notebook.explorer(CLINIC)
    expect_shown(live, explorer.view())  # the same processor: equal to the last bit
    for instrument in reversed(options["instrument"]):
        live.choose(label["instrument"], instrument)
        expect_shown(live, explorer.view(instrument=instrument))
    live.choose(label["instrument"], "what a step moves")
    for patient in options["patient"]:
        live.choose(label["patient"], patient)
        expect_shown(live, explorer.view(patient=patient, instrument="what a step moves"))
    assert notebook.errors() == []


def test_both_controls_are_followed_together_and_what_is_seen_twice_is_the_same(notebook):
    explorer = explore.clinic()
    label = {key: control.label for key, control in explorer.controls.items()}
    notebook.run(CLINIC, SOURCE)
    live = notebook.explorer(CLINIC)
    expect_shown(live, explorer.view())
    picture = live.picture()
    for patient, instrument in (
        ("D", "alone or in company"),
        ("F", "activations"),
        ("H", "answers"),
        ("healthy", "one epoch"),
    ):
        live.choose(label["patient"], patient)
        live.choose(label["instrument"], instrument)
        expect_shown(live, explorer.view(patient=patient, instrument=instrument))
    live.choose(label["patient"], "A")
    live.choose(label["instrument"], "overfit one batch")
    wait_for(live.picture, picture, live.page)
    assert notebook.errors() == []


test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
