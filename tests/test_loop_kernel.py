"""The stop button: a real kernel is interrupted while `fit` runs in a cell."""

import queue
import time

import pytest
from jupyter_client.manager import start_new_kernel

SETTING = """
import torch
from torch import nn
from course_lib import data
from course_lib.loop import History, fit

class Slow(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, pixel_values):
        import time
        time.sleep(0.01)
        return self.layer(pixel_values.flatten(1))

digits = data.DigitDataset(*data.load_digits("train"))
loader = data.make_loader(digits, 50, shuffle=True, num_workers={workers})
model = Slow()
optimizer = torch.optim.Adam(model.parameters())
"""
FIT = """
class Says:
    def on_step(self, run):
        if run.step == 5:
            print("under way", flush=True)

history = fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs=1000, callbacks=[Says()])
"""
LOOK = """
steps = {int(state["step"]) for state in optimizer.state.values()}
print(len(history.losses), steps == {len(history.losses)}, len(history.epochs))
more = fit(model, loader, nn.CrossEntropyLoss(), optimizer, epochs=1, history=history)
print(more is history, len(history.epochs), model.layer.weight.isfinite().all().item())
"""


@pytest.fixture
def kernel(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    manager, client = start_new_kernel(kernel_name="python3")
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def told(client, code, *, at=None, then=None):
    """What a cell prints; when it prints `at`, `then` is called. An error in it fails the test."""
    request, text = client.execute(code), ""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            continue
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        assert message["msg_type"] != "error", "\n".join(content["traceback"])
        if message["msg_type"] == "stream":
            text += content["text"]
            if at and at in content["text"]:
                then()
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return text
    raise AssertionError(f"the cell did not end; so far it printed {text!r}")


@pytest.mark.parametrize("workers", [0, 2])
def test_the_stop_button_leaves_a_history_and_a_model_to_go_on_with(kernel, workers):
    manager, client = kernel
    told(client, SETTING.replace("{workers}", str(workers)))
    text = told(client, FIT, at="under way", then=manager.interrupt_kernel)
    assert "interrupted" in text
    first, second = told(client, LOOK).splitlines()
    steps, in_step, epochs = first.split()
    assert 5 <= int(steps) < 1000
    assert in_step == "True", "the optimizer made another number of steps than the history has"
    assert second == f"True {int(epochs) + 1} True"
