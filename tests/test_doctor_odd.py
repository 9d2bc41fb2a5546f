"""An examination takes any training: wrong arguments are told, everything else gives a report."""

import re
import warnings

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from transformers import BatchEncoding

from course_lib.doctor import Report, examine
from tests.tiny_training import Stream, batches, linear, loss_fn, noisy, sgd


def names(report):
    assert isinstance(report, Report) and str(report) and report._repr_mimebundle_()
    return [each.name for each in report.findings]


def look(loader=None, model=None, optimizer=None, loss=loss_fn, **options):
    """The names of what is found, and the report."""
    model = linear() if model is None else model
    optimizer = sgd(model) if optimizer is None else optimizer
    report = examine(model, batches(4) if loader is None else loader, loss, optimizer, **options)
    return names(report), report


# Wrong arguments.


@pytest.mark.parametrize("model", ["bert", None, nn.Linear, lambda x: x, torch.ones(2)])
def test_a_model_that_is_none_is_an_error_in_three_parts(model):
    words = rf"^examine: got a model of type {type(model).__name__}, expected an nn\.Module\. Pass"
    with pytest.raises(TypeError, match=words):
        examine(model, batches(2), loss_fn, sgd(linear()))


@pytest.mark.parametrize("loader", [3, len, object(), linear()])
@pytest.mark.parametrize("name", ["train_loader", "valid_loader"])
def test_a_loader_that_cannot_be_walked_is_an_error_in_three_parts(loader, name):
    given = {"train_loader": batches(2)} | {name: loader}
    model = linear()
    words = f"^examine: got a {name} of type {re.escape(type(loader).__name__)}, expected something"
    with pytest.raises(TypeError, match=words + r" that gives batches\. Pass a DataLoader"):
        examine(model, loss_fn=loss_fn, optimizer=sgd(model), **given)


def test_a_train_loader_of_none_is_an_error_too():
    with pytest.raises(TypeError, match=r"^examine: got a train_loader of type NoneType"):
        examine(linear(), None, loss_fn, sgd(linear()))


# Loaders and batches.


class Failing:
    """A loader that raises at its third batch."""

    def __iter__(self):
        yield from batches(2)
        raise OSError("disk gone")


def test_a_loader_that_raises_is_a_finding():
    found, report = look(Failing())
    assert found == ["step-fails"] and "The loader raises OSError: disk gone" in str(report)


def test_a_validation_loader_that_raises_is_said():
    found, report = look(valid_loader=Failing())
    assert found == [] and "OSError: disk gone" in report.left_out[0]


@pytest.mark.parametrize("made", [iter, lambda given: (each for each in given)])
def test_an_iterator_loses_no_batch(made):
    loader = made(batches(4))
    found, _ = look(loader)
    assert found == ["empty-loader"] and len(list(loader)) == 4


ODD = {
    "tensors": [torch.randn(4, 3)] * 3,
    "strings": ["abc", "def"],
    "empty strings": ["", ""],
    "numbers": [1, 2, 3],
    "none": [None],
    "empty dicts": [{}, {}],
    "empty tuples": [(), ()],
    "no labels": [{"x": torch.randn(4, 3)}] * 3,
    "labels only": [{"labels": torch.tensor([0, 1])}] * 2,
    "other names": [{"a": torch.randn(4, 3), "b": torch.ones(4).long()}] * 3,
    "texts": [{"x": ["one", "two"], "labels": torch.tensor([0, 1])}] * 2,
    "scalars": [{"x": torch.tensor(1.0), "labels": torch.tensor(1)}] * 3,
    "no rows": [{"x": torch.ones(0, 3), "labels": torch.ones(0).long()}] * 2,
    "one row": [{"x": torch.randn(1, 3), "labels": torch.tensor([1])}] * 3,
    "mixed": [*batches(2), "abc", (torch.randn(4, 3), torch.ones(4).long())],
    "unlike lengths": [{"x": torch.randn(4, 3), "labels": torch.ones(3).long()}] * 3,
    "triples": [(torch.randn(4, 3), torch.randn(4, 3), torch.ones(4).long())] * 3,
    "nested": [({"x": torch.randn(4, 3)}, torch.tensor([0, 1, 1, 0]))] * 3,
    "labels in a dict": [(torch.randn(4, 3), {"a": torch.ones(4)})] * 3,
    "a text": "abc",
    "a dict": {"x": torch.randn(4, 3), "labels": torch.ones(4).long()},
    "a tensor": torch.randn(4, 4, 3),
    "floating labels": [{"x": torch.randn(4, 3), "labels": torch.rand(4)}] * 3,
    "yes or no": [{"x": torch.randn(4, 3), "labels": torch.ones(4).bool()}] * 3,
    "complex": [{"x": torch.randn(4, 3, dtype=torch.complex64), "labels": torch.ones(4).long()}]
    * 2,
    "sparse": [{"x": torch.eye(3).to_sparse(), "labels": torch.ones(3).long()}] * 2,
    "meta": [{"x": torch.randn(4, 3, device="meta"), "labels": torch.ones(4).long()}] * 2,
    "expanded": [{"x": torch.ones(1).expand(4, 3), "labels": torch.ones(4).long()}] * 3,
    "an encoding": [BatchEncoding(each) for each in batches(3)],
}


@pytest.mark.parametrize("name", ODD)
def test_batches_of_any_kind_give_a_report(name):
    look(ODD[name], noisy(), valid_loader=ODD[name], predict_fn=lambda model, x: model(x))


def test_nan_in_an_expanded_tensor_is_a_finding():
    x = torch.full((1,), float("nan")).expand(4, 3)
    found, _ = look([{"x": x, "labels": torch.tensor([0, 1, 0, 1])}] * 3)
    assert found == ["non-finite-input"]


class Numbers(IterableDataset):
    """Examples without an end."""

    def __iter__(self):
        generator = torch.Generator().manual_seed(0)
        while True:
            x = torch.randn(3, generator=generator)
            yield x, (x[0] > 0).long()


class Nothing(IterableDataset):
    def __iter__(self):
        return iter(())

    def __len__(self):
        raise TypeError("nobody knows")


def test_a_loader_without_an_end_is_looked_at_for_a_while():
    _, report = look(DataLoader(Numbers(), batch_size=500))
    assert "Looked at 4 batches with 2000 examples." in str(report)


def test_streams_and_empty_ones_of_unknown_length():
    assert look(DataLoader(Stream(batches(4)), batch_size=None))[0] == []
    assert look(DataLoader(Stream([]), batch_size=None))[0] == ["empty-loader"]


def test_an_empty_dataset_that_does_not_tell_its_length_is_a_finding():
    class Plain:
        dataset = Nothing()

        def __iter__(self):
            return iter(())

    assert look(Plain())[0] == ["empty-loader"]


@pytest.mark.parametrize("persistent", [False, True])
def test_a_loader_with_workers_goes_on_as_before(persistent):
    data = TensorDataset(torch.randn(24, 3), torch.arange(24) % 2)
    options = {
        "num_workers": 2,
        "persistent_workers": persistent,
        "multiprocessing_context": "fork",
    }
    found = []
    model = linear()
    for looked_at in (False, True):
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forks amid threads
            loader = DataLoader(data, batch_size=6, shuffle=True, **options)
            first = torch.cat([labels for _, labels in loader])
            if looked_at:
                look(loader, model)
            found.append([first, *(torch.cat([x for x, _ in loader]) for _ in range(2))])
        del loader
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
