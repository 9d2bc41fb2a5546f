"""Weights by name: one error that names all that is wrong, and a file for others."""

import re

import pytest
import safetensors
import safetensors.torch
import torch
from torch import nn

from course_lib.checkpoint import export, load_weights
from tests.full_disk import fill_up
from tests.tiny_training import linear, noisy, same, state


class Tied(nn.Module):
    """Reads and writes with the same table, (B,) -> (B, 5)."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.reading, self.writing = nn.Embedding(5, 3), nn.Linear(3, 5)
        self.writing.weight = self.reading.weight

    def forward(self, ids):
        return self.writing(self.reading(ids))


class WithExtra(nn.Linear):
    """Has more in its state than tensors."""

    def __init__(self, extra=None):
        super().__init__(2, 2)
        self.extra = extra

    def get_extra_state(self):
        return self.extra

    def set_extra_state(self, extra):
        self.extra = extra


class Views(nn.Module):
    """Buffers that are parts of one tensor, of all kinds."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        whole = torch.randn(4, 6)
        parts = {
            "whole": whole,
            "upper": whole[:2],
            "column": whole[:, 1],
            "turned": whole.t(),
            "same_place": whole[:4, :3],
            "grown": torch.randn(1, 3).expand(4, 3),
            "number": torch.tensor(seed),
            "none": torch.empty(0, 3),
            "nothing": torch.empty(0, 3),
        }
        for name, part in parts.items():
            self.register_buffer(name, part)
        self.weight = nn.Parameter(torch.randn(3, 4).t())


