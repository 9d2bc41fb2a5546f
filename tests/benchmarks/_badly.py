"""A backbone pretrained with a bug: the labels are taken after the masking.

So it is to write down what it reads, masks included, and learns to copy. Its loss falls faster and
further than that of the shipped backbone. All else is as in `course_lib.pretrain`, but shorter.
"""

import shutil
from functools import partial
from pathlib import Path
from unittest.mock import patch

from tokenizers import Tokenizer

from course_lib import data, runtime
from course_lib.pretrain import __main__ as pretrain
from course_lib.pretrain import _examples, _run
from course_lib.pretrain._recipe import Recipe
from tests.benchmarks import _rows

STEPS = 2000
EVERY = 100  # steps between two points of the curve
CURVE = "bad_curve.csv"

rightly_masked = _examples.masked_batch


def wrongly_masked(*arguments: object, **options: object) -> _examples.MaskedBatch:
    """The bug: the targets are the tokens that stand there now."""
    batch = rightly_masked(*arguments, **options)
    seen = batch.input_ids[batch.chosen]
    return _examples.MaskedBatch(batch.input_ids, batch.attention_mask, batch.chosen, seen)


def folder() -> Path:
    """Where the backbone is; it is made if it is not there, in some five minutes."""
    place = runtime.cache_dir() / f"badly_pretrained_{STEPS}"
    made = place / "backbone"
    if not (made / "curve.csv").is_file():  # written last
        _pretrain(place / "checkpoint.pt", made)
    if _rows.writes():
        _rows.FOLDER.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / "curve.csv", _rows.FOLDER / CURVE)
    return made


def _pretrain(checkpoint: Path, made: Path) -> None:
    tokenizer = Tokenizer.from_file(str(runtime.data_dir() / "backbone" / "tokenizer.json"))
    run = _run.Run(Recipe(steps=STEPS), tokenizer, data.load_paragraphs())
    with (
        patch.object(_examples, "masked_batch", wrongly_masked),
        patch.object(_run, "EVERY", EVERY),
    ):
        run.go_on(checkpoint, say=partial(print, flush=True))
    pretrain.write(run, made)
