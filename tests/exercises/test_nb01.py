"""Right and wrong answers to the exercises of notebook 01."""

import pytest
import torch
from torch import nn

from course_lib import exercises
from tests.exercises import nb01_answers as answers
from tests.exercises.mutants import Right, Wrong, names, report, told, verdict

RIGHT = [
    Right("01.1", "F.linear and Xavier", answers.FunctionalLinear),
    Right("01.1", "register_parameter", answers.RegisteredLinear),
    Right("01.1", "one row at a time", answers.RowLinear),
    Right("01.1", "weight times x", answers.TurnedLinear),
    Right("01.4", "the last layer made first", answers.LastFirstMLP),
    Right("01.2", "deviation clamped by hand", answers.StandardizeByHand),
    Right("01.2", "variance of one column at a time", answers.StandardizeByColumn),
    Right("01.3", "a loop over named_parameters", answers.count_in_a_loop),
    Right("01.3", "product of the shape", answers.count_by_shape),
    Right("01.4", "append to the ModuleList", answers.AppendedMLP),
    Right("01.4", "one nn.Sequential", answers.SequentialMLP),
    Right("01.5", "functools.partial", answers.record_with_partial),
    Right("01.5", "names bound as defaults", answers.record_with_defaults),
    Right("01.6", "einsum", answers.backward_by_einsum),
    Right("01.6", "a loop over the examples", answers.backward_by_loop),
]

