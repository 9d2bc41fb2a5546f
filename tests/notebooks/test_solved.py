"""Every notebook runs solved, each cell twice in a row, guesses late, and then all once more."""

import pytest

from tests.notebooks import solve, store, synthetic, tool
from tests.notebooks.synthetic import code, text

NOTEBOOKS = tool.chosen(())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_solved_by_its_solutions_whatever_runs_a_second_time(path):
    from course_lib import exercises

    notebook = solve.again_and_again(store.read(path))
    expected = solve.expected(notebook)
    assert expected, "the notebook has no exercise"
    ran = solve.run_solved(notebook, path.parent, exercises.solution_source)
    assert solve.shown(ran) == expected
    assert ran.cells[-1].outputs[0].text == "answers that changed: {}\n"


SOLUTIONS = {
    "01.1": 'def double(x: int) -> int:\n    """Twice x."""\n    return 2 * x',
    "01.2": "class Box:\n    size = 3",
    "01.3": "answer = 42",
}


@pytest.mark.parametrize(
    ("before", "made", "after", "number"),
    [
        ("", "def double(x):\n    '''int'''\n    ...", "\n\n\ndouble = {check}, double)", "01.1"),
        ("import os\n\n", "def double(x): ...", "\ny = 1\ndouble = {check}, double)", "01.1"),
        (
            "",
            "@one\n@two(\n    3\n)\ndef double(x):\n    ...",
            "\ndouble = {check}, double)",
            "01.1",
        ),
        ("def help():\n    ...\n", "class Box(A):\n    b = ...", "\nBox = {check}, Box)", "01.2"),
        ("x = 1\n", "answer = ...", "\nanswer = {check}, answer)", "01.3"),
        ("", "answer = (\n    ...\n)", "\nanswer = {check}, answer)", "01.3"),
        ("%time 1\n", "answer: int = ...", "\nanswer = {check}, answer)", "01.3"),
    ],
)
def test_what_a_stub_makes_is_replaced_by_its_solution(before, made, after, number):
    after = after.format(check=f"exercise.check('{number}'")
    solved = before + SOLUTIONS[number] + after
    assert solve.fill(before + made + after, SOLUTIONS.__getitem__) == solved


@pytest.mark.parametrize("source", ["def double(x):\n    ...", "x = ...", "# exercise.check('01')"])
def test_a_cell_without_a_check_stays(source):
    assert solve.fill(source, SOLUTIONS.__getitem__) == source


def test_a_check_of_a_name_from_elsewhere_is_refused():
    with pytest.raises(ValueError, match=r"exercise 01\.1: the cell should make the name"):
        solve.fill("double = exercise.check('01.1', double)", SOLUTIONS.__getitem__)


def test_filling_leaves_text_and_the_original_alone():
    stub = "answer = ...\nanswer = exercise.check('01.3', answer)"
    notebook = synthetic.bare(text(stub), code(stub))
    filled = solve.filled(notebook, SOLUTIONS.__getitem__)
    assert [cell.source for cell in filled.cells] == [stub, stub.replace("...", "42")]
    assert notebook.cells[1].source == stub


LAB = '''
class exercise:
    """As much of the exercise lab as a notebook of stubs needs."""

    def check(id, attempt):
        right = attempt == 42 if id == "01.3" else attempt(2) == 4
        verdict = "solved" if right else "not yet"
        display({"text/plain": f"Exercise {id} · Title · {verdict}\\n  more"}, raw=True)
        return attempt
'''
STUBS = [
    "def double(x):\n    ...\n\n\ndouble = exercise.check('01.1', double)",
    "answer = ...\nanswer = exercise.check('01.3', answer)",
]


def lab(*sources):
    return synthetic.bare(code(LAB), *map(code, sources))


def solved(notebook, folder):
    return solve.shown(solve.run_solved(notebook, folder, SOLUTIONS.__getitem__))


def test_an_answer_that_is_another_when_its_cell_runs_again_is_reported(tmp_path):
    ask = "from course_lib.predict import predict\npredict('01.{}', guess=None, actual={})"
    asked = solve.again_and_again(
        synthetic.bare(
            code("n = 1"), code(ask.format(1, "n")), code(ask.format(2, "7")), code("n += 1")
        )
    )
    ran, _ = tool.run(asked, tmp_path)
    assert ran.cells[-1].outputs[0].text == "answers that changed: {'01.1': (1, 3)}\n"


def test_a_notebook_whose_solutions_are_right_is_solved(tmp_path):
    notebook = lab(*STUBS)
    assert solve.expected(notebook) == ["01.1 solved", "01.3 solved"]
    assert solved(notebook, tmp_path) == solve.expected(notebook)


def test_a_wrong_solution_shows_on_its_card(tmp_path):
    wrong = SOLUTIONS | {"01.3": "answer = 41"}
    ran = solve.run_solved(lab(*STUBS), tmp_path, wrong.__getitem__)
    assert solve.shown(ran) == ["01.1 solved", "01.3 not yet"]


def test_what_is_wrong_on_purpose_is_solved_as_well(tmp_path):
    notebook = lab(STUBS[0].replace("...", "return 0"), STUBS[1])
    notebook.cells[1].metadata = {"tags": ["wrong-on-purpose"]}
    assert solve.expected(notebook) == ["01.1 solved", "01.3 solved"]
    assert solved(notebook, tmp_path) == solve.expected(notebook)


def test_a_check_that_shows_no_card_is_missed(tmp_path):
    silent = LAB.replace("        display", "        if id != '01.3': display")
    notebook = synthetic.bare(code(silent), *map(code, STUBS))
    assert solved(notebook, tmp_path) == ["01.1 solved"]


def test_a_solution_that_breaks_a_later_cell_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        solve.run_solved(lab(*STUBS, "1 / (answer - 42)"), tmp_path, SOLUTIONS.__getitem__)


@pytest.mark.parametrize(
    "sources",
    [
        ["x = 1 if 'x' not in globals() else 1 / 0", "del x"],  # the next cell mends it
        ["if 'x' in globals():\n    1 / 0", "x = 1"],
    ],
    ids=["twice in a row", "once more"],
)
def test_a_cell_that_cannot_run_again_is_an_error(sources, tmp_path):
    notebook = synthetic.bare(*map(code, sources))
    assert len(tool.run(notebook, tmp_path)[1]) == 2
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        tool.run(solve.again_and_again(notebook), tmp_path)


def test_each_cell_runs_twice_then_predictions_the_last_one_first_then_all():
    first, second = (f"predict('01.{n}', guess=None, actual=1)" for n in (1, 2))
    notebook = synthetic.bare(text("# A"), code("1"), code(first), code(second))
    *cells, report = [cell.source for cell in solve.again_and_again(notebook).cells]
    cells.remove(solve.RECORDER)
    each = ["# A", "1", first, second]
    assert cells == [s for s in each for _ in range(2)] + [second, first] + each
    assert report == solve.REPORT
