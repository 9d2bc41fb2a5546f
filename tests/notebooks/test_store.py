"""Normalising, hashing and writing a notebook."""

import copy
import os
import stat

import nbformat
import pytest

from tests.notebooks import store, synthetic
from tests.notebooks.synthetic import bare, code, display, stream, text


def one(cell):
    """The normalised cell of a notebook that has only this one."""
    return store.normalise(bare(cell)).cells[0]


def test_counts_run_from_one_and_outputs_follow():
    result = {"output_type": "execute_result", "execution_count": 9, "data": {}, "metadata": {}}
    result["data"] = {"text/plain": "1"}
    first, second = code("1", result), code("2")
    first["execution_count"], second["execution_count"] = 9, 12
    cells = store.normalise(bare(text("# A"), first, second)).cells
    assert [cell.execution_count for cell in cells[1:]] == [1, 2]
    assert cells[1].outputs[0].execution_count == 1


def test_a_cell_that_has_not_run_keeps_its_empty_count():
    idle = code("1") | {"execution_count": None}
    cells = store.normalise(bare(idle, code("2"))).cells
    assert [cell.execution_count for cell in cells] == [None, 2]


def test_valid_ids_stay():
    cells = store.normalise(bare(text("a") | {"id": "mine-1"}, text("b") | {"id": "Two_2"})).cells
    assert [cell.id for cell in cells] == ["mine-1", "Two_2"]


@pytest.mark.parametrize("bad", [None, "", "two words", "ü", "x" * 65, 7])
def test_a_missing_or_invalid_id_is_made_from_the_cell_and_always_the_same(bad):
    cell = text("words") if bad is None else text("words") | {"id": bad}
    first, again, other = one(dict(cell)).id, one(dict(cell)).id, one(text("other words")).id
    assert first == again != other
    assert store.VALID_ID.fullmatch(first)


def test_of_two_equal_ids_the_first_stays():
    twins = [text("a") | {"id": "same"}, text("b") | {"id": "same"}]
    first, second = store.normalise(bare(*twins)).cells
    assert first.id == "same" != second.id


def test_equal_cells_without_ids_get_different_ones():
    cells = store.normalise(bare(*[text("same")] * 5)).cells
    assert len({cell.id for cell in cells}) == 5


def test_a_made_id_gives_way_to_a_stored_one():
    made = one(text("words")).id
    cells = store.normalise(bare(text("words"), text("late") | {"id": made})).cells
    assert cells[1].id == made != cells[0].id


def test_metadata_of_one_session_goes_and_tags_stay():
    cell = code("1", tags=("mine", "mine"))
    cell["metadata"] |= {
        "collapsed": False,
        "scrolled": True,
        "execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"},
        "outputId": "x",
        "jupyter": {"outputs_hidden": True},
    }
    assert one(cell).metadata == {"tags": ["mine"], "slideshow": {"slide_type": "-"}}


def test_notebook_metadata_is_kernel_language_and_code_hash_only():
    notebook = bare(code("1"))
    notebook.metadata.update(
        kernelspec={"name": "conda-env-x", "display_name": "X"},
        language_info={"name": "python", "version": "3.12.1"},
        widgets={"application/vnd.jupyter.widget-state+json": {}},
        colab={"provenance": []},
        course={"code_hash": "abc", "other": 1},
    )
    metadata = store.normalise(notebook).metadata
    assert set(metadata) == {"kernelspec", "language_info", "course"}
    assert metadata.kernelspec.name == "python3"
    assert metadata.kernelspec.display_name == "Python 3 (ipykernel)"
    assert "version" not in metadata.language_info
    assert metadata.course == {"code_hash": "abc"}


def test_widget_views_and_stderr_go_pictures_stay():
    view = {store.WIDGET_VIEW: {"model_id": "1"}}
    shown = display(plain="a slider", png="aGFsbG8=")
    shown["data"] |= view
    only_view = {"output_type": "display_data", "metadata": {}, "data": dict(view)}
    cell = one(code("1", stream("noise", "stderr"), shown, only_view))
    assert [output.data for output in cell.outputs] == [
        {"text/plain": "a slider", "image/png": "aGFsbG8="}
    ]


def test_consecutive_stdout_is_merged_and_its_order_among_displays_kept():
    parts = [stream("a"), stream("x", "stderr"), stream("b"), display(plain="p"), stream("c")]
    outputs = one(code("1", *parts)).outputs
    assert [output.get("text", output.get("data")) for output in outputs] == [
        "ab",
        {"text/plain": "p"},
        "c",
    ]


