"""load_backbone and the Hub: a small one on loopback, and hubs that are not there."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from course_lib.model import load_backbone
from course_lib.model.backbone import _takes_calls
from tests.tiny_hub import COMMIT, save_tiny_backbone, serve

ROOT = Path(__file__).resolve().parents[1]
NAME = "tiny/bert"
# The variables are read when huggingface_hub is imported: hence a process for each whole load.
LOAD = """
import json, sys
from course_lib.model import load_backbone
light = "transformers" not in sys.modules
try:
    backbone, tokenizer = load_backbone(sys.argv[1])
except Exception as error:
    found = {"error": type(error).__name__, "light": "transformers" not in sys.modules}
else:
    import torch
    inputs = tokenizer("the mean of a row", return_tensors="pt")
    with torch.no_grad():
        hidden = backbone(**inputs).last_hidden_state
    found = {"ids": inputs["input_ids"].tolist(), "hidden": hidden.tolist()}
print(json.dumps({"light": light, **found}))
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "bert"
    return folder, *save_tiny_backbone(folder)


def load(name, home, hub, cwd, **variables):
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("HF_", "HUGGINGFACE_", "TRANSFORMERS_"))
        and not key.lower().endswith("_proxy")
    }
    paths = {"HF_HOME": str(home), "HF_ENDPOINT": hub, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOAD, name],
        env={**inherited, **paths, **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def expect_the_tiny_one(found, tiny):
    _, backbone, tokenizer = tiny
    inputs = tokenizer("the mean of a row", return_tensors="pt")
    with torch.no_grad():
        expected = backbone(**inputs).last_hidden_state
    assert found.get("ids") == inputs["input_ids"].tolist(), found
    assert torch.equal(torch.tensor(found["hidden"]), expected)


@pytest.fixture(scope="module")
def loaded(tiny, tmp_path_factory):
    """A load from the hub: what came, the calls to the hub, the cache it filled, the hub's url."""
    folder = tmp_path_factory.mktemp("loaded")
    with serve({NAME: tiny[0]}) as hub:
        found, _ = load(NAME, folder / "home", hub.url, folder)
    return found, hub.calls, folder / "home", hub.url


def test_a_name_comes_from_the_hub(tiny, loaded):
    found, calls, *_ = loaded
    expect_the_tiny_one(found, tiny)
    files = ("config.json", "model.safetensors", "tokenizer.json")
    assert {f"GET /{NAME}/resolve/{COMMIT}/{file}" for file in files} <= set(calls)


def test_importing_the_model_does_not_import_transformers(loaded):
    assert loaded[0]["light"]


def test_the_second_load_comes_from_the_cache_with_the_hub_gone(tiny, loaded, tmp_path):
    found, said = load(NAME, loaded[2], loaded[3], tmp_path)
    expect_the_tiny_one(found, tiny)
    assert "Retrying" not in said


def test_hf_hub_offline_asks_nobody_and_imports_no_transformers(tiny, tmp_path):
    with serve({NAME: tiny[0]}) as hub:
        found, _ = load(NAME, tmp_path / "home", hub.url, tmp_path, HF_HUB_OFFLINE="1")
    assert hub.calls == []
    assert found == {"light": True, "error": "ConnectionError"}


# What follows needs no process: it changes what huggingface_hub has read.


@pytest.fixture
def use_hub(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home/hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)

    def use(url):
        monkeypatch.setattr(constants, "ENDPOINT", url)
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)

    return use


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_download_that_was_cut_off_is_completed(file, tiny, loaded, use_hub, tmp_path):
    shutil.copytree(loaded[2], tmp_path / "home", symlinks=True)
    (link,) = (tmp_path / "home").rglob(f"snapshots/*/{file}")
    link.resolve().unlink()
    link.unlink()
    with serve({NAME: tiny[0]}) as hub:
        use_hub(hub.url)
        backbone, tokenizer = load_backbone(NAME)
    assert f"GET /{NAME}/resolve/{COMMIT}/{file}" in hub.calls
    assert len(tokenizer) == len(tiny[2])
    expected = tiny[1].state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in backbone.state_dict().items())


@pytest.fixture
def nobody():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def refused(name, kind=ConnectionError):
    """What load_backbone says, and after how many seconds: less than one."""
    start = time.perf_counter()
    with pytest.raises(kind) as caught:
        load_backbone(name)
    seconds = time.perf_counter() - start
    assert type(caught.value) is kind
    assert seconds < 1
    return str(caught.value), seconds


def asked(hub):
    return [call for call in hub.calls if "/api/models/" in call or "/resolve/" in call]


@pytest.mark.parametrize("name", ["tiny/bret", "bret"])
def test_a_name_that_the_hub_does_not_have_is_said_after_one_question(name, tiny, use_hub):
    with serve({NAME: tiny[0]}) as hub:
        use_hub(hub.url)
        said, _ = refused(name, FileNotFoundError)
    assert asked(hub) == [f"GET /api/models/{name}"]
    assert said == (
        f"load_backbone: there is no folder '{name}' here, and no such name on {hub.url}. Check "
        f"the spelling; a folder is looked for from {os.getcwd()!r}. A private name needs "
        "`hf auth login`."
    )


def test_without_a_hub_a_name_fails_at_once(use_hub, nobody):
    use_hub(nobody)
    said, _ = refused("klue/roberta-small")
    assert said == (
        "load_backbone: 'klue/roberta-small' is neither a folder here nor complete in the Hub's "
        f"cache, and {nobody} cannot be reached. Check the spelling; a folder is looked for from "
        f"{os.getcwd()!r}. For a name on the Hub, connect first; load_backbone() needs no network."
    )


def test_a_misspelt_folder_fails_at_once_and_hears_of_the_one_beside_it(use_hub, nobody, tmp_path):
    use_hub(nobody)
    (tmp_path / "data/backbone").mkdir(parents=True)
    said, _ = refused("data/backbon")
    assert "Did you mean 'data/backbone'? For a name on the Hub" in said


@pytest.mark.parametrize("lookup", [0, 5], ids=["refused", "hanging"])
def test_a_host_without_an_address_fails_at_once(lookup, use_hub, monkeypatch):
    def look_up(*_, **__):
        time.sleep(lookup)
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    use_hub("https://hub.invalid")
    assert "https://hub.invalid cannot be reached" in refused("klue/roberta-small")[0]


@pytest.mark.skipif(sys.platform != "linux", reason="a full queue keeps callers waiting on Linux")
def test_a_hub_that_does_not_take_the_call_is_not_waited_for(use_hub):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        callers = [socket.socket() for _ in range(3)]
        for caller in callers:  # the queue is full
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        use_hub(f"http://127.0.0.1:{server.getsockname()[1]}")
        said, seconds = refused("klue/roberta-small")
        for caller in callers:
            caller.close()
    assert "cannot be reached" in said
    assert seconds > 0.5


def test_a_hub_that_answers_nonsense_is_said(tmp_path, use_hub, tiny, monkeypatch):
    with serve({NAME: tmp_path / "gone"}) as hub:  # the server fails and hangs up
        monkeypatch.setattr(hub, "handle_error", lambda *_: None)
        use_hub(hub.url)
        said, _ = refused(NAME)
    assert f"{hub.url}, asked for it, failed: " in said


def test_a_proxy_is_called_in_the_hubs_place(use_hub, nobody, tiny, monkeypatch):
    with serve({NAME: tiny[0]}) as hub:
        use_hub(hub.url)
        monkeypatch.setenv("http_proxy", nobody)
        assert "cannot be reached" in refused("tiny/bret")[0]
        assert hub.calls == []
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert _takes_calls(hub.url)
