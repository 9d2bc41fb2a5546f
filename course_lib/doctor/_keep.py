"""Everything that an examination may change, kept and put back to the bit.

A training reaches far: the model, the optimizer, a scheduler, the loader with its dataset, and what
a train_step closes over, such as a counter or a second optimizer. So whatever can be reached from
the arguments is kept: the attributes of objects, what is in their lists and dicts, every tensor.
"""

import collections
import functools
import io
import multiprocessing.process
import multiprocessing.queues
import random
import sys
import sysconfig
import threading
import types
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data.dataloader import _BaseDataLoaderIter

from course_lib.checkpoint import random_states, set_random_states

ATOMS = (str, bytes, int, float, complex, bool, type(None), torch.dtype, torch.device, torch.Size)
# What is alive, in a process or a thread of its own, must not be turned back.
ALIVE = (_BaseDataLoaderIter, threading.Thread, multiprocessing.process.BaseProcess)
ALIVE += (multiprocessing.queues.Queue, threading.Event, io.IOBase)
CLOSED = (type, types.ModuleType, types.BuiltinFunctionType, property, *ALIVE)
LIBRARIES = tuple({sysconfig.get_path(kind) for kind in ("purelib", "platlib", "stdlib")})
HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
LISTS, DICTS = (list, collections.deque), (dict,)


class Keep:
    """Keeps the state of all that can be reached from some things, until `put_back()`."""

    def __init__(self, *things: Any) -> None:
        self.seen: dict[int, Any] = {}  # by id; holding the thing keeps its id its own
        self.undo: list[Any] = []
        self.tensors: list[KeptTensor] = []
        self.random = random_states()
        self.mode = torch.is_grad_enabled()
        waiting = collections.deque(things)
        while waiting:
            thing = waiting.popleft()
            if isinstance(thing, (*ATOMS, *CLOSED)) or id(thing) in self.seen:
                continue
            self.seen[id(thing)] = thing
            waiting.extend(self._remember(thing))

    def put_back(self, after_forward: bool = False) -> None:
        """Make everything as it was. After a mere forward pass fewer tensors need a look.

        PyTorch counts the changes of a tensor, but those made by way of `.data` not.
        """
        with torch._C.DisableTorchFunction():  # whoever watches shall not see this
            for undo in self.undo:
                undo()
            for tensor in self.tensors:
                tensor.put_back(after_forward)
        torch.set_grad_enabled(self.mode)
        set_random_states(self.random)

    def _remember(self, thing: Any) -> Iterable[Any]:
        """Keep one thing's own state, and give what can be reached from it."""
        if isinstance(thing, Tensor):
            return self._tensor(thing)
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        if isinstance(thing, torch.Generator):
            state = thing.get_state()
            self.undo.append(lambda: thing.set_state(state))
        elif isinstance(thing, random.Random):
            before = thing.getstate()
            self.undo.append(lambda: thing.setstate(before))
        elif isinstance(thing, (np.random.Generator, np.random.RandomState)):
            return self._numpy_generator(thing)
        elif isinstance(thing, (*LISTS, *DICTS, set)):
            return self._container(thing)
        elif isinstance(thing, (tuple, frozenset)):
            return thing
        elif isinstance(thing, types.FunctionType):
            return self._function(thing)
        elif isinstance(thing, types.MethodType):
            return (thing.__self__, thing.__func__)
        elif isinstance(thing, functools.partial):
            return (thing.func, thing.args, thing.keywords)
        elif isinstance(thing, types.CellType):
            return self._cell(thing)
        else:
            return self._object(thing)
        return ()

    def _object(self, thing: Any) -> Iterable[Any]:
        """Attributes, wherever they are: in __dict__, in __slots__, in the learner's class."""
        if isinstance(thing, nn.Module):  # a ScriptModule has its mode elsewhere
            mode = thing.training
            self.undo.append(lambda: thing.training == mode or thing.train(mode))
        own = getattr(thing, "__dict__", None)
        slots = [
            name for kind in type(thing).__mro__ for name in _slots(kind) if hasattr(thing, name)
        ]
        values = {name: getattr(thing, name) for name in slots}
        if values:
            self.undo.append(lambda: _set_all(thing, values))
        if not _is_library(type(thing).__module__):
            counters = {n: v for n, v in vars(type(thing)).items() if _is_plain(n, v)}
            self.undo.append(lambda: _set_all(type(thing), counters))
        return [*([own] if isinstance(own, dict) else []), *values.values()]

    def _tensor(self, tensor: Tensor) -> Iterable[Any]:
        if tensor.is_inference():
            return ()
        kept = KeptTensor(tensor)
        self.tensors.append(kept)
        return [tensor.__dict__, *([] if kept.gradient is None else [kept.gradient])]

    def _array(self, array: np.ndarray) -> Iterable[Any]:
        if array.dtype == object:
            return array.ravel().tolist()
        values = array.copy()

        def undo() -> None:
            if array.flags.writeable and array.tobytes() != values.tobytes():
                array[...] = values

        self.undo.append(undo)
        return ()

    def _numpy_generator(self, generator: Any) -> Iterable[Any]:
        if isinstance(generator, np.random.RandomState):
            state = generator.get_state()
            self.undo.append(lambda: generator.set_state(state))
        else:
            inside = generator.bit_generator
            before = inside.state
            self.undo.append(lambda: setattr(inside, "state", before))
        return ()

    def _container(self, holder: Any) -> Iterable[Any]:
        before = holder.copy()

        def undo() -> None:
            if _differ(holder, before):
                holder.clear()
                (holder.extend if isinstance(holder, LISTS) else holder.update)(before)

        self.undo.append(undo)
        return list(before.values()) if isinstance(holder, DICTS) else list(before)

    def _function(self, function: types.FunctionType) -> Iterable[Any]:
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        reached = [*(function.__closure__ or ()), *defaults, function.__dict__]
        if function.__code__.co_filename.startswith(LIBRARIES):
            return reached
        everything = function.__globals__
        used = {name: everything[name] for name in function.__code__.co_names if name in everything}
        self.undo.append(lambda: everything.update(used))
        return [*reached, *used.values()]

    def _cell(self, cell: types.CellType) -> Iterable[Any]:
        try:
            content = cell.cell_contents
        except ValueError:  # empty
            return ()
        self.undo.append(lambda: setattr(cell, "cell_contents", content))
        return (content,)


