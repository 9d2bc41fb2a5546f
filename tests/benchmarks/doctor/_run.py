"""Examine the cases, each with three seeds, by the doctor and by its rivals."""

import importlib
import multiprocessing
import os
import pkgutil
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import torch

from course_lib.doctor import examine
from tests.benchmarks import doctor
from tests.benchmarks.doctor._case import Case, Patient
from tests.benchmarks.doctor._rivals import RIVALS

PARTS = ("first", "second", "third", "fourth")  # how the names of the cases' files begin
SEEDS = (0, 1, 2)
PROCESSES = 2
SAID_EVERY = 60  # cases
RAISED = "the doctor raised"


class Place(NamedTuple):
    """Where a case is: functions made in functions can't go from process to process."""

    part: str
    module: str
    number: int


@dataclass(frozen=True)
class Seen:
    """What was said of a case with one seed."""

    findings: tuple[tuple[str, str], ...]  # name and severity
    seconds: float  # of the examination
    words: dict[str, str]  # a rival's coarse name; "" for not ill


@dataclass(frozen=True)
class Result:
    """What was said of a case."""

    part: str
    name: str
    expected: str
    kind: str
    seen: tuple[Seen, ...]


def cases() -> list[Place]:
    found = []
    for module in pkgutil.iter_modules(doctor.__path__):
        part = module.name.split("_")[0]
        if part in PARTS:
            found += [Place(part, module.name, n) for n in range(len(_cases(module.name)))]
    return found


def results(places: Sequence[Place]) -> list[Result]:
    """In the order of the places. Two processes share the work, with a thread each."""
    context = multiprocessing.get_context("spawn")
    os.environ["OMP_NUM_THREADS"] = "1"
    found = []
    with ProcessPoolExecutor(PROCESSES, mp_context=context, initializer=_begin) as pool:
        for result in pool.map(result_of, places):
            found.append(result)
            if len(found) % SAID_EVERY == 0 or len(found) == len(places):
                print(f"doctor: {len(found)} of {len(places)} cases", file=sys.stderr, flush=True)
    return found


def result_of(place: Place) -> Result:
    case = _cases(place.module)[place.number]
    seen = tuple(_seen(case, seed) for seed in SEEDS)
    return Result(place.part, case.name, case.expected, case.kind, seen)


def _cases(module: str) -> list[Case]:
    return importlib.import_module(f"{doctor.__name__}.{module}").CASES


def _begin() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # what ill trainings warn of


def _seen(case: Case, seed: int) -> Seen:
    """Each looks at a patient of its own."""
    patient = _built(case, seed)
    start = time.perf_counter()
    findings = _findings(case, patient)
    seconds = time.perf_counter() - start
    words = {name: rival(_built(case, seed)) for name, rival in RIVALS.items()}
    return Seen(findings, seconds, words)


def _built(case: Case, seed: int) -> Patient:
    patient = case.build(seed)
    torch.manual_seed(seed)
    return patient


def _findings(case: Case, patient: Patient) -> tuple[tuple[str, str], ...]:
    parts = (patient.model, patient.train_loader, patient.loss_fn, patient.optimizer)
    try:
        report = examine(*parts, **patient.options)
    except Exception as error:  # which it should never do, whatever the patient has
        print(f"doctor: {case.name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return ((RAISED, "fault"),)
    return tuple((finding.name, finding.severity) for finding in report.findings)
