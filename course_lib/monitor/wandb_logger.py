"""Weights & Biases as a logger: offline unless asked, and offline where online fails."""

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.monitor import _logger as given

NAME = "WandbLogger"
INIT_SECONDS = 30
THRESHOLDS = 101


class WandbLogger:
    """Writes a run of Weights & Biases: into a folder, for sending later, or to the service.

    Offline is the default: no key, no network, nothing leaves the machine. `wandb sync` sends the
    folder when you want it. With `offline=False` the run goes to the service as well; without a
    key or a connection that is said once, and the run goes on offline.

    Arguments:
        project  the runs of a project are compared with one another
        folder   where the run's files go, in `wandb/offline-run-…`; what wandb keeps for all runs
                 (its own log, tables on their way) stays in the home folder
        name     of the run; None for one that wandb makes up
        config   what was chosen: the rate, the batch size, …

    Raises, in every method:
        OSError: the folder cannot be written to.
        ValueError: a shape is wrong.

    Built in notebooks/10_monitoring.ipynb.
    """

    def __init__(
        self,
        project: str,
        folder: str | PathLike,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
        offline: bool = True,
    ) -> None:
        self.project, self.folder, self.name = project, Path(folder), name
        self.config, self.offline = dict(config or {}), offline
        self.run: Any = None
        self._groups: set[str] = set()  # that have their own steps

    def __enter__(self) -> "WandbLogger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, step: int = 0) -> None:
        """Open the run; a training that is resumed is a new one. Later calls do nothing."""
        if self.run is not None:
            return
        self._expect_writable()
        if not self.offline:
            self.run = self._online()
        if self.run is None:
            self.run = self._begin("offline")

    def scalars(self, numbers: Mapping[str, float], step: int) -> None:
        """One point of each curve. The part of a name before its first "/" makes a group.

        Each group counts its own steps: wandb leaves out what comes with an earlier step than the
        last, and epochs and steps count apart.
        """
        self.start()
        for group in {_group(name) for name in numbers}:
            self._define(group)
            own = {name: float(value) for name, value in numbers.items() if _group(name) == group}
            self.run.log({**own, f"{group}/step": step})

    def _define(self, group: str) -> None:
        """Give a group its own steps, once."""
        if group not in self._groups:
            self._groups.add(group)
            self.run.define_metric(f"{group}/step", hidden=True)
            for names in (group, f"{group}/*"):
                self.run.define_metric(names, step_metric=f"{group}/step")

    def histogram(self, name: str, values: Tensor, step: int) -> None:
        """How finite values are spread; the others are counted in `not_finite/name`."""
        import wandb

        kept, missing = given.finite(values)
        numbers: dict[str, Any] = {f"not_finite/{name}": missing} if missing else {}
        if len(kept):
            numbers[name] = wandb.Histogram(np_histogram=given.bins(kept))
        self._log(numbers)

    def image(self, name: str, picture: Any, step: int = 0) -> None:
        """A matplotlib figure, or a tensor (H, W), (1, H, W) or (3, H, W), from 0 to 1."""
        import wandb
        from PIL import Image

        if isinstance(picture, Tensor):
            shaped = given.as_picture(picture, f"{NAME}.image").clamp(0, 1) * 255  # (C, H, W)
            picture = shaped.to(torch.uint8).permute(1, 2, 0).squeeze(-1).numpy()
        else:
            buffer = io.BytesIO()
            picture.savefig(buffer, format="png")
            picture = Image.open(buffer)
        self._log({name: wandb.Image(picture)})

    def text(self, name: str, text: str, step: int = 0) -> None:
        """A text, in a table of one cell."""
        import wandb

        self._log({name: wandb.Table(columns=["text"], data=[[text]])})

    def graph(self, model: nn.Module, inputs: Mapping[str, Tensor]) -> None:
        """The model's parts, as PyTorch prints them: wandb draws no graph of operations."""
        self.text("graph", str(model))

    def embedding(
        self,
        name: str,
        vectors: Tensor,
        labels: Sequence[str],
        pictures: Tensor | None = None,
        step: int = 0,
    ) -> None:
        """Vectors (N, H) with a label each, in a table, which wandb can project."""
        import wandb

        given.expect_vectors(vectors, labels, pictures, f"{NAME}.embedding")
        columns = ["label", *(f"h{place}" for place in range(vectors.shape[1]))]
        rows = [[str(label), *row] for label, row in zip(labels, vectors.tolist(), strict=True)]
        self._log({name: wandb.Table(columns=columns, data=rows)})

    def pr_curve(self, name: str, truth: Tensor, scores: Tensor, step: int = 0) -> None:
        """Precision over recall, for truth (N,) of 0 and 1 and probabilities (N,)."""
        import wandb
        from sklearn.metrics import precision_recall_curve

        given.expect_scores(truth, scores, f"{NAME}.pr_curve")
        precision, recall, _ = precision_recall_curve(given.plain(truth), given.plain(scores))
        some = np.unique(np.linspace(0, len(recall) - 1, THRESHOLDS).astype(int))
        rows = np.stack([recall[some], precision[some]], axis=1).tolist()
        table = wandb.Table(columns=["recall", "precision"], data=rows)
        self._log({name: wandb.plot.line(table, "recall", "precision", title=name)})

    def mesh(
        self,
        name: str,
        vertices: Tensor,
        faces: Tensor | None = None,
        colours: Tensor | None = None,
        step: int = 0,
    ) -> None:
        """Points (N, 3) in space, with colours (N, 3) from 0 to 255; wandb draws no faces here."""
        import wandb

        given.expect_mesh(vertices, faces, colours, f"{NAME}.mesh")
        parts = [vertices] if colours is None else [vertices, colours]
        points = torch.cat([given.plain(part).float() for part in parts], dim=1)  # (N, 3 or 6)
        self._log({name: wandb.Object3D(points.numpy())})

    def settings(self, chosen: Mapping[str, Any], results: Mapping[str, float]) -> None:
        """What was chosen for a run, and what came of it."""
        self.start()
        self.run.config.update(dict(chosen), allow_val_change=True)
        self.run.summary.update({f"result/{name}": float(v) for name, v in results.items()})

    def flush(self) -> None:
        """Nothing to do: wandb writes in a process of its own."""

    def close(self) -> None:
        """Finish the run: then it is whole, and can be sent.

        wandb writes in a process of its own, and the last bytes may come a moment later.
        """
        if self.run is not None:
            run, self.run = self.run, None
            self._groups.clear()
            run.finish()

    def sync_command(self) -> str:
        """What to type in a terminal to send the run, when it is closed."""
        return f"wandb sync {self.files}"

    def _log(self, values: Mapping[str, Any]) -> None:
        self.start()
        self.run.log(dict(values))

    def _online(self) -> Any:
        """A run of the service, or None where that cannot be had."""
        import wandb

        try:
            return self._begin("online")
        except (wandb.Error, TimeoutError, OSError, EOFError) as error:
            reason = " ".join(str(error).split())
            print(
                f"{NAME}: the service cannot be reached ({type(error).__name__}: {reason}). The "
                f"run goes on offline, in {self.folder}, and nothing is lost: send it later by "
                "the command that sync_command() gives. For a key: wandb login."
            )
            return None

    def _begin(self, mode: str) -> Any:
        import wandb

        with _silent():
            run = wandb.init(
                project=self.project,
                name=self.name,
                config=self.config,
                dir=str(self.folder),
                mode=mode,
                reinit="create_new",
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    init_timeout=INIT_SECONDS,
                    login_timeout=INIT_SECONDS,
                ),
            )
        self.files = Path(run.dir).parent
        return run

    def _expect_writable(self) -> None:
        """wandb itself would go elsewhere, to a folder for temporary files."""
        probe = self.folder / ".probe"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise OSError(
                error.errno,
                f"{NAME}: the folder {self.folder} cannot be written to: {error.strerror}. Nothing "
                "was begun. Name a folder that you may write to.",
            ) from error


def _group(name: str) -> str:
    return name.partition("/")[0]


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without wandb's own words about a notebook's name."""
    import logging

    logger = logging.getLogger("wandb")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
