"""Healthy trainings whose steps or losses are unlike others. Read by the rules' author."""

import torch
from torch import Tensor, nn

from tests.benchmarks.doctor import _well
from tests.benchmarks.doctor._case import UNUSUAL, Case, Patient


def gradients_of_four_batches(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed, rows=800))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    count = 0

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        nonlocal count
        model.train()
        loss = loss_fn(model(batch[0]), batch[1])
        (loss / 4).backward()
        count += 1
        if count % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
        return loss.item()

    options = {"train_step": step, "valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed, 8), nn.CrossEntropyLoss(), optimizer, options)


class BagOfWords(nn.Module):
    """The mean of the words' vectors; the bag itself leaves padding out: (B, T) -> (B, C)."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(40, 32, padding_idx=_well.PAD)
        self.head = nn.Linear(32, 3)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        return self.head(self.bag(input_ids))


def warm_up_from_nothing(seed: int) -> Patient:
    """The first step's rate is 0, as in transformers' own schedules."""
    from transformers import get_linear_schedule_with_warmup

    torch.manual_seed(seed)
    train, valid = _well.phrase_rows(seed)
    model = BagOfWords()
    train_loader = _well.loader(train, seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2)
    schedule = get_linear_schedule_with_warmup(optimizer, 12, 12 * len(train_loader))

    def step(model: nn.Module, batch: dict, loss_fn: nn.Module, optimizer: object) -> float:
        model.train()
        loss = loss_fn(model(batch["input_ids"]), batch["labels"])
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        return loss.item()

    options = {
        "train_step": step,
        "valid_loader": _well.unshuffled(valid),
        "scheduler": schedule,
        "pad_token_id": _well.PAD,
    }
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, options)


def log_softmax_with_nll(seed: int) -> Patient:
    torch.manual_seed(seed)
    train, valid = _well.halves(*_well.clusters(seed, classes=5))
    model = nn.Sequential(
        nn.Linear(8, 32), nn.ReLU(inplace=True), nn.Linear(32, 5), nn.LogSoftmax(dim=1)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(train, seed), nn.NLLLoss(), optimizer, options)


def lbfgs_with_a_closure(seed: int) -> Patient:
    torch.manual_seed(seed)
    values, labels = _well.clusters(seed, rows=256)
    model = nn.Linear(8, 3)
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.3, max_iter=4)

    def step(model: nn.Module, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> float:
        model.train()

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = loss_fn(model(batch[0]), batch[1])
            loss.backward()
            return loss

        return optimizer.step(closure).item()

    train_loader = _well.loader(torch.utils.data.TensorDataset(values, labels), seed, 128)
    return Patient(model, train_loader, nn.CrossEntropyLoss(), optimizer, {"train_step": step})


def the_next_word(seed: int) -> Patient:
    """A causal language model: its labels are its inputs, and it shifts them by itself."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    chains = _well.chains(seed)
    sizes = {"vocab_size": 19, "n_positions": 12, "n_embd": 32, "n_layer": 2, "n_head": 2}
    model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=1, eos_token_id=1))
    model.loss_type = "ForCausalLM"  # else transformers says that it takes this one
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    rows = _well.Rows(input_ids=chains[:256], labels=chains[:256].clone())
    valid = _well.Rows(input_ids=chains[256:], labels=chains[256:].clone())
    options = {"valid_loader": _well.unshuffled(valid)}
    return Patient(model, _well.loader(rows, seed), None, optimizer, options)


class Game(nn.Module):
    """A generator of points, and who tells them from real ones: (B, 2) -> (B, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
        self.critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))

    def forward(self, points: Tensor) -> Tensor:
        return self.critic(points)


def two_players_with_an_optimizer_each(seed: int) -> Patient:
    torch.manual_seed(seed)
    points = torch.tensor([1.5, -1.0]) + 0.5 * torch.randn(512, 2)
    model = Game()
    betas = (0.5, 0.9)
    optimizer = torch.optim.Adam(model.critic.parameters(), lr=4e-3, betas=betas)
    for_generator = torch.optim.Adam(model.generator.parameters(), lr=2e-3, betas=betas)

    def step(model: Game, batch: list[Tensor], loss_fn: nn.Module, optimizer: object) -> dict:
        real, yes = batch
        model.train()
        made = model.generator(torch.randn(len(real), 4))
        optimizer.zero_grad()
        judged = loss_fn(model(real), yes) + loss_fn(model(made.detach()), 1 - yes)
        judged.backward()
        optimizer.step()
        for_generator.zero_grad()
        fooled = loss_fn(model(made), yes)
        fooled.backward()
        for_generator.step()
        return {"critic": judged.item(), "generator": fooled.item()}

    dataset = torch.utils.data.TensorDataset(points, torch.ones(512, 1))
    train_loader = _well.loader(dataset, seed, 32)
    return Patient(model, train_loader, nn.BCEWithLogitsLoss(), optimizer, {"train_step": step})


STEP_CASES = [
    Case("unusual/gradients-of-four-batches", "", UNUSUAL, gradients_of_four_batches),
    Case("unusual/warm-up-from-nothing", "", UNUSUAL, warm_up_from_nothing),
    Case("unusual/log-softmax-with-nll", "", UNUSUAL, log_softmax_with_nll),
    Case("unusual/lbfgs-with-a-closure", "", UNUSUAL, lbfgs_with_a_closure),
    Case("unusual/the-next-word", "", UNUSUAL, the_next_word),
    Case("unusual/two-players", "", UNUSUAL, two_players_with_an_optimizer_each),
]
