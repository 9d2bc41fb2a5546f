"""An examination leaves a training as it found it, to the bit."""

import itertools
import random
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.doctor import examine
from tests.doctor_patient import Patient, bits, photo, standard, trained
from tests.tiny_training import adamw, batches, linear, loss_fn, sgd

# Steps that a learner may write.


def never_cleared(model, batch, loss_fn, optimizer):
    loss_fn(model(batch["x"]), batch["labels"]).backward()
    optimizer.step()


def cleared_in_place(model, batch, loss_fn, optimizer):
    optimizer.zero_grad(set_to_none=False)
    loss_fn(model(batch["x"]), batch["labels"]).backward()


def asleep(model, batch, loss_fn, optimizer):
    model.eval()
    standard(model.eval(), batch, loss_fn, optimizer)


def by_data(model, batch, loss_fn, optimizer):
    """Past PyTorch's own counting of changes."""
    for weight in model.parameters():
        weight.data.mul_(1.5)
        weight.data = weight.data.clone() + 1
        weight.grad = torch.ones_like(weight)
    model.secret.data = torch.full((3,), 7.0)


def batch_in_place(model, batch, loss_fn, optimizer):
    batch["x"].mul_(0.5).add_(1)
    batch["labels"].data.fill_(0)
    batch["new"] = batch.pop("x")


def overthrown(model, batch, loss_fn, optimizer):
    """Other parts, other groups, other rates, hooks and modes that stay."""
    model.head = nn.Linear(6, 2)
    model.first.requires_grad_(False)
    model.frozen.requires_grad_(True)
    model.note = "here"
    del model.plain
    model.register_forward_hook(lambda *_: None)
    model.norm.weight.register_hook(lambda gradient: gradient)
    optimizer.param_groups[0]["lr"] = 7.0
    optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))]})
    optimizer.state.clear()
    torch.set_grad_enabled(False)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    warnings.simplefilter("ignore")


def raises(model, batch, loss_fn, optimizer):
    standard(model, batch, loss_fn, optimizer)
    model.eval()
    raise RuntimeError("the third hour")


def poisoned(model, batch, loss_fn, optimizer):
    for weight in model.parameters():
        weight.data.fill_(float("nan"))
    standard(model, batch, loss_fn, optimizer)


STEPS = [
    None,
    standard,
    never_cleared,
    cleared_in_place,
    asleep,
    by_data,
    batch_in_place,
    overthrown,
    raises,
    poisoned,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: getattr(step, "__name__", "none"))
@pytest.mark.parametrize("optimizer_of", [adamw, lambda m: sgd(m, momentum=0.9)], ids=["a", "s"])
def test_everything_is_as_before(step, optimizer_of):
    model, optimizer = trained(optimizer_of)
    given = batches(4, B=6)
    before = photo(model, optimizer, bits(given), [list(each) for each in given])
    examine(model, given, loss_fn, optimizer, train_step=step)
    after = photo(model, optimizer, bits(given), [list(each) for each in given])
    for one, other in zip(before, after, strict=True):
        assert one == other


def test_the_check_of_these_tests_sees_each_change():
    """Where nothing is put back, the same comparison fails for each of the steps."""
    for step in STEPS[1:]:
        model, optimizer = trained()
        given = batches(1, B=6)
        before = photo(model, optimizer, bits(given))
        random_states = random.getstate(), np.random.get_state(), torch.get_rng_state()
        with warnings.catch_warnings(), torch.enable_grad():
            try:
                step(model, given[0], loss_fn, optimizer)
            except RuntimeError:
                assert step is raises
            assert photo(model, optimizer, bits(given)) != before, step
        random.setstate(random_states[0]), np.random.set_state(random_states[1])
        torch.set_rng_state(random_states[2])


@pytest.mark.parametrize("at", [1, 2, 5, 9, 15])
def test_ctrl_c_in_the_middle_gets_through_and_leaves_everything_as_before(at):
    model, optimizer = trained()
    calls = itertools.count(1)

    def interrupted(model, batch, loss_fn, optimizer):
        standard(model, batch, loss_fn, optimizer)
        if next(calls) == at:
            raise KeyboardInterrupt

    given = batches(4, B=6)
    before = photo(model, optimizer, bits(given))
    with pytest.raises(KeyboardInterrupt):
        examine(model, given, loss_fn, optimizer, train_step=interrupted)
    assert photo(model, optimizer, bits(given)) == before


def test_ctrl_c_while_predicting_leaves_no_hook():
    model, optimizer = trained()

    def predict(model, batch):
        raise KeyboardInterrupt

    before = photo(model, optimizer)
    with pytest.raises(KeyboardInterrupt):
        examine(model, batches(4, B=6), loss_fn, optimizer, predict_fn=predict)
    assert photo(model, optimizer) == before


@pytest.mark.parametrize("mode", [True, False])
def test_the_callers_gradient_mode_stays(mode):
    model = linear()
    with torch.set_grad_enabled(mode):
        report = examine(model, batches(3), loss_fn, sgd(model), train_step=standard)
        assert torch.is_grad_enabled() is mode and report.findings == ()


def test_what_step_and_prediction_print_is_not_shown(capsys):
    def says(model, batch, loss_fn, optimizer):
        print("a step")
        return standard(model, batch, loss_fn, optimizer)

    def predict(model, batch):
        print("a prediction", file=sys.stderr)
        return model.eval()(batch["x"])

    model = Patient()
    examine(model, batches(4), loss_fn, sgd(model), train_step=says, predict_fn=predict)
    assert capsys.readouterr() == ("", "")


class Talks(Patient):
    def forward(self, x):
        print("forward", x.shape)
        return super().forward(x)


def talking_loss(logits, labels):
    print("loss")
    return loss_fn(logits, labels)


@pytest.mark.parametrize("kind, loss", [(Patient, talking_loss), (Talks, loss_fn)])
def test_what_model_and_loss_print_is_not_shown_either(capsys, kind, loss):
    model = kind()
    examine(model, batches(4), loss, sgd(model))
    assert capsys.readouterr() == ("", "")
