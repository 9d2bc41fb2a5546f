"""What people really write for the exercises of notebook 00, right and wrong."""

import torch

from tests.exercises.mutants import Right, Wrong


def swapped_in_place(x):
    return x.transpose_(1, 2)


def swapped_by_view(x):
    return x.view(x.shape[0], x.shape[2], x.shape[1])


def swapped_by_a_loop(x):
    rows = []
    for sentence in x:
        rows.append(sentence.t())
    return torch.stack(rows)


def center_in_place(x):
    x -= x.mean(dim=1, keepdim=True)
    return x


def center_by_a_loop(x):
    means = [sentence.mean(dim=0) for sentence in x]
    return torch.stack([s - m for s, m in zip(x, means, strict=True)])


def swapped_then_viewed(x):
    return x.permute(0, 2, 1).view(x.shape)


def swapped_then_reshaped(x):
    return x.permute(0, 2, 1).reshape(x.shape)


def viewed_then_swapped(x):
    return x.view(x.shape[0], x.shape[2], x.shape[1]).permute(0, 2, 1)


def center_and_join(x):
    return torch.cat([sentence - sentence.mean(dim=0) for sentence in x])


RIGHT = [
    Right("00.1", "transpose with negative axes", lambda x: x.transpose(-1, -2)),
    Right("00.1", "a loop over the sentences", swapped_by_a_loop),
    Right("00.1", "einsum", lambda x: torch.einsum("bth->bht", x)),
    Right("00.1", "mT", lambda x: x.mT),
    Right("00.2", "an index of None", lambda x: x - x.mean(1)[:, None]),
    Right("00.2", "unsqueeze", lambda x: x - x.mean(1).unsqueeze(1)),
    Right("00.2", "sum over T", lambda x: x - x.sum(dim=-2, keepdim=True) / x.shape[1]),
    Right("00.2", "a loop over the sentences", center_by_a_loop),
]

WRONG = [
    Wrong("00.1", "view", swapped_by_view, "deal the same numbers out again"),
    Wrong("00.1", "reshape", lambda x: x.reshape(x.size(0), -1, x.size(1)), "deal the same"),
    Wrong("00.1", "nothing moved", lambda x: x.permute(0, 1, 2), "Nothing has moved"),
    Wrong("00.1", "permute, then view", swapped_then_viewed, "leave it out"),
    Wrong("00.1", "permute, then reshape", swapped_then_reshaped, "leave it out"),
    Wrong("00.1", "view, then permute", viewed_then_swapped, "permute alone is enough"),
    Wrong("00.1", "the shape alone", lambda x: (x.size(0), x.size(2), x.size(1)), "shape alone"),
    Wrong("00.1", "three axes", lambda x: x.transpose(0, 2, 1), "transpose takes two axes"),
    Wrong("00.1", "all axes reversed", lambda x: x.permute(2, 1, 0), "The batch axis moved too"),
    Wrong("00.1", "B with T", lambda x: x.transpose(0, 1), "B and T"),
    Wrong("00.1", "no return", lambda x: None, "end in `return`"),
    Wrong("00.1", "in place", swapped_in_place, "works in place"),
    Wrong("00.1", "an array", lambda x: x.permute(0, 2, 1).numpy(), "A tensor is needed"),
    Wrong("00.2", "one mean of all", lambda x: x - x.mean(), "one mean of all numbers"),
    Wrong("00.2", "over the features", lambda x: x - x.mean(2, keepdim=True), "Tokens are dim=1"),
    Wrong("00.2", "over the batch", lambda x: x - x.mean(0, keepdim=True), "Tokens are dim=1"),
    Wrong("00.2", "the mean itself", lambda x: x.mean(1, keepdim=True), "has to be subtracted"),
    Wrong("00.2", "the mean, no axis kept", lambda x: x.mean(1), "has to be subtracted"),
    Wrong("00.2", "a letter for dim", lambda x: x - x.mean(dim="T", keepdim=True), "T is axis 1"),
    Wrong("00.2", "cat for stack", center_and_join, "The axis B is gone"),
    Wrong("00.2", "without keepdim", lambda x: x - x.mean(dim=1), "nothing complained"),
    Wrong("00.2", "in place", center_in_place, "works in place"),
]
