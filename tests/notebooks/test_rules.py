"""Every rule in both directions: a notebook that keeps it passes, another is reported."""

import pytest

from tests.notebooks import synthetic, tool
from tests.notebooks.rules import RULES, layout, lessons, sessions, stored
from tests.notebooks.synthetic import (
    before,
    changed,
    display,
    output,
    stream,
    swapped,
    tagged,
    text,
    without,
)

GUESSED = "game.predict('01.2 a count', guess=3"

# rule, a change to a good lesson that breaks it, what the rule has to say
BROKEN = [
    (sessions.card_has_a_plan, changed("*60 minutes for", "*An hour for"), "lacks `*NN minutes"),
    (sessions.card_has_a_plan, changed("*60 minutes for", "*120 minutes for"), "takes 120 minutes"),
    (sessions.card_has_a_plan, changed("- **30**", "- **10**"), "should rise from 0"),
    (sessions.card_has_a_plan, changed("- **30**", "- **60**"), "should rise from 0"),
    (sessions.card_has_a_plan, changed("- **0**", "- **5**"), "should rise from 0"),
    (sessions.card_has_a_plan, changed("the navigator asks", "the other asks"), "the navigator"),
    (sessions.card_has_questions, changed('Expect "no idea". ', ""), "questions 1 to 3"),
    (sessions.card_has_questions, changed("3. *What for?*", "*What for?*"), "questions 1 to 3"),
    (
        sessions.card_has_questions,
        changed(" It is so because of the first section", ""),
        "no reply",
    ),
    (sessions.card_has_a_bug, without("**Bug hunt.**"), "0 bug hunts"),
    (sessions.card_has_a_bug, without("<details>"), "0 folded answers"),
    (sessions.card_has_a_bug, without("wrong = 1"), "no code"),
    (
        sessions.restart_where_the_card_says,
        changed("of section 2, then", "of part 2, then"),
        "once",
    ),
    (
        sessions.restart_where_the_card_says,
        changed("of section 2, then", "of section 1, then"),
        "1",
    ),
    (sessions.restart_where_the_card_says, tagged("# Back from"), "no cell tagged"),
    (sessions.restart_where_the_card_says, changed("# Back from", "# After"), "does not begin"),
    (
        sessions.restart_changes_nothing_otherwise,
        changed("    model = 1", "    model = 1\nx = 2"),
        "if",
    ),
    (
        sessions.restart_changes_nothing_otherwise,
        changed('if "model" not in globals():', "if True:"),
        "nothing else",
    ),
    (
        stored.no_stored_error,
        output(
            "error = 0.1",
            {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": []},
        ),
        "the error NameError",
    ),
    (stored.few_ignored_outputs, tagged("error = 0.1", tool.IGNORE_OUTPUT), "2 cells are tagged"),
    (stored.no_way_around_nbval, tagged("error = 0.1", "raises-exception"), "tag raises-exception"),
    (stored.no_way_around_nbval, tagged("error = 0.1", "nbval-skip"), "tag nbval-skip"),
    (stored.no_way_around_nbval, changed("error = 0.1", "# NBVAL_SKIP\nerror = 0.1"), "comment"),
    (stored.measured_numbers_are_asserted, changed("assert error < 0.5\n", ""), "asserts nothing"),
    (
        stored.measured_numbers_are_asserted,
        changed("assert error < 0.5", "# assert"),
        "asserts noth",
    ),
    (stored.no_machine_traces, output("error = 0.1", stream("<X at 0x7f00aa11>")), "address"),
    (stored.no_machine_traces, output("error = 0.1", stream("in /home/me/x")), "path"),
    (stored.no_machine_traces, output("error = 0.1", display(plain="C:\\x")), "path"),
    (stored.no_machine_traces, output("error = 0.1", display(html="<i>/tmp/a</i>")), "path"),
    (stored.no_machine_traces, output("error = 0.1", stream("2026-01-02 10:11")), "date"),
    (stored.no_machine_traces, output("error = 0.1", display(svg="2026-01-02T10:11:12")), "date"),
    (stored.no_machine_traces, output("error = 0.1", stream("took 3 ms")), "time"),
    (stored.no_machine_traces, output("error = 0.1", stream("took ≈ 0.3 seconds")), "time"),
    (stored.no_machine_traces, output("error = 0.1", stream("took 2.5 s")), "time"),
    (stored.no_machine_traces, output("error = 0.1", stream("5/5 [00:01<00:00, 9.1it/s]")), "time"),
    (stored.no_silenced_line, changed("error = 0.1", "error = 0.1;"), "semicolon"),
    (stored.no_silenced_line, changed("error = 0.1", "error = 0.1;  # so"), "semicolon"),
    (layout.opening, changed("*The question:*", "The question:"), "lacks `*The question:*"),
    (layout.opening, changed("**You will be able to**", "You learn"), "lacks `**You will be able"),
    (layout.opening, changed("**You need first**", "You need"), "lacks `**You need first**"),
    (layout.opening, changed("45 minutes", "an hour"), "lacks `**Time**"),
    (layout.badge, changed("[![Open in Colab]", "[![Open]"), "leads elsewhere"),
    (layout.opening, changed("# 01 · Some", "# Some"), "lacks a title"),
    (layout.opening, changed("# 01 ·", "# 02 ·"), "does not begin with `# 01 · `"),
    (layout.opening, changed("*The question:* what is it?\n\n", ""), "lacks `*The question:*"),
    (layout.opening, lambda cells: cells.pop(0), "no text"),
    (
        layout.opening,
        changed("# 01 · Some topic", "**Time** 5 minutes.\n\n# 01 · Some"),
        "too late",
    ),
    (layout.one_title, changed("A short text.", "# Another"), "one heading `# ` is right"),
    (layout.badge, changed("some-course/blob", "old-course/blob"), "leads elsewhere"),
    (layout.badge, changed("v9.9.9/notebooks", "v1/notebooks"), "leads elsewhere"),
    (layout.setup_cell, changed("runtime.report()", "runtime.report(1)"), "not the set-up cell"),
    (layout.setup_cell, without("# Set-up"), "is not the set-up cell"),
    (layout.setup_cell, tagged("# Set-up"), "lacks the tag"),
    (layout.setup_cell, swapped("# Set-up", "## 1"), "before the first section"),
    (layout.headings_begin_cells, changed("## 1", "Words.\n\n## 1"), "does not begin its cell"),
    (layout.sections_in_order, changed("## 2 ·", "## 3 ·"), "numbers are [1, 3]"),
    (layout.sections_in_order, without("## What breaks"), "the sections should be"),
    (layout.sections_in_order, swapped("## Recap", "## Peer session"), "the sections should be"),
    (layout.sections_in_order, before("## Recap", text("## An extra")), "An extra"),
    (layout.sections_in_order, before("## Your progress", text("## 3 · Late")), "3 · Late"),
    (layout.sections_predict, without("predict('01.2"), "`## 2 · Another idea` has no prediction"),
    (
        layout.sections_predict,
        changed("'01.2 a count', guess=None, actual=3", "x, y"),
        "no predict",
    ),
    (layout.sections_predict, changed("predict('01.2", "predicted('01.2"), "no prediction"),
    (layout.sections_have_code, before("## Recap", text("## 3 · Empty")), "has no code cell"),
    (layout.ends_with_progress, changed("board('01')", "board('02')"), "progress.board"),
    (layout.ends_with_progress, without("progress.board"), "progress.board"),
    (layout.text_length, changed("A short text.", "word " * 91), "words, 90 are allowed"),
    (layout.text_length, changed("- One thing.", "word " * 200), "words, 200 are allowed"),
    (layout.text_length, changed("what is it?", "word " * 200), "words, 200 are allowed"),
    (layout.code_length, changed("error = 0.1", "error = 0.1\n" + "x = 1\n" * 17), "21 lines"),
    (layout.text_between_code, without("**Explore:**"), "third code cell in a row"),
    (layout.links_resolve, changed("A short text.", "See [it](missing.md)."), "leads to nothing"),
    (layout.links_resolve, changed("A short text.", "![](images/x.png)"), "leads to nothing"),
    (layout.links_resolve, changed("A short text.", '<img src="x.png">'), "leads to nothing"),
    (layout.links_resolve, changed("A short text.", "[a]\n\n[a]: x.md"), "leads to nothing"),
    (layout.links_resolve, changed("A short text.", "[out](../../x)"), "out of the course"),
    (layout.links_resolve, changed("A short text.", "[out](/etc)"), "out of the course"),
    (layout.links_resolve, changed("A short text.", "![](attachment:x.png)"), "no attachment"),
    (lessons.exercises_complete, changed("check('01.5'", "check('01.6'"), "should be"),
    (lessons.exercises_complete, without("check('01.5'"), "4 exercises, a lesson has 5"),
    (lessons.exercises_complete, without("check('01.5'"), "course_lib lists"),
    (lessons.exercises_complete, swapped("check('01.1'", "check('01.2'"), "they are"),
    (lessons.exercises_complete, changed("check('01.2'", "check('01.1'"), "they are"),
    (lessons.exercises_announced, changed("01.3 · 3 min", "01.3 · 4 min"), "· 3 min.**`"),
    (lessons.exercises_announced, without("**Exercise 01.3"), "lacks `**Exercise 01.3"),
    (lessons.exercises_announced, before("check('01.3'", text("More.")), "lacks `**Exercise 01.3"),
    (
        lessons.exercises_announced,
        changed("One thing", "**Exercise 01.6 · 3 min.**"),
        "6 exercises",
    ),
    (lessons.exercise_cells, changed("answer_1 = exercise", "right = exercise"), "should end in"),
    (lessons.exercise_cells, changed("'01.1', answer_1)", "'01.1', answer)"), "should end in"),
    (lessons.exercise_cells, changed("answer_1 = exercise", "exercise"), "should end in"),
    (
        lessons.exercise_cells,
        changed("'01.1', answer_1)", "'01.1', answer_1)\nprint()"),
        "should e",
    ),
    (lessons.stubs_unsolved, changed("    ...", "    return x"), "01.1 has no `...`"),
    (lessons.stubs_unsolved, changed("def answer_1", "def other"), "not in its cell"),
    (lessons.no_help_in_lessons, changed("error = 0.1", "exercise.hint('01.1')"), "exercise.hint"),
    (
        lessons.no_help_in_lessons,
        changed("error = 0.1", "exercise.solution('01.1')"),
        "exercise.solu",
    ),
    (lessons.no_help_in_lessons, tagged("error = 0.1", "wrong-on-purpose"), "is tagged"),
    (lessons.explorer, changed("explore.module_tree(model)", "tree(model)"), "an explorer"),
    (lessons.predictions_named, changed("'01.2 a count'", "'02.2 a count'"), "called `01.k"),
    (lessons.predictions_named, changed("'01.2 a count'", "name"), "called `01.k"),
    (lessons.predictions_named, changed("'01.2 a count'", "'01.1 a count'"), "numbered 01.1"),
    (lessons.predictions_open, changed("guess=None", "guess=(2, 3)"), "lacks guess=None"),
    (lessons.predictions_open, changed("guess=None, ", ""), "lacks guess=None"),
    (lessons.predictions_named, changed("predict('01.2", "game.predict('02.2"), "called `01.k"),
    (
        lessons.predictions_open,
        changed("predict('01.2 a count', guess=None", GUESSED),
        "lacks guess",
    ),
    (lessons.minutes_add_up, changed("45 minutes", "15 minutes"), "take 15 minutes"),
]

# rule, a change to a good lesson that looks bad and is not
ALLOWED = [
    (stored.no_way_around_nbval, tagged("error = 0.1", "remove-input")),
    (stored.no_machine_traces, output("error = 0.1", stream("0xff, the 1980s, 10:20, 45 minutes"))),
    (stored.no_machine_traces, output("error = 0.1", display(html="https://x.org/home/a"))),
    (
        stored.no_machine_traces,
        output("error = 0.1", display(html='<img src="data:image/png;base64,AA/tmp/AA=="/>')),
    ),
    (stored.no_silenced_line, changed("error = 0.1", "error = 0.1; x = 'a;'  # a;")),
    (stored.no_silenced_line, changed("error = 0.1", 'x = """\na {b: c;\n}"""\nerror = 0.1')),
    (layout.one_title, changed("A short text.", "```\n# no heading\n```")),
    (layout.sections_in_order, changed("A short text.", "```\n## no heading\n```\n\n### Small")),
    (layout.text_length, changed("A short text.", "word " * 85)),
    (layout.text_length, changed("A short text.", "| " + "word | " * 99)),
    (layout.text_length, changed("A short text.", "```\n" + "word " * 99 + "\n```")),
    (layout.text_length, changed("- One thing.", "word " * 190)),
    (layout.code_length, changed("error = 0.1", "error = 0.1\n" + "x = 1\n" * 16)),
    (layout.links_resolve, changed("A short text.", f"[a]({synthetic.NAME}#part) [b](#there)")),
    (layout.links_resolve, changed("A short text.", "[a](https://a.b/c) <https://x.y> `[x](y)`")),
    (lessons.stubs_unsolved, changed("def answer_1(x):\n    ...", "answer_1 = ...")),
    (
        lessons.stubs_unsolved,
        changed(
            "def answer_1(x):\n    ...", "class answer_1(M):\n    def forward(self):\n        ..."
        ),
    ),
    (lessons.predictions_named, changed("'01.2 a count'", "'01.2'")),
    (lessons.predictions_named, changed("error = 0.1", "error = 0.1\npredict(model, loader)")),
    (lessons.predictions_open, changed("error = 0.1", "error = 0.1\nmodel.predict(x)")),
    (layout.sections_predict, changed("predict('01.2", "game.predict('01.2")),
    (lessons.minutes_add_up, changed("45 minutes", "16 minutes")),
]

# rules about the file, which no change to the cells before storing can break
BROKEN_FILES = {
    stored.valid_format,
    stored.normalised,
    stored.every_cell_has_run,
    stored.no_stderr,
    stored.outputs_belong_to_code,
    layout.file_name,
}


def named(cases):
    count = {}
    for rule, *_ in cases:
        count[rule] = count.get(rule, 0) + 1
        yield f"{rule.__name__}-{count[rule]}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_lesson_is_reported_by_no_rule(rule, tmp_path):
    assert rule(synthetic.lesson(tmp_path)) == []


@pytest.mark.parametrize(("rule", "change", "says"), BROKEN, ids=named(BROKEN))
def test_a_lesson_that_breaks_a_rule_is_reported(rule, change, says, tmp_path):
    cells = synthetic.lesson_cells()
    change(cells)
    found = rule(synthetic.page(tmp_path, cells))
    assert any(says in line for line in found), found


@pytest.mark.parametrize(("rule", "change"), ALLOWED, ids=named(ALLOWED))
def test_a_lesson_that_only_looks_bad_is_not_reported(rule, change, tmp_path):
    cells = synthetic.lesson_cells()
    change(cells)
    assert rule(synthetic.page(tmp_path, cells)) == []


def test_every_rule_is_tested_against_a_notebook_that_breaks_it():
    assert {rule for rule, *_ in BROKEN} | BROKEN_FILES == set(RULES)
