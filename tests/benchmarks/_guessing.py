"""The old task: how well a backbone guesses hidden tokens, under the guessing head it came with."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import nn

from course_lib import data, runtime
from course_lib.pretrain import _examples
from course_lib.pretrain._recipe import Recipe
from course_lib.pretrain.pieces import token_pieces

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHIPPED = runtime.data_dir() / "backbone"
RECIPE = Recipe()


def under_its_head(backbone: nn.Module, folder: Path = SHIPPED) -> nn.Module:
    """The backbone under the guessing head that is stored in the folder.

    The head's last layer is tied to the word embeddings, so it is that of the backbone.
    """
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    model.base_model.load_state_dict(backbone.state_dict())
    return model


@torch.no_grad()
def guesses(
    model: nn.Module, tokenizer: "PreTrainedTokenizerBase", sentences: Sequence[str]
) -> tuple[float, float]:
    """Mean cross-entropy of the tokens that the recipe's masks hide, and the share guessed right.

    The same tokens are hidden each time.
    """
    examples = token_pieces(tokenizer.backend_tokenizer, sentences, RECIPE.tokens)
    loss, right, count = 0.0, 0, 0
    for start in range(0, len(examples), RECIPE.batch_size):
        part = examples[start : start + RECIPE.batch_size]
        batch = _examples.masked_batch(part, tokenizer.backend_tokenizer, RECIPE, seed=start)
        inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        hidden = model.base_model(**inputs).last_hidden_state[batch.chosen]  # (M, H)
        logits = model.cls(hidden)  # (M, V)
        loss += F.cross_entropy(logits, batch.targets, reduction="sum").item()
        right += (logits.argmax(dim=1) == batch.targets).sum().item()
        count += len(batch.targets)
    return loss / count, right / count


def guesses_of(backbone: nn.Module, folder: Path = SHIPPED) -> tuple[float, float]:
    """Loss and share guessed right on the sentences of the validation split."""
    return guesses(under_its_head(backbone, folder), _tokenizer(folder), _sentences())


@cache
def _tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def _sentences() -> list[str]:
    return data.load_docstrings("validation")[0]
