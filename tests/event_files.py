"""What really stands in an event file, by TensorBoard's own readers; and names in order of time."""

import itertools

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.summary.writer import event_file_writer
from tensorboard.util import tensor_util

EVERYTHING = dict.fromkeys(("scalars", "tensors", "images", "histograms"), 0)


class _Numbers:
    """Six digits, so that files of one second sort as they were made: "9" comes after "10"."""

    def __init__(self):
        self.count = itertools.count(100_000)

    def get(self):
        return next(self.count)


def number_files_in_order():
    event_file_writer._global_uid = _Numbers()


def loaded(folder):
    """All that TensorBoard keeps of a run."""
    events = EventAccumulator(str(folder), size_guidance=EVERYTHING)
    events.Reload()
    return events


def points(folder):
    """{name: [(step, value), ...]}"""
    events = loaded(folder)
    names = events.Tags()["scalars"]
    return {name: [(p.step, p.value) for p in events.Scalars(name)] for name in names}


def arrays(events, name):
    """[(step, array), ...] of a tensor summary."""
    return [(e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in events.Tensors(name)]


def protos(folder):
    """The single events of all files of a run, in order."""
    files = sorted(folder.glob("*tfevents*"))
    return [event for file in files for event in LegacyEventFileLoader(str(file)).Load()]