WRONG = [
    Wrong("01.1", "plain tensor weight", answers.PlainTensorLinear, "nn.Parameter(...)"),
    Wrong("01.1", "no super().__init__()", answers.NoSuperLinear, "super().__init__()"),
    Wrong("01.1", "super() last", answers.LateSuperLinear, "super().__init__()"),
    Wrong("01.1", "weight (in, out)", answers.SidewaysLinear, "Yours is (in, out)"),
    Wrong("01.1", "frozen", answers.FrozenLinear, "never learns"),
    Wrong("01.1", "all zeros", answers.ZeroLinear, "stay equal for ever"),
    Wrong("01.1", "large weights", answers.LargeLinear, "Draw small ones"),
    Wrong("01.1", "no bias in forward", answers.NoBiasLinear, "The bias is missing"),
    Wrong("01.1", "not transposed", answers.UntransposedLinear, "transposed"),
    Wrong("01.1", "an activation", answers.ReluLinear, "There is an activation in it"),
    Wrong("01.1", ".data in forward", answers.DataLinear, "cut a tensor off from autograd"),
    Wrong("01.1", "a function", lambda i, o: torch.zeros(o, i), "a class, not"),
    Wrong("01.1", "nn.Linear itself", nn.Linear, "write both methods"),
    Wrong("01.1", "__call__", answers.CallLinear, "Write forward"),
    Wrong("01.1", "arithmetic outside", answers.OutsideLinear, "inside the brackets"),
    Wrong("01.1", "bias of shape (1, out)", answers.RowBiasLinear, "(out_features,)"),
    Wrong("01.1", "a buffer", answers.BufferLinear, "never trained"),
    Wrong("01.1", "counted weights", answers.CountedLinear, "Draw small ones"),
    Wrong("01.2", "one mean for all", answers.GlobalStandardize, "Each column has its own"),
    Wrong("01.2", "variance", answers.VarianceStandardize, "standard deviation is its root"),
    Wrong("01.2", "no division", answers.CenterOnly, "division by the standard deviation"),
    Wrong("01.2", "statistics of the batch", answers.BatchStandardize, "Measure mean and std once"),
    Wrong("01.2", "0 / 0", answers.NaNStandardize, "divide by 1"),
    Wrong("01.2", "tiny epsilon", answers.EpsilonStandardize, "a hundred million"),
    Wrong("01.2", "parameters", answers.LearnedStandardize, "measured, not learned"),
    Wrong("01.2", "plain attributes", answers.AttributeStandardize, "register_buffer"),
    Wrong("01.2", "not persistent", answers.ForgetfulStandardize, "persistent"),
    Wrong("01.2", "small deviations replaced", answers.ClampedStandardize, "Only a deviation of 0"),
    Wrong("01.2", "deviation of the batch", answers.BatchDeviation, "Measure mean and std once"),
    Wrong("01.2", "clamped at 0.1", answers.ClampedAtATenth, "divided by 1"),
    Wrong("01.2", "sign", answers.TurnedStandardize, "The sign is turned round"),
    Wrong("01.2", "no brackets", answers.NoBrackets, "Put brackets"),
    Wrong("01.2", "a function", lambda data: nn.Identity(), "a class, not"),
    Wrong("01.3", "first tensor only", answers.count_first, "return after the loop"),
    Wrong("01.3", "shared weight twice", answers.count_by_owner, "It is one tensor"),
    Wrong("01.3", "number of tensors", lambda m, t=False: len(list(m.parameters())), "numel()"),
    Wrong("01.3", "own parameters only", answers.count_own, "sit in the children"),
    Wrong("01.3", "no biases", answers.count_weights, "biases"),
    Wrong("01.3", "state_dict", answers.count_state_dict, "counted under both its names"),
    Wrong("01.3", "every module's whole tree", answers.count_every_tree, "counted twice"),
    Wrong("01.3", "buffers too", answers.count_buffers, "holds buffers too"),
    Wrong("01.3", "flag ignored", answers.count_all, "trainable_only changes nothing"),
    Wrong("01.3", "always trainable only", answers.count_trainable, "frozen ones are missing"),
    Wrong("01.3", "flag the wrong way round", answers.count_frozen, "Those are the frozen ones"),
    Wrong("01.3", "a tensor", answers.count_as_tensor, "as a tensor"),
    Wrong("01.4", "a Python list", answers.ListMLP, "a plain list hides"),
    Wrong("01.4", "one object repeated", answers.RepeatedMLP, "repeats one object"),
    Wrong("01.4", "no activation", answers.FlatMLP, "one linear layer"),
    Wrong("01.4", "ReLU after the last", answers.ReluEverywhereMLP, "after the last layer too"),
    Wrong("01.4", "ReLU only at the end", answers.ReluLastMLP, "It belongs between"),
    Wrong("01.4", "two layers, always", answers.TwoLayerMLP, "four sizes make three layers"),
    Wrong("01.4", "no biases", answers.NoBiasMLP, "the biases are missing"),
    Wrong("01.4", "one ReLU, at the end", answers.OneReluMLP, "before the last layer only"),
    Wrong("01.4", "one ReLU, at the start", answers.FirstReluMLP, "after the first layer only"),
    Wrong("01.4", "calls the ModuleList", answers.CalledListMLP, "loop over it"),
    Wrong("01.4", "list into Sequential", answers.StarlessMLP, "Put a star"),
    Wrong("01.4", "a function", lambda sizes: nn.Sequential(), "a class, not"),
    Wrong("01.5", "hook with two arguments", answers.record_two, "(module, args, output)"),
    Wrong("01.5", "one list for ever", answers.record_for_ever, "make the list inside"),
    Wrong("01.5", "left in eval mode", answers.record_in_eval, "as it was"),
    Wrong("01.5", "late binding", answers.record_late, "looks its variables up when it runs"),
    Wrong("01.5", "direct children only", answers.record_children, "Only the direct children"),
    Wrong("01.5", "leaves only", answers.record_leaves, "Containers have an output too"),
    Wrong("01.5", "the model too", answers.record_root, "Skip names that are empty"),
    Wrong("01.5", "input shapes", answers.record_inputs, "take the last"),
    Wrong("01.5", "the model never runs", answers.record_nothing, "Did the model run"),
    Wrong("01.5", "a dictionary", answers.record_in_a_dict, "a dictionary keeps one entry"),
    Wrong("01.5", "hooks left on", answers.record_and_leave, "call its remove()"),
    Wrong("01.5", "the hook returns", answers.record_and_replace, "replaces the output"),
    Wrong("01.6", "weight transposed", answers.backward_transposed, "is (out, in)"),
    Wrong("01.6", "bias averaged", answers.backward_mean_bias, "mean over B"),
    Wrong("01.6", "bias not summed", lambda x, w, g: (g @ w, g.T @ x, g), "sum their pulls"),
    Wrong("01.6", "bias summed over out", answers.backward_sum_out, "sums over B"),
    Wrong("01.6", "bias keeps an axis", answers.backward_keepdim, "left an axis too many"),
    Wrong("01.6", "weight averaged", answers.backward_mean_weight, "already in grad_out"),
    Wrong("01.6", "wrong order", lambda x, w, g: (g.T @ x, g @ w, g.sum(0)), "changed places"),
    Wrong("01.6", "two of three", lambda x, w, g: (g @ w, g.T @ x), "Return all three"),
    Wrong("01.6", "local derivative only", answers.backward_ones, "The chain rule multiplies"),
    Wrong("01.6", "sign", lambda x, w, g: (-g @ w, g.T @ x, g.sum(0)), "sign is turned"),
    Wrong("01.6", "no return", lambda x, w, g: None, "end in `return`"),
    Wrong("01.6", "None for one", lambda x, w, g: (None, g.T @ x, g.sum(0)), "is a tensor"),
    Wrong("01.6", "changes its input", answers.backward_in_place, "works in place"),
    Wrong("01.6", "weight not transposed", lambda x, w, g: (g @ w.T, g.T @ x, g.sum(0)), "inner"),
]


@pytest.mark.parametrize("answer", RIGHT, ids=names(RIGHT))
def test_a_right_answer_written_differently_is_accepted(answer):
    given = verdict(answer)
    assert given.status == "solved", report(given)


@pytest.mark.parametrize("answer", WRONG, ids=names(WRONG))
def test_a_wrong_answer_is_rejected_and_its_mistake_named(answer):
    given = verdict(answer)
    assert given.status == "wrong", report(given)
    assert answer.says in told(given, "idea"), report(given)


def test_a_linear_layer_may_draw_its_weight_with_plain_randn():
    class Plain(nn.Module):
        def __init__(self, in_features, out_features):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(out_features, in_features))
            self.bias = nn.Parameter(torch.randn(out_features))

        def forward(self, x):
            return torch.matmul(x, self.weight.t()).add(self.bias)

    given = verdict(Right("01.1", "", Plain))
    assert given.status == "solved", report(given)


def test_an_attempt_that_changes_its_input_spoils_no_later_one():
    for exercise_id, attempt in (
        ("01.2", answers.SpoilingStandardize),
        ("01.6", answers.backward_in_place),
    ):
        assert verdict(Right(exercise_id, "", attempt)).status == "wrong"
        reference = exercises.find(exercise_id).reference
        assert verdict(Right(exercise_id, "", reference)).status == "solved"
