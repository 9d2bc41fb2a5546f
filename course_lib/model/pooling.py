"""From one vector per token to one per sentence.

A pooling is anything that can be called so: `pooling(hidden, mask)`, (B, T, H), (B, T) -> (B, H).
"""

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from course_lib.model._mask import expect_mask, expect_padding_on_the_right


def cls(hidden: Tensor, mask: Tensor) -> Tensor:
    """Take the hidden state of the first token, [CLS] in BERT, which has looked at all others.

    Shapes:
        hidden   (B, T, H)  float
        mask     (B, T)     1 for a token, 0 for padding
        returns  (B, H)     float

    Raises:
        ValueError: the two disagree on (B, T), the mask holds something else than 0 and 1, or a
            row has no token or begins with padding.

    Built in notebooks/03_custom_model.ipynb.
    """
    expect_mask(mask, hidden, "cls")
    expect_padding_on_the_right(mask, "cls")
    return hidden[:, 0]  # (B, H)


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Average the hidden states of real tokens, leaving padding out.

    Shapes:
        hidden   (B, T, H)  float
        mask     (B, T)     1 for a token, 0 for padding
        returns  (B, H)     float

    Raises:
        ValueError: the two disagree on (B, T), the mask holds something else than 0 and 1, or a
            row has no token.

    Built in notebooks/03_custom_model.ipynb.
    """
    expect_mask(mask, hidden, "masked_mean")
    padding = (mask == 0).unsqueeze(-1)  # (B, T, 1)
    tokens = mask.sum(dim=1, keepdim=True)  # (B, 1)
    # Filled, not multiplied: 0 * nan is nan.
    return hidden.masked_fill(padding, 0).sum(dim=1) / tokens  # (B, H)


def masked_max(hidden: Tensor, mask: Tensor) -> Tensor:
    """Take the largest value of each feature over the real tokens.

    Shapes:
        hidden   (B, T, H)  float
        mask     (B, T)     1 for a token, 0 for padding
        returns  (B, H)     float

    Raises:
        ValueError: the two disagree on (B, T), the mask holds something else than 0 and 1, or a
            row has no token.

    Built in notebooks/03_custom_model.ipynb.
    """
    expect_mask(mask, hidden, "masked_max")
    padding = (mask == 0).unsqueeze(-1)  # (B, T, 1)
    return hidden.masked_fill(padding, float("-inf")).amax(dim=1)  # (B, H)


class LSTMPooling(nn.Module):
    """Read the tokens in their order with an LSTM, and keep its state after the last one.

    A pooling that learns: (B, T, H), (B, T) -> (B, H).

    Raises:
        ValueError: on use, the hidden states have another H, or the mask does not fit them, has a
            row without a token, or padding before a token.

    Built in notebooks/03_custom_model.ipynb.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        expect_mask(mask, hidden, "LSTMPooling")
        expect_padding_on_the_right(mask, "LSTMPooling")
        if hidden.size(-1) != self.lstm.input_size:
            raise ValueError(
                f"LSTMPooling: got hidden states of H = {hidden.size(-1)}, expected "
                f"{self.lstm.input_size}. Make it with LSTMPooling({hidden.size(-1)})."
            )
        lengths = mask.sum(dim=1).cpu()  # (B,)
        packed = pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)  # (1, B, H)
        return state[-1]  # (B, H)
