"""Another head on a copy of a trained model."""

import copy
import difflib
from typing import TypeVar

from torch import nn

Model = TypeVar("Model", bound=nn.Module)


def replace_head(model: Model, head: nn.Module, name: str = "head") -> Model:
    """A copy of the model with another head. The model itself stays as it is.

    Nothing is shared between the two, so training one does not change the other. The copy has no
    gradients; what is frozen in the model is frozen in the copy. The head is used as it is given.
    A number of classes that the model keeps elsewhere, such as a config's num_labels, stays.

    Arguments:
        name  of the module to replace, such as "head", "classifier" or "fc"

    Raises:
        ValueError: the model has no such module, or the head is part of the model.
        TypeError: the head is no module.

    Built in notebooks/09_transfer_learning.ipynb.
    """
    if not isinstance(head, nn.Module):
        raise TypeError(
            f"replace_head: got a head of type {type(head).__name__}, expected a module such as "
            "nn.Linear(128, 5)."
        )
    names = dict(model.named_modules(remove_duplicate=False))
    if name not in names or name == "":
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {close[0]!r}?" if close and close[0] else "print(model) shows them."
        raise ValueError(
            f"replace_head: {type(model).__name__} has no module {name!r}, expected one of "
            f"{', '.join(each for each, _ in model.named_children()) or 'none'}. {hint}"
        )
    if _shares_weights(model, head):
        raise ValueError(
            "replace_head: the head is part of the model or shares weights with it, expected one "
            "of its own. Make a new one, or pass copy.deepcopy(head)."
        )
    made = copy.deepcopy(model)
    parent, _, last = name.rpartition(".")
    setattr(made.get_submodule(parent), last, head)
    return made


def _shares_weights(model: nn.Module, head: nn.Module) -> bool:
    return any(module is head for module in model.modules()) or bool(
        _storages(model) & _storages(head)
    )


def _storages(module: nn.Module) -> set[int]:
    tensors = [*module.parameters(), *module.buffers()]
    return {tensor.untyped_storage().data_ptr() for tensor in tensors if tensor.numel()}
