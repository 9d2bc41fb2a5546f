"""What people really write for the exercises of notebook 06, right and wrong."""

from contextlib import contextmanager

import torch
from torch.utils.data import DataLoader

from course_lib import loop
from course_lib.data import pad_collate
from course_lib.exercises.nb06.evaluating import evaluating
from tests.exercises.mutants import Right, Wrong

# 06.1


class EvaluatingAsAClass:
    """With __enter__ and __exit__ in place of a generator."""

    def __init__(self, model):
        self.model, self.no_graph = model, torch.no_grad()

    def __enter__(self):
        self.modes = {part: part.training for part in self.model.modules()}
        self.model.eval()
        self.no_graph.__enter__()

    def __exit__(self, *error):
        self.no_graph.__exit__(*error)
        for part, mode in self.modes.items():
            part.training = mode


def evaluating_by_class(model):
    return EvaluatingAsAClass(model)


@contextmanager
def evaluating_by_names(model):
    modes = {name: part.training for name, part in model.named_modules()}
    model.eval()
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    try:
        yield model
    finally:
        torch.set_grad_enabled(before)
        for name, part in model.named_modules():
            part.training = modes[name]


@contextmanager
def no_eval(model):
    with torch.inference_mode():
        yield


@contextmanager
def own_switch_only(model):
    before, model.training = model.training, False
    try:
        with torch.inference_mode():
            yield
    finally:
        model.training = before


@contextmanager
def with_graph(model):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextmanager
def graphs_off_for_good(model):
    model.eval()
    torch.set_grad_enabled(False)
    yield
    model.train()


@contextmanager
def train_afterwards(model):
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train()


@contextmanager
def train_if_it_was(model):
    before = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(before)


@contextmanager
def eval_for_good(model):
    model.eval()
    with torch.inference_mode():
        yield


@contextmanager
def without_finally(model):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    with torch.inference_mode():
        yield
    for part, mode in modes:
        part.training = mode


@contextmanager
def errors_swallowed(model):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    except Exception as error:
        print(error)
    for part, mode in modes:
        part.training = mode


@contextmanager
def without_yield(model):
    model.eval()


@contextmanager
def two_yields(model):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    with torch.inference_mode():
        yield
    for part, mode in modes:
        part.training = mode
    yield


def undecorated(model):
    model.eval()
    with torch.inference_mode():
        yield


def evaluating_parts(parts_of, *, late=False):
    """Notes the modes of some parts, maybe after eval()."""

    @contextmanager
    def evaluating(model):
        if late:
            model.eval()
        modes = [(part, part.training) for part in parts_of(model)]
        model.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            for part, mode in modes:
                part.training = mode

    return evaluating


@contextmanager
def graphs_on_at_the_end(model):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
        torch.set_grad_enabled(True)


@contextmanager
def graphs_off_after_an_error(model):
    modes = [(part, part.training) for part in model.modules()]
    before = torch.is_grad_enabled()
    model.eval()
    torch.set_grad_enabled(False)
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
    torch.set_grad_enabled(before)


@contextmanager
def parts_used_up(model):
    parts = model.modules()
    modes = [part.training for part in parts]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in zip(parts, modes, strict=False):
            part.training = mode


