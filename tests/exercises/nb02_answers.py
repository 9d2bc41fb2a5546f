"""What people really write for the exercises of notebook 02, right and wrong."""

import hashlib
import random
import re
import zlib
from collections import Counter

import torch
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, Sampler

from course_lib.data import key_of
from tests.exercises.mutants import Right, Wrong

PARAGRAPH_END = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")

# 02.1


def first_by_loop(docstring):
    lines = []
    for line in docstring.strip().splitlines():
        if not line.strip():
            break
        lines.append(line.strip())
    text = " ".join(lines)
    found = re.search(r"[.!?]\s+(?=[A-Z])", text)
    return text if found is None else text[: found.start() + 1]


def first_by_partition(docstring):
    paragraph = re.split(r"\n[ \t]*\n", docstring.strip())[0]
    return SENTENCE_END.split(re.sub(r"\s+", " ", paragraph))[0].strip()


def up_to_the_first_stop(docstring):
    return " ".join(docstring.split()).split(".")[0] + "."


def up_to_the_first_stop_without_it(docstring):
    return " ".join(PARAGRAPH_END.split(docstring.strip())[0].split()).split(".")[0]


def first_line(docstring):
    return SENTENCE_END.split(docstring.strip().splitlines()[0])[0]


def all_on_one_line(docstring):
    return SENTENCE_END.split(" ".join(docstring.split()))[0]


def line_ends_kept(docstring):
    return SENTENCE_END.split(PARAGRAPH_END.split(docstring.strip())[0])[0]


def whole_paragraph(docstring):
    return " ".join(PARAGRAPH_END.split(docstring.strip())[0].split())


def empty_line_without_spaces(docstring):
    return SENTENCE_END.split(" ".join(docstring.split("\n\n")[0].split()))[0]


def list_of_one(docstring):
    line = " ".join(PARAGRAPH_END.split(docstring.strip())[0].split())
    return SENTENCE_END.split(line, maxsplit=1)[:1]


def prints_instead(docstring):
    print(first_by_loop(docstring))


def spaces_doubled(docstring):
    text = PARAGRAPH_END.split(docstring.strip())[0].replace("\n", " ")
    return SENTENCE_END.split(text)[0]


def sentence_before_paragraph(docstring):
    return " ".join(PARAGRAPH_END.split(SENTENCE_END.split(docstring)[0])[0].split())


def on_one_line(docstring):
    return " ".join(PARAGRAPH_END.split(docstring)[0].split())


def second_piece(docstring):
    return SENTENCE_END.split(on_one_line(docstring))[1]


def by_match(docstring):
    return SENTENCE_END.match(on_one_line(docstring)).group()


def splits_a_list(docstring):
    return " ".join(PARAGRAPH_END.split(docstring).split())


def all_paragraphs(docstring):
    return PARAGRAPH_END.split(docstring)


def its_words(docstring):
    return first_by_loop(docstring).split()


def its_letters(docstring):
    return " ".join(docstring)


def stop_put_back(docstring):
    return on_one_line(docstring).split(". ")[0] + "."


def stop_always(docstring):
    return first_by_loop(docstring).rstrip(".") + "."


def lower_case(docstring):
    return first_by_loop(docstring).lower()


# 02.2


def split_by_crc(text):
    remainder = zlib.crc32(key_of(text).encode()) % 10
    if remainder == 9:
        return "test"
    return "validation" if remainder == 8 else "train"


def split_by_share(text):
    digest = hashlib.md5(key_of(text).encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return "train" if share < 0.8 else "validation" if share < 0.9 else "test"


def split_by_seeded_random(text):
    share = random.Random(key_of(text)).random()
    return "test" if share < 0.1 else "validation" if share < 0.2 else "train"


def split_by_hash(text):
    return {0: "test", 1: "validation"}.get(hash(key_of(text)) % 10, "train")


def split_at_random(text):
    return random.choices(["train", "validation", "test"], [8, 1, 1])[0]


def split_the_text_itself(text):
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16)
    return {0: "test", 1: "validation"}.get(number % 10, "train")


def split_in_thirds(text):
    number = int(hashlib.sha256(key_of(text).encode()).hexdigest(), 16)
    return ["train", "validation", "test"][number % 3]


