"""The shapes that flow through a classifier of sentences, recorded while it runs."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """A tensor on its way through the model: its shape in letters and in numbers."""

    name: str
    letters: tuple[str, ...]
    shape: Shape

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)


def runnable(model: nn.Module) -> nn.Module:
    """A copy to run; where it can, its backbone computes shapes alone, which takes no time."""
    light = _eager(model)
    light.backbone.to("meta")
    _answer_with_zeros(light.backbone)
    try:
        flow(light, 1, 2)
    except Exception:  # it looks at numbers on its way
        return _eager(model)
    return light


def _eager(model: nn.Module) -> nn.Module:
    own = copy.deepcopy(model).cpu().eval()
    if hasattr(own.backbone, "set_attn_implementation"):
        own.backbone.set_attn_implementation("eager")  # the others never hold the scores
    return own


def _answer_with_zeros(backbone: nn.Module) -> None:
    """Let a backbone on "meta", where tensors have no numbers, work between ordinary tensors."""
    run = backbone.forward

    def forward(input_ids: Tensor, *_: Any, **__: Any) -> Any:
        outputs = run(input_ids=input_ids.to("meta"))  # to look at a mask takes numbers
        hidden = outputs.last_hidden_state
        outputs["last_hidden_state"] = torch.zeros_like(hidden, device="cpu")
        return outputs

    backbone.forward = forward


def flow(model: nn.Module, B: int, T: int) -> list[Stage]:
    """Run the model on (B, T) token numbers; the stages in their order, as far as they are found.

    With more than four layers the first and the last stand for all.
    """
    ids = torch.zeros(B, T, dtype=torch.long)
    shapes: dict[str, list[Shape]] = {}
    handles = [
        module.register_forward_hook(_note_output(shapes, name))
        for name, module in model.named_modules()
    ]
    into_head = _note_input(shapes, "pooled")
    handles.append(model.head.register_forward_pre_hook(into_head, with_kwargs=True))
    try:
        with torch.no_grad():
            model(input_ids=ids, attention_mask=torch.ones_like(ids))
    finally:
        for handle in handles:
            handle.remove()
    stages = [Stage("input_ids", ("B", "T"), (B, T))]
    stages += _backbone_stages(model, shapes, B, T)
    stages += _head_stages(model, shapes)
    return stages


def _note_output(shapes: dict[str, list[Shape]], name: str) -> Callable:
    def hook(module: nn.Module, args: tuple, output: Any) -> None:
        shapes[name] = [tuple(tensor.shape) for tensor in _tensors(output)]

    return hook


def _note_input(shapes: dict[str, list[Shape]], name: str) -> Callable:
    def hook(module: nn.Module, args: tuple, named: dict) -> None:
        shapes[name] = [tuple(tensor.shape) for tensor in _tensors([args, named])]

    return hook


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict | tuple | list):
        for value in output.values() if isinstance(output, dict) else output:
            yield from _tensors(value)


def _backbone_stages(
    model: nn.Module, shapes: dict[str, list[Shape]], B: int, T: int
) -> Iterator[Stage]:
    H = model.backbone.config.hidden_size
    for shape in [s for s in shapes.get("backbone.embeddings", []) if _by_token(s, B, T)][:1]:
        yield Stage("embeddings", ("B", "T", letter(shape[-1], H)), shape)
    layers = _layers(model)
    for number, layer in enumerate(layers):
        if len(layers) > 4 and 0 < number < len(layers) - 1:
            continue
        found = [s for name in shapes if name.startswith(f"{layer}.") for s in shapes[name]]
        for shape in [s for s in found if len(s) == 4 and s[2:] == (T, T)][:1]:
            yield Stage(f"layer {number}: attention scores", ("B", "heads", "T", "T"), shape)
        widest = max((s for s in found if _by_token(s, B, T)), default=())
        if widest and widest[2] > H:
            letters = ("B", "T", letter(widest[2], H))
            yield Stage(f"layer {number}: feed-forward", letters, widest)
        for shape in [s for s in shapes.get(layer, []) if _by_token(s, B, T)][:1]:
            yield Stage(f"layer {number}: output", ("B", "T", letter(shape[2], H)), shape)


def _head_stages(model: nn.Module, shapes: dict[str, list[Shape]]) -> Iterator[Stage]:
    H = model.backbone.config.hidden_size
    pooling = getattr(model, "pooling", None)
    name = getattr(pooling, "__name__", type(pooling).__name__)
    named = [("pooled", f"pooling: {name}" if pooling else "pooling")]
    named += [
        (part, "head: hidden layer")
        for part, module in model.head.named_modules(prefix="head")
        if isinstance(module, nn.Linear)
    ][:-1]
    for key, what in named:
        for shape in [s for s in shapes.get(key, []) if len(s) == 2][:1]:
            yield Stage(what, ("B", letter(shape[1], H)), shape)
    yield Stage("head: logits", ("B", "C"), shapes["head"][0])


def _layers(model: nn.Module) -> list[str]:
    """The names of the backbone's layers, if they stand in a list as usual."""
    count = getattr(model.backbone.config, "num_hidden_layers", None)
    for name, module in model.backbone.named_modules(prefix="backbone"):
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return [f"{name}.{place}" for place in range(count)]
    return []


def _by_token(shape: Shape, B: int, T: int) -> bool:
    return len(shape) == 3 and shape[:2] == (B, T)


def letter(size: int, H: int) -> str:
    """128 is "H" where H is 128, 512 is "4H", 100 is "100"."""
    if size % H:
        return str(size)
    return "H" if size == H else f"{size // H}H"
