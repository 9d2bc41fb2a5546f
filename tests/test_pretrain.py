"""course_lib.pretrain: word pieces, masks, and a run that stops and goes on as if it had not."""

import hashlib
import json
import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from course_lib.pretrain import __main__ as command
from course_lib.pretrain import _examples, _run
from course_lib.pretrain._recipe import Recipe
from course_lib.pretrain.pieces import SPECIAL, learn_pieces, token_pieces, train_tokenizer

SMALL = Recipe(
    vocabulary=200, hidden=16, layers=1, heads=2, tokens=12, batch_size=4, steps=7, warm_up=2
)
TEXT = "a small line is drawn from here to there and back again by the pen of another"
WORDS = TEXT.split()
TEXTS = [" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS))] * 8
DIGEST = """
import hashlib
from tests import test_pretrain as t
print(hashlib.sha256(t.train_tokenizer(t.TEXTS, 200).to_str().encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, SMALL.vocabulary)


# Word pieces.


def test_the_most_frequent_pair_is_merged_first_and_the_alphabet_decides_between_equals():
    words = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    letters = ["##g", "##n", "##s", "##u", "b", "h", "p"]
    letters.remove("b")  # it occurs four times, too rarely, so bun teaches nothing
    # ug stands in 20 words, then hug in 15; un and pu in 12; hugs and pug in 5
    merged = ["##ug", "hug", "##un", "pun", "hugs", "pug"]
    assert learn_pieces(words, 12) == letters + merged


def test_no_more_pieces_are_learned_than_asked_for():
    assert len(learn_pieces({"hug": 10, "hugs": 5}, 6)) == 6


def test_learning_ends_where_every_word_is_one_piece():
    assert learn_pieces({"ab": 9}, 100) == ["##b", "a", "ab"]


def test_a_repeated_letter_is_merged_from_the_left():
    assert learn_pieces({"aaaa": 9}, 3) == ["##a", "a", "##aa"]


def test_a_word_with_a_rare_letter_teaches_nothing():
    assert learn_pieces({"ab": 9, "qb": 1}, 100) == ["##b", "a", "ab"]


def test_the_tokenizer_is_the_same_in_another_process(tokenizer):
    mine = hashlib.sha256(tokenizer.to_str().encode()).hexdigest()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout.strip() == mine


def test_a_tokenizer_has_as_many_pieces_as_asked_for_and_order_and_repetition_count_for_nothing():
    made = train_tokenizer(TEXTS, 60)
    assert made.get_vocab_size() == 60 and train_tokenizer(TEXTS, 10_000).get_vocab_size() < 200
    assert train_tokenizer(TEXTS[::-1], 60).to_str() == made.to_str()
    assert train_tokenizer(iter(TEXTS * 2), 60).to_str() == made.to_str()


def test_the_tokenizer_lowers_marks_the_ends_and_knows_what_it_does_not_know(tokenizer):
    assert [tokenizer.id_to_token(number) for number in range(5)] == list(SPECIAL)
    assert tokenizer.encode("Drawn LINE").tokens == ["[CLS]", "drawn", "line", "[SEP]"]
    assert tokenizer.encode("drawn 好").tokens == ["[CLS]", "drawn", "[UNK]", "[SEP]"]
    assert tokenizer.decode(tokenizer.encode("a small line").ids) == "a small line"


# Examples.


def test_a_long_paragraph_is_cut_into_pieces_and_nothing_of_it_is_lost(tokenizer):
    pieces = token_pieces(tokenizer, [TEXTS[0]], 12)
    ids = tokenizer.encode(TEXTS[0], add_special_tokens=False).ids
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    assert [len(piece) for piece in pieces] == [12, 9]
    assert {(piece[0], piece[-1]) for piece in pieces} == {(first, last)}
    assert [number for piece in pieces for number in piece[1:-1]] == ids


def test_a_tokenizer_that_truncates_and_pads_cuts_as_any_other(tokenizer):
    other = type(tokenizer).from_str(tokenizer.to_str())
    other.enable_truncation(5)
    other.enable_padding(length=40)
    assert token_pieces(other, TEXTS[:3], 12) == token_pieces(tokenizer, TEXTS[:3], 12)
    assert other.truncation["max_length"] == 5 and other.padding["length"] == 40


@pytest.mark.parametrize("most", [0, 2, 4])
def test_pieces_too_short_for_three_tokens_are_an_error(tokenizer, most):
    with pytest.raises(ValueError, match=f"token_pieces: got most = {most}, expected 5 or more"):
        token_pieces(tokenizer, TEXTS, most)


@pytest.mark.parametrize("size", [-1, 3, 5])
def test_a_vocabulary_of_special_pieces_alone_is_an_error(size):
    with pytest.raises(ValueError, match=f"train_tokenizer: got size = {size}, expected more"):
        train_tokenizer(TEXTS, size)


@pytest.mark.parametrize("size", [-3, 0])
def test_no_size_gives_no_pieces(size):
    assert learn_pieces({"ab": 9}, size) == []


def test_an_empty_word_teaches_nothing():
    assert learn_pieces({"": 9, "ab": 9}, 100) == ["##b", "a", "ab"]


LEFT = {1: [], 2: [], 3: [5], 5: [7], 6: [7], 7: [7], 8: [7, 5], 10: [7, 7], 12: [7, 7]}


@pytest.mark.parametrize("words", LEFT)
def test_what_is_left_of_a_paragraph_at_its_end_counts_from_three_tokens_on(tokenizer, words):
    ids = tokenizer.encode(TEXTS[0], add_special_tokens=False).ids[:words]
    paragraph = tokenizer.decode(ids)
    pieces = token_pieces(tokenizer, [paragraph], 7)  # five tokens between [CLS] and [SEP]
    assert [len(piece) for piece in pieces] == LEFT[words]
    read = [number for piece in pieces for number in piece[1:-1]]
    assert read == ids[: sum(length - 2 for length in LEFT[words])]


def test_paragraphs_are_cut_each_for_itself_and_stay_in_their_order(tokenizer):
    long, short = TEXTS[0], "the pen"
    alone = token_pieces(tokenizer, [long], 12)
    other = token_pieces(tokenizer, [TEXTS[5]], 12)
    assert token_pieces(tokenizer, [long, short, "", TEXTS[5]], 12) == alone + other
    assert token_pieces(tokenizer, [], 12) == []


def test_training_and_validation_share_no_example():
    kept, held_out = _examples.divided([[number] for number in range(250)])
    assert held_out == [[0], [100], [200]]
    assert sorted(kept + held_out) == [[number] for number in range(250)]


def test_of_the_chosen_tokens_80_percent_are_masked_10_replaced_10_left(tokenizer):
    examples = [tokenizer.encode(text).ids for text in TEXTS] * 12
    recipe = Recipe(mask=0.3)
    batch = _examples.masked_batch(examples, tokenizer, recipe, seed=0)
    original = torch.tensor(examples)
    special = torch.isin(original, torch.tensor([tokenizer.token_to_id(n) for n in SPECIAL]))
    assert not batch.chosen[special].any()
    assert torch.equal(batch.targets, original[batch.chosen])
    assert torch.equal(batch.input_ids[~batch.chosen], original[~batch.chosen])
    assert batch.attention_mask.all()
    share = batch.chosen.sum() / (~special).sum()
    masked = batch.input_ids == tokenizer.token_to_id("[MASK]")
    changed = batch.chosen & ~masked & (batch.input_ids != original)
    count = batch.chosen.sum()
    spread = 4 * (0.25 / count).sqrt()  # four standard errors at most
    assert abs(share - 0.3) < spread
    assert abs(masked.sum() / count - 0.8) < spread
    assert abs(changed.sum() / count - 0.1) < spread


def test_a_batch_has_something_to_guess_even_where_chance_chose_nothing(tokenizer):
    examples = [tokenizer.encode(text).ids for text in ("a small line", "the pen")]
    batch = _examples.masked_batch(examples, tokenizer, Recipe(mask=1e-9), seed=3)
    assert len(batch.targets) == 1
    assert batch.targets.item() >= len(SPECIAL)


def test_masks_and_orders_depend_on_the_seed_alone(tokenizer):
    examples = [tokenizer.encode(text).ids for text in TEXTS[:4]]
    torch.manual_seed(1)
    one = _examples.masked_batch(examples, tokenizer, SMALL, seed=5)
    torch.manual_seed(2)
    two = _examples.masked_batch(examples, tokenizer, SMALL, seed=5)
    other = _examples.masked_batch(examples, tokenizer, SMALL, seed=6)
    assert torch.equal(one.input_ids, two.input_ids)
    assert not torch.equal(one.input_ids, other.input_ids)
    lengths = list(range(1, 30))
    orders = [_examples.epoch_order(lengths, SMALL, epoch) for epoch in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]


# The run.


def test_the_rate_rises_and_falls_in_straight_lines():
    recipe = Recipe(steps=10, warm_up=4, learning_rate=1.0)
    rates = [recipe.rate(step) for step in range(10)]
    assert rates == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_the_loss_is_that_of_transformers_at_the_chosen_places(tokenizer):
    model = _run.make_model(SMALL, tokenizer.get_vocab_size()).eval()
    examples = [tokenizer.encode(text).ids[:10] for text in TEXTS[:4]]
    batch = _examples.masked_batch(examples, tokenizer, SMALL, seed=1)
    labels = torch.full_like(batch.input_ids, -100)
    labels[batch.chosen] = batch.targets
    inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
    expected = model(**inputs, labels=labels).loss
    torch.testing.assert_close(_run.loss_of(model, batch), expected)
    logits = model(**inputs).logits[batch.chosen]
    torch.testing.assert_close(_run.loss_of(model, batch), F.cross_entropy(logits, batch.targets))


def test_only_what_has_two_axes_decays(tokenizer):
    model = _run.make_model(SMALL, tokenizer.get_vocab_size())
    decaying, others = _run.make_optimizer(model, SMALL).param_groups
    assert {parameter.dim() for parameter in decaying["params"]} == {2}
    assert {parameter.dim() for parameter in others["params"]} == {1}
    assert (decaying["weight_decay"], others["weight_decay"]) == (SMALL.weight_decay, 0.0)
    assert sum(len(g["params"]) for g in (decaying, others)) == len(list(model.parameters()))


class Stopped(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_a_run_that_was_stopped_ends_with_the_same_weights(stop, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(_run, "EVERY", 2)
    straight = _run.Run(SMALL, tokenizer, TEXTS)
    straight.go_on(tmp_path / "a.pt", say=lambda text: None)

    interrupted = _run.Run(SMALL, tokenizer, TEXTS)
    train_step = interrupted.train_step

    def until(indices):
        if interrupted.step == stop:
            raise Stopped
        return train_step(indices)

    interrupted.train_step = until
    with pytest.raises(Stopped):
        interrupted.go_on(tmp_path / "b.pt", say=lambda text: None)
    resumed, said = _run.Run(SMALL, tokenizer, TEXTS), []
    resumed.go_on(tmp_path / "b.pt", say=said.append)

    assert [text for text in said if "goes on" in text] == (
        [f"goes on from step {stop // 2 * 2}"] if stop > 1 else []
    )
    assert resumed.step == straight.step == SMALL.steps
    losses = [[entry["validation_loss"] for entry in run.history] for run in (straight, resumed)]
    assert losses[0] == losses[1]
    assert [entry["step"] for entry in resumed.history] == [2, 4, 6, 7]
    one, other = straight.model.state_dict(), resumed.model.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_validation_changes_nothing_and_is_always_the_same(tokenizer):
    run = _run.Run(SMALL, tokenizer, TEXTS)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    assert run.validate() == run.validate()
    assert run.model.training
    assert all(torch.equal(value, before[name]) for name, value in run.model.state_dict().items())


def test_a_checkpoint_of_another_recipe_is_refused_and_stays(tokenizer, tmp_path):
    path = tmp_path / "checkpoint.pt"
    _run.Run(SMALL, tokenizer, TEXTS).save(path)
    before = path.read_bytes()
    other = Recipe(**{**vars(SMALL), "hidden": 32, "seed": 1})
    with pytest.raises(ValueError, match=r"another hidden, seed; expected .*Name another folder"):
        _run.Run(other, tokenizer, TEXTS).load(path)
    assert path.read_bytes() == before


def test_what_is_written_is_loaded_by_transformers(tokenizer, tmp_path):
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    run = _run.Run(SMALL, tokenizer, TEXTS)
    run.note(2.0)
    command.write(run, tmp_path)
    loaded, words = (
        AutoModelForMaskedLM.from_pretrained(tmp_path),
        AutoTokenizer.from_pretrained(tmp_path),
    )
    inputs = words("A small line", return_tensors="pt")
    assert inputs["input_ids"][0].tolist() == tokenizer.encode("A small line").ids
    assert words.mask_token_id == tokenizer.token_to_id("[MASK]")
    assert words.model_max_length == SMALL.tokens
    with torch.no_grad():
        ids = inputs["input_ids"]
        torch.testing.assert_close(loaded.eval()(ids).logits, run.model.eval()(ids).logits)
    assert (
        (tmp_path / "curve.csv").read_text().startswith("step,train_loss,validation_loss\n0,2.0,")
    )
    assert json.loads((tmp_path / "config.json").read_text())["vocab_size"] == words.vocab_size
