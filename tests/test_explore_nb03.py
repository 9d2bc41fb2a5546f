"""course_lib.explore.nb03: the shapes in a classifier and its attention, as drawn."""

import math
import re
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from torch import nn

from course_lib import explore, plot
from course_lib.explore import _flow, _letters, nb03
from course_lib.model import (
    LSTMPooling,
    TextClassifier,
    cls,
    linear_head,
    masked_max,
    masked_mean,
    two_layer_head,
)
from tests.fake_backbone import HEADS, HIDDEN, WORDS, FakeBackbone, FakeTokenizer

SENTENCE = "the mean of each row is one"
H, C = HIDDEN, 3


def rendered(made):
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    return made


def texts_in(made):
    """Every text that is drawn, labels of ticks and axes included."""
    found = [made._suptitle]
    for axes in made.axes:
        found += [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            places = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            found += [label for place, label in places if min(limits) <= place <= max(limits)]
    return [text for text in found if text.get_text() and text.get_visible()]


def expect_all_inside(made):
    for text in texts_in(rendered(made)):
        box = text.get_window_extent()
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text


def state_of(model):
    """All of a model that an explorer must leave alone."""
    modules = list(model.modules())
    return (
        {name: tensor.clone() for name, tensor in model.state_dict().items()},
        [(type(m), m.training, set(vars(m)), len(m._forward_hooks)) for m in modules],
        [(p.requires_grad, p.grad, p.device.type) for p in model.parameters()],
        torch.get_rng_state(),
    )


def expect_same_state(model, before):
    tensors, modules, parameters, random_state = state_of(model)
    assert tensors.keys() == before[0].keys()
    assert all(torch.equal(tensors[name], before[0][name]) for name in tensors)
    assert (modules, parameters) == before[1:3]
    assert torch.equal(random_state, before[3])


# Attention.


def attention(sentence=SENTENCE, **changes):
    return explore.attention(FakeBackbone(), FakeTokenizer(), sentence).view(**changes)


def weights_in(made):
    return np.asarray(made.axes[0].get_images()[0].get_array())


def tokens_on(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@pytest.fixture(scope="module")
def bert():
    """A real BERT, and where its tokens look when transformers itself is told to say so."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(vocab_size=len(WORDS), intermediate_size=32, **sizes)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        # Large weights, so that the heads differ from one another and from an even spread.
        backbone = BertModel(config, add_pooling_layer=False).eval()
        with torch.no_grad():
            for parameter in backbone.encoder.parameters():
                parameter.normal_(std=0.7)
    return backbone, BertTokenizerFast(vocab={word: i for i, word in enumerate(WORDS)})


@pytest.fixture
def expected(bert, tmp_path):
    from transformers import AutoModel

    bert[0].save_pretrained(tmp_path)
    backbone = AutoModel.from_pretrained(
        tmp_path, attn_implementation="eager", add_pooling_layer=False
    )
    inputs = bert[1](SENTENCE, return_tensors="pt")
    with torch.no_grad():
        return torch.cat(backbone.eval()(**inputs, output_attentions=True).attentions).numpy()


def test_the_heat_map_holds_the_weights_that_transformers_gives(bert, expected):
    explorer = explore.attention(*bert, SENTENCE)
    for layer, head in product(range(2), range(2)):
        made = explorer.view(layer=str(layer), head=str(head)).drawing
        np.testing.assert_allclose(weights_in(made), expected[layer, head], atol=1e-6)
    for layer in range(2):
        made = explorer.view(layer=str(layer), head=nb03.MEAN).drawing
        np.testing.assert_allclose(weights_in(made), expected[layer].mean(axis=0), atol=1e-6)
    assert np.abs(expected[0, 0] - expected[0, 1]).max() > 0.1
    assert np.abs(expected[0] - expected[1]).max() > 0.1


def test_there_is_a_choice_for_each_layer_and_each_head(bert):
    controls = explore.attention(*bert).controls
    assert controls["layer"].options == ["0", "1"]
    assert controls["head"].options == [nb03.MEAN, "0", "1"]


@pytest.mark.parametrize("head", ["0", "1", nb03.MEAN])
def test_each_row_adds_up_to_1(head):
    weights = weights_in(attention(head=head).drawing)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert np.abs(weights.sum(axis=0) - 1).max() > 0.1  # and columns do not


def test_the_tokens_stand_on_both_axes():
    axes = attention().drawing.axes[0]
    tokens = ["[CLS]", *SENTENCE.split(), "[SEP]"]
    assert tokens_on(axes.xaxis) == tokens_on(axes.yaxis) == tokens


@pytest.mark.parametrize("sentence", [SENTENCE, "row", "the the mean"])
def test_the_row_to_read_is_framed_and_said(sentence):
    tokens = ["[CLS]", *sentence.split(), "[SEP]"]
    for row in range(nb03.MOST_TOKENS):
        view = attention(sentence, row=row, head="1", layer="0")
        place = min(row, len(tokens) - 1)
        axes = view.drawing.axes[0]
        [box] = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert box.get_bbox().bounds == (-0.5, place - 0.5, len(tokens), 1)
        weights = weights_in(view.drawing)[place]
        most = int(weights.argmax())
        where = "itself" if most == place else f"“{tokens[most]}”"
        assert view.caption.startswith(
            f"Layer 0, head 1. Row {place}, “{tokens[place]}”, gives "
            f"≈ {100 * weights[most]:.0f} % of its attention to column {most}, {where}."
        )
        assert view.drawing.get_suptitle() == f"“{tokens[place]}” looks most at {where}"


@pytest.mark.parametrize("words", [1, 13, 14, 15, 16, 500])
def test_of_a_long_sentence_16_tokens_are_read_and_that_is_said(words):
    view = attention("the mean " * (words // 2) + "row " * (words % 2))
    shown = min(words, 14)
    assert weights_in(view.drawing).shape == (shown + 2, shown + 2)
    assert tokens_on(view.drawing.axes[0].yaxis)[-1] == "[SEP]"
    note = "Of this long sentence only 16 tokens are read."
    assert view.caption.endswith(note) is (words > 14)


def test_a_real_tokenizer_cuts_a_long_sentence_and_says_nothing(bert, capfd):
    view = explore.attention(*bert).view(sentence="the mean of each row " * 300)
    assert weights_in(view.drawing).shape == (16, 16)
    assert "only 16 tokens are read" in view.caption
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("sentence", ["", "   ", "\t"])
def test_an_empty_sentence_gets_a_view_of_its_own(sentence, bert):
    for explorer in (explore.attention(*bert), explore.attention(FakeBackbone(), FakeTokenizer())):
        view = explorer.view(sentence=sentence)
        assert view.caption == "The sentence is empty, so there is nothing to look at."
        assert view.drawing.get_suptitle() == "No sentence: type a few words and press Enter"
        assert not view.drawing.axes[0].get_images()
        assert explorer.view(sentence="row").drawing.axes[0].get_images()


def test_an_explorer_may_begin_with_an_empty_sentence():
    explorer = explore.attention(FakeBackbone(), FakeTokenizer(), "")
    assert explorer.controls["head"].options == [nb03.MEAN, "0", "1"]
    assert "empty" in explorer.view().caption


def test_the_backbone_stays_as_it_is_and_dropout_has_no_say(bert):
    backbone, tokenizer = bert
    backbone.train()
    try:
        before, kind = state_of(backbone), backbone.config._attn_implementation
        assert kind == "sdpa"
        explorer = explore.attention(backbone, tokenizer, SENTENCE)
        first, second = (weights_in(explorer.view().drawing) for _ in range(2))
        expect_same_state(backbone, before)
        assert backbone.config._attn_implementation == kind
    finally:
        backbone.eval()
    assert np.array_equal(first, second)
    again = weights_in(explore.attention(backbone, tokenizer, SENTENCE).view().drawing)
    assert np.array_equal(first, again)


def test_what_is_done_to_the_backbone_later_is_not_seen():
    backbone = FakeBackbone()
    explorer = explore.attention(backbone, FakeTokenizer(), SENTENCE)
    before = weights_in(explorer.view().drawing)
    with torch.no_grad():
        backbone.embeddings.weight.mul_(3)
    assert np.array_equal(weights_in(explorer.view().drawing), before)


def test_no_weight_is_nothing_and_the_largest_is_blue_on_one_scale():
    images = [attention(layer=layer).drawing.axes[0].get_images()[0] for layer in "01"]
    for image in images:
        assert image.get_clim() == (0, 1)
        assert image.to_rgba(0.0)[3] == 0
        assert to_hex(image.to_rgba(1.0), keep_alpha=True) == plot.BLUE + "ff"


ODD = ["$x$", "a_{$", "\\frac", "<b>", "W" * 40, "한국어", "😀", "…", "(", "\u200b", "x"]


def test_odd_tokens_are_drawn_as_they_are_and_inside_the_figure():
    tokenizer = FakeTokenizer([*WORDS[:4], *ODD[: len(WORDS) - 4]])
    made = explore.attention(FakeBackbone(), tokenizer, " ".join(ODD)).view(row=1).drawing
    expect_all_inside(made)  # and no warning of a missing letter, which would be an error
    labels = tokens_on(made.axes[0].yaxis)
    assert labels[1:5] == ["$x$", "a_{$", "\\frac", "<b>"]
    assert labels[5] == "W" * 11 + "…"
    assert made.get_suptitle().startswith("“$x$” looks most at ")


@pytest.mark.parametrize("words", [1, 2, 14])
@pytest.mark.parametrize("word", ["W" * 40, "i"])
def test_no_label_runs_out_of_the_figure_however_long_and_many(word, words):
    tokenizer = FakeTokenizer([*WORDS[:4], word, *WORDS[5:]])
    explorer = explore.attention(FakeBackbone(), tokenizer, " ".join([word] * words))
    expect_all_inside(explorer.view(row=1).drawing)


def test_letters_that_no_font_has_become_boxes(monkeypatch):
    monkeypatch.setattr(_letters, "letters", lambda: {ord(letter) for letter in "abc[]"})
    tokenizer = FakeTokenizer([*WORDS[:4], "a한c", *WORDS[5:]])
    made = explore.attention(FakeBackbone(), tokenizer, "a한c").view().drawing
    assert tokens_on(made.axes[0].yaxis)[1] == "a□c"


def test_the_fonts_are_installed_ones_and_draw_latin_letters():
    from matplotlib.font_manager import fontManager

    assert "DejaVu Sans" in _letters.families()
    assert set(_letters.families()) <= {font.name for font in fontManager.ttflist}
    assert {ord(letter) for letter in "azAZ09#…□“”"} <= _letters.letters()


@pytest.mark.parametrize(
    ("parts", "error", "said"),
    [
        (((FakeBackbone(), FakeTokenizer()), None), TypeError, "a backbone of type tuple"),
        ((nn.Linear(2, 2), FakeTokenizer()), TypeError, "a backbone of type Linear, expected a"),
        ((FakeTokenizer(), FakeBackbone()), TypeError, "a backbone of type FakeTokenizer"),
        ((FakeBackbone(), None), TypeError, "a tokenizer of type NoneType, expected the one"),
        ((FakeBackbone(), FakeTokenizer(), ["a"]), TypeError, "a sentence of type list, expected"),
    ],
)
def test_parts_that_are_something_else_are_refused(parts, error, said):
    with pytest.raises(error, match=re.escape(f"explore.attention: got {said}")):
        explore.attention(*parts)


def test_a_tokenizer_of_another_backbone_is_refused():
    tokenizer = FakeTokenizer([*WORDS[:4], *"abcdefg", "mean"])
    with pytest.raises(ValueError, match=r"gives the token number 11, expected 0 to 10\. Does"):
        explore.attention(FakeBackbone(), tokenizer).view(sentence="mean")


def test_a_backbone_without_attention_is_refused():
    backbone = FakeBackbone()
    backbone.set_attn_implementation = lambda kind: None
    with pytest.raises(ValueError, match="FakeBackbone gives no attention weights, expected"):
        explore.attention(backbone, FakeTokenizer())


# Shapes.


def classifier(pooling=masked_mean, head=None, **options):
    return TextClassifier(FakeBackbone(**options), C, pooling, head)


def lines_in(made):
    """What stands in each line: name, letters, numbers; the bar's length, colour and label."""
    names, bars = made.axes
    columns = [names.texts[start::3] for start in range(3)]
    texts = [[text.get_text() for text in column] for column in columns]
    widths = [round(bar.get_width()) for bar in bars.patches]
    colours = [to_hex(bar.get_facecolor()) for bar in bars.patches]
    labels = [text.get_text() for text in bars.texts]
    return list(zip(*texts, widths, colours, labels, strict=True))


def by_hand(B, T, layers=(0, 1), pooling="masked_mean", hidden_layers=0):
    """The lines that have to be drawn, from nothing but the sizes."""
    lines = [("input_ids", "(B, T)", (B, T)), ("embeddings", "(B, T, H)", (B, T, H))]
    for layer in layers:
        lines += [
            (f"layer {layer}: attention scores", "(B, heads, T, T)", (B, HEADS, T, T)),
            (f"layer {layer}: feed-forward", "(B, T, 4H)", (B, T, 4 * H)),
            (f"layer {layer}: output", "(B, T, H)", (B, T, H)),
        ]
    lines += [(f"pooling: {pooling}", "(B, H)", (B, H))]
    lines += [("head: hidden layer", "(B, H)", (B, H))] * hidden_layers
    lines += [("head: logits", "(B, C)", (B, C))]
    return [
        (
            name,
            letters,
            str(shape),
            math.prod(shape),
            plot.BLUE if "T" in letters else plot.ORANGE,
            f"{math.prod(shape):,}",
        )
        for name, letters, shape in lines
    ]


@pytest.mark.parametrize(("B", "T"), [(1, 2), (2, 2), (8, 8), (3, 64), (64, 64), (8, 5)])
def test_every_stage_has_its_shape_in_letters_and_in_numbers_and_its_bar(B, T):
    made = explore.model_shapes(classifier()).view(batch=B, tokens=T).drawing
    assert lines_in(made) == by_hand(B, T)
    assert made.get_suptitle() == f"Pooling makes {(B, H)} of {(B, T, H)}: T is gone"


@pytest.mark.parametrize(("head", "hidden_layers"), [(linear_head, 0), (two_layer_head, 1)])
@pytest.mark.parametrize(
    ("pooling", "name"),
    [
        (masked_mean, "masked_mean"),
        (cls, "cls"),
        (masked_max, "masked_max"),
        (LSTMPooling(H), "LSTMPooling"),
    ],
)
def test_every_pooling_and_every_head_is_drawn(pooling, name, head, hidden_layers):
    made = explore.model_shapes(classifier(pooling, head(H, C))).view(batch=4, tokens=6).drawing
    assert lines_in(made) == by_hand(4, 6, pooling=name, hidden_layers=hidden_layers)


def test_a_head_of_one_linear_layer_and_a_wider_pooling_are_drawn():
    def both(hidden, mask):
        return torch.cat([masked_mean(hidden, mask), masked_max(hidden, mask)], dim=-1)

    made = explore.model_shapes(classifier(both, nn.Linear(2 * H, C))).view(batch=4).drawing
    assert [line[:3] for line in lines_in(made)[-2:]] == [
        ("pooling: both", "(B, 2H)", f"(4, {2 * H})"),
        ("head: logits", "(B, C)", f"(4, {C})"),
    ]


@pytest.mark.parametrize(("layers", "drawn"), [(1, (0,)), (4, (0, 1, 2, 3)), (5, (0, 4))])
def test_of_many_layers_the_first_and_the_last_are_drawn(layers, drawn):
    made = explore.model_shapes(classifier(layers=layers)).view(batch=2, tokens=3).drawing
    assert lines_in(made) == by_hand(2, 3, layers=drawn)


def test_a_backbone_that_looks_at_numbers_is_run_with_numbers():
    made = explore.model_shapes(classifier(looks_at_numbers=True)).view(batch=4, tokens=6).drawing
    assert lines_in(made) == by_hand(4, 6)


@pytest.mark.parametrize("looks_at_numbers", [True, False])
def test_where_it_can_the_backbone_computes_without_numbers(looks_at_numbers):
    own = _flow.runnable(classifier(looks_at_numbers=looks_at_numbers))
    expected = "cpu" if looks_at_numbers else "meta"
    assert {parameter.device.type for parameter in own.backbone.parameters()} == {expected}
    assert {parameter.device.type for parameter in own.head.parameters()} == {"cpu"}


class OwnClassifier(nn.Module):
    """A learner's model: other calls, no pooling of its own, a tuple from the backbone."""

    def __init__(self):
        super().__init__()
        self.backbone, self.head = FakeBackbone(), nn.Linear(H, C)

    def forward(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids, attention_mask)["last_hidden_state"]
        return self.head(input=hidden[:, 0])


def test_a_model_of_ones_own_with_a_backbone_and_a_head_is_drawn():
    made = explore.model_shapes(OwnClassifier()).view(batch=4, tokens=6).drawing
    expected = [("pooling", *line[1:]) if "pool" in line[0] else line for line in by_hand(4, 6)]
    assert lines_in(made) == expected


def small(**changes):
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    return {**sizes, "intermediate_size": 48, "vocab_size": 50, **changes}


BACKBONES = {  # how to make one; the scores and the feed-forward of a layer, if they are found
    "BertModel": (small(), True),
    "RobertaModel": (small(pad_token_id=1), True),
    "ElectraModel": (small(embedding_size=8), True),
    "DebertaV2Model": (small(), True),
    "MPNetModel": (small(), True),
    "ModernBertModel": (small(pad_token_id=0, bos_token_id=1, eos_token_id=2), True),
    "DistilBertModel": (
        {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, "vocab_size": 50},
        True,
    ),
    "AlbertModel": (small(embedding_size=8), False),  # its layers share their weights
    "FNetModel": (small(), None),  # it has no attention
}


@pytest.mark.parametrize("name", BACKBONES)
def test_other_backbones_of_transformers_are_drawn(name):
    import transformers

    options, layers_found = BACKBONES[name]
    if name == "FNetModel":
        del options["num_attention_heads"]
    kind = getattr(transformers, name)
    backbone = kind(kind.config_class(**options))
    view = explore.model_shapes(TextClassifier(backbone, C), 32).view(batch=3, tokens=5)
    shapes = {name: shape for name, _, shape, *_ in lines_in(view.drawing)}
    width = 8 if "embedding_size" in options else 16
    assert shapes.pop("input_ids") == "(3, 5)"
    assert shapes.pop("embeddings") == f"(3, 5, {16 if name == 'FNetModel' else width})"
    assert shapes.pop("pooling: masked_mean") == "(3, 16)"
    assert shapes.pop("head: logits") == "(3, 3)"
    wide = 96 if name == "ModernBertModel" else 48  # its gate is as wide again
    expected = {}
    for layer in (0, 1) if layers_found is not False else ():
        expected[f"layer {layer}: attention scores"] = "(3, 4, 5, 5)"
        expected[f"layer {layer}: feed-forward"] = f"(3, 5, {wide})"
        expected[f"layer {layer}: output"] = "(3, 5, 16)"
    if layers_found is None:
        expected = {key: value for key, value in expected.items() if "attention" not in key}
    assert shapes == expected
    assert ("attention scores" in view.caption) is bool(layers_found)


def test_drawing_the_shapes_leaves_the_model_alone():
    model = classifier(LSTMPooling(H), two_layer_head(H, C)).train()
    before = state_of(model)
    explore.model_shapes(model).view(batch=64)
    expect_same_state(model, before)
    assert model.backbone.kind == "sdpa"


def test_a_real_classifier_is_left_alone_too(bert):
    model = TextClassifier(bert[0], C).train()
    try:
        before = state_of(model)
        explore.model_shapes(model).view()
        expect_same_state(model, before)
        assert model.backbone.config._attn_implementation == "sdpa"
    finally:
        model.eval()


def test_the_scale_is_one_for_all_settings_and_every_bar_and_text_stands_inside():
    explorer, limits = explore.model_shapes(classifier(head=two_layer_head(H, C))), set()
    for B, T in product((1, 64), (2, 64)):
        made = explorer.view(batch=B, tokens=T).drawing
        expect_all_inside(made)
        names, bars = made.axes
        limits.add(bars.get_xlim())
        assert max(bar.get_width() for bar in bars.patches) <= bars.get_xlim()[1]
        for bar, label in zip(bars.patches, bars.texts, strict=True):
            assert label.get_window_extent().x1 <= bar.get_window_extent().x1
        for line in zip(names.texts[::3], names.texts[1::3], names.texts[2::3], strict=True):
            boxes = [text.get_window_extent() for text in line]
            assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
            assert boxes[-1].x1 <= names.bbox.x1
    assert len(limits) == 1


def test_the_caption_counts_scores_and_parameters():
    model = classifier()
    captions = [explore.model_shapes(model).view(batch=8, tokens=T).caption for T in (16, 32)]
    counts = [int(re.search(r"are ([\d,]+) numbers", c)[1].replace(",", "")) for c in captions]
    assert counts == [8 * HEADS * 16**2, 4 * 8 * HEADS * 16**2]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert all(f"The model has {parameters:,} parameters." in c for c in captions)


@pytest.mark.parametrize(("max_tokens", "value"), [(2, 2), (10, 10), (16, 16), (64, 16)])
def test_the_sliders_go_as_far_as_asked(max_tokens, value):
    controls = explore.model_shapes(classifier(), max_tokens).controls
    assert (controls["batch"].low, controls["batch"].high) == (1, 64)
    tokens = controls["tokens"]
    assert (tokens.low, tokens.high, tokens.value) == (2, max_tokens, value)


@pytest.mark.parametrize(
    ("model", "max_tokens", "error", "said"),
    [
        (FakeBackbone(), 64, TypeError, "got a FakeBackbone without a backbone, expected"),
        (None, 64, TypeError, "got a NoneType without a backbone, expected a TextClassifier"),
        (classifier(), 1, ValueError, "got max_tokens = 1, expected 2 or more"),
    ],
)
def test_what_cannot_be_drawn_is_refused(model, max_tokens, error, said):
    with pytest.raises(error, match=re.escape(f"explore.model_shapes: {said}")):
        explore.model_shapes(model, max_tokens)


def test_more_tokens_than_the_backbone_takes_are_refused_at_once(bert):
    model = TextClassifier(bert[0], C)
    with pytest.raises(ValueError, match="got T = 600 tokens, expected at most 512"):
        explore.model_shapes(model, 600)
