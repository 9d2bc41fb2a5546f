"""Exercise 10.4: a model that can be drawn."""

from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_module,
    expect_that,
    explaining,
)
from course_lib.exercises._exercise import Exercise


class ByPosition(nn.Module):
    """A model that takes its inputs in the order of `names`, and gives one tensor."""

    def __init__(self, model: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: Tensor) -> Tensor:
        output = self.model(**dict(zip(self.names, inputs, strict=True)))
        return output if isinstance(output, Tensor) else output.logits


class Output(dict):
    """An output as Hugging Face models give it: by name, by attribute, and by place."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            ) from None

    def __getitem__(self, key: Any) -> Any:
        return (
            tuple(self.values())[key] if isinstance(key, (int, slice)) else super().__getitem__(key)
        )


class Net(nn.Module):
    """mask first, then ids: 10 * ids + mask + 0 * its weight, as a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor(0.0))

    def forward(self, attention_mask: Tensor, input_ids: Tensor) -> Tensor:
        return 10.0 * input_ids + attention_mask + self.bias


class Named(Net):
    """The same, as an output with names, of which the logits are the second."""

    def forward(self, attention_mask: Tensor, input_ids: Tensor) -> Output:
        logits = super().forward(attention_mask, input_ids)
        return Output(loss=logits.sum(), logits=logits, hidden_states=(logits + 1, logits + 2))


class Optional(Net):
    """One input is enough; the others stand between."""

    def forward(
        self,
        input_ids: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        types = 0.0 if token_type_ids is None else 100.0 * token_type_ids
        mask = 0.0 if attention_mask is None else attention_mask
        return 10.0 * input_ids + mask + types + self.bias


class Shorter(Net):
    """The same without a loss: the logits come first, as where a model is given no labels."""

    def forward(self, attention_mask: Tensor, input_ids: Tensor) -> Output:
        logits = super().forward(attention_mask, input_ids)
        return Output(logits=logits, hidden_states=(logits + 1, logits + 2))


IDS, MASK = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0, 1.0, 0.0]])
NAMES = ["input_ids", "attention_mask"]
RIGHT = torch.tensor([[11.0, 21.0, 30.0]])
SWAPPED = 10 * MASK + IDS
FORWARD = "forward(attention_mask, input_ids)"
GAP = "forward(input_ids=None, token_type_ids=None, attention_mask=None)"
BY_NAME = (
    "The inputs went to the wrong places: names[0] is the name of the first input, wherever the "
    "model's forward has it. Hand them on by name: self.model(**{name: tensor, ...})."
)
DICT = "zip(self.names, inputs) pairs them, dict(...) makes a dict, and ** hands it on by name."
REGISTERED = (
    "self.model = model makes it a part. Behind a list, a dict, a function or a bound method "
    "PyTorch does not find it: .to(device) passes over its weights, which then are not drawn."
)


def _make(attempt: Any, model: nn.Module, names: list[str] = NAMES) -> tuple[Any, str]:
    of = "model" if type(model) is Optional else "a model that gives names"
    tried = f"ByPosition({of if type(model) in (Named, Shorter) else 'model'}, {names})"
    made = call(attempt, model, names, tried=tried)
    expect_module(made, tried=tried)
    return made, tried


def _run(made: Any, *inputs: Tensor, tried: str) -> Any:
    with (
        explaining(TypeError, STAR, f"{type(made).__name__}.forward()"),
        explaining(TypeError, DICT, "argument after ** must be a mapping"),
        explaining(TypeError, DICT, "keywords must be strings"),
        explaining(TypeError, BY_NAME, "missing 1 required positional argument"),
        explaining(TypeError, BY_NAME, "unsupported operand"),
        explaining(TypeError, BY_NAME, "can't multiply"),
        explaining(TypeError, BY_NAME, "unexpected keyword argument"),
        explaining(TypeError, STAR, "positional argument"),
        explaining(AttributeError, LOGITS, "'Output' object has no attribute"),
        explaining(KeyError, LOGITS),
        explaining(AttributeError, TENSOR_TOO, "'Tensor' object has no attribute"),
        explaining(IndexError, TENSOR_TOO),
    ):
        return call(made, *inputs, tried=tried)


STAR = "forward takes any number of inputs: keep the star in forward(self, *inputs)."
LOGITS = "Of an output with names, its logits: output.logits."
AGAIN = (
    "Right once, and not the second time. An iterator, such as iter(names) or a zip, is used up by "
    "the first call: keep the names as they are, in a list."
)
CHANGED = "The output was changed. Give the logits as they are."
FIRST_ROW = (
    "output[0] of a tensor is its first example. Only an output with names has to be opened: "
    "isinstance(output, Tensor) tells them apart."
)
TENSOR_TOO = (
    "This model gives a tensor, as your own do. Only an output with names has logits: "
    "isinstance(output, Tensor) tells them apart."
)


def _changed(right: Tensor) -> tuple[Known, ...]:
    """What is made of logits, and was not asked for."""
    found = (
        right.softmax(-1),
        right.log_softmax(-1),
        right.sigmoid(),
        right.argmax(),
        right.argmax(-1),
        right.argmax(-1, keepdim=True),
        right.amax(-1),
        right.mean(),
        right[0],
    )
    return tuple(Known(value, CHANGED) for value in found)


