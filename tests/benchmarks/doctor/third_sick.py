"""Third set, patients: mistakes in the step, in the loss and in what is asked of the head."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW

from tests.benchmarks.doctor import _third as t
from tests.benchmarks.doctor._case import Patient


def zeroing_without_a_call(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3, nn.LSTM)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        x, y = batch
        optimizer.zero_grad if ill else optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        return loss.item()

    train = t.pairs(*t.waves(seed, shift=0.5), seed)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def accumulation_that_never_starts_anew(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Residual(6, 1)
    seen = {"batches": 0}

    def step(model, batch, loss_fn, optimizer):
        model.train()
        seen["batches"] += 1
        loss = loss_fn(model(batch["x"]).squeeze(1), batch["labels"])
        (loss / 2).backward()
        if seen["batches"] % 2 == 0:
            optimizer.step()
            if not ill:
                optimizer.zero_grad()
        return float(loss.detach())

    x, y = t.houses(seed)
    train = t.dicts(seed, x=x, labels=y)
    optimizer = SGD(model.parameters(), lr=0.05)
    options = {"train_step": step, "predict_fn": t.answers}
    return Patient(model, train, F.mse_loss, optimizer, options)


def bert_zeroed_behind_the_clipping(seed, ill=True):
    torch.manual_seed(seed)
    model = t.bert(num_labels=3)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        if not ill:
            optimizer.zero_grad()
        output = model(**batch)
        output.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if ill:
            optimizer.zero_grad()
        optimizer.step()
        return output.loss.item()

    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    options = {"train_step": step, "predict_fn": t.logits_of, "pad_token_id": 0}
    return Patient(model, train, None, AdamW(model.parameters(), lr=3e-3), options)


def scaler_updated_but_not_stepped(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4)
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        x, y = batch
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        scaler.scale(loss).backward()
        if not ill:
            scaler.step(optimizer)
        scaler.update()
        return loss.item()

    train = t.pairs(*t.pictures(seed), seed)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, F.cross_entropy, optimizer, {"train_step": step})


def accuracy_is_logged_before_the_update(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4, drop=0.3)

    def accuracy(model, x, y):
        model.eval()
        with torch.no_grad():
            return (model(x).argmax(1) == y).float().mean().item()

    def step(model, batch, loss_fn, optimizer):
        x, y = batch
        model.train()
        hits = accuracy(model, x, y)
        if not ill:
            model.train()
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss.item(), "hits": hits}

    train = t.pairs(*t.pictures(seed), seed)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def no_grad_is_taken_for_eval(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Reader(40, 3, drop=0.3)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        inputs, y = t.split(batch)
        optimizer.zero_grad()
        loss = loss_fn(model(**inputs), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    def predict(model, batch):
        model.train(ill)
        with torch.no_grad():
            return model(**t.split(batch)[0])

    ids, mask, y = t.sentences(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=y)
    options = {"train_step": step, "predict_fn": predict, "pad_token_id": 0}
    return Patient(model, train, F.cross_entropy, Adam(model.parameters(), lr=5e-3), options)


def loss_wrapped_in_a_new_tensor(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(8, 24, 24, 5, act=nn.SiLU)

    def step(model, batch, loss_fn, optimizer):
        model.train()
        x, y = batch
        optimizer.zero_grad()
        losses = [loss_fn(model(x)[:, k], y[:, k]) for k in range(5)]
        if ill:
            loss = torch.tensor([one.item() for one in losses], requires_grad=True).mean()
        else:
            loss = torch.stack(losses).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    x, _ = t.table(seed)
    y = (x[:, :5] + x[:, 3:8] > 0).float()
    optimizer = Adam(model.parameters(), lr=5e-3)
    train = t.pairs(x, y, seed)
    return Patient(model, train, nn.BCEWithLogitsLoss(), optimizer, {"train_step": step})


def answers_taken_through_numpy(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 1)

    def loss_fn(out, y):
        if ill:
            gap = torch.from_numpy(out.detach().numpy()).requires_grad_().squeeze(1) - y
        else:
            gap = out.squeeze(1) - y
        return gap.pow(2).mean()

    x, k = t.waves(seed)
    return Patient(model, t.pairs(x, k - 1.0, seed), loss_fn, Adam(model.parameters(), lr=5e-3))


class WithProbabilities(nn.Module):
    def __init__(self, body, function):
        super().__init__()
        self.body, self.function = body, function

    def forward(self, *args, **inputs):
        return self.function(self.body(*args, **inputs))


def tagger_with_softmax(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Tagger(30, 4)
    if ill:
        model.head = nn.Sequential(model.head, nn.Softmax(dim=-1))
    ids, mask, tags = t.tagged(seed)
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=tags)

    def loss_fn(out, labels):
        return F.cross_entropy(out.transpose(1, 2), labels, ignore_index=-100)

    options = {"pad_token_id": 0}
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=5e-3), options)


def softmax_in_the_forward_of_a_convnet(seed, ill=True):
    torch.manual_seed(seed)
    function = (lambda z: F.softmax(z, dim=1)) if ill else (lambda z: z)
    model = WithProbabilities(t.convnet(4), function)
    train = t.pairs(*t.pictures(seed), seed)
    loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
    return Patient(model, train, loss_fn, SGD(model.parameters(), lr=0.05, momentum=0.9))


def sigmoid_inside_the_loss(seed, ill=True):
    torch.manual_seed(seed)
    model = t.mlp(8, 32, 1)
    x, y = t.table(seed, classes=2)

    def loss_fn(out, labels):
        score = out.squeeze(-1)
        score = torch.sigmoid(score) if ill else score
        return F.binary_cross_entropy_with_logits(score, labels)

    train = t.pairs(x, y.float(), seed)
    return Patient(model, train, loss_fn, Adam(model.parameters(), lr=5e-3))


def many_labels_squashed_twice(seed, ill=True):
    torch.manual_seed(seed)
    body = t.Reader(40, 3)
    model = WithProbabilities(body, torch.sigmoid if ill else nn.Identity())
    ids, mask, y = t.sentences(seed)
    labels = torch.stack([y == 0, y != 2, y == 2], dim=1).float()
    train = t.dicts(seed, input_ids=ids, attention_mask=mask, labels=labels)
    optimizer = Adam(model.parameters(), lr=5e-3)
    return Patient(model, train, nn.BCEWithLogitsLoss(), optimizer, {"pad_token_id": 0})


def nll_on_scores(seed, ill=True):
    torch.manual_seed(seed)
    model = t.Recurrent(2, 3)
    if not ill:
        model.out = nn.Sequential(model.out, nn.LogSoftmax(dim=-1))
    train = t.pairs(*t.waves(seed), seed)
    return Patient(model, train, nn.NLLLoss(), Adam(model.parameters(), lr=8e-3))


def nll_on_probabilities(seed, ill=True):
    torch.manual_seed(seed)
    model = t.convnet(4, norm=lambda c: nn.GroupNorm(2, c))
    model.append(nn.Softmax(dim=1) if ill else nn.LogSoftmax(dim=1))
    train = t.pairs(*t.pictures(seed), seed)
    optimizer = AdamW(model.parameters(), lr=5e-3)
    return Patient(model, train, lambda out, y: F.nll_loss(out, y), optimizer)


CASES = t.sick(
    {
        "no-zero-grad": [zeroing_without_a_call, accumulation_that_never_starts_anew],
        "zero-grad-after-backward": [bert_zeroed_behind_the_clipping],
        "no-optimizer-step": [scaler_updated_but_not_stepped],
        "train-in-eval-mode": [accuracy_is_logged_before_the_update],
        "eval-in-train-mode": [no_grad_is_taken_for_eval],
        "detached-loss": [loss_wrapped_in_a_new_tensor, answers_taken_through_numpy],
        "softmax-before-cross-entropy": [tagger_with_softmax, softmax_in_the_forward_of_a_convnet],
        "sigmoid-before-bce-with-logits": [sigmoid_inside_the_loss, many_labels_squashed_twice],
        "nll-without-log-softmax": [nll_on_scores, nll_on_probabilities],
    }
)
