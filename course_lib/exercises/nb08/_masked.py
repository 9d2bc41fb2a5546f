"""What becomes of masked tokens and their labels, and where it goes wrong."""

import torch
from torch import Tensor

from course_lib.exercises._checking import Known, expect, same

MASK = 6  # the mask_id of the checks: another one than the 4 of the notebook
ONE_DRAW = (
    "One draw for each token decides its way: below 0.8 it is masked, from 0.8 to 0.9 it is "
    "replaced, and from 0.9 on it stays."
)


def expect_labels(labels: Tensor, masked: Tensor, ids: Tensor, chosen: Tensor, tried: str) -> None:
    """Raise a `Mistake` unless the labels are the chosen tokens, and -100 elsewhere."""
    right = torch.where(chosen, ids, -100)
    swapped = [Known(labels, "The two have changed places: first masked, then labels.")]
    expect(
        labels,
        right,
        tried=f"{tried}: the labels",
        idea="torch.where(chosen, input_ids, -100).",
        known=[
            *(swapped if same(masked, right) else []),
            Known(
                torch.where(chosen, masked, -100),
                "The labels were taken after the masking: they say what the model reads already, "
                f"mostly {MASK}, and it learns to copy. Take them from input_ids.",
            ),
            Known(
                ids,
                "Labels everywhere: the loss would count the tokens that the model can see. -100 "
                "where nothing is chosen, which cross-entropy leaves out.",
            ),
            Known(masked, "This is what the model reads. Its labels are the tokens before that."),
            Known(
                torch.where(chosen, ids, 0),
                "0 is a token like any other, and the model would learn to write it. Cross-entropy "
                "leaves out -100.",
            ),
            Known(
                torch.where(chosen, -100, ids),
                "Turned round: the labels stand where nothing is chosen. torch.where(chosen, "
                "input_ids, -100).",
            ),
            Known(
                torch.where(chosen & (masked == MASK), ids, -100),
                f"Labels only where {MASK} stands. The random and the unchanged ones are to be "
                "guessed too: that is why the model cannot trust what it reads.",
            ),
            Known(
                torch.where(masked != ids, ids, -100),
                "The chosen tokens that stay have no label. They are to be guessed too: ask "
                "chosen, not what has changed.",
            ),
            Known(torch.where(chosen, ids, MASK), "-100 where nothing is chosen, not mask_id."),
        ],
    )


def idea_of_shares(of_mask: float, replaced: float) -> str:
    """Why these shares were masked and replaced."""
    ideas = (
        (
            0.72,
            0.1,
            f"The second draw ran over the masked ones too, and overwrote a tenth. {ONE_DRAW}",
        ),
        (
            0.8,
            0.02,
            f"10 % of the 20 % that were not masked is 2 % of all. {ONE_DRAW}",
        ),
        (0.4, 0.5, f"The second draw, with 0.5, ran over the masked ones too. {ONE_DRAW}"),
        (0.8, 0.2, f"None stays as it is: the random ones are 10 %, not all the rest. {ONE_DRAW}"),
        (0.8, 0.0, f"None is replaced by a random one. {ONE_DRAW}"),
        *(
            (m, r, f"All the chosen ones go one way: {why} {ONE_DRAW}")
            for m, r, why in (
                (1.0, 0.0, "all are masked."),
                (0.0, 1.0, "all are replaced."),
                (0.0, 0.0, "they stay. (masked[chosen][some] = ... changes a copy.)"),
            )
        ),
        (0.9, 0.1, f"None stays as it is. {ONE_DRAW}"),
        (0.0, 0.9, f"way < 0.9 holds below 0.8 as well: ask way >= 0.8 too. {ONE_DRAW}"),
        (0.18, 0.1, f"torch.rand is above 0.8 in 20 % of the draws, below 0.8 in 80 %. {ONE_DRAW}"),
        (0.1, 0.8, "The two have changed places: 80 % are masked."),
        (0.2, 0.7, f"Turned round: torch.rand is below 0.8 with probability 0.8. {ONE_DRAW}"),
    )
    far, idea = min((abs(of_mask - m) + abs(replaced - r), idea) for m, r, idea in ideas)
    return idea if far < 0.05 else ONE_DRAW
