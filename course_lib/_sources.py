"""Read the docstrings of an installed library from its source files; nothing is imported or run."""

import ast
import contextlib
import gc
import importlib.util
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_lib import _prose

NOT_PYTHON = (SyntaxError, ValueError, OSError, RecursionError, MemoryError)  # the last: too deep
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Folders whose text is not the library's own: tests, and code that it carries along from elsewhere.
FOREIGN = {
    *("tests", "test", "testing", "_testing"),
    *("externals", "_external", "extern", "_vendor", "vendor", "vendored"),
    *("array_api_compat", "array_api_extra"),
}
GENERATED_FROM = "modular_"  # transformers writes modeling_x.py from modular_x.py: the same words


def source_files(library: str) -> list[Path]:
    """Every Python file of an installed library, sorted, without tests and vendored code.

    Raises:
        ModuleNotFoundError: the library is not installed.
    """
    spec = importlib.util.find_spec(library)
    if spec is None or not spec.origin or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"source_files: found no installed library called {library!r}; expected a folder of "
            "Python sources. Install it, or run the set-up cell again."
        )
    root = Path(spec.origin).parent
    return sorted(
        path
        for path in root.rglob("*.py")
        if FOREIGN.isdisjoint(path.relative_to(root).parts)
        and not path.name.startswith(GENERATED_FROM)
    )


def read_docstrings(source: str) -> list[str]:
    """The docstrings in Python source: the module's, then those of its classes and functions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's own invalid escapes
        return list(_docstrings(ast.parse(source)))


def _docstrings(node: ast.AST) -> Iterator[str]:
    docstring = ast.get_docstring(node)
    if docstring:
        yield docstring
    for child in node.body:
        if isinstance(child, DEFINITIONS):
            yield from _docstrings(child)


def read_files(paths: Sequence[Path]) -> tuple[list[str], list[str]]:
    """The first sentences and the paragraphs in many files. A file that is no Python is left out.

    Python's collector of cyclic garbage is off meanwhile: it would look through every syntax tree
    again and again, and take most of the time.
    """
    docstrings: list[str] = []
    was_on = gc.isenabled()
    gc.disable()
    try:
        for path in paths:
            with contextlib.suppress(*NOT_PYTHON):
                docstrings += read_docstrings(path.read_text(encoding="utf-8"))
    finally:
        if was_on:
            gc.enable()
    sentences, paragraphs = [], []
    for docstring in dict.fromkeys(docstrings):
        sentence = _prose.without_markup(_prose.first_sentence(docstring))
        if _prose.is_sentence(sentence):
            sentences.append(sentence)
        paragraphs += _prose.paragraphs_of(docstring)
    return sentences, paragraphs
