"""Values that no exercise asks for: of every type, odd, and hostile to whoever looks at them."""

import math

import numpy as np
import torch
from torch import nn


def angry(*methods):
    """An object whose methods of these names raise."""

    def boom(self, *args):
        raise ValueError("no")

    return type("Angry", (), {"__hash__": None, **dict.fromkeys(methods, boom)})()


class Ghost:
    """Will not say what it is."""

    @property
    def __class__(self):
        raise ValueError("no")


class Agreeable:
    """Equals everything, has everything, does everything."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __getattr__(self, name):
        return self

    def __call__(self, *args):
        return self

    def __iter__(self):
        return iter([self, self, self])

    def __len__(self):
        return 3


class AngryMeta(type):
    def __getattribute__(cls, name):
        raise ValueError(name)


class OfAngryMeta(metaclass=AngryMeta):
    pass


class AngryTensor(torch.Tensor):
    """A tensor that no operation may touch."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("no")


class Unset(nn.Module):
    """A module whose base class was never set up."""

    def __init__(self, *args):
        pass


NAN = math.nan
ANGRY = angry("__eq__", "__repr__", "__bool__", "__len__", "__iter__", "__getattr__")
NONSENSE = {
    "None": None,
    "zero": 0,
    "minus one": -1,
    "a half": 0.5,
    "NaN": NAN,
    "infinity": math.inf,
    "True": True,
    "a complex number": 1j,
    "a huge number": 10**400,
    "no text": "",
    "a long text": "x" * 10_000,
    "bytes": b"x",
    "an empty tuple": (),
    "an empty list": [],
    "a dict": {"a": 1},
    "a set": {"a", "b"},
    "a range": range(3),
    "a generator": (n for n in range(3)),
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "an error": ValueError("no"),
    "a class": nn.Dropout,
    "a function": len,
    "a Python module": math,
    "an object": object(),
    "a number as a tensor": torch.tensor(1.0),
    "an empty tensor": torch.tensor([]),
    "an int tensor": torch.arange(6),
    "a bool tensor": torch.tensor([True]),
    "a complex tensor": torch.tensor([1j]),
    "a half tensor": torch.ones(1, 3, 2).half(),
    "a NaN tensor": torch.full((1, 3, 2), NAN),
    "a meta tensor": torch.ones(1, 3, 2, device="meta"),
    "a sparse tensor": torch.ones(3, 2).to_sparse(),
    "a tensor that learns": torch.ones(1, 3, 2, requires_grad=True),
    "an angry tensor": torch.ones(1, 3, 2).as_subclass(AngryTensor),
    "three numbers": (1.0, 2.0, 3.0),
    "three tensors": (torch.ones(1),) * 3,
    "three meta tensors": tuple(torch.ones(n, device="meta") for n in ((4, 3), (2, 3), (2,))),
    "an array": np.ones((1, 3, 2)),
    "an array of objects": np.array([angry("__eq__"), None]),
    "a NumPy number": np.float64(3),
    "a module": nn.ReLU(),
    "an unset module": Unset(),
    "pairs": [("0", 5), ("1.0", None), (None, (4, 5)), 3],
    "angry pairs": [("0", ANGRY), (ANGRY, (1, 2))],
    "an angry comparison": angry("__eq__"),
    "an angry text": angry("__repr__", "__str__"),
    "an angry length": angry("__bool__", "__len__"),
    "all angry": ANGRY,
    "a list of the angry": [ANGRY] * 3,
    "a dict of the angry": {"a": ANGRY},
    "a ghost": Ghost(),
    "an angry class": OfAngryMeta,
    "an instance of an angry class": OfAngryMeta(),
    "what agrees with all": Agreeable(),
}