def split_without_test(text):
    number = int(hashlib.sha256(key_of(text).encode()).hexdigest(), 16)
    return "validation" if number % 10 == 0 else "train"


def split_by_length(text):
    return {0: "test", 1: "validation"}.get(len(key_of(text)) % 10, "train")


def split_other_names(text):
    number = int(hashlib.sha256(key_of(text).encode()).hexdigest(), 16)
    return {0: "test", 1: "valid"}.get(number % 10, "train")


def split_forgets_train(text):
    number = int(hashlib.sha256(key_of(text).encode()).hexdigest(), 16)
    if number % 10 == 0:
        return "test"
    if number % 10 == 1:
        return "validation"
    return None


def split_by_percent(text):
    number = int(digest_of(text), 16) % 100
    return "test" if number >= 90 else "validation" if number >= 80 else "train"


def digest_of(text):
    return hashlib.sha256(key_of(text).encode()).hexdigest()


def split_without_encode(text):
    return {0: "test"}.get(int(hashlib.sha256(key_of(text)).hexdigest(), 16) % 10, "train")


def split_without_int(text):
    return {0: "test", 1: "validation"}.get(digest_of(text) % 10, "train")


def split_by_decimal(text):
    return {0: "test", 1: "validation"}.get(int(digest_of(text)) % 10, "train")


def split_by_last_digit(text):
    return {"0": "test", "1": "validation"}.get(digest_of(text)[-1], "train")


def split_without_remainder(text):
    return {0: "test", 1: "validation"}.get(int(digest_of(text), 16), "train")


# 02.3


class LazyPassengers(Dataset):
    """Encodes nothing twice, keeps the frame, adds the label by position."""

    def __init__(self, table, encoder, train=True):
        self.table, self.train = table, train
        self.x = encoder.encode(table)

    def __len__(self):
        return self.table.shape[0]

    def __getitem__(self, i):
        item = {"features": self.x[i]}
        if self.train:
            item["labels"] = int(self.table["seasick"].iloc[i])
        return item


class Passengers(Dataset):
    """A base for one mistake at a time."""

    def __init__(self, frame, encoder, train=True):
        self.features = encoder.encode(frame)
        self.labels = torch.tensor(frame["seasick"].to_numpy()) if train else None

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        item = {"features": self.features[index]}
        if self.labels is not None:
            item["labels"] = self.labels[index]
        return item


class DictPassengers(Passengers):
    def __getitem__(self, index):
        labels = {} if self.labels is None else {"labels": self.labels[index]}
        return {"features": self.features[index], **labels}


class NumpyLabels(Passengers):
    """Labels as NumPy's whole numbers, of which the loader makes a tensor."""

    def __init__(self, frame, encoder, train=True):
        self.features = encoder.encode(frame)
        self.labels = frame["seasick"].to_numpy() if train else None


class RowByRow(LazyPassengers):
    """Encodes a table of one row each time."""

    def __init__(self, table, encoder, train=True):
        super().__init__(table, encoder, train)
        self.encoder = encoder

    def __getitem__(self, i):
        return {**super().__getitem__(i), "features": self.encoder.encode(self.table.iloc[[i]])[0]}


class EncodesASeries(RowByRow):
    def __getitem__(self, i):
        return {"features": self.encoder.encode(self.table.iloc[i])}


class ForgetsSelf(Passengers):
    def __init__(self, frame, encoder, train=True):
        self.labels = encoder.encode(frame) if train else None


class LabelsOnlyInTraining(Passengers):
    def __init__(self, frame, encoder, train=True):
        self.features = encoder.encode(frame)
        if train:
            self.labels = torch.tensor(frame["seasick"].to_numpy())


class TrainNotKept(Passengers):
    def __getitem__(self, index):
        return super().__getitem__(index) if train else None  # noqa: F821


class WholeColumn(Passengers):
    def __getitem__(self, index):
        return {"features": self.features[index], "labels": self.labels}


class TuplePassengers(Passengers):
    def __getitem__(self, index):
        return self.features[index], self.labels[index]


class NonePassengers(Passengers):
    def __getitem__(self, index):
        label = None if self.labels is None else self.labels[index]
        return {"features": self.features[index], "labels": label}


