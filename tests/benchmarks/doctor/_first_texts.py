"""Healthy trainings on words, ordinary ones. Read by the rules' author."""

import torch
from torch import Tensor, nn

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import ORDINARY, Case, Patient


class PhraseReader(nn.Module):
    """A GRU over packed sequences, so that padding is never read: (B, T) -> (B, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 16, padding_idx=_well.PAD)
        self.gru = nn.GRU(16, 24, batch_first=True, bidirectional=True)
        self.head = nn.Linear(48, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(input_ids), attention_mask.sum(1), batch_first=True, enforce_sorted=False
        )
        _, hidden = self.gru(packed)  # (2, B, 24)
        return self.head(torch.cat([hidden[0], hidden[1]], dim=1))


def gru_on_packed_phrases(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.phrase_rows(seed)
    model = PhraseReader()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": _well.unshuffled(valid), "pad_token_id": _well.PAD}
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


class Encoder(nn.Module):
    """PyTorch's own transformer layers, and the mean over real tokens: (B, T) -> (B, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(40, 32)
        self.positions = nn.Parameter(0.02 * torch.randn(16, 32))
        layer = nn.TransformerEncoderLayer(32, 2, 64, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(32, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.tokens(input_ids) + self.positions[: input_ids.size(1)]
        hidden = self.encoder(hidden, src_key_padding_mask=attention_mask == 0)
        weight = attention_mask.unsqueeze(-1).float()
        return self.head((hidden * weight).sum(1) / weight.sum(1))


def transformer_with_warm_up(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.phrase_rows(seed)
    model, train_loader = Encoder(), _well.loader(train, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    total = 10 * len(train_loader)
    warm_up = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 10, max(0.0, (total - step) / (total - 10)))
    )

    def step(model: nn.Module, batch: dict, loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        optimizer.zero_grad()
        loss = loss_fn(model(batch["input_ids"], batch["attention_mask"]), batch["labels"])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        warm_up.step()
        return float(loss.detach())

    options = {
        "train_step": step,
        "valid_loader": _well.unshuffled(valid),
        "scheduler": warm_up,
        "pad_token_id": _well.PAD,
    }
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


def bert_that_gives_its_own_loss(seed: int) -> Patient:
    from transformers import BertForSequenceClassification

    torch.manual_seed(seed)
    train, valid = _well.phrase_rows(seed)
    model = BertForSequenceClassification(_well.bert_config(num_labels=3))
    decayed = [weight for weight in model.parameters() if weight.dim() > 1]
    others = [weight for weight in model.parameters() if weight.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
        lr=1e-3,
    )

    def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        model.eval()
        with torch.inference_mode():
            return model(**_well.inputs_of(batch)).logits

    options = {
        "valid_loader": _well.unshuffled(valid),
        "predict_fn": predict,
        "pad_token_id": _well.PAD,
    }
    return Patient(model, _well.loader(train, seed), None, optimizer, options)


def the_courses_classifier(seed: int) -> Patient:
    from course_lib.data import SentenceDataset, make_loader
    from course_lib.freeze import parameter_groups
    from course_lib.model import TextClassifier

    backbone, tokenizer = _well.backbone()
    torch.manual_seed(seed)
    sentences, labels = _well.docstrings(seed)
    train = SentenceDataset(sentences[:128], labels[:128], tokenizer.encode, max_tokens=32)
    valid = SentenceDataset(sentences[128:], labels[128:], tokenizer.encode, max_tokens=32)
    model = TextClassifier(backbone, 7)
    optimizer = torch.optim.AdamW(parameter_groups(model, {"backbone": 3e-4, "head": 3e-3}))
    options = {
        "valid_loader": make_loader(valid, 16, pad_token_id=tokenizer.pad_token_id),
        "pad_token_id": tokenizer.pad_token_id,
    }
    train_loader = make_loader(
        train, 16, shuffle=True, bucket=True, seed=seed, pad_token_id=tokenizer.pad_token_id
    )
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


def a_class_for_every_token(seed: int) -> Patient:
    from transformers import BertForTokenClassification

    torch.manual_seed(seed)
    ids, mask = _well.padded(_well.phrases(seed)[0])
    labels = (ids - _well.FIRST_WORD).div(4, rounding_mode="floor").clamp(0, 3)
    labels = labels.masked_fill((mask == 0) | (ids == _well.START), -100)
    train = _well.Rows(input_ids=ids[:200], attention_mask=mask[:200], labels=labels[:200])
    valid = _well.Rows(input_ids=ids[200:], attention_mask=mask[200:], labels=labels[200:])
    model = BertForTokenClassification(_well.bert_config(num_labels=4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

    def step(model: nn.Module, batch: dict, loss_fn: None, optimizer: object) -> float:
        model.train()
        loss = model(**batch).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    options = {
        "train_step": step,
        "valid_loader": _well.unshuffled(valid),
        "pad_token_id": _well.PAD,
    }
    return Patient(model, _well.loader(train, seed), None, optimizer, options)


def masked_language_model(seed: int) -> Patient:
    from transformers import BertForMaskedLM

    from course_lib.pretrain.masking import mask_tokens

    torch.manual_seed(seed)
    chains = _well.chains(seed)
    lengths = torch.randint(6, 11, (len(chains),)).tolist()
    texts = [chain[:length] for chain, length in zip(chains, lengths, strict=True)]
    draw = torch.Generator().manual_seed(seed)

    def collate(texts: list[Tensor]) -> dict[str, Tensor]:
        ids, mask = _well.padded(texts)
        ids, labels = mask_tokens(ids, [_well.PAD], 2, range(3, 19), 0.2, draw)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    model = BertForMaskedLM(_well.bert_config(vocab_size=19))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    train_loader = _well.loader(texts, seed, 32, collate_fn=collate)
    return Patient(model, train_loader, None, optimizer, {"pad_token_id": _well.PAD})


TEXT_CASES = [
    Case("healthy/gru-on-packed-phrases", "", ORDINARY, gru_on_packed_phrases),
    Case("healthy/transformer-with-warm-up", "", ORDINARY, transformer_with_warm_up),
    Case("healthy/bert-with-its-own-loss", "", ORDINARY, bert_that_gives_its_own_loss),
    Case("healthy/the-courses-classifier", "", ORDINARY, the_courses_classifier),
    Case("healthy/a-class-for-every-token", "", ORDINARY, a_class_for_every_token),
    Case("healthy/masked-language-model", "", ORDINARY, masked_language_model),
]
