"""The hand-written loop and transformers.Trainer, step by step; its defaults one by one; resuming.

All train the running task for two epochs, shuffled, with dropout and AdamW. Differences are those
of the loss of a step and of a weight at the end, and are the same on a busy machine: nothing is
timed here. What the loops cost is in `loop`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks._table import table
from tests.benchmarks._tasks import LABELS
from tests.benchmarks._trainers import (
    EPOCHS,
    ITS_SEED,
    Dropping,
    Trained,
    by_accelerate,
    by_fit,
    by_hand,
    by_trainer,
    in_its_order,
    in_order,
    matrices_decay,
    seeding_by_epoch,
)

DECAY, ITS_RATE = 0.01, 5e-5  # AdamW's; Trainer's
SAVE_EVERY, STOPS = 8, (8, 32, 40)  # steps; in the first epoch, at its end, in the second


def run() -> Iterator[str]:
    yield agreement()
    yield defaults()
    yield resuming()


# Step by step.


def agreement() -> str:
    base, rows = by_hand(), []
    for name, train in {
        "fit": by_fit,
        "accelerate": by_accelerate,
        "transformers.Trainer": by_trainer,
    }.items():
        found = train()
        differing = sum(a != b for a, b in zip(base.losses, found.losses, strict=True))
        loss, weight = differences(base, found)
        rows.append([name, len(found.losses), differing, _shown(loss), _shown(weight)])
    return table(
        f"{LABELS} labels, {EPOCHS} epochs, everything switched off: differences from the loop "
        "written out",
        ("loop", "steps", "losses that differ", "largest difference of a loss", "of a weight"),
        rows,
    )


def differences(one: Trained, other: Trained) -> tuple[float, float]:
    """The largest of a step's loss, and of a weight at the end."""
    losses = (abs(a - b) for a, b in zip(one.losses, other.losses, strict=True))
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    weights = ((a.detach() - b.detach()).abs().max().item() for a, b in pairs)
    return max(losses), max(weights)


def first_difference(one: Sequence[float], other: Sequence[float]) -> int | None:
    """The number of the step, from 1 on, whose loss differs first."""
    pairs = zip(one, other, strict=True)
    return next((step for step, (a, b) in enumerate(pairs, start=1) if a != b), None)


def _shown(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


# One default at a time, and a loop that does the same.


RANDOM = {"loader": None, "train_sampling_strategy": "random"}
SEQUENTIAL = {"loader": None, "train_sampling_strategy": "sequential"}
CASES = {  # name: what changes for Trainer, and for the loop that does the same
    'optim="adamw_torch_fused"': ({"optim": "adamw_torch_fused"}, {"fused": True}),
    "max_grad_norm=1.0": ({"max_grad_norm": 1.0}, {"clip": 1.0}),
    'lr_scheduler_type="linear"': ({"lr_scheduler_type": "linear"}, {"linear": True}),
    f"learning_rate={ITS_RATE:.0e}": ({"learning_rate": ITS_RATE}, {"rate": ITS_RATE}),
    "its own order, random": (RANDOM, {"loader": in_its_order}),
    "its own seed, 42": ({"seeded": False}, {"seed": ITS_SEED}),
    "all of these": (
        RANDOM
        | {
            "optim": "adamw_torch_fused",
            "max_grad_norm": 1.0,
            "lr_scheduler_type": "linear",
            "learning_rate": ITS_RATE,
            "seeded": False,
        },
        {
            "fused": True,
            "clip": 1.0,
            "linear": True,
            "rate": ITS_RATE,
            "loader": in_its_order,
            "seed": ITS_SEED,
        },
    ),
    "not a default: sequential order": (SEQUENTIAL, {"loader": in_order}),
    f"not a default: weight_decay={DECAY}": (
        {"weight_decay": DECAY},
        {"decay": DECAY, "groups": matrices_decay},
    ),
    "the same, and AdamW's own in the loop": ({"weight_decay": DECAY}, {"decay": DECAY}),
    "not a default: bf16=True": ({"bf16": True}, {"autocast": True}),
}


def defaults() -> str:
    base, rows = by_hand(), []
    for name, (changed, followed) in CASES.items():
        found, same = by_trainer(**changed), by_hand(**followed)
        step = first_difference(base.losses, found.losses)
        apart = [*differences(base, found), *differences(same, found)]
        rows.append([name, "none" if step is None else step, *map(_shown, apart)])
    return table(
        f"{LABELS} labels, {EPOCHS} epochs: Trainer with one thing put back, against the loop "
        "without it and against a loop that does the same",
        (
            "put back",
            "first step that differs",
            "largest difference of a loss",
            "of a weight",
            "a loop that does the same: of a loss",
            "of a weight",
        ),
        rows,
    )


# Resuming.


def resuming() -> str:
    """From three checkpoints of one training."""
    rows = []
    for name, options in {
        "make_loader's, by get_train_dataloader": {},
        "the same, its generator seeded by the epoch": {"callbacks": [seeding_by_epoch()]},
        "its own, random": RANDOM,
        "its own, sequential": SEQUENTIAL,
        "its own, random, and a dataset that draws": RANDOM | {"dataset": Dropping()},
    }.items():
        rows.append([name, *(_resumed_shown(*each) for each in resumed(options))])
    return table(
        f"{LABELS} labels, {EPOCHS} epochs: Trainer resumed from a checkpoint against Trainer left "
        "alone: largest difference of a loss after that, of a weight, and the first such step",
        ("order of the batches", *(f"from step {step}" for step in STOPS)),
        rows,
    )


def resumed(options: dict) -> Iterator[tuple[float, float, int | None]]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as parent:
        saving = {"save_strategy": "steps", "save_steps": SAVE_EVERY}
        whole = by_trainer(**options, folder=Path(parent) / "whole", **saving)
        for step in STOPS:
            checkpoint = Path(parent) / "whole" / f"checkpoint-{step}"
            rest = by_trainer(**options, resume=checkpoint, save_steps=SAVE_EVERY)
            expected = Trained(whole.losses[step:], whole.model)
            first = first_difference(expected.losses, rest.losses)
            yield *differences(expected, rest), None if first is None else step + first


def _resumed_shown(loss: float, weight: float, first: int | None) -> str:
    numbers = f"{_shown(loss)}, {_shown(weight)}"
    return numbers if first is None else f"{numbers}, step {first}"
