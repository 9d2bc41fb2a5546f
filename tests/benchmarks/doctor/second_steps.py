"""Second half: mistakes in the step itself, and in how answers are asked for."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.doctor import _other as o
from tests.benchmarks.doctor._case import Case, Patient

CASES: list[Case] = []
sick = o.collector(CASES)


@sick("no-zero-grad", "a CNN with momentum in a step of its own")
def stale_cnn(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        images, labels = batch
        if not ill:
            optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    loader = o.pairs(g, *o.stripes(g))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


@sick("no-zero-grad", "accumulation that clears before the first group only")
def stale_accumulation(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model, seen = o.tiny_bert(), {"batches": 0}

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        if seen["batches"] == 0 or (not ill and seen["batches"] % 2 == 0):
            optimizer.zero_grad()
        loss = model(**batch).loss / 2
        loss.backward()
        seen["batches"] += 1
        if seen["batches"] % 2 == 0:
            optimizer.step()
        return loss

    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, o.texts(g, size=8), None, optimizer, {"train_step": train_step})


@sick("zero-grad-after-backward", "a regression with Adagrad")
def wiped_regression(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(6, 32, 1, act=nn.Tanh)

    def train_step(net, batch, criterion, opt):
        net.train()
        x, y = batch
        opt.zero_grad()
        criterion(net(x), y).backward()
        if ill:
            opt.zero_grad()
        opt.step()

    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
    loader = o.pairs(g, *o.slopes(g))
    return Patient(model, loader, F.mse_loss, optimizer, {"train_step": train_step})


@sick("zero-grad-after-backward", "gradients set to zeros while AdamW still decays the weights")
def wiped_bert(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        if not ill:
            model.zero_grad(set_to_none=False)
        outputs = model(**batch)
        outputs.loss.backward()
        if ill:
            model.zero_grad(set_to_none=False)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return outputs.loss.item()

    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    return Patient(model, o.texts(g), None, optimizer, {"train_step": train_step})


@sick("no-optimizer-step", "a scaler that is updated but never steps")
def scaler_without_step(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model, scaler = o.Reader(dropout=0.1), torch.amp.GradScaler("cpu", enabled=False)

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad(set_to_none=True)
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(**inputs)
        loss = loss_fn(logits.float(), batch["labels"])
        scaler.scale(loss).backward()
        if not ill:
            scaler.step(optimizer)
        scaler.update()
        return float(loss.detach())

    optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
    loader = o.texts(g)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


@sick("no-optimizer-step", "accumulation whose condition is never met")
def never_the_fourth(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model, group = o.mlp(10, 48, 5), 4
    counter = iter(range(10**9))

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        x, y = batch
        (loss_fn(model(x), y) / group).backward()
        if (next(counter) + 1) % group == (group if ill else 0):
            optimizer.step()
            optimizer.zero_grad()

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    loader = o.pairs(g, *o.tags(g), size=8)
    options = {"train_step": train_step}
    return Patient(model, loader, nn.BCEWithLogitsLoss(), optimizer, options)


@sick("train-in-eval-mode", "BatchNorm and dropout, eval() left over from a check")
def eval_left_over(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.cnn(norm=True).insert(7, nn.Dropout(0.2))

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        images, labels = batch
        if ill:
            model.eval()
            with torch.no_grad():
                model(images[:2])  # a look at some answers, each step
        optimizer.zero_grad()
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    optimizer = torch.optim.NAdam(model.parameters(), lr=3e-3)
    loader = o.pairs(g, *o.stripes(g))
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})


@sick("train-in-eval-mode", "a model that was loaded in eval mode and is never told")
def loaded_for_inference(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert(hidden_dropout_prob=0.2).eval()

    def train_step(model, batch, loss_fn, optimizer):
        if not ill:
            model.train()
        loss = model(**batch).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss.detach()}

    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return Patient(model, o.texts(g), None, optimizer, {"train_step": train_step})


@sick("eval-in-train-mode", "no_grad taken for eval")
def no_grad_is_not_eval(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = nn.Sequential(
        nn.Linear(12, 32), nn.BatchNorm1d(32), nn.GELU(), nn.Dropout(0.3), nn.Linear(32, 4)
    )

    def predict_fn(model, batch):
        if not ill:
            model.eval()
        with torch.no_grad():
            return model(batch[0]).argmax(dim=1)

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    x, y = o.points(g)
    options = {"predict_fn": predict_fn, "valid_loader": o.pairs(g, x[256:], y[256:])}
    return Patient(model, o.pairs(g, x[:256], y[:256]), F.cross_entropy, optimizer, options)


@sick("eval-in-train-mode", "only the backbone is set to eval")
def half_in_eval(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.Reader(dropout=0.5)

    def predict_fn(model, batch):
        model.train()
        (model.lstm if ill else model).eval()
        with torch.inference_mode():
            return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])

    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"predict_fn": predict_fn}
    return Patient(model, o.texts(g), nn.CrossEntropyLoss(), optimizer, options)


@sick("detached-loss", "a loss that is made of a number")
def loss_of_a_number(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.mlp(12, 32, 4)

    def loss_fn(logits, labels):
        loss = F.cross_entropy(logits, labels)
        return torch.tensor(loss.item(), requires_grad=True) if ill else loss

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, nesterov=True, momentum=0.9)
    return Patient(model, o.pairs(g, *o.points(g)), loss_fn, optimizer)


@sick("detached-loss", "outputs detached for a metric and used for the loss")
def detached_outputs(seed: int, ill: bool = True) -> Patient:
    g = o.start(seed)
    model = o.tiny_bert()

    def train_step(model, batch, loss_fn, optimizer):
        model.train()
        optimizer.zero_grad()
        logits = model(batch["input_ids"], batch["attention_mask"]).logits
        kept = logits.detach()
        loss = loss_fn(kept if ill else logits, batch["labels"])
        if ill:
            loss.requires_grad_()  # "element 0 of tensors does not require grad" went away
        loss.backward()
        optimizer.step()
        return loss.item(), (kept.argmax(1) == batch["labels"]).float().mean().item()

    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    loader = o.texts(g)
    return Patient(model, loader, nn.CrossEntropyLoss(), optimizer, {"train_step": train_step})
