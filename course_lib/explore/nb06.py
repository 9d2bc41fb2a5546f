"""The explorer of notebooks/06_inference_loop.ipynb."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from course_lib import plot
from course_lib.data import SentenceDataset, pad_collate
from course_lib.data.sentences import MOST_TOKENS
from course_lib.explore._explorer import Choice, Explorer, Text, View
from course_lib.explore._letters import drawable, families
from course_lib.loop import evaluating

ANSWER = "the answer"
MOST_WORDS = 32  # of a sentence
MOST_LETTERS = 14  # of a word or a name
MOST_CLASSES = 8  # that are drawn; more only if one of them is asked for
CELL_INK = "#101010"
SIZE = (7.2, 4.2)
LINE = 88  # letters across the figure, in a monospaced font of the words' size
LINES, MOST_LINES = 3, 4  # of words: they are drawn closer together if there are four
BAR, ONE = 19, 60  # where bars begin, and how long a probability of 1 is
SEEN = 0.005  # a change of probability that is less rounds to 0.00
HOLLOW = {"facecolor": "none", "edgecolor": plot.INK, "linewidth": 1.2}


def words(
    model: nn.Module,
    encode: Callable[[str], list[int]],
    names: Sequence[str],
    sentence: str,
    max_tokens: int = MOST_TOKENS,
) -> Explorer:
    """What a classifier answers to a sentence, and what it would answer without each word.

    The model answers as it is at that moment, in evaluation mode and without gradients; then every
    part of it is put back into the mode that it was in.

    Arguments:
        model       takes input_ids (B, T) and attention_mask (B, T), gives logits (B, C)
        encode      turns a text into a list of token numbers
        names       of the C classes
        sentence    the first one; of a long sentence the first words, up to 32, are read
        max_tokens  the longest T; fewer words are read where they would make more tokens

    Raises:
        TypeError: the sentence is no text.
        ValueError: the model gives not one logit for each name, or NaN.
    """
    if not isinstance(sentence, str):
        raise TypeError(
            f"explore.words: got a sentence of type {type(sentence).__name__}, expected str. "
            "One at a time: sentences[0]."
        )
    reader = Reader(model, encode, tuple(map(str, names)), max_tokens)
    controls = {
        "sentence": Text("sentence", sentence),
        "explained": Choice("probability of", (ANSWER, *reader.names), ANSWER),
    }
    explorer = Explorer("words", partial(draw_words, reader), controls)
    explorer.view()  # a model that does not fit is told here, not by an empty picture
    return explorer


@dataclass(frozen=True)
class Reader:
    """A model and what it needs to read a sentence."""

    model: nn.Module
    encode: Callable[[str], list[int]]
    names: tuple[str, ...]
    max_tokens: int

    def kept(self, sentence: str) -> list[str]:
        """The first words, as many as are drawn and as fit into max_tokens."""
        kept = sentence.split()[:MOST_WORDS]
        kept = kept[: sum(line < MOST_LINES for _, line, _ in _places(kept))]
        while len(kept) > 1 and len(self.encode(" ".join(kept))) > self.max_tokens:
            kept.pop()
        return kept

    def probabilities(self, sentences: list[str]) -> Tensor:
        """(B, C), on the CPU."""
        dataset = SentenceDataset(sentences, None, self.encode, self.max_tokens)
        batch = pad_collate([dataset[i] for i in range(len(dataset))])
        weight = next(chain(self.model.parameters(), self.model.buffers()), torch.zeros(()))
        with evaluating(self.model):
            outputs = self.model(**{key: value.to(weight.device) for key, value in batch.items()})
        logits = outputs if isinstance(outputs, Tensor) else outputs["logits"]
        _expect_logits(logits, (len(sentences), len(self.names)))
        return logits.double().softmax(dim=1).cpu()


@dataclass(frozen=True)
class Answer:
    """What the model says to a sentence, and to the same without each word."""

    kept: list[str]
    whole: Tensor  # (C,) probabilities
    without: list[Tensor | None]  # (C,) each; None where no token would be left
    place: int  # of the class that is explained

    @property
    def probability(self) -> float:
        return self.whole[self.place].item()

    @property
    def changes(self) -> list[float | None]:
        """Of the probability of the class, by each word's absence."""
        rows = self.without
        return [None if row is None else row[self.place].item() - self.probability for row in rows]

    @property
    def strongest(self) -> int | None:
        """The word without which the probability changes most; None if none changes it."""
        sizes = [abs(change or 0.0) for change in self.changes]
        return sizes.index(max(sizes)) if max(sizes) >= SEEN else None


