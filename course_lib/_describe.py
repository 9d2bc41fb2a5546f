"""Any value as one short, repeatable line of text: no addresses, no flood, no exception."""

import re
import sys
from typing import Any

LONGEST = 160
FEW = 12


def is_tensor(value: Any) -> bool:
    """Whether `value` is a torch tensor, without importing torch for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def describe(value: Any) -> str:
    """One line: what it is and, where it is small, what it holds.

    >>> describe((2, 3))
    '(2, 3)'
    """
    try:
        return shorten(_describe(value))
    except Exception:
        return f"{_article(name_of(type(value)))} that cannot be shown"


def name_of(kind: type) -> str:
    """The name of a class, whatever its metaclass makes of attributes."""
    return type.__dict__["__name__"].__get__(kind)


def shorten(text: str, longest: int = LONGEST) -> str:
    """`text` with its white space folded, cut in the middle where it is too long."""
    text = " ".join(re.sub(r" at 0x[0-9a-fA-F]+", "", text).split())
    if len(text) <= longest:
        return text
    return f"{text[: longest - 30]} … {text[-20:]}"


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _describe(value: Any) -> str:
    if is_tensor(value):
        return _tensor(value)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Size):
        return str(tuple(value))
    if torch is not None and isinstance(value, torch.nn.Module):
        return _article(f"module of class {type(value).__name__}")
    if type(value).__module__ == "numpy" and hasattr(value, "shape"):
        return (
            f"a NumPy array {tuple(value.shape)} {value.dtype}: "
            f"{value.tolist() if value.size <= FEW else '…'}"
        )
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, (tuple, list)) and any(is_tensor(item) for item in value):
        inside = ", ".join(_describe(item) for item in value[:4])
        return f"{_article(type(value).__name__)} of {len(value)}: {inside}"
    if type(value) in (set, frozenset) and value:
        inside = ", ".join(sorted(_describe(item) for item in value))
        return f"{_article(type(value).__name__)} of {len(value)}: {inside}"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return repr(value)


def _tensor(value: Any) -> str:
    kind = str(value.dtype).removeprefix("torch.")
    where = "" if value.device.type == "cpu" else f" on {value.device}"
    head = f"a tensor of shape {tuple(value.shape)}, {kind}{where}"
    if value.numel() > FEW or value.is_meta:
        return head
    numbers = value.detach().cpu().tolist()
    return f"{head}: {_rounded(numbers)}"


def _rounded(numbers: Any) -> Any:
    if isinstance(numbers, list):
        return [_rounded(number) for number in numbers]
    return float(f"{numbers:.4g}") if isinstance(numbers, float) else numbers
