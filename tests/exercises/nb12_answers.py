"""What people really write for the exercises of notebook 12, right and wrong."""

import contextlib
import copy
import math
from collections import Counter

import numpy as np
import torch
import torch.nn.functional as F

from course_lib import loop
from course_lib.loop import evaluating
from tests.exercises.mutants import Right, Wrong

# 12.1


def with_cross_entropy(labels, classes):
    uniform = torch.zeros(len(labels), classes)
    shares = torch.tensor([(labels == label).float().mean() for label in range(classes)])
    known = shares.log().expand(len(labels), classes)
    return F.cross_entropy(uniform, labels).item(), F.cross_entropy(known, labels).item()


def with_a_counter(labels, classes):
    loss = 0.0
    for count in Counter(labels.tolist()).values():
        loss -= count / len(labels) * math.log(count / len(labels))
    return [-math.log(1 / classes), loss]


def with_a_distribution(labels, classes):
    counts = torch.bincount(labels, minlength=classes).float()
    entropy = torch.distributions.Categorical(probs=counts / counts.sum()).entropy()
    return math.log(classes), float(entropy)


def with_xlogy(labels, classes):
    shares = F.one_hot(labels, classes).float().mean(dim=0)
    return math.log(classes), -torch.special.xlogy(shares, shares).sum().item()


def of_seen(labels, classes):
    shares = labels.bincount(minlength=classes) / len(labels)
    return shares[shares > 0]


def entropy_of(shares):
    return -(shares * shares.log()).sum().item()


def _guessing(first=lambda n, c: math.log(c), second=entropy_of, shares=of_seen, back=tuple):
    """loss_of_guessing, with one thing done otherwise."""

    def attempt(labels, classes):
        return back((first(labels, classes), second(shares(labels, classes))))

    return attempt


def with_zeros(labels, classes):
    return labels.bincount(minlength=classes) / len(labels)


def counts_of(labels, classes):
    return labels.bincount(minlength=classes).clamp(min=1)


def plus_one(labels, classes):
    counts = labels.bincount(minlength=classes) + 1
    return counts / counts.sum()


def with_math_log(labels, classes):
    shares = [labels.tolist().count(label) / len(labels) for label in range(classes)]
    return math.log(classes), -sum(share * math.log(share) for share in shares)


def with_inverse_shares(labels, classes):
    counts = labels.bincount(minlength=classes).tolist()
    return math.log(classes), sum(n / len(labels) * math.log(len(labels) / n) for n in counts)


def shares_as_logits(labels, classes):
    shares = with_zeros(labels, classes).expand(len(labels), -1)
    return math.log(classes), F.cross_entropy(shares, labels).item()


def summed_over_examples(labels, classes):
    shares = with_zeros(labels, classes)
    return math.log(classes), -shares[labels].log().sum().item()


def as_text(labels, classes):
    return tuple(f"{each:.2f}" for each in with_a_distribution(labels, classes))


def over_ln_c(labels, classes):
    first, second = with_a_distribution(labels, classes)
    return first, second / first


def logged_by_math(labels, classes):
    shares = of_seen(labels, classes)
    return math.log(classes), -(shares * math.log(shares)).sum().item()


def with_numpy(labels, classes):
    shares = np.bincount(labels.numpy(), minlength=classes) / len(labels)
    shares = shares[shares > 0]
    return float(np.log(classes)), float(-(shares * np.log(shares)).sum())


def log_of_the_mean(labels, classes):
    return math.log(classes), -with_zeros(labels, classes)[labels].mean().log().item()


def saved(labels, classes):
    first, second = with_a_distribution(labels, classes)
    return first, first - second


# 12.2


def overfit_by_train_step(model, batch, loss_fn, optimizer, steps=60):
    model.train()
    return [loop.train_step(model, batch, loss_fn, optimizer) for _ in range(steps)]


def overfit_and_back(model, batch, loss_fn, optimizer, steps=60):
    was = model.training
    model.train(True)
    inputs = {name: value for name, value in batch.items() if name != "labels"}
    losses, left = [], steps
    while left > 0:
        loss = loss_fn(model(**inputs), batch["labels"])
        losses.append(float(loss.detach()))
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        left -= 1
    model.train(was)
    return losses


def overfit_clearing_last(model, batch, loss_fn, optimizer, steps=60):
    model.train()
    optimizer.zero_grad()
    losses = ()
    for _ in range(steps):
        loss = loss_fn(model(**{n: batch[n] for n in batch.keys() - {"labels"}}), batch["labels"])
        loss.backward()
        losses += (loss.item(),)
        optimizer.step()
        optimizer.zero_grad()
    return losses


def _overfit(
    mode=lambda model: model.train(),
    clear=lambda optimizer: optimizer.zero_grad(),
    between=lambda optimizer: None,
    backward=lambda loss: loss.backward(),
    step=lambda optimizer: optimizer.step(),
    note=lambda loss, again: loss.item(),
    back=lambda losses: losses,
    stop=lambda loss, done, steps: False,
    loss=lambda loss_fn, logits, labels: loss_fn(logits, labels),
    in_step=lambda model: None,
    most=None,
):
    """overfit_one_batch, with one thing done otherwise."""

    def attempt(model, batch, loss_fn, optimizer, steps=60):
        inputs = dict(batch)
        labels = inputs.pop("labels")
        mode(model)
        losses = []
        for done in range(steps if most is None else most):
            clear(optimizer)
            now = loss(loss_fn, model(**inputs), labels)
            backward(now)
            between(optimizer)
            step(optimizer)
            losses.append(note(now, lambda: loss_fn(model(**inputs), labels).item()))
            in_step(model)
            if stop(now.item(), done, steps):
                break
        return back(losses)

    return attempt


def popping(model, batch, loss_fn, optimizer, steps=60):
    model.train()
    losses = []
    for _ in range(steps):
        labels = batch.pop("labels")
        optimizer.zero_grad()
        loss = loss_fn(model(**batch), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def popping_once(model, batch, loss_fn, optimizer, steps=60):
    labels = batch.pop("labels")
    return _overfit()(model, batch | {"labels": labels}, loss_fn, optimizer, steps)


def with_the_labels(model, batch, loss_fn, optimizer, steps=60):
    model.train()
    return [loss_fn(model(**batch), batch["labels"]).item() for _ in range(steps)]


def always_x(model, batch, loss_fn, optimizer, steps=60):
    alone = {"x": batch["x"], "labels": batch["labels"]}
    return _overfit()(model, alone, loss_fn, optimizer, steps)


def a_copy_of_the_model(model, batch, loss_fn, optimizer, steps=60):
    model, optimizer = copy.deepcopy((model, optimizer))
    return _overfit()(model, batch, loss_fn, optimizer, steps)


def putting_the_weights_back(model, batch, loss_fn, optimizer, steps=60):
    before = copy.deepcopy(model.state_dict())
    losses = _overfit()(model, batch, loss_fn, optimizer, steps)
    model.load_state_dict(before)
    return losses


def stepping_first(model, batch, loss_fn, optimizer, steps=60):
    inputs = without_labels(batch)
    model.train()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(**inputs), batch["labels"])
        optimizer.step()
        loss.backward()
        losses.append(loss.item())
    return losses


def an_optimizer_of_its_own(model, batch, loss_fn, optimizer, steps=60):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return _overfit()(model, batch, loss_fn, optimizer, steps)


def one_forward_pass(model, batch, loss_fn, optimizer, steps=60):
    model.train()
    loss = loss_fn(model(**{n: t for n, t in batch.items() if n != "labels"}), batch["labels"])
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def attribute_alone(model):
    model.training = True


