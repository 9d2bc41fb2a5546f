"""Exercise 08.2: which tokens are to be guessed."""

from typing import Any

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb08 import _draws


def choose_tokens(
    input_ids: Tensor, special_ids: list[int], share: float, generator: torch.Generator
) -> Tensor:
    """(B, T) -> (B, T) bool: True where a token is to be guessed; special tokens never; each
    other one with probability share, by itself"""
    special = torch.isin(input_ids, torch.tensor(special_ids))  # (B, T)
    return (torch.rand(input_ids.shape, generator=generator) < share) & ~special


IDS = torch.tensor([[2, 11, 7, 1, 3, 0], [2, 7, 12, 4, 11, 3]])
REAL = torch.tensor([[0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 1, 0]]).bool()
DRAW = "One draw for each token: torch.rand(input_ids.shape, generator=generator) < share."


def _run(
    attempt: Any,
    input_ids: Tensor,
    special_ids: list[int],
    share: float,
    tried: str,
    generator: torch.Generator | None = None,
) -> Any:
    each = (
        "`if`, `in`, `and`, `or` and `not` ask one question of one thing. For each token: "
        "torch.isin(input_ids, torch.tensor(special_ids)), and & | ~ between tensors."
    )
    tensor = "torch.isin takes a tensor: torch.tensor(special_ids)."
    no_axis = "Sizes of the batch: torch.rand(input_ids.shape, generator=generator)."
    whole = (
        "input_ids are whole numbers, and so is all that is drawn like them. torch.rand("
        "input_ids.shape, generator=generator) draws floats."
    )
    brackets = "& binds before <, so brackets around the comparison: (draw < share) & ~special."
    tilde = "True and False are turned round by ~, and joined by &: chosen & ~special."
    lists = (
        "The tokens and special_ids are of different lengths, so == and != do not broadcast. "
        "torch.isin(input_ids, torch.tensor(special_ids)) asks for each token."
    )
    with (
        explaining(NotImplementedError, whole, "'Long'"),
        explaining(NotImplementedError, brackets, "bitwise_"),
        explaining(RuntimeError, tilde, "operator"),
        explaining(RuntimeError, lists, "must match the size of tensor"),
        explaining(RuntimeError, each, "Boolean value of Tensor"),
        explaining(TypeError, tensor, "isin()"),
        explaining(TypeError, no_axis, "rand()"),
    ):
        return call(
            attempt, input_ids, special_ids, share, generator or _draws.seeded(), tried=tried
        )


def _expect_all_of_many(attempt: Any) -> None:
    """Raise a `Mistake` if share 1 chooses most words and not all of them."""
    ids, real = _many(100, 40, 12)
    tried = "100 rows with 40 words and 12 special tokens, share 1.0"
    got = _run(attempt, ids, [3], 1.0, tried)
    if isinstance(got, Tensor) and got.shape == ids.shape and got.dtype == torch.bool:
        found = got[real].float().mean().item()
        expect_that(
            not 0.5 < found < 1,
            tried=tried,
            told=f"{_draws.percent(found)} of the words chosen",
            expected="all of them",
            idea="All draws have to be below 1. torch.rand draws between 0 and 1; torch.randn "
            "draws larger numbers too, and ones below 0.",
        )


