"""When a training was at its best, and when it ends early, resumed or not."""

import math

import pytest
import torch

from course_lib.checkpoint import Checkpoints, EarlyStopping, best_epoch
from course_lib.loop import History, fit
from tests.tiny_training import adamw, batches, linear, loss_fn, same, state

NAN, INF = math.nan, math.inf

# Values, mode, min_delta; the best epoch.
BESTS = {
    "the lowest": ([3, 1, 2], "min", 0, 2),
    "the highest": ([1, 3, 2], "max", 0, 2),
    "one": ([5], "min", 0, 1),
    "the first": ([1, 2, 3], "min", 0, 1),
    "the last": ([1, 2, 3], "max", 0, 3),
    "none": ([], "min", 0, None),
    "a tie is no improvement": ([2, 1, 1, 1], "min", 0, 2),
    "nor upwards": ([1, 2, 2], "max", 0, 2),
    "NaN never counts": ([NAN, 2, NAN, 3, NAN], "min", 0, 2),
    "nor upwards either": ([NAN, 2, NAN, 1], "max", 0, 2),
    "NaN alone": ([NAN, NAN], "min", 0, None),
    "infinite": ([INF, INF], "min", 0, None),
    "infinite upwards": ([-INF, -INF], "max", 0, None),
    "then finite": ([INF, 5], "min", 0, 2),
    "negative": ([-1, -3, -2], "min", 0, 2),
    "negative upwards": ([-3, -1, -2], "max", 0, 2),
    "zero": ([1, 0, 0.5], "min", 0, 2),
    "too little": ([4, 3.5, 3], "min", 1, 1),
    "enough since the best": ([4, 3.5, 2.75], "min", 1, 3),
    "exactly so much": ([4, 3], "min", 1, 1),
    "too little upwards": ([1, 1.5, 2], "max", 1, 1),
    "enough upwards": ([1, 1.5, 2.25], "max", 1, 3),
}


@pytest.mark.parametrize(("values", "mode", "delta", "expected"), BESTS.values(), ids=BESTS)
def test_the_best_epoch_is_the_first_of_the_best(values, mode, delta, expected):
    assert best_epoch(values, mode, delta) == expected
    if not delta and mode == "min":
        assert best_epoch(values) == expected


def test_the_best_epoch_wants_a_mode_that_there_is():
    with pytest.raises(ValueError, match=r'mode = \'maximum\', expected "min" .* or "max"'):
        best_epoch([1, 2], "maximum")


# A training whose validation gives the numbers of a list.


class Given:
    """A metric that gives one number after the other."""

    def __init__(self, values):
        self.values = list(values)

    def __call__(self, answers, labels):
        return self.values.pop(0)


class Count:
    """Notes each epoch."""

    def __init__(self):
        self.epochs = []

    def on_epoch(self, run):
        self.epochs.append(run.epoch)


def train(values, stopping, epochs=None, **options):
    """Train while validation gives these values. Returns the history and the states."""
    model = linear()
    optimizer = adamw(model)
    torch.manual_seed(3)
    history = fit(
        model,
        batches(2),
        loss_fn,
        optimizer,
        epochs=epochs or len(values),
        valid_loader=batches(1),
        metrics={"score": Given(values)},
        callbacks=[stopping] if stopping else [],
        progress=False,
        **options,
    )
    return history, state(model, optimizer)


# Values, options, after which epoch it ends.
ENDS = {
    "patience of 1": ([3, 2, 2, 1], {"patience": 1}, 3),
    "patience of 2": ([3, 2, 2, 1, 1, 1, 1], {"patience": 2}, 6),
    "patience of 3": ([3, 4, 5, 6, 1], {"patience": 3}, 4),
    "the default is 3": ([1, 1, 1, 1, 1, 1], {}, 4),
    "never": ([5, 4, 3, 2, 1], {"patience": 1}, 5),
    "upwards": ([1, 2, 3, 2, 9], {"patience": 1, "mode": "max"}, 4),
    "falling, upwards": ([3, 2, 1], {"patience": 1, "mode": "max"}, 2),
    "small steps": ([4, 3.5, 3.25, 3, 0], {"patience": 2, "min_delta": 1}, 3),
    "small steps that add up": ([4, 3.5, 2.5, 2, 1, 1, 1], {"patience": 2, "min_delta": 1}, 7),
    "NaN from the start": ([NAN] * 5, {"patience": 2}, 2),
    "NaN between": ([3, NAN, 2, NAN, NAN, 1], {"patience": 2}, 5),
}


