"""course_lib.explore.nb06: leaving words out, with models whose answers are arithmetic."""

import re
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle
from torch import nn

from course_lib import explore, plot
from course_lib.explore import nb06
from course_lib.model import TextClassifier
from tests.fake_backbone import FakeBackbone

NAMES = ["yes", "no"]
# Each word votes: "good" triples the odds of yes, "bad" those of no, the rest counts nothing.
VOTES = {"good": (3, 1), "bad": (1, 3), "great": (9, 1), "the": (1, 1), "film": (1, 1)}
NUMBERS = {word: number for number, word in enumerate(VOTES, start=1)}
UNKNOWN = len(VOTES) + 1


def encode(text):
    """Also a [CLS] of no vote, the number 0, so that an empty text has a token."""
    return [0, *(NUMBERS.get(word, UNKNOWN) for word in text.split())]


class Voters(nn.Module):
    """Logits are sums of votes: probabilities are products of odds. Padding must not vote."""

    def __init__(self, votes=None, C=2):
        super().__init__()
        table = [[1] * C, *(votes or VOTES.values()), [1] * C]
        self.table = nn.Embedding.from_pretrained(torch.tensor(table).double().log(), freeze=False)
        self.dropout = nn.Dropout(0.9)
        self.seen = []

    def forward(self, input_ids, attention_mask):
        self.seen.append((self.training, torch.is_grad_enabled(), tuple(input_ids.shape)))
        votes = self.dropout(self.table(input_ids))  # (B, T, C)
        return (votes * attention_mask.unsqueeze(-1)).sum(dim=1)


def words(sentence, model=None, names=NAMES, explained=nb06.ANSWER, **options):
    return explore.words(model or Voters(), encode, names, sentence, **options).view(
        explained=explained
    )


def boxes_in(axes):
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def chips_in(view):
    """(word, points or None, colour) of each word, in the order drawn."""
    axes = view.drawing.axes[0]
    shown = [(t.get_text(), *t.get_position()) for t in axes.texts]
    below = {x: text for text, x, y in shown if y % 1 > 0.5}
    inside = [(text, x) for text, x, y in shown if y % 1 < 0.5]
    lines = np.array([y for *_, y in shown]) // 1
    assert lines.max() == 0, "this helper reads one line of words"
    shades = [to_hex(box.get_facecolor()) for box in boxes_in(axes)]
    return [(word, below.get(x), s) for (word, x), s in zip(inside, shades, strict=True)]


def bars_in(view):
    """name -> (probability by the filled bar, by the number, colour), and name -> hollow bar."""
    axes = view.drawing.axes[1]
    texts = {}
    for text in axes.texts:
        texts.setdefault(round(text.get_position()[1], 1), []).append(text.get_text())
    filled, hollow = {}, {}
    for box in boxes_in(axes):
        row = texts[round(box.get_y() + box.get_height() / 2, 1)]
        length = box.get_width() / nb06.ONE
        if to_hex(box.get_facecolor(), keep_alpha=True).endswith("00"):
            hollow[row[0]] = length
        else:
            filled[row[0]] = (length, float(row[1]), to_hex(box.get_facecolor()))
    return filled, hollow


def test_leaving_a_word_out_takes_its_vote_away():
    view = words("the good film good")  # 9 to 1; without one good 3 to 1
    assert [(word, points) for word, points, _ in chips_in(view)] == [
        ("the", "0"),
        ("good", "−15"),
        ("film", "0"),
        ("good", "−15"),
    ]
    assert view.drawing.get_suptitle() == "Without “good”, yes falls from 0.90 to 0.75"
    filled, hollow = bars_in(view)
    assert filled["yes"] == (pytest.approx(0.9), 0.9, plot.ORANGE)
    assert filled["no"] == (pytest.approx(0.1), 0.1, plot.INK)
    assert hollow.pop("without “good”") > 0  # the legend
    assert hollow == {"yes": pytest.approx(0.75), "no": pytest.approx(0.25)}
    assert view.caption == (
        "The answer is yes, with a probability of ≈ 0.90. Under each word: how many percentage "
        "points yes gains or loses if that word alone is left out; orange for a loss, blue for a "
        "gain."
    )


def test_a_word_that_speaks_against_the_answer_has_a_plus_and_is_blue():
    view = words("great bad the")  # 9 to 3; without great 1 to 3, without bad 9 to 1
    (_, great, orange), (_, bad, blue), (_, the, pale) = chips_in(view)
    assert (great, bad, the) == ("−50", "+15", "0")
    red, _, other = to_rgb(orange)
    assert red > other
    red, _, other = to_rgb(blue)
    assert red < other
    assert to_rgb(pale) == pytest.approx(to_rgb("#f4f4f4"), abs=0.02)


