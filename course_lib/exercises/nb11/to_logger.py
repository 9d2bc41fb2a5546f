"""Exercise 11.5: Trainer's words to your logger."""

from typing import Any

from transformers import TrainerCallback

from course_lib.exercises._checking import Known, expect
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb11._lines import START_RATE, STEP, SUMMARY, TRAIN, VALID, make, tell


class ToLogger(TrainerCallback):
    """Hands on what Trainer logs: `train/...` at the step, `epoch/valid_...` at the epoch."""

    def __init__(self, logger: Any) -> None:
        self.logger = logger

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        names = {"loss": "loss", "learning_rate": "rate", "grad_norm": "gradient_norm"}
        if "loss" in logs:
            train = {f"train/{new}": logs[old] for old, new in names.items() if old in logs}
            self.logger.scalars(train, state.global_step)
        elif "eval_loss" in logs:
            valid = {
                name.replace("eval_", "epoch/valid_", 1): value
                for name, value in logs.items()
                if name.startswith("eval_") and not name.endswith(("time", "per_second"))
            }
            self.logger.scalars(valid, round(state.epoch))


EPOCH = "A point for each epoch: round(state.epoch) says which, since state.epoch is a float."
TIMES = "Names that end in time or per_second are times: leave them out."


def _shown(logs: dict[str, float]) -> str:
    return f"on_log(args, state, control, logs={logs})"


def _expect(
    attempt: Any,
    logs: dict[str, float],
    points: dict[str, tuple[float, int]],
    idea: str,
    *known: Known,
    step: int = 7,
) -> None:
    """Call on_log once and expect these points."""
    epoch = logs["epoch"]
    made, logger = make(attempt)
    tried = f"{_shown(logs)} at state.global_step {step}, state.epoch {epoch}"
    tell(made, logs, step, epoch, tried)
    expect(
        logger.points, points, tried=f"{tried}: {{name: (number, step)}}", idea=idea, known=known
    )


def _at(step: int, **numbers: float) -> dict[str, tuple[float, int]]:
    """Points of train/..."""
    return {f"train/{name}": (number, step) for name, number in numbers.items()}


def _valid(step: Any, **numbers: float) -> dict[str, tuple[float, Any]]:
    return {f"epoch/valid_{name}": (number, step) for name, number in numbers.items()}


def _steps(attempt: Any) -> None:
    """a line of a step: loss, rate and gradient norm, at the number of the step"""
    right = {"loss": 1.5, "rate": 0.25, "gradient_norm": 4.0}
    own = {"loss": 1.5, "learning_rate": 0.25, "grad_norm": 4.0}
    _expect(
        attempt,
        TRAIN,
        _at(7, **right),
        "train/loss, train/rate and train/gradient_norm, at state.global_step.",
        Known({}, "Nothing reached the logger. A line of a step has the key loss."),
        Known(_at(7, **right | {"rate": START_RATE}), "The rate of this step stands in logs."),
        Known(_at(2, **right), f"This is the epoch. {STEP}"),
        Known(_at(1.5, **right), f"This is the epoch. {STEP}"),
        Known(_at(0, **right), f"Step 0, always. {STEP}"),
        Known(_at(1, **right), f"A count of calls is not the step. {STEP}"),
        Known(_at(None, **right), f"There is no step. {STEP}"),
        Known(_at(7, **right, epoch=1.5), "The epoch is no measurement: leave it out."),
        Known(_at(7, **own), "Your own names are asked: rate and gradient_norm."),
        Known(_at(7, **own, epoch=1.5), "All keys under Trainer's names: choose and rename."),
        Known({name: (n, 7) for name, n in TRAIN.items()}, "The names: train/loss and so on."),
        Known(_at(7, loss=1.5), "The rate and the gradient norm are missing."),
        Known({"loss": (1.5, 7)}, "The name: train/loss. And rate and gradient norm are missing."),
    )


