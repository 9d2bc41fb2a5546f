"""A folder of checkpoints: what stays in it, what is taken from it, what is refused."""

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from torch import nn
from torch.optim import lr_scheduler as schedulers
from torch.utils.data import DataLoader

from course_lib.checkpoint import Checkpoints, DamagedError, EarlyStopping, folder, load
from course_lib.data import make_loader
from course_lib.loop import History, fit
from tests.full_disk import fill_up
from tests.tiny_training import (
    Rows,
    Stream,
    Tiny,
    adamw,
    batch,
    batches,
    linear,
    loss_fn,
    noisy,
    same,
    sgd,
    state,
)

VALID = [batch(5, 50)]
CHECKSUM = r"-[0-9a-f]{16}\.pt"


class Given:
    """A metric that gives one number after the other."""

    def __init__(self, values):
        self.values = list(values)

    def __call__(self, answers, labels):
        return self.values.pop(0)


class At:
    """Does something after a step, or after an epoch."""

    def __init__(self, step, what, event="on_step"):
        self.step, self.what = step, what
        setattr(self, event, self.call)

    def call(self, run):
        if run.step == self.step:
            self.what(run)

    def on_end(self, run):
        pass


def stop(run):
    run.stop = True


def fail(run):
    raise OSError("something else")


def train(folder, *, model=None, optimizer=None, loader=None, epochs=2, keep=None, **options):
    """A training that is kept in the folder, with what a test does not care for filled in."""
    model = linear() if model is None else model
    optimizer = adamw(model) if optimizer is None else optimizer
    kept = Checkpoints(folder, **(keep or {}))
    return fit(
        model,
        batches(3) if loader is None else loader,
        loss_fn,
        optimizer,
        epochs=epochs,
        checkpoints=kept,
        progress=False,
        **options,
    )


def scored(folder, values, **keep):
    """A training whose validation gives these values."""
    return train(
        folder,
        epochs=len(values),
        valid_loader=VALID,
        metrics={"score": Given(values)},
        keep={"monitor": "valid_score", **keep},
    )


RESUME = {"resume": True}


def names(folder):
    """The checkpoints without their checksums, the newest first."""
    return [re.sub(CHECKSUM, "", path.name) for path in Checkpoints(folder).files()]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def damage(path, how="flip"):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes({"flip": content, "cut": content[:99], "empty": b""}[how])


# Names, order, and what stays.


def test_there_is_a_checkpoint_after_each_epoch(tmp_path):
    train(tmp_path / "a" / "b", epochs=3, keep={"keep": 9})
    expected = ["step-000009-epoch-3", "step-000006-epoch-2", "step-000003-epoch-1"]
    assert names(tmp_path / "a" / "b") == expected
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} - {".lock"} == {
        path.name for path in Checkpoints(tmp_path / "a" / "b").files()
    }


def test_and_every_so_many_steps(tmp_path):
    train(tmp_path, keep={"keep": 9, "every": 2})
    steps = ["6-epoch-2", "6", "4", "3-epoch-1", "2"]
    assert names(tmp_path) == [f"step-00000{step}" for step in steps]


def test_a_name_tells_the_monitored_number(tmp_path):
    scored(tmp_path, [0.123456, -1e-9, float("nan"), 12345.678], keep=9)
    assert names(tmp_path) == [
        "step-000012-epoch-4-valid_score-1.235e+04",
        "step-000009-epoch-3-valid_score-nan",
        "step-000006-epoch-2-valid_score--1e-09",
        "step-000003-epoch-1-valid_score-0.1235",
    ]


def test_a_strange_monitor_still_makes_a_name(tmp_path):
    options = {"valid_loader": VALID, "metrics": {"F1 / größte": Given([1, 2])}}
    train(tmp_path, keep={"monitor": "valid_F1 / größte"}, **options)
    assert names(tmp_path)[0] == "step-000006-epoch-2-valid_F1_gr_te-2"
    assert Checkpoints(tmp_path, monitor="valid_F1 / größte").best()["epoch"] == 1