class FloatPassengers(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train)
        if train:
            self.labels = self.labels.float()


class ColumnPassengers(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train)
        if train:
            self.labels = self.labels.unsqueeze(1)


class WholePassengers(Passengers):
    def __getitem__(self, index):
        return super().__getitem__(slice(None))


class BatchedPassengers(Passengers):
    def __getitem__(self, index):
        return super().__getitem__(slice(index, index + 1))


class NamedRowPassengers(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train)
        self.frame = frame

    def __getitem__(self, index):
        label = torch.tensor(self.frame["seasick"][index])
        return {"features": self.features[index], "labels": label}


class AlwaysLabelled(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train=True)


class ColumnsCounted(Passengers):
    def __len__(self):
        return self.features.shape[1]


class NotADataset:
    def __init__(self, frame, encoder, train=True):
        self.features = encoder.encode(frame)

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        return {"features": self.features[index]}


class TakesTheColumnOut(Passengers):
    def __init__(self, frame, encoder, train=True):
        labels = frame.pop("seasick") if train else None
        self.features = encoder.encode(frame)
        self.labels = torch.tensor(labels.to_numpy()) if train else None


class DropsGaps(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame.dropna(subset=["age"]), encoder, train)


class OneDict(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train)
        self.item = {}

    def __getitem__(self, index):
        self.item.update(super().__getitem__(index))
        return self.item


class ShortLabels(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train)
        if train:
            self.labels = self.labels.int()


class BooleanLabels(Passengers):
    def __init__(self, frame, encoder, train=True):
        super().__init__(frame, encoder, train)
        if train:
            self.labels = self.labels.bool()


class FitsAgain(Passengers):
    def __init__(self, frame, encoder, train=True):
        encoder.fit(frame)
        super().__init__(frame, encoder, train)


class OtherName(Passengers):
    def __getitem__(self, index):
        return {"x": self.features[index], "labels": self.labels[index]}


# 02.4


def collate_with_pad_sequence(items, pad_token_id=0):
    ids = [item["input_ids"] for item in items]
    lengths = torch.tensor([len(row) for row in ids])
    padded = pad_sequence(ids, batch_first=True, padding_value=pad_token_id)
    places = torch.arange(padded.shape[1])
    batch = {"input_ids": padded, "attention_mask": (places < lengths[:, None]).long()}
    if all("labels" in item for item in items):
        batch["labels"] = torch.tensor([int(item["labels"]) for item in items])
    return batch


def collate_with_full(items, pad_token_id=0):
    T = max(item["input_ids"].numel() for item in items)
    ids = torch.full((len(items), T), pad_token_id)
    mask = torch.zeros(len(items), T, dtype=torch.bool)
    for row, item in enumerate(items):
        count = item["input_ids"].numel()
        ids[row, :count] = item["input_ids"]
        mask[row, :count] = True
    batch = {"input_ids": ids, "attention_mask": mask}
    if "labels" in items[0]:
        batch["labels"] = torch.stack([item["labels"] for item in items])
    return batch


def collate_with_lists(items, pad_token_id=0):
    rows = [item["input_ids"].tolist() for item in items]
    T = max(map(len, rows))
    batch = {
        "input_ids": torch.tensor([row + [pad_token_id] * (T - len(row)) for row in rows]),
        "attention_mask": torch.tensor([[1.0] * len(row) + [0.0] * (T - len(row)) for row in rows]),
    }
    if "labels" in items[0]:
        batch["labels"] = torch.tensor([item["labels"] for item in items])
    return batch


def changed(batch, **entries):
    """The right batch with some entries replaced, or taken out where they are None."""
    made = {**batch, **entries}
    return {name: value for name, value in made.items() if value is not None}


def collate_left(items, pad_token_id=0):
    T = max(len(item["input_ids"]) for item in items)
    rows = [F.pad(i["input_ids"], (T - len(i["input_ids"]), 0), value=pad_token_id) for i in items]
    return changed(collate_with_full(items, pad_token_id), input_ids=torch.stack(rows))


def collate_mask_from_ids(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, attention_mask=(batch["input_ids"] != pad_token_id).long())


