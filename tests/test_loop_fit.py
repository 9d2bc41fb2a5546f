"""A whole training: its history, its validation, its callbacks, and what ends it."""

import contextlib
import math
import threading
import traceback
from statistics import fmean

import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader

from course_lib import metric
from course_lib.data import make_loader
from course_lib.loop import History, evaluate, fit, predict
from tests.tiny_training import (
    Rows,
    Stream,
    adamw,
    bare_step,
    batch,
    batches,
    joined,
    linear,
    loss_fn,
    noisy,
    same,
    sgd,
    state,
    steps_of,
)

# Python 3.12 and newer warn of any fork beside threads, and PyTorch has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

VALID = [batch(B, 50 + B) for B in (5, 5, 2)]


def run_fit(model=None, loader=None, optimizer=None, **options):
    """fit with what a test does not care for filled in."""
    model = linear() if model is None else model
    optimizer = sgd(model) if optimizer is None else optimizer
    options = {"epochs": 1, "progress": False} | options
    return fit(model, batches(3) if loader is None else loader, loss_fn, optimizer, **options)


class Log:
    """Writes down which event came, and how far the training was."""

    def __init__(self, stop_at=None):
        self.events, self.stop_at = [], stop_at

    def note(self, event, run):
        self.events.append((event, run.epoch, run.step, run.step_of_epoch))
        if self.stop_at == self.events[-1][:3]:
            run.stop = True

    def on_start(self, run):
        self.note("start", run)

    def on_step(self, run):
        self.note("step", run)

    def on_epoch(self, run):
        self.note("epoch", run)

    def on_end(self, run):
        self.note("end", run)


# The history.


@pytest.mark.parametrize("clip", [None, 0.1])
def test_a_training_is_the_bare_loop(clip):
    results = []
    for loop in (run_fit, bare_fit):
        model = noisy()
        optimizer = adamw(model)
        torch.manual_seed(1)
        history = loop(model, batches(4), optimizer, epochs=3, clip=clip)
        results.append((history.losses, state(model, optimizer), torch.get_rng_state()))
    assert same(*results)
    assert len(results[0][0]) == 12


def bare_fit(model, parts, optimizer, epochs, clip):
    model.train()
    losses = [
        bare_step(model, part, loss_fn, optimizer, clip) for _ in range(epochs) for part in parts
    ]
    return History(losses)


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 5), (2, 3), (5, 1), (9, 1)])
def test_a_history_has_a_loss_and_a_rate_for_each_step(accumulate, steps):
    model = linear()
    optimizer = adamw(model)
    history = run_fit(model, batches(5), optimizer, epochs=3, accumulate=accumulate)
    assert len(history.losses) == len(history.rates) == 3 * steps
    assert len(history.epochs) == 3 and steps_of(optimizer) == {3 * steps}


def test_an_epochs_loss_is_the_mean_of_its_steps():
    history = run_fit(loader=batches(5), epochs=3)
    assert [list(epoch) for epoch in history.epochs] == [["epoch", "train_loss"]] * 3
    assert history.column("epoch") == [1, 2, 3]
    expected = [fmean(history.losses[first : first + 5]) for first in (0, 5, 10)]
    assert history.column("train_loss") == pytest.approx(expected)
    assert history.rates == [0.1] * 15


def on_epoch(function):
    """A callback of one method."""
    return type("OnEpoch", (), {"on_epoch": lambda self, run: function(run)})()