def draw_words(reader: Reader, sentence: str, explained: str) -> View:
    """Each word, shaded by what its absence changes; under them a bar for each class."""
    kept = reader.kept(sentence)
    if not kept:
        return _nothing("No sentence: type a few words and press Enter", "The sentence is empty")
    if not reader.encode(" ".join(kept)):
        return _nothing("No token: type other words", "The sentence has no token")
    answer = _answer(reader, kept, explained)
    name = reader.names[answer.place]
    figure, (line, bars) = plot.figure("", rows=2, size=SIZE)
    style = {"ha": "left", "weight": "bold", "size": 13, "color": plot.INK, "parse_math": False}
    figure.suptitle(_finding(answer, _label(name)), x=0.01, family=families(), **style)
    line.get_gridspec().set_height_ratios([2, 3])
    _line(line, answer)
    _bars(bars, answer, reader.names)
    return View(figure, _say(answer, reader.names, len(sentence.split())))


def _nothing(title: str, why: str) -> View:
    figure, axes = plot.figure(title, size=SIZE)
    plot.bare(axes)
    return View(figure, f"{why}, so there is nothing to classify.")


def _answer(reader: Reader, kept: list[str], explained: str) -> Answer:
    texts = [" ".join(kept[:i] + kept[i + 1 :]) for i in range(len(kept))]
    readable = [bool(text and reader.encode(text)) for text in texts]
    asked = [text for text, can in zip(texts, readable, strict=True) if can]
    whole, *rest = reader.probabilities([" ".join(kept), *asked])
    rows = iter(rest)
    place = int(whole.argmax()) if explained == ANSWER else reader.names.index(explained)
    return Answer(kept, whole, [next(rows) if can else None for can in readable], place)


def _finding(answer: Answer, name: str) -> str:
    before = f"{answer.probability:.2f}"
    if len(answer.kept) == 1:
        return f"One word alone: {name} has {before}"
    if answer.strongest is None:
        return f"No word alone matters: {name} stays at {before}"
    change = answer.changes[answer.strongest]
    way, after = "falls" if change < 0 else "rises", f"{answer.probability + change:.2f}"
    return (
        f"Without “{_label(answer.kept[answer.strongest])}”, {name} {way} from {before} to {after}"
    )


def _say(answer: Answer, names: Sequence[str], count: int) -> str:
    best, name = int(answer.whole.argmax()), names[answer.place]
    said = f"The answer is {names[best]}, with a probability of ≈ {answer.whole[best]:.2f}."
    if answer.place != best:
        said += f" That of {name} is ≈ {answer.probability:.2f}."
    if len(answer.kept) < count:
        said += f" Only the beginning is read, words: {len(answer.kept)} of {count}."
    if len(answer.kept) == 1:
        return f"{said} There is no second word that would be left."
    return (
        f"{said} Under each word: how many percentage points {name} gains or loses if that word "
        "alone is left out; orange for a loss, blue for a gain."
    )