def collate_mask_turned(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, attention_mask=1 - batch["attention_mask"].long())


def collate_ones(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, attention_mask=torch.ones_like(batch["input_ids"]))


def collate_without_mask(items, pad_token_id=0):
    return changed(collate_with_full(items, pad_token_id), attention_mask=None)


def collate_without_labels(items, pad_token_id=0):
    return changed(collate_with_full(items, pad_token_id), labels=None)


def collate_needs_labels(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, labels=torch.stack([item["labels"] for item in items]))


def collate_label_column(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, labels=batch["labels"].unsqueeze(1)) if "labels" in batch else batch


def collate_always_zero(items, pad_token_id=0):
    return collate_with_full(items)


def collate_transposed(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, input_ids=batch["input_ids"].T)


def collate_cut_to_first(items, pad_token_id=0):
    T = len(items[0]["input_ids"])
    rows = [F.pad(item["input_ids"], (0, T - len(item["input_ids"]))) for item in items]
    return changed(collate_with_full(items), input_ids=torch.stack(rows))


def collate_tuple(items, pad_token_id=0):
    return tuple(collate_with_full(items, pad_token_id).values())


def collate_in_place(items, pad_token_id=0):
    T = max(len(item["input_ids"]) for item in items)
    for item in items:
        ids = item["input_ids"]
        item["input_ids"] = F.pad(ids, (0, T - len(ids)), value=pad_token_id)
    return collate_with_full(items, pad_token_id)


def collate_sorted(items, pad_token_id=0):
    longest_first = sorted(items, key=lambda item: -len(item["input_ids"]))
    return collate_with_full(longest_first, pad_token_id)


def collate_with_lengths(items, pad_token_id=0):
    lengths = torch.tensor([len(item["input_ids"]) for item in items])
    return changed(collate_with_full(items, pad_token_id), lengths=lengths)


def collate_by_keys(items, pad_token_id=0):
    T = max(len(item) for item in items)
    rows = [F.pad(i["input_ids"], (0, T - len(i["input_ids"])), value=pad_token_id) for i in items]
    return changed(collate_with_full(items, pad_token_id), input_ids=torch.stack(rows))


def collate_unpadded(items, pad_token_id=0):
    return {"input_ids": torch.stack([item["input_ids"] for item in items])}


def collate_labels_with_cat(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    return changed(batch, labels=torch.cat([item["labels"] for item in items]))


def collate_returns_too_early(items, pad_token_id=0):
    return {name: t[:1] for name, t in collate_with_full(items, pad_token_id).items()}


def collate_mask_padded_alike(items, pad_token_id=0):
    batch = collate_with_full(items, pad_token_id)
    mask = torch.where(batch["attention_mask"], 1, pad_token_id)
    return changed(batch, attention_mask=mask)


# 02.5


class Buckets(Sampler):
    """A base for one mistake at a time."""

    def __init__(self, lengths, batch_size, generator=None, window=50):
        self.lengths, self.batch_size = lengths, batch_size
        self.generator, self.window = generator, window

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)

    def randperm(self, n):
        return torch.randperm(n, generator=self.generator).tolist()

    def windows(self):
        order, size = self.randperm(len(self.lengths)), self.window * self.batch_size
        return [order[start : start + size] for start in range(0, len(order), size)]

    def cut(self, indices):
        size = self.batch_size
        return [indices[start : start + size] for start in range(0, len(indices), size)]

    def length(self, index):
        return self.lengths[index]

    def batches(self):
        return [b for w in self.windows() for b in self.cut(sorted(w, key=self.length))]

    def __iter__(self):
        batches = self.batches()
        return iter([batches[number] for number in self.randperm(len(batches))])


class LongFirst(Buckets):
    """From long to short within the window; tensors as batches."""

    def batches(self):
        found = []
        for window in self.windows():
            window.sort(key=self.length, reverse=True)
            found += map(torch.tensor, self.cut(window))
        return found


class SmallWindow(Buckets):
    """Takes the window for a number of indices."""

    def windows(self):
        order = self.randperm(len(self.lengths))
        return [order[start : start + self.window] for start in range(0, len(order), self.window)]


class SortsFirstWindow(Buckets):
    def batches(self):
        first, *rest = self.windows()
        return [b for w in (sorted(first, key=self.length), *rest) for b in self.cut(w)]


