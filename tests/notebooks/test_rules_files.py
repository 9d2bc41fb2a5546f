"""Rules that look at the file as it is stored, and what notebook 00 may do, in both directions."""

import json

import pytest

from tests.notebooks import store, synthetic, tool
from tests.notebooks.page import Page
from tests.notebooks.rules import layout, lessons, stored
from tests.notebooks.synthetic import before, changed, code, output, stream, tagged, text, without


def stored_page(tmp_path, change):
    """The good lesson, changed as it stands in the file."""
    path = synthetic.lesson(tmp_path).path
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(json.dumps(raw, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    return Page(path, store.read(path), path.read_text(encoding="utf-8"), synthetic.ORIGIN)


def test_the_same_file_written_again_is_still_good(tmp_path):
    page = stored_page(tmp_path, lambda raw: None)
    assert [rule(page) for rule in stored.RULES] == [[]] * len(stored.RULES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda raw: raw.update(nbformat_minor=4), "format 4.4"),
        (lambda raw: raw["cells"][0].pop("id"), "'id' is a required property"),
        (lambda raw: raw["cells"][1].pop("outputs"), "'outputs' is a required property"),
        (lambda raw: raw["cells"][1].update(id=raw["cells"][0]["id"]), "two cells have the id"),
    ],
)
def test_a_file_in_the_wrong_format_is_reported(change, says, tmp_path):
    found = stored.valid_format(stored_page(tmp_path, change))
    assert any(says in line for line in found), found


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["cells"][2]["metadata"].update(collapsed=False),
        lambda raw: raw["cells"][2]["metadata"].pop("slideshow"),
        lambda raw: raw["metadata"].update(widgets={}),
        lambda raw: raw["metadata"]["kernelspec"].update(name="conda-env"),
        lambda raw: raw["metadata"]["language_info"].update(version="3.11.7"),
    ],
)
def test_a_file_that_is_not_normalised_is_reported(change, tmp_path):
    assert "make notebooks" in stored.normalised(stored_page(tmp_path, change))[0]


@pytest.mark.parametrize("count", [None, 7])
def test_a_cell_that_has_not_run_in_order_is_reported(count, tmp_path):
    page = stored_page(tmp_path, lambda raw: raw["cells"][3].update(execution_count=count))
    assert f"has count {count} instead of 2" in stored.every_cell_has_run(page)[0]


def test_an_empty_code_cell_is_reported(tmp_path):
    cells = synthetic.lesson_cells()
    cells[4] = code("")
    assert "empty code cell" in stored.every_cell_has_run(synthetic.page(tmp_path, cells))[0]


def test_stored_stderr_is_reported(tmp_path):
    noise = stream("a warning", name="stderr")
    page = stored_page(tmp_path, lambda raw: raw["cells"][4]["outputs"].append(noise))
    assert "stderr" in stored.no_stderr(page)[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["cells"][4].update(source="print(2)"),
        lambda raw: raw["metadata"].pop("course"),
        lambda raw: raw["cells"].pop(4),
    ],
)
def test_code_that_changed_after_the_run_is_reported(change, tmp_path):
    assert "code has changed" in stored.outputs_belong_to_code(stored_page(tmp_path, change))[0]


def test_text_that_changed_after_the_run_is_not_reported(tmp_path):
    page = stored_page(tmp_path, lambda raw: raw["cells"][2].update(source="## 1 · New"))
    assert stored.outputs_belong_to_code(page) == []


@pytest.mark.parametrize(
    "name", ["1_topic.ipynb", "01-topic.ipynb", "01_Topic.ipynb", "topic.ipynb"]
)
def test_a_file_name_that_does_not_sort_is_reported(name, tmp_path):
    page = synthetic.page(tmp_path, synthetic.lesson_cells(), name=name)
    assert name in layout.file_name(page)[0]


def test_one_cell_in_twenty_may_be_ignored(tmp_path):
    cells = synthetic.lesson_cells()
    cells[4:4] = [code(f"x = {k}") for k in range(12)]  # 9 + 12 = 21 code cells
    tagged("x = 3", tool.IGNORE_OUTPUT)(cells)
    assert stored.few_ignored_outputs(synthetic.page(tmp_path, cells)) == []


def test_a_lesson_links_to_the_next_one_once_that_exists(tmp_path):
    (tmp_path / "02_next.ipynb").touch()
    cells = synthetic.lesson_cells()
    assert "link to 02_next.ipynb" in layout.ends_with_progress(synthetic.page(tmp_path, cells))[0]
    changed("## Your progress", "## Your progress\n\n[Next](02_next.ipynb)")(cells)
    assert layout.ends_with_progress(synthetic.page(tmp_path, cells)) == []


def start(*changes):
    """The cells of a notebook 00, changed."""
    cells = synthetic.lesson_cells("00", "00_start.ipynb")
    for change in changes:
        change(cells)
    return cells


def rules_broken(tmp_path, cells):
    page = synthetic.page(tmp_path, cells, name="00_start.ipynb")
    rules = (*lessons.RULES, layout.sections_predict, layout.sections_have_code)
    return {rule.__name__ for rule in rules if rule(page)}


def test_notebook_00_may_show_what_a_lesson_may_not(tmp_path):
    cells = start(
        without("predict('00.2"),
        without("explore."),
        changed("error = 0.1", "exercise.hint('00.1')\nerror = 0.1"),
        before("**Exercise 00.1", text("## 3 · Only text")),
        changed("    ...", "    return x"),
        tagged("answer_1(x)", "wrong-on-purpose"),
        output("answer_1(x)", stream("Exercise 00.1 · Swap · not yet\n")),
    )
    assert rules_broken(tmp_path, cells) == set()


def test_what_is_wrong_on_purpose_has_to_be_wrong(tmp_path):
    cells = start(
        changed("    ...", "    return x"),
        tagged("answer_1(x)", "wrong-on-purpose"),
        output("answer_1(x)", stream("Exercise 00.1 · Swap · solved\n")),
    )
    assert rules_broken(tmp_path, cells) == {"stubs_unsolved"}


def test_notebook_00_leaves_its_own_exercises_open(tmp_path):
    cells = start(changed("    ...", "    return 'solved'"))
    assert rules_broken(tmp_path, cells) == {"stubs_unsolved"}


def test_notebook_00_needs_a_prediction_somewhere(tmp_path):
    cells = start(changed("predict(", "print(", count=2))
    page = synthetic.page(tmp_path, cells, name="00_start.ipynb")
    assert layout.sections_predict(page) == ["no section has a prediction"]


def test_a_magic_does_not_hide_the_rest_of_a_cell(tmp_path):
    cells = synthetic.lesson_cells()
    changed("predict('01.1", "%matplotlib inline\npredict('01.1")(cells)
    page = synthetic.page(tmp_path, cells)
    assert layout.sections_predict(page) == []
    assert lessons.predictions_open(page) == []


@pytest.mark.parametrize(
    ("numbers", "right"), [("00 01 02", True), ("00 02", False), ("01", False), ("00 01 01", False)]
)
def test_notebooks_are_numbered_without_gaps(numbers, right, tmp_path):
    for k, number in enumerate(numbers.split()):
        (tmp_path / f"{number}_{k}.ipynb").touch()
    assert (layout.numbers_without_gaps(tmp_path) == []) is right
