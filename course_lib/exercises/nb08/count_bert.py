"""Exercise 08.6: how large a BERT is, from its configuration."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise

if TYPE_CHECKING:
    from transformers import BertConfig


def count_bert(config: "BertConfig") -> dict[str, int]:
    """{"embeddings": ..., "layers": ...}: the parameters of a BertModel(config,
    add_pooling_layer=False), from its configuration alone"""
    H, wide = config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    attention = 4 * (H * H + H) + 2 * H
    feed_forward = (H * wide + wide) + (wide * H + H) + 2 * H
    return {
        "embeddings": rows * H + 2 * H,
        "layers": config.num_hidden_layers * (attention + feed_forward),
    }


# H = 4: tables 10 * 4 + 6 * 4 + 3 * 4, norm 8. In a layer: attention 4 * 16 + 16 biases,
# feed-forward 40 + 40 + 14 biases, two norms of 8.
EMBEDDINGS, LAYER = 84, 190
ALONE = (
    "The configuration alone is at hand here, and no model: each number follows from vocab_size, "
    "max_position_embeddings, type_vocab_size, hidden_size, intermediate_size and "
    "num_hidden_layers."
)
NORM = "A LayerNorm has a weight and a bias for each of the H features: 2 * H."
IDEA_OF_A_LAYER = (
    "Query, key, value and output are 4 linear layers from H to H; then one from H to "
    "intermediate_size and one back; each has a bias. And two LayerNorms."
)


def config_of(**changes: int) -> SimpleNamespace:
    """A small configuration with Transformers' names."""
    return SimpleNamespace(
        **{
            "vocab_size": 10,
            "max_position_embeddings": 6,
            "type_vocab_size": 3,
            "hidden_size": 4,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 10,
        }
        | changes
    )


def _count(attempt: Any, config: SimpleNamespace) -> tuple[Any, str]:
    """What the attempt says, as a dict with the two keys."""
    tried = ", ".join(f"{name} {value}" for name, value in vars(config).items())
    with (
        explaining(AttributeError, ALONE),
        explaining(TypeError, ALONE, "BertModel"),
        explaining(TypeError, "A configuration's parts are attributes: config.hidden_size.", "sub"),
    ):
        got = call(attempt, config, tried=tried)
    named = isinstance(got, dict) and {"embeddings", "layers"} == set(got)
    expect_that(
        named,
        tried=tried,
        got=got,
        expected='a dict with "embeddings" and "layers"',
        idea='Two numbers, by name: {"embeddings": ..., "layers": ...}.',
    )
    return got, tried


def _expect_number(
    attempt: Any,
    name: str,
    config: SimpleNamespace,
    number: int,
    idea: str,
    known: Sequence[Known] = (),
) -> None:
    """Expect one of the two numbers."""
    got, tried = _count(attempt, config)
    whole = Known(float(number), "The right number, as a float: // divides to whole numbers.")
    expect(got[name], number, tried=f'{tried}: "{name}"', idea=idea, known=[*known, whole])


def _embeddings(attempt: Any) -> None:
    """embeddings: a row for each word, position and type, and a LayerNorm"""
    three = "Three tables: words, positions (max_position_embeddings) and types (type_vocab_size)."
    no_bias = "A table has no bias: one row of H numbers for each entry, and no more."
    _expect_number(
        attempt,
        "embeddings",
        config_of(),
        EMBEDDINGS,
        f"(10 + 6 + 3) * 4, and 2 * 4 in the LayerNorm behind them. {three}",
        (
            Known(76, f"The LayerNorm behind the tables is missing. {NORM}"),
            Known(80, f"Half of the LayerNorm is missing. {NORM}"),
            Known(40, f"This is the table of words alone. {three} And a LayerNorm: 2 * H."),
            Known(48, f"This is the table of words, and a LayerNorm. {three}"),
            Known(72, f"The table of types is missing. {three}"),
            Known(64, f"The table of types is missing, and the LayerNorm. {three} {NORM}"),
            Known(60, f"The table of positions is missing. {three}"),
            Known(52, f"The table of positions is missing, and the LayerNorm. {three} {NORM}"),
            Known(88, no_bias),  # one of H
            Known(96, no_bias),  # one of H for each table
            Known(103, no_bias),  # one number for each row
            Known(94, "The bias of the head for masked tokens is counted: it is no part of this."),
            Known(84 + LAYER, "The layers are counted here too: they have a number of their own."),
        ),
    )
    _expect_number(
        attempt,
        "embeddings",
        config_of(type_vocab_size=5, max_position_embeddings=9),
        104,  # (10 + 9 + 5) * 4 + 8
        three,
        (
            Known(96, "Three types are written into it: config.type_vocab_size."),
            Known(92, "The number of positions is written into it: max_position_embeddings."),
        ),
    )