def _expect_logits(logits: Tensor, shape: tuple[int, int]) -> None:
    if logits.shape != shape:
        raise ValueError(
            f"explore.words: the model gave {tuple(logits.shape)} for {shape[0]} texts, expected "
            f"{shape}, a logit for each of the {shape[1]} names. Are these the names of the "
            "classes that it learned?"
        )
    if logits.isnan().any():
        raise ValueError(
            "explore.words: the model gave NaN, expected numbers. Did its training break down? "
            "Look at its weights, or load it again."
        )


def _label(word: str) -> str:
    """A word in letters that can be drawn, and not too many."""
    text = drawable(word)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _width(text: str) -> float:
    """How wide a text is, in letters of a monospaced font."""
    return len(text) + 0.7 * sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def _places(kept: list[str]) -> list[tuple[float, int, float]]:
    """Where the words stand: from the left, in which line, and how wide."""
    x, y, places = 0.0, 0, []
    for word in kept:
        width = 1.6 + max(3, _width(_label(word)))
        if x + width > LINE:
            x, y = 0.0, y + 1
        places.append((x, y, width))
        x += width + 0.6
    return places


def _line(axes: Axes, answer: Answer) -> None:
    """The words from left to right, in as many lines as they need, each in a box of its shade."""
    plot.bare(axes)
    places = _places(answer.kept)
    for place, word, change in zip(places, answer.kept, answer.changes, strict=True):
        _word(axes, place, _label(word), change)
    axes.set(xlim=(0, LINE), ylim=(max(places[-1][1] + 1, LINES), 0))  # downwards


def _word(axes: Axes, place: tuple[float, int, float], text: str, change: float | None) -> None:
    x, y, width = place
    loss = -(change or 0.0)
    seen = (abs(loss) ** 0.5) * (1 if loss > 0 else -1)  # small changes are seen too
    shade = plot.SIGNED(0.5 + 0.5 * seen)
    axes.add_patch(Rectangle((x, y + 0.04), width, 0.5, facecolor=shade, edgecolor="none"))
    style = {"ha": "center", "va": "center", "parse_math": False}
    fonts = ["DejaVu Sans Mono", *families()]
    axes.text(x + width / 2, y + 0.3, text, color=CELL_INK, size=9, family=fonts, **style)
    if change is not None:
        axes.text(x + width / 2, y + 0.74, _points(change), color=plot.INK, size=8, **style)


def _points(change: float) -> str:
    points = round(100 * change)
    return f"{points:+d}".replace("-", "−") if points else "0"


def _bars(axes: Axes, answer: Answer, names: Sequence[str]) -> None:
    """A bar for each class, in their order, and a hollow one without the strongest word."""
    plot.bare(axes)
    best = answer.whole.topk(min(MOST_CLASSES, len(names))).indices.tolist()
    rows = sorted({*best, answer.place})
    for row, number in enumerate(rows):
        share = answer.whole[number].item()
        colour = plot.ORANGE if number == answer.place else plot.INK
        _write(axes, BAR - 1, row, _label(names[number]), ha="right")
        axes.add_patch(Rectangle((BAR, row - 0.3), ONE * share, 0.6, facecolor=colour))
        _write(axes, BAR + ONE + 1, row, f"{share:.2f}")
    if answer.strongest is not None:
        left = answer.without[answer.strongest]
        for row, share in enumerate(left[rows].tolist()):
            if share >= SEEN:
                axes.add_patch(Rectangle((BAR, row - 0.42), ONE * share, 0.84, **HOLLOW))
        axes.add_patch(Rectangle((BAR, len(rows) - 0.2), 3, 0.6, **HOLLOW))
        label = f"without “{_label(answer.kept[answer.strongest])}”"
        _write(axes, BAR + 4, len(rows) + 0.1, label)
    axes.set(xlim=(0, LINE), ylim=(max(len(rows), 4) + 0.5, -0.5))  # downwards


def _write(axes: Axes, x: float, y: float, text: str, ha: str = "left") -> None:
    style = {"va": "center", "size": 10, "color": plot.INK, "parse_math": False}
    axes.text(x, y, text, ha=ha, family=families(), **style)
