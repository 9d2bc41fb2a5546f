"""One checkpoint file: what goes in comes out, damage is found, nothing hostile runs."""

import hashlib
import io
import os
import pickle
import platform
import random
import struct
import zipfile
from collections import Counter, OrderedDict, namedtuple
from enum import IntEnum

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedulers

from course_lib.checkpoint import DamagedError, load, save
from tests.full_disk import fill_up
from tests.tiny_training import adamw, bare_step, batches, loss_fn, noisy, same, sgd

# Python 3.12 and newer warn of any fork beside threads, and PyTorch has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

STATE = {"model": {"w": torch.arange(6.0).reshape(2, 3)}, "step": 7, "names": ["a", ("b", None)]}
ADDED = ("format", "versions")  # by save


def given(state):
    """Without what save adds."""
    return {name: value for name, value in state.items() if name not in ADDED}


def sha(content):
    return hashlib.sha256(content).hexdigest()[:16]


def written(folder, content, label="step-000001"):
    """A file of any content, under the name that its checksum asks for."""
    path = folder / f"{label}-{sha(content)}.pt"
    path.write_bytes(content)
    return path


def pickled(state, **options):
    content = io.BytesIO()
    torch.save(state, content, **options)
    return content.getvalue()


# What goes in comes out.


def test_a_file_is_named_by_its_label_and_its_checksum(tmp_path):
    path = save(STATE, tmp_path / "new" / "folder", "step-000007")
    assert path.parent == tmp_path / "new" / "folder"
    assert path.name == f"step-000007-{sha(path.read_bytes())}.pt"
    assert list(path.parent.iterdir()) == [path]


def test_a_state_comes_back_with_the_format_and_the_versions(tmp_path):
    state = load(str(save(STATE, str(tmp_path), "x")))
    assert same(given(state), STATE)
    assert state["format"] == 1
    assert state["versions"] == {"python": platform.python_version(), "torch": torch.__version__}


def test_the_state_that_was_saved_is_as_it_was(tmp_path):
    state = {"scheduler": {"rates": [np.float64(0.5)]}, "model": nn.Linear(2, 2).state_dict()}
    save(state, tmp_path, "x")
    assert set(state) == {"scheduler", "model"}
    assert type(state["scheduler"]["rates"][0]) is np.float64
    assert type(state["model"]) is OrderedDict


class Level(IntEnum):
    LOW = 1


Point = namedtuple("Point", "x y")

