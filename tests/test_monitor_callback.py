"""Monitor: what it writes and when, and that no fault of a logger changes a training."""

import contextlib
import errno
import math

import pytest
import torch
from tensorboard.compat.tensorflow_stub.io import gfile
from torch import nn
from torch.amp import GradScaler
from torch.optim import lr_scheduler as schedulers

from course_lib.checkpoint import Checkpoints
from course_lib.loop import History, fit
from course_lib.loop._run import Run
from course_lib.monitor import (
    Monitor,
    TensorBoardLogger,
    gradient_norm,
    read_scalars,
    write_history,
)
from course_lib.monitor._logger import Logger
from course_lib.monitor._numbers import step_numbers
from tests.event_files import loaded, number_files_in_order, points
from tests.tiny_training import adamw, batch, batches, linear, loss_fn, noisy, same, sgd, state

VALID = [batch(B, 50 + B) for B in (5, 3)]


@pytest.fixture(autouse=True)
def files_in_order():
    number_files_in_order()


class Notes:
    """A logger that remembers every call, and fails where it is told to."""

    def __init__(self, fails=None, at=1, error=None):
        self.calls, self.fails, self.at = [], fails, at
        self.error = error or OSError(errno.ENOSPC, "No space left on device")

    def _note(self, method, *given):
        self.calls.append((method, *given))
        if method == self.fails and self.count(method) == self.at:
            raise self.error

    def count(self, method):
        return sum(call[0] == method for call in self.calls)

    def start(self, step):
        self._note("start", step)

    def scalars(self, numbers, step):
        self._note("scalars", dict(numbers), step)

    def histogram(self, name, values, step):
        self._note("histogram", name, values.detach().clone(), step)

    def text(self, name, text, step):
        self._note("text", name, text, step)

    def flush(self):
        self._note("flush")

    def close(self):
        self._note("close")

    def curve(self, name):
        scalars = [call[1:] for call in self.calls if call[0] == "scalars"]
        return [(step, numbers[name]) for numbers, step in scalars if name in numbers]


def train(*callbacks, model=None, optimizer=None, **options):
    """Two epochs of three steps each. Returns the history, and what was trained."""
    model = noisy() if model is None else model
    optimizer = adamw(model) if optimizer is None else optimizer
    options = {"epochs": 2, "valid_loader": VALID, "progress": False} | options
    torch.manual_seed(5)
    history = fit(model, batches(3), loss_fn, optimizer, callbacks=callbacks, **options)
    return history, state(model, optimizer), torch.get_rng_state()


class Norms:
    """The norm of all gradients after each step, by one long vector."""

    def __init__(self):
        self.found = []

    def on_step(self, run):
        gradients = [w.grad.flatten() for w in run.model.parameters() if w.grad is not None]
        self.found.append(torch.cat(gradients).double().norm().item())


# What is written.


def test_after_steps_there_are_loss_rate_and_norm_and_after_epochs_the_historys_numbers():
    notes, norms, model = Notes(), Norms(), noisy()
    optimizer = adamw(model)
    schedule = schedulers.StepLR(optimizer, 1, gamma=0.5)
    history, *_ = train(Monitor(notes), norms, model=model, optimizer=optimizer, scheduler=schedule)
    names = {name for call in notes.calls if call[0] == "scalars" for name in call[1]}
    assert names == {
        "train/loss",
        "train/rate",
        "train/gradient_norm",
        "epoch/train_loss",
        "epoch/valid_loss",
    }
    steps = range(1, 7)
    assert notes.curve("train/loss") == list(zip(steps, history.losses, strict=True))
    assert notes.curve("train/rate") == [(n, 0.01 * 0.5 ** (n - 1)) for n in steps]
    measured = [value for _, value in notes.curve("train/gradient_norm")]
    assert measured == pytest.approx(norms.found)
    for name in ("train_loss", "valid_loss"):
        wanted = list(zip((1, 2), history.column(name), strict=True))
        assert notes.curve(f"epoch/{name}") == wanted


def test_the_calls_come_in_the_trainings_order_and_the_logger_stays_open():
    notes = Notes()
    train(Monitor(notes))
    epoch = ["scalars"] * 3 + ["scalars", "flush"]
    assert [call[0] for call in notes.calls] == ["start", "text", *epoch, *epoch, "flush"]
    assert notes.calls[0] == ("start", 0)


