"""Models whose answers depend on the company, or do not, and what mistakes with them give."""

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known

REPLACED = (
    "In each input keep the first example, and put copies of the second in the place of all "
    "others. Then compare row 0 of the two logits."
)


COLUMN = "Column 0 of the logits was compared, one class of all examples. Row 0 is one example."


class Calls(list):
    """What was noted; a copy of the model notes in the same list."""

    def __deepcopy__(self, memo: dict) -> "Calls":
        return self


class Watched(nn.Module):
    """It notes how it is called: the mode, whether a graph is made, and the batch's size."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[bool, bool, int]] = Calls()

    def note(self, x: Tensor) -> None:
        self.calls.append((self.training, torch.is_grad_enabled(), len(x)))


class Centred(Watched):
    """w * (x - the mean of the batch): each example depends on the others."""

    def __init__(self, w: float = 1.0) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def forward(self, x: Tensor) -> Tensor:
        self.note(x)
        return self.w * (x - x.mean(dim=0))


class Alone(Watched):
    """A Linear, a BatchNorm and a dropout: in evaluation mode each example is by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
        for parameter in self.layers[0].parameters():
            spread = torch.linspace(-1.0, 1.5, parameter.numel())
            parameter.detach().copy_(spread.reshape(parameter.shape))

    def forward(self, x: Tensor) -> Tensor:
        self.note(x)
        return self.layers(x)


class TwoInputs(Watched):
    """The largest sum of numbers by mask of the whole batch, and the example's own."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def forward(self, *, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        self.note(input_ids)
        sums = (input_ids * attention_mask).sum(dim=1).float()  # (B,)
        return self.w * torch.stack([sums, sums.max().expand_as(sums)], dim=1)


def known(x: Tensor, right: float) -> tuple[Known, ...]:
    """Mistakes with the model Centred, by arithmetic."""
    second = torch.cat([x[:1], x[1:2].expand_as(x[1:])])
    before, after = x - x.mean(dim=0), second - second.mean(dim=0)
    moved = after - before
    last = torch.cat([x[:1], x[-1:].expand_as(x[1:])])
    third = torch.cat([x[:1], x[2:3].expand_as(x[1:])])
    all_but_last = torch.cat([second[:-1], x[-1:]])
    biggest = (after[0].max() - before[0].max()).abs().item()
    mistakes = (
        (0.0, f"No difference: were the others only put in another order? {REPLACED}"),
        (moved[0].abs().mean().item(), "The mean of the differences. The largest is asked."),
        (moved[0].abs().sum().item(), "The sum of the differences. The largest is asked."),
        (moved[0].norm().item(), "The norm of the differences. The largest is asked."),
        (moved[0].max().item(), "The largest with its sign: first abs(), then max()."),
        (-moved[0].min().item(), "The largest with its sign: first abs(), then max()."),
        (-moved[0].max().item(), "The largest with its sign: first abs(), then max()."),
        (moved[0].min().item(), "The smallest. The largest absolute difference is asked."),
        (moved[0].abs().min().item(), "The smallest of the differences. The largest is asked."),
        (
            moved.abs().max().item(),
            "All rows were compared, and the others are other examples now. Compare row 0 alone.",
        ),
        (moved[1:].abs().max().item(), "Other rows were compared. Row 0 alone has the same input."),
        (moved[-1].abs().max().item(), "Another row was compared. Row 0 has the same input."),
        (
            before[0].abs().max().item(),
            f"One batch holds one example alone, once or many times. {REPLACED}",
        ),
        (biggest, "Two largest logits were compared. First the differences, then the largest."),
        (moved[0].square().max().item(), "A square: the largest absolute difference, abs()."),
        (moved[0].square().sum().item(), "A sum of squares. The largest of abs() is asked."),
        (moved[0].square().mean().item(), "A mean of squares. The largest of abs() is asked."),
        (moved[0].mean().abs().item(), "The mean, with its signs. First abs(), then max()."),
        (moved[0].reshape(-1)[0].abs().item(), "The first logit alone. All of row 0 count."),
        (moved.reshape(len(moved), -1)[:, 0].abs().max().item(), COLUMN),
        (1.0, "Another answer is one way to move. How far is asked, of the logits themselves."),
        (distance(x, third), "The others became copies of the third. Take the second."),
        (distance(x, all_but_last), "The last one is still there: put copies in all places."),
        (distance(x, last), "The others became copies of the last. Take the second."),
        (
            distance(x, torch.cat([x[:1], torch.zeros_like(x[1:])])),
            "The others became zeros. Take copies of the second: a real example.",
        ),
        (
            distance(x, x[:2]),
            "The batch became smaller. Keep its size, or more has changed than the company.",
        ),
    )
    return tuple(Known(value, idea) for value, idea in mistakes if abs(value - right) > 1e-3)


def softmaxed(x: Tensor, w: float) -> float:
    """How far the probabilities of the first example move."""
    second = torch.cat([x[:1], x[1:2].expand_as(x[1:])])
    one, two = ((w * (some - some.mean(dim=0)))[0].softmax(dim=-1) for some in (x, second))
    return (one - two).abs().max().item()


def distance(x: Tensor, other: Tensor) -> float:
    one, two = x - x.mean(dim=0), other - other.mean(dim=0)
    return (one[0] - two[0]).abs().max().item()
