"""The three Dataset classes: sentences, passengers, digits."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn import datasets
from torch.utils.data import Dataset

from course_lib.data import (
    SPLITS,
    DigitDataset,
    PassengerDataset,
    SentenceDataset,
    TableEncoder,
    load_digits,
    load_passengers,
)

ALL = [SentenceDataset, PassengerDataset, DigitDataset]
SENTENCES = ["a bb ccc", "dddd", "ee f"]


def encode(text):
    """The length of each word, between 100 and 101."""
    return [100, *map(len, text.split()), 101]


# What all three share.


@pytest.mark.parametrize("kind", ALL)
def test_a_dataset_is_three_methods_and_nothing_else(kind):
    assert {name for name, value in vars(kind).items() if callable(value)} == {
        *("__init__", "__len__", "__getitem__")
    }
    assert not [value for value in vars(kind).values() if isinstance(value, property)]


@pytest.mark.parametrize("kind", ALL)
def test_datasets_inherit_from_the_one_of_pytorch_and_from_nothing_else(kind):
    assert kind.__bases__ == (Dataset,)


@pytest.fixture
def made():
    """By class: a dataset with labels, the same without, and what an item's other entry is."""
    frame = load_passengers("train")[:20]
    encoder = TableEncoder.fit(frame)
    pictures, digits = load_digits("test")
    return {
        SentenceDataset: (
            SentenceDataset(SENTENCES, [2, 0, 1], encode),
            SentenceDataset(SENTENCES, None, encode),
            ("input_ids", torch.int64, (5,)),
        ),
        PassengerDataset: (
            PassengerDataset(frame, encoder),
            PassengerDataset(frame, encoder, train=False),
            ("features", torch.float32, (len(encoder.names),)),
        ),
        DigitDataset: (
            DigitDataset(pictures, digits),
            DigitDataset(pictures),
            ("pixel_values", torch.float32, (1, 8, 8)),
        ),
    }


@pytest.mark.parametrize("kind", ALL)
def test_an_item_is_a_dict_of_tensors_with_a_label_of_no_dimension(made, kind):
    dataset, _, (name, dtype, shape) = made[kind]
    item = dataset[0]
    assert list(item) == [name, "labels"]
    assert (item[name].dtype, item[name].shape) == (dtype, shape)
    assert (item["labels"].dtype, item["labels"].shape) == (torch.int64, ())


@pytest.mark.parametrize("kind", ALL)
def test_without_labels_an_item_has_none_and_is_otherwise_the_same(made, kind):
    dataset, bare, (name, *_) = made[kind]
    assert len(bare) == len(dataset)
    assert list(bare[1]) == [name]
    assert torch.equal(bare[1][name], dataset[1][name])


@pytest.mark.parametrize("kind", ALL)
def test_going_through_a_dataset_ends_at_its_length(made, kind):
    dataset, *_ = made[kind]
    assert sum(1 for _ in dataset) == len(dataset)
    with pytest.raises(IndexError):
        dataset[len(dataset)]


# Sentences.


def test_sentences_keep_their_own_lengths():
    dataset = SentenceDataset(SENTENCES, [2, 0, 1], encode)
    assert [item["input_ids"].tolist() for item in dataset] == [
        [100, 1, 2, 3, 101],
        [100, 4, 101],
        [100, 2, 1, 101],
    ]
    assert [item["labels"].item() for item in dataset] == [2, 0, 1]
    assert dataset.lengths == [5, 3, 4]


@pytest.mark.parametrize(
    ("most", "ids"),
    [
        (1, [101]),
        (2, [100, 101]),
        (3, [100, 1, 101]),
        (4, [100, 1, 2, 101]),
        (5, [100, 1, 2, 3, 101]),
        (6, [100, 1, 2, 3, 101]),
    ],
)
def test_a_long_sentence_is_cut_and_keeps_its_last_token(most, ids):
    dataset = SentenceDataset(SENTENCES[:1], None, encode, max_tokens=most)
    assert dataset[0]["input_ids"].tolist() == ids
    assert dataset.lengths == [len(ids)]


def test_a_sentence_far_too_long_is_cut_to_64():
    ids = SentenceDataset(["word " * 100_000], None, encode)[0]["input_ids"].tolist()
    assert ids == [100, *[4] * 62, 101]


