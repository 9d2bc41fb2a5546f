"""The benchmarks can be found and run; what they measure is not asserted."""

import importlib.util
import string
import subprocess
import sys

import pytest
import torch

from course_lib import freeze
from course_lib.pretrain._recipe import Recipe
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import (
    _badly,
    _flips,
    _guessing,
    _loops,
    _resumes,
    _rows,
    _tasks,
    _trainers,
    cases,
    monitor,
    trainer,
    transfer,
)


def test_there_are_benchmarks():
    wanted = {"baselines", "cases", "corpus", "loop", "monitor", "padding", "trainer", "transfer"}
    assert wanted <= set(benchmarks.names())


@pytest.mark.parametrize("name", benchmarks.names())
def test_a_benchmark_says_what_it_measures_and_can_be_run(name):
    module = importlib.import_module(f"tests.benchmarks.{name}")
    assert module.__doc__.strip()
    assert callable(module.run)


def test_an_unknown_benchmark_is_named_with_those_that_there_are():
    command = [sys.executable, "-m", "tests.benchmarks", "speeed"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no benchmark called speeed; there are baselines, cases, checkpoint" in done.stderr


def test_the_loops_that_are_compared_train_alike():
    """The bare loop and fit; those of the libraries are compared by the benchmark itself."""
    setting = _tasks.tiny(epochs=1)
    bare, fit = _loops.bare(setting), _loops.fit(setting)
    start = [weight.clone() for weight in fit.model.parameters()]
    assert bare.seconds() > 0 and fit.seconds() > 0
    for ours, theirs, before in zip(
        fit.model.parameters(), bare.model.parameters(), start, strict=True
    ):
        assert torch.equal(ours, theirs) and not torch.equal(ours, before)


def test_a_library_that_is_not_installed_is_left_out_and_named(monkeypatch):
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "skorch" else object()
    )
    assert _loops.missing() == ["skorch"]
    assert list(_loops.makers()) == [
        "bare loop",
        "fit",
        "accelerate",
        "transformers.Trainer",
        "lightning",
    ]


def test_what_a_flipped_bit_does_is_measured():
    state = {"weights": [torch.tensor([1.0, 2.0])], "step": 3}
    other = {"weights": [torch.tensor([1.0, 2.5])], "step": 3}
    assert _flips.change(state, state) == 0
    assert _flips.change(state, other) == 0.5
    assert _flips.change(state, state | {"step": 7}) == 4
    assert _flips.change(state, {"weights": state["weights"]}) == float("inf")
    assert _flips.flipped(b"\x00\x00", 9) == b"\x00\x02"


def test_the_libraries_that_resume_are_left_out_where_they_are_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert _resumes.missing() == ["transformers", "lightning", "accelerate"]
    assert list(_resumes.trainings()) == ["fit"]


def test_an_error_of_a_resumed_training_is_told_without_its_paths():
    printed = "Traceback (most recent call last):\n  File ...\nValueError: none at /tmp/run-3\n"
    assert _resumes.reason(printed) == "ValueError: none at"


# Logging, and Trainer.


