"""`python -m course_lib.pretrain`: make the backbone, in an hour or so; Ctrl-C and go on later."""

import argparse
import csv
import dataclasses
import io
from pathlib import Path

from course_lib import _files, runtime
from course_lib.data import load_paragraphs
from course_lib.pretrain._recipe import Recipe
from course_lib.pretrain._run import Run
from course_lib.pretrain.pieces import train_tokenizer
from course_lib.shapes import count_parameters

FINE_TUNING_DROPOUT = 0.2  # goes into config.json; chosen on the validation sentences


def write(run: Run, folder: Path) -> None:
    """The model, its tokenizer and its curve, as `from_pretrained` and a reader want them."""
    from transformers import BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    # Without dropout in pretraining, with it in fine-tuning: few labels are soon learned by heart.
    run.model.config.hidden_dropout_prob = FINE_TUNING_DROPOUT
    run.model.config.attention_probs_dropout_prob = FINE_TUNING_DROPOUT
    run.model.save_pretrained(folder)
    tokenizer = BertTokenizerFast(
        tokenizer_object=run.tokenizer, model_max_length=run.recipe.tokens
    )
    tokenizer.save_pretrained(folder)
    text = io.StringIO()
    table = csv.DictWriter(text, list(run.history[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(run.history)
    _files.write_atomically(folder / "curve.csv", text.getvalue().encode())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m course_lib.pretrain", description=__doc__)
    parser.add_argument("--output", type=Path, default=runtime.data_dir() / "backbone")
    parser.add_argument("--work", type=Path, default=runtime.cache_dir() / "pretrain")
    for field in dataclasses.fields(Recipe):
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(name, type=type(field.default), default=field.default)
    chosen = vars(parser.parse_args())
    output, work = chosen.pop("output"), chosen.pop("work")
    recipe, paragraphs = Recipe(**chosen), load_paragraphs()
    print(f"{len(paragraphs):,} paragraphs; learning {recipe.vocabulary:,} word pieces", flush=True)
    tokenizer = train_tokenizer(paragraphs, recipe.vocabulary)
    run = Run(recipe, tokenizer, paragraphs)
    numbers = count_parameters(run.model)
    print(
        f"{len(run.train):,} examples, {numbers:,} parameters, {recipe.steps:,} steps", flush=True
    )
    run.go_on(work / "checkpoint.pt", say=lambda text: print(text, flush=True))
    write(run, output)
    print(f"written to {output}")


if __name__ == "__main__":
    main()
