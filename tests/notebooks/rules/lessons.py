"""Rules about what a learner does in a notebook: predictions, explorers, open exercises."""

import ast
import re

from tests.notebooks.page import (
    WRONG_ON_PURPOSE,
    Page,
    Place,
    calls,
    first_text,
    predictions,
    shown,
    tree,
)
from tests.notebooks.rules.layout import MINUTES, text_of

FEWEST_EXERCISES = 5
HELP = ("exercise.hint", "exercise.solution")
EXERCISE = re.compile(r"\*\*Exercise (\d\d\.\d+) · (\d+) min\.\*\*")


def checks(page: Page) -> list[tuple[Place, str]]:
    """(cell, exercise id) of every `exercise.check` that waits for the learner, in order."""
    return [
        (place, first_text(call)) for place in page.code for call in calls(place, "exercise.check")
    ]


def exercises_complete(page: Page) -> list[str]:
    """Every listed exercise is set once, in order, numbered from 1; five or more in a lesson."""
    ids = [exercise_id for _, exercise_id in checks(page)]
    listed = [exercise.id for exercise in page.exercises]
    wanted = [f"{page.number}.{k}" for k in range(1, len(ids) + 1)]
    found = []
    if ids != wanted:
        found.append(f"the exercises should be {wanted}, they are {ids}")
    if ids != listed:
        found.append(f"the notebook sets {ids}, course_lib lists {listed}")
    if page.is_lesson and len(ids) < FEWEST_EXERCISES:
        found.append(f"{len(ids)} exercises, a lesson has {FEWEST_EXERCISES} or more")
    return found


def exercises_announced(page: Page) -> list[str]:
    """The text right before an exercise says its number and its minutes, and no other text does."""
    minutes = {exercise.id: exercise.minutes for exercise in page.exercises}
    found, announced = [], []
    for place, exercise_id in checks(page):
        before = text_of(page.places[place.index - 1]) if place.index else ""
        announced += EXERCISE.findall(before)
        if (exercise_id, str(minutes.get(exercise_id))) not in EXERCISE.findall(before):
            line = f"**Exercise {exercise_id} · {minutes.get(exercise_id)} min.**"
            found.append(f"{place}: the text before it lacks `{line}`")
    everywhere = [match for place in page.texts for match in EXERCISE.findall(place.cell.source)]
    if sorted(everywhere) != sorted(announced):
        found.append(f"{len(everywhere)} exercises are announced, {len(announced)} before a check")
    return found


def exercise_cells(page: Page) -> list[str]:
    """`name = exercise.check(id, name)` is the one check of its cell and ends it."""
    found = []
    for place in page.code:
        if not any(calls(place, "exercise.check")):
            continue
        match tree(place.cell.source).body[-1]:
            case ast.Assign(
                targets=[ast.Name(target)], value=ast.Call(args=[ast.Constant(), ast.Name(passed)])
            ) if target == passed and len(list(calls(place, "exercise.check"))) == 1:
                continue
        found.append(f"{place} should end in `name = exercise.check(id, name)` and check once")
    return found


def attempt(place: Place) -> ast.stmt | None:
    """The statement of a stub cell that makes what the cell passes to `exercise.check`."""
    *before, last = tree(place.cell.source).body
    name = last.targets[0].id if isinstance(last, ast.Assign) else ""
    for statement in reversed(before):
        match statement:
            case ast.FunctionDef(name=made) | ast.ClassDef(name=made) if made == name:
                return statement
            case ast.Assign(targets=[ast.Name(made)]) | ast.AnnAssign(target=ast.Name(made)) if (
                made == name
            ):
                return statement
    return None


def stubs_unsolved(page: Page) -> list[str]:
    """A notebook is stored unsolved: a stub has a `...`, or its attempt is wrong on purpose."""
    if exercise_cells(page):
        return []
    found = []
    for place, exercise_id in checks(page):
        made = attempt(place)
        if made is None:
            found.append(f"{place}: the stub of {exercise_id} is not in its cell")
        elif WRONG_ON_PURPOSE in place.tags:
            if not any("· not yet" in text for text in shown(place)):
                found.append(f"{place}: the attempt at {exercise_id} should be wrong, and is not")
        elif not any(isinstance(n, ast.Constant) and n.value is ... for n in ast.walk(made)):
            found.append(f"{place}: the stub of {exercise_id} has no `...`, so it is solved")
    return found


def no_help_in_lessons(page: Page) -> list[str]:
    """A lesson asks for no hint or solution and makes no mistake on purpose; 00 shows how."""
    found = []
    for place in page.code if page.is_lesson else ():
        names = [name for name in HELP if any(calls(place, name))]
        found += [f"{place} calls {name}" for name in names]
        if WRONG_ON_PURPOSE in place.tags:
            found.append(f"{place} is tagged {WRONG_ON_PURPOSE}")
    return found


def explorer(page: Page) -> list[str]:
    if not page.is_lesson or any(any(calls(place, "explore.")) for place in page.code):
        return []
    return ["a lesson has an explorer, here is no call of `explore.…`"]


def predictions_named(page: Page) -> list[str]:
    """Each prediction has a name of its own that begins with the notebook's number and its own."""
    names = [first_text(call) for place in page.code for call in predictions(place)]
    numbers = [name.split(" ")[0] for name in names]
    found = [
        f"the prediction {name!r} should be called `{page.number}.k some words`"
        for name in names
        if not re.fullmatch(rf"{page.number}\.\d+( \S.*)?", name)
    ]
    twice = [number for number in dict.fromkeys(numbers) if numbers.count(number) > 1]
    return found + [f"two predictions are numbered {number}" for number in twice]


def predictions_open(page: Page) -> list[str]:
    """Every prediction is stored with `guess=None`."""
    found = []
    for place in page.code:
        for call in predictions(place):
            match [keyword.value for keyword in call.keywords if keyword.arg == "guess"]:
                case [ast.Constant(value=None)]:
                    continue
            found.append(f"{place}: the prediction {first_text(call)!r} lacks guess=None")
    return found


def minutes_add_up(page: Page) -> list[str]:
    """The exercises take less time than the whole notebook."""
    match = MINUTES.search(text_of(page.places[0]))
    total = sum(exercise.minutes for exercise in page.exercises)
    if match and total >= int(match[1]):
        return [f"the exercises take {total} minutes, the notebook says {match[1]} for all"]
    return []


RULES = (
    exercises_complete,
    exercises_announced,
    exercise_cells,
    stubs_unsolved,
    no_help_in_lessons,
    explorer,
    predictions_named,
    predictions_open,
    minutes_add_up,
)
