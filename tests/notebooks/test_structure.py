"""The stored notebooks keep every rule, and the course's pages link to what exists."""

import subprocess
import sys
from functools import cache

import pytest

from tests.notebooks import page, store, synthetic, tool
from tests.notebooks.rules import RULES, layout

NOTEBOOKS = tool.chosen(())
PAGES = [tool.ROOT / "README.md", tool.ROOT / "CONTRIBUTING.md", *tool.ROOT.glob("data/**/*.md")]


@cache
def stored(path):
    return page.load(path)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_keeps_the_rule(path, rule):
    found = rule(stored(path))
    assert not found, "\n".join([f"{path.name} breaks `{rule.__name__}`:", *found])


def test_the_notebooks_count_up_from_00():
    assert NOTEBOOKS, "notebooks/ holds no notebook"
    assert layout.numbers_without_gaps(tool.NOTEBOOKS) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(tool.ROOT)))
def test_the_links_of_a_page_lead_to_files(path):
    assert layout.broken_links(path.read_text(encoding="utf-8"), path.parent) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_readme_lists_a_notebook_with_its_minutes_and_its_badge(path):
    minutes = layout.MINUTES.search(store.read(path).cells[0].source)[1]
    readme = (tool.ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = [line for line in readme.splitlines() if line.startswith(f"| {path.name[:2]} |")]
    assert f"](notebooks/{path.name})" in row
    assert f"| {minutes} |" in row
    assert row.endswith(f"| {tool.badge(tool.origin(), path.name)} |")


def test_the_readmes_pictures_are_small():
    for picture in (tool.NOTEBOOKS / "pictures").glob("*.png"):
        assert picture.stat().st_size < 100_000, picture.name


def test_a_broken_link_of_a_page_is_found(tmp_path):
    (tmp_path / "there.md").touch()
    words = "[a](there.md#part) [b](https://x.org) `[c](code.md)` [d](gone.md)"
    assert layout.broken_links(words, tmp_path, tmp_path) == ["the link gone.md leads to nothing"]


def ruff(*paths):
    """What ruff says against these files, under the course's settings; "" if nothing."""
    settings = ["--config", str(tool.ROOT / "pyproject.toml"), "--no-cache", *map(str, paths)]
    said = ""
    for command in (["check", "--quiet"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *settings],
            cwd=tool.ROOT,
            capture_output=True,
            text=True,
        )
        said += done.stdout + done.stderr if done.returncode else ""
    return said


def test_ruff_has_nothing_to_say_about_the_notebooks():
    assert ruff(tool.NOTEBOOKS) == ""


@pytest.mark.parametrize(
    ("source", "says"),
    [("print(1)", ""), ("import os", "F401"), ("print( 1 )", "would be reformatted")],
)
def test_ruff_finds_faults_in_a_notebook(source, says, tmp_path):
    path = tmp_path / "01_a.ipynb"
    store.write(path, synthetic.notebook(synthetic.code(source)))
    said = ruff(path)
    assert says in said
    assert bool(said) is bool(says)