def test_validation_is_that_of_scikit_learn_on_all_answers():
    expected, given = [], joined(VALID)

    def score(run):
        run.model.eval()
        with torch.no_grad():
            logits = run.model(given["x"])
        run.model.train()
        answers, chances = logits.argmax(1), logits.double().softmax(1)
        expected.append(
            {
                "valid_loss": sklearn_metrics.log_loss(given["labels"], chances),
                "valid_accuracy": sklearn_metrics.accuracy_score(given["labels"], answers),
                "valid_f1": sklearn_metrics.f1_score(given["labels"], answers),
            }
        )

    history = run_fit(
        noisy(),
        epochs=3,
        valid_loader=VALID,
        metrics={"accuracy": metric.accuracy, "f1": metric.f1},
        callbacks=[on_epoch(score)],
    )
    found = [{name: epoch[name] for name in expected[0]} for epoch in history.epochs]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)
    assert len(set(history.column("valid_loss"))) == 3


def test_scores_can_be_decided_otherwise():
    model = linear()
    history = run_fit(
        model,
        valid_loader=VALID,
        metrics={"auc": metric.roc_auc},
        decide=lambda logits: logits[:, 1] - logits[:, 0],
    )
    logits = predict(model, VALID)
    expected = sklearn_metrics.roc_auc_score(joined(VALID)["labels"], logits[:, 1] - logits[:, 0])
    assert history.column("valid_auc") == [pytest.approx(expected)]


def test_validation_changes_no_training():
    results = []
    for valid in (None, VALID, make_loader(Rows(), 4)):
        model = noisy()
        torch.manual_seed(2)
        history = run_fit(model, epochs=2, valid_loader=valid)
        results.append((history.losses, state(model)))
    assert same(results[0], results[1]) and same(results[0], results[2])


def test_a_column_that_is_not_there_is_said_with_those_that_are():
    history = run_fit()
    with pytest.raises(
        KeyError, match="no column 'valid_loss' in epoch 1; expected one of: epoch, train_loss"
    ):
        history.column("valid_loss")
    with pytest.raises(KeyError, match="none, no epoch is finished"):
        History().column("train_loss")


def test_a_column_of_some_epochs_only_is_said():
    history = run_fit()
    run_fit(history=history, valid_loader=VALID)
    with pytest.raises(KeyError, match=r"History: .*valid_loss.*epoch 1"):
        history.column("valid_loss")


# Rates.

EPOCHS, STEPS = 4, 3  # steps in each epoch

PER_STEP = {
    "cosine": lambda o: schedulers.CosineAnnealingLR(o, EPOCHS * STEPS),
    "one cycle": lambda o: schedulers.OneCycleLR(o, 1.0, total_steps=EPOCHS * STEPS + 1),
    "exponential": lambda o: schedulers.ExponentialLR(o, 0.9),
    "none": lambda o: None,
}
PER_EPOCH = {
    "step": lambda o: schedulers.StepLR(o, 2),
    "cosine": lambda o: schedulers.CosineAnnealingLR(o, EPOCHS),
    "plateau": lambda o: schedulers.ReduceLROnPlateau(o, patience=0, threshold=0.5),
    "lambda": lambda o: schedulers.LambdaLR(o, lambda epoch: 1 / (epoch + 1)),
}
CASES = [("step", *case) for case in PER_STEP.items()]
CASES += [("epoch", *case) for case in PER_EPOCH.items()]


@pytest.mark.parametrize(
    ("unit", "made"), [case[::2] for case in CASES], ids=[f"{u} {name}" for u, name, _ in CASES]
)
def test_each_rate_is_the_one_that_its_step_was_made_with(unit, made):
    model, expected = linear(), linear()
    optimizer, other = sgd(model), sgd(expected)
    scheduler, wanted = made(optimizer), made(other)
    history = run_fit(
        model,
        optimizer=optimizer,
        epochs=EPOCHS,
        valid_loader=VALID,
        scheduler=scheduler,
        schedule_per=unit,
    )
    rates = []
    for _ in range(EPOCHS):
        for part in batches(STEPS):
            rates.append(other.param_groups[0]["lr"])
            bare_step(expected, part, loss_fn, other)
            if unit == "step" and wanted is not None:
                wanted.step()
        valid_loss = loss_fn(expected(joined(VALID)["x"]), joined(VALID)["labels"]).item()
        if unit == "epoch":
            wanted.step(*[valid_loss] * isinstance(wanted, schedulers.ReduceLROnPlateau))
    assert history.rates == rates
    assert (len(set(rates)) > 1) == (wanted is not None)
    assert same(state(model), state(expected))
    if scheduler is not None:
        assert scheduler.last_epoch == wanted.last_epoch


