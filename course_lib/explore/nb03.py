"""The explorers of notebooks/03_custom_model.ipynb."""

import copy
from functools import partial
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import NullLocator
from torch import Tensor, nn

from course_lib import plot
from course_lib.explore._explorer import Choice, Explorer, Slider, Text, View
from course_lib.explore._flow import Stage, flow, runnable
from course_lib.explore._letters import drawable, families
from course_lib.shapes import count_parameters

CELL_INK = "#101010"
MOST_EXAMPLES = 64  # in a batch
MEAN = "mean of heads"
SENTENCE = "Return the mean of each row, and the sum of each column."
MOST_TOKENS = 16
MOST_LETTERS = 12  # of a token beside the picture
SQUARE = (7.2, 5.4)
SHADES = LinearSegmentedColormap.from_list("shades", [(*to_rgb(plot.BLUE), a) for a in (0, 1)])
# Where DejaVu Sans has no letter, one of these does, if it is installed.


def model_shapes(model: nn.Module, max_tokens: int = 64) -> Explorer:
    """The shapes that flow through a classifier, from token numbers to logits, as B and T move.

    Arguments:
        model       a `TextClassifier`, or another module with a `backbone` and a `head`; it stays
                    as it is, and what is done to it later is not seen
        max_tokens  how far T goes

    Raises:
        TypeError: the model has no backbone or no head.
        ValueError: max_tokens is below 2, or more than the backbone has positions for.
    """
    _expect_classifier(model, max_tokens)
    own, parameters = runnable(model), count_parameters(model)
    largest = MOST_EXAMPLES * max(stage.numbers for stage in flow(own, 1, max_tokens))
    controls = {
        "batch": Slider("batch size B", 1, MOST_EXAMPLES, 8),
        "tokens": Slider("tokens T", 2, max_tokens, min(16, max_tokens)),
    }
    draw = partial(draw_model_shapes, own, parameters, largest)
    return Explorer("model_shapes", draw, controls)


def draw_model_shapes(
    model: nn.Module, parameters: int, largest: int, batch: int, tokens: int
) -> View:
    """A line for each stage, with its shape and a bar for the numbers in it, up to `largest`."""
    stages = flow(model, batch, tokens)
    last = max(place for place, stage in enumerate(stages) if "T" in stage.letters)
    before, after = stages[last].shape, stages[last + 1].shape
    title = f"Pooling makes {after} of {before}: T is gone"
    size = 7.2, 1.5 + 0.24 * len(stages)
    figure, (names, bars) = plot.figure(title, columns=2, size=size)
    names.get_gridspec().set_width_ratios([5, 3])
    _names(names, stages)
    _bars(bars, stages, largest)
    legend = [
        Patch(color=plot.BLUE, label="T is in the shape"),
        Patch(color=plot.ORANGE, label="T is gone"),
    ]
    with plot.style():
        figure.legend(handles=legend, loc="outside lower left", ncols=2)
    return View(figure, _say(stages, parameters))


def _say(stages: list[Stage], parameters: int) -> str:
    said = []
    scores = [stage.numbers for stage in stages if stage.letters[-2:] == ("T", "T")]
    if scores:
        said.append(f"The attention scores of one layer are {scores[0]:,} numbers.")
    said.append(f"The model has {parameters:,} parameters.")
    return " ".join(said)


def _names(axes: Axes, stages: list[Stage]) -> None:
    plot.bare(axes)
    for place, stage in enumerate(stages):
        letters, numbers = (f"({', '.join(map(str, s))})" for s in (stage.letters, stage.shape))
        for x, text in ((0, stage.name), (0.47, letters), (0.76, numbers)):
            label = axes.text(x, place, text, va="center", size=9, color=plot.INK)
            label.set_parse_math(False)
            label.set_in_layout(False)  # it stands inside, and laying out many takes long
    axes.set(xlim=(0, 1), ylim=(len(stages) - 0.5, -0.5))  # downwards


