"""Exercise 09.6: one part more after every few epochs."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb09._toy import expect_names
from course_lib.exercises.nb09._training import PARTS, Chain, Watcher, last, run_at, set_epoch
from course_lib.freeze import freeze, unfreeze
from course_lib.loop import fit
from course_lib.loop._run import Run


class GradualUnfreezing:
    """At first only the last of the parts learns; every `every` epochs one more, from the end."""

    def __init__(self, parts: list[str], every: int = 1) -> None:
        self.parts, self.every = list(parts), every

    def learning(self, epoch: int) -> list[str]:
        """the parts that learn when so many epochs are finished"""
        count = 1 + epoch // self.every
        return self.parts[-count:]

    def on_start(self, run: Any) -> None:
        freeze(run.model, *self.parts)
        unfreeze(run.model, *self.learning(run.epoch))

    def on_epoch(self, run: Any) -> None:
        unfreeze(run.model, *self.learning(run.epoch))


MADE = f"GradualUnfreezing({PARTS}"
STARS = (
    "freeze and unfreeze take names one by one: unfreeze(run.model, *names), with a star before a "
    "list, and without one before a single name."
)
NONE_NAMED = (
    "With no names, freeze and unfreeze take the whole model. If no part is left to freeze, "
    "freeze(run.model, *[]) freezes everything."
)
NO_COUNT = (
    "How far the training is stands in run.epoch alone. A number that the callback counts up for "
    "itself, or a list that it takes parts from, begins anew when a training is resumed, and goes "
    "on where it was when another training begins."
)


def _make(attempt: Any, every: int = 1) -> tuple[Any, str]:
    tried = f"{MADE}{'' if every == 1 else f', every={every}'})"
    given = {} if every == 1 else {"every": every}
    return call(attempt, PARTS, tried=tried, **given), tried


def _learning(attempt: Any, counts: Sequence[int], every: int, *known: Known) -> None:
    """Expect so many parts after 0, 1, 2, ... epochs."""
    made, made_by = _make(attempt, every)
    for epoch, count in enumerate(counts):
        tried = f"{made_by}.learning({epoch})"
        with (
            explaining(IndexError, "There are only four parts. After that, all of them learn."),
            explaining(TypeError, "/ gives a float, // a whole number of parts.", "slice indices"),
        ):
            got = call(lambda epoch=epoch: made.learning(epoch), tried=tried)
            again = call(lambda epoch=epoch: made.learning(epoch), tried=tried)
        expect_names(
            got,
            last(count),
            tried=tried,
            idea=f"After {epoch} epochs {count} of the parts learn, counted from the end.",
            known=(*known, *_wrong_counts(epoch, count)),
        )
        expect_names(
            again,
            last(count),
            tried=f"{tried}, asked a second time",
            idea="It gives another answer, so it changes something of its own: pop() and reverse() "
            f"change self.parts, a slice does not. {NO_COUNT}",
        )


def _wrong_counts(epoch: int, count: int) -> list[Known]:
    """What comes of the other ways to count."""
    few = "One too few: before any epoch is finished, the last part learns already."
    many = "One too many: the next part comes when `every` epochs more are finished, not before."
    slip = "All at once. parts[-0:] is the whole list, and not an empty one."
    return [
        Known(PARTS[:count], "Counted from the input. The last part, the head, comes first."),
        Known(last(count)[:1], "Only the part that comes new. Those before it go on learning."),
        Known([], "None at all. Before any epoch is finished, the last part learns already."),
        Known(last(count - 1), few),
        Known(last(min(count + 1, 4)), many),
        Known(PARTS, slip if not epoch else many),
    ]


def _every_epoch(attempt: Any) -> None:
    """learning(0) is the last part, learning(1) the last two, and so on, until all learn"""
    _learning(attempt, (1, 2, 3, 4), 1)


def _more_epochs(attempt: Any) -> None:
    """and all, in epochs after that"""
    _learning(
        attempt,
        (1, 2, 3, 4, 4, 4, 4, 4, 4, 4),
        1,
        Known(
            last(1),
            "The head alone again. There are four parts, and parts[4 - 5:] begins at the last.",
        ),
    )


def _every_few(attempt: Any) -> None:
    """with every=2, one more after two epochs"""
    _learning(attempt, (1, 1, 2, 2, 3, 3, 4, 4, 4), 2)
    _learning(attempt, (1, 1, 1, 2, 2, 2, 3), 3)


@contextlib.contextmanager
def explaining_arguments() -> Iterator[None]:
    """Say on the card how freeze and unfreeze are called."""
    model = (
        "What is frozen is the model of the run, and it comes first: unfreeze(run.model, *names)."
    )
    method = "learning is a method: self.learning(run.epoch)."
    with (
        explaining(ValueError, STARS),
        explaining(TypeError, STARS, "in place of a name"),
        explaining(TypeError, method, "not method"),
        explaining(AttributeError, model, "named_parameters"),
    ):
        yield


def _tell(made: Any, event: str, run: Run, tried: str) -> None:
    with (
        explaining(AttributeError, f"fit calls {event}(run): keep this method.", event),
        explaining_arguments(),
        explaining(IndexError, "There are only four parts. After that, all of them learn."),
    ):
        call(lambda: getattr(made, event)(run), tried=tried)


def _learns(model: nn.Module) -> list[str]:
    return [part for part in PARTS if model.get_submodule(part).weight.requires_grad]


def _expect_learning(model: nn.Module, count: int, tried: str, idea: str, *known: Known) -> None:
    expect(
        _learns(model),
        last(count),
        tried=f"{tried}: the parts that learn",
        idea=idea,
        known=known,
    )


def _start(attempt: Any) -> None:
    """on_start lets the last part learn, and freezes the others"""
    for came in ("learns", "is frozen"):
        made, made_by = _make(attempt)
        model = Chain().requires_grad_(came == "learns")
        tried = f"{made_by}; on_start(run) at epoch 0, a model that {came}"
        _tell(made, "on_start", run_at(model, 0), tried)
        _expect_learning(
            model,
            1,
            tried,
            "freeze what is not to learn, and unfreeze what is, by run.model.",
            Known(PARTS, "Only the head is to learn at first: on_start freezes the others."),
            Known([], "Nothing learns. unfreeze the last part: the model may come frozen."),
            Known(PARTS[:3], "Turned round: the head is frozen, and the others learn."),
        )


def _epochs(attempt: Any) -> None:
    """on_epoch lets one more learn each time, and those before go on"""
    made, made_by = _make(attempt)
    model = Chain()
    run = run_at(model, 0)
    _tell(made, "on_start", run, made_by)
    for epoch, count in enumerate((2, 3, 4, 4, 4), start=1):
        set_epoch(run, epoch)
        tried = f"{made_by}; on_start(run), then on_epoch(run) at run.epoch 1 to {epoch}"
        _tell(made, "on_epoch", run, tried)
        _expect_learning(
            model,
            count,
            tried,
            f"After {epoch} epochs, learning(run.epoch) says what learns: {count} of four parts.",
            Known([], NONE_NAMED if count == 4 else f"on_epoch is to unfreeze. {NONE_NAMED}"),
            Known(
                last(1),
                "Still the head alone. on_epoch unfreezes what learning(run.epoch) gives, and "
                "run.epoch counts the epoch that has just finished.",
            ),
            Known(
                last(count)[:1],
                "Only the part that comes new learns. Those before it go on learning.",
            ),
            Known(last(min(count + 1, 4)), "One part too many: run.epoch, with no 1 added."),
        )


def _resumed(attempt: Any) -> None:
    """a training that is resumed goes on as it would have"""
    for epoch, count in ((2, 3), (3, 4), (7, 4)):
        made, made_by = _make(attempt)
        model = Chain()
        tried = f"{made_by}, made anew; on_start(run) of a training resumed after {epoch} epochs"
        _tell(made, "on_start", run_at(model, epoch), tried)
        begins = f"After {epoch} epochs {count} parts learn. {NO_COUNT}"
        known = (
            Known([], NONE_NAMED),
            Known(last(1), f"on_start begins with the head alone. {begins}"),
        )
        _expect_learning(model, count, tried, begins, *known)


def _another(attempt: Any) -> None:
    """the same callback serves another training"""
    made, made_by = _make(attempt)
    run = run_at(Chain(), 0)
    _tell(made, "on_start", run, made_by)
    for epoch in (1, 2):
        set_epoch(run, epoch)
        _tell(made, "on_epoch", run, made_by)
    second = Chain()
    tried = f"{made_by}; a training of two epochs, then on_start(run) of another at epoch 0"
    _tell(made, "on_start", run_at(second, 0), tried)
    _expect_learning(second, 1, tried, NO_COUNT)


def _in_fit(attempt: Any) -> None:
    """in a real training, just these parts move"""
    made, made_by = _make(attempt, 2)
    model, watcher = Chain(), Watcher()
    batch = {"x": torch.tensor([[1.0]]), "labels": torch.tensor([[3.0]])}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    tried = f"fit(model, ..., epochs=8, callbacks=[{made_by}])"
    with explaining_arguments():
        call(
            lambda: fit(
                model,
                [batch],
                nn.functional.mse_loss,
                optimizer,
                epochs=8,
                callbacks=[made, watcher],
                progress=False,
            ),
            tried=tried,
        )
    expect_that(
        watcher.moved == [last(count) for count in (1, 1, 2, 2, 3, 3, 4, 4)],
        tried=f"{tried}: how many parts moved in each epoch",
        told=str([len(parts) for parts in watcher.moved]),
        expected="[1, 1, 2, 2, 3, 3, 4, 4]",
        idea="on_start is for the first epoch, on_epoch after each: both ask "
        "learning(run.epoch), freeze the rest, and unfreeze what it gives.",
    )


EXERCISE = Exercise(
    "09.6",
    "One part more",
    10,
    GradualUnfreezing,
    (_every_epoch, _more_epochs, _every_few, _start, _epochs, _resumed, _another, _in_fit),
    (
        "How many parts learn after 0, 1, 2 epochs? With every=2? Then take so many from the end.",
        (
            "count = 1 + epoch // self.every, and self.parts[-count:], which is all where count is "
            "larger. learning(run.epoch) is all that on_start and on_epoch need."
        ),
        (
            "on_start: freeze(run.model, *self.parts), then unfreeze(run.model, "
            "*self.learning(run.epoch)). on_epoch: the second of these lines."
        ),
    ),
)