def test_another_class_than_the_answer_can_be_explained():
    view = words("great bad the", explained="no")  # no: 3 of 12, 3 of 4, 1 of 10
    assert [points for _, points, _ in chips_in(view)] == ["+50", "−15", "0"]
    assert view.drawing.get_suptitle() == "Without “great”, no rises from 0.25 to 0.75"
    assert "The answer is yes, with a probability of ≈ 0.75. That of no is ≈ 0.25. " in view.caption
    filled, _ = bars_in(view)
    assert [colour for *_, colour in filled.values()] == [plot.INK, plot.ORANGE]


def test_a_sentence_that_no_single_word_decides_is_said_to_be_so():
    view = words("the film the")
    assert view.drawing.get_suptitle() == "No word alone matters: yes stays at 0.50"
    assert bars_in(view)[1] == {}
    assert {points for _, points, _ in chips_in(view)} == {"0"}


def test_the_shades_go_from_blue_to_orange_and_words_read_on_all_of_them():
    assert to_hex(plot.SIGNED(0.0)) == plot.BLUE
    assert to_hex(plot.SIGNED(1.0)) == plot.ORANGE

    def luminance(colour):
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in colour]
        return np.dot([0.2126, 0.7152, 0.0722], parts)

    ink = luminance(to_rgb(nb06.CELL_INK))
    for shade in np.linspace(0, 1, 101):
        assert (luminance(plot.SIGNED(shade)[:3]) + 0.05) / (ink + 0.05) > 4.5


def test_a_larger_loss_is_a_stronger_orange():
    parts = [to_rgb(plot.SIGNED(0.5 + share / 2)) for share in (0, 0.2, 0.5, 1)]
    assert all(one[2] > other[2] for one, other in pairwise(parts))
    view = words("great good the")  # 27 to 1; without great 3 to 1, without good 9 to 1
    (_, _, great), (_, _, good), (_, _, the) = chips_in(view)
    assert to_rgb(great)[2] < to_rgb(good)[2] < to_rgb(the)[2]


# The model is left as it was.


def test_the_model_answers_in_eval_mode_without_gradients_and_is_put_back():
    model = Voters()
    model.extra = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    model.train()
    model.extra[0].eval()
    modes = [module.training for module in model.modules()]
    before, random_state = model.table.weight.detach().clone(), torch.get_rng_state()
    explorer = explore.words(model, encode, NAMES, "the good film")
    captions = {explorer.view().caption for _ in range(3)}
    assert len(captions) == 1  # nine of ten votes would be dropped
    assert all(seen[:2] == (False, False) for seen in model.seen)
    assert [module.training for module in model.modules()] == modes
    assert True in modes and False in modes
    assert torch.equal(model.table.weight, before)
    assert model.table.weight.grad is None
    assert torch.equal(torch.get_rng_state(), random_state)


def test_a_model_that_fails_is_put_back_too():
    model = Voters().train()
    explorer = explore.words(model, encode, NAMES, "the good film")
    model.forward = None
    with pytest.raises(TypeError, match="not callable"):
        explorer.view()
    assert all(module.training for module in model.modules())


def test_what_the_model_learns_later_is_seen():
    model = Voters()
    explorer = explore.words(model, encode, NAMES, "the good film")
    with torch.no_grad():
        model.table.weight.zero_()
    assert "≈ 0.50" in explorer.view().caption


class Elsewhere(nn.Module):
    """A model with its weights on a device without numbers; it tells where its inputs are."""

    def __init__(self):
        super().__init__()
        self.weight, self.devices = nn.Parameter(torch.zeros(1, device="meta")), set()

    def forward(self, **inputs):
        self.devices |= {value.device.type for value in inputs.values()}
        return torch.zeros(len(inputs["input_ids"]), 2)


def test_inputs_go_to_the_device_of_the_model():
    model = Elsewhere()
    words("the good film", model)
    assert model.devices == {"meta"}


class Counter(nn.Module):
    """No parameters and no buffers: one logit is the number of tokens, the other 0."""

    def forward(self, input_ids, attention_mask):
        counts = attention_mask.sum(dim=1)
        return {"logits": torch.stack([counts, 0 * counts], dim=1).half()}


def test_a_model_without_weights_that_gives_a_dict_in_half_precision_will_do():
    view = words("the film", Counter())  # 3 tokens with [CLS], and 2 without a word
    three, two = (1 / (1 + np.exp(-count)) for count in (3, 2))
    assert f"≈ {three:.2f}" in view.caption
    assert [points for _, points, _ in chips_in(view)] == [f"−{100 * (three - two):.0f}"] * 2