def test_files_are_ordered_by_step_and_epoch_and_others_are_left_alone(tmp_path):
    sha = "-0123456789abcdef.pt"
    order = ["step-1000000", "step-999999-epoch-10", "step-999999-epoch-9-loss-2", "step-999999"]
    others = ["best.pt", "step-1.pt", f"step-x{sha}", f"xstep-5{sha}", f"step-7{sha}.damaged"]
    for name in [f"{each}{sha}" for each in reversed(order)] + others:
        (tmp_path / name).write_text("x")
    assert [path.name for path in Checkpoints(tmp_path).files()] == [n + sha for n in order]
    assert Checkpoints(tmp_path / "none").files() == []


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_so_many_of_the_newest_stay(tmp_path, keep):
    train(tmp_path, epochs=4, keep={"keep": keep})
    assert names(tmp_path) == [f"step-{3 * n:06d}-epoch-{n}" for n in (4, 3, 2, 1)][:keep]


STAY = {  # which epochs' files, of values 3, 1, 2, 2, and the mode
    "the lowest": ([3, 1, 2, 2], "min", [4, 2]),
    "the highest": ([3, 1, 2, 2], "max", [4, 1]),
    "a tie": ([2, 2, 2, 2], "min", [4, 1]),
    "the last": ([4, 3, 2, 1], "min", [4]),
    "NaN": ([float("nan"), 2, float("nan"), 3], "min", [4, 2]),
    "none": ([float("nan")] * 4, "min", [4]),
}


@pytest.mark.parametrize(("values", "mode", "epochs"), STAY.values(), ids=STAY)
def test_the_best_stays_too(tmp_path, values, mode, epochs):
    scored(tmp_path, values, keep=1, mode=mode)
    assert [int(name.split("-")[3]) for name in names(tmp_path)] == epochs
    kept = Checkpoints(tmp_path, monitor="valid_score", mode=mode)
    if len(set(map(str, values))) > 1:
        best = kept.best()
        assert best["epoch"] == epochs[-1] == len(best["history"]["epochs"])
        assert best["step"] == 3 * epochs[-1]


def test_the_best_has_the_weights_of_its_epoch(tmp_path):
    weights = []
    options = {"valid_loader": VALID, "metrics": {"score": Given([3, 1, 2])}, "epochs": 3}
    model = linear()
    note = At(6, lambda run: weights.append(state(model)[0]), "on_epoch")
    train(tmp_path, model=model, callbacks=[note], keep={"monitor": "valid_score"}, **options)
    assert same(dict(Checkpoints(tmp_path, monitor="x").best()["model"]), dict(weights[0]))


def test_nothing_is_deleted_before_the_new_one_is_there(tmp_path, monkeypatch):
    seen, real = [], Path.unlink

    def unlink(path, **options):
        kept = Checkpoints(tmp_path)
        seen.append((load(kept.files()[0])["step"], path.name[:11]))
        real(path, **options)

    monkeypatch.setattr(Path, "unlink", unlink)
    train(tmp_path, epochs=3, keep={"keep": 1})
    assert seen == [(6, "step-000003"), (9, "step-000006")]


@pytest.mark.parametrize("after", [0, 100])
def test_a_full_disk_is_said_and_deletes_nothing(tmp_path, monkeypatch, after):
    train(tmp_path, epochs=2)
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        fill_up(patch, after)
        with pytest.raises(OSError, match=r"Checkpoints: could not write .*No space left.*resume"):
            train(tmp_path, epochs=4, keep={"resume": True, "keep": 1})
    assert contents(tmp_path) == before
    expected = train(tmp_path / "whole", epochs=4)
    assert vars(train(tmp_path, epochs=4, keep=RESUME)) == vars(expected)


def test_a_folder_that_may_not_be_written_to_is_said(tmp_path):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o555)
        user = os.geteuid()
        log = []
        try:
            if user == 0:  # who may write everywhere
                os.seteuid(65534)
            with pytest.raises(PermissionError, match=f"Checkpoints: cannot write in {name}: Perm"):
                train(name, callbacks=[At(1, log.append)])
        finally:
            os.seteuid(user)
        os.chmod(name, 0o755)
        assert os.listdir(name) == [] and log == []


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="Checkpoints: cannot write in"):
        train(tmp_path / "file")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"every": 0}, "every = 0 and keep = 2, expected numbers"),
        ({"keep": 0}, "every = None and keep = 0"),
        ({"mode": "lowest"}, "mode = 'lowest'"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, options, words):
    with pytest.raises(ValueError) as error:
        Checkpoints(tmp_path / "x", **options)
    assert words in str(error.value) and not (tmp_path / "x").exists()


