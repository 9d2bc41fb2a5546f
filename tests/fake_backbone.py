"""A backbone and a tokenizer in a few lines, built like those of transformers but without it."""

from types import SimpleNamespace

import torch
from torch import nn

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "mean", "of", "each", "row", "is", "one"]
HIDDEN, HEADS, LONGEST = 8, 2, 80


class Outputs(dict):
    """A dict whose values are attributes too, as ModelOutput is."""

    def __getattr__(self, name):
        return self[name]


class FakeAttention(nn.Module):
    """Weights that follow from the hidden states alone, other ones in each head."""

    def forward(self, hidden):
        places = torch.arange(1, HEADS + 1, device=hidden.device).view(1, HEADS, 1, 1)
        scores = (hidden @ hidden.transpose(1, 2)).unsqueeze(1) * places  # (B, heads, T, T)
        weights = scores.softmax(dim=-1)
        return weights.mean(dim=1) @ hidden, weights


class FakeLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = FakeAttention()
        self.wide, self.narrow = nn.Linear(HIDDEN, 4 * HIDDEN), nn.Linear(4 * HIDDEN, HIDDEN)

    def forward(self, hidden):
        attended, weights = self.attention(hidden)
        return hidden + self.narrow(self.wide(attended).relu()), weights


class FakeBackbone(nn.Module):
    def __init__(self, layers=2, looks_at_numbers=False):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embeddings = nn.Embedding(len(WORDS), HIDDEN)
            self.layers = nn.ModuleList(FakeLayer() for _ in range(layers))
        self.config = SimpleNamespace(hidden_size=HIDDEN, num_hidden_layers=layers)
        self.looks_at_numbers = looks_at_numbers
        self.kind = "sdpa"

    def set_attn_implementation(self, kind):
        self.kind = kind

    def get_input_embeddings(self):
        return self.embeddings

    def forward(self, input_ids, attention_mask=None, output_attentions=False):
        if self.looks_at_numbers:
            assert input_ids.min().item() >= 0
        hidden, weights = self.embeddings(input_ids), []
        for layer in self.layers:
            hidden, found = layer(hidden)
            weights.append(found)
        outputs = Outputs(last_hidden_state=hidden)
        if output_attentions and self.kind == "eager":
            outputs["attentions"] = tuple(weights)
        return outputs


class FakeTokenizer:
    """Words between spaces, with [CLS] before and [SEP] behind; `words` are the known ones."""

    def __init__(self, words=WORDS):
        self.words = list(words)

    def __call__(self, text, truncation, max_length):
        known = [self.words.index(w) if w in self.words else 1 for w in text.split()]
        return {"input_ids": [2, *known[: max_length - 2], 3]}

    def num_special_tokens_to_add(self):
        return 2

    def decode(self, numbers):
        return " ".join(self.words[number] for number in numbers)

    def convert_ids_to_tokens(self, number):
        return self.words[number]
