"""Exercise 09.3: training mode, but not for frozen parts."""

from typing import Any

from torch import nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise


def train_mode(module: nn.Module) -> nn.Module:
    """module.train(), but every part whose parameters are all frozen is in evaluation mode.

    Returns the module.
    """
    module.train()
    for part in module.modules():
        learns = [parameter.requires_grad for parameter in part.parameters()]
        if learns and not any(learns):
            part.eval()
    return module


class Net(nn.Module):
    """An encoder of two blocks, each with a norm and a dropout; a dropout; a head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(_block(), _block())
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(2, 2)


def _block() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))


NET = (
    "a model of encoder (two blocks of Linear, BatchNorm, Dropout), dropout and head (a Linear); "
    "frozen: "
)
BLOCK = ["encoder.0", "encoder.0.0", "encoder.0.1", "encoder.0.2"]
ENCODER = ["encoder", *BLOCK, *(name.replace("encoder.0", "encoder.1", 1) for name in BLOCK)]
NORMS = [name for name in ENCODER if name.endswith(".1") and name != "encoder.1"]
DROPOUTS = [name for name in ENCODER if name.count(".") == 2 and name.endswith(".2")]
WHOLE = ["", *(name for name, _ in Net().named_modules() if name)]
NO_PARAMETERS = (
    "Dropout and activations have no parameters, and all([]) is True: this one lies in a part that "
    "learns, and has to drop. eval() is for parts that have parameters, all of them frozen."
)


OF_NONE = (
    "All of it is in evaluation mode, and nothing is frozen. A part without parameters, or without "
    "any of its own, counts as no frozen one: all([]) is True."
)
NO_OTHER = "The module itself is to come back, and no copy or other thing."


def _frozen(*names: str) -> Net:
    """A model, of which these parts are frozen."""
    net = Net()
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(not name.startswith(names))
    return net


def _expect(
    attempt: Any, net: Net, frozen: str, evaluating: list[str], idea: str, *known: Known
) -> None:
    """Expect just these parts in evaluation mode."""
    tried = f"{NET}{frozen}"
    asked = "Modules have no requires_grad, their parameters have: look at part.parameters()."
    moded = "A parameter has no mode. eval() belongs to the modules: part.eval()."
    with (
        explaining(AttributeError, asked, "attribute 'requires_grad'"),
        explaining(AttributeError, moded, "'Parameter' object"),
    ):
        got = call(attempt, net, tried=tried)
    expect_that(
        got is net or not isinstance(got, nn.Module),
        tried=tried,
        told="another module",
        expected="the module itself",
        idea=NO_OTHER,
    )
    expect(
        [name or "the model" for name, part in net.named_modules() if not part.training],
        [name or "the model" for name in evaluating],
        tried=f"{tried}: the parts in evaluation mode",
        idea=idea,
        known=[Known([name or "the model" for name in k.value], k.idea) for k in known],
    )


def _learning(attempt: Any) -> None:
    """a model that learns is in training mode, all of it"""
    idea = "Nothing is frozen: this is module.train()."
    for mode in ("training", "evaluation"):
        net = Net().train(mode == "training")
        forgotten = "It came in evaluation mode, as after validation: begin with module.train()."
        whole = forgotten if mode == "evaluation" else OF_NONE
        without = ["encoder.0.2", "encoder.1.2", "dropout"]
        _expect(
            attempt,
            net,
            f"nothing; it comes in {mode} mode",
            [],
            idea,
            Known(WHOLE, whole),
            Known(["", "dropout"], f"Some of it is in evaluation mode. {forgotten}"),
            Known(without, NO_PARAMETERS),
        )


def _part(attempt: Any) -> None:
    """a frozen part is in evaluation mode, with all that it has inside"""
    below = (
        "part.training = False is for the part alone, and a train() later in the loop undoes "
        "eval(). part.eval() goes all the way down; train() comes once, at the beginning."
    )
    owners = [name for name in ENCODER if name not in DROPOUTS]
    _expect(
        attempt,
        _frozen("encoder"),
        "encoder",
        ENCODER,
        "The encoder and all that lies in it are in evaluation mode, the rest in training mode. "
        "After module.train(), eval() for each part of module.modules() that is frozen.",
        Known(
            [],
            "No part is in evaluation mode. Is part.eval() called, with brackets? Does train() "
            "come last, and undo it?",
        ),
        Known(
            WHOLE,
            "The model as a whole is in evaluation mode, and its head learns. A part counts only "
            "if all of its parameters are frozen, not any of them, nor the first.",
        ),
        Known(["encoder"], below),
        Known(owners, "Its dropout still drops. " + below),
        Known([*ENCODER, "dropout"], NO_PARAMETERS),
        Known(
            [name for name in owners if name.count(".") == 2],
            "Only those with weights of their own. part.parameters() has those of all that lies in "
            "a part, and part.eval() takes along its dropout.",
        ),
        Known(
            NORMS,
            "BatchNorm alone. Frozen dropout would still drop: the whole part is to be in "
            "evaluation mode.",
        ),
    )


def _deeper(attempt: Any) -> None:
    """a frozen part of a part, too"""
    children = (
        "named_children() and children() go one step down: the first block lies in the encoder. "
        "modules() goes all the way."
    )
    _expect(
        attempt,
        _frozen("encoder.0."),
        "the first block of the encoder",
        BLOCK,
        "The block is in evaluation mode with all that lies in it. The encoder and its second "
        "block learn, and are in training mode.",
        Known([], children),
        Known(ENCODER, "Half of the encoder learns: all its parameters have to be frozen."),
    )


def _half(attempt: Any) -> None:
    """a part of which one parameter learns is in training mode"""
    _expect(
        attempt,
        _frozen("encoder.0.0.weight", "encoder.0.1", "head.bias"),
        "the first Linear's weight (not its bias), the norm after it, head.bias (not its weight)",
        ["encoder.0.1"],
        "A Linear of which one parameter learns is in training mode, and so is all that it lies "
        "in. The norm, whose parameters are both frozen, is in evaluation mode.",
        Known(
            WHOLE,
            "The last parameter alone decides, as if there were no other. All of a part's have to "
            "be frozen: collect them, and ask any(...).",
        ),
    )


def _whole(attempt: Any) -> None:
    """a model that is frozen as a whole is in evaluation mode itself"""
    _expect(
        attempt,
        _frozen(""),
        "everything",
        WHOLE,
        "module.modules() begins with the module itself, and all of it is frozen. eval() on it "
        "takes along its dropout.",
        Known(
            [name for name in WHOLE if name not in ("", "dropout")],
            "The model itself is a part, too: modules() has it, children() has not.",
        ),
    )


def _again(attempt: Any) -> None:
    """what was frozen and learns again is in training mode"""
    net = _frozen("encoder")
    tried = f"{NET}encoder"
    call(attempt, net, tried=tried)
    for parameter in net.parameters():
        parameter.requires_grad_(True)
    stays = (
        "It was frozen, learns again, and is still in evaluation mode. Begin with module.train()."
    )
    _expect(attempt, net, "encoder; then nothing, and once more", [], stays)


def _returns(attempt: Any) -> None:
    """the module comes back"""
    net, tried = Net(), f"{NET}nothing; what it returns"
    got = call(attempt, net, tried=tried)
    expect_that(
        got is net,
        tried=tried,
        got=got,
        expected="the module itself",
        idea="Return the module, as module.train() does." if got is None else NO_OTHER,
    )


EXERCISE = Exercise(
    "09.3",
    "Training mode, but not for what is frozen",
    8,
    train_mode,
    (_learning, _part, _deeper, _half, _whole, _again, _returns),
    (
        "module.train() first. Which parts go back to evaluation mode? See module.modules().",
        (
            "[parameter.requires_grad for parameter in part.parameters()] says what learns in a "
            "part. What does it say of a Dropout?"
        ),
        (
            "for part in module.modules(): learns = [...]; if learns and not any(learns): "
            "part.eval(). Return the module."
        ),
    ),
)
