"""course_lib.explore.nb08: masking against mask_tokens, guessing against odds by hand."""

import math
import re

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from course_lib import explore, plot
from course_lib.explore import _masks, nb08
from course_lib.pretrain import pieces
from course_lib.pretrain.masking import IGNORED, mask_tokens
from tests.fake_masked_model import WORDS, FakeMaskedModel, FakeTokenizer

SENTENCE = "the mean of each row the sum of each row"
SPECIAL, MASK, REAL = [0, 2, 3], 4, range(5, len(WORDS))
FATES = {plot.ORANGE: "masked", plot.PINK: "replaced", plot.GREEN: "kept"}


def ids_of(sentence):
    return [2, *(WORDS.index(word) for word in sentence.split()), 3]


def masking(sentence=SENTENCE, tokenizer=None, **changes):
    return explore.masking(tokenizer or FakeTokenizer(), sentence).view(**changes)


def boxes_in(view):
    """(what is read, fate or None, label or None) of each token, in their order."""
    (axes,) = view.drawing.axes
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    found = []
    for box in (patch for patch in axes.patches if isinstance(patch, Rectangle)):
        x, y = round(box.get_x() - 0.04, 6), round(box.get_y() - 0.06, 6)
        hollow = to_hex(box.get_facecolor(), keep_alpha=True).endswith("00")
        fate = None if hollow else FATES[to_hex(box.get_facecolor())]
        read, label = texts.pop((x + 0.5, y + 0.3)), texts.pop((x + 0.5, y + 0.72), None)
        found.append((read, fate, label and label.removeprefix("↑")))
    assert not texts
    return found


def counts_in(caption):
    said = re.search(
        r"^Share \d+ %: (\d+) of (\d+) tokens are chosen; the mean over all draws is ([\d.]+), and "
        r"it is never none\. Of the chosen, masked: (\d+), replaced: (\d+), kept: (\d+)\. Tokens "
        r"that the loss counts: (\d+)\. Tokens that the model reads as they were written: (\d+)\.",
        caption,
    )
    return [float(number) for number in said.groups()]


# Masking.


@pytest.mark.parametrize("share", [5, 15, 60])
def test_bert_s_way_is_mask_tokens_with_the_same_draws(share):
    for draw in range(0, 21, 4):
        generator = torch.Generator().manual_seed(draw)
        ids = torch.tensor([ids_of(SENTENCE)])
        read, labels = mask_tokens(ids, SPECIAL, MASK, REAL, share / 100, generator)
        shown = boxes_in(masking(share=share, draw=draw))
        assert [read for read, *_ in shown] == [WORDS[number] for number in read[0]]
        labels = [None if n == IGNORED else WORDS[n] for n in labels[0]]
        assert [label for *_, label in shown] == labels


@pytest.mark.parametrize("draw", range(5))
def test_the_other_ways_choose_the_same_tokens_and_do_one_thing_to_all(draw):
    ids = ids_of(SENTENCE)
    bert = boxes_in(masking(share=40, draw=draw))
    masked, random, kept = (
        boxes_in(masking(share=40, draw=draw, way=way))
        for way in (_masks.MASKED, _masks.RANDOM, _masks.KEPT)
    )
    assert {tuple(label for *_, label in each) for each in (bert, masked, random, kept)} == {
        tuple(label for *_, label in bert)
    }
    for place, number in enumerate(ids):
        word, chosen = WORDS[number], bert[place][2] is not None
        assert masked[place][:2] == (("[MASK]", "masked") if chosen else (word, None))
        assert kept[place][:2] == (word, "kept" if chosen else None)
        drawn = random[place][0]
        assert drawn in WORDS[REAL.start :] if chosen else drawn == word


def test_all_random_draws_the_words_that_bert_s_way_would_have_drawn():
    known, ids, seen = _masks.pieces_of(FakeTokenizer()), ids_of(SENTENCE), 0
    for draw in range(21):
        bert, random = (
            _masks.mask_sentence(known, ids, 0.6, way, draw) for way in (_masks.BERT, _masks.RANDOM)
        )
        replaced = [place for place in range(len(ids)) if bert.fate(place) == "replaced"]
        assert bert.read[replaced].tolist() == random.read[replaced].tolist()
        seen += len(replaced)
    assert seen > 5