WHOLE_NUMBERS = {
    "list": [2, 0, 1],
    "tuple": (2, 0, 1),
    "tensor": torch.tensor([2, 0, 1]),
    "small tensor": torch.tensor([2, 0, 1], dtype=torch.uint8),
    "array": np.array([2, 0, 1]),
    "numbers of numpy": [np.int32(2), np.int8(0), np.uint64(1)],
    "series": pd.Series([2, 0, 1], index=[5, 6, 7]),
}


@pytest.mark.parametrize("labels", WHOLE_NUMBERS.values(), ids=WHOLE_NUMBERS)
def test_whole_numbers_of_every_kind_are_labels(labels):
    found = [item["labels"] for item in SentenceDataset(SENTENCES, labels, encode, num_classes=3)]
    assert torch.equal(torch.stack(found), torch.tensor([2, 0, 1]))


@pytest.mark.parametrize(
    "kind", [tuple, np.array, torch.tensor, lambda ids: [np.int64(number) for number in ids]]
)
def test_tokens_of_every_kind_become_a_tensor_of_whole_numbers(kind):
    dataset = SentenceDataset(["a bb"], None, lambda text: kind(encode(text)))
    assert torch.equal(dataset[0]["input_ids"], torch.tensor([100, 1, 2, 101]))


def test_sentences_may_stand_in_a_column_of_a_table():
    column = pd.Series(SENTENCES, index=[7, 8, 9])
    assert SentenceDataset(column, None, encode).lengths == [5, 3, 4]


def test_no_sentences_make_an_empty_dataset():
    assert len(SentenceDataset([], [], encode)) == 0


BAD_SENTENCES = {
    "one string": (
        TypeError,
        {"sentences": "a bb"},
        "got one string, expected a list of sentences. Write [sentence].",
    ),
    "none among them": (
        TypeError,
        {"sentences": ["a", None]},
        (
            "sentence 1 is None, of type NoneType; expected a string. Is it a gap in the table? "
            "Drop it first."
        ),
    ),
    "a gap of pandas": (
        TypeError,
        {"sentences": [math.nan]},
        "sentence 0 is nan, of type float; expected a string.",
    ),
    "a number": (TypeError, {"sentences": ["a", "b", 3]}, "sentence 2 is 3, of type int; expected"),
    "bytes": (
        TypeError,
        {"sentences": [b"a"]},
        "sentence 0 is b'a', of type bytes; expected a str",
    ),
    "words": (
        TypeError,
        {"sentences": [["a"]]},
        "sentence 0 is ['a'], of type list; expected a st",
    ),
    "empty": (
        ValueError,
        {"sentences": ["a", ""]},
        (
            "sentence 1 is empty; expected at least one word. Drop empty sentences first, with "
            "their labels."
        ),
    ),
    "blank": (ValueError, {"sentences": [" \n\t"]}, "sentence 0 is empty; expected at least one"),
    "labels too few": (
        ValueError,
        {"labels": [0, 1]},
        "got 2 labels for 3 sentences, expected as many. Were both taken from the same split?",
    ),
    "labels too many": (ValueError, {"labels": [0] * 4}, "got 4 labels for 3 sentences, expected"),
    "a word for a label": (
        TypeError,
        {"labels": [0, "torch", 1]},
        (
            "label 1 is 'torch', of type str; expected a whole number from 0. Map class names to "
            "numbers first."
        ),
    ),
    "a float for a label": (TypeError, {"labels": [0, 1, 1.0]}, "label 2 is 1.0, of type float; e"),
    "no label": (
        TypeError,
        {"labels": [None, 1, 1]},
        "label 0 is None, of type NoneType; expected",
    ),
    "a float tensor": (
        TypeError,
        {"labels": torch.zeros(3)},
        "label 0 is tensor(0.), of type Tensor; expected a w",
    ),
    "a negative label": (
        ValueError,
        {"labels": [0, -1, 1]},
        (
            "label 1 is -1, expected a number from 0. Do the classes count from 1, or is one "
            "missing from the list?"
        ),
    ),
    "a label outside": (
        ValueError,
        {"labels": [0, 1, 2], "num_classes": 2},
        "label 2 is 2, expected a number from 0 to 1. Do the classes count from 1, or",
    ),
    "no room": (ValueError, {"max_tokens": 0}, "got max_tokens = 0, expected 1 or more. Try 64."),
    "less than no room": (
        ValueError,
        {"max_tokens": -1},
        "got max_tokens = -1, expected 1 or more",
    ),
    "no tokens": (
        ValueError,
        {"encode": lambda text: []},
        (
            "encode gave no token for 'a bb ccc', expected at least one. Give unknown words a "
            "number of their own."
        ),
    ),
    "what a tokenizer gives when called": (
        TypeError,
        {"encode": lambda text: {"input_ids": [1], "attention_mask": [1]}},
        (
            "encode gave something of type dict for 'a bb ccc', expected a list of whole numbers. "
            "Of a Hugging Face tokenizer, pass tokenizer.encode."
        ),
    ),
    "words for tokens": (
        TypeError,
        {"encode": str.split},
        "encode gave something of type list for 'a bb ccc', expected a list of wh",
    ),
    "floats for tokens": (
        TypeError,
        {"encode": lambda text: [1.0]},
        "encode gave something of type list for 'a bb ccc', expected",
    ),
    "a batch for a sentence": (
        TypeError,
        {"encode": lambda text: torch.ones(1, 4).long()},
        "encode gave something of type Tensor for 'a b",
    ),
    "one number for a sentence": (
        TypeError,
        {"encode": len},
        "encode gave something of type int for 'a bb ccc', expected a list of whole",
    ),
}


