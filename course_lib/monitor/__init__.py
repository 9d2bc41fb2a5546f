"""Watching a training: loggers for TensorBoard and Weights & Biases, a callback, a server."""

from course_lib.monitor._numbers import gradient_norm
from course_lib.monitor.board import open_board
from course_lib.monitor.callback import Monitor, write_history
from course_lib.monitor.events import Curve, read_runs, read_scalars, smooth
from course_lib.monitor.tensorboard_logger import TensorBoardLogger
from course_lib.monitor.wandb_logger import WandbLogger

__all__ = [
    "Curve",
    "Monitor",
    "TensorBoardLogger",
    "WandbLogger",
    "gradient_norm",
    "open_board",
    "read_runs",
    "read_scalars",
    "smooth",
    "write_history",
]