class NotShuffledFirst(Buckets):
    def windows(self):
        size = self.window * self.batch_size
        order = list(range(len(self.lengths)))
        return [order[start : start + size] for start in range(0, len(order), size)]


class ReturnsAList(Buckets):
    def __iter__(self):
        return self.batches()


class NotSorted(Buckets):
    def batches(self):
        return self.cut(self.randperm(len(self.lengths)))


class SortsAll(Buckets):
    def windows(self):
        return [self.randperm(len(self.lengths))]


class BatchesInOrder(Buckets):
    def __iter__(self):
        return iter(self.batches())


class DropsTheLast(Buckets):
    def cut(self, indices):
        return [batch for batch in super().cut(indices) if len(batch) == self.batch_size]


class DropsTheLastWindow(Buckets):
    def windows(self):
        size = self.window * self.batch_size
        return [window for window in super().windows() if len(window) == size]


class SortsByIndex(Buckets):
    def length(self, index):
        return index


class YieldsIndices(Buckets):
    def __iter__(self):
        return iter([index for batch in self.batches() for index in batch])


class SameEveryEpoch(Buckets):
    def __init__(self, lengths, batch_size, generator=None, window=50):
        super().__init__(lengths, batch_size, generator, window)
        batches = self.batches()
        self.kept = [batches[number] for number in self.randperm(len(batches))]

    def __iter__(self):
        return iter(self.kept)


class SeedsEachEpoch(Buckets):
    def __iter__(self):
        self.generator.manual_seed(0)
        return super().__iter__()


class SplitTensors(Buckets):
    """Tensors all the way: argsort in the window, split, shuffled within the window."""

    def __iter__(self):
        lengths = torch.tensor(self.lengths)
        order = torch.randperm(len(lengths), generator=self.generator)
        for window in order.split(self.window * self.batch_size):
            batches = window[lengths[window].argsort()].split(self.batch_size)
            for number in self.randperm(len(batches)):
                yield batches[number].tolist()


class AllBatchesAtOnce(Buckets):
    def __iter__(self):
        yield self.batches()


class PlacesInTheWindow(Buckets):
    def batches(self):
        found = []
        for window in self.windows():
            lengths = [self.lengths[index] for index in window]
            found += self.cut(sorted(range(len(window)), key=lengths.__getitem__))
        return found


class SortsInPlace(Buckets):
    def __iter__(self):
        for window in self.windows():
            yield from self.cut(window.sort(key=self.length))


class KeyIsAList(Buckets):
    def __iter__(self):
        for window in self.windows():
            yield from self.cut(sorted(window, key=self.lengths))


class KeyIsLen(Buckets):
    def __iter__(self):
        for window in self.windows():
            yield from self.cut(sorted(window, key=len))


class NoSelf(Buckets):
    def __iter__(self):
        yield from self.cut(torch.randperm(len(lengths)).tolist())  # noqa: F821


class OwnChance(Buckets):
    def randperm(self, n):
        return random.sample(range(n), n)


class NoGenerator(Buckets):
    def randperm(self, n):
        return torch.randperm(n).tolist()


class YieldsLengths(Buckets):
    def __iter__(self):
        for batch in super().__iter__():
            yield [self.lengths[index] for index in batch]


# 02.6


def weights_by_loop(labels, num_classes):
    N, C = len(labels), num_classes
    return torch.tensor([N / (C * (labels == label).sum().item()) for label in range(C)])


def weights_by_mean(labels, num_classes):
    inverse = 1 / F.one_hot(labels, num_classes).sum(dim=0)
    return inverse / inverse[labels].mean()


def inverse_counts(labels, num_classes):
    return 1 / torch.bincount(labels, minlength=num_classes)


def inverse_shares(labels, num_classes):
    return len(labels) / torch.bincount(labels, minlength=num_classes)


def shares(labels, num_classes):
    return torch.bincount(labels, minlength=num_classes) / len(labels)


def plain_counts(labels, num_classes):
    return torch.bincount(labels, minlength=num_classes)


def turned_round(labels, num_classes):
    return num_classes * torch.bincount(labels, minlength=num_classes) / len(labels)