def _evaluations(attempt: Any) -> None:
    """a line of an evaluation: loss and metrics, at the number of the epoch, and no times"""
    right = {"loss": 1.25, "accuracy": 0.75, "macro_f1": 0.5}
    timed = {name.removeprefix("eval_"): n for name, n in VALID.items() if name != "epoch"}
    _expect(
        attempt,
        VALID,
        _valid(2, **right),
        "eval_X becomes epoch/valid_X, at round(state.epoch).",
        Known({}, "Nothing reached the logger. A line of an evaluation has the key eval_loss."),
        Known(_valid(7, **right), f"This is the step. {EPOCH}"),
        Known(_valid(2.0, **right), f"A logger's step is a whole number. {EPOCH}"),
        Known(_valid(2, **timed), TIMES),
        Known(_valid(7, **timed), f"This is the step, and the times are there. {EPOCH} {TIMES}"),
        Known(_valid(2, **timed, epoch=2.0), f"{TIMES} And epoch is no measurement."),
        Known(
            _valid(2, **right, epoch=2.0), "The epoch is no measurement: only what begins in eval_."
        ),
        Known(
            _valid(2, loss=1.25, accuracy=0.75),
            "One is missing. compute_metrics may give any names: take all that begin in eval_.",
        ),
        Known(_valid(2, loss=1.25), "The metrics are missing: all that begins in eval_."),
        Known(
            {f"epoch/valid_eval_{name}": (n, 2) for name, n in right.items()},
            "eval_ still stands in the names: name.removeprefix('eval_').",
        ),
        Known({f"epoch/{name}": (n, 2) for name, n in right.items()}, "The name: epoch/valid_X."),
        Known(
            _valid(2, oss=1.25, ccuracy=0.75, macro_f1=0.5),
            "strip takes off any of these letters, one by one: removeprefix('eval_').",
        ),
        Known(
            _valid(2, loss=1.25, accuracy=0.75, macro=0.5),
            "split('_') cuts at every _, and macro_f1 loses its end: removeprefix('eval_').",
        ),
        Known(
            {f"epoch/eval_{name}": (n, 2) for name, n in right.items()}, "The name: epoch/valid_X."
        ),
    )


def _any_metric(attempt: Any) -> None:
    """whatever compute_metrics gives"""
    logs = {"eval_loss": 1.0, "eval_top_3": 0.875, "eval_cross_eval_f1": 0.25, "epoch": 2.0}
    _expect(
        attempt,
        logs,
        _valid(2, loss=1.0, top_3=0.875, cross_eval_f1=0.25),
        "All that begins in eval_, whatever its name. Of the name only the beginning changes.",
        Known(
            _valid(2, loss=1.0, top_3=0.875, cross_f1=0.25),
            "replace() changes every eval_ of a name. Only the first: removeprefix.",
        ),
        Known(
            {"epoch/valid_loss": (1.0, 2), "epoch/valid_top_3": (0.875, 2)}
            | {"epoch/valid_cross_epoch/valid_f1": (0.25, 2)},
            "replace() changes every eval_ of a name. Only the first: replace(..., 1).",
        ),
    )


def _before(attempt: Any) -> None:
    """an evaluation before any training, which logs one time more"""
    logs = {"eval_loss": 2.0, "eval_model_preparation_time": 0.5, "eval_runtime": 3.5, "epoch": 0}
    _expect(
        attempt,
        logs,
        _valid(0, loss=2.0),
        "eval_loss, at epoch 0.",
        Known(
            _valid(0, loss=2.0, model_preparation_time=0.5),
            f"trainer.evaluate() before train() logs eval_model_preparation_time, too. {TIMES}",
        ),
        Known({}, "Nothing reached the logger. Epoch 0 counts as False, and is an epoch."),
        step=0,
    )