def _one_layer(attempt: Any) -> None:
    """a layer: attention, a feed-forward part, and two LayerNorms"""
    heads = "The heads share the H features, H / heads each: together they have H, however many."
    back = "The layer back to H has H biases, not intermediate_size."
    _expect_number(
        attempt,
        "layers",
        config_of(),
        LAYER,
        f"4 * (4 * 4 + 4) + (4 * 10 + 10) + (10 * 4 + 4) + 2 * (2 * 4) = 190. {IDEA_OF_A_LAYER}",
        (
            Known(
                174,
                "4 * H are missing. As many are in the two LayerNorms, behind attention and behind "
                "the rest; and in the biases of the four layers of attention.",
            ),
            Known(182, f"There are two LayerNorms, behind attention and behind the rest. {NORM}"),
            Known(198, f"There are two LayerNorms in a layer, and no third. {NORM}"),
            Known(160, "The biases are missing: a linear layer from a to b has a * b + b."),
            Known(152, "The biases are missing: a linear layer has a * b + b, a LayerNorm 2 * H."),
            Known(144, f"The biases are missing, a * b + b, and the LayerNorms. {NORM}"),
            Known(176, "The biases of the feed-forward part are missing: a * b + b."),
            Known(
                170,
                "Three of four: what attention has found goes through a linear layer as well, the "
                "output.",
            ),
            Known(154, f"Three of four, and no LayerNorms. {IDEA_OF_A_LAYER}"),
            Known(270, heads),  # two times
            Known(150, heads),  # half
            Known(250, heads),  # two times, but for the output
            Known(196, back),
            Known(184, "The first layer of the feed-forward part has intermediate_size biases."),
            Known(146, "The way back to H is missing: the feed-forward part has two layers."),
            Known(140, "One of the two layers of the feed-forward part is missing."),
            Known(96, "This is attention and the norms. The feed-forward part is missing."),
            Known(210, "The pooler is counted. With add_pooling_layer=False there is none."),
            Known(244, "4 * H is written into it. The configuration says intermediate_size: 10."),
        ),
    )


def _several(attempt: Any) -> None:
    """as many layers as there are"""
    _expect_number(
        attempt,
        "layers",
        config_of(num_hidden_layers=3),
        3 * LAYER,
        "Layers share nothing: three have three times as many.",
        (
            Known(LAYER, "This is one layer: num_hidden_layers times as many."),
            Known(3 * LAYER + 20, "The pooler is counted. add_pooling_layer=False: there is none."),
            Known(3 * LAYER + 8, "There is no norm behind the last layer: each has its own two."),
        ),
    )


def _wide(attempt: Any) -> None:
    """any width, however many heads"""
    for wide, heads in ((8, 1), (8, 4), (5, 2), (16, 4)):
        layer = 80 + (4 * wide + wide) + (wide * 4 + 4) + 16
        _expect_number(
            attempt,
            "layers",
            config_of(intermediate_size=wide, num_attention_heads=heads),
            layer,
            IDEA_OF_A_LAYER,
            (Known(layer - 80 + 80 * heads, "The heads share the H features: they add nothing."),),
        )


def _backbone(attempt: Any) -> None:
    """the course's backbone has 1,371,392 in all"""
    config = config_of(
        vocab_size=6000,
        max_position_embeddings=64,
        type_vocab_size=1,
        hidden_size=128,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=512,
    )
    got, tried = _count(attempt, config)
    numbers = {"embeddings": 776_576, "layers": 594_816}
    expect(got, numbers, tried=tried, idea="H is 128 here: 6065 * 128 + 2 * 128, and 3 * 198,272.")


EXERCISE = Exercise(
    "08.6",
    "How large is a BERT?",
    10,
    count_bert,
    (_embeddings, _one_layer, _several, _wide, _backbone),
    (
        "A table has rows * H. A linear layer from a to b has a * b + b. A LayerNorm has 2 * H.",
        (
            "Embeddings: three tables and a LayerNorm. A layer: query, key, value and output, each "
            "from H to H; H to intermediate_size and back; two LayerNorms."
        ),
        (
            "embeddings = (V + P + types) * H + 2 * H; a layer = 4 * (H * H + H) + (H * I + I) + "
            "(I * H + H) + 2 * 2 * H, times num_hidden_layers"
        ),
    ),
)