def test_training_and_bytes_are_measured_with_a_logger_and_without():
    setting = _tasks.tiny(epochs=1)
    alone = monitor.measured(setting, monitor.CHOICES[monitor.BASE])
    logged = monitor.measured(setting, monitor.CHOICES["TensorBoard, every step"])
    assert alone.size == 0 and alone.seconds > 0
    assert logged.size > 3 * 4 * len(setting.loader())  # three numbers a step
    for ours, theirs in zip(logged.model.parameters(), alone.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_two_trainings_are_compared_step_by_step():
    def trained(losses, *weights):
        model = torch.nn.Linear(2, 1, bias=False)
        model.weight.data = torch.tensor([weights])
        return _trainers.Trained(losses, model)

    one, other = trained([3.0, 2.0, 1.0], 1.0, 2.0), trained([3.0, 2.5, 1.25], 1.0, 2.125)
    assert trainer.differences(one, other) == (0.5, 0.125)
    assert trainer.differences(one, one) == (0, 0)
    assert trainer.first_difference(one.losses, other.losses) == 2
    assert trainer.first_difference(one.losses, one.losses) is None


def test_the_order_that_trainer_draws_is_another_one_in_each_epoch():
    order = _trainers.ItsOrder(6)
    first, second = (torch.Generator().manual_seed(seed) for seed in (42, 43))
    assert list(order) == torch.randperm(6, generator=first).tolist()
    assert list(order) == torch.randperm(6, generator=second).tolist()


# The rows of data/transfer.


def square(number):
    """What a benchmark would measure; it is noted that it did."""
    square.asked.append(number)
    if number == 3:
        raise KeyboardInterrupt
    return {"square": number**2}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(_rows, "FOLDER", tmp_path)
    monkeypatch.setattr(square, "asked", [], raising=False)
    monkeypatch.delenv("BACKBONE", raising=False)
    return tmp_path


def test_a_benchmark_that_was_ended_goes_on_where_it_was(folder, monkeypatch):
    monkeypatch.setenv("WRITE", "1")
    with pytest.raises(KeyboardInterrupt):
        _rows.rows("squares.csv", [{"number": number} for number in (1, 2, 3)], square)
    found = _rows.rows("squares.csv", [{"number": number} for number in (2, 1, 4)], square)
    assert [row["square"] for row in found] == ["4", "1", "16"]
    assert square.asked == [1, 2, 3, 4]
    assert (folder / "squares.csv").read_text() == "number,square\n1,1\n2,4\n4,16\n"


@pytest.mark.parametrize("wish", ["", "0", None])
def test_unless_asked_to_a_benchmark_neither_reads_rows_nor_writes_any(wish, folder, monkeypatch):
    (folder / "squares.csv").write_text("number,square\n2,5\n")
    monkeypatch.delenv("WRITE", raising=False)
    if wish is not None:
        monkeypatch.setenv("WRITE", wish)
    assert _rows.rows("squares.csv", [{"number": 2}], square) == [{"number": "2", "square": "4"}]
    assert (folder / "squares.csv").read_text() == "number,square\n2,5\n"


FILES = sorted(_rows.FOLDER.glob("*.csv"))


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_the_datasheet_names_a_file_and_its_columns_and_counts_its_rows(path):
    sheet = (_rows.FOLDER / "README.md").read_text("utf-8")
    rows = _rows.read(path)
    assert [column for column in rows[0] if f"`{column}`" not in sheet] == []
    [line] = [line for line in sheet.splitlines() if line.startswith(f"| `{path.name}` |")]
    assert line.split("|")[3].strip() == str(len(rows))


# What transfer learning is measured with.


def test_the_cipher_gives_each_letter_another_one_and_leaves_the_rest():
    letters = cases.ciphered(string.ascii_lowercase)
    assert sorted(letters) == list(string.ascii_lowercase)
    assert all(one != other for one, other in zip(letters, string.ascii_lowercase, strict=True))
    a, b = letters[:2]
    assert cases.ciphered("Ab 2, a_B.") == f"{a}{b} 2, {a}_{b}."


def test_gradual_unfreezing_reaches_every_weight_of_the_model():
    model = _tasks.classifier()
    parts = transfer.parts(model)
    groups = freeze.parameter_groups(model, dict.fromkeys(parts, 1.0))
    held = [id(weight) for group in groups for weight in group["params"]]
    assert sorted(held) == sorted(map(id, model.parameters()))
    assert parts[0] == "backbone.embeddings" and parts[-1] == "head" and len(parts) == 5


def test_a_frozen_backbone_takes_its_weights_and_next_to_nothing_for_learning():
    model, tokenizer = _tasks.classifier(), _tasks.backbone_and_tokenizer()[1]
    weights = 4 * sum(weight.numel() for weight in model.parameters())
    whole = transfer.memory(model, tokenizer)
    freeze.freeze(model, "backbone")
    alone = transfer.memory(model, tokenizer)
    assert weights < alone < 1.02 * weights
    assert whole > 4 * weights  # gradients and AdamW's two numbers too


def test_the_bad_pretraining_asks_for_what_can_be_seen():
    tokenizer = _tasks.backbone_and_tokenizer()[1].backend_tokenizer
    examples = [[2, *range(100, 150), 3]] * 20
    wrong = _badly.wrongly_masked(examples, tokenizer, Recipe(), seed=0)
    right = _badly.rightly_masked(examples, tokenizer, Recipe(), seed=0)
    assert torch.equal(wrong.input_ids, right.input_ids)
    assert torch.equal(wrong.targets, wrong.input_ids[wrong.chosen])
    assert (right.targets != wrong.targets).float().mean() > 0.8  # 80 % masked, 10 % replaced


def test_an_encoder_comes_back_under_the_guessing_head_with_all_its_weights():
    backbone = _tasks.classifier().backbone
    with torch.no_grad():
        for weight in backbone.parameters():
            weight.add_(1.0)
    model = _guessing.under_its_head(backbone)
    for name, weight in backbone.named_parameters():
        assert torch.equal(model.base_model.get_parameter(name), weight), name
    words = backbone.get_input_embeddings().weight
    assert torch.equal(model.get_output_embeddings().weight, words)
