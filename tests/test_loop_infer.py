"""Inference: means over examples, metrics over all, the dataset's order, and modes put back."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torch import nn
from torch.nn import functional as F
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    Subset,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from course_lib import metric
from course_lib.data import SentenceDataset, make_loader
from course_lib.loop import evaluate, evaluating, largest_logit, predict
from course_lib.model import TextClassifier
from tests.fake_backbone import FakeBackbone
from tests.tiny_training import (
    Rows,
    Stream,
    Tiny,
    batch,
    joined,
    linear,
    loss_fn,
    noisy,
    same,
    state,
)

# Python 3.12 and newer warn of any fork beside threads, and PyTorch has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

UNEQUAL = [batch(B, seed) for seed, B in enumerate((5, 5, 1))]
METRICS = {"accuracy": metric.accuracy, "f1": metric.f1}


class Named(nn.Module):
    """What goes in comes out."""

    def forward(self, x):
        return x


def logits_of(model, given):
    """All at once, with PyTorch alone."""
    model = model.eval()
    with torch.no_grad():
        return model(given["x"])


def mixed_modes():
    """Some parts train, some do not: (True, False, False, True, True, ...)."""
    model = noisy()
    model.layers[1].eval()
    model.layers.training = False
    return model


# evaluating.


def test_the_class_with_the_largest_logit():
    assert largest_logit(torch.tensor([[1.0, 3.0, 2.0], [5.0, -1.0, 0.0]])).tolist() == [1, 0]


def test_within_nothing_trains_and_nothing_has_a_gradient():
    model = mixed_modes()
    with evaluating(model):
        assert not any(part.training for part in model.modules())
        assert torch.is_inference_mode_enabled()
        assert not model(torch.ones(1, 3)).requires_grad
    assert not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("how", ["evaluating", "an error", "evaluate", "predict"])
def test_afterwards_each_part_has_its_own_mode_again(how):
    model = mixed_modes()
    modes = [part.training for part in model.modules()]
    assert len(set(modes)) == 2
    if how == "evaluate":
        evaluate(model, UNEQUAL, loss_fn)
    elif how == "predict":
        predict(model, UNEQUAL)
    elif how == "evaluating":
        with evaluating(model):
            pass
    else:
        with pytest.raises(ValueError, match="of a batch"), evaluating(model):
            raise ValueError("of a batch")
    assert [part.training for part in model.modules()] == modes


@pytest.mark.parametrize("run", [evaluate, predict])
def test_inference_changes_neither_weights_nor_statistics(run):
    model = noisy()
    before = state(model)
    run(model, UNEQUAL)
    assert same(before, state(model))
    assert all(weight.grad is None for weight in model.parameters())


# evaluate.


def test_the_loss_is_the_mean_over_examples():
    """Losses of 1, 1 and 4: the mean over batches would be (1 + 4) / 2."""
    given = [
        {"x": torch.tensor([[1.0], [-1.0]]), "labels": torch.tensor([[0.0], [0.0]])},
        {"x": torch.tensor([[2.0]]), "labels": torch.tensor([[0.0]])},
    ]
    found = evaluate(Named(), given, F.mse_loss)
    assert found == {"loss": pytest.approx((1 + 1 + 4) / 3)}


def test_loss_and_metrics_are_those_of_scikit_learn_on_all_examples():
    model, given = noisy(), joined(UNEQUAL)
    logits = logits_of(model, given)
    labels, answers = given["labels"].numpy(), logits.argmax(1).numpy()
    found = evaluate(model.train(), UNEQUAL, loss_fn, METRICS)
    chances = logits.double().softmax(1).numpy()
    expected = {
        "loss": sklearn_metrics.log_loss(labels, chances),
        "accuracy": sklearn_metrics.accuracy_score(labels, answers),
        "f1": sklearn_metrics.f1_score(labels, answers),
    }
    assert found == pytest.approx(expected, rel=1e-5)
    of_batches = [evaluate(model, [part], metrics=METRICS)["f1"] for part in UNEQUAL[:2]]
    assert 0 < found["accuracy"] < 1 and found["f1"] != pytest.approx(np.mean(of_batches))


def test_scores_can_be_decided_otherwise():
    model, given = noisy(), joined(UNEQUAL)
    found = evaluate(
        model, UNEQUAL, None, {"auc": metric.roc_auc}, decide=lambda logits: logits[:, 1]
    )
    expected = sklearn_metrics.roc_auc_score(given["labels"], logits_of(model, given)[:, 1])
    assert found == {"auc": pytest.approx(expected)}


def test_without_a_loss_and_metrics_there_is_nothing_to_tell():
    assert evaluate(linear(), UNEQUAL) == {}


def test_metrics_get_each_example_once_in_the_loaders_order():
    seen = []
    loader = DataLoader(Rows(7), 3)
    evaluate(Named(), loader, metrics={"seen": lambda *given: seen.append(given)})
    ((answers, labels),) = seen
    assert labels.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert answers.shape == (7,)


def test_labels_for_each_token_may_differ_in_their_number():
    given = [
        {"x": torch.randn(2, T, 5), "labels": torch.zeros(2, T, dtype=torch.long)} for T in (3, 4)
    ]
    found = evaluate(Named(), given, lambda a, b: F.cross_entropy(a.flatten(0, 1), b.flatten()))
    assert found["loss"] > 0


def test_the_random_numbers_of_a_training_stay_where_they_are():
    model, loader = noisy(), make_loader(Rows(), 4)
    before = torch.get_rng_state()
    evaluate(model, loader, loss_fn)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("shuffle", [False, True])
def test_so_do_they_in_predict(shuffle):
    model, loader = noisy(), make_loader(Rows(), 4, shuffle=shuffle)
    before = torch.get_rng_state()
    predict(model, loader)
    assert torch.equal(before, torch.get_rng_state())


# predict.


def sentences(count=23):
    """Of 2 to 12 tokens each, all of them different."""
    draw = torch.Generator().manual_seed(0)
    rows = [torch.randint(11, (2 + n % 11,), generator=draw).tolist() for n in range(count)]
    assert len(set(map(tuple, rows))) == count
    return SentenceDataset(list(map(str, range(count))), None, lambda text: rows[int(text)])


def one_by_one(model, dataset):
    """The logits of each example alone, without padding, in the dataset's order."""
    model.eval()
    with torch.no_grad():
        rows = [model(input_ids=dataset[i]["input_ids"][None]) for i in range(len(dataset))]
    return torch.cat(rows)


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    return TextClassifier(FakeBackbone(layers=0), 3)


