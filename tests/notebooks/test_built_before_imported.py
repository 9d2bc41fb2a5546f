"""Nothing of course_lib that is taught is imported before the learner has built it."""

import pytest

from tests.notebooks import built, store, synthetic, tool
from tests.notebooks.synthetic import code, text

OFFERED = {"shapes": {"trace", "Tree"}, "loop": {"fit"}}


@pytest.fixture(scope="module")
def notebooks():
    return [(path.name, store.read(path)) for path in tool.chosen(())]


@pytest.fixture(scope="module")
def offered():
    return built.public_definitions(tool.ROOT / "course_lib")


def test_no_notebook_uses_what_is_not_built_yet(notebooks, offered):
    assert notebooks, "notebooks/ holds no notebook"
    assert built.imported_too_early(notebooks, offered) == []


def test_every_taught_function_is_built_where_its_docstring_says(notebooks, offered):
    assert offered, "course_lib has no taught module"
    assert built.wrong_origins(offered, notebooks) == []


def too_early(*notebooks):
    """What is reported about notebooks that are given by their cells' sources."""
    named = [
        (f"{n:02d}_a.ipynb", synthetic.bare(text("# A"), *map(code, sources)))
        for n, sources in enumerate(notebooks)
    ]
    return built.imported_too_early(named, OFFERED)


USES = [
    "from course_lib.shapes import trace",
    "from course_lib.shapes import trace as t",
    "from course_lib import shapes\nshapes.trace(1)",
    "from course_lib import shapes as s\ns.trace(1)",
    "import course_lib.shapes\ncourse_lib.shapes.trace(1)",
    "import course_lib.shapes as s\ns.trace(1)",
    "def learner():\n    from course_lib.shapes import trace\n    return trace",
]
BUILD = "def trace(model):\n    ...\n\n\ntrace = exercise.check('01.1', trace)"


@pytest.mark.parametrize("use", USES)
def test_a_use_after_the_building_cell_is_right(use):
    assert too_early([BUILD, use]) == []
    assert too_early([BUILD], ["1 + 1"], [use]) == []


@pytest.mark.parametrize("use", USES)
def test_a_use_before_the_building_cell_is_reported(use):
    assert too_early([use, BUILD])
    assert too_early([use], [BUILD])
    assert too_early([f"{use}\n\n\n{BUILD}"])


@pytest.mark.parametrize("use", USES)
def test_a_use_is_reported_by_notebook_and_cell(use):
    assert too_early(["1 + 1"], ["2 + 2", use])[0].startswith(
        "01_a.ipynb, code cell 2 uses course_lib.shapes"
    )


@pytest.mark.parametrize(
    "use",
    [
        "from course_lib.shapes import Tree",
        "from course_lib import shapes\nshapes.Tree(1)",
        "import course_lib.shapes\nx = course_lib.shapes.Tree",
        "from course_lib.shapes import *",
        "from course_lib import loop",
    ],
)
def test_building_one_name_does_not_admit_another(use):
    [found] = too_early([BUILD, use])
    assert "which is not built yet" in found


def test_an_alias_is_followed_into_later_cells():
    [found] = too_early([BUILD, "from course_lib import shapes as s", "1 + 1", "s.Tree(1)"])
    assert found == "00_a.ipynb, code cell 4 uses course_lib.shapes.Tree, which is not built yet"


def test_a_class_counts_as_built_and_a_mere_assignment_does_not():
    assert too_early(["class Tree:\n    ...", "from course_lib.shapes import Tree"]) == []
    assert too_early(["Tree = 1", "from course_lib.shapes import Tree"])


@pytest.mark.parametrize(
    "source", ["SIZES = (1, 2)", "LOW, SIZES = 0, 2"], ids=["one name", "two names"]
)
def test_a_constant_counts_as_built_once_it_is_assigned(source):
    use = "from course_lib.shapes import SIZES"
    assert too_early([BUILD, source, use]) == []
    assert len(too_early([BUILD, use, source])) == 1


def test_a_method_of_the_same_name_is_not_the_function():
    built_elsewhere = "class Other:\n    def trace(self):\n        ..."
    assert too_early([built_elsewhere, "from course_lib.shapes import trace"])


@pytest.mark.parametrize(
    "use",
    [
        "from course_lib import exercises as exercise, progress, runtime",
        "from course_lib.predict import predict",
        "import course_lib\ncourse_lib.__version__",
        "from course_lib import explore\nexplore.module_tree(model)",
        "from torch import shapes\nshapes.trace",
        "shapes = []\nshapes.append(1)",
        "model.data.shapes",
    ],
)
def test_instruments_and_other_things_of_the_same_name_may_be_used(use):
    assert too_early([use]) == []


def test_a_name_that_is_given_to_something_else_is_no_longer_the_module():
    sources = [BUILD, "from course_lib import shapes", "shapes = {}", "shapes.items()"]
    assert too_early(sources) == []


MODULE = '''
from torch import nn

def trace(model):
    """Shapes of a model.

    Built in notebooks/01_a.ipynb.
    """

def _private():
    """Not public."""

class Tree:
    """A tree.

    Built in notebooks/02_b.ipynb.
    """
'''


def origins(tmp_path, source, **notebooks):
    (tmp_path / "shapes.py").write_text(source, encoding="utf-8")
    (tmp_path / "plot.py").write_text("def draw():\n    '''An instrument.'''", encoding="utf-8")
    offered = built.public_definitions(tmp_path)
    named = [
        (f"{name}.ipynb", synthetic.bare(code(words)))
        for name, words in {"01_a": BUILD, "02_b": "class Tree:\n    ...", **notebooks}.items()
    ]
    return built.wrong_origins(offered, named)


def test_public_names_of_taught_modules_are_found(tmp_path):
    assert origins(tmp_path, MODULE) == []
    assert set(built.public_definitions(tmp_path)["shapes"]) == {"trace", "Tree"}
    assert set(built.public_definitions(tmp_path)) == {"shapes"}


def test_a_private_file_of_a_taught_package_offers_nothing(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "__init__.py").write_text("def outside(): ...", "utf-8")
    (folder / "_cache.py").write_text("def inside(): ...", "utf-8")
    assert set(built.public_definitions(tmp_path)["data"]) == {"outside"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    Built in notebooks/02_b.ipynb.\n", "", "Tree should have one line"),
        ("02_b.ipynb.", "02_b.ipynb, later.", "Tree should have one line"),
        ("02_b.ipynb.", "03_c.ipynb.", "Tree is built in 03_c.ipynb, which does not exist"),
        ("02_b.ipynb.", "01_a.ipynb.", "Tree is built in 01_a.ipynb, which has no `Tree`"),
    ],
)
def test_a_docstring_that_names_no_right_notebook_is_reported(old, new, says, tmp_path):
    [found] = origins(tmp_path, MODULE.replace(old, new))
    assert says in found
