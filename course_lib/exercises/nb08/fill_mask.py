"""Exercise 08.5: what the model would write."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course_lib.exercises._checking import Known, call, expect, expect_that, explaining
from course_lib.exercises._exercise import Exercise
from course_lib.exercises.nb08 import _toy

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def fill_mask(
    model: nn.Module, tokenizer: "PreTrainedTokenizerBase", text: str, top: int = 5
) -> list[tuple[str, float]]:
    """-> [(token, probability), ...], the most probable first, for the one [MASK] in text"""
    inputs = tokenizer(text, return_tensors="pt")
    place = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero().item()
    model.eval()
    with torch.no_grad():
        logits = model(**inputs).logits  # (1, T, V)
    best = logits[0, place].softmax(dim=-1).topk(top)
    tokens = tokenizer.convert_ids_to_tokens(best.indices.tolist())
    return list(zip(tokens, best.values.tolist(), strict=True))


MIDDLE = "the [MASK] rises"  # [CLS] the [MASK] rises [SEP]: position 2 of 5
PLACE = (
    "Look for the position among the input_ids, which have a [CLS] in front: "
    "(input_ids[0] == tokenizer.mask_token_id).nonzero().item()."
)
NAMES = 'The tokenizer makes tensors, tokenizer(text, return_tensors="pt"), and model(**inputs).'
PLAIN = "Tokens are texts and probabilities plain numbers: .tolist() or .item() makes them so."


def _run(attempt: Any, model: nn.Module, text: str, tried: str, **options: Any) -> Any:
    zero_axes = "The tokenizer takes plain numbers here, or a list of them: indices.tolist()."
    one = "The answer is an object with parts: the logits are model(**inputs).logits."
    batch = "The model reads a batch, (B, T). One text is a batch of B = 1."
    a_bool = (
        "A tensor == a text is False, one answer for all. Compare with the number: "
        "input_ids == tokenizer.mask_token_id."
    )
    nested = "The position is no plain number: .item() behind (...).nonzero() makes one."
    row = "logits are (1, T, V): the row first, then the position, logits[0, place]."
    with (
        explaining(AttributeError, a_bool, "'bool' object"),
        explaining(TypeError, PLACE, "Tensor.index()"),
        explaining(IndexError, row, "with size 1"),
        explaining(AttributeError, one, "MaskedLMOutput"),
        explaining(AttributeError, NAMES, "shape"),
        explaining(TypeError, nested, "not 'list'"),
        explaining(TypeError, zero_axes, "0-d tensor"),
        explaining(TypeError, zero_axes, "int() argument"),
        explaining(TypeError, NAMES, "forward()"),
        explaining(ValueError, PLACE, "is not in list"),
        explaining(ValueError, zero_axes, "only one element tensors"),
        explaining(ValueError, batch, "(expected 2, got 1)"),
        explaining(RuntimeError, PLACE, "Tensor with 0 elements"),
        explaining(RuntimeError, PLACE, "a Tensor with"),
        explaining(RuntimeError, PLAIN, "requires grad"),
    ):
        return call(attempt, model, _toy.ToyTokenizer(), text, tried=tried, **options)


def _expect_list(got: Any, tried: str, top: int) -> None:
    """Raise a `Mistake` unless it is a list of pairs of a text and a number."""
    wanted = f"a list of {top} pairs (token, probability)"
    expect_that(
        not isinstance(got, (zip, dict)),
        tried=tried,
        told=f"a {type(got).__name__}",
        expected=wanted,
        idea="A list of pairs is asked: list(zip(tokens, probabilities)).",
    )
    expect_that(
        not isinstance(got, str),
        tried=tried,
        got=got,
        expected=wanted,
        idea="One text came back. `top` guesses are asked, each with its probability.",
    )
    if not isinstance(got, list) or not all(type(each) is tuple for each in got):
        return  # expect says the rest
    parts = [part for each in got for part in each]
    expect_that(
        not any(isinstance(part, Tensor) for part in parts),
        tried=tried,
        told="pairs with tensors in them",
        expected=wanted,
        idea=PLAIN,
    )
    expect_that(
        not any(type(token) is int for token, *_ in filter(None, got)),
        tried=tried,
        got=got,
        expected=wanted,
        idea="These are numbers of tokens. tokenizer.convert_ids_to_tokens says which they are.",
    )


def _expect(
    attempt: Any, text: str, place: int, top: int | None = None, training: bool = False
) -> None:
    """Call with this text and expect the guesses for this position."""
    model = _toy.ToyModel().train(training)
    options, top = ({}, 5) if top is None else ({"top": top}, top)
    named = f", top={top}" if options else ""
    tried = f'fill_mask(model, tokenizer, "{text}"{named})'
    if training:
        tried += " with a model in training mode"
    got = _run(attempt, model, text, tried, **options)
    _expect_list(got, tried, top)
    expect(
        got,
        _toy.guesses(place, top),
        tried=tried,
        idea="softmax over the vocabulary at the position of [MASK], then topk.",
        known=_known(place, text, top),
    )


def _known(place: int, text: str, top: int) -> list[Known]:
    T, words = len(_toy.ToyTokenizer().tokenize(text)) + 2, text.split()
    right = _toy.guesses(place, top)
    tokens = [token for token, _ in right]
    logits = _toy.logits_of(T)  # (1, T, V)
    own = logits[0, place]
    largest = own.topk(top).values
    last = "This is the position of the last token, [SEP]."
    behind = "This is one position too far."
    counted = "The words were counted, and a word may be several pieces."
    return [
        Known(
            _toy.guesses(place, top, training=True),
            "The model was in training mode, and its dropout at work: model.eval() first.",
        ),
        *(
            Known(_toy.guesses(other, top), f"{why} {PLACE}")
            for other, why in (
                (0, "This is the position of [CLS]."),
                (words.index("[MASK]") + 1, counted),
                (place - 1, "This is the position before: [CLS] stands in front of the words."),
                (T - 1, last),
                (place + 1, behind),
            )
            if other != place
        ),
        Known(right[::-1], "The least probable of them came first. The most probable comes first."),
        Known(_of(own.softmax(-1), (-own).topk(top).indices), "These are the least probable ones."),
        Known(
            _of(own, own.topk(top).indices),
            "These are logits. softmax over the vocabulary makes probabilities of them.",
        ),
        Known(_of(own.log_softmax(-1), own.topk(top).indices), "These are logarithms: softmax."),
        Known(
            list(zip(tokens, largest.softmax(-1).tolist(), strict=True)),
            f"These sum to 1, as if there were {top} words in all. softmax over the whole "
            "vocabulary first, then topk.",
        ),
        *(_wrong_axis(logits, place, top, dim) for dim in (0, 1)),
        Known(
            list(zip(" ".join(tokens), [value for _, value in right], strict=False)),
            "decode makes one text of several numbers, and these are its letters. "
            "convert_ids_to_tokens keeps them apart.",
        ),
        Known(
            [(token, 100 * value) for token, value in right],
            "These are per cent. Probabilities lie between 0 and 1, and sum to 1.",
        ),
        Known(
            [(text.replace("[MASK]", token), value) for token, value in right],
            "The whole sentence came back. The token alone is asked: (token, probability).",
        ),
        Known(tokens, "The tokens alone. Each with its probability: (token, probability)."),
        Known([value for _, value in right], "The probabilities alone: (token, probability)."),
        Known([pair[::-1] for pair in right], "The token comes first: (token, probability)."),
        Known(right[:1], f"One only. top says how many: topk(top), here {top}."),
        Known(_toy.guesses(place, 5), f"Five, though {top} are asked: topk(top)."),
        Known(_toy.guesses(place, _toy.V), f"All of them, though {top} are asked: topk(top)."),
    ]


def _of(values: Tensor, indices: Tensor) -> list[tuple[str, float]]:
    return [(_toy.WORDS[number], values[number].item()) for number in indices.tolist()]


def _wrong_axis(logits: Tensor, place: int, top: int, dim: int) -> Known:
    shares = logits.softmax(dim=dim)[0, place]
    idea = "The softmax ran over the wrong axis. Probabilities of words sum to 1 over V: dim=-1."
    return Known(_of(shares, shares.topk(top).indices), idea)


def _in_the_middle(attempt: Any) -> None:
    """the five most probable tokens for the mask, the first of them with probability 1/2"""
    _expect(attempt, MIDDLE, 2)


def _anywhere(attempt: Any) -> None:
    """wherever the mask stands"""
    _expect(attempt, "[MASK] loss falls", 1)
    _expect(attempt, "each row is the [MASK]", 5)


def _behind_pieces(attempt: Any) -> None:
    """behind words of several pieces, too"""
    _expect(attempt, "rows of means [MASK] each", 6)


def _top(attempt: Any) -> None:
    """as many as `top`"""
    for top in (1, 3, 8):
        _expect(attempt, MIDDLE, 2, top)


def _in_eval(attempt: Any) -> None:
    """it asks the model in evaluation mode"""
    _expect(attempt, MIDDLE, 2, training=True)
    model = _toy.ToyModel().eval()
    tried = f'fill_mask(model, tokenizer, "{MIDDLE}") with a model in evaluation mode'
    _run(attempt, model, MIDDLE, tried)
    expect_that(
        not model.training,
        tried=f"{tried}: its mode afterwards",
        told="training mode",
        expected="evaluation mode, as it was",
        idea="Whoever goes on with the model would have dropout at work. model.train() at the end "
        "only if it was in training mode before: was = model.training, then model.train(was).",
    )


EXERCISE = Exercise(
    "08.5",
    "Fill the mask",
    8,
    fill_mask,
    (_in_the_middle, _anywhere, _behind_pieces, _top, _in_eval),
    (
        "Four steps: the numbers of the tokens, the position of the mask, its logits, softmax.",
        (
            'inputs = tokenizer(text, return_tensors="pt"), and model(**inputs).logits is '
            "(1, T, V). Position: (inputs['input_ids'][0] == tokenizer.mask_token_id).nonzero()."
        ),
        (
            "best = logits[0, place].softmax(dim=-1).topk(top), which has .values and .indices; "
            "tokenizer.convert_ids_to_tokens(best.indices.tolist()) gives the tokens. model.eval() "
            "before."
        ),
    ),
)