def test_the_text_classifier_of_the_course_will_do():
    model, names = TextClassifier(FakeBackbone(), 3), ["a", "b", "c"]
    explorer = explore.words(model, lambda text: [2, 4, *map(len, text.split()), 3], names, "of it")
    filled, _ = bars_in(explorer.view())
    ids = torch.tensor([[2, 4, 2, 2, 3]])
    with torch.no_grad():
        expected = model.eval()(ids, torch.ones_like(ids)).softmax(dim=1)[0].tolist()
    assert [length for length, *_ in filled.values()] == pytest.approx(expected, abs=1e-6)


# Sentences of all kinds.


@pytest.mark.parametrize("sentence", ["", "   ", "\t\n"])
def test_an_empty_sentence_is_said_to_be_empty_and_words_may_follow(sentence):
    explorer = explore.words(Voters(), encode, NAMES, sentence)
    view = explorer.view()
    assert view.drawing.get_suptitle() == "No sentence: type a few words and press Enter"
    assert view.caption == "The sentence is empty, so there is nothing to classify."
    assert "≈ 0.75" in explorer.view(sentence="good").caption


def test_one_word_is_classified_and_cannot_be_left_out():
    model = Voters()
    view = words("  good ", model)
    assert view.drawing.get_suptitle() == "One word alone: yes has 0.75"
    assert view.caption == (
        "The answer is yes, with a probability of ≈ 0.75. There is no second word that would be "
        "left."
    )
    assert chips_in(view) == [("good", None, to_hex(plot.SIGNED(0.5)))]
    assert {shape for *_, shape in model.seen} == {(1, 2)}


def bare(text):
    """Known words only: unknown ones vanish, and so does an empty text."""
    return [NUMBERS[word] for word in text.split() if word in NUMBERS]


def test_a_word_without_which_no_token_is_left_gets_no_number():
    view = explore.words(Voters(), bare, NAMES, "oh good").view()
    assert [(word, points) for word, points, _ in chips_in(view)] == [("oh", "0"), ("good", None)]
    assert "≈ 0.75" in view.caption


def test_a_sentence_without_a_token_is_said_to_have_none():
    view = explore.words(Voters(), bare, NAMES, "oh dear").view()
    assert view.drawing.get_suptitle() == "No token: type other words"
    assert view.caption == "The sentence has no token, so there is nothing to classify."


@pytest.mark.parametrize("count", [31, 32, 33, 500])
def test_of_a_long_sentence_the_first_words_are_read(count):
    model = Voters()
    view = words(" ".join(["the"] * (count - 1) + ["good"]), model)
    texts = [text.get_text() for text in view.drawing.axes[0].texts]
    assert texts.count("the") + texts.count("good") == min(count, 32)
    assert (f" Only the beginning is read, words: 32 of {count}. " in view.caption) is (count > 32)
    assert ("≈ 0.75" in view.caption) is (count <= 32)  # the last word is good
    assert max(rows for *_, (rows, _) in model.seen) == min(count, 32) + 1


def test_words_that_make_too_many_tokens_are_not_read():
    model = Voters()
    view = words("the film is good", model, max_tokens=4)  # [CLS] and three words
    assert [word for word, *_ in chips_in(view)] == ["the", "film", "is"]
    assert " Only the beginning is read, words: 3 of 4. " in view.caption
    assert max(tokens for *_, (_, tokens) in model.seen) == 4


