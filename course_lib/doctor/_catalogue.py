"""What each finding means: why it matters, what to do, the line of code, where it is taught."""

from typing import NamedTuple

from course_lib.doctor.report import FAULT, Finding

M, D, C = "01_module_and_parameter", "02_dataset_and_dataloader", "03_custom_model"
L, T, I = "04_loss_and_metric", "05_training_loop", "06_inference_loop"  # noqa: E741
P, F, G = "08_pretraining", "09_transfer_learning", "12_debugging_clinic"


class Entry(NamedTuple):
    why: str
    fix: str
    code: str
    section: str


CATALOGUE = {
    "no-zero-grad": Entry(
        "Each step then goes along the sum of all gradients so far, not along that of its batch.",
        "Clear the gradients once for each optimizer step, before `backward()`.",
        "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
        f"{T}, section 2",
    ),
    "zero-grad-after-backward": Entry(
        "The step finds no gradient, or zeros: nothing is learned; momentum and weight decay alone "
        "move weights.",
        "Clear before `backward()`, or after `step()`, never between them.",
        "optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
        f"{T}, section 2",
    ),
    "no-optimizer-step": Entry(
        "Gradients are computed and nobody uses them: the weights stay as they are.",
        "Call the optimizer's `step()` after `backward()`, with its brackets.",
        "loss.backward()\noptimizer.step()",
        f"{T}, section 2",
    ),
    "no-backward": Entry(
        "Without `backward()` no weight gets a gradient, and a step has nothing to go along.",
        "Call `backward()` on the loss before the step.",
        "loss.backward()\noptimizer.step()",
        f"{T}, section 2",
    ),
    "train-in-eval-mode": Entry(
        "Dropout drops nothing, and BatchNorm neither uses nor learns the batch's statistics.",
        "Switch to training mode before the training steps, again after every evaluation.",
        "model.train()",
        f"{T}, section 2",
    ),
    "eval-in-train-mode": Entry(
        "Dropout makes the answers random, and BatchNorm makes them depend on the batch.",
        "Switch to evaluation mode before predicting; `no_grad()` does not do it.",
        "model.eval()\nwith torch.no_grad():\n    logits = model(**inputs)",
        f"{I}, section 1",
    ),
    "detached-loss": Entry(
        "`backward()` finds no way from the loss to a weight, so nothing can be learned.",
        "Keep tensors as tensors up to the loss: no `.detach()`, `.data`, `.numpy()`, "
        "`torch.tensor(...)` or `no_grad()` on the way.",
        "loss = loss_fn(model(**inputs), labels)\nloss.backward()",
        f"{M}, section 8",
    ),
    "softmax-before-cross-entropy": Entry(
        "Cross-entropy takes the softmax itself. With two of them the loss never comes near 0, and "
        "its gradients are small.",
        "Give cross-entropy the logits; take the softmax where you read probabilities.",
        "loss = nn.CrossEntropyLoss()(logits, labels)",
        f"{L}, section 3",
    ),
    "sigmoid-before-bce-with-logits": Entry(
        "The loss takes the sigmoid itself. Applied twice, no answer is below 0.5 or above 0.74.",
        "Give the loss the logits; take the sigmoid where you read probabilities.",
        "loss = nn.BCEWithLogitsLoss()(logits, labels)",
        f"{L}, section 6",
    ),
    "nll-without-log-softmax": Entry(
        "NLLLoss only picks the label's number and turns its sign: with anything but "
        "log-probabilities it has no floor, or no meaning.",
        "Take CrossEntropyLoss on the logits, or log_softmax before NLLLoss.",
        "loss = nn.CrossEntropyLoss()(logits, labels)",
        f"{L}, section 2",
    ),
    "broadcast-in-regression-loss": Entry(
        "(N, 1) beside (N,) becomes (N, N): each prediction is compared with every label, and the "
        "best answer is then the same mean for all.",
        "Bring both to one shape before the loss.",
        "loss = loss_fn(predictions.squeeze(-1), labels)",
        f"{L}, section 7",
    ),
    "labels-out-of-range": Entry(
        "A label must be a class that the head has: a whole number from 0 to C - 1; for yes or no, "
        "0 or 1.",
        "Number the classes of the whole training part from 0; the head has one output for each.",
        "classes, labels = torch.unique(all_labels, return_inverse=True)",
        f"{C}, section 7",
    ),
    "unused-class": Entry(
        "What never occurs is never learned. Often a label was lost when names were numbered or "
        "the data was split or filtered.",
        "Count the labels of the training part. If the class is kept for later, all is well.",
        "torch.bincount(labels[labels >= 0], minlength=C)",
        f"{D}, section 5",
    ),
    "head-too-wide": Entry(
        "The outputs that no label ever names are learned to be low, no more; the number of "
        "classes is often that of another task.",
        "Give the head as many outputs as there are classes.",
        "nn.Linear(H, len(class_names))",
        f"{C}, section 7",
    ),
    "labels-unrelated-to-inputs": Entry(
        "Where inputs say nothing about labels, training can only learn by heart. Often the two "
        "were shuffled, sorted or filtered apart from one another.",
        "Look at ten examples with their labels. Split, sort and shuffle both together.",
        "order = torch.randperm(len(x))\nx, y = x[order], y[order]",
        f"{G}, section 5",
    ),
    "parameters-not-in-optimizer": Entry(
        "What the optimizer does not hold stays as it is: a new head stays random.",
        "Make the optimizer after the model is complete, of all that shall learn.",
        "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)",
        f"{F}, section 4",
    ),
    "optimizer-of-another-model": Entry(
        "It moves weights that this model does not have; the model stays as it is.",
        "Make the optimizer after the model, and anew whenever the model is made anew.",
        "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)",
        f"{F}, section 4",
    ),
    "hidden-layers-in-a-list": Entry(
        "A plain list, tuple or dict hides layers: `parameters()`, `state_dict()`, `to()` and "
        "`eval()` do not find them.",
        "Hold layers in nn.ModuleList, nn.ModuleDict or nn.Sequential.",
        "self.layers = nn.ModuleList(layers)",
        f"{M}, section 6",
    ),
    "plain-tensor-not-parameter": Entry(
        "Only an nn.Parameter is found by `parameters()`: a plain tensor is neither trained, nor "
        "saved, nor moved to a GPU.",
        "Make it a parameter; if it must not learn, a buffer.",
        "self.weight = nn.Parameter(torch.randn(H))\nself.register_buffer('table', table)",
        f"{M}, section 2",
    ),
    "nothing-trainable": Entry(
        "Every weight is frozen, so no step can change a weight.",
        "Unfreeze what shall learn: the head at least.",
        "for weight in model.head.parameters():\n    weight.requires_grad = True",
        f"{F}, section 2",
    ),
    "frozen-batchnorm-updates": Entry(
        "A frozen BatchNorm in training mode still takes in every batch's mean and variance: the "
        "frozen part changes.",
        "Put frozen parts into evaluation mode, after each `model.train()`.",
        "model.train()\nmodel.backbone.eval()",
        f"{F}, section 3",
    ),
    "frozen-weights-move": Entry(
        "An optimizer moves what has a gradient, even one of zeros, along momentum and weight "
        "decay; and a misspelt `requires_grad` freezes nothing.",
        "Freeze with `requires_grad_(False)` before the optimizer is made, and leave frozen "
        "weights out of it.",
        "learning = [w for w in model.parameters() if w.requires_grad]\n"
        "optimizer = torch.optim.AdamW(learning, lr=1e-3)",
        f"{F}, section 3",
    ),
    "learning-rate-too-high": Entry(
        "Every step overshoots, so the loss grows or jumps instead of falling.",
        "Take a tenth of the rate, then look for the largest that falls steadily.",
        'for group in optimizer.param_groups:\n    group["lr"] /= 10',
        f"{T}, section 4",
    ),
    "learning-rate-too-low": Entry(
        "The weights hardly move: the loss falls, but not in your lifetime.",
        "Take ten times the rate until the loss falls visibly within some dozens of steps.",
        'for group in optimizer.param_groups:\n    group["lr"] *= 10',
        f"{T}, section 4",
    ),
    "scheduler-stepped-too-often": Entry(
        "A schedule made for epochs is used up within some batches; after that the rate is next "
        "to nothing, or goes up and down.",
        "Step it once per epoch, or make it for the number of batches.",
        "for epoch in range(epochs):\n    train_epoch(...)\n    scheduler.step()",
        f"{T}, section 8",
    ),
    "scheduler-before-optimizer": Entry(
        "The first rate of the schedule is skipped, and all come one step too early.",
        "Step the optimizer first, then the scheduler.",
        "optimizer.step()\nscheduler.step()",
        f"{T}, section 8",
    ),
    "dropout-always-on": Entry(
        "The answers stay random in evaluation mode: the same input gets another one each time.",
        "Make dropout a module, or tell the function the mode.",
        "F.dropout(x, p=0.1, training=self.training)",
        f"{I}, section 2",
    ),
    "samples-leak-within-batch": Entry(
        "An answer must not depend on who else is in the batch. Usually a softmax, a mean or an "
        "attention goes along the batch, or a reshape mixes examples.",
        "Look for dim=0, for a missing batch_first=True, for view() where permute() is meant.",
        "scores.softmax(dim=-1)",
        f"{G}, section 3",
    ),
    "padding-not-masked": Entry(
        "The same example gets another answer, or another loss, when the batch is padded longer.",
        "Hand the attention mask to the model and to the pooling; give padding the label -100.",
        "summed = (hidden * mask.unsqueeze(-1)).sum(1)\nmean = summed / mask.sum(1, keepdim=True)",
        f"{C}, section 3",
    ),
    "dead-relu": Entry(
        "A unit that is 0 for every input passes no gradient back: it cannot come alive by itself.",
        "Look at the biases and the initialisation of the layer before; take a lower rate.",
        "nn.init.kaiming_normal_(layer.weight)\nnn.init.zeros_(layer.bias)",
        f"{G}, section 4",
    ),
    "vanishing-gradient": Entry(
        "The first layers get next to no gradient, so they stay as they were drawn.",
        "Fewer layers, ReLU for sigmoid, residual connections, normalisation, a better "
        "initialisation.",
        "x = x + layer(norm(x))",
        "10_monitoring, section 4",
    ),
    "exploding-gradient": Entry(
        "One step throws the weights far off; a little later they are NaN.",
        "A smaller initialisation, normalisation; clipping keeps the first steps small.",
        "nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        f"{T}, section 7",
    ),
    "not-shuffled": Entry(
        "Batches that are all alike pull the model one way and then another; in a fixed order each "
        "epoch repeats it.",
        "Shuffle the training part, and only that.",
        "DataLoader(dataset, batch_size=32, shuffle=True)",
        f"{D}, section 7",
    ),
    "train-valid-overlap": Entry(
        "What was trained on is known by heart: the validation result is better than the truth.",
        "Remove duplicates, then split, once, before anything else.",
        "train, valid = random_split(unique, [0.8, 0.2])",
        f"{D}, section 3",
    ),
    "empty-loader": Entry(
        "An epoch without batches trains nothing and says nothing.",
        "Look at len(dataset), batch_size and drop_last; give a list or a DataLoader, which can be "
        "walked again and again.",
        "DataLoader(dataset, batch_size=32, drop_last=False)",
        f"{D}, section 7",
    ),
    "one-class-collapse": Entry(
        "All examples get one answer, so accuracy is the share of that class, and nothing is told "
        "of the others.",
        "Count the labels; look at the class weights, the last bias, and how answers are made of "
        "logits.",
        "counts = torch.bincount(labels, minlength=C)\nweight = len(labels) / (C * counts)",
        f"{I}, section 7",
    ),
    "input-not-normalised": Entry(
        "Large, tiny or very unequal inputs make one rate too high for some weights and too low "
        "for others.",
        "Bring every feature to mean 0 and standard deviation 1, with the numbers of the training "
        "part.",
        "x = (x - train_mean) / train_std.where(train_std > 0, 1.0)",
        f"{M}, section 4",
    ),
    "non-finite-input": Entry(
        "One NaN makes the loss NaN, and one step later every weight.",
        "Find them and fill or drop them before the batches are made.",
        "good = x.flatten(1).isfinite().all(dim=1)\nx, labels = x[good], labels[good]",
        f"{T}, section 13",
    ),
    "wrong-device": Entry(
        "What is calculated together must be on one device, and not on meta, which has no values.",
        "Move the model before the optimizer is made, and every batch as it comes.",
        "model.to(device)\nbatch = {name: value.to(device) for name, value in batch.items()}",
        f"{T}, section 12",
    ),
    "masked-lm-labels-unmasked": Entry(
        "The answer stands in the input, so the model learns to copy and the loss goes to 0.",
        "Hide the chosen tokens in the input, and give all others the label -100.",
        "labels = input_ids.masked_fill(~chosen, -100)\n"
        "input_ids = input_ids.masked_fill(chosen, mask_token_id)",
        f"{P}, section 3",
    ),
    "step-fails": Entry(
        "A training that stops in its first step teaches nothing.",
        "Run one batch by hand and print the shapes.",
        "logits = model(**inputs)\nprint(logits.shape, labels.shape)",
        f"{C}, section 6",
    ),
}


def finding(name: str, seen: str, severity: str = FAULT) -> Finding:
    """A finding with the words of the catalogue and what was seen in this training."""
    entry = CATALOGUE[name]
    return Finding(name, severity, seen, *entry[:3], f"notebooks/{entry.section}")