def test_what_is_no_checkpoints_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"fit: .*checkpoints.*Checkpoints\("):
        fit(m := linear(), batches(1), loss_fn, sgd(m), epochs=1, checkpoints=str(tmp_path))


# What is taken.


def test_the_newest_is_what_the_training_left(tmp_path):
    model = noisy()
    optimizer = adamw(model)
    scheduler = schedulers.OneCycleLR(optimizer, 0.1, total_steps=6)
    history = train(tmp_path, model=model, optimizer=optimizer, scheduler=scheduler)
    found = Checkpoints(tmp_path).newest()
    assert same(dict(found["model"]), dict(model.state_dict()))
    assert same(found["optimizer"], optimizer.state_dict())
    assert found["scheduler"]["last_epoch"] == 6
    assert found["history"] == vars(history) and (found["epoch"], found["step"]) == (2, 6)
    assert Checkpoints(tmp_path / "other").newest() is None


@pytest.mark.parametrize("how", ["flip", "cut", "empty"])
def test_of_damaged_ones_the_one_before_is_taken(tmp_path, how, capsys):
    wanted = train(tmp_path / "whole", epochs=4)
    train(tmp_path, epochs=3, keep={"keep": 3})
    files = Checkpoints(tmp_path).files()
    for path in files[:2]:
        damage(path, how)
    assert Checkpoints(tmp_path).newest()["step"] == 3
    assert capsys.readouterr().out.count("Checkpoints: left out. load: step-") == 2
    found = train(tmp_path, epochs=4, keep={"resume": True, "keep": 1})
    assert vars(found) == vars(wanted)
    said = capsys.readouterr().out
    assert all(f"{path.name} is damaged" in said for path in files[:2])
    assert f"Checkpoints: {tmp_path} goes on after step 3, epoch 1." in said
    assert names(tmp_path) == ["step-000012-epoch-4"]
    aside = {path.name for path in tmp_path.glob("*.damaged")}
    assert aside == {f"{path.name}.damaged" for path in files[:2]}


def test_the_intact_one_outlives_the_damaged_ones(tmp_path):
    """With keep=1 and the newest damaged, an interruption before the next file costs nothing."""
    train(tmp_path, epochs=2)
    damage(Checkpoints(tmp_path).files()[0])
    with pytest.raises(OSError, match="something else"):
        keep = {"resume": True, "keep": 1}
        train(tmp_path, epochs=2, callbacks=[At(5, fail)], keep=keep)
    assert names(tmp_path) == ["step-000003-epoch-1"]
    assert Checkpoints(tmp_path).newest()["step"] == 3


@pytest.mark.parametrize("resume", [True, False])
def test_if_all_are_damaged_it_is_an_error(tmp_path, resume):
    train(tmp_path)
    for path in Checkpoints(tmp_path).files():
        damage(path)
    before, model = contents(tmp_path), linear(3)
    weights = state(model)
    for action in (
        lambda: Checkpoints(tmp_path).newest(),
        lambda: train(tmp_path, model=model, keep={"resume": resume}),
    ):
        with pytest.raises(DamagedError, match=r"all 2 checkpoints in .*damaged.*newest: load: st"):
            action()
    assert contents(tmp_path) == before and same(state(model), weights)


def test_a_checkpoint_of_another_format_is_never_passed_over(tmp_path):
    """Else a training would silently begin with an older state."""
    train(tmp_path)
    newest = Checkpoints(tmp_path).files()[0]
    content = torch.load(newest, weights_only=True) | {"format": 2}
    path = tmp_path / "raw"
    torch.save(content, path)
    sha = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    path.rename(tmp_path / f"step-000009-epoch-3-{sha}.pt")
    with pytest.raises(ValueError, match="format 2, expected 1"):
        train(tmp_path, keep=RESUME)


def test_leftovers_of_a_write_are_removed_and_others_stay(tmp_path):
    train(tmp_path)
    for name in ("step-000009-0123456789abcdef.pt.x1.tmp", "mine.tmp"):
        (tmp_path / name).write_text("x")
    train(tmp_path, keep=RESUME)
    assert [path.name for path in tmp_path.glob("*.tmp")] == ["mine.tmp"]


