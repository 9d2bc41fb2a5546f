"""data/backbone as a learner gets it: its files, its card, what it has learned, what it is for."""

import csv
import json
import math

import pytest
import torch
from safetensors.torch import load_file

from course_lib import data, runtime
from course_lib.model import load_backbone
from course_lib.pretrain import _run
from course_lib.pretrain._recipe import Recipe
from course_lib.pretrain.pieces import SPECIAL
from tests.benchmarks import transfer
from tests.benchmarks._guessing import guesses

FOLDER = runtime.data_dir() / "backbone"
RECIPE = Recipe()


@pytest.fixture(scope="module")
def shipped():
    return load_backbone()


@pytest.fixture(scope="module")
def guesser():
    """The backbone with the head that guesses masked tokens, which is stored with it."""
    from transformers import AutoModelForMaskedLM

    return AutoModelForMaskedLM.from_pretrained(FOLDER).eval()


@pytest.fixture(scope="module")
def curve():
    rows = csv.DictReader((FOLDER / "curve.csv").read_text().splitlines())
    return [{name: float(value) for name, value in row.items()} for row in rows]


# The files.


def megabytes():
    return sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) / 1e6


def numbers_stored():
    return sum(weight.numel() for weight in load_file(FOLDER / "model.safetensors").values())


def test_the_files_hold_data_alone_and_6_megabytes_at_most():
    needed = {"README.md", "config.json", "curve.csv", "model.safetensors", "tokenizer.json"}
    assert needed <= {path.name for path in FOLDER.iterdir()}
    assert {path.suffix for path in FOLDER.rglob("*")} <= {".md", ".json", ".csv", ".safetensors"}
    assert megabytes() <= 6


def test_the_sizes_are_those_of_the_recipe(shipped):
    config = json.loads((FOLDER / "config.json").read_text())
    assert config["num_hidden_layers"] == RECIPE.layers
    assert config["num_attention_heads"] == RECIPE.heads
    assert config["hidden_size"] == RECIPE.hidden
    assert config["vocab_size"] == RECIPE.vocabulary == len(shipped[1])
    assert config["max_position_embeddings"] == RECIPE.tokens == shipped[1].model_max_length


def test_the_curve_goes_to_the_last_step_and_down(curve):
    steps = [row["step"] for row in curve]
    assert steps == sorted(set(steps))
    assert steps[-1] == RECIPE.steps
    losses = [row["validation_loss"] for row in curve]
    assert math.log(RECIPE.vocabulary) > losses[0] > losses[-1]
    assert losses[-1] < 3.6
    assert losses[-1] == pytest.approx(min(losses), abs=0.02)


def test_the_card_names_the_command_and_its_figures_are_those_of_the_files(curve):
    card = (FOLDER / "README.md").read_text()
    assert "python -m course_lib.pretrain" in card
    figures = {
        "parameters": f"{numbers_stored():,}",
        "size": f"{megabytes():.1f} MB",
        "final validation loss": f"{curve[-1]['validation_loss']:.2f}",
        "vocabulary": f"{RECIPE.vocabulary:,}",
        "steps": f"{RECIPE.steps:,}",
    }
    assert {what: figure for what, figure in figures.items() if figure not in card} == {}


# What a learner loads.


def test_it_comes_ready_to_use(shipped):
    backbone, tokenizer = shipped
    assert not backbone.training
    assert backbone.dtype == torch.float32
    assert all(weight.isfinite().all() for weight in backbone.parameters())
    assert tokenizer.padding_side == "right"


def test_the_tokenizer_lowers_and_has_the_five_special_tokens(shipped):
    _, tokenizer = shipped
    assert tuple(tokenizer.convert_ids_to_tokens(range(5))) == SPECIAL
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    assert tuple(getattr(tokenizer, name) for name in names) == SPECIAL
    ids = tokenizer("The MEAN of an Array.")["input_ids"]
    tokens = ["[CLS]", "the", "mean", "of", "an", "array", ".", "[SEP]"]
    assert tokenizer.convert_ids_to_tokens(ids) == tokens
    assert tokenizer.decode(ids, skip_special_tokens=True) == "the mean of an array."


def test_few_words_of_the_corpus_are_unknown_to_the_tokenizer(shipped):
    _, tokenizer = shipped
    found = tokenizer(validation_sentences(), truncation=True)["input_ids"]
    ids = [number for sentence in found for number in sentence]
    assert ids.count(tokenizer.unk_token_id) / len(ids) < 0.001


@torch.no_grad()
def test_padding_changes_nothing(shipped):
    backbone, tokenizer = shipped
    sentences = ["Sort.", "Return a copy of the array.", "Draw " + "a line and " * 12 + "a point."]
    batch = tokenizer(sentences, padding=True, return_tensors="pt")
    together = backbone(**batch).last_hidden_state
    for row, sentence in enumerate(sentences):
        alone = backbone(**tokenizer(sentence, return_tensors="pt")).last_hidden_state[0]
        assert (together[row, : len(alone)] - alone).abs().max() < 1e-5
    lengths = batch["attention_mask"].sum(dim=1).tolist()
    assert lengths[0] < lengths[1] < lengths[2] == batch["input_ids"].shape[1]


# What it has learned.


def validation_sentences():
    return data.load_docstrings("validation")[0][:640]


def test_it_guesses_hidden_words_of_sentences_it_has_never_seen(shipped, guesser):
    _, tokenizer = shipped
    untrained = _run.make_model(RECIPE, RECIPE.vocabulary).eval()
    before = guesses(untrained, tokenizer, validation_sentences())[0]
    assert before == pytest.approx(math.log(RECIPE.vocabulary), abs=0.3)  # as good as a guess
    assert guesses(guesser, tokenizer, validation_sentences())[0] < before / 2


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("The number [MASK] samples.", "of"),
        ("Whether or [MASK] to use the cache.", "not"),
        ("The probability density [MASK] of the distribution.", "function"),
        ("The learning [MASK] of the optimizer.", "rate"),
        ("Return a [MASK] of the object.", "copy"),
        ("The shape of the [MASK] tensor.", "input"),
    ],
)
@torch.no_grad()
def test_an_obvious_gap_is_filled(sentence, word, shipped, guesser):
    _, tokenizer = shipped
    inputs = tokenizer(sentence, return_tensors="pt")
    gap = inputs["input_ids"][0] == tokenizer.mask_token_id
    best = guesser(**inputs).logits[0, gap].topk(5).indices[0]
    assert word in tokenizer.convert_ids_to_tokens(best)


@pytest.mark.slow
def test_with_500_labels_it_beats_tf_idf_and_its_own_model_from_scratch(monkeypatch):
    monkeypatch.delenv("BACKBONE", raising=False)

    def accuracy(method):
        return transfer.cell(method, size=500, seed=0).accuracy  # five seeds are in data/transfer

    fine_tuned = accuracy(transfer.FINE_TUNED)
    assert fine_tuned > accuracy(transfer.TFIDF) + 0.05
    assert fine_tuned > accuracy(transfer.SCRATCH) + 0.05
