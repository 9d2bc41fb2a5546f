"""From items to batches: padding, length buckets, class weights, the loader."""

import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Sampler, Subset, TensorDataset, WeightedRandomSampler

from course_lib.data import (
    DigitDataset,
    LengthBatchSampler,
    PassengerDataset,
    SentenceDataset,
    TableEncoder,
    class_weights,
    load_passengers,
    make_loader,
    pad_collate,
)


def item(*ids, label=None):
    made = {"input_ids": torch.tensor(ids)}
    return made if label is None else made | {"labels": torch.tensor(label)}


def lengths_of(count, seed=0):
    return [random.Random(seed + n).randint(1, 40) for n in range(count)]


def sentences(count, seed=0):
    """A dataset of sentences of 1 to 40 tokens, each of which holds the sentence's own number."""
    texts = [f"{number} {length}" for number, length in enumerate(lengths_of(count, seed))]
    return SentenceDataset(
        texts, [n % 3 for n in range(count)], lambda t: [int(t.split()[0])] * int(t.split()[1])
    )


# Padding.


def test_a_batch_by_hand():
    batch = pad_collate([item(5, 6, 7, label=1), item(8, label=0)])
    assert list(batch) == ["input_ids", "attention_mask", "labels"]
    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [1, 0]
    assert {tensor.dtype for tensor in batch.values()} == {torch.int64}


@pytest.mark.parametrize("pad", [0, 1, -100])
@pytest.mark.parametrize("count", [1, 2, 17])
def test_padding_is_that_of_pytorch_and_the_mask_counts_the_tokens(count, pad):
    generator = torch.Generator().manual_seed(count)
    rows = [torch.randint(0, 9, (length,), generator=generator) for length in lengths_of(count)]
    batch = pad_collate([{"input_ids": row} for row in rows], pad_token_id=pad)
    expected = pad_sequence(rows, batch_first=True, padding_value=pad)
    assert torch.equal(batch["input_ids"], expected)
    places = torch.arange(expected.shape[1])
    inside = places < torch.tensor([len(row) for row in rows]).unsqueeze(1)
    assert torch.equal(batch["attention_mask"], inside.long())


