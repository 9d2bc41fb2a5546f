"""What people really write for the exercises of notebook 11, right and wrong."""

import math
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import TrainerCallback, TrainingArguments

from course_lib import loop, metric
from course_lib.exercises.nb11.with_loss import WithLoss
from tests.exercises.mutants import Right, Wrong

# 11.1


def _with_loss(forward, flag=False):
    """WithLoss, with another forward."""

    class Made(nn.Module):
        accepts_loss_kwargs = flag

        def __init__(self, model):
            super().__init__()
            self.model = model

    Made.forward = forward
    return Made


def updating(self, labels=None, **inputs):
    outputs = {"logits": self.model(**inputs)}
    if labels is not None:
        outputs["loss"] = nn.CrossEntropyLoss()(outputs["logits"], labels)
    return outputs


def by_hand(self, labels=None, **inputs):
    logits = self.model(**inputs)
    loss = {}
    if labels is not None:
        chosen = logits.log_softmax(-1).gather(1, labels.view(-1, 1))
        loss = {"loss": -chosen.mean()}
    return loss | {"logits": logits}


def softmax_first(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits.softmax(-1), labels), "logits": logits}


def softmax_for_both(self, labels=None, **inputs):
    logits = self.model(**inputs).softmax(-1)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def labels_to_the_model(self, labels=None, **inputs):
    logits = self.model(labels=labels, **inputs)
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def inputs_as_one(self, labels=None, **inputs):
    logits = self.model(inputs)
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def item(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels).item(), "logits": logits}


def detached(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels).detach(), "logits": logits}


def logits_alone(self, labels=None, **inputs):
    return {"logits": self.model(**inputs)}


def loss_alone(self, labels=None, **inputs):
    return {"loss": F.cross_entropy(self.model(**inputs), labels)}


def the_logits_themselves(self, labels=None, **inputs):
    return self.model(**inputs)


def the_loss_itself(self, labels=None, **inputs):
    return F.cross_entropy(self.model(**inputs), labels)


def tuple_logits_first(self, labels=None, **inputs):
    logits = self.model(**inputs)
    return logits, F.cross_entropy(logits, labels)


def always_a_loss(self, labels=None, **inputs):
    logits = self.model(**inputs)
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def none_for_a_loss(self, labels=None, **inputs):
    logits = self.model(**inputs)
    loss = None if labels is None else F.cross_entropy(logits, labels)
    return {"loss": loss, "logits": logits}


def zero_for_a_loss(self, labels=None, **inputs):
    logits = self.model(**inputs)
    loss = torch.tensor(0.0) if labels is None else F.cross_entropy(logits, labels)
    return {"loss": loss, "logits": logits}


def if_labels(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels:
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}
    return {"logits": logits}


def if_any_label(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is not None and labels.any():
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}
    return {"logits": logits}


def labels_as_well(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels), "logits": logits, "labels": labels}


def popping(self, **inputs):
    labels = inputs.pop("labels", None)
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def of_each_example(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels, reduction="none"), "logits": logits}


def summed(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels, reduction="sum"), "logits": logits}


def nll(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.nll_loss(logits, labels), "logits": logits}


def labels_first(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(labels, logits), "logits": logits}


def no_return_without_labels(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is not None:
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}
    return None


def classes_for_logits(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits.argmax(-1)}
    return {"loss": F.cross_entropy(logits, labels), "logits": logits.argmax(-1)}


def swapped_keys(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"logits": F.cross_entropy(logits, labels), "loss": logits}


def one_input_alone(self, labels=None, **inputs):
    logits = self.model(inputs["a"])
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def under_no_grad(self, labels=None, **inputs):
    with torch.no_grad():
        logits = self.model(**inputs)
    if labels is None:
        return {"logits": logits}
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


class NoSetUp(nn.Module):
    def __init__(self, model):
        self.model = model


class Hidden(nn.Module):
    accepts_loss_kwargs = False
    forward = updating

    def __init__(self, model):
        super().__init__()
        self.models = [model]

    @property
    def model(self):
        return self.models[0]


def running_twice(self, labels=None, **inputs):
    if labels is None:
        return {"logits": self.model(**inputs)}
    loss = F.cross_entropy(self.model(**inputs), labels)
    return {"loss": loss, "logits": self.model(**inputs)}


def running_for_nothing(self, labels=None, **inputs):
    self.model(**inputs)
    return running_twice(self, labels, **inputs)


def in_eval_mode(self, labels=None, **inputs):
    self.model.eval()
    return updating(self, labels, **inputs)


def in_training_mode(self, labels=None, **inputs):
    self.train()
    return updating(self, labels, **inputs)


def there_and_back(self, labels=None, **inputs):
    self.model.eval()
    outputs = updating(self, labels, **inputs)
    self.model.train()
    return outputs


def only_in_training(self, labels=None, **inputs):
    outputs = {"logits": self.model(**inputs)}
    if self.training and labels is not None:
        outputs["loss"] = F.cross_entropy(outputs["logits"], labels)
    return outputs


def without_default(self, labels, **inputs):
    return updating(self, labels, **inputs)


def without_default_by_name(self, *, labels, **inputs):
    return updating(self, labels, **inputs)


