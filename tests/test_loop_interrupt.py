"""Ctrl-C in a training: another process trains, and gets the signal at many moments."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
import torch
from torch.utils.data import DataLoader

from course_lib.loop import fit
from tests.tiny_training import (
    Rows,
    adamw,
    bare_step,
    batches,
    loss_fn,
    noisy,
    same,
    state,
    steps_of,
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no process groups")

LONG = 10_000  # epochs: as if for ever
PAUSE = 10.0  # seconds at most
MESSAGE = "fit: interrupted; it ends after this step."


@dataclass
class Scenario:
    """What the other process does, and when it is interrupted."""

    delay: float = 0.0  # seconds from the third step
    twice: bool = False
    group: bool = False  # to worker processes too, as a terminal and Jupyter do
    workers: int = 0
    persistent: bool = False  # workers are there before fit is
    pause_in: str = ""  # "training" or "validation": a step there waits for the signals


SCENARIOS = {
    **{f"after {ms} ms": Scenario(ms / 1000) for ms in (0, 1, 2, 3, 5, 8, 13, 21)},
    **{f"two workers, after {ms} ms": Scenario(ms / 1000, group=True, workers=2) for ms in (0, 20)},
    "in validation": Scenario(pause_in="validation"),
    "workers from before, in validation": Scenario(
        group=True, workers=2, persistent=True, pause_in="validation"
    ),
    "twice in training": Scenario(twice=True, pause_in="training"),
    "twice in validation": Scenario(twice=True, pause_in="validation"),
}


# The other process.


def train_until_interrupted(name: str, scenario: Scenario) -> dict:
    model = noisy()
    optimizer = adamw(model)
    parts, valid = loaders(scenario)
    handler = signal.getsignal(signal.SIGINT)
    ready = Ready(name, scenario)
    torch.manual_seed(1)
    start = time.perf_counter()
    history = fit(
        model,
        parts,
        ready.loss_fn,
        optimizer,
        epochs=LONG,
        valid_loader=valid,
        callbacks=[ready],
        progress=False,
    )
    seconds = time.perf_counter() - start
    steps, moved, after = len(history.losses), steps_of(optimizer), state(model, optimizer)
    parts, _ = loaders(scenario)  # workers that had been interrupted are gone
    losses, weights, optimizer_state = replay(parts, steps)
    fit(model, parts, loss_fn, optimizer, epochs=1, progress=False)  # it goes on
    return {
        "seconds": seconds,
        "steps": steps,
        "rates": len(history.rates),
        "epochs": history.epochs,
        "moved": sorted(moved),
        "replayed": history.losses == losses
        and same(optimizer_state, after[1])
        and all(torch.equal(after[0][name], weight) for name, weight in weights.items()),
        "handler": signal.getsignal(signal.SIGINT) is handler,
    }


def loaders(scenario: Scenario) -> tuple:
    if not scenario.workers:
        return batches(5), batches(5)
    options = {"num_workers": scenario.workers, "persistent_workers": scenario.persistent}
    seeds = [torch.Generator() for _ in range(2)]  # else they draw from the global numbers
    made = [DataLoader(Rows(400), 4, generator=seed, **options) for seed in seeds]
    for loader in made if scenario.persistent else ():
        list(loader)
    return made


class Ready:
    """Says that the training runs: at the third step, or where it is to pause."""

    def __init__(self, name: str, scenario: Scenario) -> None:
        self.name, self.pause_in, self.twice = name, scenario.pause_in, scenario.twice
        self.calls = 0

    def on_start(self, run) -> None:
        self.run = run

    def on_step(self, run) -> None:
        if run.step == 3 and not self.pause_in:
            self.say()

    def loss_fn(self, logits, labels):
        self.calls += logits.requires_grad == (self.pause_in == "training")
        if self.pause_in and self.calls == 3:
            self.calls += 1
            self.say()
            self.wait()
        return loss_fn(logits, labels)

    def wait(self) -> None:
        """For the first signal, or until a second one ends all."""
        end = time.perf_counter() + PAUSE
        while time.perf_counter() < end and (self.twice or not self.run.stop):
            time.sleep(0.01)

    def say(self) -> None:
        print(f"ready {self.name}", flush=True)


def replay(parts, steps: int) -> tuple:
    """The same number of steps with the bare loop, from the same start."""
    model, losses = noisy().train(), []
    optimizer = adamw(model)
    torch.manual_seed(1)
    while len(losses) < steps:
        for part in parts:
            losses.append(bare_step(model, part, loss_fn, optimizer))
            if len(losses) == steps:
                break
    return losses, dict(model.named_parameters()), optimizer.state_dict()


def main() -> None:
    for name, scenario in SCENARIOS.items():
        try:
            found = train_until_interrupted(name, scenario)
        except BaseException as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        print(f"done {json.dumps(found)}", flush=True)


# The tests.


@pytest.fixture(scope="module")
def found():
    """What the other process says of each scenario, and what it printed meanwhile."""
    command = [sys.executable, "-um", "tests.test_loop_interrupt"]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    results, printed, name = {}, [], ""
    with subprocess.Popen(command, start_new_session=True, **options) as child:
        try:
            for line in child.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "ready":
                    name = rest
                    time.sleep(SCENARIOS[name].delay)
                    interrupt(child, SCENARIOS[name])
                elif word == "done":
                    results[name] = json.loads(rest) | {"printed": "".join(printed)}
                    printed = []
                else:
                    printed.append(line)
                    if line.startswith(MESSAGE) and SCENARIOS[name].twice:
                        interrupt(child, SCENARIOS[name])
        finally:
            child.kill()
    assert results.keys() == SCENARIOS.keys(), "".join(printed)
    return results


def interrupt(child: subprocess.Popen, scenario: Scenario) -> None:
    if scenario.group:
        os.killpg(child.pid, signal.SIGINT)
    else:
        child.send_signal(signal.SIGINT)


@pytest.mark.parametrize("name", SCENARIOS)
def test_weights_optimizer_and_history_belong_together(found, name):
    run = found[name]
    assert "error" not in run, run["error"]
    assert run["steps"] >= 2 and run["moved"] == [run["steps"]] and run["rates"] == run["steps"]
    assert run["replayed"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_epoch_of_the_history_was_validated(found, name):
    """A first interruption in a validation waits for its end; a second one, or the end of the
    workers, leaves it out."""
    epochs = found[name]["epochs"]
    assert all(list(epoch) == ["epoch", "train_loss", "valid_loss"] for epoch in epochs)
    if name.endswith("in validation"):
        assert len(epochs) == (1 if name == "in validation" else 0)


@pytest.mark.parametrize("name", SCENARIOS)
def test_who_handled_ctrl_c_before_does_so_again(found, name):
    assert found[name]["handler"]


@pytest.mark.parametrize("name", ["twice in training", "twice in validation"])
def test_a_second_time_waits_for_nothing(found, name):
    assert found[name]["seconds"] < PAUSE / 2


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_message_comes_once(found, name):
    assert found[name]["printed"].count(MESSAGE) == 1


if __name__ == "__main__":
    main()