@pytest.mark.parametrize(("error", "given", "said"), BAD_SENTENCES.values(), ids=BAD_SENTENCES)
def test_bad_sentences_labels_and_tokens_are_said(error, given, said):
    given = {"sentences": SENTENCES, "labels": None, "encode": encode} | given
    with pytest.raises(error) as caught:
        SentenceDataset(**given)
    assert str(caught.value).startswith(f"SentenceDataset: {said}")


def test_an_error_of_the_encoder_itself_is_not_hidden():
    def broken(text):
        raise TypeError("my own mistake")

    with pytest.raises(TypeError, match=r"^my own mistake$"):
        SentenceDataset(SENTENCES, None, broken)


# Passengers.


def test_passengers_come_as_the_encoder_made_them_with_their_labels():
    frame = load_passengers("validation")
    encoder = TableEncoder.fit(load_passengers("train"))
    dataset = PassengerDataset(frame, encoder)
    assert len(dataset) == len(frame)
    assert torch.equal(torch.stack([item["features"] for item in dataset]), encoder.encode(frame))
    assert [item["labels"].item() for item in dataset] == frame["seasick"].tolist()


def test_the_test_part_needs_train_false():
    test, encoder = load_passengers("test"), TableEncoder.fit(load_passengers("train"))
    assert list(PassengerDataset(test, encoder, train=False)[0]) == ["features"]
    with pytest.raises(ValueError) as caught:
        PassengerDataset(test, encoder)
    assert str(caught.value) == (
        "PassengerDataset: got a table without the column 'seasick', expected one with it. For the "
        "test part say train=False."
    )


# Digits.


def test_the_digits_are_those_of_scikit_learn_between_zero_and_one():
    pictures, labels = (torch.cat(parts) for parts in zip(*map(load_digits, SPLITS), strict=True))
    theirs = datasets.load_digits()
    assert pictures.shape == (1797, 1, 8, 8)
    assert pictures.dtype == torch.float32
    assert labels.dtype == torch.int64
    np.testing.assert_array_equal(pictures.squeeze(1).numpy() * 16, theirs.images)
    np.testing.assert_array_equal(labels.numpy(), theirs.target)
    assert (pictures.min(), pictures.max()) == (0, 1)


@pytest.mark.parametrize(("split", "count"), [("train", 1000), ("validation", 200), ("test", 597)])
def test_each_part_of_the_digits_has_every_digit(split, count):
    pictures, labels = load_digits(split)
    assert len(pictures) == len(labels) == count
    assert set(labels.tolist()) == set(range(10))


@pytest.mark.parametrize("split", ["Train", "dev", "", None])
def test_an_unknown_split_of_the_digits_is_said(split):
    with pytest.raises(ValueError) as caught:
        load_digits(split)
    assert str(caught.value).startswith(
        f"load_digits: got the split {split!r}, expected one of 'train', 'validation', 'test'. "
    )


@pytest.mark.parametrize("labels", [[1, 2], (1, 2), np.array([1, 2]), torch.tensor([1, 2])])
def test_digits_take_labels_of_every_kind(labels):
    item = DigitDataset(torch.zeros(2, 1, 8, 8), labels)[1]
    assert torch.equal(item["labels"], torch.tensor(2))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_as_many_pictures_as_labels(count):
    with pytest.raises(ValueError) as caught:
        DigitDataset(torch.zeros(2, 1, 8, 8), [0] * count)
    assert str(caught.value) == (
        f"DigitDataset: got {count} labels for 2 pictures, expected as many. Were both taken from "
        "the same split?"
    )