def test_best_says_what_it_lacks(tmp_path):
    with pytest.raises(ValueError, match=r"best\(\) needs monitor, such as"):
        Checkpoints(tmp_path).best()
    kept = Checkpoints(tmp_path, monitor="valid_score")
    with pytest.raises(ValueError, match="has no best epoch yet"):
        kept.best()
    scored(tmp_path / "nan", [float("nan")])
    with pytest.raises(ValueError, match="no epoch with a finite valid_score"):
        Checkpoints(tmp_path / "nan", monitor="valid_score").best()
    scored(tmp_path, [1, 2], keep=1)
    damage(kept.files()[-1])
    with pytest.raises((FileNotFoundError, DamagedError), match="epoch 1"):
        kept.best()
    kept.files()[-1].unlink()
    with pytest.raises(FileNotFoundError, match="no intact checkpoint of epoch 1, the best by"):
        kept.best()


def test_a_monitor_that_is_no_column_is_said_after_the_first_epoch(tmp_path):
    with pytest.raises(KeyError, match=r"no column 'valid_loss' in epoch 1; expected one of: ep"):
        train(tmp_path, keep={"monitor": "valid_loss"})
    assert names(tmp_path) == ["step-000003-epoch-1"]
    assert len(train(tmp_path, keep=RESUME).epochs) == 2


# Two trainings, one folder.

OTHER = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1] + "/.lock"):
    print("held", flush=True)
    time.sleep(60)
