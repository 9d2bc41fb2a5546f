"""The explorer of notebooks/06_inference_loop.ipynb."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain

import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from course_lib import plot
from course_lib.data import SentenceDataset, pad_collate
from course_lib.explore._explorer import Choice, Explorer, Text, View
from course_lib.explore.nb03 import _families, _letters

ANSWER = "the answer"
MOST_WORDS, MOST_LETTERS, MOST_TOKENS, MOST_CLASSES = 32, 14, 64, 8
CELL_INK = "#101010"
SIZE = (7.2, 4.4)
LINE = 88  # letters of a monospaced line across the figure
SMALLEST = 0.005  # a change of probability that is seen as "0.00" is none
SHADES = LinearSegmentedColormap.from_list("signed", [plot.BLUE, "#f4f4f4", plot.ORANGE])


def words(
    model: nn.Module,
    encode: Callable[[str], list[int]],
    names: Sequence[str],
    sentence: str,
    max_tokens: int = MOST_TOKENS,
) -> Explorer:
    """What a classifier answers to a sentence, and which words carry a class: each is left out.

    The model is used as it is at the time, in eval mode and without gradients, and put back.

    Arguments:
        model       takes input_ids (B, T) and attention_mask (B, T), gives logits (B, C)
        encode      turns a text into a list of token numbers
        names       of the C classes
        sentence    the first one; of a long sentence the first 32 words are read
        max_tokens  the longest T

    Raises:
        TypeError: the sentence is no text.
        ValueError: the model gives not one logit for each name, or a NaN.
    """
    if not isinstance(sentence, str):
        raise TypeError(
            f"explore.words: got a sentence of type {type(sentence).__name__}, expected str. "
            "One at a time: sentences[0]."
        )
    names = [str(name) for name in names]
    ask = partial(_probabilities, model, encode, names, max_tokens)
    ask([sentence if sentence.strip() else "word"])  # a model that does not fit is told at once
    controls = {
        "sentence": Text("sentence", sentence),
        "explained": Choice("class", (ANSWER, *names), ANSWER),
    }
    cut = partial(_cut, encode, max_tokens)
    return Explorer("words", partial(draw_words, ask, cut, names), controls)


def draw_words(
    ask: Callable[[list[str]], Tensor],
    cut: Callable[[str], list[str]],
    names: list[str],
    sentence: str,
    explained: str,
) -> View:
    """The words, shaded by what the class loses without each; the probabilities under them."""
    if not sentence.split():
        figure, axes = plot.figure("No sentence: type a few words and press Enter", size=SIZE)
        plot.bare(axes)
        return View(figure, "The sentence is empty, so there is nothing to classify.")
    kept = cut(sentence)
    whole = ask([" ".join(kept)])[0]  # (C,)
    answer = int(whole.argmax())
    place = answer if explained == ANSWER else names.index(explained)
    changes = _changes(ask, kept, whole[place].item(), place)
    figure, (line, bars) = plot.figure(
        _finding(kept, changes, names[place], whole[place]), rows=2, size=SIZE
    )
    _line(line, kept, changes)
    _bars(bars, names, whole, place)
    return View(figure, _say(kept, sentence, names, whole, place))


def _changes(ask: Callable, kept: list[str], probability: float, place: int) -> list[float | None]:
    """For each word, how the probability changes without it; None where nothing would be left."""
    if len(kept) == 1:
        return [None]
    without = [" ".join(kept[:i] + kept[i + 1 :]) for i in range(len(kept))]
    return (ask(without)[:, place].double() - probability).tolist()


def _finding(kept: list[str], changes: list, name: str, probability: Tensor) -> str:
    known = [change for change in changes if change is not None]
    if not known:
        return f"One word, and {name} has probability {probability:.2f}"
    least = min(known)
    if least > -SMALLEST:
        return f"No single word carries {name}: without any, it loses nothing"
    word = _label(kept[changes.index(least)])
    return f"Without “{word}”, {name} falls from {probability:.2f} to {probability + least:.2f}"


def _say(kept: list[str], sentence: str, names: list[str], whole: Tensor, place: int) -> str:
    answer = int(whole.argmax())
    said = f"The answer is {names[answer]}, with probability ≈ {whole[answer]:.2f}."
    if place != answer:
        said += f" The class explained is {names[place]}, ≈ {whole[place]:.2f}."
    said += (
        f" Under each word: by how many percentage points {names[place]} changes when that word "
        "alone is taken away. Orange: it falls; blue: it rises."
    )
    if len(kept) < len(sentence.split()):
        said += f" Of this long sentence only the first {len(kept)} words are read."
    return said


def _cut(encode: Callable[[str], list[int]], max_tokens: int, sentence: str) -> list[str]:
    """The first words, as many as are drawn and as fit into max_tokens; at least one."""
    kept = sentence.split()[:MOST_WORDS]
    while len(kept) > 1 and len(encode(" ".join(kept))) > max_tokens:
        kept.pop()
    return kept


def _probabilities(
    model: nn.Module, encode: Callable, names: list[str], max_tokens: int, sentences: list[str]
) -> Tensor:
    """(B, C) on the CPU."""
    dataset = SentenceDataset(sentences, None, encode, max_tokens)
    batch = pad_collate([dataset[i] for i in range(len(dataset))])
    some = next(chain(model.parameters(), model.buffers()), torch.zeros(()))
    with _in_eval_mode(model), torch.no_grad():
        output = model(**{key: value.to(some.device) for key, value in batch.items()})
    logits = output if isinstance(output, Tensor) else output["logits"]
    if logits.shape != (len(sentences), len(names)):
        raise ValueError(
            f"explore.words: the model gives {tuple(logits.shape)} for {len(sentences)} sentences, "
            f"expected ({len(sentences)}, {len(names)}), one logit for each of {len(names)} names. "
            "Are the names those of the classes it was trained on?"
        )
    return logits.float().softmax(dim=1).cpu()


@contextmanager
def _in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Every part in eval mode, and afterwards each in the mode that it had."""
    training = [module for module in model.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


def _label(word: str) -> str:
    """A word in letters that can be drawn, not too many."""
    text = "".join(letter if ord(letter) in _letters() else "□" for letter in word)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _width(text: str) -> float:
    """In letters of a monospaced font."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + 0.7 * wide


def _line(axes: Axes, kept: list[str], changes: list[float | None]) -> None:
    """The words as chips, from left to right and in as many lines as they need."""
    plot.bare(axes)
    x, y = 0.0, 0
    style = {"ha": "center", "va": "center", "parse_math": False}
    fonts = {"family": ["DejaVu Sans Mono", *_families()], "size": 9}
    for word, change in zip(kept, changes, strict=True):
        text = _label(word)
        width = max(_width(text), 4) + 1.4
        if x + width > LINE:
            x, y = 0.0, y + 1
        strength = 0.0 if change is None else -change
        shade = SHADES(0.5 + 0.5 * (abs(strength) ** 0.5) * (1 if strength > 0 else -1))
        box = {"facecolor": shade, "edgecolor": "none"}
        axes.add_patch(Rectangle((x, y + 0.04), width, 0.48, **box))
        axes.text(x + width / 2, y + 0.28, text, color=CELL_INK, **style, **fonts)
        if change is not None:
            points = f"{100 * change:+.0f}".replace("-", "−").replace("+0", "0").replace("−0", "0")
            axes.text(x + width / 2, y + 0.7, points, color=plot.INK, size=8, **style)
        x += width + 0.6
    axes.set(xlim=(0, LINE), ylim=(max(y + 1, 4), 0))


def _bars(axes: Axes, names: list[str], whole: Tensor, place: int) -> None:
    """A bar for each class, in the order of the classes; of many classes the likeliest."""
    plot.bare(axes)
    rows = sorted(set(whole.topk(min(MOST_CLASSES, len(names))).indices.tolist()) | {place})
    for row, number in enumerate(rows):
        share, style = whole[number].item(), {"va": "center", "color": plot.INK, "size": 10}
        colour = plot.ORANGE if number == place else plot.INK
        axes.text(18, row, _label(names[number]), ha="right", parse_math=False, **style)
        axes.add_patch(Rectangle((19, row - 0.35), 60 * share, 0.7, facecolor=colour))
        axes.text(20 + 60 * share, row, f"{share:.2f}", **style)
    axes.set(xlim=(0, LINE), ylim=(max(len(rows), 4) - 0.5, -0.5))