class KeptTensor:
    """A tensor's values, and what hangs on it: its gradient, its hooks, whether it needs one."""

    def __init__(self, tensor: Tensor) -> None:
        # What detach() gives of a sparse tensor does not follow its changes.
        self.tensor, self.storage = tensor, tensor if tensor.is_sparse else tensor.detach()
        self.values = None if tensor.is_meta else self.storage.clone()
        self.version = tensor._version
        self.gradient = tensor.grad if tensor.is_leaf else None
        self.requires_grad = tensor.requires_grad
        self.hooks = {name: getattr(tensor, name, None) for name in HOOKS}
        self.hooks_were = {
            n: None if held is None else held.copy() for n, held in self.hooks.items()
        }

    def put_back(self, after_forward: bool) -> None:
        tensor = self.tensor
        if tensor.is_leaf:
            if tensor.requires_grad != self.requires_grad:
                tensor.requires_grad_(self.requires_grad)
            if tensor.grad is not self.gradient:
                tensor.grad = self.gradient
        self._put_back_hooks()
        elsewhere = not tensor.is_sparse and tensor.data_ptr() != self.storage.data_ptr()
        if elsewhere or tensor.shape != self.storage.shape:
            tensor.data = self.storage
        elif after_forward and tensor._version == self.version:
            return
        if self.values is not None and not _same(self.storage, self.values):
            self.storage.copy_(self.values)
        self.version = tensor._version

    def _put_back_hooks(self) -> None:
        for name, held in self.hooks.items():
            if getattr(self.tensor, name, None) is not held:
                setattr(self.tensor, name, held)
            if held is not None and held.keys() != self.hooks_were[name].keys():
                held.clear()
                held.update(self.hooks_were[name])


def _is_library(module: str) -> bool:
    """Libraries keep no training in their classes; a learner's notebook does."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return (
        module == "builtins"
        or (file is None and module != "__main__")
        or (file is not None and file.startswith(LIBRARIES))
    )


def _slots(kind: type) -> list[str]:
    names = kind.__dict__.get("__slots__", ()) if not _is_library(kind.__module__) else ()
    return [names] if isinstance(names, str) else [n for n in names if not n.startswith("__")]


def _is_plain(name: str, value: Any) -> bool:
    return not name.startswith("__") and isinstance(value, (bool, int, float, str))


def _set_all(thing: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if getattr(thing, name, None) is not value:
            (type if isinstance(thing, type) else object).__setattr__(thing, name, value)


def _same(one: Tensor, other: Tensor) -> bool:
    """Bit by bit, so that a NaN is equal to itself and 0.0 is not -0.0."""
    if one.is_sparse:
        one, other = one.coalesce(), other.coalesce()
        return torch.equal(one.indices(), other.indices()) and _same(one.values(), other.values())
    return torch.equal(_bytes(one), _bytes(other))


def _bytes(tensor: Tensor) -> Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def _differ(holder: Any, before: Any) -> bool:
    """Whether other things, or things in another order, are in a container; not what they hold."""
    if len(holder) != len(before):
        return True
    if isinstance(holder, DICTS):
        pairs = zip(holder.items(), before.items(), strict=True)
        return any(a is not c or b is not d for (a, b), (c, d) in pairs)
    if isinstance(holder, set):
        return holder != before
    return any(one is not other for one, other in zip(holder, before, strict=True))
