"""The explorers of notebooks/08_pretraining.ipynb."""

import math
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from torch import nn

from course_lib import plot
from course_lib.explore._explorer import Choice, Explorer, Slider, Text, View
from course_lib.explore._letters import drawable, families
from course_lib.explore._masks import (
    BERT,
    KEPT,
    MASKED,
    RANDOM,
    Masked,
    Pieces,
    mask_sentence,
    pieces_of,
)
from course_lib.pretrain.masking import IGNORED, fill_mask

COLUMNS = 8
MOST_LETTERS = 10  # of a token in its box
CELL_INK = "#101010"
# What becomes of a token: the box of what the model reads, told apart without colour too.
PLAIN = {"facecolor": "none", "edgecolor": plot.INK, "linewidth": 0.8}
BOXES = {
    "masked": {"facecolor": plot.ORANGE, "edgecolor": plot.ORANGE, "linewidth": 1.0},
    "replaced": {"facecolor": plot.PINK, "edgecolor": CELL_INK, "linewidth": 0, "hatch": "////"},
    "kept": {"facecolor": plot.GREEN, "edgecolor": plot.INK, "linewidth": 2.4},
}
BOTH, LEFT, RIGHT = "both sides", "left side only", "right side only"
MOST_BARS, FEWEST_BARS = 15, 3
HOLLOW = {"facecolor": "none", "edgecolor": plot.INK, "linewidth": 1.2}


def masking(tokenizer: Any, sentence: str) -> Explorer:
    """What masking makes of a sentence, as the share of chosen tokens and their fate move.

    Arguments:
        tokenizer  of transformers, or a `tokenizers.Tokenizer` as `train_tokenizer` makes it; its
                   special tokens are [PAD], [UNK], [CLS], [SEP], [MASK]
        sentence   the first one; of a long one the first 32 tokens are read

    Raises:
        TypeError: the sentence is no text.
        ValueError: the tokenizer has no token for a mask.
    """
    _expect_text("masking", sentence)
    pieces = pieces_of(tokenizer)
    controls = {
        "sentence": Text("sentence", sentence),
        "share": Slider("chosen, in %", 5, 60, 15, step=5),
        "way": Choice("the chosen become", (BERT, MASKED, RANDOM, KEPT), BERT),
        "draw": Slider("draw number", 0, 20, 0),
    }
    return Explorer("masking", partial(draw_masking, pieces), controls)


def draw_masking(pieces: Pieces, sentence: str, share: int, way: str, draw: int) -> View:
    """A box for each token as the model reads it; under it the label, if it is to be guessed."""
    ids, cut = pieces.ids(sentence)
    if not set(ids) - set(pieces.special):
        return _message(
            "No sentence: type a few words and press Enter",
            "The sentence has no token, so there is nothing to mask.",
        )
    masked = mask_sentence(pieces, ids, share / 100, way, draw)
    lines = math.ceil(len(ids) / COLUMNS)
    title = (
        f"{masked.chosen} of {masked.tokens} tokens to guess, {masked.unchanged} left as written"
    )
    figure, axes = plot.figure(title, size=(7.2, 1.1 + 0.72 * lines))
    _boxes(axes, pieces, masked, lines)
    with plot.style():
        handles = [Patch(label="not chosen", **PLAIN)]
        handles += [Patch(label=fate, **style) for fate, style in BOXES.items()]
        figure.legend(handles=handles, loc="outside lower left", ncols=4)
    said = _say_masked(masked, share)
    if cut:
        said += f" Of this long sentence only {len(ids)} tokens are read."
    return View(figure, said)


def _boxes(axes: Axes, pieces: Pieces, masked: Masked, lines: int) -> None:
    plot.bare(axes)
    for place, (read, label) in enumerate(
        zip(masked.read.tolist(), masked.labels.tolist(), strict=True)
    ):
        y, x = divmod(place, COLUMNS)
        fate = masked.fate(place)
        style = BOXES.get(fate or "", PLAIN)
        axes.add_patch(Rectangle((x + 0.04, y + 0.06), 0.92, 0.46, **style))
        ink = plot.INK if fate is None else CELL_INK
        _write(axes, (x + 0.5, y + 0.3), _short(pieces.name(read)), ink, box=fate == "replaced")
        if label != IGNORED:
            _write(axes, (x + 0.5, y + 0.72), f"↑{_short(pieces.name(label))}", plot.INK)
    axes.set(xlim=(0, COLUMNS), ylim=(lines, 0))  # downwards


def _write(
    axes: Axes, at: tuple[float, float], text: str, ink: str, box: bool = False, **style: Any
) -> None:
    style = {"ha": "center", "va": "center", "size": 9, "parse_math": False, **style}
    if box:  # hatched below: the letters get a plain ground
        style["bbox"] = {"facecolor": plot.PINK, "edgecolor": "none", "pad": 0.8}
    fonts = ["DejaVu Sans Mono", *families()]
    axes.text(*at, text, color=ink, family=fonts, **style)


def _short(token: str) -> str:
    """A token in letters that can be drawn, and not too many."""
    text = drawable(token)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _say_masked(masked: Masked, share: int) -> str:
    n, p = masked.tokens, share / 100
    expected = n * p + (1 - p) ** n  # if none is chosen, one is
    return (
        f"Share {share} %: {masked.chosen} of {n} tokens are chosen; the mean over all draws is "
        f"{expected:.1f}, and it is never none. Of the chosen, masked: {masked.count('masked')}, "
        f"replaced: {masked.count('replaced')}, kept: {masked.count('kept')}. Tokens that the loss "
        f"counts: {masked.chosen}. Tokens that the model reads as they were written: "
        f"{masked.unchanged}. After ↑ stands the label, what is to be guessed there."
    )