def test_words_that_take_too_many_lines_are_not_read():
    model = Voters()
    view = words(" ".join(["incomprehensibly"] * 31 + ["good"]), model)
    texts = [text.get_text() for text in view.drawing.axes[0].texts]
    read = texts.count("incomprehensi…")
    assert f" Only the beginning is read, words: {read} of 32. " in view.caption
    assert "≈ 0.50" in view.caption
    assert max(rows for *_, (rows, _) in model.seen) == read + 1
    lines = {text.get_position()[1] // 1 for text in view.drawing.axes[0].texts}
    assert lines == {0, 1, 2, 3}


def test_a_first_word_of_too_many_tokens_is_read_alone():
    view = explore.words(Voters(), lambda text: [1] * len(text), NAMES, "x" * 70 + " the").view()
    assert view.caption.endswith(
        " Only the beginning is read, words: 1 of 2. There is no second word that would be left."
    )


def test_one_word_of_too_many_tokens_is_cut_off():
    model = Counter()
    view = explore.words(model, lambda text: [1] * len(text), NAMES, "x" * 300).view()
    assert "≈ 1.00" in view.caption
    assert [word for word, *_ in chips_in(view)] == ["x" * 13 + "…"]


@pytest.mark.parametrize(
    "sentence",
    [
        "$x_1$ \\frac {0} % ^ $",
        "평균을 구한다 行列の和 خلاصة",
        "🙂🙃 e\u0301\u0301\u0301 \u200b\ufeff \x00 \ud800",
        "<b>bold</b> & “quoted” 'x'",
        "W" * 60 + " " + "W" * 60,
    ],
)
def test_every_text_can_be_typed(sentence):
    view = words(sentence)
    assert plot.png(view.drawing)[:4] == b"\x89PNG"
    assert "≈ 0.50" in view.caption  # none of these words has a vote


def test_letters_that_no_font_has_are_drawn_as_boxes():
    assert [word for word, *_ in chips_in(words("a\ue000b good"))] == ["a□b", "good"]


# Many classes.


def test_of_many_classes_the_likeliest_are_drawn_and_the_one_asked_for():
    votes = [tuple(range(1, 21)), *[(1,) * 20] * 4]
    names = [f"class {number}" for number in range(20)]
    model = Voters(votes, C=20)
    filled, _ = bars_in(words("good the", model, names))
    assert list(filled) == names[12:]
    shares = [length for length, *_ in filled.values()]
    assert shares == pytest.approx([vote / 210 for vote in range(13, 21)])
    filled, _ = bars_in(words("good the", model, names, explained="class 3"))
    assert list(filled) == ["class 3", *names[12:]]
    assert filled["class 3"][2] == plot.ORANGE


def test_a_hollow_bar_too_short_to_be_seen_is_not_drawn():
    model = Voters([(1000, 400, 1), *[(1, 1, 1)] * 4], C=3)
    _, hollow = bars_in(words("good good", model, ["a", "b", "c"]))
    assert hollow.pop("without “good”") > 0
    assert hollow == {"a": pytest.approx(1000 / 1401), "b": pytest.approx(400 / 1401)}


def test_names_need_not_be_strings_nor_short():
    view = explore.words(Voters(), encode, [3, "a name that is far too long"], "bad the").view()
    assert "The answer is a name that is far too long, " in view.caption
    assert list(bars_in(view)[0]) == ["3", "a name that i…"]


# What cannot be explained.


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "b", "c"], "the model gave (4, 2) for 4 texts, expected (4, 3), a logit for each"),
        (["a"], "the model gave (4, 2) for 4 texts, expected (4, 1), a logit for each of the 1"),
    ],
)
def test_a_model_that_does_not_fit_the_names_is_refused_at_once(names, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        explore.words(Voters(), encode, names, "the good film")


def test_a_model_that_gives_nan_is_refused():
    model = Voters()
    with torch.no_grad():
        model.table.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match=re.escape("explore.words: the model gave NaN")):
        explore.words(model, encode, NAMES, "the good film")


@pytest.mark.parametrize("sentence", [["a", "b"], None, 3])
def test_a_sentence_that_is_no_text_is_refused(sentence):
    with pytest.raises(TypeError, match=r"got a sentence of type \w+, expected str"):
        explore.words(Voters(), encode, NAMES, sentence)


def test_an_encode_that_gives_no_numbers_is_named():
    with pytest.raises(TypeError, match="expected a list of whole numbers"):
        explore.words(Voters(), lambda text: text, NAMES, "the good film")


# The layout.


def rendered_boxes(made):
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    texts = [made._suptitle, *(text for axes in made.axes for text in axes.texts)]
    return [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]


@pytest.mark.parametrize(
    "sentence",
    [
        "the good film",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        " ".join(["unquestionable"] * 40),
        " ".join(["WWWWWWWWWWWWWWWW", "평균을구한다평균을구한다한다"] * 8),
        "good incomprehensible",
        "good",
    ],
)
def test_every_text_stands_inside_the_figure_and_none_on_another(sentence):
    made = words(sentence, names=["incomprehensible", "no"]).drawing
    boxes = rendered_boxes(made)
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
    for (i, (one, box)), (j, (other, second)) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not box.padded(-1).overlaps(second), (one, other)


@pytest.mark.parametrize("sentence", ["the good film", " ".join(["unquestionable", "a"] * 16)])
def test_every_word_stands_in_its_box_and_boxes_do_not_overlap(sentence):
    made = words(sentence).drawing
    rendered_boxes(made)
    axes = made.axes[0]
    boxes = [box.get_window_extent() for box in boxes_in(axes)]
    inside = [text for text in axes.texts if text.get_position()[1] % 1 < 0.5]
    for text, box in zip(inside, boxes, strict=True):
        extent = text.get_window_extent()
        assert box.x0 <= extent.x0 and extent.x1 <= box.x1, text
        assert box.y0 <= extent.y0 and extent.y1 <= box.y1, text
    for (i, one), (j, other) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not one.overlaps(other)
    assert all(box.x1 <= made.bbox.x1 for box in boxes)