@pytest.mark.parametrize(("values", "options", "last"), ENDS.values(), ids=ENDS)
def test_a_training_ends_after_so_many_epochs_without_an_improvement(values, options, last):
    stopping = EarlyStopping("valid_score", **options)
    history, _ = train(values, stopping)
    assert history.column("epoch") == list(range(1, last + 1))
    assert len(history.losses) == 2 * last


def test_it_looks_at_the_validation_loss_unless_told_otherwise():
    assert EarlyStopping().monitor == "valid_loss"
    history = History([1.0] * 3, [0.1] * 3, [{"epoch": n, "valid_loss": n} for n in (1, 2, 3)])
    run = type("Run", (), {"history": history, "epoch": 3, "stop": False})()
    EarlyStopping(patience=2).on_epoch(run)
    assert run.stop


def test_the_end_is_said(capsys):
    train([2, 1, 3, 4], EarlyStopping("valid_score", patience=2))
    said = "EarlyStopping: valid_score was best in epoch 2; the training ends after 4.\n"
    assert capsys.readouterr().out == said
    train([NAN, NAN], EarlyStopping("valid_score", patience=2))
    assert "valid_score has been no finite number; the training ends" in capsys.readouterr().out


def test_nothing_is_remembered_from_one_training_to_the_next():
    stopping = EarlyStopping("valid_score", patience=2)
    for _ in range(2):
        assert len(train([1, 2, 3, 4], stopping)[0].epochs) == 3


@pytest.mark.parametrize("interrupted", range(1, 6))
def test_a_resumed_training_ends_where_it_would_have_ended(tmp_path, interrupted, capsys):
    """It is best in epoch 3 and ends after 5; interrupted after any epoch, or after the last."""
    values = [4, 3, 1, 2, 2, 0, 0]
    wanted = train(values, EarlyStopping("valid_score", patience=2))
    count, stopping = Count(), EarlyStopping("valid_score", patience=2)
    train(values, None, interrupted, checkpoints=Checkpoints(tmp_path))
    capsys.readouterr()
    kept = Checkpoints(tmp_path, resume=True)
    rest = values[interrupted:]
    model = linear(7)
    optimizer = adamw(model)
    history = fit(
        model,
        batches(2),
        loss_fn,
        optimizer,
        epochs=len(values),
        valid_loader=batches(1),
        metrics={"score": Given(rest)},
        callbacks=[count, stopping],
        checkpoints=kept,
        progress=False,
    )
    assert len(history.epochs) == 5 and count.epochs == list(range(interrupted + 1, 6))
    assert same((vars(history), state(model, optimizer)), (vars(wanted[0]), wanted[1]))
    assert capsys.readouterr().out.count("was best in epoch 3; the training ends after 5") == 1


def test_a_training_that_ended_early_stays_ended(tmp_path):
    values = [1, 2, 3, 4, 5]
    stopping = EarlyStopping("valid_score", patience=1)
    for _ in range(2):
        kept = Checkpoints(tmp_path, resume=True)
        history, _ = train(values, stopping, checkpoints=kept)
        assert len(history.epochs) == 2
    assert [path.name[:18] for path in kept.files()] == ["step-000004-epoch-", "step-000002-epoch-"]


BAD = {
    "no patience": ({"patience": 0}, "patience = 0 and min_delta = 0.0, expected a patience of 1"),
    "negative": ({"patience": -1}, "patience = -1"),
    "a negative delta": ({"min_delta": -0.1}, "min_delta = -0.1"),
    "a delta of NaN": ({"min_delta": NAN}, "min_delta = nan"),
    "a mode": ({"mode": "lower"}, """got mode = 'lower', expected "min" if lower"""),
    "a mode as large letters": ({"mode": "MIN"}, "got mode = 'MIN'"),
}


@pytest.mark.parametrize(("options", "words"), BAD.values(), ids=BAD)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError) as error:
        EarlyStopping(**options)
    assert words in str(error.value)


def test_a_monitor_that_is_no_column_is_said_with_those_that_are():
    with pytest.raises(KeyError, match=r"'valid_f1' in epoch 1; expected one of: .*valid_score"):
        train([1, 2], EarlyStopping("valid_f1"))