def _part(attempt: Any) -> None:
    """the model is a part of it, the very same one"""
    model = Net()
    made, tried = _make(attempt, model)
    parts = list(made.modules())
    expect_that(
        any(part is model for part in parts),
        tried=f"{tried}; its parts",
        got=[type(part).__name__ for part in parts[1:]],
        expected="the model among them",
        idea="The model was copied. Use it as it is given."
        if any(type(part) is Net for part in parts)
        else REGISTERED,
    )


def _by_name(attempt: Any) -> None:
    """inputs go to the model by name, whatever the order of its own"""
    for model, names, inputs, right, form in (
        (Net(), NAMES, (IDS, MASK), RIGHT, FORWARD),
        (Net(), NAMES[::-1], (MASK, IDS), RIGHT, FORWARD),
        (Optional(), NAMES, (IDS, MASK), RIGHT, GAP),
        (Optional(), NAMES[:1], (IDS,), 10 * IDS, GAP),
        (Optional(), [*NAMES, "token_type_ids"], (IDS, MASK, IDS), RIGHT + 100 * IDS, GAP),
    ):
        made, made_by = _make(attempt, model, names)
        tried = f"{form}; {made_by}({', '.join('mask' if x is MASK else 'ids' for x in inputs)})"
        expect(
            _run(made, *inputs, tried=tried),
            right,
            tried=tried,
            idea=BY_NAME,
            known=(Known(SWAPPED, BY_NAME), Known(right[0], FIRST_ROW), *_changed(right)),
        )


def _again(attempt: Any) -> None:
    """it can be called again, with other inputs"""
    made, made_by = _make(attempt, Net())
    for times in (1, 2, 3):
        tried = f"{made_by}, call number {times}: ({times} * ids, mask)"
        with explaining(Exception, AGAIN if times > 1 else BY_NAME):
            got = _run(made, times * IDS, MASK, tried=tried)
        expect(got, 10 * times * IDS + MASK, tried=tried, idea=AGAIN)


def _logits(attempt: Any) -> None:
    """of an output with names it gives the logits"""
    made, made_by = _make(attempt, Named())
    tried = f"{made_by}(ids, mask), whose output has loss, logits and hidden_states"
    name = "The logits stand behind another tensor here. Take them by name: output.logits."
    got = _run(made, IDS, MASK, tried=tried)
    expect_that(
        not isinstance(got, dict),
        tried=tried,
        told="the whole output",
        expected="its logits, a tensor",
        idea="The whole output came back, and the drawing wants a tensor. Where the output is no "
        "tensor, return output.logits.",
    )
    known = (
        Known(RIGHT.sum(), f"This is the loss. {name}"),
        Known(RIGHT + 1, f"This is a hidden state. {name}"),
        Known(RIGHT + 2, f"This is a hidden state. {name}"),
        Known((RIGHT,), "A tuple with the logits in it. Return the tensor."),
        Known(SWAPPED, BY_NAME),
        *_changed(RIGHT),
    )
    expect(got, RIGHT, tried=tried, idea=name, known=known)
    made, made_by = _make(attempt, Shorter())
    tried = f"{made_by}(ids, mask), whose output has logits and hidden_states"
    moved = (
        "Without labels there is no loss, and all places move up by one. Take the logits by name."
    )
    got = _run(made, IDS, MASK, tried=tried)
    expect(got, RIGHT, tried=tried, idea=moved, known=(Known((RIGHT + 1, RIGHT + 2), moved),))


def _as_it_is(attempt: Any) -> None:
    """the model stays in its mode, with its weights"""
    for training in (True, False):
        model = Net().train(training)
        made, made_by = _make(attempt, model)
        tried = f"{made_by}, a model {'in training' if training else 'in evaluation mode'}"
        _run(made, IDS, MASK, tried=tried)
        expect(
            model.training,
            training,
            tried=f"{tried}: model.training afterwards",
            idea="It is here to be drawn, in whatever mode it is: no train() or eval() in here.",
        )
        expect_that(
            model.bias.requires_grad and next(iter(made.parameters()), None) is model.bias,
            tried=f"{tried}: its parameters afterwards",
            told="changed",
            expected="the model's own, which learn",
            idea="The wrapper adds no weights, and freezes none.",
        )


def _hooks(attempt: Any) -> None:
    """the model is called, with all that belongs to a call"""
    model, seen = Net(), []
    model.register_forward_hook(lambda *_: seen.append("called"))
    made, made_by = _make(attempt, model)
    tried = f"{made_by}(ids, mask), a model with a forward hook: how often it runs"
    _run(made, IDS, MASK, tried=tried)
    expect(
        len(seen),
        1,
        tried=tried,
        idea="Call the model once, self.model(...). Its forward alone, self.model.forward(...), "
        "passes over hooks, and its operations are drawn beside the model, not in it.",
    )


EXERCISE = Exercise(
    "10.4",
    "A model that can be drawn",
    8,
    ByPosition,
    (_part, _by_name, _again, _logits, _as_it_is, _hooks),
    (
        "Keep the model and the names. In forward, each name belongs to the input at its place.",
        (
            "dict(zip(self.names, inputs)) pairs them, and ** before it hands them on by name. "
            "What comes back is a tensor, or it has logits: isinstance(output, Tensor)."
        ),
        (
            "output = self.model(**dict(zip(self.names, inputs))); return output if "
            "isinstance(output, Tensor) else output.logits"
        ),
    ),
)