def test_a_real_token_that_looks_like_padding_is_not_masked():
    batch = pad_collate([item(1, 9, 1), item(1)], pad_token_id=1)
    assert batch["input_ids"].tolist() == [[1, 9, 1], [1, 1, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_without_labels_the_batch_has_none():
    assert list(pad_collate([item(1), item(2, 3)])) == ["input_ids", "attention_mask"]


def test_the_items_stay_as_they_were():
    items = [item(1, label=0), item(2, 3, label=1)]
    pad_collate(items)
    assert [entry["input_ids"].tolist() for entry in items] == [[1], [2, 3]]
    assert [list(entry) for entry in items] == [["input_ids", "labels"]] * 2


BAD_ITEMS = {
    "none": ([], "got no items, expected at least one. Is the batch empty?"),
    "of another dataset": (
        [{"features": torch.ones(3)}],
        "item 0 has ['features'], expected 'input_ids'. Does the dataset hold sentences? Others",
    ),
    "one of another dataset": ([item(1), {"x": 1, "a": 2}], "item 1 has ['a', 'x'], expected 'inp"),
    "one label missing": (
        [item(1, label=1), item(1, label=1), item(1)],
        "of items 0 and 2 only one has labels; expected all or none. Were two datasets joined?",
    ),
    "one label too many": (
        [item(1), item(1, label=1)],
        "of items 0 and 1 only one has labels; exp",
    ),
}


@pytest.mark.parametrize(("items", "said"), BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_bad_items_are_said(items, said):
    with pytest.raises(ValueError) as caught:
        pad_collate(items)
    assert str(caught.value).startswith(f"pad_collate: {said}")


# Length buckets.


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def padded(batches, lengths):
    """The places that all batches take."""
    return sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("window", [1, 2, 3, 50])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 32, 1000])
def test_an_epoch_is_every_example_once_in_as_many_batches_as_it_says(batch_size, window, shuffle):
    for count in (1, 2, 6, 7, 8, 20, 21, 41, 42, 43, 97):
        lengths, generator = lengths_of(count), seeded(count)
        sampler = LengthBatchSampler(lengths, batch_size, shuffle, generator, window=window)
        batches = list(sampler)
        assert sorted(index for batch in batches for index in batch) == list(range(count))
        assert len(batches) == len(sampler) == (count + batch_size - 1) // batch_size
        sizes = sorted(map(len, batches))
        assert sizes[1:] == [batch_size] * (len(batches) - 1)
        assert sizes[0] == (count % batch_size or batch_size)


def test_a_batch_holds_neighbours_by_length_of_its_window():
    lengths = list(range(100))
    sampler = LengthBatchSampler(lengths, 5, generator=seeded(0), window=20)  # all in one
    batches = sorted(sorted(batch) for batch in sampler)
    assert batches == [list(range(start, start + 5)) for start in range(0, 100, 5)]


def test_batches_come_in_no_order_of_length():
    sampler = LengthBatchSampler(list(range(100)), 5, generator=seeded(0), window=20)
    starts = [min(batch) for batch in sampler]
    assert starts != sorted(starts) and starts != sorted(starts, reverse=True)


def test_bucketing_leaves_less_padding_than_chance_and_a_wider_window_less_still():
    lengths = lengths_of(2_000)
    places = {
        window: padded(LengthBatchSampler(lengths, 16, True, seeded(1), window), lengths)
        for window in (1, 5, 50)
    }
    order = torch.randperm(len(lengths), generator=seeded(1)).tolist()
    chance = padded([order[first : first + 16] for first in range(0, 2_000, 16)], lengths)
    in_order = padded(LengthBatchSampler(lengths, 16, shuffle=False), lengths)
    assert sum(lengths) <= in_order <= places[50] < places[5] < places[1]
    assert places[50] < 0.7 * chance
    assert abs(places[1] - chance) < 0.05 * chance  # a window of one batch is mere shuffling


def test_epochs_differ_and_the_same_seed_gives_the_same_epochs():
    lengths = lengths_of(200)

    def epochs(seed):
        sampler = LengthBatchSampler(lengths, 8, generator=seeded(seed), window=4)
        return [list(sampler) for _ in range(3)]

    first = epochs(3)
    assert first == epochs(3)
    assert first != epochs(4)
    assert first[0] != first[1] != first[2] != first[0]
    together = [{frozenset(batch) for batch in epoch} for epoch in first]
    assert together[0] != together[1]  # not only the batches' order


def test_without_a_generator_the_global_one_decides():
    def epoch(seed):
        torch.manual_seed(seed)
        return list(LengthBatchSampler(lengths_of(50), 4))

    assert epoch(1) == epoch(1) != epoch(2)


def test_without_shuffling_it_goes_from_short_to_long_and_always_the_same():
    lengths = [3, 1, 2, 1, 5, 4, 1]
    sampler = LengthBatchSampler(lengths, 3, shuffle=False, window=1)
    before = torch.get_rng_state()
    assert list(sampler) == [[1, 3, 6], [2, 0, 5], [4]]
    assert list(sampler) == list(sampler)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", [tuple, np.array, torch.tensor])
def test_lengths_of_every_kind(kind):
    batches = list(LengthBatchSampler(kind([3, 1, 2]), 2, shuffle=False))
    assert batches == [[1, 2], [0]]


def test_a_length_batch_sampler_is_a_sampler():
    assert isinstance(LengthBatchSampler([1], 1), Sampler)


NOT_COUNTS = [0, -1, 2.0, "8", None, True]


@pytest.mark.parametrize("name", ["batch_size", "window"])
@pytest.mark.parametrize("value", NOT_COUNTS)
def test_a_size_below_one_or_no_size_at_all_is_said(name, value):
    with pytest.raises(ValueError) as caught:
        LengthBatchSampler([1, 2], **({"batch_size": 1} | {name: value}))
    assert str(caught.value) == (
        f"LengthBatchSampler: got {name} = {value!r}, expected a whole number from 1. Try 32."
    )


@pytest.mark.parametrize("lengths", [[], (), np.array([])])
def test_no_lengths_are_said(lengths):
    with pytest.raises(ValueError) as caught:
        LengthBatchSampler(lengths, 2)
    assert str(caught.value) == (
        "LengthBatchSampler: got no lengths, expected one for each example. Is the dataset empty?"
    )


# Weights for imbalance.


LABELS = [0, 0, 0, 0, 0, 1, 1, 2, 0, 1]


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        tuple(LABELS),
        np.array(LABELS),
        torch.tensor(LABELS),
        torch.tensor(LABELS, dtype=torch.uint8),
        pd.Series(LABELS),
        pd.Series(LABELS, index=range(100, 110)),
    ],
    ids=["list", "tuple", "array", "tensor", "small tensor", "series", "part of a series"],
)
def test_the_weights_are_those_that_scikit_learn_calls_balanced(labels):
    expected = compute_class_weight("balanced", classes=np.arange(3), y=np.array(LABELS))
    found = class_weights(labels, 3)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


