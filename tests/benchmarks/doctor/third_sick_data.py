"""Third set, patients: mistakes in the order, the split, the scale and the place of the data."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.utils.data import random_split

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import Patient


def folder_after_folder(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4, norm=lambda c: nn.GroupNorm(4, c))
    x, y = t.pictures(seed)
    order = y.argsort(stable=True)  # as they lie in their folders
    train = t.pairs(x[order], y[order], seed, shuffle=not ill)
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer)


def topics_one_file_each(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert(num_labels=3)
    ids, mask, y = t.sentences(seed)
    order = torch.cat([(y == topic).nonzero().flatten() for topic in (2, 0, 1)])
    columns = {"input_ids": ids[order], "attention_mask": mask[order], "labels": y[order]}
    train = t.dicts(seed, shuffle=not ill, **columns)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=3e-3), options)


def copies_made_ahead_of_the_split(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(8, 32, 2)
    x, y = t.table(seed, n=400, classes=2)
    few = (y == 1) & (torch.rand(len(y), generator=t.dice(seed)) < 0.75)
    x, y = x[~few], y[~few]
    rows = torch.arange(len(y))
    held = rows % 4 == 0
    if ill:  # class 1 is copied three times, and then split
        rows = torch.cat([rows, rows[y == 1].repeat(3)])
        held = torch.randperm(len(rows), generator=t.dice(seed)) % 4 == 0
        x, y = x[rows], y[rows]
    train = t.pairs(x[~held], y[~held], seed)
    valid = t.pairs(x[held], y[held], seed, shuffle=False)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"valid_loader": valid})


def two_draws_for_two_loaders(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Reader(40, 3)
    ids, mask, y = t.sentences(seed, n=240)
    rows = t.Rows(input_ids=ids, attention_mask=mask, labels=y)
    draw = [torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + int(ill))]
    train = t.serve(random_split(rows, [192, 48], generator=draw[0])[0], seed)
    held = random_split(rows, [192, 48], generator=draw[1])[1]
    valid = t.serve(held, seed, shuffle=False)
    options = {"valid_loader": valid, "pad_token_id": 0}
    return Patient(model, train, F.cross_entropy, Adam(model.parameters(), lr=5e-3), options)


def classes_weighted_the_wrong_way_round(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(8, 2)
    g = t.dice(seed)
    y = (torch.arange(400) % 8 == 0).long()  # one in eight
    x = torch.randn(400, 8, generator=g) + 0.6 * y[:, None]
    share = y.bincount() / len(y)
    weight = share if ill else 1 / share
    loss_fn = nn.CrossEntropyLoss(weight=weight / weight.sum())
    train = t.pairs(x, y, seed, size=32)
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=2e-3))


def softmax_over_a_single_score(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 1)
    x, y = t.waves(seed, classes=2)

    def predict(model, batch):
        model.eval()
        with torch.no_grad():
            score = model(batch[0])
        chance = score.softmax(dim=1) if ill else score.sigmoid()
        return (chance > 0.5).long().squeeze(1)

    train = t.pairs(x, y.float()[:, None], seed)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.BCEWithLogitsLoss(), optimizer, {"predict_fn": predict})


def metres_years_and_income(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(6, 32, 32, 1, act=nn.Tanh)
    x, y = t.houses(seed)
    if ill:
        spread = torch.tensor([30.0, 900.0, 15.0, 25000.0, 2.0, 300.0])
        x = x * spread + torch.tensor([110.0, 4000.0, 1985.0, 60000.0, 5.0, 1200.0])
    train = t.pairs(x, y[:, None], seed)
    return Patient(model, train, nn.MSELoss(), Adam(model.parameters(), lr=5e-3))


def bytes_of_pictures(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4, norm=lambda c: nn.Identity())
    x, y = t.pictures(seed)
    if ill:
        x = (x * 50 + 128).clamp(0, 255).round()
    optimizer = SGD(model.parameters(), lr=0.02, momentum=0.9)
    return Patient(model, t.pairs(x, y, seed), nn.CrossEntropyLoss(), optimizer)


def model_moved_and_batches_left(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(8, 3)
    if ill:
        model.to("meta")
    train = t.pairs(*t.table(seed), seed)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer)


def weights_of_the_loss_left_behind(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4)
    weight = torch.tensor([1.0, 1.2, 0.8, 1.0], device="meta" if ill else "cpu")
    train = t.pairs(*t.pictures(seed), seed)
    loss_fn = nn.CrossEntropyLoss(weight=weight)
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=5e-3))


def hide(ids, seed, fill, mask_id=3, rate=0.3):
    """Mask some words; labels hold `fill` at the others, or their words where fill is None."""
    hidden = torch.rand(ids.shape, generator=t.dice(seed)) < rate
    labels = ids.clone() if fill is None else ids.masked_fill(~hidden, fill)
    return ids.masked_fill(hidden, mask_id), labels


def bert_asked_for_every_word(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert("MaskedLM", words=24)
    ids, labels = hide(t.counting(seed), seed, None if ill else -100)
    mask = torch.ones_like(ids)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=labels)
    options = {"train_step": t.own_loss_step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=5e-3), options)


class Cloze(t.Tagger):
    """A masked language model with places."""

    def __init__(self):
        super().__init__(24, 24, width=24)
        self.places = nn.Parameter(0.1 * torch.randn(10, 24))

    def hidden(self, input_ids, attention_mask):
        words = self.words(input_ids) + self.places
        return self.encoder(words, src_key_padding_mask=attention_mask == 0)


def collator_whose_fill_was_lost(seed, ill=True):
    torch.manual_seed(seed)
    model = Cloze()

    def collate(rows):
        words = torch.stack([row["input_ids"] for row in rows])
        draw = int(words.sum())
        ids, labels = hide(words, draw, -100)
        if ill:
            labels = torch.where(labels == -100, words, labels)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}

    train = t.serve(t.Rows(input_ids=t.counting(seed)), seed, collate_fn=collate)

    def loss_fn(out, labels):
        return F.cross_entropy(out.transpose(1, 2), labels)

    options = {"pad_token_id": 0}
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=1e-2), options)


CASES = t.sick(
    {
        "not-shuffled": [folder_after_folder, topics_one_file_each],
        "train-valid-overlap": [copies_made_ahead_of_the_split, two_draws_for_two_loaders],
        "one-class-collapse": [classes_weighted_the_wrong_way_round, softmax_over_a_single_score],
        "input-not-normalised": [metres_years_and_income, bytes_of_pictures],
        "wrong-device": [model_moved_and_batches_left, weights_of_the_loss_left_behind],
        "masked-lm-labels-unmasked": [bert_asked_for_every_word, collator_whose_fill_was_lost],
    }
)
