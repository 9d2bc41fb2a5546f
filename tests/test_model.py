"""The classifier: poolings, heads, attention, and what is said where they do not fit."""

import math
import shutil

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import runtime
from course_lib.model import (
    LSTMPooling,
    SelfAttention,
    TextClassifier,
    attention,
    attention_weights,
    cls,
    linear_head,
    load_backbone,
    masked_max,
    masked_mean,
    two_layer_head,
)
from tests.tiny_hub import SIZES, WORDS, save_tiny_backbone

H, V, LONGEST = SIZES["hidden_size"], SIZES["vocab_size"], SIZES["max_position_embeddings"]
IDS = torch.tensor([[2, 5, 6, 7, 3], [2, 8, 3, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


def name_of(pooling):
    return getattr(pooling, "__name__", type(pooling).__name__)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "backbone"
    save_tiny_backbone(folder)
    return folder


@pytest.fixture(scope="module")
def backbone(folder):
    return load_backbone(folder)[0]


# Loading from a folder.


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_folder_gives_the_backbone_and_the_tokenizer_that_were_saved(kind, folder):
    backbone, tokenizer = load_backbone(kind(folder))
    torch.manual_seed(0)
    expected = save_tiny_backbone(folder.parent / "again")[0].state_dict()
    found = backbone.state_dict()
    assert {name for name in expected if not name.startswith("pooler.")} == found.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)
    assert tokenizer("the row")["input_ids"] == [
        WORDS.index(word) for word in ("[CLS]", "the", "row", "[SEP]")
    ]
    assert not backbone.training


def test_without_a_name_it_is_the_shipped_one(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Make it with `python -m course_lib\.pretrain`"):
        load_backbone()
    shutil.copytree(folder, tmp_path / "backbone")
    assert load_backbone()[0].config.hidden_size == H


def test_a_folder_comes_before_a_name_on_the_hub(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder, tmp_path / "klue/roberta-small")
    assert load_backbone("klue/roberta-small")[0].config.vocab_size == V


def test_a_model_of_pretraining_gives_its_body_and_says_nothing(folder, tmp_path, capfd):
    from transformers import AutoConfig, AutoTokenizer, BertForMaskedLM

    whole = BertForMaskedLM(AutoConfig.from_pretrained(folder))
    whole.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    capfd.readouterr()
    backbone, _ = load_backbone(tmp_path)
    assert capfd.readouterr() == ("", "")
    found = backbone.state_dict()
    assert all(torch.equal(found[name], value) for name, value in whole.bert.state_dict().items())


def test_weights_that_lack_a_layer_are_refused(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "attention.self.query" not in name}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    lacking = "2 weights are missing, such as encoder.layer.0.attention.self.query.bias"
    with pytest.raises(ValueError, match=lacking):
        load_backbone(tmp_path)


def test_weights_in_half_precision_come_whole(tmp_path):
    save_tiny_backbone(tmp_path, dtype=torch.float16)
    assert load_backbone(tmp_path)[0].dtype == torch.float32


def test_a_load_shows_no_progress_bar_and_leaves_the_setting(folder, capfd):
    from transformers.utils import logging

    assert logging.is_progress_bar_enabled()
    load_backbone(folder)
    assert capfd.readouterr() == ("", "")
    assert logging.is_progress_bar_enabled()


@pytest.mark.parametrize("name", ["a/missing/folder", "./backbon", "back bone", "/no/where"])
def test_what_can_be_no_name_is_no_folder_either(name):
    with pytest.raises(FileNotFoundError, match="cannot be a name on the Hub"):
        load_backbone(name)


def test_a_misspelt_path_hears_of_the_folder_beside_it(folder):
    with pytest.raises(FileNotFoundError) as caught:
        load_backbone(folder.with_name("backbon"))
    assert str(caught.value).endswith(f"Did you mean '{folder}'?")


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_damaged_folder_is_said(damage, file, folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    content = (copy / file).read_bytes()
    (copy / file).unlink()
    if damage == "cut off":
        (copy / file).write_bytes(content[: len(content) // 2])
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        load_backbone(copy)
    assert str(caught.value).startswith(f"load_backbone: '{copy}' ")
    assert ". Copy or download it anew." in str(caught.value) or "config.json" in str(caught.value)


def test_a_file_in_place_of_a_folder_is_said(folder):
    with pytest.raises(FileNotFoundError, match=r"config\.json' is a file; expected a folder"):
        load_backbone(folder / "config.json")


# Poolings.


HIDDEN = torch.tensor(
    [[[1.0, 8.0], [3.0, -2.0], [99.0, 99.0]], [[2.0, 0.0], [4.0, 1.0], [6.0, 5.0]]]
)
TWO = torch.tensor([[1, 1, 0], [1, 1, 1]])
BY_HAND = {
    cls: [[1.0, 8.0], [2.0, 0.0]],
    masked_mean: [[2.0, 3.0], [4.0, 2.0]],
    masked_max: [[3.0, 8.0], [6.0, 5.0]],
}
POOLINGS = [*BY_HAND, LSTMPooling(2)]


@pytest.mark.parametrize("kind", [torch.long, torch.float32, torch.bool])
@pytest.mark.parametrize("pooling", BY_HAND, ids=name_of)
def test_a_pooling_by_hand(pooling, kind):
    assert pooling(HIDDEN, TWO.to(kind)).tolist() == BY_HAND[pooling]


@pytest.mark.parametrize("value", [99.0, math.nan, math.inf])
@pytest.mark.parametrize("pooling", POOLINGS, ids=name_of)
def test_what_stands_in_the_padding_does_not_count(pooling, value):
    padded = F.pad(HIDDEN[1:], (0, 0, 0, 4), value=value)
    mask = F.pad(TWO[1:], (0, 4))
    torch.testing.assert_close(pooling(padded, mask), pooling(HIDDEN[1:], TWO[1:]))


@pytest.mark.parametrize("pooling", [masked_mean, masked_max])
def test_padding_on_the_left_does_not_count_either(pooling):
    assert pooling(HIDDEN.flip(1), TWO.flip(1)).tolist() == BY_HAND[pooling]


@pytest.mark.parametrize("pooling", [cls, LSTMPooling(2)], ids=name_of)
def test_poolings_that_need_it_on_the_right_say_so(pooling):
    with pytest.raises(ValueError, match=r"row 0 of the mask has padding before a token"):
        pooling(HIDDEN.flip(1), TWO.flip(1))


def test_the_lstm_is_pytorchs_read_up_to_the_last_token():
    torch.manual_seed(0)
    pooling = LSTMPooling(2)
    steps = pooling.lstm(HIDDEN)[0]
    torch.testing.assert_close(pooling(HIDDEN, TWO), torch.stack([steps[0, 1], steps[1, 2]]))


@pytest.mark.parametrize("pooling", POOLINGS, ids=name_of)
@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (torch.ones(2, 4), "mask is (2, 4), hidden is (2, 3, 2); expected (B, T) and (B, T, H)"),
        (torch.ones(3, 2), "mask is (3, 2), hidden is (2, 3, 2)"),
        (torch.ones(2, 3, 1), "mask is (2, 3, 1), hidden is"),
        (torch.tensor([[1, 0, 0], [0, 0, 0]]), "row 1 of the mask is all 0, expected at least one"),
        (torch.zeros(2, 3), "row 0 of the mask is all 0"),
        (torch.tensor([[2, 5, 3], [2, 3, 0]]), "the mask holds values from 0 to 5, expected 1 for"),
    ],
)
def test_a_mask_that_does_not_fit_is_said(pooling, mask, said):
    where = getattr(pooling, "__name__", "LSTMPooling")
    with pytest.raises(ValueError) as caught:
        pooling(HIDDEN, mask)
    assert str(caught.value).startswith(f"{where}: {said}")


def test_an_lstm_of_another_size_is_said():
    with pytest.raises(ValueError, match=r"got hidden states of H = 2, expected 3\. Make it with"):
        LSTMPooling(3)(HIDDEN, TWO)


# Attention.


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize(("B", "T", "size"), [(1, 1, 1), (2, 5, 8), (8, 64, 128)])
def test_attention_equals_pytorchs(B, T, size, masked):
    generator = torch.Generator().manual_seed(B)
    query, key, value = torch.randn(3, B, T, size, generator=generator)
    lengths = torch.randint(1, T + 1, (B, 1), generator=generator)
    mask = (torch.arange(T) < lengths).long() if masked else None
    allowed = mask.bool().unsqueeze(1) if masked else None  # (B, 1, T)
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
    found = attention(query, key, value, mask)
    assert (found - expected).abs().max() < 2e-6


def test_attention_weights_by_hand():
    query, key = torch.tensor([[[2.0], [0.0]]]), torch.tensor([[[math.log(3) / 2], [0.0]]])
    expected = torch.tensor([[[0.75, 0.25], [0.5, 0.5]]])  # exp(log 3) : 1, and 1 : 1
    torch.testing.assert_close(attention_weights(query, key), expected)
    masked = attention_weights(query, key, torch.tensor([[1, 0]]))
    assert masked.tolist() == [[[1.0, 0.0], [1.0, 0.0]]]


def test_self_attention_equals_pytorchs_multihead_attention_with_one_head():
    torch.manual_seed(0)
    mine, theirs = SelfAttention(8), nn.MultiheadAttention(8, 1, batch_first=True)
    layers = (mine.query, mine.key, mine.value)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([layer.weight for layer in layers]))
        theirs.in_proj_bias.copy_(torch.cat([layer.bias for layer in layers]))
        theirs.out_proj.weight.copy_(torch.eye(8))
        theirs.out_proj.bias.zero_()
    hidden = torch.randn(2, 5, 8)
    expected, _ = theirs(hidden, hidden, hidden, key_padding_mask=MASK == 0)
    torch.testing.assert_close(mine(hidden, MASK), expected)


@pytest.mark.parametrize(
    ("shapes", "mask", "said"),
    [
        ([(2, 3, 4), (2, 3, 5), (2, 3, 5)], None, "query is (2, 3, 4), key is (2, 3, 5); expected"),
        ([(3, 4), (3, 4), (3, 4)], None, "query is (3, 4), key is (3, 4)"),
        ([(2, 3, 4), (2, 3, 4), (2, 4, 4)], None, "value is (2, 4, 4), key is (2, 3, 4); expected"),
        ([(2, 3, 4)] * 3, torch.ones(2, 4), "mask is (2, 4), hidden is (2, 3, 4)"),
        ([(2, 3, 4)] * 3, torch.tensor([[1, 1, 1], [0, 0, 0]]), "row 1 of the mask is all 0"),
    ],
)
def test_attention_of_shapes_that_do_not_fit_is_said(shapes, mask, said):
    with pytest.raises(ValueError) as caught:
        attention(*(torch.ones(shape) for shape in shapes), mask)
    assert str(caught.value).startswith(f"attention: {said}")


# The classifier.


@pytest.mark.parametrize("pooling", [cls, masked_mean, masked_max, LSTMPooling(H)], ids=name_of)
@pytest.mark.parametrize("head", [linear_head, two_layer_head])
def test_the_logits_are_head_of_pooling_of_backbone(pooling, head, backbone):
    torch.manual_seed(0)
    model = TextClassifier(backbone, 7, pooling, head(H, 7)).eval()
    hidden = backbone(input_ids=IDS, attention_mask=MASK).last_hidden_state
    logits = model(IDS, MASK)
    assert logits.shape == (2, 7)
    torch.testing.assert_close(logits, model.head(pooling(hidden, MASK)))


@pytest.mark.parametrize("pooling", [cls, masked_mean, masked_max, LSTMPooling(H)], ids=name_of)
def test_a_sentence_has_the_same_logits_alone_and_in_a_padded_batch(pooling, backbone):
    torch.manual_seed(0)
    model = TextClassifier(backbone, 3, pooling).eval()
    torch.testing.assert_close(model(IDS, MASK)[1:], model(IDS[1:, :3]))


def test_it_takes_what_a_tokenizer_gives(folder):
    backbone, tokenizer = load_backbone(folder)
    inputs = tokenizer(["the mean", "a row of the plot"], padding=True, return_tensors="pt")
    assert "token_type_ids" in inputs
    assert TextClassifier(backbone, 2)(**inputs).shape == (2, 2)


def test_everything_learns_backbone_pooling_and_head(folder):
    backbone, _ = load_backbone(folder)
    model = TextClassifier(backbone, 3, LSTMPooling(H), two_layer_head(H, 3))
    F.cross_entropy(model(IDS, MASK), torch.tensor([0, 2])).backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


def test_dropout_works_in_training_only():
    torch.manual_seed(0)
    head, ones = linear_head(100, 2, dropout=0.5), torch.ones(1, 100)
    assert not torch.equal(head(ones), head(ones))
    head.eval()
    assert torch.equal(head(ones), head(ones))


def test_trying_the_head_changes_nothing(backbone):
    head = nn.Sequential(nn.BatchNorm1d(H), nn.Dropout(), nn.Linear(H, 3))
    before = {name: value.clone() for name, value in head.state_dict().items()}
    state = torch.get_rng_state()
    TextClassifier(backbone, 3, head=head)
    assert head.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(head.state_dict()[name], before[name]) for name in before)


def both(hidden, mask):
    return torch.cat([masked_mean(hidden, mask), masked_max(hidden, mask)], dim=-1)


def test_a_pooling_of_ones_own_may_be_wider(backbone):
    assert TextClassifier(backbone, 3, both, nn.Linear(2 * H, 3))(IDS, MASK).shape == (2, 3)


BAD_PARTS = {
    "one class": ({"num_classes": 1}, "got num_classes = 1, expected a whole number from 2."),
    "no classes": ({"num_classes": 0}, "got num_classes = 0,"),
    "half a class": ({"num_classes": 2.5}, "got num_classes = 2.5,"),
    "true": ({"num_classes": True}, "got num_classes = True,"),
    "a head for others": ({"head": nn.Linear(H, 4)}, "the head made (2, 4) of (2, 8), expected (2"),
    "a head too narrow": (
        {"head": nn.Linear(4, 3)},
        "the head does not take what the pooling gi",
    ),
    "a pooling too wide": ({"pooling": both}, "the head does not take what the pooling g"),
    "an lstm of another size": ({"pooling": LSTMPooling(4)}, "got hidden states of H = 8, expecte"),
    "no pooling": (
        {"pooling": lambda hidden, mask: hidden},
        "the pooling made (2, 3, 8) of (2",
    ),
    "over the batch": (
        {"pooling": lambda hidden, mask: hidden.mean(0)},
        "the pooling made (3, 8) of (2, 3, 8), expected (2, 8): one vector a sentence.",
    ),
}


@pytest.mark.parametrize(("parts", "said"), BAD_PARTS.values(), ids=BAD_PARTS)
def test_parts_that_do_not_fit_are_said(parts, said, backbone):
    with pytest.raises(ValueError) as caught:
        TextClassifier(backbone, **{"num_classes": 3, **parts})
    assert said in str(caught.value)
    assert str(caught.value).startswith(("TextClassifier: ", "LSTMPooling: "))


def test_a_head_on_a_head_and_no_backbone_at_all_are_said(folder, backbone):
    from transformers import BertForMaskedLM

    with pytest.raises(TypeError, match="got BertForMaskedLM, which has a head already"):
        TextClassifier(BertForMaskedLM(backbone.config), 3)
    with pytest.raises(TypeError, match="got a backbone of type tuple, expected a transformers"):
        TextClassifier(load_backbone(folder), 3)


BAD_INPUTS = {
    "a mask of zeros": (IDS, torch.tensor([[1] * 5, [0] * 5]), "row 1 of the mask is all 0"),
    "another T": (IDS, MASK[:, :4], "input_ids are (2, 5), the mask is (2, 4); expected (B, T)"),
    "another B": (IDS, MASK[:1], "input_ids are (2, 5), the mask is (1, 5)"),
    "one sentence": (IDS[0], MASK[0], "input_ids are (5,), the mask is (5,); expected (B, T)"),
    "nothing": (IDS[:, :0], MASK[:, :0], "input_ids are (2, 0), the mask is (2, 0)"),
    "outside the vocabulary": (
        IDS + V - 8,
        MASK,
        f"got the token number {V}, expected 0 to {V - 1}",
    ),
    "negative": (IDS - 1, MASK, f"got the token number -1, expected 0 to {V - 1}"),
    "too long": (
        torch.ones(1, LONGEST + 1).long(),
        None,
        f"got T = {LONGEST + 1} tokens, expected at most {LONGEST}",
    ),
    "no mask": (IDS, IDS, "the mask holds values from 0 to 8, expected 1 for a token"),
}


@pytest.mark.parametrize(("ids", "mask", "said"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_inputs_that_do_not_fit_are_said(ids, mask, said, backbone):
    with pytest.raises(ValueError) as caught:
        TextClassifier(backbone, 3)(ids, mask)
    assert str(caught.value).startswith(f"TextClassifier: {said}")


@pytest.mark.parametrize("kind", [torch.float32, torch.bool])
def test_token_numbers_that_are_none_are_said(kind, backbone):
    with pytest.raises(TypeError, match=f"input_ids are {kind}, expected whole numbers"):
        TextClassifier(backbone, 3)(IDS.to(kind), MASK)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_the_longest_sentence_passes_and_one_more_token_is_said(kind):
    from transformers import AutoConfig, AutoModel

    sizes = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = AutoConfig.for_model(kind, **sizes, max_position_embeddings=12, pad_token_id=1)
    model = TextClassifier(AutoModel.from_config(config), 2)
    longest = 10 if kind == "roberta" else 12  # its positions begin after padding's number
    assert model(torch.full((1, longest), 5)).shape == (1, 2)
    with pytest.raises(ValueError, match=f"T = {longest + 1} tokens, expected at most {longest},"):
        model(torch.full((1, longest + 1), 5))