def guess(model: nn.Module, tokenizer: Any, sentence: str) -> Explorer:
    """What a model would write for the one [MASK] of a sentence, and what a side of it tells.

    The model answers as it is at that moment, in evaluation mode and without gradients.

    Arguments:
        model      as `AutoModelForMaskedLM` gives it
        tokenizer  of transformers, the one that belongs to it
        sentence   the first one, with one [MASK]

    Raises:
        TypeError: the sentence is no text.
    """
    _expect_text("guess", sentence)
    controls = {
        "sentence": Text("sentence", sentence),
        "reads": Choice("the model reads", (BOTH, LEFT, RIGHT), BOTH),
        "top": Slider("guesses shown", FEWEST_BARS, MOST_BARS, 8),
    }
    return Explorer("guess", partial(draw_guess, model, tokenizer), controls)


def draw_guess(model: nn.Module, tokenizer: Any, sentence: str, reads: str, top: int) -> View:
    """A bar for each of the most probable tokens; hollow ones for what both sides together say."""
    mask = tokenizer.mask_token
    count = sentence.count(mask)
    if count != 1:
        how_many = "No" if count == 0 else str(count)
        return _message(
            f"{how_many} {mask}: write one where the model should guess",
            f"The sentence has {count} {mask}, expected one. Put {mask} in the place of one word.",
        )
    seen = tokenizer(sentence, truncation=True)["input_ids"]
    if list(seen).count(tokenizer.mask_token_id) != 1:
        return _message(
            f"{mask} is too far behind: shorten the sentence",
            f"Only the first {len(seen)} tokens are read, and {mask} stands after them.",
        )
    left, right = sentence.split(mask)
    text = {BOTH: sentence, LEFT: f"{left}{mask}", RIGHT: f"{mask}{right}"}[reads]
    found = fill_mask(model, tokenizer, text, len(tokenizer))
    whole = found if reads == BOTH else fill_mask(model, tokenizer, sentence, len(tokenizer))
    shown = found[: min(top, len(found))]
    figure, axes = plot.figure("", size=(7.2, 3.9))
    style = {"ha": "left", "weight": "bold", "size": 13, "color": plot.INK, "parse_math": False}
    title = f"“{_short(found[0][0])}” is the best guess, with {found[0][1]:.2f}"
    title += "" if reads == BOTH else f", from the {reads}"
    figure.suptitle(title, x=0.01, family=families(), **style)
    _bars(axes, shown, {} if reads == BOTH else dict(whole))
    if reads != BOTH:
        with plot.style():
            handles = [Patch(label="with both sides (in brackets)", **HOLLOW)]
            figure.legend(handles=handles, loc="outside lower left")
    return View(figure, _say_guess(found, whole, len(shown), reads))


def _bars(axes: Axes, shown: list[tuple[str, float]], whole: dict[str, float]) -> None:
    plot.bare(axes)
    largest = max(max(p, whole.get(token, 0.0)) for token, p in shown)
    for row, (token, probability) in enumerate(shown):
        _write(axes, (-0.02, row), _short(token), plot.INK, ha="right", size=10)
        colour = plot.ORANGE if row == 0 else plot.BLUE
        axes.add_patch(Rectangle((0, row - 0.3), probability / largest, 0.6, facecolor=colour))
        longest = max(probability, whole.get(token, 0.0)) / largest
        said = f"{probability:.2f}" + f" ({whole.get(token, 0.0):.2f})" * bool(whole)
        _write(axes, (longest + 0.02, row), said, plot.INK, ha="left", size=10)
        if token in whole:
            axes.add_patch(Rectangle((0, row - 0.42), whole[token] / largest, 0.84, **HOLLOW))
    axes.set(xlim=(-0.25, 1.2), ylim=(len(shown) - 0.4, -0.6))  # downwards


def _say_guess(
    found: list[tuple[str, float]], whole: list[tuple[str, float]], count: int, reads: str
) -> str:
    token, probability = found[0]
    entropy = -sum(p * math.log(p) for _, p in found if p > 0)
    said = (
        f"Reads {reads}. Best guess: {token}, ≈ {probability:.2f}. The {count} shown have "
        f"≈ {sum(p for _, p in found[:count]):.2f} together. The entropy of all "
        f"{len(found):,} is that of a choice among ≈ {math.exp(entropy):.0f} equally likely ones."
    )
    if reads == BOTH:
        return said
    best, before = whole[0]
    return (
        f"{said} With both sides the best is {best}, ≈ {before:.2f}; here it has "
        f"≈ {dict(found)[best]:.2f}. The rest of the sentence is cut off; the model is the same."
    )


def _message(title: str, caption: str) -> View:
    figure, axes = plot.figure(title, size=(7.2, 1.6))
    plot.bare(axes)
    return View(figure, caption)


def _expect_text(where: str, sentence: Any) -> None:
    if not isinstance(sentence, str):
        raise TypeError(
            f"explore.{where}: got a sentence of type {type(sentence).__name__}, expected str. "
            "One at a time: sentences[0]."
        )
