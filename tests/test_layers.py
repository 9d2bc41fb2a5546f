"""course_lib in layers: imports point down only, few import what is heavy, nothing grows large."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "course_lib"

# From the ground up. A module imports from lower lines only; a package may import its own modules.
LAYERS = (
    {"runtime", "_files", "_modes", "_panel", "_prose"},
    {"_sources"},
    {"data", "model", "loss", "metric", "checkpoint", "freeze", "monitor", "shapes"},
    {"loop", "pretrain"},
    {"doctor"},
    {"_describe", "_memory"},  # what the instruments are made of
    {"_saving"},
    {"plot", "predict"},
    {"explore", "exercises"},
    {"progress"},
)
HEIGHT = {name: height for height, names in enumerate(LAYERS) for name in names}
# heavy package: where it may be imported
HEAVY = {
    "ipywidgets": ("explore", "exercises._card", "monitor.board"),
    "tensorboard": ("monitor", "exercises.nb10.read_scalars"),
    "torch.utils.tensorboard": ("monitor",),
}
MODULE_LINES, FUNCTION_LINES, MEDIAN_LINES = 300, 60, 12


def modules(package: Path) -> dict[str, ast.Module]:
    """`{"exercises._card": its syntax tree}`; the package itself is ""."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(package: Path, name: str, tree: ast.Module) -> Iterator[str]:
    """The full name of every import in a module, those inside functions too.

    For `from a import b` that is `a.b`, whether b is a module or not.
    """
    is_package = (package / Path(*name.split(".")) / "__init__.py").is_file()
    here = [package.name, *filter(None, name.split("."))]
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                up = here[: len(here) - node.level + is_package] if node.level else []
                start = ".".join([*up, *filter(None, [node.module])])
                yield from (f"{start}.{alias.name}" for alias in node.names)
            case ast.Call(args=[ast.Constant(value=str(literal)), *_]) if ast.unparse(
                node.func
            ).endswith("import_module"):
                yield literal


def imports_that_do_not_point_down(package: Path) -> list[str]:
    found = []
    trees = modules(package)
    for name, tree in trees.items():
        top = name.split(".")[0]
        if top and top not in HEIGHT:
            found.append(f"{name} has no layer")
            continue
        for full in imported(package, name, tree):
            root, _, rest = full.partition(".")
            target = rest.split(".")[0]
            if root != package.name or target not in trees or target in ("", top):
                continue
            if not top or HEIGHT.get(target, 0) >= HEIGHT[top]:
                found.append(f"{name or package.name} imports {target}, which is not below it")
    return found


def heavy_imports_elsewhere(package: Path) -> list[str]:
    return [
        f"{name} imports {heavy}; only {' and '.join(allowed)} may"
        for name, tree in modules(package).items()
        for heavy, allowed in HEAVY.items()
        if any(f"{full}.".startswith(f"{heavy}.") for full in imported(package, name, tree))
        and not any(f"{name}.".startswith(f"{place}.") for place in allowed)
    ]


def long_modules(package: Path) -> list[str]:
    counts = {path: len(path.read_text("utf-8").splitlines()) for path in package.rglob("*.py")}
    return [
        f"{path.relative_to(package)} has {count} lines, {MODULE_LINES} are allowed"
        for path, count in counts.items()
        if count > MODULE_LINES
    ]


def function_lengths(package: Path) -> dict[str, int]:
    """Lines of every function and method, from `def` to its end, without the docstring."""
    lengths = {}
    for name, tree in modules(package).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if ast.get_docstring(node, clean=False) is not None:
                    lines -= node.body[0].end_lineno - node.body[0].lineno + 1
                lengths[f"{name}:{node.lineno} {node.name}"] = lines
    return lengths


def long_functions(package: Path) -> list[str]:
    lengths = function_lengths(package)
    found = [
        f"{name} has {lines} lines, {FUNCTION_LINES} are allowed"
        for name, lines in lengths.items()
        if lines > FUNCTION_LINES
    ]
    middle = median(lengths.values()) if lengths else 0
    if middle > MEDIAN_LINES:
        found.append(f"half of the functions have {middle} lines or more, not {MEDIAN_LINES}")
    return found


RULES = (imports_that_do_not_point_down, heavy_imports_elsewhere, long_modules, long_functions)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_course_lib_keeps_the_rule(rule):
    assert modules(PACKAGE), "no module found"
    assert rule(PACKAGE) == []


