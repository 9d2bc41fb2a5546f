"""Running notebooks in place, writing badges and set-up cells, the command line."""

import ast
import importlib.util
import os
import subprocess
import sys

import pytest

from course_lib import runtime
from tests.notebooks import store, synthetic, tool
from tests.notebooks.synthetic import ORIGIN, bare, code, display, stream, text

PYPROJECT = """
[project]
version = "{version}"
[project.urls]
Repository = "{address}"
"""


def stored(folder, *cells, name="01_a.ipynb"):
    path = folder / name
    store.write(path, bare(*cells))
    return path


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A notebook after `execute`, and what that reported."""
    folder = tmp_path_factory.mktemp("ran")
    (folder / "beside.txt").write_text("here", encoding="utf-8")
    path = stored(
        folder,
        text("# 01 · A"),
        code("import os, sys\nprint('a')\nprint('b')", stream("old")),
        code("print(open('beside.txt').read(), sys.executable)"),
        code("print('noise', file=sys.stderr)"),
        code("print(os.environ['OMP_NUM_THREADS'], os.environ.get('MPLBACKEND'))"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_STATE_DIR", str(folder))
        patch.setenv("MPLBACKEND", "agg")
        report = tool.execute(path)
    return store.read(path), report


def said(notebook, index):
    return "".join(output.text for output in notebook.cells[index].outputs)


def test_running_replaces_the_outputs_and_numbers_the_cells(ran):
    notebook, _ = ran
    assert said(notebook, 1) == "a\nb\n"
    assert [cell.execution_count for cell in store.code_cells(notebook)] == [1, 2, 3, 4]


def test_a_notebook_runs_in_its_own_folder_with_this_python(ran):
    assert said(ran[0], 2) == f"here {sys.executable}\n"


def test_a_run_stores_no_stderr_and_reports_it(ran):
    notebook, report = ran
    assert said(notebook, 3) == ""
    assert "cell 4 wrote to stderr" in report and "noise" in report
    assert report.startswith("01_a.ipynb: 4 code cells in ")


def test_each_run_keeps_its_progress_in_a_fresh_folder(tmp_path):
    show = "import os\nfolder = os.environ['COURSE_STATE_DIR']\nprint(os.path.isdir(folder))"
    show += "\nos.makedirs(folder)\nprint(folder)"
    first, second = (said(tool.run(bare(code(show)), tmp_path)[0], 0) for _ in range(2))
    assert first.startswith("False") and second.startswith("False")
    assert first != second
    assert not list(tmp_path.iterdir())


def test_a_run_has_one_thread_and_the_notebook_backend(ran):
    assert said(ran[0], 4).split()[0] == "1"
    assert "agg" not in said(ran[0], 4)


def test_a_run_takes_course_lib_from_this_checkout(tmp_path):
    show = "import course_lib, os\nprint(course_lib.__file__)\nprint(os.environ['PYTHONPATH'])"
    file, path = said(tool.run(bare(code(show)), tmp_path)[0], 0).splitlines()
    assert file == str(tool.ROOT / "course_lib" / "__init__.py")
    assert path.split(os.pathsep)[0] == str(tool.ROOT)


def test_a_run_leaves_a_normalised_stamped_notebook(ran):
    notebook, _ = ran
    assert store.normalise(notebook) == notebook
    assert notebook.metadata.course.code_hash == store.code_hash(notebook)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x = 1\nx / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit('enough')", "SystemExit: enough"),
        ("import os\nos._exit(3)", "DeadKernelError"),
        ("import time\ntime.sleep(60)", "CellTimeoutError"),
    ],
)
def test_a_failing_cell_is_named_and_the_file_stays(source, says, tmp_path):
    path = stored(tmp_path, text("# A"), code("1 + 1"), code(source) | {"id": "bad-one"}, code("2"))
    before = path.read_bytes()
    with pytest.raises(RuntimeError) as caught:
        tool.execute(path, timeout=3)
    message = str(caught.value)
    assert message.startswith("01_a.ipynb, cell 3 of 4 (id bad-one): ")
    assert says in message
    assert source.splitlines()[-1] in message
    assert "\x1b" not in message
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_tag_that_lets_a_cell_fail_does_not_help(tmp_path):
    path = stored(tmp_path, code("1 / 0", tags=("raises-exception",)))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        tool.execute(path)


def project(folder, address="https://github.com/some/thing", version="1.2.3"):
    path = folder / "pyproject.toml"
    path.write_text(PYPROJECT.format(address=address, version=version), encoding="utf-8")
    return path


def test_the_origin_is_read_from_the_project_file(tmp_path):
    place = tool.origin(project(tmp_path))
    assert place == tool.Origin("https://github.com/some/thing", "v1.2.3")
    assert place.repository == "some/thing"


@pytest.mark.parametrize(
    ("address", "version"),
    [
        ("", "1.0"),
        ("https://example.org/some/thing", "1.0"),
        ("https://github.com/some", "1.0"),
        ("https://github.com/some/thing/tree/main", "1.0"),
        ("https://github.com/some/thing", ""),
    ],
)
def test_an_origin_that_leads_nowhere_is_refused(address, version, tmp_path):
    with pytest.raises(ValueError, match=r"expected a version and https://github\.com/owner/name"):
        tool.origin(project(tmp_path, address, version))


def test_the_course_itself_has_an_origin():
    assert tool.origin().address.startswith("https://github.com/")


def test_the_badge_leads_to_the_notebook_in_colab():
    target = "github/somebody/some-course/blob/v9.9.9/notebooks/01_a.ipynb"
    assert tool.badge(ORIGIN, "01_a.ipynb") == (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/{target})"
    )


def test_the_setup_cell_names_address_and_tag_and_is_short_python():
    source = tool.setup_source(ORIGIN)
    assert "git+https://github.com/somebody/some-course@v9.9.9" in source
    assert "<" not in source
    assert len(source.splitlines()) <= 20
    ast.parse(source)


@pytest.fixture
def set_up(monkeypatch):
    """Run the set-up cell where `absent` is missing and pip ends with `status`; what it ran."""

    def run_cell(absent, status=0):
        commands, found = [], importlib.util.find_spec

        def run(command, **options):
            commands.append(command)
            return subprocess.CompletedProcess(command, status, "", "no route to host")

        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == absent else found(name)
        )
        monkeypatch.setattr(runtime, "report", lambda: print("the report"))
        exec(tool.setup_source(ORIGIN), {})
        return commands

    return run_cell


def test_the_setup_cell_installs_nothing_where_nothing_is_missing(set_up, capsys):
    assert set_up(absent="nothing") == []
    assert capsys.readouterr().out == "the report\n"


@pytest.mark.parametrize(
    ("absent", "wanted"),
    [
        ("course_lib", "git+https://github.com/somebody/some-course@v9.9.9"),
        ("torchinfo", "torchinfo"),
    ],
)
def test_the_setup_cell_installs_only_what_is_missing_and_no_dependency(
    absent, wanted, set_up, capsys
):
    [command] = set_up(absent)
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert "--no-deps" in command
    assert [word for word in command[4:] if not word.startswith("-")] == [wanted]
    assert capsys.readouterr().out == f"Installing {wanted}\nthe report\n"


def test_the_setup_cell_says_what_failed_and_what_to_try(set_up, capsys):
    with pytest.raises(RuntimeError, match=r"Set-up: pip failed.*Run the cell again"):
        set_up(absent="course_lib", status=1)
    assert "no route to host" in capsys.readouterr().out


def addressed(*cells):
    return tool.with_badge(bare(*cells), "01_a.ipynb", ORIGIN)


def test_an_old_badge_and_an_old_setup_cell_are_replaced_where_they_stand():
    old = tool.Origin("https://github.com/old/place", "v0")
    head = f"# 01 · A\n\n{tool.badge(old, '01_a.ipynb')}\n\nMore."
    setup = code(tool.setup_source(old), stream("torch 2"), tags=(tool.IGNORE_OUTPUT,))
    first, second, third = addressed(text(head), setup, code("1", stream("1"))).cells
    assert first.source == f"# 01 · A\n\n{tool.badge(ORIGIN, '01_a.ipynb')}\n\nMore."
    assert second.source == tool.setup_source(ORIGIN)
    assert second.outputs == [stream("torch 2")]
    assert third == code("1", stream("1"))


def test_a_notebook_without_badge_and_setup_cell_gets_both():
    first, setup, third = addressed(text("# 01 · A"), code("1")).cells
    assert first.source == f"# 01 · A\n\n{tool.badge(ORIGIN, '01_a.ipynb')}"
    assert setup.source == tool.setup_source(ORIGIN)
    assert setup.metadata.tags == [tool.IGNORE_OUTPUT]
    assert setup.execution_count is None
    assert third.source == "1"


def test_the_badges_of_a_page_lead_to_their_notebooks(tmp_path):
    page = (
        f"| a | {tool.badge(ORIGIN, '01_a.ipynb')} |\n| b | {tool.badge(ORIGIN, '02_b.ipynb')} |\n"
    )
    moved = tool.Origin("https://github.com/else/where", "v2")
    (tmp_path / "README.md").write_text(page, "utf-8")
    tool.write_readme(moved, tmp_path / "README.md")
    lines = (tmp_path / "README.md").read_text("utf-8").splitlines()
    assert lines == [
        f"| a | {tool.badge(moved, '01_a.ipynb')} |",
        f"| b | {tool.badge(moved, '02_b.ipynb')} |",
    ]


def test_badges_written_twice_change_nothing_more():
    once = addressed(text("# 01 · A"), code("1"))
    assert tool.with_badge(once, "01_a.ipynb", ORIGIN) == once


def test_a_new_address_leaves_the_code_hash_valid(tmp_path):
    path = synthetic.lesson(tmp_path).path
    tool.write_badge(path, tool.Origin("https://github.com/new/place", "v2"))
    notebook = store.read(path)
    assert "new/place@v2" in store.code_cells(notebook)[0].source
    assert notebook.metadata.course.code_hash == store.code_hash(notebook)


def test_a_notebook_that_begins_with_code_gets_no_badge():
    with pytest.raises(ValueError, match=r"01_a\.ipynb: the first cell is not text"):
        addressed(code("1"))


def test_names_choose_notebooks_by_how_they_begin(tmp_path):
    for name in ("00_start.ipynb", "01_a.ipynb", "02_b.ipynb", "notes.txt"):
        (tmp_path / name).touch()

    def names(*wanted):
        return [path.name for path in tool.chosen(wanted, tmp_path)]

    assert names() == ["00_start.ipynb", "01_a.ipynb", "02_b.ipynb"]
    assert names("02", "notebooks/00_start.ipynb") == ["00_start.ipynb", "02_b.ipynb"]
    with pytest.raises(ValueError, match=r"07: no such notebook.*There are: 00_start\.ipynb"):
        names("07")


def test_normalise_keeps_outputs_and_the_recorded_hash(tmp_path, capsys):
    path = stored(tmp_path, text("# A"), code("setup"), code("1", display(plain="kept")))
    raw = store.read(path)
    raw.metadata["course"] = {"code_hash": "recorded"}
    raw.metadata["widgets"] = {}
    store.write(path, raw)
    assert tool.main(["normalise"], tmp_path) == 0
    notebook = store.read(path)
    assert notebook.cells[2].outputs[0].data == {"text/plain": "kept"}
    assert notebook.metadata.course.code_hash == "recorded"
    assert tool.main(["normalise", "01"], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "01_a.ipynb: normalised",
        "01_a.ipynb: as it should be",
    ]


def test_the_command_badges_writes_the_address_of_the_project(tmp_path, capsys):
    path = synthetic.lesson(tmp_path).path
    assert tool.main(["badges"], tmp_path) == 0
    assert tool.badge(tool.origin(), path.name) in store.read(path).cells[0].source
    assert tool.origin().address in capsys.readouterr().out


def test_a_failure_ends_the_command_with_a_message_and_status_1(tmp_path, capsys):
    stored(tmp_path, code("1 / 0"))
    assert tool.main(["execute"], tmp_path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("01_a.ipynb, cell 1 of 1") and "Traceback (most recent" in err


def test_the_module_explains_its_commands():
    call = [sys.executable, "-m", "tests.notebooks.tool", "--help"]
    done = subprocess.run(call, cwd=tool.ROOT, capture_output=True, text=True, check=True)
    assert all(command in done.stdout for command in ("execute", "normalise", "badges"))
