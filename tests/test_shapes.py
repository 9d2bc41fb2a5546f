"""course_lib.shapes: parameters counted and shapes recorded, against PyTorch and arithmetic."""

import pytest
import torch
from torch import nn

from course_lib.shapes import count_parameters, record_shapes


class Pair(nn.Module):
    """Two outputs from one layer, and a keyword input."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.gru = nn.GRU(3, 4, batch_first=True)

    def forward(self, x, scale=1.0):
        _, last = self.gru(self.layer(x) * scale)
        return self.layer(x), last


class Breaks(nn.Module):
    def forward(self, x):
        raise ValueError("broken")


def tied():
    layer = nn.Linear(4, 4)
    return nn.Sequential(layer, nn.ReLU(), layer)


@pytest.mark.parametrize(
    ("module", "numbers"),
    [
        (nn.ReLU(), 0),
        (nn.Linear(3, 2), 3 * 2 + 2),
        (nn.Linear(3, 2, bias=False), 3 * 2),
        (nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 1))), 8 + 3),
        (nn.BatchNorm1d(5), 2 * 5),
        (nn.Embedding(7, 3), 7 * 3),
        (tied(), 4 * 4 + 4),
        (nn.Conv2d(3, 8, 5), 8 * 3 * 5 * 5 + 8),
        (nn.Linear(10**6, 10**6, device="meta"), 10**12 + 10**6),
    ],
    ids=lambda value: value if type(value) is int else type(value).__name__,
)
def test_parameters_are_counted_as_by_arithmetic(module, numbers):
    assert count_parameters(module) == numbers
    assert type(count_parameters(module)) is int


def test_frozen_parameters_are_left_out_only_when_asked():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    assert (count_parameters(model), count_parameters(model, trainable_only=True)) == (11, 3)
    model[1].requires_grad_(False)
    assert count_parameters(model, trainable_only=True) == 0


def test_every_module_inside_is_noted_in_the_order_of_finishing():
    inner = nn.Sequential(nn.ReLU(), nn.Linear(5, 2))
    assert record_shapes(nn.Sequential(nn.Linear(3, 5), inner), torch.ones(4, 3)) == [
        ("0", (4, 5)),
        ("1.0", (4, 5)),
        ("1.1", (4, 2)),
        ("1", (4, 2)),
    ]


def test_calls_are_noted_each_and_outputs_that_are_no_tensor_left_out():
    shapes = record_shapes(Pair(), torch.ones(1, 6, 2), scale=2.0)
    assert shapes == [("layer", (1, 6, 3)), ("layer", (1, 6, 3))]


def test_shapes_are_plain_tuples():
    ((_, shape),) = record_shapes(nn.Sequential(nn.ReLU()), torch.ones(2))
    assert type(shape) is tuple


@pytest.mark.parametrize("part", [nn.ReLU, Breaks])
def test_the_hooks_are_gone_afterwards_even_after_an_error(part):
    model = nn.Sequential(nn.Linear(2, 2), part())
    if part is Breaks:
        with pytest.raises(ValueError, match="broken"):
            record_shapes(model, torch.ones(1, 2))
    else:
        record_shapes(model, torch.ones(1, 2))
    assert all(not module._forward_hooks for module in model.modules())


def test_the_run_builds_no_graph_and_leaves_gradients_switched_on():
    seen = []
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_forward_hook(lambda module, args, output: seen.append(output.requires_grad))
    record_shapes(model, torch.ones(1, 2))
    assert seen == [False]
    assert torch.is_grad_enabled()


def test_an_input_that_does_not_fit_raises_what_the_model_raises():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        record_shapes(nn.Sequential(nn.Linear(3, 2)), torch.ones(1, 4))
