"""Exercise 03.3: an LSTM that stops at the last real token."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from course_lib.exercises._checking import (
    Known,
    call,
    expect,
    expect_module,
    expect_that,
    explaining_each,
)
from course_lib.exercises._exercise import Exercise


class LSTMPooling(nn.Module):
    """(B, T, H), (B, T) -> (B, H): the LSTM's state after the last real token"""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        lengths = mask.sum(dim=1)  # (B,), whole numbers
        packed = pack_padded_sequence(hidden, lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)  # (1, B, H)
        return state[-1]  # (B, H)


H = 3
LENGTHS = (2, 4, 1)
HIDDEN = (torch.arange(3 * 4 * H).view(3, 4, H) * 2.3).sin()
MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
TRIED = "LSTMPooling(3), hidden (3, 4, 3), sentences of 2, 4 and 1 tokens"


PACKING = (
    "Sizes are (B, T, H) and the longest need not come first: pack_padded_sequence(..., "
    "batch_first=True, enforce_sorted=False)."
)
COUNTED = "Lengths are (B,), one whole number for each sentence: mask.sum(dim=1)."
ERRORS = (
    (RuntimeError, PACKING, "enforce_sorted"),
    (RuntimeError, PACKING, "batch_size"),
    (RuntimeError, PACKING, "exceeds dimension size"),
    (RuntimeError, COUNTED, "'lengths' argument"),
    (IndexError, COUNTED, "supposed to be a vector"),
    (IndexError, COUNTED, "out of range"),
    (IndexError, "Places count from 0: the last token is at lengths - 1.", "is out of bounds"),
    (TypeError, "A PackedSequence is no tensor. Take the last state instead.", "tuple indices"),
)


def _make(attempt: Any) -> tuple[nn.Module, nn.LSTM]:
    """The attempt's module, and an LSTM of the same weights."""
    module = call(attempt, H, tried="LSTMPooling(3)")
    expect_module(module, tried="LSTMPooling(3)")
    found = [part for part in module.modules() if isinstance(part, nn.LSTM)]
    expect_that(
        len(found) == 1 and (found[0].input_size, found[0].hidden_size) == (H, H),
        tried="LSTMPooling(3)",
        told=f"{len(found)} LSTMs" if len(found) != 1 else f"an LSTM {found[0].extra_repr()}",
        expected="one nn.LSTM(3, 3)",
        idea="The stub's __init__ has it ready: from H features to H.",
    )
    oracle = nn.LSTM(H, H, batch_first=True)
    expect_that(
        found[0].state_dict().keys() == oracle.state_dict().keys(),
        tried="LSTMPooling(3)",
        told=f"an LSTM {found[0].extra_repr()}",
        expected="one layer, one direction",
        idea="Leave the LSTM as the stub makes it.",
    )
    oracle.load_state_dict(found[0].state_dict())
    return module.eval(), oracle


def _states(oracle: nn.LSTM) -> tuple[Tensor, Tensor]:
    """(3, H) each: state and cell after each sentence, read alone and without its padding."""
    read = [oracle(HIDDEN[i : i + 1, :T])[1] for i, T in enumerate(LENGTHS)]
    return torch.cat([state[0] for state, _ in read]), torch.cat([cell[0] for _, cell in read])


@torch.no_grad()
def _last_real_token(attempt: Any) -> None:
    """each sentence gets the state after its own last token, as if it were read alone"""
    module, oracle = _make(attempt)
    state, cell = _states(oracle)
    read_on, (last, _) = oracle(HIDDEN)
    first = read_on[:, 0]
    with explaining_each(*ERRORS):
        got = call(module, HIDDEN, MASK, tried=TRIED)
    expect(
        got,
        state,
        tried=TRIED,
        idea="Pack, run the LSTM over it, take the state, and of its first axis the last layer.",
        known=(
            Known(last[0], "It has read the padding too. Pack the hidden states first."),
            Known(last, "It has read the padding too, and there is an axis too many."),
            Known(state.unsqueeze(0), "(1, B, H): the first axis counts layers. Take state[-1]."),
            Known(state.unsqueeze(1), "One axis too many: (B, H) is wanted."),
            Known(cell, "This is the cell, the second of the pair. The state is the first."),
            Known(cell.unsqueeze(0), "This is the cell, and an axis too many."),
            Known(first, "This is the output at the first token: only that token was read."),
            Known(state[[1, 0, 2]], "Sorted by length, and never put back into the old order."),
            Known(state[2:], "The last sentence alone: the first axis counts layers, state[-1]."),
            Known(
                oracle(HIDDEN * MASK.unsqueeze(-1))[1][0][0],
                "The LSTM reads zeros like any other numbers, and its state moves on. Pack.",
            ),
            Known(
                torch.where((MASK[:, -1] == 1).unsqueeze(1), state, 0.0),
                "Unpacked, a short sentence has zeros at the last position. Take the state.",
            ),
        ),
    )


@torch.no_grad()
def _one_sentence(attempt: Any) -> None:
    """a batch of one sentence gives (1, H)"""
    module, oracle = _make(attempt)
    tried = "LSTMPooling(3), hidden (1, 4, 3), a mask of ones"
    expect(
        call(module, HIDDEN[:1], MASK[1:2], tried=tried),
        oracle(HIDDEN[:1])[0][:, -1],
        tried=tried,
        idea="squeeze() without an axis takes B = 1 away too. state[-1] takes only the first axis.",
    )


@torch.no_grad()
def _without_padding(attempt: Any) -> None:
    """sentences of equal length come out as from a plain LSTM"""
    module, oracle = _make(attempt)
    tried = "LSTMPooling(3), hidden (3, 4, 3), a mask of ones"
    expect(
        call(module, HIDDEN, torch.ones_like(MASK), tried=tried),
        oracle(HIDDEN)[0][:, -1],
        tried=tried,
        idea="Nothing is padded: the last output of each row.",
    )


EXERCISE = Exercise(
    "03.3",
    "An LSTM over the tokens",
    8,
    LSTMPooling,
    (_last_real_token, _without_padding, _one_sentence),
    (
        "As in the cell above: lengths from the mask, pack, run the LSTM over what is packed.",
        "The LSTM returns two things: outputs, and a pair. The first of the pair is (1, B, H).",
        "_, (state, _) = self.lstm(packed); return state[-1]",
    ),
)