def test_a_fate_is_what_was_read_and_what_stood_there():
    seen = set()
    for draw in range(0, 21, 2):
        for (read, fate, label), word in zip(
            boxes_in(masking(share=60, draw=draw)), ids_of(SENTENCE), strict=True
        ):
            seen.add(fate)
            if fate is None:
                assert (read, label) == (WORDS[word], None)
                continue
            assert label == WORDS[word]
            expected = "masked" if read == "[MASK]" else "kept" if read == label else "replaced"
            assert fate == expected
    assert seen == {None, *FATES.values()}


@pytest.mark.parametrize("way", [_masks.BERT, _masks.MASKED, _masks.RANDOM, _masks.KEPT])
@pytest.mark.parametrize("share", [5, 60])
def test_the_counts_are_those_of_the_boxes(share, way):
    for draw in range(3):
        view = masking(share=share, way=way, draw=draw)
        shown = boxes_in(view)
        fates = [fate for _, fate, _ in shown]
        chosen, n, _, masked, replaced, kept, counted, left = counts_in(view.caption)
        assert (chosen, n) == (len(fates) - fates.count(None), len(shown) - 2)
        assert [masked, replaced, kept] == [fates.count(fate) for fate in FATES.values()]
        assert counted == chosen
        as_written = zip(shown, ids_of(SENTENCE), strict=True)
        assert left + 2 == sum(read == WORDS[word] for (read, *_), word in as_written)
        title = f"{chosen:.0f} of 10 tokens to guess, {left:.0f} left as written"
        assert view.drawing.get_suptitle() == title


@pytest.mark.parametrize(("words", "share"), [(1, 5), (3, 5), (10, 15)])
def test_the_mean_that_is_named_is_that_of_many_draws(words, share):
    ids = torch.tensor([ids_of(" ".join(["the"] * words))])
    generator = torch.Generator().manual_seed(0)
    draws = 2000
    total = sum(
        (mask_tokens(ids, SPECIAL, MASK, REAL, share / 100, generator)[1] != IGNORED).sum().item()
        for _ in range(draws)
    )
    _, _, mean, *_ = counts_in(masking(" ".join(["the"] * words), share=share).caption)
    deviation = math.sqrt(words / 4 / draws)  # at most
    assert mean == pytest.approx(total / draws, abs=0.05 + 4 * deviation)


def test_fates_are_told_apart_without_colour():
    styles = {
        (style.get("hatch"), style["linewidth"], style["facecolor"] == "none")
        for style in (nb08.PLAIN, *nb08.BOXES.values())
    }
    assert len(styles) == 4
    (legend,) = masking().drawing.legends
    assert [text.get_text() for text in legend.get_texts()] == ["not chosen", *FATES.values()]


@pytest.mark.parametrize("sentence", ["", "  "])
def test_a_sentence_without_a_token_is_said_to_have_none(sentence):
    view = masking(sentence)
    assert view.drawing.get_suptitle() == "No sentence: type a few words and press Enter"
    assert view.caption == "The sentence has no token, so there is nothing to mask."


def test_one_token_is_always_chosen():
    for draw in range(5):
        assert boxes_in(masking("mean", share=5, draw=draw))[1][2] == "mean"


@pytest.mark.parametrize("count", [29, 30, 31, 500])
def test_of_a_long_sentence_the_first_tokens_are_read_and_the_end_stands_last(count):
    view = masking(" ".join(["mean"] * count))
    shown = boxes_in(view)
    assert len(shown) == min(count + 2, 32)
    assert (shown[0][0], shown[-1][0]) == ("[CLS]", "[SEP]")
    said = " Of this long sentence only 32 tokens are read."
    assert view.caption.endswith(said) is (count > 30)


