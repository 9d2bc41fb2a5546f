"""Healthy trainings on words, ordinary ones. The rules' author does not read them."""

import torch
from torch import Tensor, nn

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import ORDINARY, Case, Patient


def a_whole_head_on_a_new_bert(seed: int) -> Patient:
    from transformers import BertModel

    from course_lib.model import TextClassifier, masked_max, two_layer_head

    torch.manual_seed(seed)
    train, valid = _well.phrase_rows(seed, classes=4)
    backbone = BertModel(_well.bert_config(), add_pooling_layer=False)
    model = TextClassifier(backbone, 4, masked_max, two_layer_head(32, 4))
    optimizer = torch.optim.AdamW(
        [
            {"params": model.backbone.parameters(), "lr": 1e-3},
            {"params": model.head.parameters(), "lr": 3e-3},
        ]
    )

    def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        was_training = model.training
        model.eval()
        with torch.no_grad():
            logits = model(**_well.inputs_of(batch))
        model.train(was_training)
        return logits

    options = {
        "valid_loader": _well.unshuffled(valid),
        "predict_fn": predict,
        "pad_token_id": _well.PAD,
    }
    return Patient(model, _well.loader(train, seed), nn.CrossEntropyLoss(), optimizer, options)


def several_topics_of_a_text(seed: int) -> Patient:
    from transformers import BertForSequenceClassification, get_cosine_schedule_with_warmup

    torch.manual_seed(seed)
    texts, first = _well.phrases(seed, rows=200, classes=4, longest=7)
    more, second = _well.phrases(seed + 50, rows=200, classes=4, longest=7)
    both = [torch.cat([one, other[1:]]) for one, other in zip(texts, more, strict=True)]
    ids, mask = _well.padded(both)
    labels = torch.zeros(200, 4)
    labels[torch.arange(200), first] = 1.0
    labels[torch.arange(200), second] = 1.0
    config = _well.bert_config(num_labels=4, problem_type="multi_label_classification")
    model = BertForSequenceClassification(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    train = _well.Rows(input_ids=ids[:160], attention_mask=mask[:160], labels=labels[:160])
    valid = _well.Rows(input_ids=ids[160:], attention_mask=mask[160:], labels=labels[160:])
    train_loader = _well.loader(train, seed)
    schedule = get_cosine_schedule_with_warmup(optimizer, 5, 20 * len(train_loader))

    def step(model: nn.Module, batch: dict, loss_fn: None, optimizer: object) -> float:
        model.train()
        optimizer.zero_grad()
        loss = model(**batch)["loss"]
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        return loss.item()

    options = {
        "train_step": step,
        "valid_loader": _well.unshuffled(valid),
        "scheduler": schedule,
        "pad_token_id": _well.PAD,
    }
    return Patient(model, train_loader, None, optimizer, options)


class Tagger(nn.Module):
    """A GRU that names every token: (B, T) -> (B, C, T), as PyTorch's loss wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(40, 24)
        self.gru = nn.GRU(24, 24, batch_first=True)
        self.head = nn.Linear(24, 2)

    def forward(self, input_ids: Tensor) -> Tensor:
        hidden, _ = self.gru(self.embedding(input_ids))
        return self.head(hidden).transpose(1, 2)


def has_a_special_word_been_read(seed: int) -> Patient:
    """Padding stands on the right, the GRU reads from the left, and -100 leaves padding out."""
    torch.manual_seed(seed)
    ids, mask = _well.padded(_well.phrases(seed)[0])
    seen = ((ids >= _well.FIRST_WORD) & (ids < _well.FIRST_WORD + 6)).cumsum(1).clamp(max=1)
    labels = seen.masked_fill(mask == 0, -100)
    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {
        "valid_loader": _well.unshuffled(_well.Rows(input_ids=ids[192:], labels=labels[192:])),
        "pad_token_id": _well.PAD,
    }
    train_loader = _well.loader(_well.Rows(input_ids=ids[:192], labels=labels[:192]), seed)
    loss_fn = nn.CrossEntropyLoss(ignore_index=-100)
    return Patient(model, train_loader, loss_fn, optimizer, options)


def do_two_phrases_belong_together(seed: int) -> Patient:
    from transformers import BertForSequenceClassification

    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    texts, topics = _well.phrases(seed, rows=900, classes=2, longest=6)
    order = torch.randperm(900, generator=generator).tolist()
    pairs, kinds, labels = [], [], []
    for first, second in zip(order[:450], order[450:], strict=True):
        parts = texts[first], texts[second]
        pairs.append(torch.cat(parts))
        kinds.append(torch.cat([torch.full_like(part, side) for side, part in enumerate(parts)]))
        labels.append(int(topics[first] == topics[second]))
    ids, mask = _well.padded(pairs)
    columns = {
        "input_ids": ids,
        "token_type_ids": _well.padded(kinds)[0],
        "attention_mask": mask,
        "labels": torch.tensor(labels),
    }
    train = _well.Rows(**{name: column[:360] for name, column in columns.items()})
    valid = _well.Rows(**{name: column[360:] for name, column in columns.items()})
    model = BertForSequenceClassification(_well.bert_config(num_labels=2, type_vocab_size=2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

    def predict(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(**_well.inputs_of(batch)).logits.argmax(-1)

    options = {
        "valid_loader": _well.unshuffled(valid),
        "predict_fn": predict,
        "pad_token_id": _well.PAD,
    }
    return Patient(model, _well.loader(train, seed), None, optimizer, options)


def the_courses_backbone_frozen(seed: int) -> Patient:
    from course_lib.data import SentenceDataset, make_loader
    from course_lib.freeze import freeze, train_mode
    from course_lib.model import LSTMPooling, TextClassifier

    backbone, tokenizer = _well.backbone()
    torch.manual_seed(seed)
    sentences, labels = _well.docstrings(seed + 5, 140)
    pad = tokenizer.pad_token_id
    train = SentenceDataset(sentences[:112], labels[:112], tokenizer.encode, 24)
    valid = SentenceDataset(sentences[112:], labels[112:], tokenizer.encode, 24)
    model = TextClassifier(backbone, 7, LSTMPooling(128))
    freeze(model, "backbone")
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=3e-3)

    def step(model: nn.Module, batch: dict, loss_fn: nn.Module, optimizer: object) -> float:
        train_mode(model)
        optimizer.zero_grad()
        loss = loss_fn(model(**_well.inputs_of(batch)), batch["labels"])
        loss.backward()
        optimizer.step()
        return loss.item()

    options = {
        "train_step": step,
        "valid_loader": make_loader(valid, 14, pad_token_id=pad),
        "pad_token_id": pad,
    }
    train_loader = make_loader(train, 14, shuffle=True, seed=seed, pad_token_id=pad)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


TEXT_CASES = [
    Case("healthy/a-whole-head-on-a-new-bert", "", ORDINARY, a_whole_head_on_a_new_bert),
    Case("healthy/several-topics-of-a-text", "", ORDINARY, several_topics_of_a_text),
    Case("healthy/has-a-special-word-been-read", "", ORDINARY, has_a_special_word_been_read),
    Case("healthy/do-two-phrases-belong", "", ORDINARY, do_two_phrases_belong_together),
    Case("healthy/the-courses-backbone-frozen", "", ORDINARY, the_courses_backbone_frozen),
]