def test_the_norm_is_that_after_clipping():
    notes = Notes()
    train(Monitor(notes), clip=0.01, model=linear())
    norms = [value for _, value in notes.curve("train/gradient_norm")]
    assert norms == pytest.approx([0.01] * 6, rel=1e-3)


@pytest.mark.parametrize(("every", "steps"), [(1, [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (4, [4])])
def test_every_leaves_steps_out_and_no_epoch(every, steps):
    notes = Notes()
    history, *_ = train(Monitor(notes, every=every))
    assert notes.curve("train/loss") == [(step, history.losses[step - 1]) for step in steps]
    assert [step for step, _ in notes.curve("epoch/train_loss")] == [1, 2]


@pytest.mark.parametrize(("histograms", "steps"), [(None, []), (1, [3, 6, 9]), (2, [6]), (4, [])])
def test_histograms_are_of_all_weights_and_gradients_after_so_many_epochs(histograms, steps):
    notes, model = Notes(), linear()
    train(Monitor(notes, histograms=histograms), model=model, optimizer=sgd(model), epochs=3)
    found = [call for call in notes.calls if call[0] == "histogram"]
    parts = ("weights", "gradients")
    weights = [f"{part}/{name}" for name, _ in model.named_parameters() for part in parts]
    assert [(call[1], call[3]) for call in found] == [(n, step) for step in steps for n in weights]
    if steps == [3, 6, 9]:
        last = {call[1]: call[2] for call in found[-len(weights) :]}
        for name, weight in model.named_parameters():
            assert torch.equal(last[f"weights/{name}"], weight)
            assert torch.equal(last[f"gradients/{name}"], weight.grad)


def test_a_frozen_part_has_weights_and_no_gradients():
    notes, model, norms = Notes(), noisy(), Norms()
    model.layers[0].requires_grad_(False)
    train(Monitor(notes, histograms=1), norms, model=model, optimizer=adamw(model))
    names = {call[1] for call in notes.calls if call[0] == "histogram"}
    assert "weights/layers.0.weight" in names and "gradients/layers.0.weight" not in names
    assert "gradients/layers.4.weight" in names
    measured = [value for _, value in notes.curve("train/gradient_norm")]
    assert measured == pytest.approx(norms.found)


def test_each_parameter_group_has_its_rate_under_its_name():
    notes, model = Notes(), noisy()
    groups = [
        {"params": model.layers[0].parameters(), "lr": 0.25, "name": "body"},
        {"params": model.layers[4].parameters(), "lr": 0.5},
    ]
    train(Monitor(notes), model=model, optimizer=torch.optim.SGD(groups))
    assert notes.curve("train/rate/body") == [(n, 0.25) for n in range(1, 7)]
    assert notes.curve("train/rate/1") == [(n, 0.5) for n in range(1, 7)]
    assert notes.curve("train/rate") == []
    (text,) = [call[2] for call in notes.calls if call[0] == "text"]
    assert "| rate of body | 0.25 |" in text and "| rate of group 1 | 0.5 |" in text


def test_also_is_called_after_every_epoch_with_each_logger_before_the_flush():
    first, second, called = Notes(), Notes(), []

    def also(run, logger):
        called.append((run.epoch, run.step, logger))
        logger.text("also", "…", run.step)

    train(Monitor(first, second, also=also))
    assert called == [(1, 3, first), (1, 3, second), (2, 6, first), (2, 6, second)]
    for notes in (first, second):
        kinds = [call[0] for call in notes.calls]
        assert kinds[-3:] == ["text", "flush", "flush"]


def test_the_run_is_described_once_at_its_start():
    notes, model = Notes(), linear()
    model.layers[0].bias.requires_grad_(False)
    train(Monitor(notes), model=model, optimizer=sgd(model, lr=0.125), clip=2.0)
    (told,) = [call for call in notes.calls if call[0] == "text"]
    assert told[1] == "run" and told[3] == 0
    for row in (
        "| model | Tiny |",
        "| weights | 8 |",  # 3 x 2 and 2
        "| of them learn | 6 |",
        "| optimizer | SGD |",
        "| rate of group 0 | 0.125 |",
        "| scheduler | none |",
        "| epochs | 2 |",
        "| steps per epoch | 3 |",
        "| clip | 2.0 |",
    ):
        assert row in told[2].splitlines()
    assert told[2].splitlines()[1] == "|---|---|"


def test_thousands_of_weights_are_told_apart_and_a_scheduler_is_named():
    notes, model = Notes(), nn.Linear(3, 2)
    model.more = nn.Linear(50, 50, bias=False)
    optimizer = sgd(model)
    schedule = schedulers.StepLR(optimizer, 10)
    run = Run(model, optimizer, schedule, GradScaler(enabled=False), History(), 1, None)
    Monitor(notes).on_start(run)
    rows = notes.calls[1][2].splitlines()
    assert "| weights | 2,508 |" in rows and "| scheduler | StepLR |" in rows


def test_gradients_that_float16_has_scaled_are_left_out():
    model = linear()
    model(batch()["x"]).sum().backward()

    def run_with(scaler):
        run = Run(model, sgd(model), None, scaler, History([0.5], [0.1]), 1, 1)
        run.rates = [0.1]
        return run

    scaled = step_numbers(run_with(GradScaler("cpu")))
    assert scaled == {"train/loss": 0.5, "train/rate": 0.1}
    plain = step_numbers(run_with(GradScaler("cpu", enabled=False)))
    assert plain.keys() == {"train/loss", "train/rate", "train/gradient_norm"}


def test_float16_trains_with_a_monitor_and_has_no_norm():
    notes = Notes()
    train(Monitor(notes), model=linear(), autocast=torch.float16)
    assert len(notes.curve("train/loss")) == 6 and notes.curve("train/gradient_norm") == []


def test_the_gradient_norm_is_pytorchs_and_nothing_is_0():
    model = noisy()
    assert gradient_norm(model) == 0.0
    model(batch()["x"]).square().sum().backward()
    model.layers[4].bias.grad = None
    before = state(model), [None if w.grad is None else w.grad.clone() for w in model.parameters()]
    wanted = nn.utils.get_total_norm([w.grad for w in model.parameters() if w.grad is not None])
    found = gradient_norm(model)
    assert type(found) is float and found == wanted.item() > 0
    after = state(model), [w.grad for w in model.parameters()]
    assert same(before, after)


def test_write_history_gives_the_curves_of_the_monitor(tmp_path):
    with TensorBoardLogger(tmp_path / "live") as live:
        history, *_ = train(Monitor(live))
    notes = Notes()
    write_history(history, notes)
    assert notes.calls[-1] == ("flush",) and notes.count("flush") == 1
    first, second = TensorBoardLogger(tmp_path / "one"), TensorBoardLogger(tmp_path / "two")
    write_history(history, first, second)
    watched = points(tmp_path / "live")
    del watched["train/gradient_norm"]
    for logger in (first, second):
        assert points(logger.folder) == watched  # flushed, though not closed
        logger.close()
    assert len(watched) == 4


# A training with a monitor is the training without.


@pytest.fixture(scope="module")
def alone():
    return train()


def expect_equal(trained, alone):
    (history, learnt, drawn), (wanted, wanted_learnt, wanted_drawn) = trained, alone
    assert history == wanted
    assert same(learnt, wanted_learnt)
    assert torch.equal(drawn, wanted_drawn)


def test_logging_everything_changes_no_bit_of_a_training(tmp_path, alone):
    def also(run, logger):
        logger.graph(run.model, {"x": batch()["x"]})
        logger.image("noise", torch.zeros(4, 4), run.step)
        logger.embedding("rows", batch()["x"], list("abcd"), step=run.step)

    with TensorBoardLogger(tmp_path) as logger:
        trained = train(Monitor(logger, histograms=1, also=also))
    expect_equal(trained, alone)
    events = loaded(tmp_path)
    assert len(events.Images("noise")) == 2 and events.Tags()["graph"]
    assert [e.step for e in events.Histograms("weights/layers.0.weight")] == [3, 6]


FAULTS = [("start", 1, 0), ("text", 1, 0), ("scalars", 2, 2), ("scalars", 4, 3)]
FAULTS += [("histogram", 3, 3), ("flush", 1, 3), ("flush", 2, 6), ("flush", 3, 6)]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(("method", "at", "step"), FAULTS)
def test_a_logger_that_fails_is_told_of_once_and_the_other_has_everything(
    capsys, alone, method, at, step, place
):
    whole, sick, well = Notes(), Notes(method, at), Notes()
    train(Monitor(whole, histograms=1))
    loggers = [sick, well] if place == 0 else [well, sick]
    expect_equal(train(Monitor(*loggers, histograms=1)), alone)
    assert str([call[:2] for call in well.calls]) == str([call[:2] for call in whole.calls])
    assert (sick.calls[-1][0], sick.count(method)) == (method, at)  # nothing after its fault
    said = capsys.readouterr().out
    assert said.count("failed") == 1
    for words in (
        f"Monitor: logger {place + 1}, Notes failed after step {step} and gets nothing more",
        "goes on (OSError: [Errno 28] No space left on device)",
        "write_history(history, logger)",
    ):
        assert words in said


def left_out(said):
    return [line for line in said.splitlines() if "was left out" in line]


def test_how_often_it_was_left_out_is_said_at_the_end(capsys):
    train(Monitor(Notes("scalars", 2)))
    # Left out: step 3; epoch and flush; steps 4, 5, 6; epoch and flush; the last flush.
    assert left_out(capsys.readouterr().out) == [
        "Monitor: logger 1, Notes was left out 9 times after that."
    ]


def test_a_fault_in_also_leaves_the_curves_alone(capsys, alone):
    first, second, called = Notes(), Notes(), []

    def also(run, logger):
        called.append(logger)
        if logger is first:
            raise ZeroDivisionError("of my own")

    expect_equal(train(Monitor(first, second, also=also)), alone)
    assert called == [first, second, second]
    for notes in (first, second):
        assert len(notes.curve("train/loss")) == 6
        assert notes.calls[-1] == ("flush",)
    said = capsys.readouterr().out
    assert "Monitor: also of logger 1, Notes failed after step 3" in said
    assert "(ZeroDivisionError: of my own)" in said and said.count("failed") == 1
    assert left_out(said) == ["Monitor: also of logger 1, Notes was left out 1 times after that."]


def test_a_logger_that_failed_gets_no_also(alone):
    called = []
    sick = Notes("scalars")
    expect_equal(train(Monitor(sick, also=lambda run, logger: called.append(run))), alone)
    assert called == []


def test_a_logger_gets_another_chance_in_the_next_training(capsys):
    notes = Notes("scalars", 1)
    monitor = Monitor(notes)
    train(monitor)
    assert notes.curve("train/loss")[1:] == []
    train(monitor)
    assert len(notes.curve("train/loss")) == 1 + 6
    assert capsys.readouterr().out.count("failed") == 1


def test_ctrl_c_in_a_logger_is_no_fault_of_it():
    history, *_ = train(Monitor(Notes("scalars", 2, KeyboardInterrupt())))
    assert len(history.losses) == 2


def test_nothing_is_said_while_all_is_well(capsys):
    train(Monitor(Notes(), Notes(), histograms=1, also=lambda run, logger: None))
    assert capsys.readouterr().out == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_disk_that_fills_up_in_a_training_ends_the_log_and_not_the_training(
    tmp_path, monkeypatch, capsys, alone
):
    real, room = gfile.LocalFileSystem.append, []

    def append(self, filename, content, binary_mode=False):
        if b"room-2" not in filename and room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, filename, content, binary_mode)

    class Fills:
        def on_epoch(self, run):
            room.append("no more")

    monkeypatch.setattr(gfile.LocalFileSystem, "append", append)
    sick, well = TensorBoardLogger(tmp_path / "room"), TensorBoardLogger(tmp_path / "room-2")
    monitor = Monitor(sick, well)
    expect_equal(train(monitor, Fills()), alone)
    well.close()
    with contextlib.suppress(OSError):
        sick.close()
    said = capsys.readouterr().out
    assert said.count("Monitor: logger 1, TensorBoardLogger failed after step") == 1
    assert "No space left on device" in said and str(tmp_path / "room") in said
    assert [step for step, _ in points(tmp_path / "room")["train/loss"]] == [1, 2, 3]
    assert len(points(tmp_path / "room-2")["train/loss"]) == 6


def test_a_folder_that_cannot_be_made_does_not_end_a_training(tmp_path, capsys, alone):
    (tmp_path / "file").write_text("in the way")
    logger = TensorBoardLogger(tmp_path / "file" / "run")
    expect_equal(train(Monitor(logger)), alone)
    said = capsys.readouterr().out
    assert said.count("failed after step 0") == 1 and "could not be opened for writing" in said


# Resumed.


class Stops:
    """As a kill does: an error at a step, which nothing here catches."""

    def __init__(self, step):
        self.step = step

    def on_step(self, run):
        if run.step == self.step:
            raise RuntimeError("killed")


def resumed(folder, killed_at, *, every=2):
    """A training that is killed, and one that goes on from its checkpoints, with a logger each."""
    for killed in (True, False):
        with TensorBoardLogger(folder / "log") as logger:
            kept = Checkpoints(folder / "kept", every=every, resume=True)
            stops = [Stops(killed_at)] if killed else []
            callbacks = [Monitor(logger, histograms=1), *stops]
            if killed:
                with pytest.raises(RuntimeError, match="killed"):
                    train(*callbacks, checkpoints=kept)
            else:
                trained = train(*callbacks, checkpoints=kept)
    return trained


@pytest.mark.parametrize("killed_at", [3, 4, 5])
def test_a_resumed_training_goes_on_with_its_curves_and_no_point_is_there_twice(
    tmp_path, capsys, alone, killed_at
):
    history, *_ = resumed(tmp_path, killed_at)
    assert [path.name for path in tmp_path.glob("log*")] == ["log"]
    found = points(tmp_path / "log")
    assert [step for step, _ in found["train/loss"]] == [1, 2, 3, 4, 5, 6]
    values = [value for _, value in found["train/loss"]]
    assert values == pytest.approx(history.losses) and history == alone[0]
    assert [step for step, _ in found["epoch/valid_loss"]] == [1, 2]


def test_an_epoch_that_is_made_again_is_there_once(tmp_path):
    """Killed after an epoch's points and before its checkpoint, as by a kill in on_epoch."""

    class Killed:
        def on_epoch(self, run):
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"), TensorBoardLogger(tmp_path / "log") as logger:
        kept = Checkpoints(tmp_path / "kept", every=2, resume=True)
        train(Monitor(logger), Killed(), checkpoints=kept)
    with TensorBoardLogger(tmp_path / "log") as logger:
        kept = Checkpoints(tmp_path / "kept", every=2, resume=True)
        train(Monitor(logger), checkpoints=kept)
    found = points(tmp_path / "log")
    assert [step for step, _ in found["train/loss"]] == [1, 2, 3, 4, 5, 6]
    assert read_scalars(tmp_path / "log")["epoch/train_loss"].steps == [1, 2]


# What is refused.


@pytest.mark.parametrize(
    ("loggers", "options", "words"),
    [
        (0, {}, "got 0 loggers"),
        (1, {"every": 0}, "every = 0"),
        (1, {"every": -1}, "every = -1"),
        (1, {"histograms": 0}, "histograms = 0"),
    ],
)
def test_numbers_below_1_and_no_logger_are_refused(loggers, options, words):
    with pytest.raises(ValueError, match=f"Monitor: .*{words}.*expected at least one logger"):
        Monitor(*[Notes() for _ in range(loggers)], **options)


class NoFlush:
    start = scalars = histogram = text = close = print
    flush = None


@pytest.mark.parametrize(
    ("logger", "words"),
    [
        ("runs/one", "It has no start, scalars, histogram, text, flush, close"),
        (NoFlush(), "It has no flush"),
        (TensorBoardLogger, r"Write its \(\) as well"),
    ],
)
def test_what_is_no_logger_is_refused(logger, words):
    with pytest.raises(TypeError, match=rf"Monitor: got .*TensorBoardLogger\(folder\).*{words}"):
        Monitor(Notes(), logger)


def test_a_logger_of_ones_own_needs_only_what_the_monitor_calls():
    assert Monitor(Notes()).loggers and not isinstance(Notes(), Logger)
    assert isinstance(TensorBoardLogger("unused"), Logger)


def test_a_loss_that_is_not_finite_is_still_the_trainings_error(tmp_path):
    broken = [batch() | {"x": torch.full((4, 3), math.nan)}]
    with TensorBoardLogger(tmp_path) as logger, pytest.raises(FloatingPointError):
        fit(linear(), broken, loss_fn, sgd(linear()), epochs=1, callbacks=[Monitor(logger)])
    assert loaded(tmp_path).Tags()["tensors"] == ["run/text_summary"]
