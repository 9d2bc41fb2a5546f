"""Every exercise both ways: right answers are accepted, the mistakes people make are named.

The answers of notebook NN are the tables RIGHT and WRONG of `nbNN_answers.py`.
"""

import importlib
from pathlib import Path

import pytest

from course_lib import exercises
from tests.exercises import nb01_answers, nb06_answers
from tests.exercises.mutants import Right, names, report, told, verdict

HERE = Path(__file__).parent
MODULES = [
    importlib.import_module(f"tests.exercises.{path.stem}")
    for path in sorted(HERE.glob("nb*_answers.py"))
]
RIGHT = [answer for module in MODULES for answer in module.RIGHT]
WRONG = [answer for module in MODULES for answer in module.WRONG]
NOTEBOOKS = sorted(path.name[:2] for path in (HERE.parents[1] / "notebooks").glob("*.ipynb"))
EXERCISES = [item for notebook in NOTEBOOKS for item in exercises.for_notebook(notebook)]


@pytest.mark.parametrize("answer", RIGHT, ids=names(RIGHT))
def test_a_right_answer_written_differently_is_accepted(answer):
    given = verdict(answer)
    assert given.status == "solved", report(given)


@pytest.mark.parametrize("answer", WRONG, ids=names(WRONG))
def test_a_wrong_answer_is_rejected_and_its_mistake_named(answer):
    given = verdict(answer)
    assert given.status == "wrong", report(given)
    assert answer.says in told(given, "idea"), report(given)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_the_reference_passes_every_check(exercise):
    given = verdict(Right(exercise.id, "", exercise.reference))
    assert given.status == "solved", report(given)
    assert sum(row.mark == "ok" for row in given.rows) == len(exercise.checks)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_is_tried_with_a_right_answer_and_three_wrong_ones(exercise):
    assert [answer for answer in RIGHT if answer.id == exercise.id]
    assert len([answer for answer in WRONG if answer.id == exercise.id]) >= 3


@pytest.mark.parametrize(
    ("exercise_id", "spoiler"),
    [("01.2", nb01_answers.SpoilingStandardize), ("01.6", nb01_answers.backward_in_place)],
)
def test_an_attempt_that_changes_its_input_spoils_no_later_one(exercise_id, spoiler):
    assert verdict(Right(exercise_id, "", spoiler)).status == "wrong"
    reference = exercises.find(exercise_id).reference
    assert verdict(Right(exercise_id, "", reference)).status == "solved"


@pytest.mark.parametrize(
    ("exercise_id", "spoiler", "wrong"),
    [
        ("06.3", nb06_answers.predict_extending, nb06_answers.in_the_loader_s_order),
        ("06.3", nb06_answers.predict_sorting, nb06_answers.in_the_loader_s_order),
    ],
    ids=["extends", "sorts"],
)
def test_an_attempt_that_changes_lists_it_is_handed_spoils_no_later_one(
    exercise_id, spoiler, wrong
):
    before = report(verdict(Right(exercise_id, "", wrong)))
    verdict(Right(exercise_id, "", spoiler))
    assert report(verdict(Right(exercise_id, "", wrong))) == before
    reference = exercises.find(exercise_id).reference
    assert verdict(Right(exercise_id, "", reference)).status == "solved"
