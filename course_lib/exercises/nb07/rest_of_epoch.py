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
TRIED = f"ten numbers in batches of two, the epoch interrupted after {TAKEN} batches"
START = "set_random_states(start, loader) comes first: the order is drawn when the loader starts."
AGAIN = (
    "The loader was started a second time, or from the state of the checkpoint, and drew another "
    "order. Start it once: batches = iter(loader), pass over the first, and go on with the same."
)


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


def _epoch(noisy: bool = False) -> Epoch:
    """The second epoch of a training in which PyTorch draws after each batch, as for dropout."""
    loader, epoch = _loader(noisy, seed=5), Epoch()
    list(loader)
    epoch.start = _toy.random_states(loader)
    batches = iter(loader)
    for batch in islice(batches, TAKEN):
        epoch.taken.append(_plain(batch))
        _toy.next_numbers()
    epoch.now = _toy.random_states(loader)
    for batch in batches:
        epoch.left.append(_plain(batch))
        epoch.drawn.append(_toy.next_numbers())
    epoch.later = [_plain(batch) for batch in loader]
    return epoch


def _rest(attempt: Any, epoch: Epoch, loader: DataLoader, tried: str = TRIED) -> list[tuple]:
    """What the attempt gives: each batch, and the random numbers that are drawn after it."""
    got = call(attempt, loader, epoch.start, epoch.now, TAKEN, tried=tried)
    expect_that(
        got is not None,
        tried=tried,
        got=got,
        expected="an iterator of the batches that are left",
        idea="Nothing came back. Return the iterator that is left after passing over the first.",
    )

    def through() -> list[tuple]:
        return [(_plain(batch), _toy.next_numbers()) for batch in islice(iter(got), MOST)]

    no_batches = "Return an iterator whose items are the loader's batches, as they come from it."
    with (
        explaining(TypeError, no_batches),
        explaining(AttributeError, no_batches),
        explaining(KeyError, no_batches),
    ):
        return call(through, tried=tried)


def _drawn_from(states: dict[str, Any] | None) -> list:
    """The order that a loader draws that is new, or has its generator in this state."""
    loader = _loader(False, seed=6)
    if states is not None:
        loader.generator.set_state(states["loaders"][0])
    return [_plain(batch) for batch in loader]


def _order(attempt: Any) -> None:
    """the batches that are left, in the order of the interrupted epoch"""
    epoch = _epoch()
    new, again = _drawn_from(None), _drawn_from(epoch.now)
    others = [(order, START) for order in (new[TAKEN:], new)] + [
        (order, AGAIN) for order in (again[TAKEN:], again, epoch.later[TAKEN:], epoch.later)
    ]
    expect(
        [batch for batch, _ in _rest(attempt, epoch, _loader(False, seed=6))],
        epoch.left,
        tried=TRIED,
        idea=f"The epoch was {epoch.taken + epoch.left}, and {TAKEN} batches are taken. {START}",
        known=(
            Known(
                epoch.taken + epoch.left, "The whole epoch: pass over the first `taken` batches."
            ),
            Known(epoch.taken, "These were trained on already. The others are left."),
            Known(epoch.left[1:], "One batch too many is passed over: it is never trained on."),
            Known(epoch.taken[-1:] + epoch.left, "One batch comes twice: pass over all `taken`."),
            Known([], "Nothing is left. Is the iterator used up before it is returned?"),
            *(Known(order, idea) for order, idea in others),
        ),
    )


def _states(attempt: Any) -> None:
    """afterwards Python, NumPy and PyTorch are as at the checkpoint"""
    epoch = _epoch()
    _toy.set_random_states(epoch.start)
    at_start = _toy.next_numbers()
    rest = _rest(attempt, epoch, _loader(False, seed=6))
    expect(
        rest[0][1],
        epoch.drawn[0],
        tried=f"{TRIED}: the next random number of Python, NumPy and PyTorch",
        idea="Dropout goes on from the checkpoint: set_random_states(now), after passing over.",
        known=(
            Known(
                at_start,
                "These are the numbers of the epoch's start: dropout would repeat itself. "
                "set_random_states(now) comes after passing over.",
            ),
        ),
    )


def _noisy_known(epoch: Epoch) -> tuple[Known, ...]:
    """The batches of two mistakes with a dataset that draws."""
    loader = _loader(True, seed=6)
    _toy.set_random_states(epoch.start, loader)
    at_once = [_plain(batch) for batch in loader][TAKEN:]
    _toy.set_random_states(epoch.start, loader)
    batches = iter(loader)
    _toy.set_random_states(epoch.now)
    too_early = []
    for number, batch in enumerate(batches):
        if number >= TAKEN:
            too_early.append(_plain(batch))
            _toy.next_numbers()
    return (
        Known(
            at_once,
            "All batches were made at once, with random numbers of the epoch's start, as a list "
            "does. Make those that are left one by one, after set_random_states(now).",
        ),
        Known(
            too_early,
            "set_random_states(now) came before the first batches were passed over, and they drew "
            "on. islice does nothing until its first item is asked for: pass over with a loop.",
        ),
    )


def _noisy(attempt: Any) -> None:
    """a dataset that draws random numbers goes on with those of the checkpoint"""
    epoch, tried = _epoch(noisy=True), f"{TRIED}; each item has random noise"
    known = _noisy_known(epoch)
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
    _rest(attempt, epoch, loader)
    expect(
        [_plain(batch) for batch in loader],
        epoch.later,
        tried=f"{TRIED}: the epoch after it",
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
