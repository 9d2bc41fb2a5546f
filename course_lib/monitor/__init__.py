"""Watching a training: loggers for TensorBoard and Weights & Biases, a callback, a server."""

from course_lib.monitor.board import Board, open_board
from course_lib.monitor.callback import Monitor, write_history
from course_lib.monitor.events import Curve, read_runs, read_scalars, smooth
from course_lib.monitor.tensorboard_logger import TensorBoardLogger
from course_lib.monitor.wandb_logger import WandbLogger

__all__ = [
    "Board",
    "Curve",
    "Monitor",
    "TensorBoardLogger",
    "WandbLogger",
    "open_board",
    "read_runs",
    "read_scalars",
    "smooth",
    "write_history",
]