@pytest.fixture
def package(tmp_path):
    """Write a small package that keeps every rule, and then these modules into it."""

    def write(**sources):
        folder = tmp_path / "course_lib"
        good = {
            "__init__": "'''Light.'''",
            "runtime": "import os\nimport course_lib",
            "shapes": "from course_lib import runtime\nfrom torch import nn",
            "loop": "from course_lib.shapes import trace",
            "doctor": "import course_lib.loop",
            "monitor": "def log():\n    from torch.utils.tensorboard import SummaryWriter",
            "_panel": "import html",
            "plot": "from course_lib import _panel",
            "_memory": "from . import runtime",
            "progress": "from . import _memory, exercises",
            "exercises.__init__": "from course_lib import _memory\nfrom ._card import Card",
            "exercises._card": "import ipywidgets\nfrom .. import plot\nfrom . import nb01",
            "exercises.nb01": "from ..shapes import trace",
            "explore": "import ipywidgets.widgets",
        }
        named = {name.replace("__in__", "."): source for name, source in sources.items()}
        for name, source in (good | named).items():
            path = folder.joinpath(*name.split(".")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_package_that_keeps_the_rules_is_not_reported(rule, package):
    assert rule(package()) == []


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ({"shapes": "from course_lib import doctor"}, "shapes imports doctor"),
        ({"shapes": "import course_lib.loop"}, "shapes imports loop"),
        ({"shapes": "from course_lib.loop import fit"}, "shapes imports loop"),
        ({"shapes": "from . import loop"}, "shapes imports loop"),
        ({"shapes": "from .loop import fit"}, "shapes imports loop"),
        ({"shapes": "def f():\n    from course_lib import loop"}, "shapes imports loop"),
        (
            {"shapes": "import importlib\nimportlib.import_module('course_lib.loop')"},
            "imports loop",
        ),
        ({"model": "", "shapes": "import course_lib.model"}, "shapes imports model"),
        ({"runtime": "from course_lib.shapes import trace"}, "runtime imports shapes"),
        ({"plot": "from course_lib import progress"}, "plot imports progress"),
        ({"_memory": "from course_lib import exercises"}, "_memory imports exercises"),
        ({"explore": "from course_lib.exercises import find"}, "explore imports exercises"),
        ({"exercises__in__nb01": "from ..explore import tree"}, "nb01 imports explore"),
        ({"__init__": "from course_lib import shapes"}, "course_lib imports shapes"),
        ({"helpers": "import os"}, "helpers has no layer"),
    ],
)
def test_an_import_that_does_not_point_down_is_reported(sources, says, package):
    found = imports_that_do_not_point_down(package(**sources))
    assert len(found) == 1 and says in found[0], found


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ({"plot": "import ipywidgets"}, "plot imports ipywidgets"),
        (
            {"exercises__in__nb01": "def f():\n    from ipywidgets import Button"},
            "nb01 imports ipyw",
        ),
        ({"loop": "from torch.utils.tensorboard import SummaryWriter"}, "loop imports torch.utils"),
        ({"loop": "from torch.utils import tensorboard"}, "loop imports torch.utils.tensorboard"),
        ({"loop": "from tensorboard.backend import event"}, "loop imports tensorboard"),
    ],
)
def test_a_heavy_import_elsewhere_is_reported(sources, says, package):
    found = heavy_imports_elsewhere(package(**sources))
    assert len(found) == 1 and says in found[0], found


@pytest.mark.parametrize(("lines", "reported"), [(300, 0), (301, 1)])
def test_a_module_of_more_than_300_lines_is_reported(lines, reported, package):
    assert len(long_modules(package(data="x = 1\n" * lines))) == reported


def function(lines, docstring=0):
    body = ["    x = 1"] * (lines - 1)
    words = ['    """', *["    words"] * (docstring - 2), '    """'] if docstring else []
    return "\n".join(["def f():", *words, *body]) + "\n"


@pytest.mark.parametrize(("lines", "reported"), [(60, 0), (61, 1)])
def test_a_function_of_more_than_60_lines_is_reported(lines, reported, package):
    few = "def g():\n    pass\n" * 3
    folder = package(data=few + function(lines, docstring=30))
    assert len(long_functions(folder)) == reported


@pytest.mark.parametrize(("lines", "reported"), [(12, 0), (13, 1)])
def test_a_median_function_of_more_than_12_lines_is_reported(lines, reported, package):
    folder = package(data=function(lines) * 4)
    assert len(long_functions(folder)) == reported


def test_methods_count_as_functions(package):
    folder = package(data="class A:\n    def f(self):\n" + "        x = 1\n" * 60)
    assert "data:2 f has 61 lines" in long_functions(folder)[0]