def test_rates_may_be_tensors():
    model = linear()
    optimizer = sgd(model, lr=torch.tensor(0.5))
    scheduler = schedulers.ExponentialLR(optimizer, 0.5)
    history = run_fit(model, optimizer=optimizer, scheduler=scheduler)
    assert history.rates == [0.5, 0.25, 0.125]


@pytest.mark.parametrize("unit", ["step", "epoch"])
def test_anything_with_a_step_is_a_scheduler(unit):
    class Halving:
        def step(self):
            optimizer.param_groups[0]["lr"] /= 2

    model = linear()
    optimizer = sgd(model)
    options = {"scheduler": Halving(), "schedule_per": unit, "epochs": 2}
    history = run_fit(model, optimizer=optimizer, **options)
    by_step = [1, 2, 4, 8, 16, 32] if unit == "step" else [1, 1, 1, 2, 2, 2]
    assert history.rates == [0.1 / number for number in by_step]


# Modes, precision, devices.


def test_steps_are_made_in_training_mode_and_it_stays_so():
    model, modes = noisy().eval(), []
    callback = type("Modes", (), {"on_step": lambda self, run: modes.append(model.training)})()
    run_fit(model, epochs=2, valid_loader=VALID, callbacks=[callback])
    assert modes == [True] * 6
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_comes_close(dtype):
    model, expected = linear(), linear()
    found = run_fit(model, epochs=5, autocast=dtype, valid_loader=VALID)
    wanted = run_fit(expected, epochs=5, valid_loader=VALID)
    assert found.losses == pytest.approx(wanted.losses, abs=0.02) and found.losses != wanted.losses
    assert found.column("valid_loss") == pytest.approx(wanted.column("valid_loss"), abs=0.02)


@pytest.mark.parametrize("dtype", [None, torch.bfloat16, torch.float16], ids=str)
def test_only_float16_has_a_scaler(dtype):
    seen = []
    callback = type("Look", (), {"on_start": lambda self, run: seen.append(run.scaler)})()
    run_fit(autocast=dtype, callbacks=[callback])
    assert [scaler.is_enabled() for scaler in seen] == [dtype == torch.float16]


def test_a_step_that_the_scaler_leaves_out_is_none_for_the_scheduler():
    model = linear()
    optimizer = sgd(model)
    scheduler = schedulers.ExponentialLR(optimizer, 0.5)

    def large(logits, labels):  # 65536 times this is more than a float16 can hold
        return 100 * loss_fn(logits, labels)

    history = fit(
        model,
        batches(3),
        large,
        optimizer,
        epochs=1,
        scheduler=scheduler,
        autocast=torch.float16,
        progress=False,
    )
    assert history.rates[:2] == [0.1, 0.1]


# Going on.

GOING_ON = {
    "per step": ("step", lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=4 * 6)),
    "per epoch": ("epoch", lambda o: schedulers.CosineAnnealingLR(o, 4)),
    "plateau": ("epoch", lambda o: schedulers.ReduceLROnPlateau(o, patience=0, threshold=0.1)),
}


PARTS = [
    pytest.param(parts, *case, id=f"{name} {parts}")
    for name, case in GOING_ON.items()
    for parts in ((2, 2), (1, 3), (1, 1, 1, 1))
]