def test_the_code_of_a_restart_cell_is_folded():
    folded = one(code("if 'x' not in globals():\n    x = 1", tags=(store.RESTART,)))
    assert folded.metadata.jupyter == {"source_hidden": True}
    assert "jupyter" not in one(code("x = 1")).metadata


def test_a_heading_begins_a_slide():
    cells = store.normalise(bare(text("# A"), code("1"), text("## B"))).cells
    assert [cell.metadata.slideshow.slide_type for cell in cells] == ["slide", "-", "slide"]


def messy():
    shown = display(plain="a", png="aGFsbG8=")
    shown["data"][store.WIDGET_VIEW] = {"model_id": "1"}
    attached = text("![](attachment:a.png)") | {"attachments": {"a.png": {"image/png": "aGFs"}}}
    notebook = bare(
        text("# A") | {"id": "same"},
        code("1", stream("a"), stream("b"), shown) | {"id": "same"},
        attached,
    )
    notebook.metadata["widgets"] = {}
    return notebook


def test_normalising_twice_changes_nothing_more():
    once = store.normalise(messy())
    assert store.normalise(once) == once
    assert store.as_text(store.normalise(once)) == store.as_text(once)


def test_normalising_leaves_its_argument_alone():
    notebook = messy()
    before = copy.deepcopy(notebook)
    store.stamp(store.normalise(notebook))
    assert notebook == before


def test_a_normalised_notebook_is_valid_and_keeps_attachments():
    normal = store.normalise(messy())
    nbformat.validate(normal)
    assert (normal.nbformat, normal.nbformat_minor) == (4, 5)
    assert normal.cells[2].attachments == {"a.png": {"image/png": "aGFs"}}


def hashed(*sources):
    return store.code_hash(bare(*map(code, sources)))


def test_the_hash_follows_the_code_cells_and_their_order():
    assert hashed("setup", "a", "b") == hashed("setup", "a", "b")
    different = [("setup", "a", "c"), ("setup", "b", "a"), ("setup", "a"), ("setup", "ab", "")]
    assert hashed("setup", "a", "b") not in {hashed(*sources) for sources in different}


def test_the_hash_leaves_out_the_setup_cell_and_text():
    assert hashed("setup", "a") == hashed("another set-up", "a")
    with_text = bare(text("# A"), code("setup"), text("more"), code("a"))
    assert store.code_hash(with_text) == hashed("setup", "a")


def test_only_a_stamp_renews_the_recorded_hash():
    notebook = synthetic.notebook(code("setup"), code("a"))
    recorded = notebook.metadata.course.code_hash
    notebook.cells[1].source = "b"
    assert store.normalise(notebook).metadata.course.code_hash == recorded
    assert store.stamp(notebook).metadata.course.code_hash == hashed("setup", "b") != recorded


def test_a_file_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "a.ipynb"
    notebook = synthetic.notebook(text("# Ü ≈ ·\n\ntwo lines"), code("a\nb", stream("1\n2\n")))
    assert store.write(path, notebook)
    raw = path.read_bytes().decode("utf-8")
    assert raw.startswith('{\n "cells": [') and raw.endswith("}\n") and not raw.endswith("\n\n")
    assert "Ü ≈ ·" in raw
    assert store.read(path) == notebook
    assert nbformat.read(path, as_version=4) == notebook


def test_a_file_that_would_not_change_is_not_touched(tmp_path):
    path = tmp_path / "a.ipynb"
    store.write(path, synthetic.notebook(text("# A")))
    os.utime(path, (1, 1))
    assert not store.write(path, synthetic.notebook(text("# A")))
    assert path.stat().st_mtime == 1


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    store.write(path, synthetic.notebook(text("# A")))
    before = path.read_bytes()

    def full(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        store.write(path, synthetic.notebook(text("# B")))
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.ipynb")) == [path]
    assert not list(tmp_path.glob(".a.*"))


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_rewritten_file_keeps_its_mode(tmp_path):
    path = tmp_path / "a.ipynb"
    store.write(path, synthetic.notebook(text("# A")))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o664)
    store.write(path, synthetic.notebook(text("# B")))
    assert stat.S_IMODE(path.stat().st_mode) == 0o664


@pytest.mark.parametrize("content", ["", "{", "[]", '{"nbformat": 3}', '{"nbformat": 4}'])
def test_a_file_that_is_no_notebook_is_refused_by_name(content, tmp_path):
    path = tmp_path / "odd.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.ipynb: got a damaged file"):
        store.read(path)