def weights_of(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


MODELS = {"linear": linear, "batch norm": noisy, "tied": Tied}


@pytest.mark.parametrize("made", MODELS.values(), ids=MODELS)
def test_weights_come_into_another_model_of_the_kind(made):
    first, second = made(0), made(1)
    assert not same(state(first), state(second))
    assert load_weights(second, weights_of(first)) is None
    assert same(state(first), state(second))


def test_a_batch_norms_averages_come_too():
    first, second = noisy(0), noisy(1)
    for _ in range(3):
        first(torch.randn(8, 3))
    load_weights(second, first.state_dict())
    assert second.layers[1].num_batches_tracked == 3
    assert torch.equal(second.layers[1].running_var, first.layers[1].running_var)


def test_what_is_loaded_is_a_copy():
    first, second = linear(0), linear(1)
    load_weights(second, first.state_dict())
    with torch.no_grad():
        first.layers[0].weight.add_(1)
    assert not same(state(first), state(second))


def test_of_tied_tensors_one_is_enough():
    for name in ("reading.weight", "writing.weight"):
        first, second = Tied(0), Tied(1)
        given = {n: t for n, t in weights_of(first).items() if n in (name, "writing.bias")}
        assert len(given) == 2
        load_weights(second, given)
        assert same(state(first), state(second))
        assert second.reading.weight is second.writing.weight
    with pytest.raises(ValueError, match=r"Missing \(2\): reading.weight, writing.weight\.\n"):
        load_weights(Tied(), {"writing.bias": torch.zeros(5)})


def test_tensors_without_numbers_are_not_tied():
    given = weights_of(Views())
    del given["none"]
    with pytest.raises(ValueError, match=r"Missing \(1\): none\."):
        load_weights(Views(), given)


@pytest.mark.parametrize("extra", [{"words": ["a"]}, torch.ones(2), 3])
def test_extra_state_comes_too(extra):
    first, second = WithExtra(extra), WithExtra(type(extra)())
    if isinstance(extra, torch.Tensor):
        second.extra = torch.zeros(2)
    load_weights(second, first.state_dict())
    assert same(first.extra, second.extra)


def renamed(change):
    return {change(name): tensor for name, tensor in weights_of(noisy(1)).items()}


def spoilt():
    """Missing, unexpected and of another shape, each twice."""
    given = renamed(lambda name: name.replace("layers.0", "first"))
    del given["first.bias"]
    given["layers.0.bias"] = torch.zeros(9)
    given["layers.4.weight"] = torch.zeros(2, 8, 1)
    given["layers.4.bias"] = torch.zeros(2)
    given["more"] = torch.zeros(1)
    return given


def test_all_that_is_wrong_is_named_in_one_error():
    model = noisy()
    before = state(model)
    with pytest.raises(ValueError) as error:
        load_weights(model, spoilt())
    assert str(error.value) == (
        "load_weights: got weights of another model than this Tiny, expected the same names and "
        "shapes. The model is as it was.\n"
        "Missing (1): layers.0.weight.\n"
        "Unexpected (2): first.weight, more.\n"
        "Of another shape (2): layers.0.bias (9,) (expected (8,)), layers.4.weight (2, 8, 1) "
        "(expected (2, 8)).\n"
        "Make the model as it was made when the weights were saved: same class, same sizes."
    )
    assert same(state(model), before)


WRONG = {
    "module.": (renamed(lambda name: f"module.{name}"), "'module.', which DataParallel puts"),
    "compiled": (renamed(lambda name: f"_orig_mod.{name}"), "'_orig_mod.', which torch.compile"),
    "a checkpoint": ({"model": weights_of(noisy()), "step": 3}, 'its weights are checkpoint["mod'),
    "nothing": ({}, r"Missing (9): layers.0.weight, layers.0.bias, "),
    "more layers": (
        {name: w for name, w in weights_of(noisy()).items() if not name.startswith("layers.4")},
        "Was the model given more layers since?",
    ),
    "no tensor": (weights_of(noisy()) | {"layers.0.bias": 3}, "layers.0.bias int (expected (8,))"),
    "a number": (weights_of(noisy()) | {7: torch.ones(1)}, "Unexpected (1): 7."),
    "a column": (
        weights_of(noisy()) | {"layers.0.bias": torch.zeros(8, 1)},
        "Of another shape (1): layers.0.bias (8, 1) (expected (8,)).",
    ),
    "one number": (weights_of(noisy()) | {"layers.0.bias": torch.zeros(())}, "layers.0.bias ()"),
}


@pytest.mark.parametrize(("given", "words"), WRONG.values(), ids=WRONG)
def test_other_weights_are_refused_and_the_model_is_as_it_was(given, words):
    model = noisy()
    before = state(model)
    with pytest.raises(ValueError, match=r"^load_weights: got ") as error:
        load_weights(model, given)
    assert words in str(error.value)
    assert same(state(model), before)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_what_the_error_proposes_helps(prefix):
    model, weights = noisy(), renamed(lambda name: prefix + name)
    with pytest.raises(ValueError) as error:
        load_weights(model, weights)
    proposed = re.search(r"Take it off: (\{.*\})\.$", str(error.value))[1]
    load_weights(model, eval(proposed, {"weights": weights}))
    assert same(state(model), state(noisy(1)))


def test_names_that_begin_so_by_chance_get_no_such_advice():
    given = weights_of(noisy()) | {"module.more": torch.ones(1), "other": torch.ones(1)}
    with pytest.raises(ValueError, match="Make the model as it was made"):
        load_weights(noisy(), given)


# Files for others.


@pytest.mark.parametrize("made", [*MODELS.values(), Views], ids=[*MODELS, "views"])
def test_an_export_is_read_back(tmp_path, made):
    first, second = made(0), made(1)
    path = export(first, tmp_path / "new" / "weights.safetensors")
    assert path == tmp_path / "new" / "weights.safetensors"
    given = safetensors.torch.load_file(path)
    for name, tensor in given.items():
        assert torch.equal(tensor, first.state_dict()[name])
        assert tensor.dtype == first.state_dict()[name].dtype
    if made is not Views:  # whose buffers can't take numbers: some are expanded
        load_weights(second, given)
        assert same(state(first), state(second))
    else:
        assert given.keys() == first.state_dict().keys()


def test_an_export_is_what_safetensors_makes_of_the_weights(tmp_path):
    """Its own reader, with the mark that other libraries ask for."""
    path = export(noisy(), str(tmp_path / "w.safetensors"))
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata() == {"format": "pt"}
        assert set(file.keys()) == set(noisy().state_dict())
    assert path.read_bytes() == safetensors.torch.save(weights_of(noisy()), {"format": "pt"})


def test_tied_tensors_are_written_once(tmp_path):
    path = export(Tied(), tmp_path / "w.safetensors")
    assert set(safetensors.torch.load_file(path)) == {"reading.weight", "writing.bias"}


def test_an_export_leaves_the_model_alone(tmp_path):
    model = Views()
    before = state(model)
    export(model, tmp_path / "w.safetensors")
    assert same(state(model), before) and not model.weight.is_contiguous()
    assert model.weight.requires_grad


def test_an_export_with_extra_state_is_read_back_or_refused(tmp_path):
    try:
        path = export(first := WithExtra({"a": 1}), tmp_path / "w.safetensors")
    except (TypeError, ValueError) as error:
        assert "_extra_state" in str(error) and not list(tmp_path.iterdir())
        return
    second = WithExtra({"a": 1})
    load_weights(second, safetensors.torch.load_file(path))
    assert torch.equal(first.weight, second.weight)


@pytest.mark.parametrize("after", [0, 100])
def test_a_full_disk_leaves_the_earlier_export(tmp_path, monkeypatch, after):
    path = export(linear(0), tmp_path / "w.safetensors")
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        assert fill_up(patch, after) == []
        with pytest.raises(OSError, match="No space left"):
            export(linear(1), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    export(linear(1), path)
    assert path.read_bytes() != before and list(tmp_path.iterdir()) == [path]


def test_an_export_may_be_read_by_whom_other_files_may_be(tmp_path):
    (tmp_path / "other").write_text("")
    path = export(linear(), tmp_path / "w.safetensors")
    assert oct(path.stat().st_mode) == oct((tmp_path / "other").stat().st_mode)
