"""Models, optimizers, steps and predictions of all kinds: an examination gives a report of each."""

import functools

import pytest
import torch
from torch import nn
from transformers.utils import ModelOutput

from course_lib.doctor import Report, examine
from tests.tiny_training import adamw, batches, linear, loss_fn, noisy, sgd


def look(model=None, optimizer=None, given=None, loss=loss_fn, **options):
    """The names of what is found, and the report."""
    model = linear() if model is None else model
    optimizer = sgd(model) if optimizer is None else optimizer
    report = examine(model, batches(4) if given is None else given, loss, optimizer, **options)
    assert isinstance(report, Report) and str(report) and report._repr_mimebundle_()
    return [each.name for each in report.findings], report


class Gives(nn.Module):
    """A layer whose logits come in some wrapping."""

    def __init__(self, wrap):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.wrap = nn.Linear(3, 2), wrap

    def forward(self, x):
        return self.wrap(self.layer(x))


def fails(logits):
    raise ZeroDivisionError("no way")


WRAPS = {
    "a tuple": lambda logits: (logits, None),
    "a dict": lambda logits: {"logits": logits, "extra": 3},
    "a ModelOutput": lambda logits: ModelOutput(logits=logits),
    "a list": lambda logits: [logits],
}
USELESS = {
    "None": lambda logits: None,
    "a number": lambda logits: 3,
    "a text": str,
    "an empty dict": lambda logits: {},
    "numpy": lambda logits: logits.detach().numpy(),
    "NaN": lambda logits: logits * float("nan"),
    "one number": lambda logits: logits.sum(),
}


@pytest.mark.parametrize("name", WRAPS)
def test_logits_are_found_in_what_a_model_gives(name):
    assert look(Gives(WRAPS[name]))[0] == []
    given = [each | {"labels": each["labels"] + 2} for each in batches(4)]
    assert look(Gives(WRAPS[name]), given=given)[0] == ["labels-out-of-range"]


@pytest.mark.parametrize("name", USELESS)
def test_a_model_that_gives_something_else_is_ill_and_no_error(name):
    assert not look(Gives(USELESS[name]))[1].healthy


def test_a_model_that_raises_is_a_finding():
    found, report = look(Gives(fails))
    assert found == ["step-fails"] and "ZeroDivisionError: no way" in str(report)


class Half(nn.Module):
    """Real outputs of complex weights."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 2, dtype=torch.complex64)

    def forward(self, x):
        return self.layer(x.to(torch.complex64)).abs()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_models_of_other_types_are_looked_at(dtype):
    model = linear(dtype=dtype)
    assert look(model, given=batches(4, dtype=dtype))[0] == []
    assert look(model)[0] == ["step-fails"]  # float32 batches


def test_complex_weights_weights_without_numbers_and_none_at_all():
    look(Half())
    model = linear()
    model.empty = nn.Parameter(torch.ones(0, 3))
    assert look(model)[0] == []
    assert look(Gives(fails).requires_grad_(False))[0] == ["nothing-trainable"]
    nothing = nn.Identity()
    nothing.forward = lambda x: x
    assert look(nothing, sgd(linear()))[0] == ["nothing-trainable"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_compiled_and_scripted_models_are_looked_at():
    model = linear()
    found, _ = look(torch.compile(model, backend="eager"), sgd(model))
    assert found == []
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 2)))
    look(scripted, sgd(scripted), [(each["x"], each["labels"]) for each in batches(3)])


# Optimizers.


class Own:
    """An optimizer that is none of PyTorch's."""

    def __init__(self, model, clears=True):
        self.weights, self.clears = list(model.parameters()), clears
        self.param_groups = [{"params": self.weights, "lr": 0.1}]

    def zero_grad(self):
        for weight in self.weights if self.clears else []:
            weight.grad = None

    @torch.no_grad()
    def step(self):
        for weight in self.weights:
            weight -= 0.1 * weight.grad


def test_an_optimizer_that_is_none_of_pytorchs_is_looked_at():
    model = linear()
    optimizer = Own(model)
    assert look(model, optimizer)[0] == []
    assert look(model, Own(model, clears=False))[0] == ["no-zero-grad"]
    assert "step" not in vars(optimizer)


@pytest.mark.parametrize("optimizer", [None, "adam", 3, object()], ids=lambda x: type(x).__name__)
def test_what_is_no_optimizer_gives_a_report(optimizer):
    model = linear()
    report = examine(model, batches(3), loss_fn, optimizer)
    assert isinstance(report, Report) and not (report.healthy and not report.left_out)


