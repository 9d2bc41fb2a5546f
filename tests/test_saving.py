"""A saved notebook holds what can be shown without its kernel."""

from course_lib._saving import drop_views

VIEW = "application/vnd.jupyter.widget-view+json"


def notebook(*outputs):
    return {"type": "notebook", "content": {"cells": [{"source": "x"}, {"outputs": [*outputs]}]}}


def test_the_view_is_dropped_where_there_is_something_else_to_show():
    model = notebook({"data": {VIEW: {"model_id": "1"}, "text/plain": "a card"}})
    drop_views(model=model, path="a.ipynb", contents_manager=None)
    assert model["content"]["cells"][1]["outputs"] == [{"data": {"text/plain": "a card"}}]


def test_a_widget_that_is_nothing_but_a_view_and_other_outputs_stay():
    outputs = [{"data": {VIEW: {}}}, {"text": "printed"}, {"data": {"text/plain": "3"}}]
    model = notebook(*outputs)
    drop_views(model=model)
    assert model == notebook(
        {"data": {VIEW: {}}}, {"text": "printed"}, {"data": {"text/plain": "3"}}
    )


def test_other_files_are_left_alone():
    model = {"type": "file", "content": "cells"}
    drop_views(model=model)
    assert model == {"type": "file", "content": "cells"}