def lowest_so_far(losses):
    return [min(losses[: number + 1]) for number in range(len(losses))]


# 12.3


def _set_rates(optimizer, rates):
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate


@contextlib.contextmanager
def standing_still(optimizer):
    rates = [group["lr"] for group in optimizer.param_groups]
    _set_rates(optimizer, [0.0] * len(rates))
    try:
        yield
    finally:
        _set_rates(optimizer, rates)


def gradients_of(model):
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def on_a_copy(train_step, model, batch, loss_fn, optimizer):
    model, optimizer = copy.deepcopy((model, optimizer))
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    norms = []
    for _ in range(2):
        train_step(model, batch, loss_fn, optimizer)
        norms.append(sum(p.grad.norm().item() for p in model.parameters() if p.grad is not None))
    return abs(norms[1] - norms[0]) > 1e-6


def with_a_context(train_step, model, batch, loss_fn, optimizer):
    with standing_still(optimizer):
        train_step(model, batch, loss_fn, optimizer)
        first = gradients_of(model)
        train_step(model, batch, loss_fn, optimizer)
        second = gradients_of(model)
    return not all(torch.equal(first[name], second[name]) for name in first)


def _present(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def of_the_optimizer_s(train_step, model, batch, loss_fn, optimizer):
    optimizer.zero_grad()
    with standing_still(optimizer):
        train_step(model, batch, loss_fn, optimizer)
        first = [None if p.grad is None else 2 * p.grad for p in _present(optimizer)]
        train_step(model, batch, loss_fn, optimizer)
    for parameter, doubled in zip(_present(optimizer), first, strict=True):
        if doubled is None or not doubled.any():
            continue
        if torch.allclose(parameter.grad, doubled):
            return True
    return False


def differ(first, second):
    return any(not torch.allclose(first[name], second[name]) for name in first)


def stop_all(optimizer):
    _set_rates(optimizer, [0.0] * len(optimizer.param_groups))


def _carries(
    stop=stop_all,
    look=gradients_of,
    answer=differ,
    between=lambda model, optimizer: None,
    put_back=_set_rates,
    calls=2,
):
    """carries_over, with one thing done otherwise."""

    def attempt(train_step, model, batch, loss_fn, optimizer):
        rates = [group["lr"] for group in optimizer.param_groups]
        stop(optimizer)
        train_step(model, batch, loss_fn, optimizer)
        first = look(model)
        between(model, optimizer)
        if calls == 2:
            train_step(model, batch, loss_fn, optimizer)
        second = look(model)
        put_back(optimizer, rates)
        return answer(first, second)

    return attempt


def themselves(model):
    return {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def without_asking(model):
    return {n: p.grad.clone() for n, p in model.named_parameters()}


def the_first_one(model):
    return {n: p.grad.clone() for n, p in list(model.named_parameters())[:1] if p.grad is not None}


def the_head_s(model):
    found = gradients_of(model)
    return {n: g for n, g in found.items() if n.startswith("head")}


def twice(first, second):
    return bool(first) and all(torch.allclose(second[n], 2 * first[n]) for n in first)


def any_twice(first, second):
    pairs = [(first[n], second[n]) for n in first if first[n].any()]
    return any(torch.allclose(two, 2 * one) for one, two in pairs)


def all_differ(first, second):
    return bool(first) and all(not torch.allclose(first[n], second[n]) for n in first)


def as_a_tensor(first, second):
    return torch.tensor(differ(first, second))


def stop_the_first(optimizer):
    optimizer.param_groups[0]["lr"] = 0.0


def the_first_rate(optimizer, rates):
    _set_rates(optimizer, rates[:1] * len(rates))


def zeroing(model, optimizer):
    optimizer.zero_grad()


def by_losses(train_step, model, batch, loss_fn, optimizer):
    with standing_still(optimizer):
        first = train_step(model, batch, loss_fn, optimizer)
        return first != train_step(model, batch, loss_fn, optimizer)


def a_spy(train_step, model, batch, loss_fn, optimizer):
    called = []
    with standing_still(optimizer):
        optimizer.zero_grad = lambda *_, **__: called.append(1)
        train_step(model, batch, loss_fn, optimizer)
        del optimizer.zero_grad
    return not called


def with_a_hook(train_step, model, batch, loss_fn, optimizer):
    """Each gradient that backward() brings, against what is in .grad after it was added."""
    news, carried = {}, []

    def keep(parameter):
        return lambda gradient: news.update({parameter: gradient.clone()})

    def compare(parameter):
        carried.append(not torch.allclose(parameter.grad, news[parameter]))

    handles = []
    for parameter in model.parameters():
        if parameter.requires_grad:
            handles.append(parameter.register_hook(keep(parameter)))
            handles.append(parameter.register_post_accumulate_grad_hook(compare))
    with standing_still(optimizer):
        train_step(model, batch, loss_fn, optimizer)
        carried.clear()
        train_step(model, batch, loss_fn, optimizer)
    for handle in handles:
        handle.remove()
    return any(carried)


def norm_of(gradients):
    return sum(gradient.square().sum().item() for gradient in gradients.values()) ** 0.5


def norm_larger(first, second):
    return norm_of(second) > norm_of(first) + 1e-6


def norm_twice(first, second):
    return math.isclose(norm_of(second), 2 * norm_of(first), rel_tol=1e-4)


def how_many_differ(first, second):
    return sum(not torch.allclose(first[name], second[name]) for name in first)


def largest_difference(first, second):
    return max(((second[n] - first[n]).abs().max().item() for n in first), default=0.0)


def numpy_bool(first, second):
    return np.bool_(differ(first, second))


def ending_in(ending):
    def look(model):
        return {n: g for n, g in gradients_of(model).items() if n.endswith(ending)}

    return look


def weights_put_back(train_step, model, batch, loss_fn, optimizer):
    """At the rates as they are: from the same weights comes the same gradient, too."""
    before, kept = copy.deepcopy(model.state_dict()), []
    for _ in range(2):
        train_step(model, batch, loss_fn, optimizer)
        kept.append(gradients_of(model))
        model.load_state_dict(before)
    return differ(*kept)


def comparing_lists(first, second):
    return list(first.values()) != list(second.values())


def first_group(train_step, model, batch, loss_fn, optimizer):
    kept = []
    with standing_still(optimizer):
        for _ in range(2):
            train_step(model, batch, loss_fn, optimizer)
            present = optimizer.param_groups[0]["params"]
            kept.append([p.grad.clone() for p in present if p.grad is not None])
    return any(not torch.allclose(one, two) for one, two in zip(*kept, strict=True))


def and_a_step(train_step, model, batch, loss_fn, optimizer):
    other, its_optimizer = copy.deepcopy((model, optimizer))
    answer = with_a_context(train_step, other, batch, loss_fn, its_optimizer)
    train_step(model, batch, loss_fn, optimizer)
    return answer


# 12.4


def by_a_copy(train_step, model, batch, loss_fn, optimizer):
    old = copy.deepcopy(model)
    train_step(model, batch, loss_fn, optimizer)
    pairs = zip(model.named_parameters(), old.parameters(), strict=True)
    return [n for (n, p), q in pairs if p.requires_grad and not (p != q).any()]


def by_a_loop(train_step, model, batch, loss_fn, optimizer):
    before, found = copy.deepcopy(model.state_dict()), set()
    train_step(model, batch, loss_fn, optimizer)
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if (parameter == before[name]).all():
            found.add(name)
    return found


def by_lists(train_step, model, batch, loss_fn, optimizer):
    before = [p.tolist() for p in model.parameters()]
    train_step(model, batch, loss_fn, optimizer)
    return tuple(
        name
        for (name, p), old in zip(model.named_parameters(), before, strict=True)
        if p.requires_grad and p.tolist() == old
    )


def clones(model):
    return {n: p.detach().clone() for n, p in model.named_parameters()}


def references(model):
    return dict(model.named_parameters())


def detached(model):
    return {n: p.detach() for n, p in model.named_parameters()}


def shallow(model):
    return copy.copy(dict(model.named_parameters()))


def state_of(model):
    return model.state_dict()


def _left(
    picture=clones,
    same=torch.equal,
    takes=lambda parameter: parameter.requires_grad,
    now=lambda model: dict(model.named_parameters()),
    calls=1,
    back=list,
):
    """left_behind, with one thing done otherwise."""

    def attempt(train_step, model, batch, loss_fn, optimizer):
        before = picture(model)
        for _ in range(calls):
            train_step(model, batch, loss_fn, optimizer)
        return back(n for n, p in now(model).items() if takes(p) and same(p, before[n]))

    return attempt


def without_a_gradient(train_step, model, batch, loss_fn, optimizer):
    train_step(model, batch, loss_fn, optimizer)
    return [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]


def not_in_the_optimizer(train_step, model, batch, loss_fn, optimizer):
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    train_step(model, batch, loss_fn, optimizer)
    return [n for n, p in model.named_parameters() if p.requires_grad and id(p) not in held]


def by_if(train_step, model, batch, loss_fn, optimizer):
    before = clones(model)
    train_step(model, batch, loss_fn, optimizer)
    return [n for n, p in model.named_parameters() if p == before[n]]


def return_in_the_loop(train_step, model, batch, loss_fn, optimizer):
    before = clones(model)
    train_step(model, batch, loss_fn, optimizer)
    found = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and torch.equal(parameter, before[name]):
            found.append(name)
            return found
    return found


def with_all_of_the_state(train_step, model, batch, loss_fn, optimizer):
    frozen = {n for n, p in model.named_parameters() if not p.requires_grad}
    before = copy.deepcopy(model.state_dict())
    train_step(model, batch, loss_fn, optimizer)
    now = model.state_dict()
    return [n for n in now if n not in frozen and torch.equal(now[n], before[n])]


def training_a_copy(train_step, model, batch, loss_fn, optimizer):
    before = clones(model)
    train_step(copy.deepcopy(model), batch, loss_fn, optimizer)
    return [n for n, p in model.named_parameters() if torch.equal(p, before[n])]


def within(bound):
    return lambda a, b: bool(((a - b).abs() < bound).all())


def number(place):
    return lambda a, b: bool(a.reshape(-1)[place] == b.reshape(-1)[place])


def at_rate_0(train_step, model, batch, loss_fn, optimizer):
    with standing_still(optimizer):
        return _left()(train_step, model, batch, loss_fn, optimizer)


def weights_alone(train_step, model, batch, loss_fn, optimizer):
    names = _left()(train_step, model, batch, loss_fn, optimizer)
    return [name for name in names if name.endswith("weight")]


# 12.5


def by_index(model, batch):
    size = len(next(iter(batch.values())))
    order = torch.tensor([0] + [1] * (size - 1))
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    replaced = {name: tensor[order] for name, tensor in inputs.items()}
    with evaluating(model):
        return torch.max(torch.abs(model(**inputs)[0] - model(**replaced)[0])).item()


def in_place_of_a_clone(model, batch):
    inputs = dict(batch)
    inputs.pop("labels", None)
    others = {}
    for name, tensor in inputs.items():
        others[name] = tensor.clone()
        others[name][1:] = tensor[1]
    modes = {part: part.training for part in model.modules()}
    model.eval()
    with torch.no_grad():
        one = model(**inputs)
        two = model(**others)
    for part, mode in modes.items():
        part.training = mode
    return float((one[0] - two[0]).abs().max())


def by_stacking(model, batch):
    inputs = {n: t for n, t in batch.items() if n != "labels"}
    others = {n: torch.stack([t[0], *[t[1]] * (len(t) - 1)]) for n, t in inputs.items()}
    with evaluating(model):
        logits = [model(**given)[0].reshape(-1).tolist() for given in (inputs, others)]
    return max(abs(a - b) for a, b in zip(*logits, strict=True))


def copies_of_second(tensor):
    return torch.cat([tensor[:1], tensor[1:2].expand_as(tensor[1:])])


def without_labels(batch):
    return {n: t for n, t in batch.items() if n != "labels"}


@contextlib.contextmanager
def eval_and_train(model):
    model.eval()
    with torch.no_grad():
        yield
    model.train()


@contextlib.contextmanager
def staying_in_eval(model):
    model.eval()
    with torch.no_grad():
        yield


@contextlib.contextmanager
def modes_kept_with_a_graph(model):
    with evaluating(model), torch.inference_mode(False), torch.enable_grad():
        yield


@contextlib.contextmanager
def of_the_model_alone(model):
    was = model.training
    model.eval()
    with torch.no_grad():
        yield
    model.train(was)


def _company(
    replace=copies_of_second,
    around=evaluating,
    measure=lambda one, two: (two[0] - one[0]).abs().max().item(),
    inputs=without_labels,
    names=lambda name: True,
):
    """changes_in_company, with one thing done otherwise."""

    def attempt(model, batch):
        given = inputs(batch)
        others = {n: replace(t) if names(n) else t for n, t in given.items()}
        with around(model):
            return measure(model(**given), model(**others))

    return attempt


def turned(tensor):
    return torch.cat([tensor[:1], tensor[1:].flip(0)])


def popping_labels(model, batch):
    batch = dict(batch)
    batch.pop("labels")
    return _company()(model, batch)


def positional(model, batch):
    with evaluating(model):
        one, two = model(batch["x"]), model(copies_of_second(batch["x"]))
    return (one[0] - two[0]).abs().max().item()


def writing_into_the_batch(model, batch):
    with evaluating(model):
        one = model(**without_labels(batch))
        for tensor in batch.values():
            tensor[1:] = tensor[1].clone()
        two = model(**without_labels(batch))
    return (one[0] - two[0]).abs().max().item()


def on_a_copy_of_the_model(model, batch):
    model = copy.deepcopy(model).eval()
    inputs = without_labels(batch)
    with torch.no_grad():
        one, two = (model(**{n: f(t) for n, t in inputs.items()}) for f in (copies_of_second, id_))
    return (one[0] - two[0]).abs().max().item()


def id_(tensor):
    return tensor


def copies_of_third(tensor):
    return torch.cat([tensor[:1], tensor[2:3].expand_as(tensor[1:])])


def all_but_the_last(tensor):
    return torch.cat([copies_of_second(tensor)[:-1], tensor[-1:]])


def rounded_to(digits):
    return lambda a, b: round((a - b)[0].abs().max().item(), digits)


def answers_differ(one, two):
    return float((one[0].argmax() != two[0].argmax()).item())


def of_probabilities(one, two):
    return (one.softmax(dim=-1) - two.softmax(dim=-1))[0].abs().max().item()


# 12.6


def bounded(bound):
    return lambda a: (a.abs() < bound).all(dim=0).float().mean().item()


def is_close_to_0(activations):
    zeros = torch.zeros(())
    return torch.isclose(activations, zeros).all(dim=0).float().mean().item()


def by_any(activations):
    return 1 - activations.ne(0).any(dim=0).double().mean().item()


def by_columns(activations):
    dead = [not any(number != 0 for number in unit) for unit in activations.T.tolist()]
    return sum(dead) / len(dead)


def by_largest(activations):
    return (activations.abs().amax(dim=0) == 0).sum().item() / activations.shape[1]


# 12.7


def by_topk(features, labels, shuffles=20, generator=None):
    order = torch.cdist(features, features).fill_diagonal_(float("inf"))
    near = order.topk(1, largest=False).indices.squeeze(1)
    real = (labels[near] == labels).sum().item() / len(labels)
    best = 0.0
    for _ in range(shuffles):
        other = labels[torch.randperm(len(labels), generator=generator)]
        best = max(best, (other[near] == other).double().mean().item())
    return real, best


def by_pairs(features, labels, shuffles=20, generator=None):
    apart = ((features[:, None] - features[None]) ** 2).sum(dim=2)
    apart = apart + torch.eye(len(features)) * 1e9
    near = apart.argmin(dim=0)

    def share(given):
        return float((given[near] == given).float().mean())

    real, found = share(labels), []
    for _ in range(shuffles):
        labels = labels[torch.randperm(labels.numel(), generator=generator)]
        found.append(share(labels))
    return [real, max(found)]


def cdist_without_self(features):
    return torch.cdist(features, features).fill_diagonal_(torch.inf).argmin(dim=1)


def both(near, labels, order):
    return (labels[order][near] == labels[order]).float().mean().item()


def _beats(
    near=cdist_without_self,
    order=lambda n, generator: torch.randperm(n, generator=generator),
    share=both,
    best=max,
    back=lambda real, best: (real, best),
    shuffled=None,
):
    """beats_shuffled, with one thing done otherwise."""

    def attempt(features, labels, shuffles=20, generator=None):
        found, count = near(features), len(labels)
        real = share(found, labels, torch.arange(count))
        orders = [order(count, generator) for _ in range(shuffles)]
        return back(real, best([(shuffled or share)(found, labels, one) for one in orders]))

    return attempt


def manhattan(features):
    return torch.cdist(features, features, p=1).fill_diagonal_(torch.inf).argmin(dim=1)


def largest_product(features):
    return (features @ features.T).fill_diagonal_(-torch.inf).argmax(dim=1)


def by_angle(features):
    unit = F.normalize(features, dim=1)
    return (unit @ unit.T).fill_diagonal_(-torch.inf).argmax(dim=1)


def by_the_first(features):
    return cdist_without_self(features[:, :1])


def with_itself(features):
    return torch.cdist(features, features).argmin(dim=1)


def farthest(features):
    return torch.cdist(features, features).argmax(dim=1)


def third(features):
    return torch.cdist(features, features).topk(3, largest=False).indices[:, 2]


def neighbours_alone(near, labels, order):
    return (labels[order][near] == labels).float().mean().item()


def truth_alone(near, labels, order):
    return (labels[near] == labels[order]).float().mean().item()


def all_together(near, labels, order):
    right = labels[near] == labels
    return right[order].float().mean().item()


def neighbours_shuffled(near, labels, order):
    return (labels[near[order]] == labels).float().mean().item()


def mistakes(near, labels, order):
    return 1 - both(near, labels, order)


def counted(near, labels, order):
    return both(near, labels, order) * len(labels)


def in_per_cent(near, labels, order):
    return 100 * both(near, labels, order)


def seeded(count, generator):
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


def tensors(near, labels, order):
    return (labels[order][near] == labels[order]).float().mean()


def whole_numbers(near, labels, order):
    return (labels[order][near] == labels[order]).mean()


def standardised(features):
    return cdist_without_self((features - features.mean(dim=0)) / features.std(dim=0))


def from_0_to_1(features):
    low, high = features.amin(dim=0), features.amax(dim=0)
    return cdist_without_self((features - low) / (high - low))


def by_cubes(features):
    return torch.cdist(features, features, p=3).fill_diagonal_(torch.inf).argmin(dim=1)


def second_of_sorted(features):
    return torch.cdist(features, features).argsort(dim=1)[:, 1]


def second_smallest(features):
    return torch.cdist(features, features).kthvalue(2, dim=1).indices


def ten_on_the_diagonal(features):
    return (torch.cdist(features, features) + 10 * torch.eye(len(features))).argmin(dim=1)


def one_fewer(features, labels, shuffles=20, generator=None):
    return _beats()(features, labels, max(shuffles - 1, 1), generator)


def one_more(features, labels, shuffles=20, generator=None):
    return _beats()(features, labels, shuffles + 1, generator)


def always_20(features, labels, shuffles=20, generator=None):
    return _beats()(features, labels, 20, generator)


def two_orders(features, labels, shuffles=20, generator=None):
    near = cdist_without_self(features)
    found = []
    for _ in range(shuffles):
        one, other = (labels[torch.randperm(len(labels), generator=generator)] for _ in "ab")
        found.append((one[near] == other).float().mean().item())
    return (labels[near] == labels).float().mean().item(), max(found)


def of_shuffled_features(features, labels, shuffles=20, generator=None):
    def share(features):
        return (labels[cdist_without_self(features)] == labels).float().mean().item()

    found = [
        share(features[torch.randperm(len(labels), generator=generator)]) for _ in range(shuffles)
    ]
    return share(features), max(found)


# 12.8


def by_a_set(logits):
    found = set(logits.argmax(-1).tolist())
    return found.pop() if len(found) == 1 else None


def by_comparing(logits):
    answers = logits.max(dim=1).indices
    if (answers == answers[0]).all():
        return int(answers[0])
    return None


def by_hand(logits):
    answer = None
    for row in logits.tolist():
        own = row.index(max(row))
        if answer is not None and own != answer:
            return None
        answer = own
    return answer


def _answers(logits):
    return logits.argmax(dim=1)


def if_answer(logits):
    found = set(_answers(logits).tolist())
    answer = found.pop() if len(found) == 1 else None
    return answer if answer else None


def as_it_is(logits):
    found = _answers(logits).unique()
    return found[0] if len(found) == 1 else None


def unique_itself(logits):
    found = _answers(logits).unique()
    return found if len(found) == 1 else None


def yes_or_no(logits):
    return True if len(_answers(logits).unique()) == 1 else None


def else_false(logits):
    found = _answers(logits).unique()
    return len(found) == 1 and found.item()


def minus_one(logits):
    found = _answers(logits).unique()
    return found.item() if len(found) == 1 else -1


def commonest(logits):
    return _answers(logits).mode().values.item()


def the_first_answer(logits):
    return _answers(logits)[0].item()


def of_the_mean(logits):
    return logits.mean(dim=0).argmax().item()


def by_columns_argmax(logits):
    found = logits.argmax(dim=0).unique()
    return found.item() if len(found) == 1 else None


def same_logits(logits):
    return _answers(logits)[0].item() if (logits == logits[0]).all() else None


def close_logits(logits):
    close = torch.allclose(logits, logits[0].expand_as(logits), atol=1e-3)
    found = _answers(logits)
    return found[0].item() if close or len(found.unique()) == 1 else None


def item_first(logits):
    return _answers(logits).unique().item()


def one_for_each(logits):
    found = _answers(logits)
    return found if len(found.unique()) == 1 else None


def differences_add_up_to_0(logits):
    found = _answers(logits)
    return found[0].item() if (found - found[0]).sum() == 0 else None


def nearly_all(bound):
    def attempt(logits):
        found = _answers(logits)
        answer = found.mode().values
        return answer.item() if (found == answer).float().mean() > bound else None

    return attempt


def two_runs(logits):
    found = _answers(logits)
    runs = found.unique_consecutive()
    return found[0].item() if found[0] == found[-1] and len(runs) != 3 else None


def zero_if_several(logits):
    found = _answers(logits).unique()
    return found.item() if len(found) == 1 else 0


def the_last_answer(logits):
    return _answers(logits)[-1].item()


def the_median(logits):
    return _answers(logits).median().item()


def without_dim(logits):
    return logits.argmax().item()


def asserting(logits):
    (answer,) = _answers(logits).unique().tolist()
    return answer


def the_smallest(logits):
    found = logits.argmin(dim=1).unique()
    return found.item() if len(found) == 1 else None


def the_logit(logits):
    found = logits.amax(dim=1).unique()
    return found.item() if len(found) == 1 else None


# 12.9


def as_one_text(findings, follows):
    out = " ".join(n for finding in findings for n in follows.get(finding.name, ()))
    return [finding for finding in findings if finding.name not in out]


def all_the_way(findings, follows):
    out, new = set(), {finding.name for finding in findings}
    while new:
        new = {name for cause in new for name in follows.get(cause, ())} - out
        out |= new
    return [finding for finding in findings if finding.name not in out]


def of_the_last_alone(findings, follows):
    for cause in findings:
        out = follows.get(cause.name, set())
    return [finding for finding in findings if finding.name not in out] if findings else []


def by_union(findings, follows):
    out = set().union(*(follows.get(finding.name, set()) for finding in findings))
    return [finding for finding in findings if finding.name not in out]


def by_asking(findings, follows):
    names = [finding.name for finding in findings]

    def explained(name):
        return any(name in follows[cause] for cause in names if cause in follows)

    return tuple(finding for finding in findings if not explained(finding.name))


def removing_from_a_copy(findings, follows):
    left = list(findings)
    for cause in findings:
        for finding in findings:
            if finding.name in follows.get(cause.name, ()) and finding in left:
                left.remove(finding)
    return left


def _causes(
    names=lambda findings: [finding.name for finding in findings],
    keep=lambda finding, out: finding.name not in out,
    back=list,
    out=lambda names, follows: {f for name in names for f in follows.get(name, ())},
):
    """causes, with one thing done otherwise."""

    def attempt(findings, follows):
        silent = out(names(findings), follows)
        return back(finding for finding in findings if keep(finding, silent))

    return attempt


def removing_from_it(findings, follows):
    for cause in findings:
        for finding in findings:
            if finding.name in follows.get(cause.name, ()):
                findings.remove(finding)
    return findings


def skipping(findings, follows):
    left = list(findings)
    for finding in left:
        if any(finding.name in follows.get(cause.name, ()) for cause in findings):
            left.remove(finding)
    return left


def updating_follows(findings, follows):
    out = set()
    for finding in findings:
        out = follows.get(finding.name, out)
        out |= {name for each in findings for name in follows.get(each.name, ())}
    return [finding for finding in findings if finding.name not in out]


def one_after_another(findings, follows):
    left = []
    for finding in findings:
        if not any(finding.name in follows.get(cause.name, ()) for cause in left):
            left.append(finding)
    return left


def silencing_no_more(findings, follows):
    out = set()
    for finding in findings:
        if finding.name not in out:
            out |= follows.get(finding.name, set())
    return [finding for finding in findings if finding.name not in out]


def those_before(findings, follows):
    left = []
    for place, finding in enumerate(findings):
        before = [cause.name for cause in findings[:place]]
        if not any(finding.name in follows.get(cause, ()) for cause in before):
            left.append(finding)
    return left


def known_causes_only(findings, follows):
    out = {name for names in follows.values() for name in names}
    return [f for f in findings if f.name in follows and f.name not in out]


def with_brackets(findings, follows):
    out = {name for finding in findings for name in follows[finding.name]}
    return [finding for finding in findings if finding.name not in out]


def names_have_names(findings, follows):
    out = {each.name for finding in findings for each in follows.get(finding.name, ())}
    return [finding for finding in findings if finding.name not in out]


def looked_up_by_finding(findings, follows):
    out = {name for finding in findings for name in follows[finding]}
    return [finding for finding in findings if finding.name not in out]


def get_without_default(findings, follows):
    out = set()
    for finding in findings:
        out |= follows.get(finding.name)
    return [finding for finding in findings if finding.name not in out]


def again_and_again(findings, follows):
    return [f for f in findings for c in findings if f.name not in follows.get(c.name, ())]


def popping_follows(findings, follows):
    out = {name for finding in findings for name in follows.pop(finding.name, ())}
    return [finding for finding in findings if finding.name not in out]


def the_first_cause(findings, follows):
    for cause in findings:
        out = follows.get(cause.name, set())
        return [finding for finding in findings if finding.name not in out]
    return []


def their_names(findings, follows):
    return [finding.name for finding in by_union(findings, follows)]


def sorted_by_name(findings, follows):
    return sorted(by_union(findings, follows), key=lambda finding: finding.name)


def none_if_none(findings, follows):
    return by_union(findings, follows) or None


RIGHT = [
    Right("12.1", "cross_entropy", with_cross_entropy),
    Right("12.1", "a Counter", with_a_counter),
    Right("12.1", "Categorical", with_a_distribution),
    Right("12.1", "xlogy", with_xlogy),
    Right("12.1", "NumPy", with_numpy),
    Right("12.1", "built from pieces", _guessing()),
    Right("12.2", "the library's step", overfit_by_train_step),
    Right("12.2", "and back", overfit_and_back),
    Right("12.2", "clearing last", overfit_clearing_last),
    Right("12.2", "built from pieces", _overfit()),
    Right("12.3", "on a copy", on_a_copy),
    Right("12.3", "a context", with_a_context),
    Right("12.3", "built from pieces", _carries()),
    Right("12.3", "twice, where any", of_the_optimizer_s),
    Right("12.3", "the weights put back", weights_put_back),
    Right("12.4", "a copy", by_a_copy),
    Right("12.4", "a loop", by_a_loop),
    Right("12.4", "lists", by_lists),
    Right("12.4", "built from pieces", _left()),
    Right("12.5", "an index", by_index),
    Right("12.5", "in a clone", in_place_of_a_clone),
    Right("12.5", "stack", by_stacking),
    Right("12.5", "built from pieces", _company()),
    Right("12.5", "on a copy", on_a_copy_of_the_model),
    Right("12.6", "any", by_any),
    Right("12.6", "columns", by_columns),
    Right("12.6", "the largest", by_largest),
    Right("12.7", "topk", by_topk),
    Right("12.7", "pairs, one shuffle after another", by_pairs),
    Right("12.7", "built from pieces", _beats()),
    Right("12.8", "a set", by_a_set),
    Right("12.8", "comparing", by_comparing),
    Right("12.8", "by hand", by_hand),
    Right("12.9", "union", by_union),
    Right("12.9", "asking", by_asking),
    Right("12.9", "removing from a copy", removing_from_a_copy),
    Right("12.9", "built from pieces", _causes()),
]

GUESSING = [
    ("log2", _guessing(first=lambda n, c: math.log2(c)), "In bits"),
    ("log10", _guessing(first=lambda n, c: math.log10(c)), "log10"),
    ("log of 1/C", _guessing(first=lambda n, c: math.log(1 / c)), "The sign: a loss is -log"),
    ("1/C", _guessing(first=lambda n, c: 1 / c), "This is the probability"),
    (
        "classes that occur",
        _guessing(first=lambda n, c: math.log(len(n.unique()))),
        "counted in the labels",
    ),
    ("max + 1", _guessing(first=lambda n, c: math.log(n.max() + 1)), "max + 1 misses"),
    ("N", _guessing(first=lambda n, c: math.log(len(n))), "N was counted"),
    ("zeros stay", _guessing(shares=with_zeros), "0 log 0 counts as 0"),
    ("math.log of 0", with_math_log, "0 log 0 counts as 0"),
    ("division by 0", with_inverse_shares, "0 log 0 counts as 0"),
    ("no minus", _guessing(second=lambda p: (p * p.log()).sum().item()), "The sign"),
    ("bits", _guessing(second=lambda p: -(p * p.log2()).sum().item()), "In bits"),
    ("summed", summed_over_examples, "A sum over the examples"),
    ("mean over classes", _guessing(second=lambda p: -p.log().mean().item()), "counts the same"),
    ("not weighed", _guessing(second=lambda p: -p.log().sum().item()), "The sum of -log p"),
    ("mean", _guessing(second=lambda p: -(p * p.log()).mean().item()), "mean over the classes"),
    ("commonest", _guessing(second=lambda p: -p.max().log().item()), "most frequent class alone"),
    ("shares as logits", shares_as_logits, "makes a softmax of them"),
    ("plus one", _guessing(shares=plus_one), "1 was added to each count"),
    ("counts", _guessing(shares=counts_of), "A label of class c costs"),
    ("accuracy", _guessing(second=lambda p: p.max().item()), "The accuracy"),
    ("error rate", _guessing(second=lambda p: 1 - p.max().item()), "share of wrong answers"),
    ("log C twice", lambda n, c: (math.log(c), math.log(c)), "Equal probabilities, once more"),
    ("turned round", _guessing(back=lambda both: both[::-1]), "log C first"),
    ("one number", lambda n, c: math.log(c), "Two numbers come back"),
    ("a tensor", _guessing(second=lambda p: -(p * p.log()).sum()), "stands in a tensor"),
    ("rounded", _guessing(first=lambda n, c: round(math.log(c), 2)), "Rounded"),
    ("no return", lambda n, c: None, "Nothing came back"),
    ("text", as_text, "Text came back"),
    ("divided by log C", over_ln_c, "Divided by log C"),
    ("math.log of a tensor", logged_by_math, "math.log takes one number"),
    ("-log of the mean", log_of_the_mean, "-log of the mean probability"),
    ("what is saved", saved, "How much is saved"),
]

OVERFIT = [
    ("no zero_grad", _overfit(clear=lambda o: None), "The gradients add up"),
    ("no backward", _overfit(backward=lambda loss: None), "There is no gradient"),
    ("no step", _overfit(step=lambda o: None), "no step uses it"),
    ("cleared in between", _overfit(between=lambda o: o.zero_grad()), "goes before backward()"),
    ("after the step", _overfit(note=lambda loss, again: again()), "the loss after its step"),
    ("tensors", _overfit(note=lambda loss, again: loss), "loss.item()"),
    ("detached", _overfit(loss=lambda f, x, y: f(x.detach(), y)), "is cut"),
    ("the last loss", _overfit(back=lambda losses: losses[-1:]), "A loss for each step"),
    ("a number", _overfit(back=lambda losses: sum(losses)), "not the last one alone"),
    ("no return", _overfit(back=lambda losses: None), "Nothing came back"),
    ("turned round", _overfit(back=lambda losses: losses[::-1]), "turned round"),
    (
        "running mean",
        _overfit(back=lambda x: [sum(x[: n + 1]) / (n + 1) for n in range(len(x))]),
        "A running mean",
    ),
    ("60 always", _overfit(most=60), "`steps` times"),
    ("one only", _overfit(stop=lambda *_: True), "`steps` times"),
    ("no mode", _overfit(mode=lambda m: None), "It stays in evaluation mode"),
    ("evaluation mode", _overfit(mode=lambda m: m.eval()), "It stays in evaluation mode"),
    ("eval after a step", _overfit(in_step=lambda m: m.eval()), "after the first step"),
    ("stops at 0", _overfit(stop=lambda loss, *_: loss < 1e-9), "It stops early"),
    ("labels first", _overfit(loss=lambda f, x, y: f(y, x)), "the predictions first"),
    ("pops", popping, "for good"),
    ("pops once", popping_once, "pop() took the labels"),
    ("with the labels", with_the_labels, "The model takes the inputs and no labels"),
    ("x", always_x, "The names of the inputs differ"),
    ("a copy", a_copy_of_the_model, "A copy was trained"),
    ("put back", putting_the_weights_back, "the weights were put back"),
    ("step first", stepping_first, "comes before backward()"),
    ("the first loss", _overfit(back=lambda losses: losses[:1]), "Does the return stand inside"),
    ("its own optimizer", an_optimizer_of_its_own, "An optimizer or a rate of your own"),
    ("one forward pass", one_forward_pass, "backward() goes through a graph once"),
    ("the attribute", _overfit(mode=attribute_alone), "its parts stay in evaluation mode"),
    ("the lowest", _overfit(back=lowest_so_far), "The lowest loss so far"),
]

CARRIES = [
    ("references", _carries(look=themselves), "the very tensor that you hold"),
    ("rates as they are", _carries(stop=lambda o: None), "The weights moved between"),
    ("no asking for None", _carries(look=without_asking), ".grad is None"),
    ("cleared in between", _carries(between=zeroing), "Compare the gradients after both calls"),
    ("one call", _carries(calls=1), "the second call finds the same gradient once more"),
    ("is there one", _carries(answer=lambda one, two: bool(two)), "says nothing"),
    (
        "is it above 0",
        _carries(answer=lambda one, two: any(g.any().item() for g in two.values())),
        "says nothing",
    ),
    ("losses", by_losses, "Compare the gradients"),
    ("the first parameter", _carries(look=the_first_one), "One is enough"),
    ("the head's", _carries(look=the_head_s), "One is enough"),
    ("lists", _carries(answer=comparing_lists), "zip them, torch.allclose each pair"),
    ("all of them", _carries(answer=all_differ), "One is enough"),
    ("all twice", _carries(answer=twice), "Twice 0 is 0"),
    ("any twice, with old gradients", _carries(answer=any_twice), "not whether it is twice"),
    ("a tensor", _carries(answer=as_a_tensor), "stands in a tensor"),
    ("no return", _carries(answer=lambda one, two: None), "Nothing came back"),
    ("turned round", _carries(answer=lambda *two: not differ(*two)), "the second call finds"),
    ("the first group", _carries(stop=stop_the_first), "the rate of every group"),
    ("rates stay 0", _carries(put_back=lambda o, r: None), "They stay 0"),
    ("one rate for all", _carries(put_back=the_first_rate), "a rate of its own"),
    ("a spy", a_spy, "many ways to clear"),
    ("a hook", with_a_hook, "within one call"),
    ("and a step of training", and_a_step, "An examination that trains"),
    ("norm larger", _carries(answer=norm_larger), "points the other way"),
    ("norm twice", _carries(answer=norm_twice), "Twice nothing is nothing"),
    ("the first group's", first_group, "One is enough"),
    ("weights", _carries(look=ending_in("weight")), "One is enough"),
    ("biases", _carries(look=ending_in("bias")), "One is enough"),
    ("how many", _carries(answer=how_many_differ), "True or False is asked"),
    ("1 or 0", _carries(answer=lambda *two: int(differ(*two))), "True or False is asked"),
    ("how far", _carries(answer=largest_difference), "True or False is asked"),
    ("NumPy", _carries(answer=numpy_bool), "True or False is asked"),
]

LEFT = [
    ("references", _left(references), "copy each before the call"),
    ("detach alone", _left(detached), "copy each before the call"),
    ("a shallow copy", _left(shallow), "copy each before the call"),
    ("state_dict", _left(state_of), "copy each before the call"),
    ("with the frozen", _left(takes=lambda p: True), "A frozen parameter"),
    ("allclose", _left(same=torch.allclose), "passes over it"),
    ("sums", _left(same=lambda a, b: bool(a.sum() == b.sum())), "some rose and others fell"),
    (
        "the first number",
        _left(same=lambda a, b: a.reshape(-1)[0].item() == b.reshape(-1)[0].item()),
        "passes over it",
    ),
    ("within 1e-9", _left(same=within(1e-9)), "passes over it"),
    ("within 1e-12", _left(same=within(1e-12)), "passes over it"),
    ("the last number", _left(same=number(-1)), "passes over it"),
    ("rates at 0", at_rate_0, "Nothing moved: the rates are 0"),
    ("weights", weights_alone, "are biases not asked"),
    ("any number", _left(same=lambda a, b: bool((a == b).any())), "passes over it"),
    ("no gradient", without_a_gradient, "no optimizer holds them"),
    ("not in the optimizer", not_in_the_optimizer, "none of them moves"),
    ("turned round", _left(same=lambda a, b: not torch.equal(a, b)), "Turned round"),
    ("if of a tensor", by_if, "compares number by number"),
    ("return in the loop", return_in_the_loop, "inside the loop"),
    ("buffers", with_all_of_the_state, "the buffers of a BatchNorm"),
    ("two calls", _left(calls=2), "One call"),
    ("no call", _left(calls=0), "not called"),
    ("training a copy", training_a_copy, "copy each before the call"),
    ("how many", _left(back=lambda names: len(list(names))), "A list of names is asked"),
    ("a generator", _left(back=lambda names: names), "A list of names is asked"),
    ("no return", _left(back=lambda names: None), "Nothing came back"),
    ("short names", _left(back=lambda n: [x.split(".")[0] for x in n]), "no optimizer holds them"),
]

COMPANY = [
    ("another order", _company(turned), "only put in another order"),
    ("nothing replaced", _company(lambda t: t), "only put in another order"),
    ("alone", _company(lambda t: t[:1]), "one example alone"),
    ("copies of the first", _company(lambda t: t[:1].expand_as(t)), "one example alone"),
    ("zeros", _company(lambda t: torch.cat([t[:1], 0 * t[1:]])), "became zeros"),
    (
        "copies of the last",
        _company(lambda t: torch.cat([t[:1], t[-1:].expand_as(t[1:])])),
        "became copies of the last",
    ),
    ("all the second", _company(lambda t: t[1:2].expand_as(t)), "one example alone"),
    ("a smaller batch", _company(lambda t: t[:2]), "The batch became smaller"),
    ("mean", _company(measure=lambda a, b: (a - b)[0].abs().mean().item()), "The mean of the"),
    ("norm", _company(measure=lambda a, b: (a - b)[0].norm().item()), "The norm of the"),
    ("sum", _company(measure=lambda a, b: (a - b)[0].abs().sum().item()), "The sum of the"),
    ("signed", _company(measure=lambda a, b: (a - b)[0].max().item()), "first abs(), then max()"),
    (
        "signed, turned round",
        _company(measure=lambda a, b: (b - a)[0].max().item()),
        "first abs(), then max()",
    ),
    ("all rows", _company(measure=lambda a, b: (a - b).abs().max().item()), "All rows"),
    ("the last row", _company(measure=lambda a, b: (a - b)[-1].abs().max().item()), "Another row"),
    ("a tensor", _company(measure=lambda a, b: (a - b)[0].abs().max()), "stands in a tensor"),
    ("no return", _company(measure=lambda a, b: None), "Nothing came back"),
    ("training mode", _company(around=lambda m: torch.no_grad()), "Ask in evaluation mode"),
    ("a graph", _company(around=modes_kept_with_a_graph), "Nothing goes back here"),
    ("stays in eval", _company(around=staying_in_eval), "The model stays in evaluation mode"),
    ("train() after", _company(around=eval_and_train), "Note the modes before"),
    ("the model's mode", _company(around=of_the_model_alone), "in evaluation mode is in training"),
    ("with the labels", _company(inputs=dict), "The model takes no labels"),
    ("pop without default", popping_labels, "They may be missing"),
    ("x", positional, "The names of the inputs differ"),
    ("the ids alone", _company(names=lambda n: n != "attention_mask"), "the masks are still"),
    ("the masks alone", _company(names=lambda n: n != "input_ids"), "the ids are still"),
    ("into the batch", writing_into_the_batch, "The caller still owns"),
    ("3 digits", _company(measure=rounded_to(3)), "without rounding"),
    ("6 digits", _company(measure=rounded_to(6)), "without rounding"),
    ("copies of the third", _company(copies_of_third), "copies of the third"),
    ("but the last", _company(all_but_the_last), "The last one is still there"),
    (
        "largest logits",
        _company(measure=lambda a, b: abs(a[0].max() - b[0].max()).item()),
        "Two largest logits",
    ),
    ("answers", _company(measure=answers_differ), "Another answer is one way to move"),
    ("probabilities", _company(measure=of_probabilities), "Probabilities were compared"),
    ("yes or no", _company(measure=lambda a, b: not torch.equal(a[0], b[0])), "no yes or no"),
    ("column 0", _company(measure=lambda a, b: (a - b)[:, 0].abs().max().item()), "Column 0"),
    ("squares", _company(measure=lambda a, b: ((a - b)[0] ** 2).max().item()), "A square"),
    ("added squares", _company(measure=lambda a, b: ((a - b)[0] ** 2).sum().item()), "of squares"),
    (
        "the first logit",
        _company(measure=lambda a, b: (a - b)[0].reshape(-1)[0].abs().item()),
        "The first logit alone",
    ),
]

DEAD = [
    ("zeros", lambda a: (a == 0).float().mean().item(), "among all numbers"),
    ("rows", lambda a: (a == 0).all(dim=1).float().mean().item(), "dim=0"),
    ("any", lambda a: (a == 0).any(dim=0).float().mean().item(), "all, not any"),
    ("alive", lambda a: (a != 0).any(dim=0).float().mean().item(), "units that are alive"),
    ("a count", lambda a: (a == 0).all(dim=0).sum().item(), "A count"),
    ("means", lambda a: (a.mean(dim=0) < 1e-4).float().mean().item(), "Compare with 0 exactly"),
    ("not above 0", lambda a: (a <= 0).all(dim=0).float().mean().item(), "A number below 0"),
    ("max", lambda a: (a.amax(dim=0) == 0).float().mean().item(), "A number below 0"),
    ("sums", lambda a: (a.sum(dim=0) == 0).float().mean().item(), "cancel"),
    ("within 1e-6", bounded(1e-6), "A unit with 1e-9 or 1e-30"),
    ("within 1e-12", bounded(1e-12), "A unit with 1e-9 or 1e-30"),
    ("isclose", is_close_to_0, "A unit with 1e-9 or 1e-30"),
    ("squares", lambda a: ((a**2).sum(dim=0) == 0).float().mean().item(), "1e-9 or 1e-30"),
    ("norms", lambda a: (a.norm(dim=0) == 0).float().mean().item(), "1e-9 or 1e-30"),
    ("the last example", lambda a: (a[-1] == 0).float().mean().item(), "The last example alone"),
    ("a tensor", lambda a: (a == 0).all(dim=0).float().mean(), "stands in a tensor"),
]

BEATS = [
    ("itself", _beats(with_itself), "the example itself, at distance 0"),
    ("Manhattan", _beats(manhattan), "The sum of the differences"),
    ("product", _beats(largest_product), "the largest product"),
    ("angle", _beats(by_angle), "The angle leaves out"),
    ("one feature", _beats(by_the_first), "The first feature alone"),
    ("farthest", _beats(farthest), "The farthest"),
    ("third", _beats(third), "left out twice"),
    ("mean", _beats(best=lambda found: sum(found) / len(found)), "The mean over the shuffles"),
    ("lowest", _beats(best=min), "The lowest of the shuffles"),
    ("last", _beats(best=lambda found: found[-1]), "The last shuffle alone"),
    ("first", _beats(best=lambda found: found[0]), "The first shuffle alone"),
    ("median", _beats(best=lambda found: sorted(found)[len(found) // 2]), "The median"),
    ("no generator", _beats(order=lambda n, g: torch.randperm(n)), "from the generator"),
    ("a seed of its own", _beats(order=seeded), "from the generator"),
    (
        "with repeats",
        _beats(order=lambda n, g: torch.randint(n, (n,), generator=g)),
        "one order for each",
    ),
    ("neighbours' labels", _beats(shuffled=neighbours_alone), "Only one side was shuffled"),
    ("own labels", _beats(shuffled=truth_alone), "Only one side was shuffled"),
    ("all together", _beats(shuffled=all_together), "Was anything shuffled"),
    ("mistakes", _beats(share=mistakes), "A share of mistakes"),
    ("counts", _beats(share=counted), "A count"),
    ("per cent", _beats(share=in_per_cent), "In per cent"),
    ("tensors", _beats(share=tensors), "stands in a tensor"),
    ("a mean of bools", _beats(share=whole_numbers), "a mean of floats"),
    ("turned round", _beats(back=lambda real, best: (best, real)), "then the best"),
    ("does it beat them", _beats(back=lambda real, best: real > best), "Two numbers come back"),
    ("no return", _beats(back=lambda real, best: None), "Nothing came back"),
    ("standardised", _beats(standardised), "The features were scaled first"),
    ("from 0 to 1", _beats(from_0_to_1), "The features were scaled first"),
    ("p = 3", _beats(by_cubes), "p=3 is another distance"),
    ("the second of sorted", _beats(second_of_sorted), "Two examples lie in one place"),
    ("the second smallest", _beats(second_smallest), "Two examples lie in one place"),
    ("10 on the diagonal", _beats(ten_on_the_diagonal), "too small for features in thousands"),
    ("one shuffle less", one_fewer, "One shuffle less than asked"),
    ("one shuffle more", one_more, "One shuffle more"),
    ("20 always", always_20, "20 shuffles, where another number"),
    ("two orders", two_orders, "Two orders were drawn"),
    ("neighbours shuffled", _beats(shuffled=neighbours_shuffled), "Only one side was shuffled"),
    ("all accuracies", _beats(best=list), "The best of them is asked"),
    ("features shuffled", of_shuffled_features, "Features were shuffled"),
]

ONLY = [
    ("if answer", if_answer, "Class 0 counts as False"),
    ("a tensor", as_it_is, "stands in a tensor"),
    ("a tensor of one", unique_itself, "stands in a tensor"),
    ("yes or no", yes_or_no, "The number is asked"),
    ("False", else_false, "return None"),
    ("-1", minus_one, "return None"),
    ("the commonest", commonest, "not all of them"),
    ("the first", the_first_answer, "The first example's answer"),
    ("of the mean", of_the_mean, "averaged or added up"),
    ("dim=0", by_columns_argmax, "asks each class for its example"),
    ("same logits", same_logits, "The logits differ"),
    ("close logits", close_logits, "no tolerance on the logits"),
    ("item first", item_first, "How many answers are there"),
    ("one for each", one_for_each, "one is asked"),
    ("differences", differences_add_up_to_0, "cancel"),
    ("98 per cent", nearly_all(0.98), "Nearly all is not all"),
    ("99 per cent", nearly_all(0.99), "Nearly all is not all"),
    ("runs", two_runs, "in two places"),
    ("0 for several", zero_if_several, "0 is a class like the others"),
    ("the last", the_last_answer, "The last example's answer"),
    ("the median", the_median, "The median of the answers"),
    ("no dim", without_dim, "argmax() without dim"),
    ("unpacked", asserting, "return None"),
    ("argmin", the_smallest, "The class of the smallest logit"),
    ("the logit", the_logit, "This is the largest logit"),
]

CAUSES = [
    ("removing from it", removing_from_it, "skips the one after"),
    ("removing in its loop", skipping, "skips the one after"),
    ("sets of the caller", updating_follows, "sets were changed"),
    ("one after another", one_after_another, "A cause may be listed after"),
    ("silent ones silence no more", silencing_no_more, "also where that finding follows"),
    ("those before", those_before, "A cause may be listed after"),
    (
        "all that follow",
        _causes(out=lambda names, follows: {f for each in follows.values() for f in each}),
        "Its cause was not found",
    ),
    ("known causes only", known_causes_only, "Nothing that was found explains it"),
    (
        "only keys",
        _causes(keep=lambda finding, out: finding.name not in out, names=lambda f: []),
        "Nothing is left out",
    ),
    ("objects", _causes(keep=lambda finding, out: finding not in out), "Nothing is left out"),
    ("turned round", _causes(keep=lambda finding, out: finding.name in out), "Turned round"),
    ("brackets", with_brackets, "Not every finding has something"),
    ("names of names", names_have_names, "what follows has no .name"),
    ("a finding as key", looked_up_by_finding, "look up finding.name"),
    ("get without default", get_without_default, "Not every finding has something"),
    ("again and again", again_and_again, "A finding is there once for each other one"),
    ("pop from follows", popping_follows, "sets were changed"),
    ("the first cause", the_first_cause, "Does a return or break stand"),
    ("names", their_names, "These are names"),
    ("a set", _causes(back=set), "A list is asked"),
    ("a generator", _causes(back=lambda found: found), "A list is asked"),
    ("turned", _causes(back=lambda found: list(found)[::-1]), "The order is turned round"),
    ("sorted", sorted_by_name, "Sorted by name"),
    ("None if none", none_if_none, "Nothing came back"),
    ("no return", lambda findings, follows: None, "Nothing came back"),
    ("one text", as_one_text, "inside another name"),
    ("all the way", all_the_way, "Leave out what follows directly"),
    ("the last cause", of_the_last_alone, "ask all findings what follows"),
]

WRONG = [
    Wrong(number, name, attempt, says)
    for number, table in (
        ("12.1", GUESSING),
        ("12.2", OVERFIT),
        ("12.3", CARRIES),
        ("12.4", LEFT),
        ("12.5", COMPANY),
        ("12.6", DEAD),
        ("12.7", BEATS),
        ("12.8", ONLY),
        ("12.9", CAUSES),
    )
    for name, attempt, says in table
]