def test_the_weights_by_hand_and_that_they_add_up_to_the_examples():
    weights = class_weights([0, 0, 0, 1], 2)  # 4 / (2 * 3) and 4 / (2 * 1)
    torch.testing.assert_close(weights, torch.tensor([2 / 3, 2.0]))
    assert weights[torch.tensor([0, 0, 0, 1])].sum().item() == pytest.approx(4)


def test_a_loss_takes_the_weights():
    logits, labels = torch.zeros(10, 3), torch.tensor(LABELS)
    loss = nn.CrossEntropyLoss(weight=class_weights(labels, 3))(logits, labels)
    assert loss.item() == pytest.approx(np.log(3), rel=1e-6)


def test_a_sampler_takes_the_weights_and_draws_all_classes_alike():
    labels = torch.tensor([0] * 900 + [1] * 90 + [2] * 10)
    weights = class_weights(labels, 3)[labels]
    sampler = WeightedRandomSampler(weights, 9_000, generator=seeded(0))
    counts = labels[list(sampler)].bincount()
    # A binomial draw of 9,000 at 1/3: one standard deviation is 45.
    assert (counts - 3_000).abs().max() < 5 * 45


@pytest.mark.parametrize(
    ("labels", "got"),
    [([0, 1, 3], "3"), ([0, -1], "-1"), ([0.0, 0.5], "0.5"), ([0, np.nan], "nan")],
)
def test_a_label_outside_the_classes_is_said(labels, got):
    with pytest.raises(ValueError) as caught:
        class_weights(labels, 3)
    assert str(caught.value) == (
        f"class_weights: got the label {got}, expected 0 to 2. Do the classes count from 1?"
    )


@pytest.mark.parametrize(("labels", "absent"), [([0, 2], "1"), ([2], "0, 1"), ([], "0, 1, 2")])
def test_a_class_without_an_example_is_said(labels, absent):
    with pytest.raises(ValueError) as caught:
        class_weights(labels, 3)
    assert str(caught.value).startswith(
        f"class_weights: got no example of class {absent}, expected at least one each: "
    )


# The loader.


def epochs(loader, count=2):
    return [[{k: v.tolist() for k, v in batch.items()} for batch in loader] for _ in range(count)]


def order(epoch):
    """Which sentences came, in their order: the first token is a sentence's own number."""
    return [row[0] for batch in epoch for row in batch["input_ids"]]


KINDS = [{"shuffle": True}, {"shuffle": True, "bucket": True}]


@pytest.mark.parametrize("options", KINDS, ids=["shuffled", "bucketed"])
def test_the_same_seed_gives_the_same_epochs_and_another_one_others(options):
    dataset = sentences(100)
    first = epochs(make_loader(dataset, 8, seed=5, **options))
    assert first == epochs(make_loader(dataset, 8, seed=5, **options))
    assert order(first[0]) != order(epochs(make_loader(dataset, 8, seed=6, **options))[0])
    assert order(first[0]) != order(first[1])
    assert sorted(order(first[0])) == sorted(order(first[1])) == list(range(100))


@pytest.mark.parametrize("options", [*KINDS, {}, {"bucket": True}])
def test_the_global_random_numbers_are_neither_used_nor_changed(options):
    dataset = sentences(30)
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        before = (
            torch.get_rng_state().tolist(),
            random.getstate(),
            pickle.dumps(np.random.get_state()),
        )
        found.append(epochs(make_loader(dataset, 4, **options)))
        assert before == (
            torch.get_rng_state().tolist(),
            random.getstate(),
            pickle.dumps(np.random.get_state()),
        )
    assert found[0] == found[1]


def test_without_shuffling_the_order_is_the_datasets():
    assert order(epochs(make_loader(sentences(20), 3))[1]) == list(range(20))


def test_buckets_without_shuffling_go_from_short_to_long():
    loader = make_loader(sentences(50), 4, bucket=True)
    first, second = epochs(loader)
    assert first == second
    sizes = [sum(row) for batch in first for row in batch["attention_mask"]]
    assert sizes == sorted(lengths_of(50))


def test_buckets_hold_less_padding():
    dataset = sentences(600)
    places = [
        sum(
            batch["input_ids"].numel() for batch in make_loader(dataset, 16, shuffle=True, bucket=b)
        )
        for b in (True, False)
    ]
    assert places[0] < 0.7 * places[1]


