"""TensorBoard's logger: event files in a folder of the run's own."""

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from course_lib.monitor import _logger as given
from course_lib.monitor._folder import claim

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

NAME = "TensorBoardLogger"
LARGEST = 9e19  # the last but one edge of TensorBoard's histograms


class TensorBoardLogger:
    """Writes a run's event files into a folder, which TensorBoard draws.

    The folder is opened by the first call. Every training that starts at step 0 gets a folder to
    itself: where `folder` has another run's files, or another writer, it is `folder-2`, `folder-3`,
    …; the attribute `folder` says which. A training that starts later goes on in its folder, and
    points from after that step, of one that was killed, are hidden.

    Raises, in every method:
        OSError: nothing can be written; what was written before stays.
        ValueError: a shape is wrong.

    Built in notebooks/10_monitoring.ipynb.
    """

    def __init__(self, folder: str | PathLike) -> None:
        self.folder = self._wanted = Path(folder)
        self._open: SummaryWriter | None = None
        self._lock: Any = None
        self._mine = False  # is the folder claimed
        self._trained = self._drawn = False  # has a training begun here, and got points

    def __enter__(self) -> "TensorBoardLogger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, step: int = 0) -> None:
        """Begin a training that has made so many steps already. `Monitor` calls this."""
        if self._drawn and step == 0:
            self.close()
            self._mine = self._drawn = False
        self._trained = True
        self._open_after(step)

    def _open_after(self, step: int) -> None:
        if self._open is not None:
            return
        from torch.utils.tensorboard import SummaryWriter

        wanted = self.folder if self._mine else self._wanted
        with self._explained("could not be opened for writing"):
            folder, lock = claim(wanted, goes_on=self._mine or step > 0)
            try:
                self._open = SummaryWriter(str(folder), purge_step=step + 1 if step else None)
            except BaseException:
                lock.release()
                raise
        self.folder, self._lock, self._mine = folder, lock, True
        if folder != wanted:
            print(f"{NAME}: {wanted} belongs to another run; this one is written to {folder}.")

    def scalars(self, numbers: Mapping[str, float], step: int) -> None:
        """One point of each curve. The part of a name before its first "/" makes a group."""
        with self._writer() as writer:
            self._drawn = self._trained
            for name, number in numbers.items():
                writer.add_scalar(name, float(number), step)

    def histogram(self, name: str, values: Tensor, step: int) -> None:
        """How the values of a tensor of any shape are spread.

        NaN and infinity have no place in it: they are left out, and counted in the curve
        `not_finite/name`. What is beyond 1e20 is drawn there, where TensorBoard's scale ends.
        """
        kept, missing = given.finite(values)
        with self._writer() as writer:
            if missing:
                writer.add_scalar(f"not_finite/{name}", missing, step)
            if len(kept):
                writer.add_histogram(name, kept.double().clamp(-LARGEST, LARGEST), step)

    def image(self, name: str, picture: Any, step: int = 0) -> None:
        """A matplotlib figure, or a tensor (H, W), (1, H, W) or (3, H, W), from 0 to 1."""
        if isinstance(picture, Tensor):
            picture = given.as_picture(picture, f"{NAME}.image")
            with self._writer() as writer:
                writer.add_image(name, picture, step)
        else:
            with self._writer() as writer:
                writer.add_figure(name, picture, step, close=False)

    def text(self, name: str, text: str, step: int = 0) -> None:
        """A text in Markdown."""
        with self._writer() as writer:
            writer.add_text(name, text, step)

    def graph(self, model: nn.Module, inputs: Mapping[str, Tensor]) -> None:
        """The model's operations, found by running it once on inputs such as a batch.

        The model may give a tensor or, as Hugging Face models do, an output with names.
        """
        from course_lib.monitor._graph import draw

        with self._writer() as writer:
            draw(writer, model, inputs)

    def embedding(
        self,
        name: str,
        vectors: Tensor,
        labels: Sequence[str],
        pictures: Tensor | None = None,
        step: int = 0,
    ) -> None:
        """Vectors (N, H) for the projector, a label each, and perhaps pictures (N, C, H, W)."""
        labels = [" ".join(str(label).split()) for label in labels]  # a line each
        given.expect_vectors(vectors, labels, pictures, f"{NAME}.embedding")
        with self._writer() as writer, contextlib.redirect_stdout(io.StringIO()):
            writer.add_embedding(given.plain(vectors), labels, pictures, step, tag=name)

    def pr_curve(self, name: str, truth: Tensor, scores: Tensor, step: int = 0) -> None:
        """Precision over recall, for truth (N,) of 0 and 1 and probabilities (N,)."""
        given.expect_scores(truth, scores, f"{NAME}.pr_curve")
        with self._writer() as writer:
            writer.add_pr_curve(name, given.plain(truth), given.plain(scores), step)

    def mesh(
        self,
        name: str,
        vertices: Tensor,
        faces: Tensor | None = None,
        colours: Tensor | None = None,
        step: int = 0,
    ) -> None:
        """Points (N, 3) in space, triangles (M, 3) between them, colours (N, 3) from 0 to 255."""
        given.expect_mesh(vertices, faces, colours, f"{NAME}.mesh")
        each = [None if part is None else given.plain(part)[None] for part in (vertices, faces)]
        if colours is not None:
            colours = given.plain(colours).to(torch.uint8)[None]  # (1, N, 3)
        with self._writer() as writer:
            writer.add_mesh(name, each[0], faces=each[1], colors=colours, global_step=step)

    def settings(self, chosen: Mapping[str, Any], results: Mapping[str, float]) -> None:
        """What was chosen for a run and what came of it, a row in the table of runs.

        A result is told apart from the curves by its name: "result/accuracy".
        """
        from torch.utils.tensorboard.summary import hparams

        kept = {key: _plain_setting(value) for key, value in chosen.items()}
        results = {f"result/{name}": float(value) for name, value in results.items()}
        with self._writer() as writer:  # add_hparams would write into a folder of its own
            for summary in hparams(kept, results):
                writer.file_writer.add_summary(summary)
            for name, value in results.items():
                writer.add_scalar(name, value)

    def flush(self) -> None:
        """Wait until everything is on the disk; else the last points may not be there yet."""
        if self._open is not None:
            with self._writer() as writer:
                writer.flush()

    def close(self) -> None:
        """Write what is waiting and let the folder go. A further call opens it again."""
        if self._open is None:
            return
        writer, self._open = self._open, None
        try:
            with self._explained("could not be written to its end"):
                writer.close()
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _writer(self) -> Iterator["SummaryWriter"]:
        self._open_after(0)
        with self._explained("cannot be written to any more"):
            yield self._open

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(
                error.errno,
                f"{NAME}: the folder {self.folder} {what}: {error.strerror or error}. What was "
                "written before stays. Make room there, or name a folder that you may write to.",
            ) from error


def _plain_setting(value: Any) -> bool | str | float | int:
    return value if isinstance(value, bool | str | float | int) else str(value)