def summing_to_one(labels, num_classes):
    inverse = inverse_counts(labels, num_classes)
    return inverse / inverse.sum()


def one_for_each_example(labels, num_classes):
    return weights_by_loop(labels, num_classes)[labels]


def rounded_down(labels, num_classes):
    return len(labels) // (num_classes * torch.bincount(labels, minlength=num_classes))


def unique_counts(labels, num_classes):
    counts = torch.unique(labels, return_counts=True)[1].sort(descending=True).values
    return len(labels) / (num_classes * counts)


def weights_in_double(labels, num_classes):
    return len(labels) / (num_classes * torch.bincount(labels).double())


def without_brackets(labels, num_classes):
    return len(labels) / num_classes * torch.bincount(labels, minlength=num_classes)


def without_n(labels, num_classes):
    return 1 / (num_classes * torch.bincount(labels, minlength=num_classes))


def one_minus_share(labels, num_classes):
    return 1 - shares(labels, num_classes)


def most_frequent_is_one(labels, num_classes):
    counts = torch.bincount(labels, minlength=num_classes)
    return counts.max() / counts


def mean_over_classes(labels, num_classes):
    inverse = inverse_counts(labels, num_classes)
    return inverse / inverse.mean()


def in_order_of_appearance(labels, num_classes):
    counts = torch.tensor(list(Counter(labels.tolist()).values()))
    return len(labels) / (num_classes * counts)


def as_a_list(labels, num_classes):
    return weights_by_loop(labels, num_classes).tolist()


RIGHT = (
    Right("02.1", "a loop over the lines", first_by_loop),
    Right("02.1", "re.split and re.sub", first_by_partition),
    Right("02.1", "the sentence before the paragraph", sentence_before_paragraph),
    Right("02.2", "a number below 100", split_by_percent),
    Right("02.2", "another hash, other remainders", split_by_crc),
    Right("02.2", "a share between 0 and 1", split_by_share),
    Right("02.2", "a random number seeded with the key", split_by_seeded_random),
    Right("02.3", "the label taken from the table", LazyPassengers),
    Right("02.3", "one dict display", DictPassengers),
    Right("02.3", "labels from NumPy", NumpyLabels),
    Right("02.3", "encodes row by row", RowByRow),
    Right("02.4", "pad_sequence, a mask from arange", collate_with_pad_sequence),
    Right("02.4", "torch.full, a boolean mask", collate_with_full),
    Right("02.4", "lists, a mask of floats", collate_with_lists),
    Right("02.5", "methods", Buckets),
    Right("02.5", "tensors, shuffled within the window", SplitTensors),
    Right("02.5", "long ones first, tensors", LongFirst),
    Right("02.6", "a loop", weights_by_loop),
    Right("02.6", "scaled by the mean", weights_by_mean),
    Right("02.6", "float64", weights_in_double),
)

