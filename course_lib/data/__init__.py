"""The data of the course and what feeds it to a model: splits, datasets, batches, loaders.

A batch is a dict of tensors: "labels" is the target, the rest are the model's keyword inputs.
"""

from course_lib._prose import first_sentence
from course_lib._sources import read_docstrings
from course_lib.data.batches import LengthBatchSampler, class_weights, make_loader, pad_collate
from course_lib.data.digits import DigitDataset, load_digits
from course_lib.data.docstrings import LIBRARIES, load_docstrings, load_paragraphs
from course_lib.data.passengers import PassengerDataset, TableEncoder, load_passengers
from course_lib.data.sentences import SentenceDataset
from course_lib.data.splits import SPLITS, key_of, split_of

__all__ = [
    "LIBRARIES",
    "SPLITS",
    "DigitDataset",
    "LengthBatchSampler",
    "PassengerDataset",
    "SentenceDataset",
    "TableEncoder",
    "class_weights",
    "first_sentence",
    "key_of",
    "load_digits",
    "load_docstrings",
    "load_paragraphs",
    "load_passengers",
    "make_loader",
    "pad_collate",
    "read_docstrings",
    "split_of",
]