def _bars(axes: Axes, stages: list[Stage], largest: int) -> None:
    """How many numbers a stage holds; 1 is where a bar begins, so that its length is their log."""
    colours = [plot.BLUE if "T" in stage.letters else plot.ORANGE for stage in stages]
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.barh(range(len(stages)), [s.numbers for s in stages], color=colours, height=0.76)
    for place, stage in enumerate(stages):
        style = {"va": "center", "size": 8, "color": CELL_INK}
        axes.text(1.15, place, f"{stage.numbers:,}", **style).set_in_layout(False)
    axes.set(xlim=(1, largest), ylim=(len(stages) - 0.5, -0.5), yticks=[])  # downwards
    axes.set_xlabel("numbers in it (log scale)")
    axes.spines["left"].set_visible(False)


def _expect_classifier(model: nn.Module, max_tokens: int) -> None:
    for part in ("backbone", "head"):
        if not isinstance(getattr(model, part, None), nn.Module):
            raise TypeError(
                f"explore.model_shapes: got a {type(model).__name__} without a {part}, expected a "
                "TextClassifier, or a model that has a backbone and a head. Is it the backbone "
                "alone? Put a TextClassifier around it."
            )
    if max_tokens < 2:
        raise ValueError(
            f"explore.model_shapes: got max_tokens = {max_tokens}, expected 2 or more. Leave it "
            "out for 64."
        )


def attention(backbone: Any, tokenizer: Any, sentence: str = SENTENCE) -> Explorer:
    """Where each token of a sentence looks, layer by layer and head by head, counted from 0.

    Arguments:
        backbone   a transformers model, as `load_backbone` gives it; it stays as it is, and what
                   is done to it later is not seen
        tokenizer  the one that belongs to it
        sentence   the first one; of a long sentence the first 16 tokens are read

    Raises:
        TypeError: the backbone is no transformers model, the tokenizer is none, or the sentence is
            no text.
        ValueError: the tokenizer does not belong to the backbone, or the backbone gives no
            attention weights.
    """
    _expect_parts(backbone, tokenizer, sentence)
    eager = copy.deepcopy(backbone).cpu().eval()
    eager.set_attn_implementation("eager")  # the others never hold the weights
    _, weights, _ = _look(eager, tokenizer, SENTENCE)
    layers, heads = ([str(i) for i in range(count)] for count in weights.shape[:2])
    controls = {
        "sentence": Text("sentence", sentence),
        "layer": Choice("layer", layers, layers[-1]),
        "head": Choice("head", [MEAN, *heads], MEAN),
        "row": Slider("row to read", 0, MOST_TOKENS - 1, 3),
    }
    return Explorer("attention", partial(draw_attention, eager, tokenizer), controls)


def draw_attention(
    eager: Any, tokenizer: Any, sentence: str, layer: str, head: str, row: int
) -> View:
    """A row for each token, a column for each token that it may look at, and one row read out."""
    tokens, weights, cut = _look(eager, tokenizer, sentence)
    if not tokens:
        figure, axes = plot.figure("No sentence: type a few words and press Enter", size=SQUARE)
        plot.bare(axes)
        return View(figure, "The sentence is empty, so there is nothing to look at.")
    by_head = weights[int(layer)]  # (heads, T, T)
    looks = by_head.mean(dim=0) if head == MEAN else by_head[int(head)]  # (T, T)
    place = min(row, len(tokens) - 1)
    most = int(looks[place].argmax())
    where = "itself" if most == place else f"“{tokens[most]}”"
    figure = _heat_map(f"“{tokens[place]}” looks most at {where}", looks, tokens, place)
    which = "the mean of all heads" if head == MEAN else f"head {head}"
    caption = (
        f"Layer {layer}, {which}. Row {place}, “{tokens[place]}”, gives "
        f"≈ {100 * looks[place, most]:.0f} % of its attention to column {most}, {where}. Each "
        "row adds up to 1: a token that looks more at one looks less at the others."
    )
    if cut:
        caption += f" Of this long sentence only {len(tokens)} tokens are read."
    return View(figure, caption)