WRONG = (
    Wrong("02.1", "cut at any full stop", up_to_the_first_stop, "inside a number"),
    Wrong(
        "02.1", "cut at any stop, losing it", up_to_the_first_stop_without_it, "full stop belongs"
    ),
    Wrong("02.1", "the first line", first_line, "goes on over line ends"),
    Wrong("02.1", "joins before it looks for the paragraph", all_on_one_line, "gone once"),
    Wrong("02.1", "keeps line ends", line_ends_kept, "line ends are still there"),
    Wrong("02.1", "keeps the whole paragraph", whole_paragraph, "Both sentences came back"),
    Wrong("02.1", "an empty line is empty", empty_line_without_spaces, "may hold spaces"),
    Wrong("02.1", "returns a list", list_of_one, "gives a list"),
    Wrong("02.1", "prints", prints_instead, "end in `return`"),
    Wrong("02.1", "every line end a space", spaces_doubled, "may be followed by spaces"),
    Wrong("02.1", "small letters", lower_case, "Keep the letters"),
    Wrong("02.1", "the second piece", second_piece, "it is one, at index 0"),
    Wrong("02.1", "match for split", by_match, "split always gives a piece"),
    Wrong("02.1", "forgets that split gives a list", splits_a_list, "Take the first"),
    Wrong("02.1", "all paragraphs", all_paragraphs, "gives a list"),
    Wrong("02.1", "a list of words", its_words, "These are the words"),
    Wrong("02.1", "joins letters", its_letters, "after every letter"),
    Wrong("02.1", "cut at a stop and a space, stop put back", stop_put_back, "was added to one"),
    Wrong("02.1", "a stop wherever there is none", stop_always, "A full stop was added"),
    Wrong("02.2", "text into the hash", split_without_encode, "takes bytes"),
    Wrong("02.2", "a remainder of text", split_without_int, "A digest is text"),
    Wrong("02.2", "decimal digits", split_by_decimal, "hexadecimal"),
    Wrong("02.2", "a digit of sixteen", split_by_last_digit, "one in 16"),
    Wrong("02.2", "no remainder", split_without_remainder, "goes the same way"),
    Wrong("02.2", "Python's hash", split_by_hash, "salts hash()"),
    Wrong("02.2", "a draw", split_at_random, "another one next time"),
    Wrong("02.2", "hashes the text", split_the_text_itself, "Hash key_of(text)"),
    Wrong("02.2", "thirds", split_in_thirds, "ten values equally often"),
    Wrong("02.2", "no test part", split_without_test, "No sentence is for the test"),
    Wrong("02.2", "the length decides", split_by_length, "goes the same way"),
    Wrong("02.2", "other names", split_other_names, "Map the number to a name"),
    Wrong("02.2", "no return for the training", split_forgets_train, "end in `return`"),
    Wrong("02.3", "encodes a Series", EncodesASeries, "takes a table"),
    Wrong("02.3", "forgets self", ForgetsSelf, "has to set that name"),
    Wrong("02.3", "sets labels in training only", LabelsOnlyInTraining, "whether `train` or not"),
    Wrong("02.3", "train not kept", TrainNotKept, "kept in `self`"),
    Wrong("02.3", "all labels", WholeColumn, "the whole column"),
    Wrong("02.3", "a tuple", TuplePassengers, "batches are dicts"),
    Wrong("02.3", "a None for the label", NonePassengers, "Leave the key out"),
    Wrong("02.3", "float labels", FloatPassengers, "long, not float"),
    Wrong("02.3", "labels with an axis", ColumnPassengers, "no axis"),
    Wrong("02.3", "the whole table", WholePassengers, "Return the row"),
    Wrong("02.3", "a batch of one", BatchedPassengers, "no batch axis"),
    Wrong("02.3", "labels in the test part", AlwaysLabelled, "only if `train`"),
    Wrong("02.3", "rows by their names", NamedRowPassengers, "iloc[index]"),
    Wrong("02.3", "counts columns", ColumnsCounted, "how many rows"),
    Wrong("02.3", "no Dataset", NotADataset, "inherit from Dataset"),
    Wrong("02.3", "another key", OtherName, "that is the key"),
    Wrong("02.3", "takes the column out of the table", TakesTheColumnOut, "still owns"),
    Wrong("02.3", "leaves out rows with gaps", DropsGaps, "with a gap counts too"),
    Wrong("02.3", "one dict for all items", OneDict, "Make a new dict"),
    Wrong("02.3", "int32 labels", ShortLabels, "Losses take int64"),
    Wrong("02.3", "boolean labels", BooleanLabels, "long, not bool"),
    Wrong("02.3", "fits again", FitsAgain, "only encode"),
    Wrong("02.4", "the number of keys", collate_by_keys, "counts the keys"),
    Wrong("02.4", "no padding", collate_unpadded, "rows of one length"),
    Wrong("02.4", "cat for labels", collate_labels_with_cat, "A label has no axis"),
    Wrong("02.4", "return in the loop", collate_returns_too_early, "inside the loop"),
    Wrong("02.4", "pads the mask alike", collate_mask_padded_alike, "0 is padding"),
    Wrong("02.4", "sorts the items", collate_sorted, "Keep the items' order"),
    Wrong("02.4", "one more key", collate_with_lengths, "leave the others out"),
    Wrong("02.4", "pads on the left", collate_left, "Padded on the left"),
    Wrong("02.4", "a mask from the numbers", collate_mask_from_ids, "come from the lengths"),
    Wrong("02.4", "the mask turned round", collate_mask_turned, "Turned round"),
    Wrong("02.4", "a mask of ones", collate_ones, "Ones everywhere"),
    Wrong("02.4", "no mask", collate_without_mask, "attention_mask is missing"),
    Wrong("02.4", "no labels", collate_without_labels, "stack them as well"),
    Wrong("02.4", "labels as a column", collate_label_column, "labels are (B,)"),
    Wrong("02.4", "labels wanted", collate_needs_labels, "look before you stack"),
    Wrong("02.4", "pads with 0 whatever is asked", collate_always_zero, "Filled with 0"),
    Wrong("02.4", "(T, B)", collate_transposed, "Stacked as (T, B)"),
    Wrong("02.4", "cut to the first", collate_cut_to_first, "the longest in the batch"),
    Wrong("02.4", "a tuple", collate_tuple, "A batch is a dict"),
    Wrong("02.4", "pads the items themselves", collate_in_place, "still owns what it passed in"),
    Wrong("02.5", "seeds each epoch", SeedsEachEpoch, "set no seed there"),
    Wrong("02.5", "yields all batches at once", AllBatchesAtOnce, "a list too many"),
    Wrong("02.5", "places, not indices", PlacesInTheWindow, "a place within the window"),
    Wrong("02.5", "sorts in place", SortsInPlace, "sorts in place"),
    Wrong("02.5", "a list for a key", KeyIsAList, "A key is a function"),
    Wrong("02.5", "len for a key", KeyIsLen, "An index has no len"),
    Wrong("02.5", "no self", NoSelf, "read through self"),
    Wrong("02.5", "not sorted", NotSorted, "Sort the window"),
    Wrong("02.5", "sorts everything", SortsAll, "sort within a window only"),
    Wrong("02.5", "a window of too few", SmallWindow, "window * batch_size"),
    Wrong("02.5", "sorts one window", SortsFirstWindow, "Sort every window"),
    Wrong("02.5", "windows of the data as they are", NotShuffledFirst, "Shuffle all indices first"),
    Wrong("02.5", "returns a list", ReturnsAList, "`yield` each"),
    Wrong("02.5", "batches from short to long", BatchesInOrder, "Shuffle the batches"),
    Wrong("02.5", "drops the last batch", DropsTheLast, "but it counts"),
    Wrong("02.5", "drops the last window", DropsTheLastWindow, "but it counts"),
    Wrong("02.5", "sorts by index", SortsByIndex, "Sort the window"),
    Wrong("02.5", "yields indices, not batches", YieldsIndices, "list"),
    Wrong("02.5", "the same in every epoch", SameEveryEpoch, "in every call"),
    Wrong("02.5", "another source of chance", OwnChance, "generator=self.generator"),
    Wrong("02.5", "the global generator", NoGenerator, "generator=self.generator"),
    Wrong("02.5", "yields lengths", YieldsLengths, "These are lengths"),
    Wrong("02.6", "no brackets", without_brackets, "in brackets"),
    Wrong("02.6", "no N", without_n, "N is missing"),
    Wrong("02.6", "one minus the share", one_minus_share, "One minus the share"),
    Wrong("02.6", "the most frequent is 1", most_frequent_is_one, "for the most frequent"),
    Wrong("02.6", "a mean over classes", mean_over_classes, "mean over the classes"),
    Wrong("02.6", "as they come", in_order_of_appearance, "the classes came"),
    Wrong("02.6", "1 / count", inverse_counts, "1 / count so far"),
    Wrong("02.6", "N / count", inverse_shares, "Divide by C"),
    Wrong("02.6", "shares", shares, "The shares of the classes"),
    Wrong("02.6", "counts", plain_counts, "These are the counts"),
    Wrong("02.6", "turned round", turned_round, "frequent class weighs most"),
    Wrong("02.6", "summing to 1", summing_to_one, "Scaled to sum to 1"),
    Wrong("02.6", "one for each example", one_for_each_example, "one for each class"),
    Wrong("02.6", "whole numbers", rounded_down, "of the wrong kind"),
    Wrong("02.6", "sorted by size", unique_counts, "keeps them in the order"),
    Wrong("02.6", "a list", as_a_list, "A tensor is needed"),
)
