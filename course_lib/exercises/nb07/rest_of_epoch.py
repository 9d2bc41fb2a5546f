"""Exercise 07.3: the rest of an interrupted epoch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from torch.utils.data import DataLoader

from course_lib import data
from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb07 import _toy
from course_lib.exercises.nb07._toy import set_random_states


def rest_of_epoch(loader: Iterable, start: dict, now: dict, taken: int) -> Iterator:
    """The batches that are left, in the order of the interrupted epoch."""
    set_random_states(start, loader)
    batches = iter(loader)
    for _ in range(taken):
        next(batches)
    set_random_states(now)
    return batches


COUNT, TAKEN, MOST = 10, 2, 50
START = "set_random_states(start, loader) comes first: the order is drawn when the loader starts."
AGAIN = (
    "The loader was started a second time, or from the state of the checkpoint, and drew another "
    "order. Start it once: batches = iter(loader), pass over the first, and go on with the same."
)
NO_ITERATOR = "A loader is no iterator, and has no places: batches = iter(loader), next(batches)."


def _loader(noisy: bool, seed: int) -> DataLoader:
    return data.make_loader(_toy.Numbers(COUNT, noisy), 2, shuffle=True, seed=seed)


@dataclass
class Epoch:
    """An epoch that was not interrupted: its states, and what came when."""

    start: dict[str, Any] = field(default_factory=dict)
    now: dict[str, Any] = field(default_factory=dict)
    taken: list[Any] = field(default_factory=list)
    left: list[Any] = field(default_factory=list)
    drawn: list[list[float]] = field(default_factory=list)  # after each of those left
    later: list[Any] = field(default_factory=list)  # the next epoch


def _plain(batch: dict[str, Any]) -> list:
    """A batch as numbers; of a noisy one the noise, rounded to be read."""
    key = "noise" if "noise" in batch else "number"
    return [_rounded(value) for value in batch[key].tolist()]


def _rounded(value: Any) -> Any:
    return [round(number, 4) for number in value] if isinstance(value, list) else value


def _drawn() -> list[float]:
    """The next random numbers, rounded to be read."""
    return _rounded(_toy.next_numbers())


def _tried(epoch: Epoch) -> str:
    batches = len(epoch.taken)
    return f"ten numbers in batches of two, the epoch interrupted after {batches} batches"


def _epoch(noisy: bool = False, taken: int = TAKEN) -> Epoch:
    """The second epoch of a training in which PyTorch draws after each batch, as for dropout."""
    loader, epoch = _loader(noisy, seed=5), Epoch()
    list(loader)
    epoch.start = _toy.random_states(loader)
    batches = iter(loader)
    for batch in islice(batches, taken):
        epoch.taken.append(_plain(batch))
        _toy.next_numbers()
    epoch.now = _toy.random_states(loader)
    for batch in batches:
        epoch.left.append(_plain(batch))
        epoch.drawn.append(_drawn())
    epoch.later = [_plain(batch) for batch in loader]
    return epoch


def _rest(attempt: Any, epoch: Epoch, loader: DataLoader, tried: str) -> list[tuple]:
    """What the attempt gives: each batch, and the random numbers that are drawn after it."""
    with explaining(TypeError, NO_ITERATOR, "'DataLoader' object is not"):
        got = call(attempt, loader, epoch.start, epoch.now, len(epoch.taken), tried=tried)
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected="an iterator of the batches that are left",
        idea="Nothing came back. Return the iterator that is left after passing over the first.",
    )

    def through() -> list[tuple]:
        return [(_plain(batch), _drawn()) for batch in islice(iter(got), MOST)]

    no_batches = "Return an iterator whose items are the loader's batches, as they come from it."
    with (
        explaining(TypeError, NO_ITERATOR, "'DataLoader' object is not"),
        explaining(TypeError, no_batches),
        explaining(AttributeError, no_batches),
        explaining(KeyError, no_batches),
    ):
        return call(through, tried=tried)


def _drawn_from(states: dict[str, Any] | None, started: int = 0) -> list:
    """The order that a loader draws that is new, or has its generator in this state.

    It may have been `started` before, without going through to the end.
    """
    loader = _loader(False, seed=6)
    if states is not None:
        loader.generator.set_state(states["loaders"][0])
    for _ in range(started):
        next(iter(loader))
    return [_plain(batch) for batch in loader]


def _order(attempt: Any) -> None:
    """the batches that are left, in the order of the interrupted epoch"""
    for taken in (TAKEN, TAKEN + 1):
        _expect_order(attempt, _epoch(taken=taken))


def _expect_order(attempt: Any, epoch: Epoch) -> None:
    tried, taken = _tried(epoch), len(epoch.taken)
    expect(
        [batch for batch, _ in _rest(attempt, epoch, _loader(False, seed=6), tried)],
        epoch.left,
        tried=tried,
        idea=f"The epoch was {epoch.taken + epoch.left}, and {taken} batches are taken. {START}",
        known=(
            Known(
                epoch.taken + epoch.left, "The whole epoch: pass over the first `taken` batches."
            ),
            Known(epoch.taken, "These were trained on already. The others are left."),
            Known(
                epoch.left[1:],
                "One batch too many is passed over: it is never trained on. A loop that breaks, or "
                "zip(batches, ...), has taken one more when it ends.",
            ),
            Known(epoch.taken[-1:] + epoch.left, "One batch comes twice: pass over all `taken`."),
            Known([], "Nothing is left. Is the iterator used up before it is returned?"),
            *_other_orders(epoch),
        ),
    )


def _other_orders(epoch: Epoch) -> list[Known]:
    """The batches of a loader that starts from another state, or again."""
    taken = len(epoch.taken)
    again = (_drawn_from(epoch.now), epoch.later, _drawn_from(epoch.start, started=taken))
    orders = [(_drawn_from(None), START), *((order, AGAIN) for order in again)]
    return [Known(part, idea) for order, idea in orders for part in (order[taken:], order)]


def _states(attempt: Any) -> None:
    """afterwards Python, NumPy and PyTorch are as at the checkpoint"""
    epoch = _epoch()
    tried = _tried(epoch)
    _toy.set_random_states(epoch.start)
    at_start = [_drawn() for _ in epoch.left]
    expect(
        [drawn for _, drawn in _rest(attempt, epoch, _loader(False, seed=6), tried)],
        epoch.drawn,
        tried=f"{tried}: what Python, NumPy and PyTorch draw after each batch",
        idea="Dropout goes on from the checkpoint: set_random_states(now), after passing over.",
        known=(
            Known(
                at_start,
                "These are the numbers of the epoch's start: dropout would repeat itself. "
                "set_random_states(now) comes after passing over.",
            ),
            Known(
                [epoch.drawn[0] for _ in epoch.left],
                "The same numbers after each batch: set_random_states(now) comes once, not for "
                "each batch. A line after `yield` or before it in a loop runs each time.",
            ),
        ),
    )


def _noisy_known(epoch: Epoch) -> tuple[Known, ...]:
    """The batches of four mistakes with a dataset that draws."""
    loader, taken = _loader(True, seed=6), len(epoch.taken)
    _toy.set_random_states(epoch.start, loader)
    at_once = [_plain(batch) for batch in loader][taken:]
    _toy.set_random_states(epoch.start, loader)
    batches = iter(loader)
    list(islice(batches, taken))
    _toy.set_random_states(epoch.now)
    return (
        Known(
            [_plain(batch) for batch in batches],
            "All that are left were made at once, as a list does, and dropout draws between them. "
            "Return the iterator.",
        ),
        Known(
            at_once,
            "All batches were made at once, with random numbers of the epoch's start, as a list "
            "does. Make those that are left one by one, after set_random_states(now).",
        ),
        Known(
            _now_set_after(epoch, 0),
            "set_random_states(now) came before the first batches were passed over, and they drew "
            "on. islice does nothing until its first item is asked for: pass over with a loop.",
        ),
        Known(
            _now_set_after(epoch, taken + 1),
            "The first of them is late: that batch was made before set_random_states(now). When a "
            "loop hands you a batch, its random numbers are drawn. Set them before asking for it.",
        ),
    )


def _now_set_after(epoch: Epoch, made: int) -> list:
    """The noise that is left if the states of the checkpoint are set when `made` are made."""
    loader, taken, left = _loader(True, seed=6), len(epoch.taken), []
    _toy.set_random_states(epoch.start, loader)
    batches = iter(loader)
    for number in range(taken + len(epoch.left)):
        if number == made:
            _toy.set_random_states(epoch.now)
        if number > taken:
            _toy.next_numbers()  # as the training does, after each batch that is left
        left.append(_plain(next(batches)))
    return left[taken:]


def _noisy(attempt: Any) -> None:
    """a dataset that draws random numbers goes on with those of the checkpoint"""
    epoch = _epoch(noisy=True, taken=TAKEN + 1)
    tried, known = f"{_tried(epoch)}; each item has random noise", _noisy_known(epoch)
    rest = _rest(attempt, epoch, _loader(True, seed=6), tried)
    expect(
        [batch for batch, _ in rest],
        epoch.left,
        tried=f"{tried}: the noise of the batches that are left",
        idea="A dataset may draw for each item, as when pictures are turned at random. Passing "
        "over draws as well, so set_random_states(now) comes after it, and before the next batch.",
        known=known,
    )
    expect(
        [drawn for _, drawn in rest],
        epoch.drawn,
        tried=f"{tried}: what is drawn after each of them",
        idea="Nothing but the batches may draw after set_random_states(now).",
    )


def _later(attempt: Any) -> None:
    """the next epoch has the order that it would have had"""
    epoch, loader = _epoch(), _loader(False, seed=6)
    tried = _tried(epoch)
    _rest(attempt, epoch, loader, tried)
    expect(
        [_plain(batch) for batch in loader],
        epoch.later,
        tried=f"{tried}: the epoch after it",
        idea="The loader's own generator has to go on from where this epoch's order was drawn. "
        "Set it once, by start, go through this loader and no copy, and leave it alone then.",
    )


EXERCISE = Exercise(
    "07.3",
    "The rest of an epoch",
    8,
    rest_of_epoch,
    (_order, _states, _noisy, _later),
    (
        "Three steps: go back to the start, pass over, go on from now.",
        (
            "set_random_states(start, loader), then batches = iter(loader) starts it once. "
            "next(batches), `taken` times, passes over."
        ),
        "At last set_random_states(now), without the loader, whose order is drawn; return batches.",
    ),
)
