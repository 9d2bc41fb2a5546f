"""course_lib._sources: docstrings out of source files, which are read and never run."""

import gc
import subprocess
import sys
import textwrap

import pytest

from course_lib import _sources

BOOBY_TRAP = '''
"""Explode when somebody runs this."""
from pathlib import Path

Path({trace!r}).write_text("run")
raise SystemExit("this must never run")


class Bomb:
    """Tick until it is too late for us."""

    def ignite(self):
        """Set fire to the very short fuse."""
'''


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A function that puts a library called trap onto the path: `{file: source}`."""
    root = tmp_path / "site" / "trap"

    def make(files):
        for name, source in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source if isinstance(source, bytes) else source.encode())
        monkeypatch.syspath_prepend(str(root.parent))
        return root

    return make


def test_reading_a_library_neither_imports_nor_runs_it(library, tmp_path):
    trace = tmp_path / "trace"
    source = BOOBY_TRAP.format(trace=str(trace))
    library({"__init__.py": source, "deep/__init__.py": source, "deep/er.py": source})
    before = set(sys.modules)
    sentences, paragraphs = _sources.read_files(_sources.source_files("trap"))
    words = [
        "Explode when somebody runs this.",
        "Tick until it is too late for us.",
        "Set fire to the very short fuse.",
    ]
    assert sentences == words
    assert paragraphs == words
    assert not trace.exists()
    assert not [name for name in set(sys.modules) - before if name.startswith("trap")]


def test_the_trap_would_have_been_seen(library, tmp_path):
    trace = tmp_path / "trace"
    root = library({"__init__.py": BOOBY_TRAP.format(trace=str(trace))})
    subprocess.run([sys.executable, "-c", "import trap"], cwd=root.parent, capture_output=True)
    assert trace.read_text() == "run"


def test_tests_vendored_code_and_generated_sources_are_left_out(library):
    own = ["__init__.py", "a.py", "b/testing_tools.py", "b/tests.py", "contest/c.py", "modular.py"]
    foreign = [
        *("tests/__init__.py", "b/tests/x.py", "test/x.py", "testing/x.py", "b/_testing/x.py"),
        *("externals/x.py", "_vendor/y/z.py", "vendored/x.py", "b/extern/x.py"),
        *("array_api_compat/x.py", "modular_bert.py", "notes.txt", "fast.pyx", "stub.pyi"),
    ]
    root = library(dict.fromkeys([*own, *foreign], ""))
    found = _sources.source_files("trap")
    assert found == sorted(root / name for name in own)


def test_a_folder_called_tests_above_the_library_does_not_matter(tmp_path, monkeypatch):
    root = tmp_path / "tests" / "trap"
    root.mkdir(parents=True)
    (root / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(root.parent))
    assert _sources.source_files("trap") == [root / "__init__.py"]


@pytest.mark.parametrize("name", ["no_such_library_here", "sys", "this"])
def test_what_is_no_installed_folder_of_sources_is_said(name):
    with pytest.raises(ModuleNotFoundError) as caught:
        _sources.source_files(name)
    said = str(caught.value)
    assert said.startswith(f"source_files: found no installed library called {name!r}; expected")
    assert "Install it" in said


def test_a_namespace_without_sources_is_no_library(tmp_path, monkeypatch):
    (tmp_path / "hollow").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="found no installed library called 'hollow'"):
        _sources.source_files("hollow")


def test_docstrings_come_in_order_with_methods_and_inner_functions():
    source = textwrap.dedent('''
        """Module."""
        x = """Not one."""

        class A:
            """Class."""

            async def method(self):
                """Method."""

                def inner():
                    """Inner."""

        def undocumented():
            "".join([])

        def last():
            r"""Last \\alpha."""
            """Not one either."""
    ''')
    found = _sources.read_docstrings(source)
    assert found == ["Module.", "Class.", "Method.", "Inner.", r"Last \alpha."]


def test_the_indentation_of_a_docstring_goes():
    source = 'def f():\n    """First.\n\n    Second\n        deeper.\n    """\n'
    assert _sources.read_docstrings(source) == ["First.\n\nSecond\n    deeper."]


def test_invalid_escapes_of_a_library_warn_nobody():
    source = '"""A \\d digit."""'
    assert _sources.read_docstrings(source) == [r"A \d digit."]


def test_source_that_is_no_python_is_an_error_of_python_itself():
    with pytest.raises(SyntaxError):
        _sources.read_docstrings("def :")


UNREADABLE = {
    "no python": b"def :",
    "another python": b"print 'This is a sentence of old.'",
    "no text": b"\xff\xfe\x00\x01",
    "a nul byte": b'"""This one has a nul byte."""\0',
    "too deep": b"x = " + b"-" * 200_000 + b"1",
    "many brackets": b"(" * 5_000,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_left_out_and_the_rest_is_read(library, content):
    good = '"""This is a good sentence."""'
    root = library({"__init__.py": good, "bad.py": content, "c.py": good.replace("a", "the")})
    (root / "folder.py").mkdir()
    files = [*_sources.source_files("trap"), root / "gone.py"]
    assert root / "folder.py" in files
    sentences, paragraphs = _sources.read_files(files)
    assert sentences == ["This is a good sentence.", "This is the good sentence."]
    assert paragraphs == sentences


def test_a_docstring_that_is_copied_counts_once(library):
    text = '"""Compute all of the things.\n\nAnd give them back to you.\n"""'
    library({"__init__.py": text, "copy.py": text})
    assert _sources.read_files(_sources.source_files("trap")) == (
        ["Compute all of the things."],
        ["Compute all of the things.", "And give them back to you."],
    )


def test_a_docstring_whose_first_line_is_no_sentence_gives_its_paragraphs_only(library):
    library({"__init__.py": '"""Tools\n\nThis module has a few tools.\n"""'})
    found = _sources.read_files(_sources.source_files("trap"))
    assert found == ([], ["This module has a few tools."])


@pytest.mark.parametrize("on", [True, False])
def test_the_garbage_collector_is_afterwards_as_it_was(library, on):
    library({"__init__.py": "def :"})
    before = gc.isenabled()
    try:
        (gc.enable if on else gc.disable)()
        _sources.read_files(_sources.source_files("trap"))
        assert gc.isenabled() is on
    finally:
        (gc.enable if before else gc.disable)()
