"""What the doctor says: findings and the report, as text and in a notebook."""

import ast
import dataclasses
import importlib
import pkgutil

import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from torch import nn

from course_lib import doctor
from course_lib.doctor import Finding, Report, examine
from course_lib.doctor._catalogue import CATALOGUE, finding
from tests.tiny_training import batches, linear, loss_fn, noisy, sgd

FAULT = Finding(
    "no-zero-grad",
    "fault",
    "Gradients of <b>4</b> weights & more.",
    "They add up.",
    "Clear them.",
    "a = 1\nb = a < 2",
    "notebooks/05_training_loop, section 2",
)
ADVICE = Finding("unused-class", "advice", "Of 3 classes, 1 never occurs.")


def carry_on(model, batch, loss_fn, optimizer):
    """A step that never clears the gradients."""
    model.train()
    loss_fn(model(batch["x"]), batch["labels"]).backward()
    optimizer.step()


def html(report):
    return report._repr_mimebundle_()["text/html"]


# Report and Finding.


def test_a_report_without_findings_is_healthy_and_says_what_was_looked_at():
    report = Report((), "Looked at 3 batches with 12 examples.")
    assert report.healthy
    assert str(report).split("\n") == [
        "doctor · no finding",
        "  Looked at 3 batches with 12 examples.",
    ]


def test_advice_leaves_a_report_healthy_and_one_fault_does_not():
    assert Report((ADVICE, ADVICE)).healthy
    assert not Report((ADVICE, FAULT)).healthy
    assert not Report((FAULT,)).healthy


def test_the_text_of_a_finding_holds_all_its_parts_in_order():
    assert str(Report((FAULT,))).split("\n") == [
        "doctor · 1 fault",
        "  [no] no-zero-grad (fault)",
        "       seen      Gradients of <b>4</b> weights & more.",
        "       why       They add up.",
        "       do        Clear them.",
        "       code      a = 1",
        "                 b = a < 2",
        "       taught in notebooks/05_training_loop, section 2",
    ]


def test_what_a_finding_does_not_have_takes_no_line():
    assert str(Report((ADVICE,))).split("\n") == [
        "doctor · 1 advice",
        "  unused-class (advice)",
        "       seen      Of 3 classes, 1 never occurs.",
    ]


def test_faults_and_advice_are_counted_in_the_title():
    title = str(Report((FAULT, FAULT, ADVICE))).split("\n")[0]
    assert title == "doctor · 2 faults, 1 advice"


def test_what_was_left_out_is_said():
    said = str(Report((), "", ("predict_fn, which raised KeyError: 'x'",)))
    assert "Not examined: predict_fn, which raised KeyError: 'x'" in said


def test_html_holds_the_same_words_and_no_markup_from_outside():
    page = html(Report((FAULT,), "", ("<script>alert(1)</script>",)))
    assert "&lt;b&gt;4&lt;/b&gt; weights &amp; more." in page and "<b>4" not in page
    assert "b = a &lt; 2" in page
    assert "&lt;script&gt;" in page and "<script" not in page
    for word in ("no-zero-grad (fault)", "They add up.", "Clear them.", "section 2"):
        assert word in page


def test_html_of_names_that_come_from_the_training_is_escaped_too():
    model = nn.ModuleDict({"<i>": nn.Linear(3, 2)})
    model.forward = lambda x: model["<i>"](x)
    model["<i>"].weight.requires_grade = model["<i>"].weight.require_grad = False
    report = examine(model, batches(3), loss_fn, sgd(model))
    assert [each.name for each in report.findings] == ["frozen-weights-move"]
    assert "`<i>.weight.require_grad`" in report.findings[0].seen
    assert "&lt;i&gt;" in html(report) and "<i>" not in html(report)


def test_a_notebook_shows_html_and_a_terminal_text():
    report = Report((FAULT,))
    bundle, _ = DisplayFormatter().format(report)
    assert bundle["text/plain"] == str(report)
    assert bundle["text/html"].startswith("<div")


