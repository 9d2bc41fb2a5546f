"""Exercise 02.4: sentences of different lengths in one batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises._checking import NO_RETURN, Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def pad_collate(items: Sequence[Mapping[str, Tensor]], pad_token_id: int = 0) -> dict[str, Tensor]:
    """B items -> "input_ids" (B, T), "attention_mask" (B, T), "labels" (B,) if they have them"""
    longest = max(len(item["input_ids"]) for item in items)
    rows, masks = [], []
    for item in items:
        ids = item["input_ids"]
        missing = (0, longest - len(ids))  # nothing on the left, the rest on the right
        rows.append(F.pad(ids, missing, value=pad_token_id))  # (T,)
        masks.append(F.pad(torch.ones_like(ids), missing))  # (T,)
    batch = {"input_ids": torch.stack(rows), "attention_mask": torch.stack(masks)}
    if "labels" in items[0]:
        batch["labels"] = torch.stack([item["labels"] for item in items])  # (B,)
    return batch


def _items(labels: bool = True) -> list[dict[str, Tensor]]:
    items = [
        {"input_ids": torch.tensor([5, 6]), "labels": torch.tensor(2)},
        {"input_ids": torch.tensor([7, 0, 9, 4]), "labels": torch.tensor(0)},
        {"input_ids": torch.tensor([3]), "labels": torch.tensor(1)},
    ]
    return items if labels else [{"input_ids": item["input_ids"]} for item in items]


IDS = torch.tensor([[5, 6, 0, 0], [7, 0, 9, 4], [3, 0, 0, 0]])
MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
TRIED = "sentences of 2, 4 and 1 tokens: [5, 6], [7, 0, 9, 4], [3]"


def _batch(attempt: Any, items: list, tried: str, **options: Any) -> dict:
    with (
        explaining(
            RuntimeError,
            "stack needs rows of one length: each lacks longest - len(ids), on the right.",
            "equal size",
        ),
        explaining(RuntimeError, "A label has no axis, and torch.cat wants one.", "zero-dim"),
    ):
        batch = call(attempt, items, **options, tried=tried)
    expect_that(
        isinstance(batch, Mapping),
        tried=tried,
        got=batch,
        expected='a dict with "input_ids" and "attention_mask"',
        idea=NO_RETURN
        if batch is None
        else 'A batch is a dict: the model\'s inputs by name, and "labels".',
    )
    missing = [name for name in ("input_ids", "attention_mask") if name not in batch]
    expect_that(
        not missing,
        tried=tried,
        got=sorted(map(str, batch)),
        expected="the keys 'input_ids' and 'attention_mask'",
        idea=f"The key {' and '.join(missing)} is missing.",
    )
    return batch


def _ids(attempt: Any) -> None:
    """input_ids is (B, T), padded on the right up to the longest sentence"""
    left = torch.tensor([[0, 0, 5, 6], [7, 0, 9, 4], [0, 0, 0, 3]])
    expect(
        _batch(attempt, _items(), TRIED)["input_ids"],
        IDS,
        tried=TRIED,
        idea="F.pad(ids, (0, n), value=pad_token_id) adds n on the right; torch.stack, (B, T).",
        known=(
            Known(IDS[[1, 0, 2]], "Keep the items' order: nobody asked for sorted sentences."),
            Known(IDS[[2, 0, 1]], "Keep the items' order: nobody asked for sorted sentences."),
            Known(left, "Padded on the left: F.pad takes (left, right)."),
            Known(IDS.T, "Stacked as (T, B): stack along dim=0."),
            Known(IDS.flatten(), "torch.cat makes one long row. torch.stack adds the axis B."),
            Known(IDS.tolist(), "Lists so far: torch.stack the rows."),
            Known(
                IDS[:, :2],
                "Cut to 2: T is the longest in the batch, not the first one, and len(item) "
                "counts the keys of a dict.",
            ),
            Known(IDS[:1], "One sentence came back. Does `return` stand inside the loop?"),
        ),
    )


def _mask(attempt: Any) -> None:
    """attention_mask is 1 for a token, 0 for padding, even where a token's number is 0"""
    got = _batch(attempt, _items(), TRIED)["attention_mask"]
    if isinstance(got, Tensor) and (got.dtype == torch.bool or got.is_floating_point()):
        got = got.long()
    expect(
        got,
        MASK,
        tried=TRIED,
        idea="Make the mask from the lengths: as many ones as there are tokens, then zeros.",
        known=(
            Known(
                (IDS != 0).long(),
                "Token 0 in the second sentence is a real one here. The mask has to come from the "
                "lengths, not from the numbers.",
            ),
            Known(1 - MASK, "Turned round: 1 is for a token, 0 for padding."),
            Known(torch.ones_like(MASK), "Ones everywhere: then the model reads the padding too."),
        ),
    )


def _labels(attempt: Any) -> None:
    """labels is (B,), and only there where the items have labels"""
    batch = _batch(attempt, _items(), TRIED)
    expect(
        sorted(map(str, batch)),
        ["attention_mask", "input_ids", "labels"],
        tried=f"{TRIED}: the keys of the batch",
        idea="The items have labels: stack them as well."
        if "labels" not in batch
        else "Every key but labels goes to the model: leave the others out.",
    )
    labels = torch.tensor([2, 0, 1])
    expect(
        batch["labels"],
        labels,
        tried=TRIED,
        idea='torch.stack([item["labels"] for item in items]) is (B,).',
        known=(
            Known(labels.unsqueeze(1), "One axis too many: labels are (B,)."),
            Known(labels.float(), "Classes are whole numbers: keep them long."),
        ),
    )
    tried = "the same sentences without labels"
    with explaining(KeyError, "These items have no labels: look before you stack them."):
        batch = _batch(attempt, _items(labels=False), tried)
    expect_that(
        "labels" not in batch,
        tried=tried,
        got=sorted(map(str, batch)),
        expected="['attention_mask', 'input_ids']",
        idea="There are no labels: leave the key out.",
    )


def _pad_token(attempt: Any) -> None:
    """padding is the number that was asked for"""
    tried = f"{TRIED}, pad_token_id=99"
    expect(
        _batch(attempt, _items(), tried, pad_token_id=99)["input_ids"],
        torch.where(MASK.bool(), IDS, 99),
        tried=tried,
        idea="Fill with pad_token_id.",
        known=(
            Known(IDS, "Filled with 0 all the same: pass value=pad_token_id."),
            Known(
                torch.where(IDS == 0, 99, IDS),
                "Token 0 of the second sentence was overwritten. Pad, do not replace.",
            ),
        ),
    )
    batch = _batch(attempt, _items(), tried, pad_token_id=99)
    mask = torch.as_tensor(batch["attention_mask"]).long()
    expect(mask, MASK, tried=tried, idea="The mask does not depend on pad_token_id: 0 is padding.")


EXERCISE = Exercise(
    "02.4",
    "Padding, with a mask",
    10,
    pad_collate,
    (_ids, _mask, _labels, _pad_token),
    (
        "Find the longest sentence of the batch. Every other one lacks longest - len(ids) tokens.",
        (
            "F.pad(ids, (0, missing), value=pad_token_id), and the same for torch.ones_like(ids), "
            "with 0; then torch.stack."
        ),
        (
            'if "labels" in items[0]: batch["labels"] = torch.stack([item["labels"] for item in '
            "items])."
        ),
    ),
)
