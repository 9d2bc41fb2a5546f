"""What people really write for the exercises of notebook 05, right and wrong."""

import contextlib
import copy

import torch
from torch import nn

from course_lib import loop
from course_lib.exercises.nb05.accumulated_step import accumulated_step
from course_lib.exercises.nb05.fit import validate
from course_lib.exercises.nb05.train_epoch import train_epoch
from course_lib.exercises.nb05.train_step import train_step
from course_lib.loop import History
from tests.exercises.mutants import Right, Wrong

# 05.1


def on_a_copy(model, batch, loss_fn, optimizer):
    inputs = dict(batch)
    labels = inputs.pop("labels")
    optimizer.zero_grad()
    loss = loss_fn(model(**inputs), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def clearing_at_the_end(model, batch, loss_fn, optimizer):
    loss = loss_fn(
        model(**{k: v for k, v in batch.items() if k not in ("labels",)}), batch["labels"]
    )
    loss.backward()
    optimizer.step()
    model.zero_grad(set_to_none=False)
    return float(loss)


def in_training_mode(model, batch, loss_fn, optimizer):
    model.train()
    return on_a_copy(model, batch, loss_fn, optimizer)


def popping_and_putting_back(model, batch, loss_fn, optimizer):
    labels = batch.pop("labels")
    optimizer.zero_grad()
    loss = loss_fn(model(**batch), labels)
    loss.backward()
    optimizer.step()
    batch["labels"] = labels
    return loss.detach().item()


def never_clearing(model, batch, loss_fn, optimizer):
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def _inputs(batch):
    return {name: value for name, value in batch.items() if name != "labels"}


def clearing_in_between(model, batch, loss_fn, optimizer):
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def clearing_to_zero_in_between(model, batch, loss_fn, optimizer):
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    loss.backward()
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    return loss.item()


def without_step(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    loss.backward()
    return loss.item()


def without_backward(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    optimizer.step()
    return loss.item()


def returning_the_tensor(model, batch, loss_fn, optimizer):
    on_a_copy_loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    optimizer.zero_grad()
    on_a_copy_loss.backward()
    optimizer.step()
    return on_a_copy_loss


def returning_nothing(model, batch, loss_fn, optimizer):
    train_step(model, batch, loss_fn, optimizer)


def returning_the_loss_after(model, batch, loss_fn, optimizer):
    train_step(model, batch, loss_fn, optimizer)
    return loss_fn(model(**_inputs(batch)), batch["labels"]).item()


def popping(model, batch, loss_fn, optimizer):
    labels = batch.pop("labels")
    optimizer.zero_grad()
    loss = loss_fn(model(**batch), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def passing_the_labels(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**batch), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def by_position(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(next(iter(batch.values()))), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def pixels_only(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(batch["x"]), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def detaching(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = torch.tensor(loss_fn(model(**_inputs(batch)), batch["labels"]).item())
    loss.backward()
    optimizer.step()
    return loss.item()


def under_no_grad(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    with torch.no_grad():
        loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def labels_first(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(batch["labels"], model(**_inputs(batch)))
    loss.backward()
    optimizer.step()
    return loss.item()


def own_loss(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(**_inputs(batch)), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def two_steps(model, batch, loss_fn, optimizer):
    train_step(model, batch, loss_fn, optimizer)
    return train_step(model, batch, loss_fn, optimizer)


def up_the_hill(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    (-loss).backward()
    optimizer.step()
    return loss.item()


def twice_the_gradient(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    loss.backward(retain_graph=True)
    loss.backward()
    optimizer.step()
    return loss.item()


def naming_the_input(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(pixel_values=batch["pixel_values"]), batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def running_twice(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss_fn(model(**_inputs(batch)), batch["labels"]).backward()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    optimizer.step()
    return loss.item()


def backward_of_the_number(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"]).item()
    loss.backward()
    optimizer.step()
    return loss


def keeping_what_backward_gives(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"]).backward()
    optimizer.step()
    return loss.item()


def backward_of_the_logits(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    logits = model(**_inputs(batch))
    loss = loss_fn(logits, batch["labels"])
    logits.backward()
    optimizer.step()
    return loss.item()


def stepping_too_early(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"])
    optimizer.step()
    loss.backward()
    return loss.item()


def in_evaluation_mode(model, batch, loss_fn, optimizer):
    model.eval()
    return train_step(model, batch, loss_fn, optimizer)


def averaging_again(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"]) / len(batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def summing_again(model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    loss = loss_fn(model(**_inputs(batch)), batch["labels"]) * len(batch["labels"])
    loss.backward()
    optimizer.step()
    return loss.item()


def by_a_closure(model, batch, loss_fn, optimizer):
    def loss_and_gradient():
        optimizer.zero_grad()
        loss = loss_fn(model(**_inputs(batch)), batch["labels"])
        loss.backward()
        return loss

    return optimizer.step(loss_and_gradient).item()


def own_optimizer(model, batch, loss_fn, optimizer):
    return train_step(model, batch, loss_fn, torch.optim.SGD(model.parameters(), lr=0.5))


# 05.2


def popping_in_the_epoch(model, loader, loss_fn, optimizer):
    model.train()
    return sum(popping(model, batch, loss_fn, optimizer) for batch in loader) / 3


def counting(model, loader, loss_fn, optimizer):
    model.train()
    total, count = 0.0, 0
    for batch in loader:
        total += train_step(model, batch, loss_fn, optimizer)
        count += 1
    return total / count


def mode_in_the_loop(model, loader, loss_fn, optimizer):
    losses = []
    for batch in loader:
        model.train(True)
        losses.append(train_step(model, batch, loss_fn, optimizer))
    return torch.tensor(losses, dtype=torch.float64).mean().item()


def without_mode(model, loader, loss_fn, optimizer):
    losses = [train_step(model, batch, loss_fn, optimizer) for batch in loader]
    return sum(losses) / len(losses)


def in_eval_mode(model, loader, loss_fn, optimizer):
    model.eval()
    return without_mode(model, loader, loss_fn, optimizer)


def return_in_the_loop(model, loader, loss_fn, optimizer):
    model.train()
    losses = []
    for batch in loader:
        losses.append(train_step(model, batch, loss_fn, optimizer))
        return sum(losses) / len(losses)
    return None


def summed(model, loader, loss_fn, optimizer):
    model.train()
    return sum(train_step(model, batch, loss_fn, optimizer) for batch in loader)


def last_loss(model, loader, loss_fn, optimizer):
    model.train()
    for batch in loader:
        loss = train_step(model, batch, loss_fn, optimizer)
    return loss


def all_losses(model, loader, loss_fn, optimizer):
    model.train()
    return [train_step(model, batch, loss_fn, optimizer) for batch in loader]


def by_len(model, loader, loss_fn, optimizer):
    model.train()
    total = 0
    for batch in loader:
        total += train_step(model, batch, loss_fn, optimizer)
    return total / len(loader)


def without_step_at_all(model, loader, loss_fn, optimizer):
    model.train()
    losses = [loss_fn(model(**_inputs(batch)), batch["labels"]).item() for batch in loader]
    return sum(losses) / len(losses)


def one_batch(model, loader, loss_fn, optimizer):
    model.train()
    return train_step(model, next(iter(loader)), loss_fn, optimizer)


def running_mean(model, loader, loss_fn, optimizer):
    model.train()
    mean = 0.0
    for count, batch in enumerate(loader, start=1):
        mean += (train_step(model, batch, loss_fn, optimizer) - mean) / count
    return mean


def a_tensor_mean(model, loader, loss_fn, optimizer):
    return torch.tensor(all_losses(model, loader, loss_fn, optimizer)).mean()


def weighted_by_examples(model, loader, loss_fn, optimizer):
    model.train()
    total = count = 0
    for batch in loader:
        B = len(batch["labels"])
        total += train_step(model, batch, loss_fn, optimizer) * B
        count += B
    return total / count


def last_over_the_count(model, loader, loss_fn, optimizer):
    model.train()
    for count, batch in enumerate(loader, start=1):
        mean = train_step(model, batch, loss_fn, optimizer) / count
    return mean


def each_batch_twice(model, loader, loss_fn, optimizer):
    all_losses(model, list(loader), loss_fn, optimizer)
    return without_mode(model, list(loader), loss_fn, optimizer)


def batch_before_model(model, loader, loss_fn, optimizer):
    model.train()
    return sum(train_step(batch, model, loss_fn, optimizer) for batch in loader) / 3


def the_whole_loader(model, loader, loss_fn, optimizer):
    model.train()
    return train_step(model, loader, loss_fn, optimizer)


# 05.3


def with_the_library(model, batches, loss_fn, optimizer):
    return loop.train_step(model, list(batches), loss_fn, optimizer)


def weighting_the_gradient(model, batches, loss_fn, optimizer):
    count = sum(map(len, (batch["labels"] for batch in batches)))
    optimizer.zero_grad(set_to_none=False)
    losses = []
    for batch in batches:
        share = len(batch["labels"]) / count
        loss = loss_fn(model(**_inputs(batch)), batch["labels"])
        loss.backward(gradient=torch.tensor(share))
        losses.append(share * loss.item())
    optimizer.step()
    return sum(losses)


def dividing_the_gradients_at_last(model, batches, loss_fn, optimizer):
    optimizer.zero_grad()
    total = count = 0
    for batch in batches:
        B = len(batch["labels"])
        loss = loss_fn(model(**_inputs(batch)), batch["labels"]) * B
        loss.backward()
        total, count = total + loss.item(), count + B
    for weight in model.parameters():
        weight.grad /= count
    optimizer.step()
    return total / count


def _accumulated(share, *, clear="before", step="after", back="inside"):
    """The mistakes of 05.3: share(batch, batches) weights a loss."""

    def attempt(model, batches, loss_fn, optimizer):
        if clear == "before":
            optimizer.zero_grad()
        total, losses = 0.0, []
        for batch in batches:
            if clear == "inside":
                optimizer.zero_grad()
            loss = loss_fn(model(**_inputs(batch)), batch["labels"]) * share(batch, batches)
            if back == "inside":
                loss.backward()
            losses.append(loss)
            total += loss.item()
            if step == "inside":
                optimizer.step()
        if back == "after":
            sum(losses).backward()
        if step == "after":
            optimizer.step()
        return total

    return attempt


def _share(batch, batches):
    return len(batch["labels"]) / sum(len(each["labels"]) for each in batches)


def _evenly(batch, batches):
    return 1 / len(batches)


def _not_at_all(batch, batches):
    return 1.0


def mean_of_means(model, batches, loss_fn, optimizer):
    total = _accumulated(_share)(model, batches, loss_fn, optimizer)
    del total
    fresh = copy.deepcopy(model)
    with torch.no_grad():
        fresh.w.fill_(1.0)
        losses = [loss_fn(fresh(**_inputs(b)), b["labels"]).item() for b in batches]
    return sum(losses) / len(losses)


def last_loss_only(model, batches, loss_fn, optimizer):
    optimizer.zero_grad()
    for batch in batches:
        loss = loss_fn(model(**_inputs(batch)), batch["labels"]) * _share(batch, batches)
        loss.backward()
    optimizer.step()
    return loss.item()


def tensor_total(model, batches, loss_fn, optimizer):
    optimizer.zero_grad()
    total = 0.0
    for batch in batches:
        loss = loss_fn(model(**_inputs(batch)), batch["labels"]) * _share(batch, batches)
        loss.backward()
        total = total + loss
    optimizer.step()
    return total


def same_loss_twice(model, batches, loss_fn, optimizer):
    optimizer.zero_grad()
    total = 0.0
    for batch in batches:
        total = total + loss_fn(model(**_inputs(batch)), batch["labels"]) * _share(batch, batches)
        total.backward()
    optimizer.step()
    return total.item()


def dividing_only_the_loss(model, batches, loss_fn, optimizer):
    count, total = sum(len(batch["labels"]) for batch in batches), 0.0
    optimizer.zero_grad()
    for batch in batches:
        loss = loss_fn(model(**_inputs(batch)), batch["labels"]) * len(batch["labels"])
        loss.backward()
        total += loss.item()
    optimizer.step()
    return total / count


def _of_the_batches(batch, batches):
    return len(batch["labels"]) / len(batches)


def by_tensors(batch, batches):
    return len(batch) / sum(map(len, batches))


def retaining(model, batches, loss_fn, optimizer):
    optimizer.zero_grad()
    total = 0.0
    for batch in batches:
        total = total + loss_fn(model(**_inputs(batch)), batch["labels"]) * _share(batch, batches)
        total.backward(retain_graph=True)
    optimizer.step()
    return total.item()


def clearing_before_the_step(model, batches, loss_fn, optimizer):
    for batch in batches:
        (loss_fn(model(**_inputs(batch)), batch["labels"]) * _share(batch, batches)).backward()
    optimizer.zero_grad()
    optimizer.step()


def popping_each(model, batches, loss_fn, optimizer):
    batches = [(batch.pop("labels"), batch) for batch in batches]
    return accumulated_step(
        model, [{"labels": labels, **batch} for labels, batch in batches], loss_fn, optimizer
    )


# 05.4


def without_flattening(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.cat(gradients).norm()
    for gradient in gradients:
        gradient *= min(1.0, most / norm)
    return norm.item()


def to_the_norm_1(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm > most:
        for gradient in gradients:
            gradient /= norm
    return norm.item()


def returning_where_it_clips(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm > most:
        for gradient in gradients:
            gradient *= most / norm
        return norm.item()
    return None


def whole_norm(parameters, most):
    return int(with_vectors(list(parameters), most))


def with_pytorchs(parameters, most):
    found = [p for p in parameters if p.grad is not None]
    norm = torch.nn.utils.get_total_norm([p.grad for p in found])
    torch.nn.utils.clip_grads_with_norm_(found, most, norm)
    return norm


def with_vectors(parameters, most):
    kept = [p for p in parameters if p.grad is not None]
    norm = torch.cat([p.grad.flatten() for p in kept]).norm().item()
    scale = min(1.0, most / (norm + 1e-6))
    for p in kept:
        p.grad = p.grad * scale
    return norm


def each_by_itself(parameters, most):
    for p in parameters:
        if p.grad is not None and p.grad.norm() > most:
            p.grad *= most / p.grad.norm()
    return 5.0


def by_value(parameters, most):
    for p in parameters:
        if p.grad is not None:
            p.grad.clamp_(-most, most)
    return 5.0


def always_to_the_norm(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    for gradient in gradients:
        gradient *= most / norm
    return norm.item()


def norms_added(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum(gradient.norm() for gradient in gradients)
    for gradient in gradients:
        if norm > most:
            gradient *= most / norm
    return norm.item()


def without_root(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum((gradient**2).sum() for gradient in gradients)
    for gradient in gradients:
        if norm > most:
            gradient *= most / norm
    return norm.item()


def not_in_place(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    if norm > most:
        gradients = [gradient * most / norm for gradient in gradients]
    return norm.item()


def norm_after(parameters, most):
    kept = [p for p in parameters if p.grad is not None]
    with_vectors(kept, most)
    return torch.cat([p.grad.flatten() for p in kept]).norm().item()


def through_none(parameters, most):
    parameters = list(parameters)
    norm = sum((p.grad**2).sum() for p in parameters) ** 0.5
    if norm > most:
        for p in parameters:
            p.grad *= most / norm
    return norm.item()


def twice_through(parameters, most):
    norm = sum((p.grad**2).sum() for p in parameters if p.grad is not None) ** 0.5
    if norm > most:
        for p in parameters:
            if p.grad is not None:
                p.grad *= most / norm
    return float(norm)


def dividing_always(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
    for gradient in gradients:
        gradient *= torch.minimum(norm, torch.tensor(most)) / norm
    return norm.item()


def norm_of_norms(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
    if most / norm < 1:
        for gradient in gradients:
            gradient.mul_(most / norm)
    return norm


def by_the_largest(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = max(gradient.norm() for gradient in gradients)
    for gradient in gradients:
        gradient *= min(1.0, most / norm)
    return norm.item()


def turned_round(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm > most:
        for gradient in gradients:
            gradient *= norm / most
    return norm.item()


def assigning_to_the_name(parameters, most):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm > most:
        for gradient in gradients:
            gradient = gradient * most / norm
    return norm.item()


def truth_of_a_gradient(parameters, most):
    gradients = [p.grad for p in parameters if p.grad]
    return sum((gradient**2).sum() for gradient in gradients) ** 0.5


def a_tensor_of_tensors(parameters, most):
    return torch.tensor([p.grad for p in parameters if p.grad is not None]).norm().item()


def returning_the_factor(parameters, most):
    return most / with_vectors(list(parameters), most)


# 05.5


def as_a_minimum(step, warm_up, total):
    up = (step + 1) / max(1, warm_up)
    return max(0.0, min(1.0, up, (total - step) / (total - warm_up)))


def in_three_cases(step, warm_up, total):
    if step >= total:
        return 0
    if step >= warm_up:
        return 1 - (step - warm_up) / (total - warm_up)
    return (1 + step) / warm_up


def from_zero(step, warm_up, total):
    if step < warm_up:
        return step / warm_up
    return max(0.0, (total - step) / (total - warm_up))


def of_all(step, warm_up, total):
    if step < warm_up:
        return (step + 1) / warm_up
    return max(0.0, (total - step) / total)


def below_zero(step, warm_up, total):
    if step < warm_up:
        return (step + 1) / warm_up
    return (total - step) / (total - warm_up)


def dividing_by_nothing(step, warm_up, total):
    return max(0.0, min((step + 1) / warm_up, (total - step) / (total - warm_up)))


def rising_again(step, warm_up, total):
    if step < warm_up:
        return (step + 1) / warm_up
    return (step - warm_up) / (total - warm_up)


def only_down(step, warm_up, total):
    return max(0.0, (total - step) / (total - warm_up))


def too_early(step, warm_up, total):
    if step < warm_up:
        return (step + 1) / warm_up
    return max(0.0, (total - 1 - step) / (total - warm_up))


def of_the_example(step, warm_up, total):
    if warm_up == 0:
        return 1.0
    return (step + 1) / 4 if step < warm_up else max(0.0, (12 - step) / 8)


def one_too_long(step, warm_up, total):
    if step <= warm_up and warm_up:
        return (step + 1) / warm_up
    return max(0.0, (total - step) / (total - warm_up))


def _the_half(step, warm_up, total):
    return in_three_cases(step, warm_up, total) / 2


def whole_division(step, warm_up, total):
    if step < warm_up:
        return (step + 1) // warm_up
    return max(0, (total - step) // (total - warm_up))


def no_brackets_up(step, warm_up, total):
    return step + 1 / warm_up if step < warm_up else in_three_cases(step, warm_up, total)


def no_brackets_down(step, warm_up, total):
    return (step + 1) / warm_up if step < warm_up else total - step / (total - warm_up)


def minimum(step, warm_up, total):
    if step < warm_up:
        return (step + 1) / warm_up
    return min(0.0, (total - step) / (total - warm_up))


def down_over_all(step, warm_up, total):
    return (step + 1) / warm_up if step < warm_up else max(0.0, 1 - (step - warm_up) / total)


def up_at_the_end(step, warm_up, total):
    return 1.0 if step > total else in_three_cases(step, warm_up, total)


# 05.6


def going_on_after_ctrl_c(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    history = History()
    for epoch in range(epochs):
        try:
            train_loss = train_epoch(model, train_loader, loss_fn, optimizer)
            valid_loss = validate(model, valid_loader, loss_fn)
        except KeyboardInterrupt:
            continue
        row = {"epoch": epoch + 1, "train_loss": train_loss, "valid_loss": valid_loss}
        history.epochs.append(row)
        if scheduler:
            scheduler.step()
    return history


def a_row_too_early(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    history = History()
    try:
        for epoch in range(epochs):
            history.epochs.append({"epoch": epoch + 1})
            row = history.epochs[-1]
            row["train_loss"] = train_epoch(model, train_loader, loss_fn, optimizer)
            row["valid_loss"] = validate(model, valid_loader, loss_fn)
            if scheduler:
                scheduler.step()
    except KeyboardInterrupt:
        pass
    return history


def stepping_per_batch(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    def stepping(*arguments):
        loss = train_step(*arguments)
        if scheduler:
            scheduler.step()
        return loss

    def train(model, loader, loss_fn, optimizer):
        model.train()
        losses = [stepping(model, batch, loss_fn, optimizer) for batch in loader]
        return sum(losses) / len(losses)

    return _fit(train=train)(
        model, train_loader, loss_fn, optimizer, epochs=epochs, valid_loader=valid_loader
    )


def with_while(model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None):
    history, done = History(), 0
    while done < epochs:
        try:
            train_loss = train_epoch(model, train_loader, loss_fn, optimizer)
            valid_loss = validate(model, valid_loader, loss_fn)
        except KeyboardInterrupt:
            break
        done += 1
        history.epochs += [{"epoch": done, "train_loss": train_loss, "valid_loss": valid_loss}]
        if scheduler:
            scheduler.step()
    return history


def _fit(*, first="train", when="after", catch=KeyboardInterrupt, start=1, train=train_epoch):
    """The mistakes of 05.6."""

    def fit(model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None):
        history = History()
        try:
            for epoch in range(epochs):
                if scheduler is not None and when == "before":
                    optimizer.step()
                    scheduler.step()
                if first == "validate":
                    valid_loss = validate(model, valid_loader, loss_fn)
                train_loss = train(model, train_loader, loss_fn, optimizer)
                if first == "train":
                    valid_loss = validate(model, valid_loader, loss_fn)
                history.epochs.append(
                    {"epoch": epoch + start, "train_loss": train_loss, "valid_loss": valid_loss}
                )
                if scheduler is not None and when == "after":
                    scheduler.step()
        except catch:
            pass
        return history

    return fit


def _without_mode(model, loader, loss_fn, optimizer):
    losses = [train_step(model, batch, loss_fn, optimizer) for batch in loader]
    return sum(losses) / len(losses)


def returning_early(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    history = History()
    for epoch in range(epochs):
        train_loss = train_epoch(model, train_loader, loss_fn, optimizer)
        valid_loss = validate(model, valid_loader, loss_fn)
        history.epochs.append(
            {"epoch": epoch + 1, "train_loss": train_loss, "valid_loss": valid_loss}
        )
        return history
    return None


def a_list_of_rows(*arguments, **named):
    return _fit()(*arguments, **named).epochs


def training_on_validation(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    history = History()
    for epoch in range(epochs):
        train_loss = train_epoch(model, train_loader, loss_fn, optimizer)
        valid_loss = validate(model, valid_loader, loss_fn)
        train_epoch(model, valid_loader, loss_fn, optimizer)
        history.epochs.append(
            {"epoch": epoch + 1, "train_loss": train_loss, "valid_loss": valid_loss}
        )
    return history


def returning_in_try(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    history = History()
    try:
        for epoch in range(epochs):
            row = {"epoch": epoch + 1}
            row["train_loss"] = train_epoch(model, train_loader, loss_fn, optimizer)
            row["valid_loss"] = validate(model, valid_loader, loss_fn)
            history.epochs.append(row)
            if scheduler:
                scheduler.step()
        return history
    except KeyboardInterrupt:
        print("interrupted")


def _rows(*, keep=None, valid="valid", unasked=False, told=False):
    """More mistakes of 05.6: one dict for all rows, another loader, a scheduler used wrongly."""

    def fit(model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None):
        history = History()
        asked = valid_loader if valid == "valid" else train_loader
        with contextlib.suppress(KeyboardInterrupt):
            for epoch in range(epochs):
                row = {} if keep is None else keep
                row["epoch"] = epoch + 1
                row["train_loss"] = train_epoch(model, train_loader, loss_fn, optimizer)
                row["valid_loss"] = validate(model, asked, loss_fn)
                history.epochs.append(row)
                if unasked or scheduler:
                    scheduler.step(*([row["valid_loss"]] if told else []))
        return history

    return fit


def appending_to_the_history(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    History().append({"epoch": 1})


def without_brackets(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    History.epochs.append({"epoch": 1})


def a_new_history_each_time(
    model, train_loader, loss_fn, optimizer, *, epochs, valid_loader, scheduler=None
):
    for epoch in range(epochs):
        history = History()
        row = {"epoch": epoch + 1}
        row["train_loss"] = train_epoch(model, train_loader, loss_fn, optimizer)
        row["valid_loss"] = validate(model, valid_loader, loss_fn)
        history.epochs.append(row)
    return history


RIGHT = (
    Right("05.1", "on a copy", on_a_copy),
    Right("05.1", "clearing at the end", clearing_at_the_end),
    Right("05.1", "with train()", in_training_mode),
    Right("05.1", "popping and putting back", popping_and_putting_back),
    Right("05.1", "by a closure", by_a_closure),
    Right("05.2", "counting", counting),
    Right("05.2", "a running mean", running_mean),
    Right("05.2", "mode in the loop", mode_in_the_loop),
    Right("05.3", "the library's", with_the_library),
    Right("05.3", "weighting the gradient", weighting_the_gradient),
    Right("05.3", "dividing at last", dividing_the_gradients_at_last),
    Right("05.4", "PyTorch's", with_pytorchs),
    Right("05.4", "with vectors", with_vectors),
    Right("05.4", "a norm of norms", norm_of_norms),
    Right("05.5", "as a minimum", as_a_minimum),
    Right("05.5", "three cases", in_three_cases),
    Right("05.6", "with while", with_while),
)
WRONG = (
    Wrong("05.1", "never clearing", never_clearing, "the sum of both"),
    Wrong("05.1", "clearing in between", clearing_in_between, "there is no gradient"),
    Wrong("05.1", "clearing to 0 in between", clearing_to_zero_in_between, "wiped"),
    Wrong("05.1", "no step", without_step, "optimizer.step() moves"),
    Wrong("05.1", "no backward", without_backward, "backward() computes it"),
    Wrong("05.1", "a tensor", returning_the_tensor, "loss.item()"),
    Wrong("05.1", "nothing", returning_nothing, "return"),
    Wrong("05.1", "the loss after", returning_the_loss_after, "after the step"),
    Wrong("05.1", "popping", popping, "pop()"),
    Wrong("05.1", "passing the labels", passing_the_labels, 'leave "labels" out'),
    Wrong("05.1", "by position", by_position, "model(**inputs)"),
    Wrong("05.1", "one fixed input", pixels_only, "model(**inputs)"),
    Wrong("05.1", "detaching", detaching, "is cut"),
    Wrong("05.1", "no_grad", under_no_grad, "is cut"),
    Wrong("05.1", "labels first", labels_first, "loss_fn(logits, labels)"),
    Wrong("05.1", "a loss of its own", own_loss, "loss_fn that is passed"),
    Wrong("05.1", "two steps", two_steps, "One call, one step"),
    Wrong("05.1", "up the hill", up_the_hill, "up the hill"),
    Wrong("05.1", "backward twice", twice_the_gradient, "called twice"),
    Wrong("05.1", "a name of one model", naming_the_input, "model(**inputs)"),
    Wrong("05.1", "two forward passes", running_twice, "run the model once"),
    Wrong("05.1", "own optimizer", own_optimizer, "optimizer that is passed"),
    Wrong("05.1", "a number's backward", backward_of_the_number, "while it is a tensor"),
    Wrong("05.1", "what backward gives", keeping_what_backward_gives, "gives nothing back"),
    Wrong("05.1", "the logits' backward", backward_of_the_logits, "starts from the loss"),
    Wrong("05.1", "step too early", stepping_too_early, "after backward()"),
    Wrong("05.1", "evaluation mode", in_evaluation_mode, "for validation"),
    Wrong("05.1", "averaging again", averaging_again, "already takes the mean"),
    Wrong("05.1", "summing again", summing_again, "multiplied by"),
    Wrong("05.2", "a tensor", a_tensor_mean, "A tensor came back"),
    Wrong("05.2", "by examples", weighted_by_examples, "every step counts alike"),
    Wrong("05.2", "last over the count", last_over_the_count, "last loss over"),
    Wrong("05.2", "each batch twice", each_batch_twice, "used twice"),
    Wrong("05.2", "batch before model", batch_before_model, "in this order"),
    Wrong("05.2", "the whole loader", the_whole_loader, "a whole batch"),
    Wrong("05.3", "only the loss", dividing_only_the_loss, "before backward(), not after"),
    Wrong("05.3", "by batches", _accumulated(_of_the_batches), "that of all examples"),
    Wrong("05.3", "len(batch)", _accumulated(by_tensors), "counts tensors"),
    Wrong("05.3", "a growing sum", retaining, "part of a sum"),
    Wrong("05.3", "clearing before the step", clearing_before_the_step, "no zero_grad() between"),
    Wrong("05.4", "the largest", by_the_largest, "the larger norm"),
    Wrong("05.4", "turned round", turned_round, "not norm / most"),
    Wrong("05.4", "a new tensor", assigning_to_the_name, "makes a new tensor"),
    Wrong("05.4", "if p.grad", truth_of_a_gradient, "is not None"),
    Wrong("05.4", "torch.tensor", a_tensor_of_tensors, "flatten() each"),
    Wrong("05.4", "the factor", returning_the_factor, "This is the factor"),
    Wrong("05.5", "a rate", _the_half, "share of the peak"),
    Wrong("05.5", "//", whole_division, "// in place of /"),
    Wrong("05.5", "no brackets up", no_brackets_up, "Brackets are missing"),
    Wrong("05.5", "no brackets down", no_brackets_down, "Brackets are missing"),
    Wrong("05.5", "min", minimum, "min(0.0, ...) does not"),
    Wrong("05.5", "down over all", down_over_all, "leave out the warm-up"),
    Wrong("05.5", "up at the end", up_at_the_end, "stays at 0"),
    Wrong("05.6", "return in try", returning_in_try, "below the try"),
    Wrong("05.6", "one dict", _rows(keep={}), "one dict"),
    Wrong("05.6", "training as validation", _rows(valid="train"), "that of the training loader"),
    Wrong("05.6", "scheduler unasked", _rows(unasked=True), "ask before you step"),
    Wrong("05.6", "scheduler told", _rows(told=True), "without an argument"),
    Wrong("05.6", "history.append", appending_to_the_history, "history.epochs.append"),
    Wrong("05.6", "History without brackets", without_brackets, "History()"),
    Wrong("05.6", "history in the loop", a_new_history_each_time, "inside the loop"),
    Wrong("05.2", "popping", popping_in_the_epoch, "pop()"),
    Wrong("05.3", "popping", popping_each, "pop()"),
    Wrong("05.4", "without flattening", without_flattening, "flatten() each"),
    Wrong("05.4", "to the norm 1", to_the_norm_1, "most / norm"),
    Wrong("05.4", "returning where it clips", returning_where_it_clips, "return"),
    Wrong("05.4", "whole norm", whole_norm, "what the norm was"),
    Wrong("05.5", "the example's numbers", of_the_example, "With warm_up = 2"),
    Wrong("05.5", "one step too long", one_too_long, "step < warm_up"),
    Wrong("05.6", "going on after Ctrl-C", going_on_after_ctrl_c, "try has to stand around"),
    Wrong("05.6", "a row too early", a_row_too_early, "half epoch"),
    Wrong("05.6", "scheduler per batch", stepping_per_batch, "counts epochs"),
    Wrong("05.2", "no train()", without_mode, "model.train()"),
    Wrong("05.2", "eval()", in_eval_mode, "model.train()"),
    Wrong("05.2", "return in the loop", return_in_the_loop, "return stand inside"),
    Wrong("05.2", "sum", summed, "sum of the losses"),
    Wrong("05.2", "last loss", last_loss, "one batch alone"),
    Wrong("05.2", "all losses", all_losses, "Return their mean"),
    Wrong("05.2", "len(loader)", by_len, "count the batches"),
    Wrong("05.2", "no step", without_step_at_all, "No batch was used"),
    Wrong("05.2", "one batch", one_batch, "Only the first batch"),
    Wrong("05.3", "evenly", _accumulated(_evenly), "count alike"),
    Wrong("05.3", "summed", _accumulated(_not_at_all), "too long"),
    Wrong("05.3", "clearing inside", _accumulated(_share, clear="inside"), "Only the last batch"),
    Wrong("05.3", "never clearing", _accumulated(_share, clear="never"), "before the loop"),
    Wrong("05.3", "stepping inside", _accumulated(_share, step="inside"), "after each batch"),
    Wrong("05.3", "no step", _accumulated(_share, step="never"), "has not moved"),
    Wrong("05.3", "backward at the end", _accumulated(_share, back="after"), "in the loop"),
    Wrong("05.3", "mean of means", mean_of_means, "two batches' means"),
    Wrong("05.3", "last loss", last_loss_only, "the last batch, weighted"),
    Wrong("05.3", "a tensor", tensor_total, "loss.item()"),
    Wrong("05.3", "one loss, backward twice", same_loss_twice, "its own loss"),
    Wrong("05.4", "each by itself", each_by_itself, "direction changed"),
    Wrong("05.4", "by value", by_value, "direction changed"),
    Wrong("05.4", "always", always_to_the_norm, "made longer"),
    Wrong("05.4", "norms added", norms_added, "squares of all numbers"),
    Wrong("05.4", "no root", without_root, "square root"),
    Wrong("05.4", "not in place", not_in_place, "in place"),
    Wrong("05.4", "the norm after", norm_after, "from before"),
    Wrong("05.4", "through None", through_none, "Skip it"),
    Wrong("05.4", "twice through", twice_through, "used the generator up"),
    Wrong("05.4", "0 / 0", dividing_always, "0 / 0"),
    Wrong("05.5", "from 0", from_zero, "the rate 0"),
    Wrong("05.5", "of all steps", of_all, "leave out the warm-up"),
    Wrong("05.5", "below 0", below_zero, "A negative rate climbs"),
    Wrong("05.5", "0 in the divisor", dividing_by_nothing, "nothing to divide by"),
    Wrong("05.5", "rising again", rising_again, "Left are total - step"),
    Wrong("05.5", "only down", only_down, "way down"),
    Wrong("05.5", "too early", too_early, "too early"),
    Wrong("05.6", "validating first", _fit(first="validate"), "before training"),
    Wrong("05.6", "catching nothing", _fit(catch=()), "raises KeyboardInterrupt"),
    Wrong("05.6", "catching all", _fit(catch=BaseException), "hides mistakes"),
    Wrong("05.6", "epochs from 0", _fit(start=0), "count from 1"),
    Wrong("05.6", "no scheduler", _fit(when="never"), "call scheduler.step()"),
    Wrong("05.6", "scheduler first", _fit(when="before"), "not before"),
    Wrong("05.6", "evaluation mode", _fit(train=_without_mode), "mode"),
    Wrong("05.6", "return in the loop", returning_early, "inside the loop"),
    Wrong("05.6", "a list", a_list_of_rows, "History()"),
    Wrong("05.6", "training on validation", training_on_validation, "training loader only"),
)