def test_a_tokenizer_that_was_just_trained_will_do():
    tokenizer = pieces.train_tokenizer(["the mean of each row"] * 5, 60)
    view = masking("the mean of each row", tokenizer, way=_masks.KEPT)
    assert [read for read, *_ in boxes_in(view)] == tokenizer.encode("the mean of each row").tokens
    generator = torch.Generator().manual_seed(3)
    ids = torch.tensor([tokenizer.encode("the mean of each row").ids])
    words = range(5, tokenizer.get_vocab_size())
    read, _ = mask_tokens(ids, [0, 2, 3], 4, words, 0.6, generator)
    shown = boxes_in(masking("the mean of each row", tokenizer, share=60, draw=3))
    assert [tokenizer.token_to_id(name) for name, *_ in shown] == read[0].tolist()


def test_random_tokens_may_be_any_where_special_ones_are_scattered():
    class Scattered(FakeTokenizer):
        mask_token_id = len(WORDS) - 1

    assert _masks.pieces_of(Scattered()).words == range(len(WORDS))
    assert _masks.pieces_of(FakeTokenizer()).words == REAL


def test_the_random_state_stays():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    masking(draw=3, way=_masks.RANDOM)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("make", [explore.masking, lambda t, s: explore.guess(None, t, s)])
def test_a_sentence_that_is_no_text_is_refused(make):
    with pytest.raises(TypeError, match=r"got a sentence of type list, expected str"):
        make(FakeTokenizer(), ["a", "b"])


def test_a_tokenizer_without_a_mask_is_refused():
    class Maskless(FakeTokenizer):
        mask_token_id = None

    with pytest.raises(ValueError, match="no token for a mask, expected one like"):
        explore.masking(Maskless(), SENTENCE)


# Guessing.


def guess(sentence="the [MASK] of each row", model=None, **changes):
    return explore.guess(model or FakeMaskedModel(), FakeTokenizer(), sentence).view(**changes)


def bars_in(view):
    """token -> (length of its bar, the number written beside it), and the hollow bars by token."""
    (axes,) = view.drawing.axes
    rows = {}
    for text in axes.texts:
        rows.setdefault(text.get_position()[1], []).append(text.get_text())
    filled, hollow = {}, {}
    for box in (patch for patch in axes.patches if isinstance(patch, Rectangle)):
        token, said = rows[round(box.get_y() + box.get_height() / 2)]
        if to_hex(box.get_facecolor(), keep_alpha=True).endswith("00"):
            hollow[token] = box.get_width()
        else:
            filled[token] = (box.get_width(), said)
    return filled, hollow


# the _ of: mean 3 * 8, sum 2 * 4, row 6, eight others 1; only "the": mean 3, sum 2, row 6.
WHOLE = {"mean": 24 / 46, "sum": 8 / 46, "row": 6 / 46}
LEFT = {"row": 6 / 19, "mean": 3 / 19, "sum": 2 / 19}
RIGHT = {"mean": 8 / 21, "sum": 4 / 21}


@pytest.mark.parametrize(
    ("reads", "expected"), [(nb08.BOTH, WHOLE), (nb08.LEFT, LEFT), (nb08.RIGHT, RIGHT)]
)
def test_each_side_alone_gives_its_own_odds(reads, expected):
    filled, hollow = bars_in(guess(reads=reads, top=3))
    names = list(filled)[: len(expected)]
    assert names == list(expected)
    longest = max(*expected.values(), *(WHOLE.get(name, 0) for name in names))
    for name, probability in expected.items():
        length, said = filled[name]
        assert length == pytest.approx(probability / longest, rel=1e-5)
        both = "" if reads == nb08.BOTH else f" ({WHOLE[name]:.2f})"
        assert said == f"{probability:.2f}{both}"
        if reads != nb08.BOTH:
            assert hollow[name] == pytest.approx(WHOLE[name] / longest, rel=1e-5)
    assert bool(hollow) is (reads != nb08.BOTH)