def _kind(attempt: Any) -> None:
    """with share 1 all tokens but the special ones, as True and False"""
    tried = f"input_ids {IDS.tolist()}, special_ids [2, 3, 0], share 1.0"
    masks_and_pads = (IDS != 0) & (IDS != 2)
    all_of = "Special tokens are chosen too. Leave out those in special_ids: chosen & ~special."
    expect(
        _run(attempt, IDS, [2, 3, 0], 1.0, tried),
        REAL,
        tried=tried,
        idea="True for 11, 7, 1, 4 and 12; False for 2, 3 and 0, wherever they stand.",
        known=(
            Known(
                torch.ones_like(REAL),
                f"{all_of} (!= with | is always True, and so is a whole tensor != a list.)",
            ),
            Known(IDS != 2, f"{all_of} All of them, not the first alone."),
            Known(IDS != 0, f"{all_of} All of them, not the padding alone."),
            Known(masks_and_pads, all_of),
            Known(
                IDS > 3, "1 is not in special_ids: ask for the numbers in it, not for small ones."
            ),
            Known(IDS > 4, "1 and 4 are not in special_ids: ask for the numbers in it."),
            Known(
                torch.zeros_like(REAL),
                "Nothing is chosen, though share is 1. torch.rand gives numbers below 1, so < "
                "share is True with probability share.",
            ),
            Known(~REAL, "Turned round: these are the special ones. chosen & ~special."),
            Known(REAL.long(), "Numbers so far. A comparison gives True and False, or .bool()."),
            Known(REAL.float(), "Numbers so far. A comparison gives True and False, or .bool()."),
            Known(REAL.tolist(), "A list so far: torch.tensor(...) around it."),
            Known(REAL.nonzero(), "These are positions. True or False for each token is asked."),
            Known(IDS[REAL], "These are tokens. True or False for each position is asked."),
            Known(
                torch.where(REAL, IDS, -100),
                "These are the labels, which exercise 08.3 makes. True or False for each position "
                "is asked.",
            ),
            Known(IDS * REAL, "These are tokens. True or False for each position is asked."),
        ),
    )
    _expect_all_of_many(attempt)
    tried = f"input_ids {IDS.tolist()}, special_ids [7], share 1.0"
    expect(
        _run(attempt, IDS, [7], 1.0, tried),
        IDS != 7,
        tried=tried,
        idea="special_ids says which tokens are special, and here it is 7 alone.",
        known=(Known(REAL, "2, 3 and 0 are written into the function. Use special_ids."),),
    )


def _many(rows: int, words: int, special: int) -> tuple[Tensor, Tensor]:
    """A batch with as many of each in a row, and where the words are."""
    ids = torch.cat([torch.full((rows, words), 9), torch.full((rows, special), 3)], dim=1)
    return ids, ids == 9


def _share(attempt: Any) -> None:
    """each of the others with probability `share`"""
    ids, real = _many(100, 40, 12)
    for share in (0.15, 0.4):
        tried = f"100 rows with 40 words and 12 special tokens, share {share}"
        got = _run(attempt, ids, [3], share, tried)
        _draws.expect_batch(got, ids, tried)
        _expect_not_together(got.bool()[:, :40], tried)
        found = got.bool()[real].float().mean().item()
        expect_that(
            abs(found - share) < 0.04,  # five standard deviations
            tried=tried,
            told=f"{_draws.percent(found)} of the words chosen",
            expected=f"about {_draws.percent(share)}",
            idea=_idea_of_share(found, share),
        )
        expect_that(
            not got.bool()[~real].any(),
            tried=tried,
            told="special tokens among the chosen",
            expected="words alone",
            idea="Special tokens are never chosen: chosen & ~special.",
        )


def _expect_not_together(chosen: Tensor, tried: str) -> None:
    """Raise a `Mistake` if most rows, or most columns, are chosen as a whole or not at all."""
    for kind, flags in (("row", chosen), ("column", chosen.T)):
        expect_that(
            _draws.uniform_share(flags) < 0.5,
            tried=tried,
            told=f"{kind}s whose words are all chosen, or none of them",
            expected="some of the words chosen",
            idea=f"The words of a {kind} are chosen together, by one draw. {DRAW}",
        )


def _idea_of_share(found: float, share: float) -> str:
    ideas = (
        (1 - share, "Turned round: torch.rand is below share with probability share. Use <."),
        (
            share * 52 / 40,
            f"The share was counted with the special tokens, and taken from the words. {DRAW}",
        ),
        (share * 40 / 52, f"The special tokens have cut the share of the words. {DRAW}"),
        (0.15, "0.15 is written into the function. Use share."),
        (share**2, f"Drawn twice: only who is lucky both times is chosen. {DRAW}"),
        (1.0, f"Every word is chosen, whatever the share. {DRAW}"),
        (0.5, f"Every second word is chosen, whatever the share. {DRAW}"),
    )
    close = [idea for value, idea in ideas if abs(found - value) < 0.04]
    return close[0] if close else DRAW


