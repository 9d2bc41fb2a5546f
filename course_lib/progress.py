"""How far a learner is: the board at the end of every notebook."""

from course_lib import _memory, _panel, exercises
from course_lib._describe import describe


def board(notebook: str) -> _panel.Panel:
    """The progress of one notebook, an exercise a line. `notebook` is its number, such as "01"."""
    all_exercises = exercises.for_notebook(notebook)
    if not all_exercises:
        text = f'{describe(notebook)} has no exercises. Write the number as text, such as "01".'
        return _panel.Panel("No such notebook", (_panel.Row(text),))
    rows = []
    solved = 0
    for item in all_exercises:
        entry = _memory.exercise(item.id)
        solved += entry["solved"]
        state = "solved" if entry["solved"] else "tried" if entry["attempts"] else "open"
        hints = min(entry["hints"], len(item.hints))
        helped = f", {hints} of {len(item.hints)} hints" if hints else ""
        rows.append(
            _panel.Row(f"{item.title} ({item.minutes} min): {state}{helped}", label=item.id)
        )
    right, guessed = _memory.prediction_score(notebook)
    rows.append(_panel.Row(f"{right} right at the first guess, {guessed} made", label="guesses"))
    title = f"Notebook {notebook} · {solved} of {len(all_exercises)} exercises solved"
    tone = "good" if solved == len(all_exercises) else "quiet"
    return _panel.Panel(title, tuple(rows), tone)
