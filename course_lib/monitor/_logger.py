"""What a logger is, and what all loggers ask of what they are given."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

SHAPES = {
    "image": "(H, W), or (1, H, W) and (3, H, W) with values from 0 to 1",
    "vectors": "(N, H)",
    "vertices": "(N, 3)",
    "faces": "(M, 3), whole numbers below the number of vertices",
    "colours": "(N, 3), one row for each vertex",
    "pictures": "(N, C, H, W), one for each vector",
}


@runtime_checkable
class Logger(Protocol):
    """Where numbers and pictures of a training go. A `step` counts the optimizer's steps.

    A logger raises when it can't write. `Monitor` catches that, so that a training goes on.
    """

    def start(self, step: int) -> None: ...
    def scalars(self, numbers: Mapping[str, float], step: int) -> None: ...
    def histogram(self, name: str, values: Tensor, step: int) -> None: ...
    def image(self, name: str, picture: Any, step: int) -> None: ...
    def text(self, name: str, text: str, step: int) -> None: ...
    def graph(self, model: nn.Module, inputs: Mapping[str, Tensor]) -> None: ...
    def embedding(
        self,
        name: str,
        vectors: Tensor,
        labels: Sequence[str],
        pictures: Tensor | None,
        step: int,
    ) -> None: ...
    def pr_curve(self, name: str, truth: Tensor, scores: Tensor, step: int) -> None: ...
    def mesh(
        self,
        name: str,
        vertices: Tensor,
        faces: Tensor | None,
        colours: Tensor | None,
        step: int,
    ) -> None: ...
    def settings(self, chosen: Mapping[str, Any], results: Mapping[str, float]) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


METHODS = ("start", "scalars", "histogram", "text", "flush", "close")  # what Monitor calls


def plain(values: Tensor) -> Tensor:
    """Detached, on the CPU, and in a type that NumPy knows."""
    values = values.detach().cpu()
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def finite(values: Tensor) -> tuple[Tensor, int]:
    """The finite values, flat, and how many are not."""
    flat = plain(values).flatten()
    kept = flat[torch.isfinite(flat)]
    return kept, len(flat) - len(kept)


def bins(values: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """How many of the finite values (N,) lie in each of 64 bins, and the 65 edges."""
    numbers = values.double().numpy()
    low, high = numbers.min(), numbers.max()
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # next to equal: bins of no width
        low, high = low - 1e-6 * (abs(low) or 1), high + 1e-6 * (abs(high) or 1)
    return np.histogram(numbers, bins=np.linspace(low, high, 65))


def as_picture(picture: Tensor, where: str) -> Tensor:
    """(H, W) or (C, H, W) -> (C, H, W)."""
    picture = plain(picture)
    shaped = picture[None] if picture.ndim == 2 else picture
    if shaped.ndim != 3 or shaped.shape[0] not in (1, 3):
        raise shape_error(where, "image", picture)
    return shaped


def expect_vectors(
    vectors: Tensor, labels: Sequence[str], pictures: Tensor | None, where: str
) -> None:
    if vectors.ndim != 2:
        raise shape_error(where, "vectors", vectors)
    if len(vectors) != len(labels):
        raise ValueError(
            f"{where}: got {len(vectors)} vectors and {len(labels)} labels, expected one label "
            "for each vector. Take both from the same examples, in the same order."
        )
    if pictures is not None and (pictures.ndim != 4 or len(pictures) != len(vectors)):
        raise shape_error(where, "pictures", pictures)


def expect_mesh(vertices: Tensor, faces: Tensor | None, colours: Tensor | None, where: str) -> None:
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise shape_error(where, "vertices", vertices)
    if colours is not None and colours.shape != vertices.shape:
        raise shape_error(where, "colours", colours)
    if faces is None:
        return
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.is_floating_point():
        raise shape_error(where, "faces", faces)
    if faces.numel() and not 0 <= int(faces.min()) <= int(faces.max()) < len(vertices):
        raise ValueError(
            f"{where}: got faces with vertices {int(faces.min())} to {int(faces.max())}, expected "
            f"0 to {len(vertices) - 1}. A face names its three corners by their place."
        )


def expect_scores(truth: Tensor, scores: Tensor, where: str) -> None:
    """Truth (N,) of 0 and 1, scores (N,) between them."""
    if truth.ndim != 1 or truth.shape != scores.shape or not len(truth):
        raise ValueError(
            f"{where}: got truth of shape {tuple(truth.shape)} and scores of shape "
            f"{tuple(scores.shape)}, expected (N,) both, of at least one example. For several "
            "classes draw one curve each: truth = labels == c, scores = probabilities[:, c]."
        )
    if not bool(((truth == 0) | (truth == 1)).all()):
        raise ValueError(
            f"{where}: got truth with values {sorted(set(truth.tolist()))[:5]}, expected 0 and 1 "
            "only. For several classes draw one curve each: truth = labels == c."
        )
    if not bool(((scores >= 0) & (scores <= 1)).all()):
        raise ValueError(
            f"{where}: got scores from {scores.min():.3g} to {scores.max():.3g}, expected "
            "probabilities from 0 to 1. Logits want a softmax first."
        )


def shape_error(where: str, what: str, got: Tensor) -> ValueError:
    return ValueError(
        f"{where}: got {what} of shape {tuple(got.shape)} and type {got.dtype}, expected "
        f"{SHAPES[what]}. reshape or unsqueeze it, one thing at a time."
    )