@pytest.mark.parametrize("bucket", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("batch_size", "workers"), [(1, 0), (4, 0), (4, 2), (23, 0), (100, 0)])
def test_predictions_are_in_the_order_of_the_dataset(
    classifier, batch_size, workers, shuffle, bucket
):
    dataset = sentences()
    options = {"shuffle": shuffle, "bucket": bucket, "num_workers": workers}
    found = predict(classifier, make_loader(dataset, batch_size, **options))
    expected = one_by_one(classifier, dataset)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert len(expected.round(decimals=4).unique(dim=0)) == len(dataset)


def rows(count=10):
    return torch.stack([Rows(count)[index]["x"] for index in range(count)])


LOADERS = {
    "a permutation": lambda data: DataLoader(data, 3, sampler=[4, 2, 0, 1, 3, 9, 8, 7, 6, 5]),
    "a batch sampler": lambda data: DataLoader(
        data, batch_sampler=BatchSampler(RandomSampler(data), 4, drop_last=False)
    ),
    "batches of different sizes": lambda data: DataLoader(
        data, batch_sampler=[[9], [0, 8, 7], [1, 2, 3, 4, 5, 6]]
    ),
    "batches that are drawn once": lambda data: DataLoader(
        data, batch_sampler=iter([[9, 8, 7, 6, 5], [0, 1, 2, 3, 4]])
    ),
    "drop_last without a rest": lambda data: make_loader(data, 5, shuffle=True, drop_last=True),
    "NumPy's numbers": lambda data: DataLoader(data, 4, sampler=np.arange(10)[::-1]),
    "a tensor of numbers": lambda data: DataLoader(data, 4, sampler=torch.randperm(10)),
}