@pytest.mark.parametrize(("parts", "unit", "made"), PARTS)
def test_a_training_in_parts_is_the_whole_to_the_bit(parts, unit, made):
    """With dropout, shuffling, momentum and a schedule: each goes on where it was."""
    results = []
    for epochs in (parts, (4,)):
        model, loader = noisy(), make_loader(Rows(22), 4, shuffle=True, seed=3)
        optimizer = adamw(model)
        scheduler, history, log = made(optimizer), History(), Log()
        torch.manual_seed(4)
        for count in epochs:
            history = run_fit(
                model,
                loader,
                optimizer,
                epochs=count,
                valid_loader=VALID,
                scheduler=scheduler,
                schedule_per=unit,
                callbacks=[log],
                history=history,
            )
        events = [event for event in log.events if event[0] in ("step", "epoch")]
        results.append((vars(history), state(model, optimizer, scheduler), events))
    assert same(*results)
    history = results[0][0]
    assert [epoch["epoch"] for epoch in history["epochs"]] == [1, 2, 3, 4]
    assert len(history["losses"]) == 24 and len(set(history["rates"])) > 1


def test_the_history_that_is_given_is_the_one_that_comes_back():
    history = History()
    assert run_fit(history=history) is history and len(history.losses) == 3
    assert run_fit(history=history) is history and len(history.losses) == 6
    assert run_fit() is not run_fit()


# Loaders.


def test_two_worker_processes_change_nothing():
    results = []
    for workers in (0, 2):
        model = linear()
        loader = make_loader(Rows(), 4, shuffle=True, seed=1, num_workers=workers)
        valid = make_loader(Rows(), 4, num_workers=workers)
        history = run_fit(model, loader, epochs=2, valid_loader=valid)
        results.append((vars(history), state(model)))
    assert same(*results)


@pytest.mark.parametrize(
    "made", [lambda: DataLoader(Stream(batches(3)), None), lambda: Stream(batches(3))]
)
def test_a_loader_need_not_know_its_length(made):
    model, expected = linear(), linear()
    seen = []
    callback = type("Look", (), {"on_start": lambda self, run: seen.append(run.steps_per_epoch)})()
    options = {"epochs": 2, "scheduler": None, "callbacks": [callback]}
    found = run_fit(model, made(), **options)
    wanted = run_fit(expected, batches(3), **options)
    assert vars(found) == vars(wanted) and same(state(model), state(expected))
    assert seen == [None, 3]


@pytest.mark.parametrize("name", ["train_loader", "valid_loader"])
def test_an_empty_loader_is_said_before_anything_is_done(name):
    log = Log()
    loaders = {"train_loader": batches(1)} | {name: []}
    with pytest.raises(ValueError, match=f"fit: the {name} has no batch, expected at least one"):
        run_fit(loader=loaders.pop("train_loader"), callbacks=[log], **loaders)
    assert log.events == []


@pytest.mark.parametrize("name", ["train_loader", "valid_loader"])
def test_an_empty_loader_that_does_not_know_it_is_said_too(name):
    loaders = {"train_loader": batches(1)} | {name: Stream([])}
    with pytest.raises(ValueError, match=r"the loader gave no (batch|example), expected at least"):
        run_fit(loader=loaders.pop("train_loader"), **loaders)


def test_an_iterator_lasts_for_one_epoch():
    history = History()
    with pytest.raises(ValueError, match="an iterator is used up after one epoch"):
        run_fit(loader=iter(batches(3)), epochs=2, history=history)
    assert len(history.losses) == 3 and len(history.epochs) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs = 0, expected a whole number from 1"),
        ({"epochs": 1.5}, r"epochs = 1\.5"),
        ({"accumulate": 0}, "accumulate = 0"),
        ({"clip": 0}, "clip = 0, expected a norm above 0"),
        ({"clip": -1.0}, r"clip = -1\.0"),
        ({"clip": math.nan}, "clip = nan"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=f"fit: got {words}"):
        run_fit(**options)


# A loss that is no number.


