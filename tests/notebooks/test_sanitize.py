"""The ≈ sanitizer: measured numbers may differ under nbval, all else is compared to the letter."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbval.plugin import get_sanitize_patterns

from tests.notebooks import store, synthetic
from tests.notebooks.synthetic import code, stream

CONFIG = Path(__file__).with_name("sanitize.cfg")


def sanitised(shown):
    for pattern, replacement in get_sanitize_patterns(CONFIG.read_text(encoding="ascii")):
        shown = re.sub(pattern, replacement, shown)
    return shown


@pytest.mark.parametrize(
    "number",
    ["0.67", "1.3e-05", "-3", "95.2 %", "1,234", "+0.5", ".5", "3.", "1,234.5", "12", "7%", "2E+8"],
)
def test_a_measured_number_becomes_a_sign(number):
    assert sanitised(f"loss ≈ {number} now") == "loss ≈ # now"
    assert sanitised(f"≈{number}\n") == "≈ #\n"
    assert sanitised(f"≈   {number}") == "≈ #"


@pytest.mark.parametrize(
    ("shown", "becomes"),
    [
        ("≈ 0.67, ≈ 0.5", "≈ #, ≈ #"),
        ("(≈ 0.67)", "(≈ #)"),
        ("≈ 3, 4", "≈ #, 4"),
        ("≈ 12 of 13", "≈ # of 13"),
        ("≈ 2.5×", "≈ #×"),
        ("≈ 0.67.", "≈ #."),
        ("≈ 1\n2", "≈ #\n2"),
    ],
)
def test_only_the_number_behind_the_sign_is_replaced(shown, becomes):
    assert sanitised(shown) == becomes


@pytest.mark.parametrize(
    "shown",
    ["0.67", "loss 1.3e-05", "95.2 %", "torch.Size([2, 3])", "≈ nan", "≈ inf", "≈\n3"],
)
def test_what_is_no_measured_number_stays(shown):
    assert sanitised(shown) == shown


def test_nbval_forgives_measured_numbers_and_nothing_else(tmp_path):
    cases = {
        "measured_differs": ("print('≈ 0.67 and ≈ 1.3e-05')", "≈ 0.61 and ≈ -2\n"),
        "plain_differs": ("print(0.67)", "0.61\n"),
        "plain_beside_measured_differs": ("print('≈ 0.67 of 5')", "≈ 0.67 of 6\n"),
        "measured_became_nan": ("print('≈ nan')", "≈ 0.67\n"),
        "all_the_same": ("print(5)", "5\n"),
    }
    for name, (source, shown) in cases.items():
        notebook = synthetic.notebook(code(source, stream(shown)))
        store.write(tmp_path / f"{name}.ipynb", notebook)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-rA", "-q"]
    options = ["-p", "no:cacheprovider", "--nbval-sanitize-with", str(CONFIG)]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True)
    said = re.findall(r"^(PASSED|FAILED) \S*?(\w+)\.ipynb::Cell 0", done.stdout, re.MULTILINE)
    outcomes = {name: verdict for verdict, name in said}
    assert outcomes == {
        "measured_differs": "PASSED",
        "plain_differs": "FAILED",
        "plain_beside_measured_differs": "FAILED",
        "measured_became_nan": "FAILED",
        "all_the_same": "PASSED",
    }, done.stdout + done.stderr