@pytest.mark.parametrize("bucket", [True, False])
@pytest.mark.parametrize(("count", "batch_size"), [(1, 4), (4, 4), (5, 4), (103, 8)])
def test_the_loaders_length_is_the_number_of_its_batches(count, batch_size, bucket):
    loader = make_loader(sentences(count), batch_size, shuffle=True, bucket=bucket)
    assert len(list(loader)) == len(loader) == (count + batch_size - 1) // batch_size


def test_drop_last_leaves_out_what_does_not_fill_a_batch():
    loader = make_loader(sentences(10), 4, drop_last=True)
    assert [len(batch["labels"]) for batch in loader] == [4, 4]
    assert len(loader) == 2


def test_sentences_are_padded_with_the_given_token():
    dataset = SentenceDataset(["a b", "a"], None, lambda text: [7] * len(text.split()))
    (batch,) = make_loader(dataset, 2, pad_token_id=3)
    assert batch["input_ids"].tolist() == [[7, 7], [7, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1], [1, 0]]


def test_passengers_and_digits_are_stacked():
    frame = load_passengers("train")[:10]
    encoder = TableEncoder.fit(frame)
    batch = next(iter(make_loader(PassengerDataset(frame, encoder), 4)))
    assert torch.equal(batch["features"], encoder.encode(frame)[:4])
    assert batch["labels"].tolist() == frame["seasick"].tolist()[:4]
    pictures = torch.rand(6, 1, 8, 8)
    batch = next(iter(make_loader(DigitDataset(pictures), 4)))
    assert list(batch) == ["pixel_values"]
    assert torch.equal(batch["pixel_values"], pictures[:4])


def test_a_part_of_a_dataset_and_one_of_pytorch_work_too():
    (batch,) = make_loader(Subset(sentences(9), [3, 5]), 4)
    assert batch["input_ids"][:, 0].tolist() == [3, 5]
    assert batch["attention_mask"].sum(1).tolist() == [lengths_of(9)[3], lengths_of(9)[5]]
    ((rows,),) = make_loader(TensorDataset(torch.arange(3)), 4)
    assert rows.tolist() == [0, 1, 2]


@pytest.mark.parametrize("found", [True, False])
def test_memory_is_pinned_where_there_is_a_gpu(monkeypatch, found):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: found)
    for bucket in (True, False):
        assert make_loader(sentences(4), 2, bucket=bucket).pin_memory is found


BAD_LOADERS = {
    "no examples": (
        0,
        {},
        (
            "got 0 examples, expected at least one batch: a loop over it would do nothing, in "
            "silence. Look at the dataset's length, or at drop_last."
        ),
    ),
    "nothing left": (
        3,
        {"drop_last": True},
        "got 3 examples below batch_size = 4, with drop_last, expected at l",
    ),
    "nothing left of nothing": (0, {"drop_last": True}, "got 0 examples, expected at least one"),
    "buckets and drop_last": (
        9,
        {"bucket": True, "drop_last": True},
        (
            "got bucket=True with drop_last, expected a SentenceDataset and no drop_last. Leave "
            "one of the two out."
        ),
    ),
}


@pytest.mark.parametrize(("count", "options", "said"), BAD_LOADERS.values(), ids=BAD_LOADERS)
def test_a_loader_that_could_not_work_is_said(count, options, said):
    with pytest.raises(ValueError) as caught:
        make_loader(sentences(count), 4, **options)
    assert str(caught.value).startswith(f"make_loader: {said}")


@pytest.mark.parametrize(
    "dataset", [DigitDataset(torch.zeros(4, 1, 8, 8)), Subset(sentences(4), [0])]
)
def test_buckets_need_lengths(dataset):
    with pytest.raises(ValueError) as caught:
        make_loader(dataset, 4, bucket=True)
    assert str(caught.value) == (
        f"make_loader: got bucket=True with a {type(dataset).__name__} without lengths, expected a "
        "SentenceDataset and no drop_last. Leave one of the two out."
    )


@pytest.mark.parametrize("value", NOT_COUNTS)
@pytest.mark.parametrize("bucket", [True, False])
def test_a_batch_size_below_one_is_said(value, bucket):
    with pytest.raises(ValueError) as caught:
        make_loader(sentences(4), value, bucket=bucket)
    assert str(caught.value) == (
        f"make_loader: got batch_size = {value!r}, expected a whole number from 1. Try 32."
    )
