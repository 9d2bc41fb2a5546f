"""What the exercises of notebook 11 say of Trainer and accelerate, against these themselves."""

import math
from dataclasses import fields, replace

import pytest
import torch
from accelerate import Accelerator
from torch import nn
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from course_lib.exercises.nb11 import _left_alone, _lines, plain_arguments, to_logger, with_loss
from course_lib.loop import train_step
from tests.exercises import nb11_answers
from tests.exercises.mutants import names, verdict


def answers(number):
    """The right answers of an exercise; all but the first are for `make test-all`."""
    found = [answer for answer in nb11_answers.RIGHT if answer.id == number]
    return [
        pytest.param(answer, id=name, marks=[pytest.mark.slow] if place else [])
        for place, (answer, name) in enumerate(zip(found, names(found), strict=True))
    ]


ROWS = [{"x": torch.tensor([n % 3, n % 2]) / 2, "labels": torch.tensor(n % 3)} for n in range(12)]


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 3)
        with torch.no_grad():
            self.head.weight.copy_((torch.arange(6.0) * 1.7).sin().view(3, 2))
            self.head.bias.zero_()

    def forward(self, x):
        return self.head(x)


class Lines(TrainerCallback):
    def __init__(self):
        self.found = []

    def on_log(self, args, state, control, logs=None, **others):
        self.found.append((state.global_step, dict(logs)))


@pytest.fixture
def accelerator():
    return Accelerator(cpu=True)


def trained(folder, made=with_loss.WithLoss, arguments=plain_arguments.plain_arguments, **options):
    """A Trainer after three steps in the order of ROWS, and all that it logged."""
    state, lines = torch.get_rng_state(), Lines()
    given = arguments(folder, 0.125, 4, 1)
    given.train_sampling_strategy = "sequential"
    given.disable_tqdm = True
    callbacks = [lines, *options.pop("callbacks", ())]
    trainer = Trainer(
        made(Small()),
        given,
        train_dataset=ROWS,
        eval_dataset=ROWS,
        callbacks=callbacks,
        **options,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    torch.set_rng_state(state)
    return trainer, lines.found


def losses_of_the_loop():
    model = Small()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.125, weight_decay=0.0)
    batches = torch.utils.data.DataLoader(ROWS, batch_size=4)
    return [train_step(model, batch, nn.functional.cross_entropy, optimizer) for batch in batches]


def logged(lines):
    return [logs["loss"] for _, logs in lines if "loss" in logs]


@pytest.mark.parametrize("answer", answers("11.3"))
def test_the_plain_arguments_make_trainer_the_loop_to_the_last_bit(answer, tmp_path):
    _, lines = trained(tmp_path, arguments=answer.attempt)
    assert logged(lines) == losses_of_the_loop()
    assert not list(tmp_path.glob("checkpoint*"))


@pytest.mark.parametrize("answer", answers("11.1"))
def test_a_model_that_knows_its_loss_trains_evaluates_and_predicts(answer, tmp_path):
    trainer, lines = trained(tmp_path, made=answer.attempt)
    assert logged(lines) == losses_of_the_loop()
    assert trainer.evaluate()["eval_loss"] > 0
    found = trainer.predict([{"x": row["x"]} for row in ROWS])
    assert found.predictions.shape == (12, 3)


@pytest.mark.parametrize("answer", answers("11.4"))
def test_metrics_come_back_from_an_evaluation(answer, tmp_path):
    trainer, _ = trained(tmp_path, compute_metrics=answer.attempt)
    found = trainer.evaluate()
    assert {"eval_loss", "eval_accuracy", "eval_macro_f1"} <= set(found)


@pytest.mark.parametrize("answer", answers("11.5"))
def test_a_callback_hands_on_what_a_training_logs(answer, tmp_path):
    logger = _lines.Recorder()
    trainer, _ = trained(tmp_path, callbacks=[answer.attempt(logger)])
    trainer.evaluate()
    assert set(logger.points) >= {"train/loss", "train/rate", "train/gradient_norm"}
    evaluated = trainer.state.log_history[-1]
    assert logger.points["epoch/valid_loss"] == (evaluated["eval_loss"], 1)
    assert not any("time" in name or "second" in name for name in logger.points)


