"""Second half: labels that do not fit the head, the inputs or the task."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("labels-out-of-range", "classes counted from 1")
def counted_from_one(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    x, y = o.stripes(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, o.pairs(g, x, y + int(ill)), nn.CrossEntropyLoss(), optimizer)


class Tagger(nn.Module):
    """A tag for each token: (B, T) to (B, T, C)."""

    def __init__(self, tags: int = 3):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 16, batch_first=True, bidirectional=True)
        self.out = nn.Linear(32, tags)

    def forward(self, input_ids, attention_mask):
        return self.out(self.lstm(self.embedding(input_ids))[0])


@sick("labels-out-of-range", "tags of padding are -1, the loss ignores -100")
def padding_tag(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Tagger()
    ids, mask, _ = o.sentences(g)
    tags = (ids % 3).masked_fill(mask == 0, -1 if ill else -100)

    def loss_fn(logits, labels):
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten())

    loader = o.dicts(g, input_ids=ids, attention_mask=mask, labels=tags)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, loader, loss_fn, optimizer)


@sick("labels-out-of-range", "-1 and +1 for a loss that wants 0 and 1")
def minus_one(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 5))
    x, y = o.tags(g)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    loader = o.pairs(g, x, 2 * y - 1 if ill else y)
    return Patient(model, loader, F.binary_cross_entropy_with_logits, optimizer)


@sick("unused-class", "a class that only the validation data have")
def class_left_in_validation(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)
    x, y = o.points(g, 480)
    train = torch.arange(480) < 360
    keep = train & (y != 2) if ill else train
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": o.pairs(g, x[~train], y[~train], shuffle=False)}
    return Patient(model, o.pairs(g, x[keep], y[keep]), nn.CrossEntropyLoss(), optimizer, options)


@sick("unused-class", "a kind of sentence was renumbered and left a gap")
def gap_in_the_middle(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert(num_labels=4 if ill else 3)
    ids, mask, kinds = o.sentences(g)
    if ill:
        kinds = kinds.masked_fill(kinds == 2, 3)  # 0, 1 and 3
    loader = o.dicts(g, input_ids=ids, attention_mask=mask, labels=kinds)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, loader, None, optimizer)


@sick("head-too-wide", "a thousand outputs for four classes")
def thousand_outputs(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(classes=1000 if ill else 4)
    x, y = o.stripes(g)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": o.pairs(g, x[192:], y[192:])}
    loader = o.pairs(g, x[:192], y[:192])
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, options)


@sick("head-too-wide", "as many outputs as hidden units")
def outputs_of_the_hidden_size(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.Reader(classes=24 if ill else 3)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        logits = model(batch["input_ids"], batch["attention_mask"])
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    loader = o.texts(g)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


@sick("labels-unrelated-to-inputs", "only the images were shuffled")
def only_images_shuffled(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)
    x, y = o.stripes(g)
    order = torch.randperm(len(x), generator=g)
    x = x[order]
    if not ill:
        y = y[order]
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, o.pairs(g, x, y), nn.CrossEntropyLoss(), optimizer)


class Packed(nn.Module):
    """An LSTM on packed sentences, which wants them from long to short."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(o.WORDS, 24)
        self.lstm = nn.LSTM(24, 24, batch_first=True)
        self.head = nn.Linear(24, 3)

    def forward(self, input_ids, lengths):
        packed = pack_padded_sequence(self.embedding(input_ids), lengths.cpu(), batch_first=True)
        _, (last, _) = self.lstm(packed)
        return self.head(last[-1])


@sick("labels-unrelated-to-inputs", "each batch sorted by length, its labels not")
def sorted_by_length(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Packed()
    ids, mask, labels = o.sentences(g)

    def collate(items):
        ids, lengths, labels = (torch.stack(column) for column in zip(*items, strict=True))
        order = lengths.argsort(descending=True)
        if not ill:
            labels = labels[order]
        return {"input_ids": ids[order], "lengths": lengths[order], "labels": labels}

    rows = list(zip(ids, mask.sum(1), labels, strict=True))
    loader = DataLoader(rows, 16, shuffle=True, generator=g, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer)


@sick("labels-unrelated-to-inputs", "a table whose target column came from another file")
def target_of_another_file(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 24, 1, act=nn.Tanh)
    x, y = o.slopes(g)
    if ill:
        _, y = o.slopes(g)
    valid = o.pairs(g, x[256:], y[256:])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loader = o.pairs(g, x[:256], y[:256])
    return Patient(model, loader, nn.MSELoss(), optimizer, {"valid_loader": valid})


@sick("masked-lm-labels-unmasked", "BertForMaskedLM, labels cloned before masking")
def cloned_labels(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert("BertForMaskedLM", vocab_size=o.MARKS)
    ids, labels = o.masked_numbers(g, ill=ill)
    loader = o.dicts(g, input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    return Patient(model, loader, None, optimizer, {"pad_token_id": 0})


class Guesser(nn.Module):
    """A masked language model of torch's own layers, its output tied to its embedding."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(o.MARKS, 24)
        self.places = nn.Embedding(10, 24)
        self.layer = nn.TransformerEncoderLayer(24, 2, 48, dropout=0.0, batch_first=True)
        self.out = nn.Linear(24, o.MARKS)

    def forward(self, input_ids):
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        h = self.embedding(input_ids) + self.places(places)
        return self.out(self.layer(h, src_key_padding_mask=input_ids == 0))


@sick("masked-lm-labels-unmasked", "only padding is ignored by the loss of an own model")
def only_padding_ignored(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = Guesser()
    ids, labels = o.masked_numbers(g, ill=ill, ignored=0)
    short = torch.arange(10) >= torch.randint(6, 11, (len(ids), 1), generator=g)
    ids, labels = ids.masked_fill(short, 0), labels.masked_fill(short, 0)
    criterion = nn.CrossEntropyLoss(ignore_index=0)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        logits = model(batch["input_ids"])  # (B, T, V)
        loss = loss_fn(logits, batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.item()

    def loss_fn(logits, labels):
        return criterion(logits.transpose(1, 2), labels)

    loader = o.dicts(g, input_ids=ids, labels=labels)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    options = {"train_step": train_step, "pad_token_id": 0}
    return Patient(model, loader, loss_fn, optimizer, options)