def _look(eager: Any, tokenizer: Any, sentence: str) -> tuple[list[str], Tensor, bool]:
    """The tokens, the weights (layers, heads, T, T), and whether the sentence was cut off."""
    ids, longer = (
        tokenizer(sentence, truncation=True, max_length=most)["input_ids"]
        for most in (MOST_TOKENS, MOST_TOKENS + 1)
    )
    if len(ids) <= tokenizer.num_special_tokens_to_add():
        return [], torch.empty(0), False
    vocabulary = eager.get_input_embeddings().num_embeddings
    if max(ids) >= vocabulary:
        raise ValueError(
            f"explore.attention: the tokenizer gives the token number {max(ids)}, expected 0 to "
            f"{vocabulary - 1}. Does the tokenizer belong to this backbone?"
        )
    with torch.no_grad():
        outputs = eager(input_ids=torch.tensor([ids]), output_attentions=True)
    if not outputs.get("attentions"):
        raise ValueError(
            f"explore.attention: {type(eager).__name__} gives no attention weights, expected "
            "those of each layer. Try load_backbone(), or another model with self-attention."
        )
    weights = torch.cat([layer.float() for layer in outputs.attentions])  # (layers, heads, T, T)
    return [_label(tokenizer, number) for number in ids], weights, len(longer) > len(ids)


def _label(tokenizer: Any, number: int) -> str:
    """A token in letters that can be drawn."""
    text = tokenizer.decode([number]).strip() or str(tokenizer.convert_ids_to_tokens(number))
    text = drawable(text)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _heat_map(title: str, looks: Tensor, tokens: list[str], place: int) -> Figure:
    text = {"parse_math": False, "family": families()}
    figure, axes = plot.figure("", size=SQUARE)
    figure.get_layout_engine().set(rect=(0, 0, 0.99, 1))  # it lets a colour bar stick out a little
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=13, color=plot.INK, **text)
    with plot.style():
        norm = PowerNorm(0.5, 0, 1)  # of the square root: small weights are seen too
        image = axes.imshow(looks.tolist(), cmap=SHADES, norm=norm, interpolation="nearest")
        scale = {"ticks": [0, 0.05, 0.2, 0.5, 1], "format": "{x:g}", "shrink": 0.8}
        figure.colorbar(image, label="attention weight", **scale)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(
        range(len(tokens)), tokens, rotation=60, ha="left", rotation_mode="anchor", **text
    )
    axes.set_yticks(range(len(tokens)), tokens, **text)
    axes.set(xlabel="is looked at", ylabel="looks")
    axes.tick_params(length=0)
    axes.grid(False)
    box = {"facecolor": "none", "edgecolor": plot.ORANGE, "linewidth": 2}
    axes.add_patch(Rectangle((-0.5, place - 0.5), len(tokens), 1, clip_on=False, **box))
    return figure


def _expect_parts(backbone: Any, tokenizer: Any, sentence: str) -> None:
    if not hasattr(backbone, "set_attn_implementation"):
        raise TypeError(
            f"explore.attention: got a backbone of type {type(backbone).__name__}, expected a "
            "transformers model. load_backbone() gives two things, backbone and tokenizer; in a "
            "classifier it is model.backbone."
        )
    if not hasattr(tokenizer, "num_special_tokens_to_add"):
        raise TypeError(
            f"explore.attention: got a tokenizer of type {type(tokenizer).__name__}, expected the "
            "one that load_backbone() gives beside the backbone."
        )
    if not isinstance(sentence, str):
        raise TypeError(
            f"explore.attention: got a sentence of type {type(sentence).__name__}, expected str. "
            "One at a time: sentences[0]."
        )