"""


def expect_refused(folder_, monkeypatch):
    monkeypatch.setattr(folder, "PATIENCE", 0.2)
    model = linear(3)
    before, weights = contents(folder_), state(model)
    with pytest.raises(RuntimeError, match=r"Checkpoints: another training writes to .*End it, or"):
        train(folder_, model=model, keep=RESUME)
    assert contents(folder_) == before and same(state(model), weights)


def test_a_second_process_is_refused_until_the_first_ends(tmp_path, monkeypatch):
    train(tmp_path, epochs=1)
    command = [sys.executable, "-c", OTHER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        expect_refused(tmp_path, monkeypatch)
        process.kill()
    assert len(train(tmp_path, keep=RESUME).epochs) == 2


def test_a_second_training_in_the_same_process_is_refused(tmp_path, monkeypatch):
    tried = At(4, lambda run: expect_refused(tmp_path, monkeypatch))
    assert len(train(tmp_path, callbacks=[tried]).epochs) == 2
    assert len(train(tmp_path, epochs=3, keep=RESUME).epochs) == 3


def test_the_folder_is_free_after_an_error(tmp_path):
    with pytest.raises(OSError, match="something else"):
        train(tmp_path, callbacks=[At(4, fail)])
    with FileLock(tmp_path / ".lock", timeout=0.1):
        pass


def test_a_folder_with_checkpoints_is_not_mixed_with_a_new_training(tmp_path):
    train(tmp_path)
    before, model = contents(tmp_path), linear(3)
    weights = state(model)
    with pytest.raises(ValueError, match=r"has checkpoints up to step 6, expected none.*resume=T"):
        train(tmp_path, model=model)
    assert contents(tmp_path) == before and same(state(model), weights)


# Another training.


class Wide(Tiny):
    pass


def changed_shape():
    return Tiny(nn.Linear(3, 5), nn.Linear(5, 2))


def reordered(model):
    return torch.optim.AdamW(list(model.parameters())[::-1], lr=0.01)


def grouped(model):
    return torch.optim.AdamW([{"params": [weight]} for weight in model.parameters()], lr=0.01)


def cosine(optimizer, steps=6):
    return schedulers.CosineAnnealingLR(optimizer, steps)


class Precise(Rows):
    def __getitem__(self, index):
        item = super().__getitem__(index)
        return item | {"x": item["x"].double()}


def ten(batch_size, count=10, data=Rows, **options):
    return lambda: make_loader(data(count), batch_size, **options)


# What is another, and what the error has to tell.
ANOTHER = {
    "class": ({"model": lambda: Wide(nn.Linear(3, 2))}, "Wide"),
    "missing": ({"model": lambda: Tiny(nn.Linear(3, 2), nn.Linear(2, 2))}, "layers.1.weight"),
    "unexpected": ({"model": lambda: Tiny(nn.Identity(), nn.Linear(3, 2))}, "layers.0.weight"),
    "shape": ({"model": lambda: Tiny(nn.Linear(3, 3))}, "layers.0.weight (2, 3) (expected (3, 3)"),
    "precision": ({"model": lambda: linear().double(), "loader": ten(4, data=Precise)}, "float64"),
    "optimizer": ({"optimizer": sgd}, "SGD"),
    "order": ({"optimizer": reordered}, "layers.0.bias"),
    "groups": ({"optimizer": grouped}, "1 then, 2 now"),
    "rate": ({"optimizer": lambda m: adamw(m, lr=0.02)}, "0.02"),
    "decay": ({"optimizer": lambda m: adamw(m, weight_decay=0.3)}, "weight_decay"),
    "no scheduler": ({"scheduler": lambda o: None}, "CosineAnnealingLR"),
    "scheduler": ({"scheduler": lambda o: schedulers.ExponentialLR(o, 0.9)}, "ExponentialLR"),
    "schedule": ({"scheduler": lambda o: cosine(o, 9)}, "T_max: 6 then, 9 now"),
    "unit": ({"schedule_per": "epoch"}, "schedule"),
    "float16": ({"autocast": torch.float16}, "scaler"),
    "batch size": ({"loader": ten(5)}, "3 then, 2 now"),
    "batch size, as many steps": ({"loader": ten(9), "first": ten(5)}, "batch"),
    "accumulated": ({"accumulate": 2}, "3 then, 2 now"),
    "accumulated, as many steps": ({"accumulate": 3, "first": ten(5), "loader": ten(2)}, "accum"),
    "examples": ({"loader": ten(4, 14)}, "3 then, 4 now"),
    "a loader more": ({"valid_loader": ten(4, shuffle=True)}, "loaders', how many: 1 then, 2 now"),
}


@pytest.mark.parametrize("step", [2, 3], ids=["in an epoch", "between epochs"])
@pytest.mark.parametrize(("change", "words"), ANOTHER.values(), ids=ANOTHER)
def test_another_training_is_refused_and_nothing_is_changed(tmp_path, change, words, step):
    first = {"loader": change.get("first", ten(4))}
    then = first | {name: made for name, made in change.items() if name != "first"}
    train(tmp_path, **objects_of(first), callbacks=[At(step, stop)])
    before, made = contents(tmp_path), objects_of(then)
    parts = [part for part in list(made.values())[:3] if part]
    was = state(*parts), random.getstate(), torch.get_rng_state()
    with pytest.raises(ValueError) as error:
        train(tmp_path, **made, keep=RESUME)
    assert words in str(error.value) and len(str(error.value)) < 2000
    assert contents(tmp_path) == before
    assert same((state(*parts), random.getstate(), torch.get_rng_state()), was)


def objects_of(change):
    """Model, optimizer, scheduler and the rest, made as a case says."""
    given = {"model": linear, "optimizer": adamw, "scheduler": cosine} | change
    model = given.pop("model")()
    optimizer = given.pop("optimizer")(model)
    made = {"model": model, "optimizer": optimizer, "scheduler": given.pop("scheduler")(optimizer)}
    return made | {n: v() if n.endswith("loader") else v for n, v in given.items()}


@pytest.mark.parametrize("made", [sgd, adamw])
def test_another_rate_is_refused_without_a_scheduler_too(tmp_path, made):
    train(tmp_path, optimizer=made(model := linear()), model=model)
    other = made(model := linear(), lr=0.03)
    with pytest.raises(ValueError, match=r"lr: 0\.\d+ then, 0\.03 now"):
        train(tmp_path, model=model, optimizer=other, epochs=3, keep=RESUME)


def test_all_that_is_odd_about_a_model_is_named_in_one_error(tmp_path):
    model = Tiny(nn.Linear(3, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    train(tmp_path, model=model)
    other = Tiny(nn.Linear(3, 4), nn.Identity(), nn.Linear(4, 2), nn.Linear(2, 2))
    with pytest.raises(ValueError) as error:
        train(tmp_path, model=other, keep=RESUME)
    for words in ("layers.3.weight", "layers.1.weight", "layers.0.weight (2, 3) (expected (4, 3)"):
        assert words in str(error.value)


def test_a_weight_that_is_not_in_the_model_would_be_lost_and_is_said(tmp_path):
    model = linear()
    weights = [*model.parameters(), nn.Parameter(torch.ones(1))]
    with pytest.raises(ValueError, match="not in the model"):
        train(tmp_path, model=model, optimizer=torch.optim.AdamW(weights))


def test_a_scheduler_without_a_state_is_said(tmp_path):
    class Halving:
        def step(self):
            pass

    with pytest.raises((TypeError, ValueError), match=r"Checkpoints: .*Halving"):
        train(tmp_path, scheduler=Halving())


# Going on.


def test_without_resume_or_with_a_new_folder_it_begins(tmp_path, capsys):
    expected = train(tmp_path / "a")
    assert capsys.readouterr().out == ""
    assert vars(train(tmp_path / "b", keep=RESUME)) == vars(expected)
    assert capsys.readouterr().out == f"Checkpoints: {tmp_path / 'b'} begins anew.\n"


def test_a_finished_training_comes_back_at_once(tmp_path):
    model = linear()
    wanted, weights, events = train(tmp_path, model=model), state(model), []
    before, other = contents(tmp_path), linear(5)
    found = train(tmp_path, model=other, callbacks=[At(6, events.append)], keep=RESUME)
    assert repr(found) == repr(wanted) and same(state(other), weights)
    assert events == [] and contents(tmp_path) == before


def test_a_finished_training_may_get_more_epochs(tmp_path):
    results = []
    for parts in ((2, 3, 5), (5,)):
        folder_ = tmp_path / str(len(parts))
        for epochs in parts:
            model = noisy()
            torch.manual_seed(9 if epochs == parts[0] else 0)
            history = train(folder_, model=model, epochs=epochs, keep=RESUME)
        results.append((vars(history), state(model)))
    assert same(*results)


INPLACE = {
    "adamw": adamw,
    "sgd": sgd,
    "momentum": lambda m: sgd(m, momentum=0.9),
    "tensor rate": lambda m: adamw(m, lr=torch.tensor(0.01)),
}


@pytest.mark.parametrize("fresh", [True, False], ids=["new objects", "the same objects"])
@pytest.mark.parametrize("made", INPLACE.values(), ids=INPLACE)
@pytest.mark.parametrize("with_history", [False, True])
def test_an_interrupted_cell_is_run_again(tmp_path, made, fresh, with_history):
    """In a notebook, with the same objects as before or with new ones, the history given or not."""
    results = []
    for steps in ((2, 5, 99), (99,)):
        objects, history = None, History()
        folder_ = tmp_path / str(len(steps))
        torch.manual_seed(1)
        for step in steps:
            if objects is None or fresh:
                model = linear()
                optimizer = made(model)
                objects = model, optimizer, schedulers.ExponentialLR(optimizer, 0.9)
            options = dict(zip(("model", "optimizer", "scheduler"), objects, strict=True))
            given = {"history": history} if with_history else {}
            left = 3 - len(history.epochs) if with_history else 3
            metrics = {"nothing": lambda a, b: float("nan")}
            found = train(
                folder_,
                epochs=left,
                callbacks=[At(step, stop)],
                keep=RESUME,
                valid_loader=VALID,
                metrics=metrics,
                **options,
                **given,
            )
            history = found if with_history else history
        results.append((repr(found), state(*objects)))
    assert results[0][0] == results[1][0] and same(results[0][1], results[1][1])


def test_a_history_that_is_not_the_beginning_is_refused(tmp_path):
    train(tmp_path)
    other, model = fit(m := linear(4), batches(3), loss_fn, sgd(m), epochs=1), linear(7)
    before, weights, numbers = contents(tmp_path), state(model), repr(other)
    with pytest.raises(ValueError, match=r"history of 3 steps that is not the beginning .* has 6"):
        train(tmp_path, model=model, history=other, keep=RESUME)
    assert contents(tmp_path) == before and same(state(model), weights) and repr(other) == numbers


def test_a_history_from_elsewhere_begins_a_folder(tmp_path):
    model = linear()
    optimizer = adamw(model)
    history = fit(model, batches(3), loss_fn, optimizer, epochs=1, progress=False)
    train(tmp_path, model=model, optimizer=optimizer, history=history, epochs=1)
    assert names(tmp_path) == ["step-000006-epoch-2"]
    whole = train(tmp_path / "whole", epochs=2)
    assert vars(history) == vars(whole)


def test_a_training_that_stops_at_its_start_is_kept_too(tmp_path):
    history = History([1.0] * 3, [0.1] * 3, [{"epoch": 1, "train_loss": 1.0}])
    early = EarlyStopping("train_loss", patience=1)
    history.epochs += [{"epoch": 2, "train_loss": 2.0}]
    train(tmp_path, history=history, callbacks=[early], epochs=3)
    assert len(history.epochs) == 2 and names(tmp_path) in ([], ["step-000003-epoch-2"])


@pytest.mark.parametrize("rest", [1, 2, 3])
def test_a_schedule_that_ends_at_zero_may_be_resumed_there(tmp_path, rest):
    """Uninterrupted it is allowed to; so it must be after an interruption."""
    results = []
    for steps in ((9 - rest, 99), (99,)):
        for step in steps:
            model = linear()
            optimizer = adamw(model)
            scheduler = schedulers.LinearLR(optimizer, 1.0, 0.0, 9 - rest)
            history = train(
                tmp_path / str(len(steps)),
                model=model,
                optimizer=optimizer,
                scheduler=scheduler,
                epochs=3,
                callbacks=[At(step, stop)],
                keep=RESUME,
            )
        results.append((vars(history), state(model, optimizer, scheduler)))
    assert same(*results) and results[0][0]["rates"][-rest:] == [0.0] * rest


# Ends.


def test_after_ctrl_c_it_goes_on(tmp_path):
    wanted = train(tmp_path / "whole", model=noisy(), epochs=3)
    torch.manual_seed(0)
    model = noisy()
    interrupt = At(4, lambda run: signal.raise_signal(signal.SIGINT))
    first = train(tmp_path, model=model, epochs=3, callbacks=[interrupt])
    assert len(first.losses) == 4 and names(tmp_path)[0] == "step-000004"
    assert vars(train(tmp_path, model=noisy(8), epochs=3, keep=RESUME)) == vars(wanted)


@pytest.mark.parametrize("event", ["on_step", "on_epoch"])
def test_an_error_keeps_nothing_at_the_end(tmp_path, event):
    step = 5 if event == "on_step" else 6
    with pytest.raises(OSError, match="something else"):
        train(tmp_path, epochs=3, callbacks=[At(step, fail, event)])
    assert names(tmp_path) == ["step-000003-epoch-1"]


def test_a_second_ctrl_c_keeps_nothing_at_the_end(tmp_path):
    def twice(run):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)

    train(tmp_path, epochs=3, callbacks=[At(5, twice)])
    assert names(tmp_path) == ["step-000003-epoch-1"]
    assert len(train(tmp_path, epochs=3, keep=RESUME).losses) == 9


def test_a_stop_in_an_epoch_is_kept(tmp_path):
    train(tmp_path, callbacks=[At(5, stop)], keep={"keep": 9})
    assert names(tmp_path) == ["step-000005", "step-000003-epoch-1"]
    found = Checkpoints(tmp_path).newest()
    assert (found["step"], found["epoch"], found["step_of_epoch"]) == (5, 1, 2)


@pytest.mark.parametrize("made", [Stream, lambda made: DataLoader(Stream(made), None)])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_a_loader_without_a_length_may_be_interrupted_anywhere(tmp_path, made, step):
    wanted = train(tmp_path / "whole", loader=made(batches(3)), valid_loader=VALID)
    options = {"loader": made(batches(3)), "valid_loader": VALID}
    train(tmp_path, callbacks=[At(step, stop)], **options)
    assert Checkpoints(tmp_path).newest()["step"] == step
    found = train(tmp_path, model=linear(4), keep=RESUME, **options)
    assert repr(found) == repr(wanted) and len(found.epochs) == 2


def test_one_object_serves_several_trainings(tmp_path):
    kept = Checkpoints(tmp_path, resume=True)
    for epochs in (1, 2, 3):
        model = linear()
        options = {"epochs": epochs, "checkpoints": kept, "progress": False}
        found = fit(model, batches(3), loss_fn, adamw(model), **options)
        assert len(found.epochs) == epochs
    assert vars(found) == vars(train(tmp_path / "whole", epochs=3))


def test_no_setting_of_a_training_is_lost_while_it_runs(tmp_path):
    """What a training began with is in its last checkpoint as in its first."""
    model = linear()
    optimizer = adamw(model, lr=torch.tensor(0.5))
    scheduler = schedulers.ExponentialLR(optimizer, 0.5)
    train(tmp_path, model=model, optimizer=optimizer, scheduler=scheduler)
    assert len(names(tmp_path)) == 2
    for path in Checkpoints(tmp_path).files():
        assert load(path)["settings"]["optimizer"][0]["lr"] == 0.5
