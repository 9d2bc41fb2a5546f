"""What a learner has solved and guessed, kept in one small JSON file.

The file is `progress.json` in `runtime.state_dir()`. It is replaced atomically; a damaged one is
set aside under another name and a new one begun, and where nothing can be written, progress lasts
as long as the session.
"""

import json
import os
from pathlib import Path

from course_lib import _files, runtime

VERSION = 1
_unsaved: dict[Path, dict] = {}


def _path() -> Path:
    return runtime.state_dir() / "progress.json"


def _empty() -> dict:
    return {"version": VERSION, "exercises": {}, "predictions": {}}


def _is_sound(state: object) -> bool:
    """Whether `state` has the shape that this module writes."""
    if not isinstance(state, dict) or state.get("version") != VERSION:
        return False
    tables = [state.get("exercises"), state.get("predictions")]
    return all(
        isinstance(table, dict) and all(isinstance(entry, dict) for entry in table.values())
        for table in tables
    )


def _set_aside(path: Path) -> None:
    """Rename a damaged file, so that nothing in it is lost, and say so once."""
    number = 1
    while (aside := path.with_name(f"progress.damaged-{number}.json")).exists():
        number += 1
    os.replace(path, aside)
    print(
        f"progress: {path.name} could not be read and was set aside as {aside.name}; a new one "
        "begins."
    )


def load() -> dict:
    """The learner's progress: `{"version", "exercises": {id: …}, "predictions": {id: …}}`."""
    path = _path()
    if path in _unsaved:
        return _unsaved[path]
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _empty()
    except (OSError, ValueError, RecursionError):
        state = None
    if _is_sound(state):
        return state
    try:
        _set_aside(path)
    except OSError as error:
        _keep_for_this_session(path, _empty(), error)
        return _unsaved[path]
    return _empty()


def _keep_for_this_session(path: Path, state: dict, error: OSError) -> None:
    if path not in _unsaved:
        print(
            f"progress: {path} cannot be used ({error.strerror}); it lasts for this session only."
        )
    _unsaved[path] = state


def _save(state: dict) -> None:
    path = _path()
    try:
        content = json.dumps(state, indent=1, sort_keys=True).encode()
        _files.write_atomically(path, content)
        _unsaved.pop(path, None)
    except OSError as error:
        _keep_for_this_session(path, state, error)


def _count(entry: dict, key: str) -> int:
    value = entry.get(key, 0)
    return value if isinstance(value, int) else 0


def exercise(exercise_id: str) -> dict:
    """What is known of one exercise: `{"attempts": n, "hints": n, "solved": bool}`."""
    entry = load()["exercises"].get(exercise_id, {})
    return {
        "attempts": _count(entry, "attempts"),
        "hints": _count(entry, "hints"),
        "solved": entry.get("solved") is True,
    }


def record_attempt(exercise_id: str, solved: bool) -> None:
    """Count an attempt. An exercise that was solved once stays solved."""
    state, entry = load(), exercise(exercise_id)
    entry["attempts"] += 1
    entry["solved"] = entry["solved"] or solved
    state["exercises"][exercise_id] = entry
    _save(state)


def record_hint(exercise_id: str) -> int:
    """Count a hint and return how many have now been given."""
    state, entry = load(), exercise(exercise_id)
    entry["hints"] += 1
    state["exercises"][exercise_id] = entry
    _save(state)
    return entry["hints"]


def record_prediction(prediction_id: str, right: bool) -> None:
    """Keep whether the first guess was right; later guesses do not change it."""
    state = load()
    if prediction_id not in state["predictions"]:
        state["predictions"][prediction_id] = {"right": right}
        _save(state)


def prediction_score(notebook: str) -> tuple[int, int]:
    """(right at the first guess, guessed) in a notebook such as "01"."""
    guesses = load()["predictions"]
    mine = [entry for key, entry in guesses.items() if key.startswith(f"{notebook}.")]
    return sum(entry.get("right") is True for entry in mine), len(mine)