@contextmanager
def evaluating_by_train(model):
    modes = [part.training for part in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in zip(model.modules(), modes, strict=True):
            part.train(mode)


@contextmanager
def evaluating_by_train_backwards(model):
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in reversed(modes):
            part.train(mode)


# 06.2


def inputs_of(batch):
    return {name: value for name, value in batch.items() if name != "labels"}


def evaluate_at_the_end(
    model, loader, loss_fn=None, metrics=None, decide=lambda logits: logits.argmax(dim=1)
):
    """The loss of all logits at once."""
    with evaluating(model):
        pairs = [(model(**inputs_of(batch)), batch["labels"]) for batch in loader]
        logits, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        found = {}
        if loss_fn:
            found["loss"] = loss_fn(logits, labels)
        for name, metric in (metrics or {}).items():
            found[name] = metric(decide(logits), labels)
    return found


def evaluate_with_pop_of_a_copy(
    model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit
):
    losses, answers, labels = [], [], []
    with evaluating(model):
        for batch in loader:
            batch = dict(batch)
            target = batch.pop("labels")
            logits = model(**batch)
            if loss_fn is not None:
                losses += [loss_fn(logits, target).item()] * len(target)
            answers += decide(logits).tolist()
            labels += target.tolist()
    found = {"loss": sum(losses) / len(losses)} if loss_fn is not None else {}
    for name in metrics or {}:
        found[name] = metrics[name](torch.tensor(answers), torch.tensor(labels))
    return found


def evaluate_variant(
    *,
    mean=lambda losses, sizes: sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes),
    gather=lambda metric, answers, labels: metric(torch.cat(answers), torch.cat(labels)),
    fixed=False,
    block=evaluating,
    take=lambda batch: (inputs_of(batch), batch["labels"]),
    without_loss=None,
):
    """An evaluate with one mistake."""

    def evaluate(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
        losses, answers, all_labels = [], [], []
        with block(model):
            for batch in loader:
                inputs, labels = take(batch)
                logits = model(**inputs)
                if loss_fn is not None:
                    losses.append(loss_fn(logits, labels).item())
                answers.append(logits.argmax(dim=1) if fixed else decide(logits))
                all_labels.append(labels)
        found = {} if without_loss is None else {"loss": without_loss}
        if loss_fn is not None:
            found["loss"] = mean(losses, [len(labels) for labels in all_labels])
        for name, metric in (metrics or {}).items():
            found[name] = gather(metric, answers, all_labels)
        return found

    return evaluate


def mean_of_batches(metric, answers, labels):
    values = [metric(*pair) for pair in zip(answers, labels, strict=True)]
    return sum(values) / len(values)


def weighted_mean_of_batches(metric, answers, labels):
    values = [metric(*pair) * len(pair[0]) for pair in zip(answers, labels, strict=True)]
    return sum(values) / sum(map(len, answers))


def popped(batch):
    labels = batch.pop("labels")
    return batch, labels


@contextmanager
def mere_eval(model):
    model.eval()
    yield
    model.train()


@contextmanager
def mere_no_grad(model):
    with torch.no_grad():
        yield


def returns_in_the_loop(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    with evaluating(model):
        for batch in loader:
            logits = model(**inputs_of(batch))
            return {"loss": loss_fn(logits, batch["labels"]).item()}
    return None


def a_number(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    return loop.evaluate(model, loader, loss_fn)["loss"]


def always_a_loss(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    total, count = 0.0, 0
    with evaluating(model):
        for batch in loader:
            logits = model(**inputs_of(batch))
            total += loss_fn(logits, batch["labels"]).item() * len(logits)
            count += len(logits)
    return {"loss": total / count} | loop.evaluate(model, loader, None, metrics, decide)


def over_the_names(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    found = loop.evaluate(model, loader, loss_fn, None, decide)
    for metric in metrics or {}:
        found[metric] = metric(torch.zeros(1), torch.zeros(1))
    return found


def counts_by_len(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    size = len(loader)
    return loop.evaluate(model, loader, loss_fn, metrics, decide) if size else {}


def metric_of_logits(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    return loop.evaluate(model, loader, loss_fn, metrics, decide=lambda logits: logits)


def no_names(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    with evaluating(model):
        return [model(batch) for batch in loader]


def twice_through(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    found = loop.evaluate(model, loader, loss_fn) if loss_fn else {}
    with evaluating(model):
        answers = [decide(model(**inputs_of(batch))) for batch in loader]
    labels = torch.cat([batch["labels"] for batch in loader])
    for name, metric in (metrics or {}).items():
        found[name] = metric(torch.cat(answers), labels)
    return found


def divides_by(size_of):
    """The loss over a size that the loader is asked for."""

    def evaluate(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
        with evaluating(model):
            losses = [
                loss_fn(model(**inputs_of(batch)), batch["labels"]).item() * len(batch["labels"])
                for batch in loader
            ]
        return {"loss": sum(losses) / size_of(loader)}

    return evaluate


def input_ids_alone(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    with evaluating(model):
        logits = torch.cat([model(batch["input_ids"]) for batch in loader])
    return {"loss": loss_fn(logits, torch.cat([batch["labels"] for batch in loader])).item()}


def as_lists(metric, answers, labels):
    return metric(torch.cat(answers).tolist(), torch.cat(labels).tolist())


def nested_metrics(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    found = loop.evaluate(model, loader, loss_fn, metrics, decide)
    loss = found.pop("loss", None)
    return {"loss": loss, "metrics": found}


def loss_of_answers(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    return evaluate_at_the_end(
        model, loader, lambda logits, labels: loss_fn(decide(logits), labels), metrics, decide
    )


def pairs_of_names(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    with evaluating(model):
        return [model(inputs) for inputs, labels in loader]


def rows_in_a_list(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    found, labels = [], []
    with evaluating(model):
        for batch in loader:
            found += model(**inputs_of(batch))
            labels += batch["labels"]
    logits, labels = torch.stack(found), torch.cat(labels)
    return {"loss": loss_fn(logits, labels).item()}


def decides_by_probabilities(model, loader, loss_fn=None, metrics=None, decide=loop.largest_logit):
    def of_probabilities(logits):
        return decide(logits.softmax(dim=1))

    return loop.evaluate(model, loader, loss_fn, metrics, of_probabilities)


# 06.3


def predict_another_way(model, loader):
    """The loader's order does not matter if it is not used."""
    ordered = DataLoader(loader.dataset, batch_size=4, collate_fn=loader.collate_fn)
    with evaluating(model):
        return torch.cat([model(**inputs_of(batch)) for batch in ordered])


def predict_by_place(model, loader):
    """Each row is put where it belongs."""
    rows = [None] * len(loader.dataset)
    with evaluating(model):
        for places in loader.batch_sampler:
            batch = loader.collate_fn([loader.dataset[i] for i in places])
            batch.pop("labels", None)
            for place, row in zip(places, model(**batch), strict=True):
                rows[place] = row
    return torch.stack(rows)


def predict_with_a_new_loader(model, loader):
    batches = list(loader.batch_sampler)
    same = DataLoader(loader.dataset, batch_sampler=batches, collate_fn=loader.collate_fn)
    with evaluating(model):
        found = torch.cat([model(**inputs_of(batch)) for batch in same])
    logits = torch.empty_like(found)
    logits[torch.tensor([place for batch in batches for place in batch])] = found
    return logits


def predict_variant(
    *,
    finish=lambda found, places: torch.cat(found)[places.argsort()],
    block=evaluating,
    collate=lambda loader, items: loader.collate_fn(items),
    take=inputs_of,
):
    """A predict with one mistake."""

    def predict(model, loader):
        batches, found = list(loader.batch_sampler), []
        with block(model):
            for places in batches:
                batch = collate(loader, [loader.dataset[i] for i in places])
                found.append(model(**take(batch)))
        return finish(found, torch.tensor([place for batch in batches for place in batch]))

    return predict


def predict_extending(model, loader):
    """It extends the first list of places by all others."""
    batches, found = list(loader.batch_sampler), []
    with evaluating(model):
        for places in batches:
            batch = loader.collate_fn([loader.dataset[i] for i in places])
            found.append(model(**inputs_of(batch)))
    places = batches[0]
    for more in batches[1:]:
        places += more
    return torch.cat(found)[torch.tensor(places).argsort()]


def predict_sorting(model, loader):
    """It sorts each list of places."""
    batches, found = list(loader.batch_sampler), []
    with evaluating(model):
        for places in batches:
            places.sort()
            batch = loader.collate_fn([loader.dataset[i] for i in places])
            found.append(model(**inputs_of(batch)))
    return torch.cat(found)[torch.tensor([place for batch in batches for place in batch]).argsort()]


def predict_filling_too_late(model, loader):
    batches, found = list(loader.batch_sampler), []
    with evaluating(model):
        for places in batches:
            batch = loader.collate_fn([loader.dataset[i] for i in places])
            found.append(model(**inputs_of(batch)))
        found = torch.cat(found)
        logits = torch.empty_like(found)
    logits[torch.tensor([place for batch in batches for place in batch])] = found
    return logits


def predict_by_batch_size(model, loader):
    ordered = DataLoader(loader.dataset, batch_size=loader.batch_size, collate_fn=loader.collate_fn)
    with evaluating(model):
        return torch.cat([model(**inputs_of(batch)) for batch in ordered])


def predict_of_input_ids(model, loader):
    with evaluating(model):
        return torch.cat([model(batch["input_ids"]) for batch in loader])


in_the_loader_s_order = predict_variant(finish=lambda found, places: torch.cat(found))


def draws_twice(model, loader):
    places = torch.tensor([place for batch in loader.batch_sampler for place in batch])
    with evaluating(model):
        found = [model(**inputs_of(batch)) for batch in loader]
    return torch.cat(found)[places.argsort()]


def first_batch(model, loader):
    with evaluating(model):
        for batch in loader:
            return model(**inputs_of(batch))
    return None


def many_items_at_once(model, loader):
    return [model(**loader.dataset[places]) for places in loader.batch_sampler]


def needs_labels(batch):
    batch = dict(batch)
    batch.pop("labels")
    return batch


def ragged_places(found, places):
    return torch.cat(found)[torch.tensor([[2, 0], [4, 1], [3]]).flatten().argsort()]


# 06.4


def mistakes_by_topk(probabilities, labels, k):
    sureness, answers = probabilities.max(dim=1)
    sureness = sureness.masked_fill(answers == labels, -1)
    count = min(k, int((answers != labels).sum()))
    return sureness.topk(count).indices


def mistakes_by_loop(probabilities, labels, k):
    wrong = []
    for place, (row, label) in enumerate(zip(probabilities, labels.tolist(), strict=True)):
        if row.argmax().item() != label:
            wrong.append((row.max().item(), place))
    return torch.tensor([place for _, place in sorted(wrong, reverse=True)[:k]], dtype=torch.long)


def wrong_and_sureness(probabilities, labels):
    sureness, answers = probabilities.max(dim=1)
    return (answers != labels).nonzero().flatten(), sureness


def mistakes_among_the_mistakes(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return sureness[wrong].argsort(descending=True)[:k]


def surest_of_all(probabilities, labels, k):
    return probabilities.amax(dim=1).argsort(descending=True)[:k]


def surest_right_ones(probabilities, labels, k):
    sureness, answers = probabilities.max(dim=1)
    right = (answers == labels).nonzero().flatten()
    return right[sureness[right].argsort(descending=True)][:k]


def least_sure(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return wrong[sureness[wrong].argsort()][:k]


def by_the_label(probabilities, labels, k):
    wrong, _ = wrong_and_sureness(probabilities, labels)
    of_label = probabilities[torch.arange(len(labels)), labels]
    return wrong[of_label[wrong].argsort()][:k]


def mistakes_unsorted(probabilities, labels, k):
    return wrong_and_sureness(probabilities, labels)[0][:k]


def all_mistakes(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return wrong[sureness[wrong].argsort(descending=True)]


def how_sure(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return sureness[wrong].sort(descending=True).values[:k]


def mistakes_not_flat(probabilities, labels, k):
    return all_mistakes(probabilities, labels, k)[:k].unsqueeze(1)


def mistakes_by_topk_of_k(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return wrong[sureness[wrong].topk(k).indices]


def a_mask(probabilities, labels, k):
    return (probabilities.argmax(dim=1) != labels)[:k]


def mistakes_by(sureness_of):
    """Sorted by another kind of sureness."""

    def confident_mistakes(probabilities, labels, k):
        wrong, _ = wrong_and_sureness(probabilities, labels)
        return wrong[sureness_of(probabilities, labels)[wrong].argsort(descending=True)][:k]

    return confident_mistakes


def margin_to_the_second(probabilities, labels):
    first, second = probabilities.topk(2, dim=1).values.unbind(dim=1)
    return first - second


def margin_to_the_label(probabilities, labels):
    return probabilities.amax(dim=1) - probabilities[torch.arange(len(labels)), labels]


def minus_entropy(probabilities, labels):
    return (probabilities * probabilities.log()).sum(dim=1)


def mistakes_squeezed(probabilities, labels, k):
    sureness, answers = probabilities.max(dim=1)
    wrong = (answers != labels).nonzero().squeeze()
    return wrong[sureness[wrong].argsort(descending=True)][:k]


def mistakes_squeezed_by_topk(probabilities, labels, k):
    sureness, answers = probabilities.max(dim=1)
    wrong = (answers != labels).nonzero().squeeze()
    return wrong[sureness[wrong].topk(min(k, len(wrong))).indices]


def topk_before_wrong(probabilities, labels, k):
    sureness, answers = probabilities.max(dim=1)
    surest = sureness.topk(min(k, len(labels))).indices
    return surest[(answers != labels)[surest]]


def max_of_all(probabilities, labels, k):
    _, answers = probabilities.max()
    return (answers != labels).nonzero().flatten()[:k]


def right_ones_behind(probabilities, labels, k):
    sureness, answers = probabilities.max(dim=1)
    return (sureness - 2.0 * (answers == labels)).argsort(descending=True)[:k]


def wrong_places(probabilities, labels, k):
    """A list of whole numbers, which may be empty."""
    sureness, answers = probabilities.max(dim=1)
    wrong = [i for i in range(len(labels)) if answers[i] != labels[i]]
    return torch.tensor(sorted(wrong, key=lambda i: -sureness[i].item())[:k])


def mistakes_by_sort(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return wrong[sureness[wrong].sort(descending=True)][:k]


def mistakes_by_all(probabilities, labels, k):
    wrong, sureness = wrong_and_sureness(probabilities, labels)
    return wrong[sureness.argsort(descending=True)][:k]


def mistakes_of_columns(probabilities, labels, k):
    return (probabilities.max(dim=0).indices != labels).nonzero().flatten()[:k]


# 06.5


def why_by_sets(labels, input_ids, before, after, logits, answers):
    counts = [(labels == label).sum().item() for label in set(labels.tolist())]
    if max(counts) >= 0.9 * len(labels):
        return "labels"
    if len(input_ids.unique(dim=0)) == 1:
        return "inputs"
    moved = [(after[name] - before[name]).abs().max().item() for name in before]
    if max(moved) == 0:
        return "weights"
    if (logits.amax(dim=0) - logits.amin(dim=0)).max() < 1e-3:
        return "logits"
    return "none" if answers.tolist() == logits.argmax(1).tolist() else "answers"


QUESTIONS = {
    "labels": lambda labels, ids, b, a, z, y: labels.bincount().max() / len(labels) >= 0.9,
    "inputs": lambda labels, ids, b, a, z, y: (ids == ids[0]).all(),
    "weights": lambda labels, ids, b, a, z, y: all(torch.equal(b[name], a[name]) for name in b),
    "logits": lambda labels, ids, b, a, z, y: z.std(dim=0).max() < 1e-3,
    "answers": lambda labels, ids, b, a, z, y: (y != z.argmax(dim=1)).any(),
}


def why_variant(order=tuple(QUESTIONS), end="none", **changed):
    """A why_one_answer with one question changed, or asked in another order."""

    def why_one_answer(labels, input_ids, before, after, logits, answers):
        for name in order:
            question = changed.get(name, QUESTIONS[name])
            if question(labels, input_ids, before, after, logits, answers):
                return name
        return end

    return why_one_answer


# 06.6


def pseudo_by_loop(probabilities, threshold):
    places, labels = [], []
    for place, row in enumerate(probabilities.tolist()):
        if max(row) >= threshold:
            places.append(place)
            labels.append(row.index(max(row)))
    return torch.tensor(places, dtype=torch.long), torch.tensor(labels, dtype=torch.long)


def pseudo_by_where(probabilities, threshold):
    (places,) = torch.where((probabilities >= threshold).any(dim=1))
    return places, probabilities[places].argmax(dim=1)


def pseudo_above(probabilities, threshold):
    sureness, answers = probabilities.max(dim=1)
    places = (sureness > threshold).nonzero().flatten()
    return places, answers[places]


def pseudo_every_class(probabilities, threshold):
    places, labels = torch.where(probabilities >= threshold)
    return places, labels


def pseudo_mask(probabilities, threshold):
    sureness, answers = probabilities.max(dim=1)
    return sureness >= threshold, answers[sureness >= threshold]


def pseudo_all_answers(probabilities, threshold):
    return pseudo_by_where(probabilities, threshold)[0], probabilities.argmax(dim=1)


def pseudo_probabilities(probabilities, threshold):
    places, _ = pseudo_by_where(probabilities, threshold)
    return places, probabilities[places].amax(dim=1)


def pseudo_turned(probabilities, threshold):
    return pseudo_by_where(probabilities, threshold)[::-1]


def pseudo_not_flat(probabilities, threshold):
    sureness, answers = probabilities.max(dim=1)
    places = (sureness >= threshold).nonzero()
    return places, answers[places]


def pseudo_first_answers(probabilities, threshold):
    places, _ = pseudo_by_where(probabilities, threshold)
    return places, probabilities.argmax(dim=1)[: len(places)]


def pseudo_labels_alone(probabilities, threshold):
    return pseudo_by_where(probabilities, threshold)[1]


def pseudo_places_alone(probabilities, threshold):
    return pseudo_by_where(probabilities, threshold)[0]


def pseudo_by_sureness(probabilities, threshold):
    places, labels = pseudo_by_where(probabilities, threshold)
    order = probabilities[places].amax(dim=1).argsort(descending=True)
    return places[order], labels[order]


def pseudo_squeezed(probabilities, threshold):
    sureness, answers = probabilities.max(dim=1)
    places = (sureness >= threshold).nonzero().squeeze()
    return places, answers[places]


def pseudo_stacked(probabilities, threshold):
    return torch.stack(pseudo_by_where(probabilities, threshold))


def pseudo_lists(probabilities, threshold):
    return tuple(part.tolist() for part in pseudo_by_where(probabilities, threshold))


def pseudo_list_of_places(probabilities, threshold):
    places, labels = pseudo_by_where(probabilities, threshold)
    return places.tolist(), labels


def pseudo_pairs(probabilities, threshold):
    rows = enumerate(probabilities)
    return [(place, row.argmax().item()) for place, row in rows if row.max() >= threshold]


def pseudo_by_a_tuple(probabilities, threshold):
    sureness, answers = probabilities.max(dim=1)
    places = torch.where(sureness >= threshold)
    return places, answers[places]


def pseudo_of_softmax(probabilities, threshold):
    return sure_ones(probabilities.softmax(dim=1), threshold)


def sure_ones(probabilities, threshold, dim=1):
    sureness, answers = probabilities.max(dim=dim)
    places = (sureness >= threshold).nonzero().flatten()
    return places, answers[places]


def pseudo_of_columns(probabilities, threshold):
    return sure_ones(probabilities, threshold, dim=0)


def pseudo_with_minus_one(probabilities, threshold):
    sureness, answers = probabilities.max(dim=1)
    answers[sureness < threshold] = -1
    return answers


RIGHT = (
    Right("06.1", "train() of each part, the whole first", evaluating_by_train),
    Right("06.1", "a class", evaluating_by_class),
    Right("06.1", "names, and set_grad_enabled undone", evaluating_by_names),
    Right("06.1", "the library's", loop.evaluating),
    Right("06.2", "the loss at the end", evaluate_at_the_end),
    Right("06.2", "pop from a copy", evaluate_with_pop_of_a_copy),
    Right("06.2", "the library's", loop.evaluate),
    Right("06.3", "a loader of its own", predict_another_way),
    Right("06.3", "by place", predict_by_place),
    Right("06.3", "a loader with the same batches", predict_with_a_new_loader),
    Right("06.3", "the first list extended", predict_extending),
    Right("06.3", "each list sorted", predict_sorting),
    Right("06.3", "the library's", loop.predict),
    Right("06.4", "topk", mistakes_by_topk),
    Right("06.4", "a loop", mistakes_by_loop),
    Right("06.5", "sets and ranges", why_by_sets),
    Right("06.6", "a loop", pseudo_by_loop),
    Right("06.6", "where", pseudo_by_where),
)

WRONG = (
    Wrong("06.1", "no eval", no_eval, "Call model.eval() before the yield"),
    Wrong("06.1", "its own switch alone", own_switch_only, "its parts' were not"),
    Wrong("06.1", "a graph", with_graph, "eval() does not stop autograd"),
    Wrong("06.1", "graphs off for good", graphs_off_for_good, "until somebody undoes it"),
    Wrong("06.1", "train() afterwards", train_afterwards, "puts every part into training"),
    Wrong("06.1", "train(mode) afterwards", train_if_it_was, "puts every part into training"),
    Wrong("06.1", "eval for good", eval_for_good, "stays in evaluation mode"),
    Wrong("06.1", "no finally", without_finally, "An error leaves the function at the yield"),
    Wrong("06.1", "errors swallowed", errors_swallowed, "nobody hears of it"),
    Wrong("06.1", "no yield", without_yield, "says `yield`"),
    Wrong("06.1", "two yields", two_yields, "says `yield`"),
    Wrong("06.1", "no decorator", undecorated, "Keep the line @contextmanager"),
    Wrong(
        "06.1",
        "the model and its children",
        evaluating_parts(lambda model: [model, *model.children()]),
        "Parts have parts",
    ),
    Wrong(
        "06.1",
        "its children alone",
        evaluating_parts(lambda model: model.children()),
        "the model's own too",
    ),
    Wrong(
        "06.1",
        "noted after eval()",
        evaluating_parts(lambda model: model.modules(), late=True),
        "before model.eval()",
    ),
    Wrong("06.1", "graphs on at the end", graphs_on_at_the_end, "ends the caller's no_grad()"),
    Wrong("06.1", "no graphs after an error", graphs_off_after_an_error, "An error skips"),
    Wrong(
        "06.2",
        "the mean of means",
        evaluate_variant(mean=lambda losses, sizes: sum(losses) / len(losses)),
        "counts as much as three others",
    ),
    Wrong(
        "06.2",
        "a sum",
        evaluate_variant(
            mean=lambda losses, sizes: sum(a * b for a, b in zip(losses, sizes, strict=True))
        ),
        "sum over examples",
    ),
    Wrong(
        "06.2",
        "means, divided by N",
        evaluate_variant(mean=lambda losses, sizes: sum(losses) / sum(sizes)),
        "divided by N",
    ),
    Wrong(
        "06.2",
        "divided by the number of batches",
        evaluate_variant(
            mean=lambda losses, sizes: (
                sum(a * b for a, b in zip(losses, sizes, strict=True)) / len(sizes)
            )
        ),
        "There are 4 examples",
    ),
    Wrong(
        "06.2",
        "the last batch",
        evaluate_variant(mean=lambda losses, sizes: losses[-1]),
        "last batch alone",
    ),
    Wrong("06.2", "a return in the loop", returns_in_the_loop, "Is the return in the loop?"),
    Wrong("06.2", "a number", a_number, "Return a dict"),
    Wrong(
        "06.2",
        "a metric of batches",
        evaluate_variant(gather=mean_of_batches),
        "compute the metric once",
    ),
    Wrong(
        "06.2",
        "a weighted metric of batches",
        evaluate_variant(gather=weighted_mean_of_batches),
        "weighted by their sizes",
    ),
    Wrong(
        "06.2",
        "labels first",
        evaluate_variant(gather=lambda metric, y, t: metric(torch.cat(t), torch.cat(y))),
        "The answers come first",
    ),
    Wrong(
        "06.2",
        "a metric of the last batch",
        evaluate_variant(gather=lambda metric, y, t: metric(y[-1], t[-1])),
        "the last batch alone",
    ),
    Wrong("06.2", "a metric of lists", evaluate_variant(gather=as_lists), "takes tensors"),
    Wrong(
        "06.2",
        "the dataset's size",
        divides_by(lambda loader: len(loader.dataset)),
        "Count the examples as they come",
    ),
    Wrong(
        "06.2",
        "the loader's batch size",
        divides_by(lambda loader: len(loader) * loader.batch_size),
        "Count the examples as they come",
    ),
    Wrong("06.2", "input_ids", input_ids_alone, "Other models have other inputs"),
    Wrong("06.2", "argmax", evaluate_variant(fixed=True), "argmax is fixed"),
    Wrong("06.2", "train mode", evaluate_variant(block=mere_no_grad), "with evaluating(model):"),
    Wrong("06.2", "a graph", evaluate_variant(block=mere_eval), "graph of every batch"),
    Wrong("06.2", "pop", evaluate_variant(take=popped), "pop takes the labels away"),
    Wrong(
        "06.2",
        "labels to the model",
        evaluate_variant(take=lambda batch: (batch, batch["labels"])),
        'leave "labels" out',
    ),
    Wrong("06.2", "a loss of 0", evaluate_variant(without_loss=0.0), "not a loss of 0"),
    Wrong("06.2", "always a loss", always_a_loss, "loss_fn and metrics may be None"),
    Wrong("06.2", "names for functions", over_the_names, "metrics.items()"),
    Wrong("06.2", "len() of the loader", counts_by_len, "Go through the loader once"),
    Wrong("06.2", "a metric of logits", metric_of_logits, "decide(logits) comes first"),
    Wrong("06.2", "the dict itself", no_names, "model(**inputs)"),
    Wrong("06.2", "through it twice", twice_through, "Go through the loader once"),
    Wrong(
        "06.3",
        "the loader's order",
        in_the_loader_s_order,
        "order of the loader",
    ),
    Wrong(
        "06.3",
        "logits[places]",
        predict_variant(finish=lambda found, places: torch.cat(found)[places]),
        "shuffles once more",
    ),
    Wrong(
        "06.3",
        "sorted by value",
        predict_variant(finish=lambda found, places: torch.cat(found).sort(dim=0).values),
        "Sorted by their value",
    ),
    Wrong("06.3", "filled after the block", predict_filling_too_late, "Fill it in the block"),
    Wrong("06.3", "the loader's batch size", predict_by_batch_size, "loader.batch_size is None"),
    Wrong("06.3", "input_ids", predict_of_input_ids, "Other models have other inputs"),
    Wrong("06.3", "two draws", draws_twice, "Draw once"),
    Wrong(
        "06.3",
        "probabilities",
        predict_variant(finish=lambda f, p: torch.cat(f)[p.argsort()].softmax(dim=1)),
        "Return logits",
    ),
    Wrong(
        "06.3",
        "answers",
        predict_variant(finish=lambda f, p: torch.cat(f)[p.argsort()].argmax(dim=1)),
        "Return logits",
    ),
    Wrong(
        "06.3",
        "a list",
        predict_variant(finish=lambda f, p: torch.cat(f)[p.argsort()].tolist()),
        "torch.cat joins",
    ),
    Wrong("06.3", "a list of batches", predict_variant(finish=lambda f, p: f), "torch.cat joins"),
    Wrong("06.3", "the last batch", predict_variant(finish=lambda f, p: f[-1]), "last batch alone"),
    Wrong("06.3", "the first batch", first_batch, "return stand in the loop"),
    Wrong("06.3", "train mode", predict_variant(block=mere_no_grad), "was in training"),
    Wrong("06.3", "a graph", predict_variant(block=mere_eval), "graph of every batch"),
    Wrong(
        "06.3",
        "no collate",
        predict_variant(collate=lambda loader, items: items[0]),
        "loader.collate_fn",
    ),
    Wrong("06.3", "labels to the model", predict_variant(take=dict), 'leave "labels" out'),
    Wrong("06.3", "many items at once", many_items_at_once, "one item at a time"),
    Wrong("06.3", "needs labels", predict_variant(take=needs_labels), "none are needed"),
    Wrong("06.4", "among the mistakes", mistakes_among_the_mistakes, "Places among the mistakes"),
    Wrong("06.4", "of all", surest_of_all, "These are right"),
    Wrong("06.4", "the right ones", surest_right_ones, "These are right"),
    Wrong("06.4", "the least sure", least_sure, "descending=True"),
    Wrong("06.4", "by the label's probability", by_the_label, "label's probability"),
    Wrong("06.4", "unsorted", mistakes_unsorted, "not sorted"),
    Wrong("06.4", "all", all_mistakes, "Only the first k"),
    Wrong("06.4", "how sure", how_sure, "Return the places"),
    Wrong("06.4", "not flat", mistakes_not_flat, "flatten()"),
    Wrong("06.4", "topk of k", mistakes_by_topk_of_k, "as many as there are"),
    Wrong("06.4", "a mask", a_mask, "nonzero().flatten()"),
    Wrong("06.4", "max() of all", max_of_all, "max(dim=1)"),
    Wrong("06.4", "before the second", mistakes_by(margin_to_the_second), "a difference of two"),
    Wrong("06.4", "before the label", mistakes_by(margin_to_the_label), "a difference of two"),
    Wrong("06.4", "entropy", mistakes_by(minus_entropy), "the largest probability of the row"),
    Wrong("06.4", "squeeze()", mistakes_squeezed, "takes the last axis too"),
    Wrong("06.4", "squeeze() and topk", mistakes_squeezed_by_topk, "takes the last axis too"),
    Wrong("06.4", "topk first", topk_before_wrong, "Leave the right ones out first"),
    Wrong("06.4", "the right ones behind", right_ones_behind, "Leave them out"),
    Wrong(
        "06.5",
        "logits first",
        why_variant(("labels", "logits", "inputs", "weights", "answers")),
        "a symptom",
    ),
    Wrong(
        "06.5",
        "only labels that are all the same",
        why_variant(labels=lambda labels, *_: len(labels.unique()) == 1),
        "share of 0.9",
    ),
    Wrong(
        "06.5",
        "the share of class 1",
        why_variant(labels=lambda labels, *_: (labels == 1).float().mean() >= 0.9),
        "the common class may be any",
    ),
    Wrong(
        "06.5",
        "the mean of labels",
        why_variant(labels=lambda labels, *_: labels.float().mean() >= 0.9),
        "the mean of their numbers says nothing",
    ),
    Wrong(
        "06.5",
        "the first two inputs",
        why_variant(inputs=lambda t, ids, *_: torch.equal(ids[0], ids[1])),
        "not only two of them",
    ),
    Wrong(
        "06.5",
        "the first input and the last",
        why_variant(inputs=lambda t, ids, *_: torch.equal(ids[0], ids[-1])),
        "not only two of them",
    ),
    Wrong(
        "06.5",
        "a set of tensors",
        why_variant(inputs=lambda t, ids, *_: len(set(ids)) == 1),
        "is every row like the first?",
    ),
    Wrong(
        "06.5",
        "one number in all inputs",
        why_variant(inputs=lambda t, ids, *_: len(ids.unique()) == 1),
        "is every row like the first?",
    ),
    Wrong(
        "06.5",
        "the largest logit is always the same",
        why_variant(logits=lambda t, i, b, a, z, y: len(z.argmax(dim=1).unique()) == 1),
        "differ well between examples",
    ),
    Wrong(
        "06.5",
        "answers all alike",
        why_variant(answers=lambda t, i, b, a, z, y: len(y.unique()) == 1),
        "need not be all alike",
    ),
    Wrong(
        "06.5",
        "a share of the answers",
        why_variant(answers=lambda t, i, b, a, z, y: y.bincount().max() / len(y) >= 0.9),
        "need not be all alike",
    ),
    Wrong(
        "06.5",
        "all alike, or other than the largest",
        why_variant(
            answers=lambda t, i, b, a, z, y: len(y.unique()) == 1 or (y != z.argmax(1)).any()
        ),
        "they may be right",
    ),
    Wrong(
        "06.5",
        "inputs before labels",
        why_variant(("inputs", "labels", "weights", "logits", "answers")),
        "Ask in this order",
    ),
    Wrong(
        "06.5",
        "weights before inputs",
        why_variant(("labels", "weights", "inputs", "logits", "answers")),
        "Ask in this order",
    ),
    Wrong(
        "06.5",
        "answers before logits",
        why_variant(("labels", "inputs", "weights", "answers", "logits")),
        "Ask in this order",
    ),
    Wrong(
        "06.5",
        "any weight still",
        why_variant(weights=lambda t, i, b, a, z, y: any(torch.equal(b[n], a[n]) for n in b)),
        "all have to be still",
    ),
    Wrong(
        "06.5",
        "the same dict",
        why_variant(weights=lambda t, i, b, a, z, y: b is a),
        "name by name",
    ),
    Wrong(
        "06.5",
        "== of tensors",
        why_variant(weights=lambda t, i, b, a, z, y: all(b[n] == a[n] for n in b)),
        "one answer a place",
    ),
    Wrong(
        "06.5",
        "the spread over classes",
        why_variant(logits=lambda t, i, b, a, z, y: z.std(dim=1).max() < 1e-3),
        "dim=1 over the classes",
    ),
    Wrong(
        "06.5",
        "exactly equal logits",
        why_variant(logits=lambda t, i, b, a, z, y: (z == z[0]).all()),
        "Rounding makes them differ",
    ),
    Wrong(
        "06.5",
        "the smallest spread",
        why_variant(logits=lambda t, i, b, a, z, y: z.std(dim=0).min() < 1e-3),
        "the largest spread counts",
    ),
    Wrong(
        "06.5",
        "one answer is sick",
        why_variant(logits=lambda t, i, b, a, z, y: len(y.unique()) == 1),
        "The logits differ well",
    ),
    Wrong(
        "06.5",
        "std of labels",
        why_variant(labels=lambda labels, *_: labels.std() == 0),
        "std and mean want floats",
    ),
    Wrong("06.5", "no end", why_variant(end=None), "Nothing came back"),
    Wrong(
        "06.5",
        "answers first",
        why_variant(("answers", "labels", "inputs", "weights", "logits")),
        "Ask in this order",
    ),
    Wrong(
        "06.5",
        "logits before weights",
        why_variant(("labels", "inputs", "logits", "weights", "answers")),
        "Ask in this order",
    ),
    Wrong("06.6", "squeeze()", pseudo_squeezed, "takes the last axis too"),
    Wrong("06.6", "stacked", pseudo_stacked, "One tensor of two rows"),
    Wrong("06.6", "lists", pseudo_lists, "Lists so far"),
    Wrong("06.6", "a list of places", pseudo_list_of_places, "Lists so far"),
    Wrong("06.6", "above", pseudo_above, "At least"),
    Wrong("06.6", "every class above", pseudo_every_class, "Several classes of a row"),
    Wrong("06.6", "a mask", pseudo_mask, "nonzero().flatten()"),
    Wrong("06.6", "all answers", pseudo_all_answers, "The answers of all"),
    Wrong("06.6", "probabilities", pseudo_probabilities, "which class"),
    Wrong("06.6", "turned round", pseudo_turned, "first the places"),
    Wrong("06.6", "not flat", pseudo_not_flat, "flatten()"),
    Wrong("06.6", "the first answers", pseudo_first_answers, "first places"),
    Wrong("06.6", "labels alone", pseudo_labels_alone, "The labels alone"),
    Wrong("06.6", "places alone", pseudo_places_alone, "The places alone"),
    Wrong("06.6", "sorted", pseudo_by_sureness, "Sorted by sureness"),
    Wrong("06.1", "modules() used up", parts_used_up, "can be gone through once"),
    Wrong(
        "06.1",
        "train() of each part, the whole last",
        evaluating_by_train_backwards,
        "puts every part into training",
    ),
    Wrong("06.2", "nested metrics", nested_metrics, "One flat dict"),
    Wrong("06.2", "a loss of answers", loss_of_answers, "The loss wants logits"),
    Wrong("06.2", "a batch taken for a pair", pairs_of_names, "A batch is a dict"),
    Wrong("06.2", "+= of tensors", rows_in_a_list, "append adds the tensor"),
    Wrong(
        "06.2",
        "stacked",
        evaluate_variant(gather=lambda metric, y, t: metric(torch.stack(y), torch.stack(t))),
        "torch.stack wants equal sizes",
    ),
    Wrong(
        "06.2", "probabilities to decide", decides_by_probabilities, "Did decide get probabilities?"
    ),
    Wrong(
        "06.3",
        "argsort of a list",
        predict_variant(finish=lambda f, p: torch.cat(f)[p.tolist().argsort()]),
        "A list has no argsort",
    ),
    Wrong(
        "06.3",
        "a tensor of unequal lists",
        predict_variant(finish=ragged_places),
        "different lengths",
    ),
    Wrong(
        "06.3",
        "stacked",
        predict_variant(finish=lambda f, p: torch.stack(f)[p.argsort()]),
        "torch.stack wants equal sizes",
    ),
    Wrong(
        "06.3",
        "pad_collate",
        predict_variant(collate=lambda loader, items: pad_collate(items)),
        "loader.collate_fn",
    ),
    Wrong("06.4", "floats of an empty list", wrong_places, "dtype=torch.long"),
    Wrong("06.4", "sort", mistakes_by_sort, "sort() gives two things"),
    Wrong("06.4", "sorted among all", mistakes_by_all, "Sort only the mistakes"),
    Wrong("06.4", "over the examples", mistakes_of_columns, "dim=0 goes over the examples"),
    Wrong(
        "06.5",
        "the last weight",
        why_variant(
            weights=lambda t, i, b, a, z, y: torch.equal([*b.values()][-1], [*a.values()][-1])
        ),
        "not any",
    ),
    Wrong(
        "06.5",
        "the mean spread",
        why_variant(logits=lambda t, i, b, a, z, y: z.std(dim=0).mean() < 1e-3),
        "no mean of them",
    ),
    Wrong(
        "06.5",
        "all answers differ",
        why_variant(answers=lambda t, i, b, a, z, y: (y != z.argmax(dim=1)).all()),
        "One answer that differs is enough",
    ),
    Wrong(
        "06.5",
        "answers against labels",
        why_variant(answers=lambda t, i, b, a, z, y: (y != t).any()),
        "labels belong to the training",
    ),
    Wrong("06.6", "pairs", pseudo_pairs, "Pairs so far"),
    Wrong("06.6", "where", pseudo_by_a_tuple, "gives a tuple"),
    Wrong("06.6", "a second softmax", pseudo_of_softmax, "probabilities already"),
    Wrong("06.6", "over the examples", pseudo_of_columns, "dim=0"),
    Wrong("06.6", "-1 for the rest", pseudo_with_minus_one, "Leave out"),
)
