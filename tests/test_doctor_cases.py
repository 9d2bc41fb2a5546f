"""The doctor on the benchmark's patients: some of them each time, all of them in the slow tests."""

import importlib
import warnings
from pathlib import Path

import pytest

from course_lib.doctor import examine

FOLDER = Path(__file__).parent / "benchmarks" / "doctor"
MODULES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
CASES = {
    case.name: (module.split("_")[0], case)
    for module in MODULES
    for case in importlib.import_module(f"tests.benchmarks.doctor.{module}").CASES
}
# Patients whose examination takes longest: the slow tests have them.
DEAR = {
    "labels-unrelated-to-inputs/only the images were shuffled",
    "learning-rate-too-low/AdamW at 1e-8 on a masked language model from scratch",
    "learning-rate-too-high/AdamW at 0.5 on a tiny BERT",
}
DEAR_HEALTHY = {
    "healthy": """
        convolutions-on-digits lstm-on-waves yes-or-no-in-half-precision gru-on-packed-phrases
        transformer-with-warm-up bert-with-its-own-loss the-courses-classifier
        a-class-for-every-token masked-language-model passengers patches-of-digits
        convolutions-with-groupnorm pictures-through-a-bottleneck three-numbers-at-once
        height-of-a-peak weights-for-uneven-classes a-whole-head-on-a-new-bert
        several-topics-of-a-text has-a-special-word-been-read do-two-phrases-belong
        the-courses-backbone-frozen
    """,
    "unusual": """
        fine-tuning-at-a-small-rate only-the-head-in-the-optimizer batchnorm-that-adapts
        hardly-better-than-chance gradients-of-four-batches the-next-word pictures-drawn-at-random
        a-backbone-rests-in-eval-mode weights-learn-batchnorm-rests trained-to-the-end nine-to-one
        biases-before-batchnorm tied-weights-and-waves the-sum-of-a-bag a-loss-that-learns-too
        two-inputs-sparse-gradients low-rank-adapters in-order-shuffled-before
        a-stream-without-a-length one-epoch-of-onecycle two-noisy-views two-tasks-and-two-losses
    """,
}
DEAR |= {f"{kind}/{name}" for kind, names in DEAR_HEALTHY.items() for name in names.split()}


def a_few():
    """Of the two halves one patient of each name each, and the healthy ones that are quick."""
    halves = {name: case for name, case in CASES.items() if case[0] in ("first", "second")}
    quick = {name: case for name, case in halves.items() if name not in DEAR}
    sick = {}
    for name, (half, case) in quick.items():
        sick.setdefault((half, case.expected or name), name)
    return sorted(sick.values())


def examined(name, seed=0):
    patient = CASES[name][1].build(seed)
    return examine(
        patient.model,
        patient.train_loader,
        patient.loss_fn,
        patient.optimizer,
        **patient.options,
    )


def check(name):
    """The root cause and nothing else; where all is well, no fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an ill training may warn as it likes
        report = examined(name)
    expected = CASES[name][1].expected
    if expected:
        assert [finding.name for finding in report.findings] == [expected], str(report)
    else:
        assert report.healthy, str(report)


def test_the_cases_that_are_left_for_the_slow_tests_exist():
    assert DEAR - set(CASES) == set()


def test_each_name_has_a_patient_in_each_half_and_thirty_trainings_are_healthy():
    names = {case.expected for _, case in CASES.values()} - {""}
    for half in ("first", "second"):
        assert {case.expected for own, case in CASES.values() if own == half} - {""} == names
    kinds = [case.kind for _, case in CASES.values() if not case.expected]
    assert len(kinds) >= 30 and kinds.count("unusual") >= 10
    quick = {CASES[name][1].expected for name in a_few()}
    assert quick == names | {""}


@pytest.mark.parametrize("name", a_few())
def test_the_doctor_names_the_cause_of(name):
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(CASES) - set(a_few())))
def test_the_doctor_names_the_cause_of_all_others_too(name):
    check(name)
