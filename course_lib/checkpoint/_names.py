"""Do weights belong to a model? By their names and shapes."""

from collections.abc import Mapping

from torch import Tensor, nn

PREFIXES = {"module.": "DataParallel", "_orig_mod.": "torch.compile"}


def expect_same_names(model: nn.Module, weights: Mapping[str, Tensor], where: str) -> None:
    """Raise a ValueError that names all differences between a model's weights and others."""
    expected = model.state_dict()
    given = {name for same in tied(model) for name in same if weights.keys() & set(same)}
    missing = [name for name in expected if name not in given and name not in weights]
    unexpected = [name for name in weights if name not in expected]
    shapes = [
        f"{name} {_shape(weights[name])} (expected {_shape(tensor)})"
        for name, tensor in expected.items()
        if name in weights and _shape(weights[name]) != _shape(tensor)
    ]
    kinds = {"Missing": missing, "Unexpected": unexpected, "Of another shape": shapes}
    found = [f"{kind} ({len(n)}): {', '.join(map(str, n))}." for kind, n in kinds.items() if n]
    if found:
        lines = "\n".join(found)
        raise ValueError(
            f"{where}: got weights of another model than this {type(model).__name__}, "
            f"expected the same names and shapes. The model is as it was.\n{lines}\n"
            f"{_advice(weights, missing, unexpected)}"
        )


def _advice(weights: Mapping, missing: list[str], unexpected: list[str]) -> str:
    for prefix, origin in PREFIXES.items():
        if unexpected and all(str(name).startswith(prefix) for name in unexpected):
            return (
                f"The names begin with {prefix!r}, which {origin} puts there. Take it off: "
                f"{{name.removeprefix({prefix!r}): w for name, w in weights.items()}}."
            )
    if isinstance(weights.get("model"), Mapping):
        return 'This is a whole checkpoint: its weights are checkpoint["model"].'
    if missing and not unexpected:
        return "Was the model given more layers since? Load into the one that was saved."
    return "Make the model as it was made when the weights were saved: same class, same sizes."


def _shape(value: object) -> tuple[int, ...] | str:
    return tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__


def tied(model: nn.Module) -> list[list[str]]:
    """The names of all tensors in a model's state, those of the same tensor in one list."""
    found: dict[object, list[str]] = {}
    for name, tensor in model.state_dict().items():
        if not isinstance(tensor, Tensor):
            continue
        place = (tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride())
        found.setdefault(place if tensor.numel() else name, []).append(name)
    return list(found.values())
