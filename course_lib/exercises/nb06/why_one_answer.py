"""Exercise 06.5: five causes of "it only ever answers class 1", told apart."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def why_one_answer(
    labels: Tensor,
    input_ids: Tensor,
    before: dict[str, Tensor],
    after: dict[str, Tensor],
    logits: Tensor,
    answers: Tensor,
) -> str:
    """The first station that is sick, or "none".

    labels (N,) of the training; input_ids (M, T), logits (M, C) and answers (M,) of M new
    examples; before and after: the weights by name, when training began and now.
    """
    if labels.bincount().max() / len(labels) >= 0.9:
        return "labels"
    if (input_ids == input_ids[0]).all():
        return "inputs"
    if all(torch.equal(before[name], after[name]) for name in before):
        return "weights"
    if logits.std(dim=0).max() < 1e-3:
        return "logits"
    if (answers != logits.argmax(dim=1)).any():
        return "answers"
    return "none"


def _healthy() -> dict[str, Any]:
    """Two of three classes in the labels; nothing is wrong here."""
    return {
        "labels": torch.tensor([0, 2, 0, 2, 2, 0, 2, 0, 0, 2]),
        "input_ids": torch.tensor([[2, 7, 3], [2, 8, 3], [2, 7, 9]]),
        "before": {"backbone": torch.tensor([1.0, 2.0]), "head": torch.tensor([0.0])},
        "after": {"backbone": torch.tensor([1.0, 2.5]), "head": torch.tensor([0.3])},
        "logits": torch.tensor([[0.2, 1.4], [1.1, -0.6], [0.0, 3.0]]),
        "answers": torch.tensor([1, 0, 1]),
    }


LABELS = {"labels": torch.tensor([2] * 19 + [0])}
INPUTS = {"input_ids": torch.tensor([[2, 3, 0]] * 3)}
SAME_LOGITS = {"logits": torch.tensor([[0.2, 1.4]] * 3), "answers": torch.tensor([1, 1, 1])}
NEARLY_SAME = {
    "logits": torch.tensor([[0.2, 1.4], [0.200001, 1.4], [0.2, 1.400002]]),
    "answers": torch.tensor([1, 1, 1]),
}
ONE_DIFFERS = {
    "input_ids": torch.tensor([[2, 7, 3], [2, 7, 3], [2, 8, 9], [2, 7, 3]]),
    "logits": torch.tensor([[0.2, 1.4], [0.2, 1.4], [1.1, -0.6], [0.2, 1.4]]),
    "answers": torch.tensor([1, 1, 0, 1]),
}
ALIKE_AND_RIGHT = {
    "logits": torch.tensor([[0.2, 1.4], [-1.1, 0.6], [0.0, 3.0]]),
    "answers": torch.tensor([1, 1, 1]),
}
ANSWERS = {"answers": torch.tensor([1, 1, 1])}


def _still() -> dict[str, Any]:
    """Weights that never moved; equal, and not the same tensors."""
    return {"after": {name: weight.clone() for name, weight in _healthy()["before"].items()}}


def _say(attempt: Any, changes: dict[str, Any], tried: str) -> Any:
    many = (
        "A comparison of tensors gives one answer a place. Ask .all() or .any(), or torch.equal; "
        "of several shares or spreads, .max()."
    )
    sizes = (
        "labels belong to the training, answers and logits to new examples. An answer's logits are "
        "a row: compare answers with logits.argmax(dim=1)."
    )
    whole = "std and mean want floats. Whole numbers are counted, bincount(), or compared, ==."
    with (
        explaining(RuntimeError, many, "Boolean value of Tensor"),
        explaining(RuntimeError, whole, "floating point"),
        explaining(RuntimeError, sizes, "must match the size"),
    ):
        return call(attempt, **(_healthy() | changes), tried=tried)


def _labels(attempt: Any) -> None:
    """labels: nine in ten or more are of one class"""
    tried = "20 training labels, of which 19 are 2"
    expect(
        _say(attempt, LABELS, tried),
        "labels",
        tried=tried,
        idea="labels.bincount().max() / len(labels) is the share of the largest class.",
        known=(
            Known(
                "none",
                "Labels need not be all the same, and the common class may be any. From a share "
                "of 0.9 on it is sick.",
            ),
            Known(None, "Nothing came back. Each `if` needs its `return`."),
        ),
    )
    tried = "ten labels, five of them 0 and five 2"
    said = _say(attempt, {}, tried)
    expect_that(
        said != "labels",
        tried=tried,
        got=said,
        expected='anything but "labels"',
        idea="Each class has half of them. Count them, bincount(), and divide by len(labels); the "
        "mean of their numbers says nothing.",
    )


def _inputs(attempt: Any) -> None:
    """inputs: every example is the same"""
    tried = "three examples with the same input_ids, so with the same logits and answers"
    expect(
        _say(attempt, INPUTS | SAME_LOGITS, tried),
        "inputs",
        tried=tried,
        idea="(input_ids == input_ids[0]).all() asks whether every row is like the first.",
        known=(
            Known(
                "logits",
                "The logits are alike because the inputs are: a symptom. Either logits were asked "
                "first, or your question about inputs missed it: is every row like the first?",
            ),
        ),
    )
    tried = "four examples, of which the third is another"
    said = _say(attempt, ONE_DIFFERS, tried)
    expect_that(
        said != "inputs",
        tried=tried,
        got=said,
        expected='anything but "inputs"',
        idea="One that differs is enough. Compare every row with the first, not only two of them.",
    )


def _weights(attempt: Any) -> None:
    """weights: not one has moved"""
    tried = "before and after are equal, all the rest is fine"
    expect(
        _say(attempt, _still(), tried),
        "weights",
        tried=tried,
        idea="all(torch.equal(before[name], after[name]) for name in before)",
        known=(
            Known(
                "none",
                "Are the tensors compared, or the dicts? They are different dicts with equal "
                "tensors: torch.equal, name by name.",
            ),
        ),
    )
    for backbone, head, what in (
        (2.0, 0.3, "a frozen backbone under a head that learns"),
        (2.5, 0.0, "a frozen head on a backbone that learns"),
    ):
        tried = f"of two weights, one has moved: {what}"
        after = {"backbone": torch.tensor([1.0, backbone]), "head": torch.tensor([head])}
        expect(
            _say(attempt, {"after": after}, tried),
            "none",
            tried=tried,
            idea="A frozen part is no fault. It is sick if all of them stayed.",
            known=(Known("weights", "A frozen part is no fault: all have to be still, not any."),),
        )


def _logits(attempt: Any) -> None:
    """logits: the same for every example, though the inputs differ"""
    for changes, what in ((SAME_LOGITS, "the same"), (NEARLY_SAME, "the same but for 1e-6")):
        tried = f"three different examples, whose logits are {what}"
        expect(
            _say(attempt, changes, tried),
            "logits",
            tried=tried,
            idea="The spread over the examples, logits.std(dim=0), is below 1e-3 for each class.",
            known=(
                Known(
                    "none",
                    "How far do logits differ between examples? dim=0 goes over them, dim=1 over "
                    "the classes. Rounding makes them differ a little: below 1e-3 is alike.",
                ),
                Known(
                    "answers",
                    "The answers are those of the largest logits. The logits are what is alike.",
                ),
            ),
        )
    for second in ([1.4, -0.6, 3.0], [0.0012, -0.0012, 0.0012]):  # spreads of 1.8, 0.0014
        logits = torch.tensor([[0.0, logit] for logit in second])
        tried = f"two classes, the first logit is always 0, the second {second}"
        expect(
            _say(attempt, {"logits": logits, "answers": logits.argmax(dim=1)}, tried),
            "none",
            tried=tried,
            idea="One class may stay where it is, if others move: the largest spread counts, "
            ".max(), and no mean of them.",
        )


def _answers(attempt: Any) -> None:
    """answers: they are not those of the largest logits"""
    tried = "logits [0.2, 1.4], [1.1, -0.6], [0.0, 3.0], and the answers 1, 1, 1"
    expect(
        _say(attempt, ANSWERS, tried),
        "answers",
        tried=tried,
        idea="The largest logits say 1, 0, 1. Compare answers with logits.argmax(dim=1).",
        known=(
            Known(
                "none",
                "The largest logits say 1, 0, 1. One answer that differs is enough: "
                "(answers != logits.argmax(dim=1)).any(), not .all().",
            ),
            Known(
                "logits",
                "The logits differ well between examples. Was the spread taken over dim=1, or of "
                "the answers?",
            ),
        ),
    )
    tried = "the same logits, and the answers 0, 1, 0"
    expect(
        _say(attempt, {"answers": torch.tensor([0, 1, 0])}, tried),
        "answers",
        tried=tried,
        idea="They need not be all alike to be wrong. The largest logits say 1, 0, 1.",
    )
    tried = "logits [0.2, 1.4], [-1.1, 0.6], [0.0, 3.0], and the answers 1, 1, 1"
    known = Known("logits", "The logits differ well between examples. Their order may be the same.")
    idea = "All the largest logits say 1, and so do the answers: they may be right."
    expect(_say(attempt, ALIKE_AND_RIGHT, tried), "none", tried=tried, idea=idea, known=(known,))


def _none(attempt: Any) -> None:
    """none: a healthy model"""
    tried = "half of the labels are 2; inputs, weights, logits and answers are fine"
    expect(
        _say(attempt, {}, tried),
        "none",
        tried=tried,
        idea='No station is sick here: after all five questions, return "none".',
        known=(Known(None, 'Nothing came back. The last line is return "none".'),),
    )


def _first(attempt: Any) -> None:
    """of several, the first in the order of the data"""
    alike = INPUTS | SAME_LOGITS
    cases = (
        ("labels", LABELS | alike, "19 of 20 labels are 2, and the inputs are all the same"),
        ("inputs", alike | _still(), "the inputs are all the same, and the weights never moved"),
        ("weights", _still() | SAME_LOGITS, "the weights never moved, the logits are all the same"),
        (
            "logits",
            SAME_LOGITS | {"answers": torch.tensor([0, 0, 0])},
            "the logits are all the same, [0.2, 1.4], and the answers are 0",
        ),
    )
    for first, changes, tried in cases:
        expect(
            _say(attempt, changes, tried),
            first,
            tried=tried,
            idea="Data flow from labels and inputs to weights, logits, answers. Ask in this order.",
        )


EXERCISE = Exercise(
    "06.5",
    "Why only one answer?",
    12,
    why_one_answer,
    (_labels, _inputs, _weights, _logits, _answers, _none, _first),
    (
        (
            "Five questions with `if`, in the order labels, inputs, weights, logits, answers; each "
            'returns the name of its station. The last line returns "none".'
        ),
        (
            "Labels: bincount().max() / len(labels). Inputs: (input_ids == input_ids[0]).all(). "
            "Weights: torch.equal, for all names."
        ),
        "Logits: logits.std(dim=0).max() < 1e-3. Answers: (answers != logits.argmax(dim=1)).any().",
    ),
)
