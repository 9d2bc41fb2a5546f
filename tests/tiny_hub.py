"""A small Hugging Face Hub on loopback, and the tiny backbones that it serves."""

import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "mean", "of", "a", "row", ".", "plot"]
SIZES = {
    "vocab_size": len(WORDS),
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 12,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}


def save_tiny_backbone(folder, seed=0, dtype=torch.float32):
    """A complete BERT of random weights, with its tokenizer, as `save_pretrained` writes it."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(seed)
    backbone = BertModel(BertConfig(**SIZES)).eval()
    backbone.to(dtype).save_pretrained(folder)
    tokenizer = BertTokenizerFast(vocab={word: number for number, word in enumerate(WORDS)})
    tokenizer.save_pretrained(folder)
    return backbone, tokenizer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def log_message(self, *_):
        pass

    def _answer(self):
        path = self.path.partition("?")[0]
        self.server.calls.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]), parts[4:])
        elif parts[2:3] == ["resolve"]:
            self._file("/".join(parts[:2]), "/".join(parts[4:]))
        else:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _describe(self, name, rest):
        folder = self.server.repositories.get(name)
        if folder is None:
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        files = sorted(path for path in folder.iterdir() if path.is_file())
        if rest[:1] == ["tree"]:
            if len(rest) > 2:  # no folder inside
                return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            found = [
                {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": _sum(path)}
                for path in files
            ]
        else:
            siblings = [{"rfilename": path.name} for path in files]
            found = {"id": name, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}
        return self._send(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _file(self, name, file):
        folder = self.server.repositories.get(name)
        if folder is None:
            return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
        path = folder / file
        if not path.is_file():
            headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
            return self._send(404, b"", headers)
        headers = {"ETag": f'"{_sum(path)}"', "X-Repo-Commit": COMMIT}
        return self._send(200, path.read_bytes(), headers)

    def _send(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _sum(path):
    return hashlib.sha1(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def serve(repositories):
    """Serve `{"org/name": folder}`; gives the server, with `.url` and `.calls`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.repositories, server.calls = repositories, []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
