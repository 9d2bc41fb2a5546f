"""The doctor on sick and healthy trainings, beside two rivals; its time and its memory.

Each case is built anew, with three seeds. The rules of `course_lib.doctor` were written against the
first part of the cases, until they named all of it. The others were made by people who did not
know the rules, and looked at once before any rule was mended for their sake. At that first look
were named exactly, at three of three seeds, and had a false fault:

    second  94 of 99 patients   2 of 34 healthy trainings
    third   64 of 69            1 of 31
    fourth  49 of 50            0 of 25

The rules were mended after each look, so the table shows how they stand, and is no first look.

A cause is named exactly where the findings are the expected name and nothing else, at each seed;
among others where it is one of the findings at each seed. A healthy training has a fault or advice
where it got one at any seed, so that one seed is enough for a false alarm.

The rivals say ill or not ill, and a coarse name, which is counted as naming each of the causes that
it points at; a table says which. They take the learner's own step, as the doctor does; an error in
the first one says ill. "Overfit one batch": 100 steps on one batch; ill if the loss is not below
20 % of its start. "Few steps": before four steps, is all on one device, and are the outputs finite
and in the range that the loss wants? After them, has a gradient arrived, has every weight that
learns changed, and no frozen one? One seed is enough for a false alarm here too.
"""

from collections.abc import Iterator


def run() -> Iterator[str]:
    from tests.benchmarks.doctor import _cost, _run, _tables  # PyTorch starts here and not before

    yield from _tables.tables(_run.results(_run.cases()))
    yield from _cost.tables()
