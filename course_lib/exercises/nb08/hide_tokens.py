"""Exercise 08.3: 80 % masked, 10 % random, 10 % as they are."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import (
    Known,
    Mistake,
    call,
    expect,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb08 import _draws, _masked
from course_lib.exercises.nb08._draws import percent
from course_lib.exercises.nb08._masked import MASK


def hide_tokens(
    input_ids: Tensor, chosen: Tensor, mask_id: int, words: range, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """-> (masked, labels): of the chosen tokens 80 % become mask_id, 10 % a random number of
    `words` (a range), 10 % stay; labels are the tokens that stood there, -100 where not chosen;
    input_ids stays as it is"""
    way = torch.rand(input_ids.shape, generator=generator)  # (B, T)
    by_chance = torch.randint(words.start, words.stop, input_ids.shape, generator=generator)
    masked = torch.where(chosen & (way < 0.8), mask_id, input_ids)
    masked = torch.where(chosen & (way >= 0.8) & (way < 0.9), by_chance, masked)
    return masked, torch.where(chosen, input_ids, -100)


WORDS = range(20, 30)
IDS = torch.tensor([[2, 51, 52, 53, 3, 0], [2, 54, 55, 56, 57, 3]])
CHOSEN = torch.tensor([[0, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 0]]).bool()
LABELS = torch.tensor([[-100, 51, 52, -100, -100, -100], [-100, -100, 55, 56, 57, -100]])
REPLACE = "torch.randint(words.start, words.stop, input_ids.shape, generator=generator)"


def _run(
    attempt: Any,
    input_ids: Tensor,
    chosen: Tensor,
    tried: str,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """(masked, labels), both of the right shape and kind."""
    a_range = (
        "words is a range: its first number is words.start, and words.stop is behind its last."
    )
    sizes = (
        "As many values as there are positions: masked[some] = by_chance[some], or torch.where("
        "some, by_chance, masked), which takes whole batches."
    )
    truths = (
        "& is for tensors of True and False; brackets around a comparison: chosen & (way < 0.8)."
    )
    with (
        explaining(TypeError, f"Two limits, then the shape: {REPLACE}", "randint()"),
        explaining(TypeError, a_range, "range"),
        explaining(RuntimeError, sizes, "shape mismatch"),
        explaining(RuntimeError, sizes, "must match the size"),
        explaining(RuntimeError, truths, "bitwise_and"),
        explaining(NotImplementedError, truths, "bitwise_and"),
        explaining(RuntimeError, truths, "Boolean value"),
    ):
        got = call(
            attempt, input_ids, chosen, MASK, WORDS, generator or _draws.seeded(), tried=tried
        )
    return _expect_two(got, input_ids, tried)


def _expect_two(got: Any, input_ids: Tensor, tried: str) -> tuple[Tensor, Tensor]:
    """Raise a `Mistake` unless these are two tensors of token numbers."""
    expect_that(
        isinstance(got, (tuple, list)) and len(got) == 2,
        tried=tried,
        got=got,
        expected="two tensors, (masked, labels)",
        idea="The model reads one, the loss compares with the other: return masked, labels.",
    )
    for each, name in zip(got, ("masked", "labels"), strict=True):
        _draws.expect_batch(each, input_ids, f"{tried}: {name}", name)
        expect_that(
            each.dtype == torch.long,
            tried=f"{tried}: {name}",
            got=each,
            expected="whole numbers, torch.long",
            idea="Tokens are numbers of rows in a table: whole numbers, in input and labels.",
        )
    return got


def _labels(attempt: Any) -> None:
    """labels are the tokens that stood there, and -100 where nothing is chosen"""
    tried = f"input_ids {IDS.tolist()}, chosen {CHOSEN.int().tolist()}, mask_id {MASK}"
    masked, labels = _run(attempt, IDS, CHOSEN, tried)
    _masked.expect_labels(labels, masked, IDS, CHOSEN, tried)
    expect(
        masked[~CHOSEN],
        IDS[~CHOSEN],
        tried=f"{tried}: masked, where nothing is chosen",
        idea="What is not chosen stays as it is. `chosen &` belongs before each of the two "
        "conditions.",
        known=(
            Known(
                torch.full((7,), MASK),
                "All that is not chosen is masked: torch.where(condition, then, otherwise).",
            ),
        ),
    )


def _many() -> tuple[Tensor, Tensor, str]:
    """5,000 tokens whose numbers are no words', every second one chosen, as on a chess board."""
    ids = 100 + torch.arange(5_000).view(100, 50)
    chosen = (torch.arange(100).unsqueeze(1) + torch.arange(50)) % 2 == 0
    return ids, chosen, f"5,000 tokens, 2,500 chosen, mask_id {MASK}, words {WORDS}"