def test_the_caption_names_the_best_guess_its_company_and_the_entropy():
    odds = [24, 8, 6, *[1] * 8]
    entropy = -sum(x / 46 * math.log(x / 46) for x in odds)
    assert guess(top=3).caption == (
        "Reads both sides. Best guess: mean, ≈ 0.52. The 3 shown have ≈ 0.83 together. The entropy "
        f"of all 11 is that of a choice among ≈ {math.exp(entropy):.0f} equally likely ones."
    )
    caption = guess(reads=nb08.LEFT, top=3).caption
    assert caption.startswith("Reads left side only. Best guess: row, ≈ 0.32. The 3 shown have ")
    assert caption.endswith(
        " With both sides the best is mean, ≈ 0.52; here it has ≈ 0.16. The rest of the sentence "
        "is cut off; the model is the same."
    )


def test_the_title_names_the_best_guess():
    assert guess().drawing.get_suptitle() == "“mean” is the best guess, with 0.52"
    title = guess(reads=nb08.LEFT).drawing.get_suptitle()
    assert title == "“row” is the best guess, with 0.32, from the left side only"


@pytest.mark.parametrize("top", [3, 8, 11, 15])
def test_as_many_are_shown_as_asked_for_and_there_are(top):
    assert len(bars_in(guess(top=top))[0]) == min(top, len(WORDS))


@pytest.mark.parametrize(
    ("sentence", "title", "count"),
    [
        ("the mean", "No [MASK]: write one where the model should guess", "0"),
        ("", "No [MASK]: write one where the model should guess", "0"),
        ("[MASK] of [MASK]", "2 [MASK]: write one where the model should guess", "2"),
    ],
)
def test_no_mask_or_several_is_said_in_a_sentence(sentence, title, count):
    view = guess(sentence)
    assert view.drawing.get_suptitle() == title
    assert view.caption.startswith(f"The sentence has {count} [MASK], expected one.")


def test_a_mask_that_is_cut_off_is_said_to_be_too_far_behind():
    view = guess("the " * 30 + "[MASK]")
    assert view.drawing.get_suptitle() == "[MASK] is too far behind: shorten the sentence"
    assert view.caption == "Only the first 24 tokens are read, and [MASK] stands after them."


def test_a_mask_alone_has_no_side():
    for reads in (nb08.BOTH, nb08.LEFT, nb08.RIGHT):
        assert "≈ 0.09" in guess("[MASK]", reads=reads).caption  # 1 of 11


def test_the_model_answers_without_dropout_and_stays_as_it_is():
    model = FakeMaskedModel().train()
    model.before.eval()
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    random_state = torch.get_rng_state()
    captions = {guess(model=model, reads=nb08.LEFT).caption for _ in range(3)}
    assert len(captions) == 1
    assert torch.equal(torch.get_rng_state(), random_state)
    assert [m.training for m in model.modules()] == [True, True, False, True]
    assert all(torch.equal(w, weights[name]) for name, w in model.state_dict().items())
    assert all(w.grad is None and w.requires_grad for w in model.parameters())


def test_what_the_model_learns_later_is_seen():
    model = FakeMaskedModel()
    explorer = explore.guess(model, FakeTokenizer(), "the [MASK] of each row")
    with torch.no_grad():
        model.after.weight.zero_()
    assert "≈ 0.38" in explorer.view().caption  # 8 of 21


# How it reads.


@pytest.mark.parametrize(
    "sentence", ["$x_1$ \\frac {0} [MASK] %", "평균을 [MASK] 行列の", "W" * 99]
)
def test_every_text_can_be_typed(sentence):
    for view in (guess(sentence), masking(sentence)):
        assert plot.png(view.drawing).startswith(b"\x89PNG")


def test_no_text_is_wider_than_its_box():
    class Long(FakeTokenizer):
        def convert_ids_to_tokens(self, numbers):
            name = "W" * 30
            return name if isinstance(numbers, int) else [f"{name}{n}" for n in numbers]

    for way in (_masks.BERT, _masks.KEPT):
        view = masking(" ".join(["mean"] * 40), Long(), way=way, share=60)
        made = view.drawing
        FigureCanvasAgg(made)
        made.draw_without_rendering()
        (axes,) = made.axes
        width = axes.transData.transform((1, 0))[0] - axes.transData.transform((0, 0))[0]
        assert all(text.get_window_extent().width < width for text in axes.texts)