def test_lbfgs_with_a_closure_and_sparse_adam_are_looked_at():
    model = linear()

    def step(model, batch, loss_fn, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = loss_fn(model(batch["x"]), batch["labels"])
            loss.backward()
            return loss

        optimizer.step(closure)

    found, _ = look(
        model, torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=2), train_step=step
    )
    assert "step-fails" not in found and "no-optimizer-step" not in found
    torch.manual_seed(0)
    table = nn.Sequential(nn.Embedding(9, 4, sparse=True), nn.Flatten(), nn.Linear(8, 2))
    table[2].requires_grad_(False)
    given = [(torch.tensor([[1, 2], [3, 4]]), torch.tensor([0, 1]))] * 3
    found, _ = look(table, torch.optim.SparseAdam(table[0].parameters()), given)
    assert "step-fails" not in found


# Steps and predictions, called in the way they want.


def of_inputs(model, x, y):
    model.zero_grad()
    loss_fn(model(x), y).backward()
    with torch.no_grad():
        for weight in model.parameters():
            weight -= 0.1 * weight.grad


def with_defaults(model, batch, loss_fn, optimizer, clip=1.0, *rest, device="cpu", **more):
    optimizer.zero_grad()
    loss = loss_fn(model(batch["x"]), batch["labels"])
    loss.backward()
    optimizer.step()
    return {"loss": loss.detach()}


def other_order(optimizer, criterion, net, data):
    return with_defaults(net, data, criterion, optimizer)


def unknown_names(a, b, c, d):
    return with_defaults(a, b, c, d)


def of_anything(*args, **kwargs):
    return with_defaults(*args, **kwargs)


class Step:
    def __call__(self, model, batch, loss_fn, optimizer):
        return with_defaults(model, batch, loss_fn, optimizer)

    def method(self, net, batch, criterion, opt):
        return self(net, batch, criterion, opt)

    @staticmethod
    def static(model, batch, loss_fn, optimizer):
        return with_defaults(model, batch, loss_fn, optimizer)


def extra(log, model, batch, loss_fn, optimizer):
    log.append(1)
    return with_defaults(model, batch, loss_fn, optimizer)


STEPS = {
    "defaults": with_defaults,
    "inputs": of_inputs,
    "other order": other_order,
    "unknown names": unknown_names,
    "anything": of_anything,
    "object": Step(),
    "method": Step().method,
    "static": Step.static,
    "partial": functools.partial(extra, []),
    "named partial": functools.partial(with_defaults, clip=2.0),
    "lambda": lambda model, batch, loss, opt: with_defaults(model, batch, loss, opt),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_of_any_signature_is_run(name):
    given = batches(4)
    if name == "inputs":
        given = [(each["x"], each["labels"]) for each in given]
    assert look(noisy(), given=given, train_step=STEPS[name])[0] == []


def test_a_step_of_the_batch_alone_is_run():
    model = linear()
    optimizer = adamw(model)
    found, _ = look(
        model, optimizer, train_step=lambda b: with_defaults(model, b, loss_fn, optimizer)
    )
    assert found == []


@pytest.mark.parametrize("step", [3, "step", lambda: None, lambda a, b, c, d, e, f, g, h, i: None])
def test_a_step_that_cannot_be_called_so_is_ill_and_no_error(step):
    assert not look(train_step=step)[1].healthy


PREDICTIONS = {
    "model, batch": lambda model, batch: model(batch["x"]),
    "batch, model": lambda batch, model: model(batch["x"]),
    "net, x": lambda net, x: net(x["x"] if isinstance(x, dict) else x),
    "classes": lambda model, batch: model(batch["x"]).argmax(-1),
    "list": lambda model, batch: model(batch["x"]).tolist(),
    "loader": lambda model, loader: [model(batch["x"]) for batch in loader],
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_prediction_of_any_signature_is_run(name):
    found, report = look(noisy(), predict_fn=PREDICTIONS[name])
    assert found == ["eval-in-train-mode"] and report.left_out == ()


def test_a_prediction_that_raises_is_said_and_no_finding():
    found, report = look(predict_fn=lambda model, batch: batch["nothing"])
    assert found == [] and report.left_out == ("predict_fn, which raised KeyError: 'nothing'",)


class Remembers(nn.Linear):
    def forward(self, x):
        self.features = super().forward(x)
        return self.features


@pytest.mark.parametrize("kind", ["remembers", "unused"])
def test_a_tensor_that_the_forward_pass_does_not_use_is_no_fault(kind):
    torch.manual_seed(0)
    model = Remembers(3, 2) if kind == "remembers" else nn.Linear(3, 2)
    given = [(each["x"], each["labels"]) for each in batches(4)]
    if kind == "remembers":
        model(given[0][0])
    else:
        model.weights_of_yesterday = torch.randn(20)
    assert look(model, given=given)[0] == []
