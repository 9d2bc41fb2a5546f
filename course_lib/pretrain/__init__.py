"""Pretraining by guessing hidden tokens. `python -m course_lib.pretrain` makes the backbone."""

from course_lib.pretrain.masking import fill_mask, mask_tokens
from course_lib.pretrain.pieces import learn_pieces, token_pieces, train_tokenizer

__all__ = ["fill_mask", "learn_pieces", "mask_tokens", "token_pieces", "train_tokenizer"]