def a_tensor_without_labels(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is None:
        return logits
    return {"loss": F.cross_entropy(logits, labels), "logits": logits}


class Renamed(nn.Module):
    accepts_loss_kwargs = False

    def __init__(self, model):
        super().__init__()
        self.inner = model

    def forward(self, labels=None, **inputs):
        logits = self.inner(**inputs)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": F.cross_entropy(logits, labels)}


def _with_loss_of(loss_of, logits_of=lambda self, inputs: self.model(**inputs)):
    """The right wrapper, with another loss or other logits."""

    def forward(self, labels=None, **inputs):
        logits = logits_of(self, inputs)
        if labels is None:
            return {"logits": logits}
        return {"loss": loss_of(logits, labels), "logits": logits}

    return _with_loss(forward)


def with_backward(logits, labels):
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return loss


def unmade_without_labels(self, labels=None, **inputs):
    logits = self.model(**inputs)
    if labels is not None:
        loss = F.cross_entropy(logits, labels)
    return {"loss": loss, "logits": logits}


# 11.2


def objects_compared(ours, theirs):
    pairs = list(enumerate(zip(ours, theirs, strict=True), start=1))
    first = next((n for n, (a, b) in pairs if a is not b), None)
    return first, max(abs(a - b) for _, (a, b) in pairs)


def returning_at_once(ours, theirs):
    for step, (one, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        if one != other:
            return step, max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
        break
    return None, 0.0


def the_loss_there(ours, theirs):
    pairs = list(zip(ours, theirs, strict=True))
    return next((a for a, b in pairs if a != b), None), max(abs(a - b) for a, b in pairs)


def one_beyond(ours, theirs):
    each = [abs(ours[n] - theirs[n]) for n in range(1, len(ours) + 1)]
    return each.index(max(each)), max(each)


def with_numpy(ours, theirs):
    differences = np.abs(np.array(ours) - np.array(theirs))
    steps = np.flatnonzero(differences != 0)
    return (int(steps[0]) + 1 if len(steps) else None), float(differences.max())


def with_a_loop(ours, theirs):
    first, largest = None, 0.0
    for step in range(len(ours)):
        if ours[step] != theirs[step] and first is None:
            first = step + 1
        largest = max(largest, abs(ours[step] - theirs[step]))
    return first, largest


def with_float64(ours, theirs):
    ours, theirs = (torch.tensor(x, dtype=torch.float64) for x in (ours, theirs))
    steps = (ours != theirs).nonzero().flatten().tolist()
    return (steps[0] + 1 if steps else None), (ours - theirs).abs().max().item()


def _difference(
    differs=lambda one, other: one != other,
    start=1,
    pick=lambda steps, each: steps[0] if steps else None,
    size=lambda one, other: abs(one - other),
    largest=max,
    back=lambda step, largest: (step, largest),
):
    """first_difference, with one thing done otherwise."""

    def attempt(ours, theirs):
        pairs = list(zip(ours, theirs, strict=True))
        each = [size(one, other) for one, other in pairs]
        steps = [n for n, pair in enumerate(pairs, start) if differs(*pair)]
        return back(pick(steps, each), largest(each))

    return attempt


def falsy_zero(ours, theirs):
    pairs = list(zip(ours, theirs, strict=True))
    first = next((place for place, (a, b) in enumerate(pairs) if a != b), None)
    return (first + 1 if first else None), max(abs(a - b) for a, b in pairs)


def from_place_1(ours, theirs):
    first, largest = None, 0.0
    for place in range(1, len(ours)):
        if first is None and ours[place] != theirs[place]:
            first = place + 1
        largest = max(largest, abs(ours[place] - theirs[place]))
    return first, largest


def unguarded_next(ours, theirs):
    each = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    return next(n for n, d in enumerate(each, 1) if d != 0), max(each)


def with_float32(ours, theirs):
    each = (torch.tensor(ours) - torch.tensor(theirs)).abs()
    steps = (each != 0).nonzero().flatten().tolist()
    return (steps[0] + 1 if steps else None), each.max().item()


def in_tensors(ours, theirs):
    each = (torch.tensor(ours).double() - torch.tensor(theirs).double()).abs()
    return each.argmax() + 1, each.max()


def subtracting_lists(ours, theirs):
    return 1, max(ours - theirs)


def stopping_at_the_first(ours, theirs):
    for step, (one, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        if one != other:
            return step, abs(one - other)
    return None, 0.0


def no_return(ours, theirs):
    print(with_a_loop(ours, theirs))


# 11.3

PLAIN = {
    "lr_scheduler_type": "constant",
    "max_grad_norm": 0,
    "weight_decay": 0.0,
    "optim": "adamw_torch",
    "remove_unused_columns": False,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "use_cpu": True,
}


def _arguments(without=(), given=(), **others):
    """plain_arguments, without some of them, or with others; `given` are not the caller's."""

    def attempt(folder, rate, batch_size, epochs):
        passed = {
            "output_dir": str(folder),
            "learning_rate": rate,
            "per_device_train_batch_size": batch_size,
            "num_train_epochs": epochs,
        }
        every = passed | PLAIN | others
        return TrainingArguments(**{n: v for n, v in every.items() if n not in (*without, *given)})

    return attempt


def positional(folder, rate, batch_size, epochs):
    plain = {**PLAIN, "report_to": [], "max_grad_norm": 0.0, "logging_strategy": "steps"}
    return TrainingArguments(folder, batch_size, epochs, learning_rate=rate, **plain)


def set_afterwards(folder, rate, batch_size, epochs):
    arguments = TrainingArguments(output_dir=folder, use_cpu=True, optim="adamw_torch")
    arguments.learning_rate = rate
    arguments.per_device_train_batch_size = batch_size
    arguments.num_train_epochs = epochs
    arguments.set_save(strategy="no")
    arguments.set_lr_scheduler(name="constant", num_epochs=epochs)
    arguments.set_logging(strategy="steps", steps=1, report_to="none")
    arguments.max_grad_norm = 0
    arguments.remove_unused_columns = False
    return arguments


def other_evaluations(folder, rate, batch_size, epochs):
    arguments = _arguments()(folder, rate, batch_size, epochs)
    arguments.set_evaluate(strategy="epoch", batch_size=4)
    return arguments


def gradient_checkpointing(folder, rate, batch_size, epochs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # it has another name since 5.23
        return _arguments(gradient_checkpointing=True)(folder, rate, batch_size, epochs)


NOT_ASKED = {
    "bf16": True,
    "eval_strategy": "epoch",
    "label_smoothing_factor": 0.1,
    "neftune_noise_alpha": 5.0,
    "torch_compile": True,
    "label_names": ["labels"],
    "prediction_loss_only": True,
    "batch_eval_metrics": True,
    "push_to_hub": True,
    "load_best_model_at_end": True,
    "auto_find_batch_size": True,
    "train_sampling_strategy": "sequential",
    "seed": 1,
    "data_seed": 1,
}


def no_arguments_back(folder, rate, batch_size, epochs):
    _arguments()(folder, rate, batch_size, epochs)


def a_dict_of_them(folder, rate, batch_size, epochs):
    return {"output_dir": folder, "learning_rate": rate, **PLAIN}


def other_names(folder, rate, batch_size, epochs):
    return TrainingArguments(output_dir=folder, lr=rate, batch_size=batch_size, epochs=epochs)


# 11.4


def unpacked(prediction):
    logits, labels = prediction
    answers = torch.tensor(logits).max(dim=1).indices
    return {
        "macro_f1": metric.f1(answers, torch.tensor(labels), "macro"),
        "accuracy": metric.accuracy(answers, torch.tensor(labels)),
    }


def all_in_numpy(prediction):
    answers = np.argmax(prediction.predictions, axis=1)
    f1 = metric.f1(answers, prediction.label_ids, average="macro", num_classes=10)
    return {"accuracy": float((answers == prediction.label_ids).mean()), "macro_f1": f1}


def f1_of_each_that_occurs(prediction):
    answers = prediction.predictions.argmax(-1)
    labels, found = prediction.label_ids, []
    for c in sorted({*answers.tolist(), *labels.tolist()}):
        hits = ((answers == c) & (labels == c)).sum()
        found.append(2 * hits / ((answers == c).sum() + (labels == c).sum()))
    return {"accuracy": (answers == labels).mean().item(), "macro_f1": sum(found) / len(found)}


def _metrics(
    classes=lambda logits: torch.from_numpy(logits).argmax(dim=-1),
    f1=lambda answers, labels: metric.f1(answers, labels, average="macro"),
    accuracy=metric.accuracy,
    back=lambda accuracy, f1: {"accuracy": accuracy, "macro_f1": f1},
):
    """compute_metrics, with one thing done otherwise."""

    def attempt(prediction):
        answers, labels = classes(prediction.predictions), torch.from_numpy(prediction.label_ids)
        return back(accuracy(answers, labels), f1(answers, labels))

    return attempt


def over_all_classes(answers, labels, size=4):
    return sum(metric.f1(answers, labels, average=None, num_classes=size)) / size


def weighted(answers, labels):
    each = metric.f1(answers, labels, average=None, num_classes=4)
    return sum(f1 * (labels == c).sum().item() for c, f1 in enumerate(each)) / len(labels)


def above_a_half(logits):
    return (torch.from_numpy(logits).softmax(-1) > 0.5).int().argmax(-1)


def rounded_to(digits):
    return lambda accuracy, f1: {"accuracy": round(accuracy, digits), "macro_f1": round(f1, digits)}


def _mean_share(answers, labels, whole):
    """The mean over the classes of their hits by how often they occur in `whole`."""
    occurring = sorted({*answers.tolist(), *labels.tolist()})
    hits = [((answers == c) & (labels == c)).sum().item() for c in occurring]
    counts = [max((whole == c).sum().item(), 1) for c in occurring]
    return sum(hit / count for hit, count in zip(hits, counts, strict=True)) / len(occurring)


def mean_recall(answers, labels):
    return _mean_share(answers, labels, labels)


def of_the_means(answers, labels):
    precision, recall = (_mean_share(answers, labels, whole) for whole in (answers, labels))
    return 2 * precision * recall / (precision + recall)


def of_class_1(answers, labels):
    return metric.f1((answers == 1).long(), (labels == 1).long())


def tensors_back(prediction):
    answers = torch.from_numpy(prediction.predictions).argmax(-1)
    labels = torch.from_numpy(prediction.label_ids)
    found = _metrics()(prediction)
    return {"accuracy": (answers == labels).float().mean(), "macro_f1": found["macro_f1"]}


def numpy_back(prediction):
    found = _metrics()(prediction)
    right = prediction.predictions.argmax(-1) == prediction.label_ids
    return found | {"accuracy": right.mean(dtype=np.float32)}


def logits_and_labels(prediction):
    predictions, labels = prediction.predictions, prediction.label_ids
    return {
        "accuracy": metric.accuracy(predictions, labels),
        "macro_f1": metric.f1(predictions, labels, "macro"),
    }


def labels_by_another_name(prediction):
    return {"accuracy": metric.accuracy(prediction.predictions, prediction.labels)}


def logits_by_another_name(prediction):
    return {"accuracy": metric.accuracy(prediction.logits.argmax(-1), prediction.label_ids)}


# 11.5

NAMES = {"loss": "train/loss", "learning_rate": "train/rate", "grad_norm": "train/gradient_norm"}
TIMES = ("eval_runtime", "eval_samples_per_second", "eval_steps_per_second")


def is_time(name):
    return name.endswith(("time", "per_second"))


def _steps(self, state, logs):
    numbers = {new: logs[old] for old, new in NAMES.items() if old in logs}
    self.logger.scalars(numbers, state.global_step)


def _evaluation(self, state, logs):
    numbers = {
        f"epoch/valid_{name.removeprefix('eval_')}": value
        for name, value in logs.items()
        if name.startswith("eval_") and not is_time(name)
    }
    self.logger.scalars(numbers, round(state.epoch))


def _nothing(self, state, logs):
    pass


def _callback(
    steps=_steps,
    evaluation=_evaluation,
    rest=_nothing,
    back=lambda control, logs: None,
    is_step=lambda logs: "loss" in logs,
    is_evaluation=lambda logs: "eval_loss" in logs,
    base=TrainerCallback,
):
    """ToLogger, with one thing done otherwise."""

    class Made(base):
        def __init__(self, logger):
            self.logger = logger
            self.count = 0

        def on_log(self, args, state, control, logs=None, **others):
            self.count += 1
            self.args = args
            write = steps if is_step(logs) else evaluation if is_evaluation(logs) else rest
            write(self, state, logs)
            return back(control, logs)

    return Made


class OneByOne(TrainerCallback):
    def __init__(self, logger):
        self.logger = logger

    def on_log(self, args, state, control, logs=None, **others):
        for name, value in (logs or {}).items():
            if name in NAMES:
                self.logger.scalars({NAMES[name]: value}, step=state.global_step)
            elif name.startswith("eval_") and not is_time(name):
                self.logger.scalars({f"epoch/valid_{name[5:]}": value}, round(logs["epoch"]))


class OnACopy(TrainerCallback):
    def __init__(self, logger):
        self.logger = logger

    def on_log(self, args, state, control, logs=None, **others):
        logs = dict(logs)
        logs.pop("epoch", None)
        if "loss" in logs:
            self.logger.scalars({NAMES[n]: logs.pop(n) for n in list(logs)}, state.global_step)
        if "eval_loss" in logs:
            for name in [name for name in logs if is_time(name)]:
                del logs[name]
            named = {"epoch/valid_" + n.split("_", 1)[1]: v for n, v in logs.items()}
            self.logger.scalars(named, int(state.epoch + 0.5))
        return control


class OfTheHistory(TrainerCallback):
    def __init__(self, logger):
        self.logger = logger

    def on_log(self, args, state, control, **others):
        OneByOne(self.logger).on_log(args, state, control, logs=state.log_history[-1])


def monitors_names(self, state, logs):
    names = ("loss", "gradient_norm")
    self.logger.scalars({f"train/{name}": logs[name] for name in names}, state.global_step)


def the_state_s_step(self, state, logs):
    self.logger.scalars({"train/loss": logs["loss"]}, state.step)


def the_arguments_step(self, state, logs):
    self.logger.scalars({"train/loss": logs["loss"]}, self.args.global_step)


def a_bare_logger(self, state, logs):
    logger.scalars({"train/loss": logs["loss"]}, state.global_step)  # noqa: F821


def step_first(self, state, logs):
    self.logger.scalars(state.global_step, {"train/loss": logs["loss"]})


def loss_by_its_own_name(self, state, logs):
    self.logger.scalars({"loss": logs["loss"]}, state.global_step)


def no_step(self, state, logs):
    self.logger.scalars({"train/loss": logs["loss"]})


def step_of_the_epoch(self, state, logs):
    self.logger.scalars({new: logs[old] for old, new in NAMES.items()}, round(state.epoch))


def counting(self, state, logs):
    self.logger.scalars({new: logs[old] for old, new in NAMES.items()}, self.count)


def first_rate(self, state, logs):
    numbers = {new: logs[old] for old, new in NAMES.items() if old in logs}
    numbers["train/rate"] = self.args.learning_rate
    self.logger.scalars(numbers, state.global_step)


def every_key(self, state, logs):
    self.logger.scalars({f"train/{n}": v for n, v in logs.items()}, state.global_step)


def as_they_are(self, state, logs):
    self.logger.scalars(logs, state.global_step)


def loss_alone_logged(self, state, logs):
    self.logger.scalars({"train/loss": logs["loss"]}, state.global_step)


def with_get(self, state, logs):
    self.logger.scalars({new: logs.get(old) for old, new in NAMES.items()}, state.global_step)


def with_get_and_zero(self, state, logs):
    self.logger.scalars({new: logs.get(old, 0.0) for old, new in NAMES.items()}, state.global_step)


def always_all_three(self, state, logs):
    self.logger.scalars({new: logs[old] for old, new in NAMES.items()}, state.global_step)


def one_number(self, state, logs):
    self.logger.scalars("train/loss", logs["loss"], state.global_step)


def number_for_numbers(self, state, logs):
    self.logger.scalars(logs["loss"], state.global_step)


def add_scalar(self, state, logs):
    self.logger.add_scalar("train/loss", logs["loss"], state.global_step)


def popping_the_epoch(self, state, logs):
    logs.pop("epoch")
    _steps(self, state, logs)


def renaming_in_place(self, state, logs):
    for old, new in NAMES.items():
        if old in logs:
            logs[new] = logs.pop(old)
    self.logger.scalars({n: v for n, v in logs.items() if n != "epoch"}, state.global_step)


def deleting_in_a_loop(self, state, logs):
    for name in logs:
        if is_time(name):
            del logs[name]
    _evaluation(self, state, logs)


def _valid(
    keep=lambda name: name.startswith("eval_") and not is_time(name),
    rename=lambda name: f"epoch/valid_{name.removeprefix('eval_')}",
    step=lambda state: round(state.epoch),
):
    def write(self, state, logs):
        numbers = {rename(name): value for name, value in logs.items() if keep(name)}
        self.logger.scalars(numbers, step(state))

    return write


# 11.6


def accumulating(accelerator, model, loader, loss_fn, optimizer):
    losses = []
    model.train()
    for batch in loader:
        with accelerator.accumulate(model):
            labels = batch.pop("labels")
            loss = loss_fn(model(**batch), labels)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
        losses.append(accelerator.gather(loss.detach()).mean().item())
    return losses


def prepared_again(accelerator, model, loader, loss_fn, optimizer):
    model, loader, optimizer = accelerator.prepare(model, loader, optimizer)
    model.train(True)
    losses = []
    for batch in loader:
        batch = {name: value.to(accelerator.device) for name, value in batch.items()}
        model.zero_grad()
        loss = loss_fn(model(**{n: v for n, v in batch.items() if n != "labels"}), batch["labels"])
        accelerator.backward(loss)
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def _epoch(
    order="zfbs",
    mode=lambda model: model.train(),
    before=lambda optimizer: None,
    backward=lambda accelerator, loss: accelerator.backward(loss),
    inputs=lambda batch: {n: v for n, v in batch.items() if n != "labels"},
    loss_of=lambda loss_fn, logits, labels: loss_fn(logits, labels),
    kept=lambda loss: loss.item(),
    back=list,
    run=lambda model, inputs: model(**inputs),
):
    """accelerated_epoch in another order (zero_grad, forward, backward, step), or otherwise."""

    def attempt(accelerator, model, loader, loss_fn, optimizer):
        mode(model)
        before(optimizer)
        losses = []
        for batch in loader:
            loss = None
            for letter in order:
                if letter == "z":
                    optimizer.zero_grad()
                elif letter == "f":
                    loss = loss_of(loss_fn, run(model, inputs(batch)), batch["labels"])
                elif letter == "b":
                    backward(accelerator, loss)
                else:
                    optimizer.step()
            losses.append(kept(loss))
        return back(losses)

    return attempt


def return_in_the_loop(accelerator, model, loader, loss_fn, optimizer):
    losses = []
    for batch in loader:
        losses += _epoch()(accelerator, model, [batch], loss_fn, optimizer)
        return losses
    return losses


def your_own_epoch(accelerator, model, loader, loss_fn, optimizer):
    return loop.train_epoch(model, loader, loss_fn, optimizer)


def your_own_steps(accelerator, model, loader, loss_fn, optimizer):
    model.train()
    return [loop.train_step(model, batch, loss_fn, optimizer) for batch in loader]


def clipped(accelerator, model, loader, loss_fn, optimizer):
    model.train()
    losses = []
    for batch in loader:
        inputs = {n: v for n, v in batch.items() if n != "labels"}
        optimizer.zero_grad()
        loss = loss_fn(model(**inputs), batch["labels"])
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def both_backwards(accelerator, loss):
    accelerator.backward(loss)
    loss.backward()


def of_the_logits(accelerator, model, loader, loss_fn, optimizer):
    model.train()
    for batch in loader:
        accelerator.backward(model(x=batch["x"]))


def step_of_the_accelerator(accelerator, model, loader, loss_fn, optimizer):
    model.train()
    for batch in loader:
        accelerator.backward(loss_fn(model(x=batch["x"]), batch["labels"]))
        accelerator.step()


def none_kept(accelerator, model, loader, loss_fn, optimizer):
    model.train()
    for batch in loader:
        loss = accelerator.backward(loss_fn(model(x=batch["x"]), batch["labels"]))
        optimizer.step()
        loss.item()


def two_epochs(accelerator, model, loader, loss_fn, optimizer):
    return [n for _ in "ab" for n in _epoch()(accelerator, model, loader, loss_fn, optimizer)]


def twice_the_model(model, inputs):
    model(**inputs)
    return model(**inputs)


def in_bfloat16(model, inputs):
    with torch.autocast("cpu", torch.bfloat16):
        return model(**inputs)


def without_gradient(model, inputs):
    with torch.no_grad():
        return model(**inputs)


RIGHT = [
    Right("11.1", "updating", _with_loss(updating)),
    Right("11.1", "by hand", _with_loss(by_hand)),
    Right("11.1", "another name inside", Renamed),
    Right("11.1", "a subclass", type("Sub", (WithLoss,), {})),
    Right("11.2", "numpy", with_numpy),
    Right("11.2", "a loop", with_a_loop),
    Right("11.2", "float64", with_float64),
    Right("11.2", "built from pieces", _difference()),
    Right("11.3", "positional", positional),
    Right("11.3", "set afterwards", set_afterwards),
    Right("11.3", "built from pieces", _arguments()),
    Right(
        "11.3",
        "constant with no warm-up",
        _arguments(lr_scheduler_type="constant_with_warmup", warmup_steps=0),
    ),
    Right("11.3", "defaults left out", _arguments(without=("weight_decay", "report_to"))),
    Right("11.3", "no gradient is longer", _arguments(max_grad_norm=math.inf)),
    Right(
        "11.3",
        "more that changes no number",
        _arguments(
            disable_tqdm=True,
            logging_nan_inf_filter=False,
            per_device_eval_batch_size=64,
            dataloader_pin_memory=False,
            label_smoothing_factor=0,
            eval_strategy="no",
        ),
    ),
    Right("11.4", "unpacked", unpacked),
    Right("11.4", "all in NumPy", all_in_numpy),
    Right("11.4", "F1 by hand", f1_of_each_that_occurs),
    Right("11.4", "built from pieces", _metrics()),
    Right("11.4", "labels first", _metrics(f1=lambda a, b: metric.f1(b, a, average="macro"))),
    Right("11.5", "one by one", OneByOne),
    Right("11.5", "on a copy", OnACopy),
    Right("11.5", "of the history", OfTheHistory),
    Right("11.5", "built from pieces", _callback()),
    Right("11.5", "an empty dict for the rest", _callback(rest=_evaluation)),
    Right("11.5", "the control back", _callback(back=lambda control, logs: control)),
    Right("11.6", "accumulate", accumulating),
    Right("11.6", "prepared again", prepared_again),
    Right("11.6", "built from pieces", _epoch()),
    Right("11.6", "zero_grad last", _epoch("fbsz")),
    Right("11.6", "zero_grad after the forward pass", _epoch("fzbs")),
]

WRONG = [
    Wrong("11.1", "softmax first", _with_loss(softmax_first), "A softmax stood before"),
    Wrong("11.1", "softmax for both", _with_loss(softmax_for_both), "These are probabilities"),
    Wrong("11.1", "labels to the model", _with_loss(labels_to_the_model), "and no labels"),
    Wrong("11.1", "inputs as one", _with_loss(inputs_as_one), "hand on all, by name"),
    Wrong("11.1", "one input", _with_loss(one_input_alone), "hand on all, by name"),
    Wrong("11.1", "item", _with_loss(item), "is cut: .item()"),
    Wrong("11.1", "detached", _with_loss(detached), "is cut: .item()"),
    Wrong("11.1", "no_grad", _with_loss(under_no_grad), "is cut: .item()"),
    Wrong("11.1", "logits alone", _with_loss(logits_alone), "Without `loss` Trainer stops"),
    Wrong("11.1", "loss alone", _with_loss(loss_alone), "without `logits` it has no predictions"),
    Wrong("11.1", "a tensor", _with_loss(the_logits_themselves), "reads the parts by name"),
    Wrong("11.1", "the loss itself", _with_loss(the_loss_itself), "reads the parts by name"),
    Wrong("11.1", "a tuple", _with_loss(tuple_logits_first), "takes the first for the loss"),
    Wrong("11.1", "always a loss", _with_loss(always_a_loss), "Without labels there is no loss"),
    Wrong("11.1", "None for a loss", _with_loss(none_for_a_loss), "Trainer's predict stops"),
    Wrong("11.1", "zero for a loss", _with_loss(zero_for_a_loss), "leave the key out"),
    Wrong("11.1", "if labels", _with_loss(if_labels), "`if labels is None`"),
    Wrong("11.1", "if any label", _with_loss(if_any_label), "A label of 0 counts as False"),
    Wrong("11.1", "labels as well", _with_loss(labels_as_well), "get a tuple of arrays"),
    Wrong("11.1", "popping", _with_loss(popping), "evaluates without loss"),
    Wrong("11.1", "of each example", _with_loss(of_each_example), "A loss for each example"),
    Wrong("11.1", "the sum", _with_loss(summed), "This is the sum"),
    Wrong("11.1", "nll_loss", _with_loss(nll), "nll_loss takes log_softmax"),
    Wrong("11.1", "labels first", _with_loss(labels_first), "The logits come first"),
    Wrong("11.1", "no return", _with_loss(no_return_without_labels), "in both cases"),
    Wrong("11.1", "classes", _with_loss(classes_for_logits), "These are classes"),
    Wrong("11.1", "swapped keys", _with_loss(swapped_keys), "have changed places"),
    Wrong("11.1", "the flag is gone", _with_loss(updating, None), "num_items_in_batch"),
    Wrong("11.1", "twice", _with_loss(running_twice), "call self.model(**inputs) once"),
    Wrong("11.1", "three times", _with_loss(running_for_nothing), "most of the work"),
    Wrong("11.1", "eval", _with_loss(in_eval_mode), "no mode is set in forward"),
    Wrong("11.1", "train", _with_loss(in_training_mode), "no mode is set in forward"),
    Wrong("11.1", "eval and train", _with_loss(there_and_back), "no mode is set in forward"),
    Wrong("11.1", "only in training", _with_loss(only_in_training), "`if self.training`"),
    Wrong("11.1", "no default", _with_loss(without_default), "Keep `labels=None`"),
    Wrong("11.1", "by name alone", _with_loss(without_default_by_name), "Keep `labels=None`"),
    Wrong("11.1", "a tensor without", _with_loss(a_tensor_without_labels), "too, it is a dict"),
    Wrong(
        "11.1",
        "BERT's names",
        _with_loss_of(F.cross_entropy, lambda self, inputs: self.model(inputs["input_ids"])),
        "hand on all, by name",
    ),
    Wrong(
        "11.1",
        "no self",
        _with_loss_of(F.cross_entropy, lambda self, inputs: model(**inputs)),  # noqa: F821
        "put the model into self",
    ),
    Wrong(
        "11.1",
        "itself",
        _with_loss_of(F.cross_entropy, lambda self, inputs: self.forward(**inputs)),
        "self.forward is this function",
    ),
    Wrong(
        "11.1",
        "a dict inside",
        _with_loss_of(F.cross_entropy, lambda self, inputs: self.model(**inputs)["logits"]),
        "gives the logits themselves",
    ),
    Wrong(
        "11.1",
        "labels as floats",
        _with_loss_of(lambda a, b: F.cross_entropy(a, b.float())),
        "the labels (B,), as they come",
    ),
    Wrong(
        "11.1",
        "classes in the loss",
        _with_loss_of(lambda a, b: F.cross_entropy(a.argmax(-1), b)),
        "which are floats",
    ),
    Wrong("11.1", "a loss made", _with_loss_of(nn.CrossEntropyLoss), "makes a loss function"),
    Wrong("11.1", "backward, too", _with_loss_of(with_backward), "Trainer calls it"),
    Wrong(
        "11.1",
        "divided again",
        _with_loss_of(lambda a, b: F.cross_entropy(a, b) / len(b)),
        "is a mean already",
    ),
    Wrong("11.1", "unmade", _with_loss(unmade_without_labels), "no loss is made"),
    Wrong("11.1", "no set-up", NoSetUp, "super().__init__()"),
    Wrong("11.1", "a hidden model", Hidden, "Trainer trains the parameters that it finds"),
    Wrong("11.2", "from 0", _difference(start=0), "Steps count from 1"),
    Wrong(
        "11.2",
        "argmax",
        _difference(pick=lambda steps, each: each.index(max(each)) + 1 if steps else None),
        "the step of the largest difference",
    ),
    Wrong(
        "11.2",
        "argmax of equals",
        _difference(pick=lambda steps, each: each.index(max(each)) + 1),
        "the first of the largest ones, 0",
    ),
    Wrong(
        "11.2",
        "the last",
        _difference(pick=lambda steps, each: steps[-1] if steps else None),
        "The first that differs",
    ),
    Wrong("11.2", "falsy zero", falsy_zero, "Place 0 counts as False"),
    Wrong("11.2", "range(1, n)", from_place_1, "stands in place 0"),
    Wrong(
        "11.2",
        "i > 1",
        _difference(pick=lambda steps, each: next((i for i in steps if i > 1), None)),
        "ask whether it is None",
    ),
    Wrong("11.2", "signed", _difference(size=lambda a, b: a - b), "The sign counts"),
    Wrong(
        "11.2",
        "signed and compared",
        _difference(differs=lambda a, b: a > b),
        "compare with !=",
    ),
    Wrong(
        "11.2",
        "abs of the max",
        _difference(size=lambda a, b: a - b, largest=lambda each: abs(max(each))),
        "The sign counts",
    ),
    Wrong(
        "11.2",
        "isclose",
        _difference(differs=lambda a, b: not np.isclose(a, b)),
        "Something hides it",
    ),
    Wrong(
        "11.2",
        "a tolerance",
        _difference(differs=lambda a, b: abs(a - b) > 1e-8),
        "Something hides it",
    ),
    Wrong(
        "11.2",
        "rounded",
        _difference(largest=lambda each: round(max(each), 6)),
        "not rounded",
    ),
    Wrong("11.2", "float32", with_float32, "float32"),
    Wrong("11.2", "above 0", _difference(differs=lambda a, b: abs(a - b) > 0), "with NaN is False"),
    Wrong(
        "11.2",
        "below or above",
        _difference(differs=lambda a, b: a < b or a > b),
        "only != is True",
    ),
    Wrong("11.2", "the mean", _difference(largest=np.mean), "This is the mean"),
    Wrong("11.2", "the sum", _difference(largest=sum), "This is the sum"),
    Wrong("11.2", "at the first", stopping_at_the_first, "This is the difference at the first"),
    Wrong("11.2", "turned", _difference(back=lambda s, d: (d, s)), "The step comes first"),
    Wrong("11.2", "the step alone", _difference(back=lambda s, d: s), "Two things are asked"),
    Wrong("11.2", "the difference alone", _difference(back=lambda s, d: d), "Return two things"),
    Wrong(
        "11.2",
        "0 for none",
        _difference(pick=lambda steps, each: steps[0] if steps else 0),
        "0 is taken for a step",
    ),
    Wrong("11.2", "no first", _difference(pick=lambda steps, each: steps[0]), "No step differs"),
    Wrong("11.2", "next", unguarded_next, "No step differs"),
    Wrong("11.2", "tensors", in_tensors, ".item() makes a plain number"),
    Wrong("11.2", "lists subtracted", subtracting_lists, "zip(ours, theirs)"),
    Wrong("11.2", "is not", objects_compared, "asks for the same object"),
    Wrong("11.2", "return at once", returning_at_once, "end the loop at step 1"),
    Wrong("11.2", "the loss there", the_loss_there, "This is the loss there"),
    Wrong("11.2", "one beyond", one_beyond, "a place beyond the last"),
    Wrong(
        "11.2",
        "squares",
        _difference(size=lambda a, b: (a - b) ** 2),
        "the square of the difference",
    ),
    Wrong("11.2", "relative", _difference(size=lambda a, b: abs(a - b) / a), "Divided by the loss"),
    Wrong("11.2", "nothing back", no_return, "is there no `return`"),
    Wrong("11.3", "linear", _arguments(without=("lr_scheduler_type",)), "falls to 0"),
    Wrong("11.3", "cosine", _arguments(lr_scheduler_type="cosine"), "and no warm-up"),
    Wrong(
        "11.3",
        "warm-up",
        _arguments(lr_scheduler_type="constant_with_warmup", warmup_steps=3),
        "and no warm-up",
    ),
    Wrong(
        "11.3",
        "plateau",
        _arguments(lr_scheduler_type="reduce_lr_on_plateau", eval_strategy="epoch"),
        "and no warm-up",
    ),
    Wrong("11.3", "clipping", _arguments(without=("max_grad_norm",)), "cuts every gradient"),
    Wrong("11.3", "a high norm", _arguments(max_grad_norm=1e9), "0 turns clipping off"),
    *(
        Wrong("11.3", name, _arguments(**{name: value}), f"`{name}` is not asked")
        for name, value in NOT_ASKED.items()
    ),
    Wrong("11.3", "set_evaluate", other_evaluations, "`eval_strategy` is not asked"),
    Wrong("11.3", "gradient checkpointing", gradient_checkpointing, "leave it at its default"),
    Wrong("11.3", "None for clipping", _arguments(max_grad_norm=None), "None > 0 is an error"),
    Wrong("11.3", "fused", _arguments(without=("optim",)), "sums in another order"),
    Wrong("11.3", "sgd", _arguments(optim="sgd"), "torch.optim.AdamW"),
    Wrong("11.3", "no such optimizer", _arguments(optim="adamw"), "lists what it may be"),
    Wrong("11.3", "other betas", _arguments(adam_beta2=0.98), "PyTorch's own default"),
    Wrong("11.3", "decay", _arguments(weight_decay=0.01), "0.01 by default in PyTorch"),
    Wrong("11.3", "None for decay", _arguments(weight_decay=None), "The loop has weight_decay=0"),
    Wrong("11.3", "tracker", _arguments(report_to="tensorboard"), "no tracker hears"),
    Wrong("11.3", "None for trackers", _arguments(report_to=None), "the name of a tracker"),
    Wrong("11.3", "saving", _arguments(without=("save_strategy",)), "saves every 500 steps"),
    Wrong("11.3", "saving epochs", _arguments(save_strategy="epoch"), 'save_strategy="no"'),
    Wrong("11.3", "False for saving", _arguments(save_strategy=False), "lists what it may be"),
    Wrong("11.3", "a GPU", _arguments(without=("use_cpu",)), "takes a GPU where there is one"),
    Wrong("11.3", "columns", _arguments(without=("remove_unused_columns",)), "**inputs is no name"),
    Wrong("11.3", "500 steps", _arguments(without=("logging_steps",)), "logs none"),
    Wrong("11.3", "epochs logged", _arguments(logging_strategy="epoch"), "logging_steps=1"),
    Wrong(
        "11.3",
        "the rate is left out",
        _arguments(given=("learning_rate",)),
        "how large a step is: rate",
    ),
    Wrong("11.3", "a rate of its own", _arguments(learning_rate=5e-4), "how large a step"),
    Wrong(
        "11.3",
        "the batch size is left out",
        _arguments(given=("per_device_train_batch_size",)),
        "This is Trainer's default",
    ),
    Wrong(
        "11.3",
        "the epochs are left out",
        _arguments(given=("num_train_epochs",)),
        "This is Trainer's default",
    ),
    Wrong("11.3", "no folder", _arguments(given=("output_dir",)), "This is Trainer's default"),
    Wrong("11.3", "steps for epochs", _arguments(max_steps=16), "overrides the epochs"),
    Wrong("11.3", "accumulating", _arguments(gradient_accumulation_steps=4), "a step of its own"),
    Wrong("11.3", "other names", other_names, "no argument of this name"),
    Wrong("11.3", "no_cuda", _arguments(no_cuda=True), "no argument of this name"),
    Wrong("11.3", "a dict", a_dict_of_them, "Return TrainingArguments"),
    Wrong("11.3", "nothing back", no_arguments_back, "Return TrainingArguments"),
    Wrong("11.4", "axis 0", _metrics(lambda x: torch.from_numpy(x).argmax(dim=0)), "wrong axis"),
    Wrong("11.4", "no axis", _metrics(lambda x: torch.from_numpy(x).argmax()), "or over none"),
    Wrong("11.4", "dim of an array", _metrics(lambda x: x.argmax(dim=-1)), "argmax(axis=-1)"),
    Wrong("11.4", "softmax of an array", _metrics(lambda x: x.softmax(-1)), "torch.from_numpy"),
    Wrong("11.4", "torch.argmax of an array", _metrics(torch.argmax), "torch.from_numpy"),
    Wrong("11.4", "logits", logits_and_labels, "The predictions are logits"),
    Wrong("11.4", "labels", labels_by_another_name, ".predictions and .label_ids"),
    Wrong("11.4", "logits by name", logits_by_another_name, ".predictions and .label_ids"),
    Wrong(
        "11.4", "micro", _metrics(f1=lambda a, b: metric.f1(a, b, "micro")), "is the accuracy once"
    ),
    Wrong("11.4", "binary", _metrics(f1=metric.f1), "more than two classes"),
    Wrong("11.4", "a threshold", _metrics(above_a_half), "without a threshold"),
    Wrong(
        "11.4", "rounded", _metrics(back=rounded_to(2)), "5 of 8 are right; macro-F1 is the mean"
    ),
    Wrong("11.4", "rounded to 4", _metrics(back=rounded_to(4)), "classes' own F1, unrounded"),
    Wrong("11.4", "of the means", _metrics(f1=of_the_means), "the mean of the classes' own F1"),
    Wrong("11.4", "recall", _metrics(accuracy=mean_recall), "5 of 8 are right"),
    Wrong("11.4", "each", _metrics(f1=lambda a, b: metric.f1(a, b, None)), "One F1 for each class"),
    Wrong("11.4", "weighted", _metrics(f1=weighted), "Weighted by how often"),
    Wrong("11.4", "class 1", _metrics(f1=of_class_1), "F1 of class 1"),
    Wrong(
        "11.4",
        "of all four",
        _metrics(f1=lambda a, b: over_all_classes(a, b, 4 if b.max() == 3 else 3)),
        "neither answered nor a label",
    ),
    Wrong("11.4", "a tensor back", tensors_back, "Plain numbers are promised"),
    Wrong("11.4", "a NumPy number back", numpy_back, "Plain numbers are promised"),
    Wrong("11.4", "a tuple", _metrics(back=lambda a, f: (a, f)), "logs the metrics by name"),
    Wrong("11.4", "a number", _metrics(back=lambda a, f: a), "logs the metrics by name"),
    Wrong(
        "11.4",
        "prefixed",
        _metrics(back=lambda a, f: {"eval_accuracy": a, "eval_macro_f1": f}),
        "puts eval_ in front",
    ),
    Wrong(
        "11.4",
        "another name",
        _metrics(back=lambda a, f: {"accuracy": a, "f1": f}),
        "of these names",
    ),
    Wrong(
        "11.4",
        "changed places",
        _metrics(back=lambda a, f: {"accuracy": f, "macro_f1": a}),
        "have changed places",
    ),
    Wrong(
        "11.4",
        "per cent",
        _metrics(back=lambda a, f: {"accuracy": 100 * a, "macro_f1": 100 * f}),
        "not per cent",
    ),
    Wrong("11.4", "max", _metrics(lambda x: torch.from_numpy(x).max(-1)), "The place alone"),
    Wrong("11.4", "the first row", _metrics(lambda x: torch.tensor(x[0]).argmax(-1)), "over all"),
    Wrong("11.4", "as a dict", lambda p: {"accuracy": p["logits"].argmax(-1)}, ".predictions and"),
    Wrong(
        "11.4", "metric.macro_f1", _metrics(f1=lambda a, b: metric.macro_f1(a, b)), "is macro-F1"
    ),
    Wrong(
        "11.4",
        "average weighted",
        _metrics(f1=lambda a, b: metric.f1(a, b, average="weighted")),
        "makes the mean over them",
    ),
    Wrong(
        "11.4",
        "seven classes",
        _metrics(f1=lambda a, b: metric.f1(a, b, average="macro", num_classes=7)),
        "number of classes is fixed",
    ),
    Wrong("11.4", "nothing back", _metrics(back=lambda a, f: print(a, f)), "Nothing came back"),
    Wrong("11.5", "no step", _callback(no_step), "wants the step, too"),
    Wrong("11.5", "the epoch for a step", _callback(step_of_the_epoch), "This is the epoch"),
    Wrong("11.5", "counting", _callback(counting), "A count of calls"),
    Wrong("11.5", "every key", _callback(every_key), "choose and rename"),
    Wrong("11.5", "as they are", _callback(as_they_are), "The names: train/loss"),
    Wrong("11.5", "the loss alone", _callback(loss_alone_logged), "are missing"),
    Wrong("11.5", "get", _callback(with_get), "None is no number"),
    Wrong("11.5", "get and 0", _callback(with_get_and_zero), "there was none"),
    Wrong("11.5", "all three", _callback(always_all_three), "ask `in logs`"),
    Wrong("11.5", "add_scalar's arguments", _callback(one_number), "their number"),
    Wrong("11.5", "a number", _callback(number_for_numbers), "scalars({name: number}, step)"),
    Wrong("11.5", "add_scalar", _callback(add_scalar), "logger has scalars"),
    Wrong("11.5", "Monitor's names", _callback(monitors_names), "In logs stand Trainer's"),
    Wrong("11.5", "state.step", _callback(the_state_s_step), "state.global_step says"),
    Wrong("11.5", "args.global_step", _callback(the_arguments_step), "state.global_step says"),
    Wrong("11.5", "no self", _callback(a_bare_logger), "is kept in self"),
    Wrong("11.5", "the step first", _callback(step_first), "the numbers come first"),
    Wrong("11.5", "no train/", _callback(loss_by_its_own_name), "The name: train/loss"),
    Wrong(
        "11.5",
        "strip",
        _callback(evaluation=_valid(rename=lambda n: f"epoch/valid_{n.strip('eval_')}")),
        "strip takes off",
    ),
    Wrong(
        "11.5",
        "split",
        _callback(evaluation=_valid(rename=lambda n: f"epoch/valid_{n.split('_')[1]}")),
        "cuts at every _",
    ),
    Wrong("11.5", "popping", _callback(popping_the_epoch), "Trainer owns logs"),
    Wrong("11.5", "in place", _callback(renaming_in_place), "Trainer owns logs"),
    Wrong("11.5", "deleting", _callback(evaluation=deleting_in_a_loop), "Trainer owns logs"),
    Wrong(
        "11.5",
        "times",
        _callback(evaluation=_valid(keep=lambda name: name.startswith("eval_"))),
        "end in time or per_second",
    ),
    Wrong(
        "11.5",
        "three times by name",
        _callback(evaluation=_valid(keep=lambda n: n.startswith("eval_") and n not in TIMES)),
        "before train()",
    ),
    Wrong(
        "11.5",
        "the epoch as well",
        _callback(evaluation=_valid(keep=lambda n: not is_time(n))),
        "The epoch is no measurement",
    ),
    Wrong(
        "11.5",
        "two names",
        _callback(evaluation=_valid(keep=lambda n: n in ("eval_loss", "eval_accuracy"))),
        "take all that begin",
    ),
    Wrong(
        "11.5",
        "the loss of an evaluation",
        _callback(evaluation=_valid(keep=lambda n: n == "eval_loss")),
        "The metrics are missing",
    ),
    Wrong(
        "11.5",
        "eval_ stays",
        _callback(evaluation=_valid(rename=lambda n: f"epoch/valid_{n}")),
        "eval_ still stands",
    ),
    Wrong(
        "11.5",
        "not valid",
        _callback(evaluation=_valid(rename=lambda n: f"epoch/{n}")),
        "The name: epoch/valid_X",
    ),
    Wrong(
        "11.5",
        "all of eval_ replaced",
        _callback(evaluation=_valid(rename=lambda n: f"epoch/valid_{n.replace('eval_', '')}")),
        "Only the first",
    ),
    Wrong(
        "11.5",
        "eval_ replaced everywhere",
        _callback(evaluation=_valid(rename=lambda n: n.replace("eval_", "epoch/valid_"))),
        "Only the first",
    ),
    Wrong(
        "11.5",
        "the step for an epoch",
        _callback(evaluation=_valid(step=lambda state: state.global_step)),
        "A point for each epoch",
    ),
    Wrong(
        "11.5",
        "a float",
        _callback(evaluation=_valid(step=lambda state: state.epoch)),
        "is a whole number",
    ),
    Wrong(
        "11.5",
        "int",
        _callback(evaluation=_valid(step=lambda state: int(state.epoch))),
        "int() cuts off",
    ),
    Wrong(
        "11.5",
        "ceil",
        _callback(evaluation=_valid(step=lambda state: math.ceil(state.epoch))),
        "ceil() goes up",
    ),
    Wrong(
        "11.5",
        "a test for a validation",
        _callback(
            evaluation=_valid(
                keep=lambda name: name.startswith(("eval_", "test_")) and not is_time(name),
                rename=lambda name: f"epoch/valid_{name[5:]}",
            ),
            is_evaluation=lambda logs: "train_loss" not in logs,
        ),
        "logs test_loss",
    ),
    Wrong("11.5", "the rate of the start", _callback(first_rate), "stands in logs"),
    Wrong("11.5", "no evaluation", _callback(evaluation=_nothing), "has the key eval_loss"),
    Wrong("11.5", "no step", _callback(_nothing), "has the key loss"),
    Wrong(
        "11.5",
        "the summary, too",
        _callback(rest=every_key),
        "Write nothing",
    ),
    Wrong(
        "11.5",
        "a loss in the name",
        _callback(
            steps=lambda self, state, logs: self.logger.scalars(
                {
                    NAMES.get(n, "train/loss"): v
                    for n, v in logs.items()
                    if "loss" in n or n in NAMES
                },
                state.global_step,
            ),
            is_step=lambda logs: "eval_loss" not in logs,
        ),
        "not a name that has loss in it",
    ),
    Wrong(
        "11.5",
        "a loss of 0",
        _callback(is_step=lambda logs: bool(logs.get("loss"))),
        "A loss of 0 is False",
    ),
    Wrong("11.5", "logs back", _callback(back=lambda control, logs: logs), "Return nothing"),
    Wrong("11.5", "True back", _callback(back=lambda control, logs: True), "Return nothing"),
    Wrong("11.5", "no base", _callback(base=object), "Inherit from TrainerCallback"),
    Wrong(
        "11.6", "directly", _epoch(backward=lambda a, loss: loss.backward()), "on the loss itself"
    ),
    Wrong("11.6", "no zero_grad", _epoch("fbs"), "add up from step to step"),
    Wrong(
        "11.6",
        "zero_grad before the loop",
        _epoch("fbs", before=lambda optimizer: optimizer.zero_grad()),
        "add up from step to step",
    ),
    Wrong("11.6", "zero_grad after backward", _epoch("fbzs"), "wipes the gradient out"),
    Wrong("11.6", "step before backward", _epoch("zfsb"), "The weight has not moved"),
    Wrong("11.6", "one batch late", _epoch("fszb"), "the gradient of the batch before"),
    Wrong("11.6", "no step", _epoch("zfb"), "The weight has not moved"),
    Wrong("11.6", "no backward", _epoch("zfs"), "The weight has not moved"),
    Wrong("11.6", "eval", _epoch(mode=lambda model: model.eval()), "leaves its mode alone"),
    Wrong("11.6", "no mode", _epoch(mode=lambda model: None), "leaves its mode alone"),
    Wrong("11.6", "labels left in", _epoch(inputs=dict), "and no labels"),
    Wrong("11.6", "x by name", _epoch(inputs=lambda batch: {"x": batch["x"]}), "none may stand"),
    Wrong("11.6", "the mean", _epoch(back=np.mean), "This is the mean"),
    Wrong("11.6", "the sum", _epoch(back=sum), "This is the sum"),
    Wrong("11.6", "the last", _epoch(back=lambda losses: losses[-1]), "the last loss alone"),
    Wrong("11.6", "tensors", _epoch(kept=lambda loss: loss), "keeps its whole graph"),
    Wrong("11.6", "return in the loop", return_in_the_loop, "Does the return stand in the loop"),
    Wrong("11.6", "your own epoch", your_own_epoch, "on the loss itself"),
    Wrong("11.6", "your own steps", your_own_steps, "on the loss itself"),
    Wrong("11.6", "both", _epoch(backward=both_backwards), "One backward pass for each batch"),
    Wrong("11.6", "item first", _epoch(backward=lambda a, loss: a.backward(loss.item())), "is cut"),
    Wrong("11.6", "no loss", _epoch(backward=lambda a, loss: a.backward()), "starts from the loss"),
    Wrong("11.6", "of the logits", of_the_logits, "starts from the loss"),
    Wrong("11.6", "accelerator.step()", step_of_the_accelerator, "one call alone"),
    Wrong("11.6", "None kept", none_kept, "gives nothing back"),
    Wrong("11.6", "two epochs", two_epochs, "was used twice"),
    Wrong(
        "11.6",
        "divided again",
        _epoch(loss_of=lambda loss_fn, logits, labels: loss_fn(logits, labels) / len(labels)),
        "a mean already",
    ),
    Wrong("11.6", "no_grad", _epoch(run=without_gradient), "is cut"),
    Wrong("11.6", "autocast", _epoch(run=in_bfloat16), "or is autocast on"),
    Wrong("11.6", "the model twice", _epoch(run=twice_the_model), "once for each batch"),
    Wrong("11.6", "clipped", clipped, "clipped to the norm 1"),
    Wrong(
        "11.6",
        "labels first",
        _epoch(loss_of=lambda loss_fn, logits, labels: loss_fn(labels, logits)),
        "have changed places",
    ),
    Wrong(
        "11.6",
        "another loss",
        _epoch(loss_of=lambda loss_fn, logits, labels: F.mse_loss(logits, labels)),
        "that is passed",
    ),
    Wrong("11.6", "rounded", _epoch(kept=lambda loss: round(loss.item(), 2)), "not rounded"),
    Wrong("11.6", "rounded to 6", _epoch(kept=lambda loss: round(loss.item(), 6)), "not rounded"),
    Wrong("11.6", "nothing back", _epoch(back=print), "Nothing came back"),
]
