"""From paragraphs to masked batches: every draw depends on the recipe's seed and the step alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from course_lib.data import LengthBatchSampler, pad_collate
from course_lib.pretrain._recipe import Recipe
from course_lib.pretrain.masking import IGNORED, mask_tokens
from course_lib.pretrain.pieces import SPECIAL

HELD_OUT = 100  # one example in so many is kept for validation


def divided(examples: Sequence[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """The examples to train on, and those for validation."""
    kept = [example for number, example in enumerate(examples) if number % HELD_OUT]
    return kept, list(examples[::HELD_OUT])


def epoch_order(lengths: Sequence[int], recipe: Recipe, epoch: int) -> list[list[int]]:
    """The batches of an epoch, as lists of indices."""
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
    return list(LengthBatchSampler(lengths, recipe.batch_size, generator=generator))


@dataclass(frozen=True)
class MaskedBatch:
    """Inputs with tokens masked, and what stood there.

    Shapes:
        input_ids, attention_mask  (B, T)
        chosen                     (B, T)  True where a token is to be guessed
        targets                    (M,)    the tokens that stood there, row by row
    """

    input_ids: Tensor
    attention_mask: Tensor
    chosen: Tensor
    targets: Tensor


def masked_batch(
    examples: Sequence[list[int]], tokenizer: Tokenizer, recipe: Recipe, seed: int
) -> MaskedBatch:
    """The examples padded to one length, and masked as the recipe and the seed say."""
    generator = torch.Generator().manual_seed(seed)
    batch = pad_collate([{"input_ids": torch.tensor(example)} for example in examples])
    special = [tokenizer.token_to_id(name) for name in ("[PAD]", "[CLS]", "[SEP]")]
    words = range(len(SPECIAL), tokenizer.get_vocab_size())
    masked, labels = mask_tokens(
        batch["input_ids"],
        special,
        tokenizer.token_to_id("[MASK]"),
        words,
        recipe.mask,
        generator,
    )
    chosen = labels != IGNORED
    return MaskedBatch(masked, batch["attention_mask"], chosen, labels[chosen])