def test_findings_and_reports_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FAULT.name = "x"
    with pytest.raises(dataclasses.FrozenInstanceError):
        Report().findings = (FAULT,)


def test_the_package_gives_what_it_lists():
    assert sorted(doctor.__all__) == ["Finding", "Report", "examine"]
    assert all(
        "notebooks/12_debugging_clinic" in getattr(doctor, n).__doc__ for n in doctor.__all__
    )


# The report of an examination.


def test_two_examinations_say_the_same():
    model = noisy()
    said = [str(examine(model, batches(4), loss_fn, sgd(model))) for _ in range(2)]
    torch.rand(3)
    model = noisy()
    said.append(str(examine(model, batches(4), loss_fn, sgd(model))))
    assert said[0] == said[1] == said[2]
    assert "Looked at 4 batches with 16 examples." in said[0]


def test_faults_stand_before_advice():
    """What the optimizer lacks is advice, and looked at before the mode, which is a fault here."""

    def asleep(model, batch, loss_fn, optimizer):
        model.eval()
        optimizer.zero_grad()
        loss_fn(model(batch["x"]), batch["labels"]).backward()
        optimizer.step()

    model = noisy()
    optimizer = torch.optim.SGD(model.layers[4].parameters(), lr=0.1)
    report = examine(model, batches(4), loss_fn, optimizer, train_step=asleep)
    found = [(each.name, each.severity) for each in report.findings]
    assert found == [("train-in-eval-mode", "fault"), ("parameters-not-in-optimizer", "advice")]
    assert str(report).split("\n")[0] == "doctor · 1 fault, 1 advice"


def test_only_the_cause_is_reported_and_not_what_follows_from_it():
    """A list hides layers: the optimizer lacks them, eval() does not reach their dropout."""

    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = [nn.Linear(3, 8), nn.Dropout(0.5)]
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            for part in self.parts:
                x = part(x)
            return self.head(x)

    torch.manual_seed(0)
    model = Hidden()
    report = examine(model, batches(4), loss_fn, sgd(model))
    assert [each.name for each in report.findings] == ["hidden-layers-in-a-list"]
    assert "32 weights" in report.findings[0].seen  # 3 * 8 + 8


def test_an_optimizer_of_another_model_is_the_only_finding():
    """Its step moves nothing here, and its zero_grad clears nothing here: both follow."""
    model = linear()
    report = examine(model, batches(4), loss_fn, sgd(linear(1)))
    assert [each.name for each in report.findings] == ["optimizer-of-another-model"]
    assert "None of the optimizer's 2 weight tensors is one of the model's 2" in str(report)


def test_a_name_is_reported_once():
    model = linear()
    model.layers[0].weight.require_grad = False
    model.layers[0].bias.require_grad = False
    report = examine(model, batches(3), loss_fn, sgd(model))
    assert [each.name for each in report.findings] == ["frozen-weights-move"]
    assert "1 like it" in report.findings[0].seen


def test_each_finding_of_an_examination_carries_the_words_of_the_catalogue():
    report = examine(model := linear(), batches(3), loss_fn, sgd(model), train_step=carry_on)
    (found,) = report.findings
    why, fix, code, section = CATALOGUE["no-zero-grad"]
    assert (found.why, found.fix, found.code) == (why, fix, code)
    assert found.section == f"notebooks/{section}" and found.severity == "fault"
    assert found == finding("no-zero-grad", found.seen)
    assert f"taught in {found.section}" in str(report)


def test_every_finding_that_a_rule_may_make_is_in_the_catalogue():
    """Read from the source: each finding(...) begins with a name."""
    named = set()
    for module in pkgutil.iter_modules(doctor.__path__):
        path = importlib.import_module(f"course_lib.doctor.{module.name}").__file__
        with open(path, encoding="utf-8") as file:
            calls = [n for n in ast.walk(ast.parse(file.read())) if isinstance(n, ast.Call)]
        for call in calls:
            if getattr(call.func, "id", "") == "finding" and isinstance(call.args[0], ast.Constant):
                named.add(call.args[0].value)
    assert len(named) >= 30 and named <= set(CATALOGUE)