@pytest.mark.parametrize("made", LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize("labels", [True, False])
def test_so_they_are_whatever_the_sampler(made, labels):
    found = predict(Named(), made(Rows(labels=labels)))
    assert torch.equal(found, rows())


def test_a_part_of_a_dataset_is_in_its_own_order():
    part = Subset(Rows(), [7, 1, 5])
    found = predict(Named(), make_loader(part, 2, shuffle=True))
    assert torch.equal(found, rows()[[7, 1, 5]])


LEFT_OUT = {
    "drop_last": (lambda d: make_loader(d, 4, drop_last=True), "takes 8 of 10 examples in 8 draws"),
    "weights": (
        lambda d: DataLoader(d, 4, sampler=WeightedRandomSampler([1.0] * 9 + [0.0], 10)),
        r"takes \d of 10 examples in 10 draws, expected each once",
    ),
    "a part": (
        lambda d: DataLoader(d, 4, sampler=SubsetRandomSampler([1, 2, 3])),
        "takes 3 of 10 examples in 3 draws",
    ),
    "one twice": (
        lambda d: DataLoader(d, 4, sampler=[*range(10), 4]),
        "takes 10 of 10 examples in 11",
    ),
}


@pytest.mark.parametrize(("made", "words"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_loader_without_each_example_once_is_refused(made, words):
    with pytest.raises(ValueError, match=f"^predict: the loader {words}"):
        predict(Named(), made(Rows()))


PARTS = [batch(B, seed) for seed, B in enumerate((4, 2, 5))]


class Ready(Rows):
    """A dataset whose items are batches already."""

    def __len__(self):
        return len(PARTS)

    def __getitem__(self, index):
        if index >= len(PARTS):
            raise IndexError(index)
        return PARTS[index]


ORDERS = {
    "a list": lambda: PARTS,
    "an iterator": lambda: iter(PARTS),
    "an iterable dataset": lambda: DataLoader(Stream(PARTS), None),
    "batches from the dataset": lambda: DataLoader(Ready(), None),
    "batches from the dataset, shuffled": lambda: DataLoader(Ready(), None, shuffle=True),
    "examples from an iterable dataset": lambda: DataLoader(
        Stream([{"x": row} for row in joined(PARTS)["x"]]), 3
    ),
}


@pytest.mark.parametrize("made", ORDERS.values(), ids=ORDERS)
def test_where_batches_come_as_they_come_so_do_the_predictions(made):
    assert torch.equal(predict(Named(), made()), joined(PARTS)["x"])


def test_workers_are_prepared_as_the_loader_says(tmp_path):
    def prepare(worker):
        (tmp_path / str(worker)).touch()

    loader = DataLoader(Rows(), 4, num_workers=1, worker_init_fn=prepare)
    predict(Named(), loader)
    assert (tmp_path / "0").exists()


@pytest.mark.parametrize("made", [lambda: PARTS[:1], lambda: make_loader(Rows(), 4)])
def test_a_prediction_can_be_used_in_a_training(made):
    found = predict(linear(), made())
    assert not found.is_inference() and not found.requires_grad
    weight = torch.ones(2, requires_grad=True)
    (found * weight).sum().backward()
    torch.testing.assert_close(weight.grad, found.sum(dim=0))
    found += 1  # of an inference tensor, an error


def test_labels_are_not_looked_at():
    wrong = [part | {"labels": torch.full((len(part["x"]),), math.nan)} for part in PARTS]
    assert torch.equal(predict(linear(), wrong), predict(linear(), PARTS))


# What they refuse.


@pytest.mark.parametrize("made", [list, lambda: iter([]), lambda: DataLoader(Stream([]), None)])
@pytest.mark.parametrize("run", [evaluate, predict])
def test_no_example_is_refused(run, made):
    with pytest.raises(ValueError, match=f"{run.__name__}: the loader gave no example, expected"):
        run(linear(), made())


@pytest.mark.parametrize("run", [evaluate, predict])
def test_an_iterator_is_used_up_after_a_pass(run):
    iterator = iter(PARTS)
    run(linear(), iterator)
    with pytest.raises(ValueError, match="an iterator is used up after one pass"):
        run(linear(), iterator)


def test_without_labels_nothing_can_be_evaluated():
    with pytest.raises(ValueError, match=r"evaluate: .* with x, expected 'labels' too.*predict"):
        evaluate(linear(), [{"x": torch.ones(2, 3)}], loss_fn)


def test_no_example_in_a_batch_is_refused():
    with pytest.raises(ValueError, match=r"labels of shape \(0,\)"):
        evaluate(linear(), [batch(), batch(0)], loss_fn)
    with pytest.raises(ValueError, match="predict: the loader gave no example"):
        predict(linear(), [batch(0)])


@pytest.mark.parametrize("run", [evaluate, predict])
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ((torch.ones(2, 3),), "of type tuple"),
        ({"x": torch.ones(1, 3), "text": "a"}, r"text \(str\)"),
    ],
)
def test_what_is_no_batch_is_said(run, bad, words):
    with pytest.raises(TypeError, match=f"{run.__name__}: .*{words}"):
        run(linear(), [bad])


def test_an_error_puts_the_modes_back():
    model = mixed_modes()
    modes = [part.training for part in model.modules()]
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        predict(model, [{"x": torch.ones(1, 9)}])
    assert [part.training for part in model.modules()] == modes


@pytest.mark.parametrize("run", [evaluate, predict])
def test_a_model_on_two_devices_is_said(run):
    model = Tiny(nn.Linear(3, 3), nn.Linear(3, 2).to("meta"))
    with pytest.raises(ValueError, match=f"{run.__name__}: .*cpu.*meta"):
        run(model, PARTS)


@pytest.mark.parametrize("run", [evaluate, predict])
def test_a_model_that_gives_more_than_logits_is_said(run):
    class Model(nn.Module):
        def forward(self, x):
            return {"logits": x}

    with pytest.raises(TypeError, match=f"{run.__name__}: .*dict.*logits"):
        run(Model(), PARTS)