PLAIN = {
    "a number of NumPy, 64 bits": (np.float64(0.1), 0.1),
    "a number of NumPy, 32 bits": (np.float32(0.5), 0.5),
    "a whole number of NumPy": (np.int64(3), 3),
    "a truth of NumPy": (np.bool_(True), True),
    "a string of NumPy": (np.str_("a"), "a"),
    "true": (True, True),
    "nothing": (None, None),
    "infinity": (float("-inf"), float("-inf")),
    "a large number": (2**80, 2**80),
    "a member of an enumeration": (Level.LOW, 1),
    "a shape": (torch.Size([2, 3]), (2, 3)),
    "a named tuple": (Point(1, np.int32(2)), (1, 2)),
    "a counter": (Counter({4: 2}), {4: 2}),
    "an ordered dict": (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    "keys of NumPy": ({np.int64(1): 1, (1, "a"): 2, None: 3}, {1: 1, (1, "a"): 2, None: 3}),
    "deep": ([{"a": ([np.float64(1)],)}], [{"a": ([1.0],)}]),
}


@pytest.mark.parametrize(("value", "expected"), PLAIN.values(), ids=PLAIN)
def test_other_kinds_of_numbers_strings_and_lists_become_plain(tmp_path, value, expected):
    found = load(save({"value": value}, tmp_path, "x"))["value"]
    assert found == expected and type(found) is type(expected)
    assert repr(found) == repr(expected)  # with all that is inside


TENSORS = {
    "float16": torch.tensor([1.5, float("nan"), -0.0], dtype=torch.float16),
    "bfloat16": torch.tensor([1.5], dtype=torch.bfloat16),
    "float64": torch.tensor(1 / 3, dtype=torch.float64),
    "bool": torch.tensor([True, False]),
    "bytes": torch.arange(256, dtype=torch.uint8),
    "complex": torch.tensor([1 + 2j]),
    "empty": torch.empty(0, 3),
    "a view": torch.arange(6).reshape(2, 3).t()[1:],
    "a parameter": nn.Parameter(torch.ones(2)),
}


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_a_tensor_comes_back_to_the_bit(tmp_path, tensor):
    found = load(save({"t": tensor}, tmp_path, "x"))["t"]
    assert found.dtype == tensor.dtype and found.shape == tensor.shape
    assert torch.equal(torch.isnan(found), torch.isnan(tensor))
    assert torch.equal(found.nan_to_num(), tensor.nan_to_num())


def test_tensors_go_to_the_device_that_is_asked_for(tmp_path):
    path = save(STATE, tmp_path, "x")
    assert load(path)["model"]["w"].device.type == "cpu"
    assert load(path, "meta")["model"]["w"].device.type == "meta"


def test_a_state_dict_keeps_its_order_and_its_versions(tmp_path):
    state = noisy().state_dict()
    found = load(save({"model": state}, tmp_path, "x"))["model"]
    assert list(found) == list(state) and same(dict(found), dict(state))
    assert found._metadata == state._metadata and state._metadata["layers.1"] == {"version": 2}
    other = noisy(1)
    other.load_state_dict(found)
    assert same(dict(other.state_dict()), dict(state))


def test_tied_tensors_take_their_place_once(tmp_path):
    large = torch.zeros(10_000)
    state = load(path := save({"a": large, "b": large, "c": [large]}, tmp_path, "x"))
    assert path.stat().st_size < 2 * 40_000
    assert state["a"].data_ptr() == state["b"].data_ptr() == state["c"][0].data_ptr()


SCHEDULERS = {
    "a function of NumPy": lambda o: schedulers.LambdaLR(o, lambda n: np.float64(0.9) ** n),
    "NumPy's 32 bits": lambda o: schedulers.LambdaLR(o, lambda n: np.float32(1) / (n + 1)),
    "an object": lambda o: schedulers.LambdaLR(o, Warmup()),
    "milestones": lambda o: schedulers.MultiStepLR(o, [1, 3, 3]),
    "one cycle": lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=9),
    "cyclic": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=2, cycle_momentum=False),
    "warm restarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 2),
    "one after the other": lambda o: schedulers.SequentialLR(
        o, [schedulers.ConstantLR(o, 0.1, 2), schedulers.CosineAnnealingLR(o, 6)], [2]
    ),
    "together": lambda o: schedulers.ChainedScheduler(
        [schedulers.LinearLR(o, 0.5, total_iters=3), schedulers.ExponentialLR(o, 0.9)], o
    ),
}


class Warmup:
    def __init__(self):
        self.calls = 0

    def __call__(self, number):
        self.calls += 1
        return 1 / (number + 1)