def _rounded(attempt: Any) -> None:
    """state.epoch is a float, and may be a little less or more than the epoch"""
    _expect(
        attempt,
        {"eval_loss": 1.0, "epoch": 2.0001},
        _valid(2, loss=1.0),
        EPOCH,
        Known(_valid(3, loss=1.0), "ceil() goes up: 2.0001 becomes 3. round() makes it 2."),
        Known(_valid(2.0001, loss=1.0), "A logger's step is a whole number: round(state.epoch)."),
    )
    _expect(
        attempt,
        {"eval_loss": 1.0, "epoch": 2.9999},
        _valid(3, loss=1.0),
        EPOCH,
        Known(_valid(2, loss=1.0), "int() cuts off: 2.9999 becomes 2. round() makes it 3."),
        Known(_valid(2.9999, loss=1.0), "A logger's step is a whole number: round(state.epoch)."),
    )


def _test(attempt: Any) -> None:
    """a line of a test is no validation"""
    logs = {"test_loss": 1.0, "test_accuracy": 0.5, "test_runtime": 3.5, "epoch": 2.0}
    _expect(
        attempt,
        logs,
        {},
        'evaluate(test_set, metric_key_prefix="test") logs test_loss and so on. In the curve of '
        "the validation it would be a false point: only what begins in eval_.",
    )


def _summary(attempt: Any) -> None:
    """the summary at the end is left out"""
    _expect(
        attempt,
        SUMMARY,
        {},
        "The summary has train_loss and times: no step and no epoch. Write nothing. What tells a "
        "line of a step is the key loss itself, not a name that has loss in it.",
    )


def _without_norm(attempt: Any) -> None:
    """where there is no gradient norm, the rest is written"""
    logs = {"loss": 0.0, "learning_rate": 0.0, "epoch": 0.5}
    _expect(
        attempt,
        logs,
        _at(7, loss=0.0, rate=0.0),
        "Not every line has a grad_norm. A number that is 0 is a number: ask `in logs`.",
        Known(_at(7, loss=0.0, rate=0.0, gradient_norm=None), "None is no number: leave it out."),
        Known(
            _at(7, loss=0.0, rate=0.0, gradient_norm=0.0),
            "A gradient norm of 0 would be a measurement, and there was none: leave it out.",
        ),
        Known({}, "A loss of 0 is False, and is a loss: ask `in logs`."),
    )


def _one_after_another(attempt: Any) -> None:
    """one callback hears them all"""
    made, logger = make(attempt)
    lines = ((TRAIN, 3, 1.0), (VALID, 3, 1.0), ({**TRAIN, "loss": 1.0}, 6, 2.0), (SUMMARY, 6, 2.0))
    for numbers, step, epoch in lines:
        logs = numbers | {"epoch": epoch}
        tell(made, logs, step, epoch, _shown(logs))
    norms = {"rate": 0.25, "gradient_norm": 4.0}
    right = (
        _at(3, loss=1.5, **norms)
        | _valid(1, loss=1.25, accuracy=0.75, macro_f1=0.5)
        | {f"{name}, once more": point for name, point in _at(6, loss=1.0, **norms).items()}
    )
    tried = "a line of step 3, an evaluation, a line of step 6, the summary"
    expect(logger.points, right, tried=tried, idea="Each line is written once, by itself.")


EXERCISE = Exercise(
    "11.5",
    "Trainer's words to your logger",
    12,
    ToLogger,
    (
        _steps,
        _evaluations,
        _any_metric,
        _before,
        _rounded,
        _summary,
        _test,
        _without_norm,
        _one_after_another,
    ),
    (
        'Three kinds of lines. What tells them apart is a key: "loss", "eval_loss", or neither.',
        (
            'if "loss" in logs: a new dict of train/loss, train/rate, train/gradient_norm, at '
            'state.global_step. elif "eval_loss" in logs: all that begins in eval_, at '
            "round(state.epoch)."
        ),
        (
            'name.replace("eval_", "epoch/valid_", 1) for name in logs if '
            'name.startswith("eval_") and not name.endswith(("time", "per_second"))'
        ),
    ),
)
