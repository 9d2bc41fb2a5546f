"""What poolings and attention ask of a mask. `where` is the one that asks, for the message."""

from torch import Tensor


def expect_mask(mask: Tensor, hidden: Tensor, where: str) -> None:
    """Raise a ValueError unless the mask is (B, T) of 0 and 1, with a 1 in each row."""
    if hidden.dim() != 3 or mask.shape != hidden.shape[:2]:
        raise ValueError(
            f"{where}: mask is {tuple(mask.shape)}, hidden is {tuple(hidden.shape)}; expected "
            "(B, T) and (B, T, H), the same B and T. Was one of them padded twice?"
        )
    if ((mask != 0) & (mask != 1)).any():
        raise ValueError(
            f"{where}: the mask holds values from {mask.min()} to {mask.max()}, expected 1 for a "
            "token and 0 for padding. Did input_ids come in its place?"
        )
    empty = (mask == 0).all(dim=1).nonzero()
    if len(empty):
        raise ValueError(
            f"{where}: row {empty[0].item()} of the mask is all 0, expected at least one token in "
            "each row. Drop empty sentences first."
        )


def expect_padding_on_the_right(mask: Tensor, where: str) -> None:
    late = (mask[:, 1:] > mask[:, :-1]).any(dim=1).nonzero()
    if len(late):
        raise ValueError(
            f"{where}: row {late[0].item()} of the mask has padding before a token, expected it on "
            'the right. Set tokenizer.padding_side = "right", or pool with masked_mean.'
        )