@pytest.mark.parametrize("made", SCHEDULERS.values(), ids=SCHEDULERS)
def test_every_schedule_can_be_saved_and_goes_on(tmp_path, made):
    rates, state = [], None
    for start in (0, 3):
        model = noisy()
        optimizer = adamw(model)
        scheduler = made(optimizer)
        if state:
            optimizer.load_state_dict(state["optimizer"])
            scheduler.load_state_dict(state["scheduler"])
        for _ in range(3):  # without an interruption 6 for the first
            optimizer.step()
            scheduler.step()
        if not state:
            parts = {"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}
            state = load(save(parts, tmp_path, "x"))
        for _ in range(3 - start):
            optimizer.step()
            scheduler.step()
        rates.append([group["lr"] for group in optimizer.param_groups])
    assert rates[0] == rates[1]


OPTIMIZERS = {
    "momentum": lambda m: sgd(m, momentum=0.9),
    "tensor rate": lambda m: adamw(m, lr=torch.tensor(0.01)),
    "amsgrad": lambda m: adamw(m, amsgrad=True),
    **{
        name: lambda m, name=name: getattr(torch.optim, name)(m.parameters(), lr=0.01)
        for name in ("Adadelta", "Adagrad", "Adam", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop")
    },
}


@pytest.mark.parametrize("made", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_every_optimizer_can_be_saved_and_goes_on(tmp_path, made):
    torch.manual_seed(1)
    model = noisy()
    optimizer = made(model)
    for part in batches(3):
        bare_step(model, part, loss_fn, optimizer)
    path = save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path, "x")
    other = noisy(5)
    another = made(other)
    other.load_state_dict(load(path)["model"])
    another.load_state_dict(load(path)["optimizer"])
    for each, its in ((model, optimizer), (other, another)):
        torch.manual_seed(2)
        for part in batches(3):
            bare_step(each, part, loss_fn, its)
    assert same(model.state_dict(), other.state_dict())
    assert same(optimizer.state_dict(), another.state_dict())


class Sub(torch.Tensor):
    """A kind of tensor that PyTorch does not know."""


NOT_PLAIN = {
    "a function": (lambda: 0, "the state['scheduler'][1]['fn'] is a function"),
    "a model": (nn.Linear(1, 1), "is a Linear"),
    "a set": ({1}, "is a set"),
    "bytes": (b"a", "is a bytes"),
    "an array": (np.ones(2), "is a ndarray"),
    "a complex number": (1j, "is a complex"),
    "an object": (Warmup(), "is a Warmup"),
    "a date of NumPy": (np.datetime64("2020-01-01"), "is a datetime64"),
    "a complex number of NumPy": (np.complex128(1j), "is a complex128"),
    "a long number of NumPy": (np.longdouble(1), "is a longdouble"),
    "a class of tensors": (torch.ones(2).as_subclass(Sub), "is a Sub"),
}


@pytest.mark.parametrize(("value", "words"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_would_not_load_is_not_saved(tmp_path, value, words):
    with pytest.raises(TypeError) as error:
        save({"scheduler": [0, {"fn": value}]}, tmp_path, "x")
    assert str(error.value).startswith("save: the state['scheduler'][1]['fn'] is a ")
    assert words in str(error.value) and "would not load" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ADDED)
def test_a_name_that_save_takes_for_itself_is_not_overwritten_in_silence(tmp_path, name):
    with pytest.raises(ValueError, match=name):
        save({name: 5}, tmp_path, "x")


@pytest.mark.parametrize("label", ["x", "", "a b", "copy-0123456789abcdef.pt", "näh-é", "a.pt"])
def test_under_whatever_label_it_can_be_loaded(tmp_path, label):
    path = save(STATE, tmp_path, label)
    assert path.parent == tmp_path and same(given(load(path)), STATE)


# What is damaged is found.


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A whole file."""
    return save(STATE, tmp_path_factory.mktemp("whole"), "x").read_bytes()


def test_a_file_cut_short_anywhere_is_found(tmp_path, content):
    path = tmp_path / f"step-000007-{sha(content)}.pt"
    lengths = {0, 1, 2, len(content) - 1, *range(7, len(content), len(content) // 60)}
    for length in sorted(lengths):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedError, match=rf"load: {path.name} is damaged.*{length:,} bytes"):
            load(path)
    path.write_bytes(content)
    assert same(given(load(path)), STATE)


def test_a_file_with_something_at_its_end_is_found(tmp_path, content):
    path = tmp_path / f"x-{sha(content)}.pt"
    path.write_bytes(content + b"\0")
    with pytest.raises(DamagedError, match="changed on the disk: take an earlier"):
        load(path)


def test_one_flipped_bit_is_found_wherever_it_is(tmp_path, content):
    path = tmp_path / f"x-{sha(content)}.pt"
    draws, last = random.Random(0), len(content) * 8 - 1
    for bit in (0, last, *draws.sample(range(last), 200)):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with pytest.raises(DamagedError, match=f"expected {sha(content)}"):
            load(path)


RENAMED = ["checkpoint.pt", "x-0123456789abcde.pt", "x-0123456789ABCDEF.pt", "{}.bak", "{} (1)"]


@pytest.mark.parametrize("name", [*RENAMED, "{}.damaged", "x0123456789abcdef.pt"])
def test_a_renamed_file_is_said(tmp_path, name):
    path = save(STATE, tmp_path, "x")
    renamed = path.rename(tmp_path / name.format(path.name))
    with pytest.raises(ValueError, match=r"carries no checksum, expected \.\.\.-0{16}\.pt") as e:
        load(renamed)
    assert not isinstance(e.value, DamagedError) and "If you renamed the file" in str(e.value)


def test_a_file_under_another_ones_name_is_found(tmp_path):
    first, second = (save({"step": step}, tmp_path, "x") for step in (1, 2))
    os.replace(first, second)
    with pytest.raises(DamagedError):
        load(second)


def test_a_label_may_be_changed(tmp_path):
    path = save(STATE, tmp_path, "x")
    assert same(given(load(path.rename(tmp_path / f"best-{path.name}"))), STATE)


def test_a_file_that_is_not_there_or_no_file_is_an_oserror(tmp_path):
    missing = tmp_path / "x-0123456789abcdef.pt"
    with pytest.raises(FileNotFoundError):
        load(missing)
    missing.mkdir()
    with pytest.raises(OSError):
        load(missing)


# The checksum is right, and still it is no state.

STRANGE = {
    "nothing": b"",
    "a null": b"\0",
    "text": b"These are not the weights.",
    "a stop": b".",
    "a pickle's head": b"\x80\x02.",
    "a pop": b"\x80\x020.",
    "a memo": b"\x80\x02h\x05.",
    "a bad string": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
    "a tuple of nothing": b"\x80\x02t.",
    "a build": b"\x80\x02}}b.",
    "a list": pickle.dumps([1, 2], protocol=2),
    "a zip": None,
    "a tar": b"sys_info" + bytes(249) + b"ustar" + bytes(800),
    "safetensors": struct.pack("<Q", 2) + b"{}",
    "a tensor": pickled(torch.ones(2)),
    "a number": pickled(3),
    "a list of PyTorch": pickled([STATE]),
    "no format": pickled(STATE),
    "a format of tensors": pickled({"format": torch.ones(2)}),
    "a format of text": pickled({"format": "1"}),
    "old, cut short": pickled(STATE, _use_new_zipfile_serialization=False)[:-30],
    "old, its head": pickled(STATE, _use_new_zipfile_serialization=False)[:40],
    "new, cut short": pickled(STATE)[:-30],
    "TorchScript": None,
}


def strange(name):
    if name == "a zip":
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            file.writestr("archive/data.pkl", b"\x80\x02h\x05.")
            file.writestr("archive/version", "3")
        return content.getvalue()
    if name == "TorchScript":
        content = io.BytesIO(pickled(STATE))
        with zipfile.ZipFile(content, "a") as file:
            file.writestr("archive/constants.pkl", b"")
        return content.getvalue()
    return STRANGE[name]


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_checkpoint_is_said_to_be_none(tmp_path, name):
    path = written(tmp_path, strange(name))
    with pytest.raises(ValueError, match=rf"^load: {path.name} (holds something|is a checkpoint)"):
        load(path)


@pytest.mark.parametrize("number", [0, 2, 17])
def test_another_format_is_said_with_both_numbers(tmp_path, number):
    path = written(tmp_path, pickled({**STATE, "format": number}))
    with pytest.raises(ValueError, match=f"of format {number}, expected 1: another version"):
        load(path)
    found = torch.load(path, weights_only=True)["model"]  # what the message proposes
    assert same(found, STATE["model"])


# What is hostile is idle.

RAN = []


def strike(what="ran"):
    """What a hostile file would do."""
    RAN.append(what)
    return ()


class Reduce:
    def __reduce__(self):
        return strike, ("reduce",)


class BuiltIn:
    def __init__(self, command, name="system"):
        self.command, self.name = command, name

    def __reduce__(self):
        return getattr(os, self.name), (self.command,)


class Evaluated:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return eval, (f"open({str(self.path)!r}, 'w').close()",)


class SetState:
    def __setstate__(self, state):
        strike("setstate")

    def __getstate__(self):
        return {"a": 1}


def hostile(mark):
    """Objects that leave a mark if anything of them runs."""
    return {
        "a function": Reduce(),
        "a command": BuiltIn(f"touch {mark}"),
        "an expression": Evaluated(mark),
        "a class": SetState(),
        "a model": nn.Linear(1, 1),
    }


@pytest.mark.parametrize("place", ["beside the weights", "instead of them", "as a key"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", hostile(""))
def test_nothing_of_a_hostile_file_runs(tmp_path, name, zipped, place):
    mark = tmp_path / "mark"
    thing = hostile(mark)[name]
    whole = {**STATE, "format": 1}
    state = {
        "beside the weights": {**whole, "x": thing},
        "instead of them": thing,
        "as a key": {**whole, ("a", thing): 1},
    }[place]
    path = written(tmp_path, pickled(state, _use_new_zipfile_serialization=zipped))
    RAN.clear()
    with pytest.raises(ValueError, match=r"Nothing of it was run\. Who made it") as error:
        load(path)
    assert not RAN and not mark.exists()
    assert "weights_only=False" not in str(error.value) and error.value.__cause__ is None
    torch.load(path, weights_only=False)  # the same file does run for who lets it
    assert RAN or mark.exists() or name == "a model"


# Whole or not there.


@pytest.mark.parametrize("after", [0, 1, 500])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, after):
    first = save(STATE, tmp_path, "x")
    with monkeypatch.context() as patch:
        through = fill_up(patch, after)
        with pytest.raises(OSError, match="No space left"):
            save({**STATE, "step": 8}, tmp_path, "y")
        assert [len(part) for part in through] == [after]
    assert list(tmp_path.iterdir()) == [first] and load(first)["step"] == 7


def test_the_same_state_is_one_file(tmp_path):
    paths = {save(STATE, tmp_path, "x") for _ in range(2)}
    assert len(paths) == 1 and list(tmp_path.iterdir()) == list(paths)
