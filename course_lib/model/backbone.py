"""Load a pretrained backbone: the shipped one, a local folder, or a name on the Hugging Face Hub.

Whether there is anything to load is found out first, without transformers, which takes seconds to
import and, without a network, seconds more to give up.
"""

import contextlib
import difflib
import os
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from course_lib import runtime

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CONNECT_SECONDS = 0.7  # a hub that is there takes the call well before
ANSWER_SECONDS = 10


def load_backbone(
    name_or_path: str | Path | None = None,
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """Load a pretrained backbone and its tokenizer, with `AutoModel` and `AutoTokenizer`.

    A folder is taken first, then what an earlier load left in the cache, and the network last.
    `HF_HOME`, `HF_ENDPOINT` and `HF_HUB_OFFLINE` count, if set before the first load.

    Arguments:
        name_or_path  None for the backbone that the course ships, a folder that
                      `save_pretrained` wrote, or a name on the Hub such as "klue/roberta-small"

    Returns:
        The backbone, in float32, in evaluation mode and without BERT's pooler (a layer on top of
        [CLS] that masked-language-model pretraining leaves untrained), and the tokenizer.

    Raises:
        FileNotFoundError: there is no such folder, or no such name on the Hub.
        ConnectionError: the name is not in the cache, and the Hub cannot be reached or asked.
        ValueError: what is there is damaged, incomplete, or no model that transformers knows.

    Built in notebooks/03_custom_model.ipynb.
    """
    if name_or_path is None:
        return _load(_shipped(), local=True)
    folder = Path(name_or_path).expanduser()
    if folder.exists():
        return _load(_checked(folder), local=True)
    name = str(name_or_path)
    if isinstance(name_or_path, Path) or not _could_be_a_name(name):
        raise FileNotFoundError(
            f"load_backbone: there is no folder {name!r}, and it cannot be a name on the Hub. "
            f"Expected an existing folder or a name such as 'klue/roberta-small'. {_hint(folder)}"
        )
    if _is_cached(name):
        try:
            return _load(name, local=True)
        except ValueError:  # an earlier download was cut off: the network has the rest
            pass
    _expect_on_hub(name, folder)
    return _load(name, local=False)


def _shipped() -> Path:
    folder = runtime.data_dir() / "backbone"
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"load_backbone: the shipped backbone should be in {folder}, but there is none. Make "
            "it with `python -m course_lib.pretrain`, or name another: load_backbone(folder)."
        )
    return folder


def _checked(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        kind = "a folder without config.json" if folder.is_dir() else "a file"
        raise FileNotFoundError(
            f"load_backbone: '{folder}' is {kind}; expected a folder with config.json, weights "
            "and tokenizer. Name the folder that save_pretrained wrote."
        )
    return folder


def _could_be_a_name(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def _hint(folder: Path) -> str:
    """What to try: a folder beside it that is spelt nearly so, else where we looked from."""
    beside = [path.name for path in folder.parent.glob("*/")]
    close = difflib.get_close_matches(folder.name, beside, n=1)
    if close:
        return f"Did you mean {str(folder.with_name(close[0]))!r}?"
    return f"Check the spelling; a folder is looked for from {os.getcwd()!r}."


def _is_cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json"), str)


def _expect_on_hub(name: str, folder: Path) -> None:
    """Ask the hub once, and only if it takes the call at once, whether it has the name."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import RepositoryNotFoundError

    hub = constants.ENDPOINT
    nowhere = f"load_backbone: {name!r} is neither a folder here nor complete in the Hub's cache"
    if constants.HF_HUB_OFFLINE:
        raise ConnectionError(
            f"{nowhere}, and HF_HUB_OFFLINE forbids to ask {hub}. {_hint(folder)} For a name on "
            "the Hub, unset HF_HUB_OFFLINE and restart the kernel."
        )
    if not _takes_calls(hub):
        raise ConnectionError(
            f"{nowhere}, and {hub} cannot be reached. {_hint(folder)} For a name on the Hub, "
            "connect first; load_backbone() needs no network."
        )
    try:
        HfApi().model_info(name, timeout=ANSWER_SECONDS)
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"load_backbone: there is no folder {name!r} here, and no such name on {hub}. "
            f"{_hint(folder)} A private name needs `hf auth login`."
        ) from error
    except Exception as error:
        raise ConnectionError(
            f"{nowhere}, and {hub}, asked for it, failed: {_first_line(error)} Expected its "
            "description. Try again later; load_backbone() needs no network."
        ) from error


def _takes_calls(url: str) -> bool:
    """Whether the host of a URL, or the proxy before it, takes a connection at once."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    if not urllib.request.proxy_bypass(parts.hostname or ""):
        proxy = proxies.get(parts.scheme) or proxies.get("all")
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else parts
    address = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    taken = []

    def call() -> None:
        try:
            with socket.create_connection(address, CONNECT_SECONDS):
                taken.append(True)
        except OSError:
            pass

    # In a thread, because looking up a host's name has no time limit of its own.
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return bool(taken)


def _load(
    name_or_path: str | Path, local: bool
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    import torch
    from transformers import AutoModel, AutoTokenizer

    options = {"local_files_only": local, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(name_or_path, **options)
        with _quiet(bar=not local):
            # Weights may be stored in half precision; training wants them whole.
            backbone, report = AutoModel.from_pretrained(
                name_or_path, dtype=torch.float32, output_loading_info=True, **options
            )
        _expect_all_weights(report)
        # Without its files transformers makes an empty tokenizer and says nothing.
        if len(tokenizer) <= len(tokenizer.all_special_tokens):
            raise ValueError("its tokenizer knows no words")
    except Exception as error:
        raise ValueError(
            f"load_backbone: '{name_or_path}' could not be loaded: {_first_line(error)} Expected "
            "config, weights and tokenizer as save_pretrained writes them. Copy or download it "
            "anew."
        ) from error
    if hasattr(backbone, "pooler"):
        backbone.pooler = None
    return backbone, tokenizer


def _expect_all_weights(report: dict) -> None:
    """What the file lacks is drawn at random, and a model of noise trains without an error."""
    missing = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
    if missing:
        raise ValueError(f"{len(missing)} weights are missing, such as {missing[0]}")


@contextlib.contextmanager
def _quiet(bar: bool) -> Iterator[None]:
    """No report on unused heads, and a progress bar only where something is fetched."""
    from transformers.utils import logging

    level, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if not bar:
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    line = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {line}."