@pytest.mark.parametrize("validated", [False, True])
def test_the_history_keeps_what_there_was_before_a_bad_loss(validated):
    model, parts, history, log = linear(), batches(4), History(), Log()
    optimizer = adamw(model)
    scheduler = schedulers.StepLR(optimizer, 3)

    def spoil(run):
        parts[2]["x"][1, 1] = math.nan

    with pytest.raises(FloatingPointError, match=r"x in row 1(.|\n)*This was step 3 of the epoch"):
        run_fit(
            model,
            parts,
            optimizer,
            epochs=3,
            valid_loader=VALID if validated else None,
            scheduler=scheduler,
            callbacks=[log, on_epoch(spoil)],
            history=history,
        )
    assert len(history.losses) == len(history.rates) == 6 and len(history.epochs) == 1
    assert all(map(math.isfinite, history.losses))
    assert steps_of(optimizer) == {6} and scheduler.last_epoch == 6
    assert all(weight.isfinite().all() for weight in model.parameters())
    assert log.events[-2:] == [("step", 1, 6, 2), ("end", 1, 6, 2)]


# Callbacks.

IN_ORDER = [
    ("start", 0, 0, 0),
    ("step", 0, 1, 1),
    ("step", 0, 2, 2),
    ("epoch", 1, 2, 0),
    ("step", 1, 3, 1),
    ("step", 1, 4, 2),
    ("epoch", 2, 4, 0),
    ("end", 2, 4, 0),
]


def test_callbacks_are_called_in_this_order():
    log = Log()
    run_fit(loader=batches(2), epochs=2, callbacks=[log])
    assert log.events == IN_ORDER


def test_several_callbacks_are_called_in_theirs():
    names = []

    def naming(name):
        return type(name, (), {"on_step": lambda self, run: names.append(name)})()

    run_fit(loader=batches(2), callbacks=[naming("A"), naming("B")])
    assert names == ["A", "B", "A", "B"]


def test_a_run_has_what_fit_got():
    model, seen = linear(), []
    optimizer = sgd(model)
    scheduler = schedulers.StepLR(optimizer, 9)
    callback = type("Look", (), {"on_start": lambda self, run: seen.append(run)})()
    history = run_fit(model, optimizer=optimizer, scheduler=scheduler, callbacks=[callback])
    (run,) = seen
    assert (run.model, run.optimizer, run.scheduler) == (model, optimizer, scheduler)
    assert run.history is history and (run.epochs, run.steps_per_epoch) == (1, 3)


def test_a_step_is_done_when_its_callbacks_hear_of_it():
    """Weights, optimizer, scheduler and history: what a checkpoint would take."""
    model = linear()
    optimizer = adamw(model)
    scheduler = schedulers.ExponentialLR(optimizer, 0.5)
    found = []

    class Look:
        def on_step(self, run):
            found.append((steps_of(optimizer), scheduler.last_epoch, len(run.history.rates)))

    run_fit(model, optimizer=optimizer, scheduler=scheduler, callbacks=[Look()])
    assert found == [({1}, 1, 1), ({2}, 2, 2), ({3}, 3, 3)]


STOPS = {
    "at the start": (("start", 0, 0), 0, 0),
    "in an epoch": (("step", 1, 4), 4, 1),
    "at its last step": (("step", 0, 3), 3, 1),
    "after it": (("epoch", 1, 3), 3, 1),
    "at the last step of all": (("step", 1, 6), 6, 2),
}


@pytest.mark.parametrize(("where", "steps", "epochs"), STOPS.values(), ids=STOPS)
def test_a_callback_can_end_the_training(where, steps, epochs):
    model, log = linear(), Log(stop_at=where)
    optimizer = adamw(model)
    history = run_fit(model, optimizer=optimizer, epochs=2, valid_loader=VALID, callbacks=[log])
    assert len(history.losses) == steps and len(history.epochs) == epochs
    assert steps_of(optimizer) == ({steps} if steps else set())
    assert log.events[-1][0] == "end" and sum(event[0] == "end" for event in log.events) == 1
    assert all("valid_loss" in epoch for epoch in history.epochs)