def test_the_lines_of_the_checks_have_the_keys_of_real_ones(tmp_path):
    def metrics(prediction):
        return {"accuracy": 1.0, "macro_f1": 1.0}

    trainer, lines = trained(tmp_path, compute_metrics=metrics)
    assert set(lines[0][1]) == set(_lines.TRAIN)
    assert set(lines[-1][1]) == set(_lines.SUMMARY)
    trainer.evaluate()
    assert set(trainer.state.log_history[-1]) - {"step"} == set(_lines.VALID)


def test_a_test_is_logged_with_names_of_its_own(tmp_path):
    logger = _lines.Recorder()
    arguments = plain_arguments.plain_arguments(tmp_path, 0.125, 4, 1)
    callbacks = [to_logger.ToLogger(logger)]
    trainer = Trainer(with_loss.WithLoss(Small()), arguments, callbacks=callbacks)
    trainer.remove_callback(PrinterCallback)
    trainer.evaluate(ROWS, metric_key_prefix="test")
    assert {"test_loss", "test_runtime"} <= set(trainer.state.log_history[-1])
    assert logger.points == {}


def test_an_infinite_norm_clips_no_gradient(tmp_path):
    def arguments(*given):
        return replace(plain_arguments.plain_arguments(*given), max_grad_norm=math.inf)

    _, lines = trained(tmp_path, arguments=arguments)
    assert logged(lines) == losses_of_the_loop()


def test_what_a_callback_takes_from_logs_an_evaluation_returns_no_more(tmp_path):
    class Takes(TrainerCallback):
        def on_log(self, args, state, control, logs=None, **others):
            logs.pop("eval_loss")

    arguments = plain_arguments.plain_arguments(tmp_path, 0.125, 4, 1)
    trainer = Trainer(with_loss.WithLoss(Small()), arguments, callbacks=[Takes()])
    trainer.remove_callback(PrinterCallback)
    assert "eval_loss" not in trainer.evaluate(ROWS)


def test_every_field_that_is_left_alone_is_one_of_trainer_s():
    newer = {"activation_checkpointing"}
    assert set(_left_alone.FIELDS) - newer <= {field.name for field in fields(TrainingArguments)}


def test_an_evaluation_before_training_logs_one_time_more(tmp_path):
    arguments = plain_arguments.plain_arguments(tmp_path, 0.125, 4, 1)
    trainer = Trainer(with_loss.WithLoss(Small()), arguments, eval_dataset=ROWS)
    trainer.remove_callback(PrinterCallback)
    found = trainer.evaluate()
    assert "eval_model_preparation_time" in found
    assert trainer.state.epoch == 0


@pytest.mark.parametrize("number", ["11.3", "11.6"])
def test_a_check_leaves_an_accelerator_of_the_notebook_as_it_was(number, accelerator):
    for answer in nb11_answers.RIGHT:
        if answer.id == number:
            assert verdict(answer).status == "solved"
    assert accelerator.device.type == "cpu"
    assert accelerator.mixed_precision == "no"


def test_arguments_made_later_take_an_accelerator_its_state(tmp_path, accelerator):
    plain_arguments.plain_arguments(tmp_path, 0.125, 4, 1)
    with pytest.raises(AttributeError, match="_reset_state"):
        accelerator.device  # noqa: B018


def test_what_an_event_returns_becomes_trainer_s_control(tmp_path):
    class ReturnsLogs(to_logger.ToLogger):
        def on_log(self, args, state, control, logs=None, **others):
            return logs

    with pytest.raises(AttributeError, match="'dict' object"):
        trained(tmp_path, callbacks=[ReturnsLogs(None)])
