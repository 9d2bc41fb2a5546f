"""From paragraphs to masked batches: every draw depends on the recipe's seed and the step alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from course_lib.data import LengthBatchSampler, pad_collate
from course_lib.pretrain._recipe import Recipe

FEWEST = 5  # tokens of an example, [CLS] and [SEP] among them
HELD_OUT = 100  # one example in so many is kept for validation


def token_pieces(tokenizer: Tokenizer, paragraphs: Sequence[str], most: int) -> list[list[int]]:
    """Token numbers in pieces of at most `most`, each between [CLS] and [SEP]."""
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    found = []
    for encoding in tokenizer.encode_batch(list(paragraphs), add_special_tokens=False):
        for start in range(0, len(encoding.ids), most - 2):
            piece = [first, *encoding.ids[start : start + most - 2], last]
            if len(piece) >= FEWEST:
                found.append(piece)
    return found


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
    """Choose tokens, and of these mask 80 %, replace 10 % by chance, leave 10 % as they are.

    Method: Devlin and others (2019).
    """
    generator = torch.Generator().manual_seed(seed)
    batch = pad_collate([{"input_ids": torch.tensor(example)} for example in examples])
    ids, mask = batch["input_ids"], batch["attention_mask"]  # (B, T)
    special = torch.tensor([tokenizer.token_to_id(name) for name in ("[PAD]", "[CLS]", "[SEP]")])
    draw = torch.rand(ids.shape, generator=generator).masked_fill(torch.isin(ids, special), 2.0)
    chosen = draw < recipe.mask
    chosen.view(-1)[draw.argmin()] = True  # one at least
    way = torch.rand(ids.shape, generator=generator)
    by_chance = torch.randint(5, tokenizer.get_vocab_size(), ids.shape, generator=generator)
    inputs = torch.where(chosen & (way < 0.8), tokenizer.token_to_id("[MASK]"), ids)
    inputs = torch.where(chosen & (way >= 0.8) & (way < 0.9), by_chance, inputs)
    return MaskedBatch(inputs, mask, chosen, ids[chosen])
