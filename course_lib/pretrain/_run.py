"""The run itself: it stops and goes on without a difference, and writes what it made."""

import io
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from course_lib import _files
from course_lib.pretrain import _examples
from course_lib.pretrain._recipe import Recipe
from course_lib.pretrain.pieces import token_pieces

EVERY = 500  # steps between two validations, each with a checkpoint


def make_model(recipe: Recipe, size: int) -> nn.Module:
    """A BERT with a head for masked tokens, its weights drawn from the recipe's seed."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=size,
        hidden_size=recipe.hidden,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        intermediate_size=4 * recipe.hidden,
        max_position_embeddings=recipe.tokens,
        type_vocab_size=1,
        hidden_dropout_prob=0.0,  # one pass over little text: the mask is noise enough
        attention_probs_dropout_prob=0.0,
    )
    torch.manual_seed(recipe.seed)
    return BertForMaskedLM(config)


def loss_of(model: nn.Module, batch: _examples.MaskedBatch) -> Tensor:
    """Cross-entropy over the chosen tokens; the head computes no others."""
    inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
    hidden = model.bert(**inputs).last_hidden_state[batch.chosen]  # (M, H)
    return F.cross_entropy(model.cls(hidden), batch.targets)


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW; biases and norms, which have one axis, do not decay."""
    decaying = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": decaying, "weight_decay": recipe.weight_decay}, {"params": others}]
    return torch.optim.AdamW(groups, recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)


class Run:
    """One pretraining run: model, optimizer, history, and the step that comes next."""

    def __init__(self, recipe: Recipe, tokenizer: Tokenizer, paragraphs: list[str]) -> None:
        self.recipe, self.tokenizer = recipe, tokenizer
        examples = token_pieces(tokenizer, paragraphs, recipe.tokens)
        self.train, self.validation = _examples.divided(examples)
        self.lengths = [len(example) for example in self.train]
        self.model = make_model(recipe, tokenizer.get_vocab_size())
        self.optimizer = make_optimizer(self.model, recipe)
        self.step, self.seconds, self.history = 0, 0.0, []

    def go_on(self, checkpoint: Path, say: Callable[[str], None] = print) -> None:
        """Train from where the run stands to the last step, with a checkpoint now and then."""
        if checkpoint.is_file():
            self.load(checkpoint)
            say(f"goes on from step {self.step:,}")
        per_epoch = -(-len(self.train) // self.recipe.batch_size)
        losses: list[float] = []
        started = time.monotonic() - self.seconds
        while self.step < self.recipe.steps:
            epoch, place = divmod(self.step, per_epoch)
            for indices in _examples.epoch_order(self.lengths, self.recipe, epoch)[place:]:
                losses.append(self.train_step(indices))
                if self.step % EVERY == 0 or self.step == self.recipe.steps:
                    self.seconds = time.monotonic() - started
                    self.note(sum(losses) / len(losses))
                    losses.clear()
                    self.save(checkpoint)
                    say(json.dumps(self.history[-1]))
                if self.step == self.recipe.steps:
                    return

    def train_step(self, indices: list[int]) -> float:
        seed = self.recipe.seed * 1_000_003 + 7 * self.step
        examples = [self.train[index] for index in indices]
        loss = loss_of(
            self.model, _examples.masked_batch(examples, self.tokenizer, self.recipe, seed)
        )
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate(self.step)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        return loss.item()

    @torch.no_grad()
    def validate(self) -> float:
        """The mean loss over the chosen tokens of the validation part; always the same ones."""
        self.model.eval()
        examples = sorted(self.validation, key=len)
        total, count = 0.0, 0
        for start in range(0, len(examples), self.recipe.batch_size):
            part = examples[start : start + self.recipe.batch_size]
            batch = _examples.masked_batch(part, self.tokenizer, self.recipe, seed=start)
            total += loss_of(self.model, batch).item() * len(batch.targets)
            count += len(batch.targets)
        self.model.train()
        return total / count

    def note(self, train_loss: float) -> None:
        entry = {"step": self.step, "train_loss": round(train_loss, 4)}
        self.history.append(entry | {"validation_loss": round(self.validate(), 4)})

    def save(self, path: Path) -> None:
        state: dict[str, Any] = {"recipe": asdict(self.recipe), "step": self.step}
        state |= {"seconds": self.seconds, "history": self.history}
        state |= {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        buffer = io.BytesIO()
        torch.save(state, buffer)
        _files.write_atomically(path, buffer.getvalue())

    def load(self, path: Path) -> None:
        """Take up a checkpoint. Raises ValueError where it belongs to another recipe."""
        state = torch.load(path, weights_only=True)
        if state["recipe"] != asdict(self.recipe):
            changed = [k for k, v in asdict(self.recipe).items() if state["recipe"].get(k) != v]
            raise ValueError(
                f"pretrain: {path.name} was made with another {', '.join(changed) or 'recipe'}; "
                "expected the recipe of this run. Name another folder, or delete that file."
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.history = state["step"], state["seconds"], state["history"]