def _by_itself(attempt: Any) -> None:
    """each by itself: how many are chosen varies, and no two go together"""
    ids, _ = _many(200, 20, 2)
    tried = "200 rows with 20 words and 2 special tokens, share 0.5"
    got = _run(attempt, ids, [3], 0.5, tried)
    _draws.expect_batch(got, ids, tried)
    chosen = got.bool()[:, :20]  # (500, 20)
    rows, columns = chosen.sum(dim=1).float(), chosen.sum(dim=0).float()
    expect_that(
        rows.var().item() > 2.5,  # 20 coins have a variance of 5
        tried=tried,
        told=f"{rows.min():.0f} to {rows.max():.0f} words chosen in a row",
        expected="10 on average, 4 to 16 now and then, as with 20 coins",
        idea=f"The number in a row is fixed, so its tokens are not drawn by themselves. {DRAW}",
    )
    expect_that(
        rows.var().item() < 7.5,
        tried=tried,
        told=f"{rows.min():.0f} to {rows.max():.0f} words chosen in a row",
        expected="10 on average, 4 to 16 now and then, as with 20 coins",
        idea=f"Some tokens of a row are chosen together, by one draw. {DRAW}",
    )
    expect_that(
        (columns - 100).abs().max().item() < 50,  # seven standard deviations
        tried=tried,
        told=f"a position that is chosen in {columns.max():.0f} of 200 rows, and one in "
        f"{columns.min():.0f}",
        expected="each position in about 100",
        idea=f"Some positions are chosen in more rows than others. {DRAW}",
    )


def _no_fixed_number(attempt: Any) -> None:
    """nor is their number in the whole batch fixed"""
    ids, _ = _many(10, 18, 2)
    tried = "10 rows with 18 words and 2 special tokens, share 0.5"
    generator = _draws.seeded(5)
    totals = []
    for _ in range(10):
        got = _run(attempt, ids, [3], 0.5, tried, generator)
        _draws.expect_batch(got, ids, tried)
        totals.append(int(got.bool().sum()))
    expect_that(
        len(set(totals)) > 1,
        tried=f"{tried}, ten times",
        told=f"{totals[0]} chosen each time",
        expected="about 90, now more, now less",
        idea=f"Their number is fixed, so the tokens are not drawn by themselves. {DRAW}",
    )


def _sometimes_none(attempt: Any) -> None:
    """in a short sentence none at all may be chosen"""
    ids = torch.tensor([[2, 11, 7, 12, 3]])
    tried = "input_ids [[2, 11, 7, 12, 3]], special_ids [2, 3], share 0.15"
    generator = _draws.seeded(1)
    empty = 0
    for _ in range(200):
        got = _run(attempt, ids, [2, 3], 0.15, tried, generator)
        _draws.expect_batch(got, ids, tried)
        empty += not got.any()
    expect_that(
        empty > 60,  # 0.85 ** 3 is 0.61: nine standard deviations
        tried=f"{tried}, 200 times",
        told=f"none chosen {empty} times",
        expected="none chosen about 123 times, as 0.85 ** 3 is 0.61",
        idea="One was chosen where the draws chose none: then a token is no longer chosen with "
        f"probability share. The notebook sees to such batches later. {DRAW}",
    )


def _generator(attempt: Any) -> None:
    """all draws come from the generator"""
    ids, _ = _many(4, 12, 3)
    tried = "a batch of 4 rows, share 0.5"
    _draws.expect_the_generator(
        lambda generator: _run(attempt, ids, [3], 0.5, tried, generator), tried
    )


EXERCISE = Exercise(
    "08.2",
    "Choose the tokens to guess",
    8,
    choose_tokens,
    (_kind, _share, _generator, _by_itself, _no_fixed_number, _sometimes_none),
    (
        "Two questions for each token, joined by &: is it lucky, and is it no special one?",
        (
            "A number from torch.rand is below share with probability share. torch.isin asks for "
            "each token whether it is among some others; ~ turns True and False round."
        ),
        (
            "(torch.rand(input_ids.shape, generator=generator) < share) & "
            "~torch.isin(input_ids, torch.tensor(special_ids))"
        ),
    ),
)
