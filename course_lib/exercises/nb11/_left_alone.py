"""Trainer's arguments that exercise 11.3 does not ask for, and that would spoil what follows."""

from transformers import TrainingArguments

from course_lib.exercises._checking import expect_that
from course_lib.exercises.nb11._accelerate import state_set_aside

FIELDS = (
    "bf16",
    "fp16",
    "bf16_full_eval",
    "fp16_full_eval",
    "torch_compile",
    "gradient_checkpointing",
    "activation_checkpointing",
    "label_smoothing_factor",
    "neftune_noise_alpha",
    "label_names",
    "auto_find_batch_size",
    "dataloader_drop_last",
    "train_sampling_strategy",
    "full_determinism",
    "seed",
    "data_seed",
    "eval_strategy",
    "eval_on_start",
    "eval_do_concat_batches",
    "prediction_loss_only",
    "batch_eval_metrics",
    "include_for_metrics",
    "include_num_input_tokens_seen",
    "skip_memory_metrics",
    "load_best_model_at_end",
    "push_to_hub",
)


def expect_left_alone(got: TrainingArguments, tried: str) -> None:
    """Raise a `Mistake` that names the first of the fields that is not at its default.

    Transformers 5.15 has not all of them yet.
    """
    with state_set_aside():
        bare = TrainingArguments(output_dir=got.output_dir, use_cpu=True)
    for name in FIELDS:
        value, default = getattr(got, name, None), getattr(bare, name, None)
        expect_that(
            bool(value == default),
            tried=f"{tried}.{name}",
            told=str(getattr(value, "value", value)),
            expected=str(getattr(default, "value", default)),
            idea=f"`{name}` is not asked: leave it at its default.",
        )