def _shares(attempt: Any) -> None:
    """80 % of the chosen are masked, 10 % replaced, and 10 % stay; the others all stay"""
    ids, chosen, tried = _many()
    masked, labels = _run(attempt, ids, chosen, tried)
    others = (masked != ids) & ~chosen
    expect_that(
        not others.any(),
        tried=f"{tried}: masked, where nothing is chosen",
        told=f"{int(others.sum())} tokens changed",
        expected="none changed",
        idea="What is not chosen stays as it is. `chosen &` belongs before each of the two "
        "conditions.",
    )
    _expect_the_mask_s_number(masked[chosen], tried)
    of_mask = (masked == MASK)[chosen].float().mean().item()
    stays = (masked == ids)[chosen].float().mean().item()
    replaced = 1 - of_mask - stays
    expect_that(
        abs(of_mask - 0.8) < 0.04 and abs(replaced - 0.1) < 0.03,  # five standard deviations
        tried=f"{tried}: what becomes of the chosen ones",
        told=f"{percent(of_mask)} masked, {percent(replaced)} replaced, {percent(stays)} stay",
        expected="about 80 % masked, 10 % replaced, 10 % stay",
        idea=_masked.idea_of_shares(of_mask, replaced),
    )
    _masked.expect_labels(labels, masked, ids, chosen, tried)


def _expect_the_mask_s_number(hidden: Tensor, tried: str) -> None:
    """Raise a `Mistake` if the chosen tokens became another number than mask_id."""
    number = hidden.mode().values.item()
    expect_that(
        number in (MASK, *WORDS) or (hidden == number).sum() < len(hidden) / 2,
        tried=f"{tried}: what becomes of the chosen ones",
        told=f"most become {number}",
        expected=f"most become {MASK}",
        idea=f"{number} is written into the function. The number of [MASK] is mask_id.",
    )


def _random_words(attempt: Any) -> None:
    """the random ones are any of `words`, another one each time"""
    ids, chosen, tried = _many()
    masked, _ = _run(attempt, ids, chosen, tried)
    replaced = chosen & (masked != MASK) & (masked != ids)
    found = sorted(set(masked[replaced].tolist()))
    tried = f"{tried}: the numbers of the random ones"
    if found == list(WORDS):
        _expect_draws_for_each(masked, replaced, tried)
        return
    told = f"from {found[0]} to {found[-1]}" if found else "none"
    raise Mistake(tried, told, "20 to 29, all of them", _missing(found))


def _missing(found: list[int]) -> str:
    """Why these are not the words."""
    if len(found) == 1:
        return f"One number for the whole batch. Draw as many as there are tokens: {REPLACE}"
    if set(found) < set(WORDS):
        return f"Some never come. randint leaves out its second number by itself: {REPLACE}"
    if found[-1] == WORDS.stop:
        return (
            f"{WORDS.stop} is no word: a range leaves out its end, and so does randint. {REPLACE}"
        )
    if found[0] < WORDS.start and found[-1] < WORDS.stop:
        return (
            f"Numbers before words.start are [MASK], [CLS] and their like, and no words. {REPLACE}"
        )
    return f"These are no words: draw them from `words`. {REPLACE}"


def _expect_draws_for_each(masked: Tensor, replaced: Tensor, tried: str) -> None:
    """Raise a `Mistake` if all rows, or all columns, have one random word."""
    for way, flags, numbers in (
        ("row", replaced, masked),
        ("column", replaced.T, masked.T),
    ):
        drawn = [row[some] for row, some in zip(numbers, flags, strict=True) if some.sum() > 1]
        alike = sum(len(row.unique()) == 1 for row in drawn)
        expect_that(
            alike < len(drawn) / 2,
            tried=tried,
            told=f"one and the same number in each {way}",
            expected=f"several numbers in a {way}",
            idea=f"Draw one for each token: {REPLACE}",
        )


def _by_itself(attempt: Any) -> None:
    """each token goes its way by itself"""
    ids, chosen, tried = _many()
    masked, _ = _run(attempt, ids, chosen, tried)
    is_mask = masked == MASK
    for way, flags in (
        ("row", is_mask[chosen].view(100, 25)),
        ("column", is_mask.T[chosen.T].view(50, 50)),
    ):
        expect_that(
            _draws.uniform_share(flags) < 0.5,
            tried=f"{tried}: the chosen ones of a {way}",
            told="all masked, or none of them",
            expected="about 80 % masked",
            idea=f"One draw was used for a whole {way}: torch.rand(input_ids.shape, ...). "
            f"{_masked.ONE_DRAW}",
        )


def _generator(attempt: Any) -> None:
    """all draws come from the generator"""
    ids, chosen, _ = _many()
    tried = "10 rows of that batch"
    _draws.expect_the_generator(
        lambda generator: _run(attempt, ids[:10], chosen[:10], tried, generator)[0], tried
    )


EXERCISE = Exercise(
    "08.3",
    "Mask them",
    12,
    hide_tokens,
    (_labels, _by_itself, _shares, _random_words, _generator),
    (
        (
            "The labels first, while input_ids is still what it was: torch.where(chosen, "
            "input_ids, -100)."
        ),
        (
            "Draw one number for each token, way = torch.rand(input_ids.shape, "
            "generator=generator): chosen & (way < 0.8) is masked, and from 0.8 to 0.9 it is "
            "replaced."
        ),
        (
            "masked = torch.where(chosen & (way < 0.8), mask_id, input_ids), then "
            f"torch.where(chosen & (way >= 0.8) & (way < 0.9), by_chance, masked) with by_chance = "
            f"{REPLACE}"
        ),
    ),
)