def test_a_training_that_was_ended_can_go_on():
    history = run_fit(epochs=2, callbacks=[Log(stop_at=("step", 1, 4))])
    history = run_fit(epochs=1, history=history)
    assert len(history.losses) == 4 + 3
    assert history.column("epoch") == [1, 2]
    assert history.epochs[1]["train_loss"] == pytest.approx(fmean(history.losses[4:]))


class Misspelt:
    def on_epochs(self, run):
        raise AssertionError


class Deaf:
    def step(self, run):
        raise AssertionError


BAD_CALLBACKS = {
    "misspelt": (Misspelt(), "Misspelt has the methods on_epochs; expected some of on_start, on_"),
    "deaf": (Deaf(), r"Deaf has the methods \(none\); expected some of"),
    "a class": (Log, r"got the class Log as a callback, expected an object.*Write Log\("),
    "a function": (print, r"the methods \(none\)"),
}


@pytest.mark.parametrize(("callback", "words"), BAD_CALLBACKS.values(), ids=BAD_CALLBACKS)
def test_a_callback_that_would_never_be_called_is_refused(callback, words):
    log = Log()
    with pytest.raises(TypeError, match=f"fit: .*{words}"):
        run_fit(callbacks=[log, callback])
    assert log.events == []


@contextlib.contextmanager
def swallowed():
    """Nothing comes out, and if an interruption does, that ends the test and not pytest."""
    try:
        yield
    except KeyboardInterrupt:
        pytest.fail("KeyboardInterrupt came out of fit")


@pytest.mark.parametrize("event", ["on_step", "on_epoch"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_end_comes_after_an_error_too(error, event):
    log, history = Log(), History()

    def fail(self, run):
        raise error("full")

    callback = type("Failing", (), {event: fail})()
    with swallowed() if error is KeyboardInterrupt else pytest.raises(error):
        run_fit(callbacks=[log, callback], history=history)
    assert log.events[-1][0] == "end"
    assert len(history.losses) == (1 if event == "on_step" else 3)


def test_who_was_told_of_the_start_is_told_of_the_end():
    log = Log()

    def fail(self, run):
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        run_fit(callbacks=[log, type("Failing", (), {"on_start": fail})()])
    assert [event[0] for event in log.events] == ["start", "end"]


def test_an_error_at_the_end_keeps_it_from_nobody():
    log = Log()

    def fail(self, run):
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        run_fit(callbacks=[type("Failing", (), {"on_end": fail})(), log])
    assert log.events[-1][0] == "end"


# Beside the main thread; the bar.


def in_a_thread(function):
    """What the function gives or raises in another thread."""
    found = []

    def work():
        try:
            found.append(function())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def test_a_training_may_run_in_another_thread():
    assert vars(in_a_thread(run_fit)) == vars(run_fit())


def test_an_error_in_another_thread_speaks_of_nothing_else():
    error = in_a_thread(lambda: run_fit(loader=[{"x": torch.ones(2, 3)}]))
    assert "expected 'labels' too" in str(error)
    assert "signal" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("loader", [batches(3), Stream(batches(3))], ids=["length", "none"])
def test_the_bar_shows_epoch_and_loss_and_goes_away(loader, capsys):
    run_fit(loader=loader, epochs=2, progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "training" in shown.err
    assert shown.err.endswith("\r")
    assert shown.err.split("\r")[-2].strip() == ""
    run_fit(loader=loader, epochs=2, progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_loader_is_evaluated_as_fit_evaluated_it():
    model = noisy()
    history = run_fit(model, valid_loader=VALID, metrics={"accuracy": metric.accuracy})
    found = evaluate(model, VALID, loss_fn, {"accuracy": metric.accuracy})
    assert {f"valid_{name}": value for name, value in found.items()}.items() <= (
        history.epochs[0].items()
    )
