"""Exercise 06.3: logits in the order of the dataset."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb06 import _toy
from course_lib.exercises.nb06.evaluating import evaluating


def predict(model: nn.Module, loader: DataLoader) -> Tensor:
    """(N, C), the logits of all examples, in the order of the dataset"""
    batches = list(loader.batch_sampler)  # one draw of the order
    found = []
    with evaluating(model):
        for places in batches:
            batch = loader.collate_fn([loader.dataset[place] for place in places])
            inputs = {name: value for name, value in batch.items() if name != "labels"}
            found.append(model(**inputs))  # (B, C)
    places = torch.tensor([place for batch in batches for place in batch])  # (N,)
    return torch.cat(found)[places.argsort()]


X = [30.0, 10.0, 50.0, 20.0, 40.0]
FLAT = [2, 0, 4, 1, 3]
EXPECTED = torch.tensor([[x, 0.0] for x in X])
TRIED = (
    "a dataset whose first logits should be 30, 10, 50, 20, 40, and a loader with the batches "
    "[2, 0], [4, 1], [3]"
)
SORT = "places.argsort() says where each example stands in the loader's order."


def _order() -> list[list[int]]:
    """Lists made anew: an attempt may sort or extend what it is handed."""
    return [[2, 0], [4, 1], [3]]


def _collate(items: list[dict]) -> dict[str, Tensor]:
    """It also gives the input the name that the model wants."""
    batch = {"x": torch.tensor([item["number"] for item in items])}
    if "label" in items[0]:
        batch["labels"] = torch.tensor([item["label"] for item in items])
    return batch


def _loader(x: list[float] = X, labels: bool = True, **options: Any) -> DataLoader:
    items = [{"number": number} | ({"label": 0} if labels else {}) for number in x]
    return DataLoader(items, collate_fn=_collate, **options)


def _run(attempt: Any, model: nn.Module, loader: DataLoader, tried: str) -> Any:
    collate = "Items become a batch by loader.collate_fn: padding and the names are its work."
    labels = 'The model takes the inputs by name, and no labels: leave "labels" out.'
    one = "A dataset gives one item at a time: [loader.dataset[place] for place in places]."
    no_size = (
        "loader.batch_size is None where a batch_sampler makes the batches, as with bucket=True. "
        "Take the places from loader.batch_sampler."
    )
    ragged = (
        "Batches have different lengths. [place for batch in batches for place in batch] makes "
        "one list of their places."
    )
    sorts = "A list has no argsort: torch.tensor(places).argsort()."
    filled = (
        "A tensor made in the block may be filled only there. Fill it in the block, or make it "
        "afterwards."
    )
    with (
        explaining(AttributeError, sorts, "'argsort'"),
        explaining(ValueError, ragged, "expected sequence of length"),
        explaining(RuntimeError, _toy.STACKED, "stack expects"),
        explaining(TypeError, _toy.BY_NAME, "unsupported operand"),
        explaining(ValueError, collate, "pad_collate"),
        explaining(TypeError, no_size, "string indices"),
        explaining(RuntimeError, filled, "Inplace update to inference"),
        explaining(KeyError, _toy.OTHER_INPUTS, "input_ids"),
        explaining(TypeError, collate, "'number'"),
        explaining(TypeError, collate, "argument after ** must be a mapping"),
        explaining(AttributeError, collate, "'list' object has no attribute"),
        explaining(TypeError, labels, "'labels'"),
        explaining(TypeError, one, "list indices must be"),
        explaining(KeyError, "This dataset has no labels, and none are needed.", "labels"),
    ):
        return call(lambda: attempt(model, loader), tried=tried)


def _in_order(attempt: Any) -> None:
    """the logits come in the order of the dataset"""
    by_loader, twice = EXPECTED[FLAT], EXPECTED[FLAT][FLAT]
    expect(
        _run(attempt, _toy.Mirror().eval(), _loader(batch_sampler=_order()), TRIED),
        EXPECTED,
        tried=TRIED,
        idea="Row i belongs to dataset[i]. " + SORT,
        known=(
            Known(by_loader, "This is the order of the loader. " + SORT),
            Known(
                twice,
                "logits[places] shuffles once more, instead of back. " + SORT,
            ),
            Known(
                EXPECTED.sort(dim=0).values,
                "Sorted by their value. What counts is the place in the dataset. " + SORT,
            ),
            Known(EXPECTED.softmax(dim=1), "Return logits. Softmax can be taken by the caller."),
            Known(EXPECTED.argmax(dim=1), "Return logits. The answers can be had from them."),
            Known(EXPECTED.tolist(), "A list so far. torch.cat joins the batches to one tensor."),
            Known(by_loader[4:], "The last batch alone. Collect all of them."),
            Known(by_loader[:2], "The first batch alone. Does the return stand in the loop?"),
            Known(
                [by_loader[:2], by_loader[2:4], by_loader[4:]],
                "A list of batches so far: torch.cat joins them. " + SORT,
            ),
        ),
    )


def _any_draw(attempt: Any) -> None:
    """in whatever order a shuffling loader takes them"""
    x = [float(5 * i % 13) for i in range(1, 13)]  # 1 to 12, not in this order
    expected = torch.tensor([[number, 0.0] for number in x])
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        loader = _loader(x, batch_size=5, shuffle=True, generator=generator)
        tried = "12 examples, a loader with shuffle=True, whose order is another at each pass"
        expect(
            _run(attempt, _toy.Mirror().eval(), loader, tried),
            expected,
            tried=tried,
            idea="Each pass over the loader, or over its batch_sampler, draws another order. Draw "
            "once: batches = list(loader.batch_sampler), then make the batches from that list.",
        )


def _how_it_asks(attempt: Any) -> None:
    """it asks in evaluation mode, without a graph, and leaves each mode as it was"""
    model = _toy.mixed()
    got = _run(attempt, model, _loader(batch_sampler=_order()), _toy.MIXED)
    known = (Known(-EXPECTED, "The model was in training. `with evaluating(model):` around it."),)
    idea = "Ask inside of `with evaluating(model):`."
    expect(got, EXPECTED, tried=_toy.MIXED, idea=idea, known=known)
    expect_that(
        not any(model.recording),
        tried=f"{_toy.MIXED}: torch.is_grad_enabled() in the forward pass",
        told="True",
        expected="False",
        idea="The graph of every batch stays in memory. `with evaluating(model):` around the loop.",
    )
    expect(
        _toy.modes(model),
        (True, False),
        tried=f"{_toy.MIXED}; training of both afterwards",
        idea="evaluating(model) puts every part back; model.eval() and model.train() do not.",
    )


def _without_labels(attempt: Any) -> None:
    """it needs no labels"""
    tried = "a dataset without labels"
    expect(
        _run(attempt, _toy.Mirror().eval(), _loader(labels=False, batch_sampler=_order()), tried),
        EXPECTED,
        tried=tried,
        idea="Leave labels out where there are some, and miss none where there are not.",
    )


EXERCISE = Exercise(
    "06.3",
    "Logits in the order of the dataset",
    12,
    predict,
    (_in_order, _any_draw, _how_it_asks, _without_labels),
    (
        "loader.batch_sampler gives the places of each batch. Draw them once, as a list.",
        (
            "For each list of places: loader.collate_fn([loader.dataset[place] for place in "
            "places]) is the batch. Leave its labels out, ask the model, collect the logits."
        ),
        (
            "At the end: places = torch.tensor([place for batch in batches for place in batch]), "
            "and torch.cat(found)[places.argsort()]."
        ),
    ),
)
