"""A clean environment with Colab's versions, and the working tree published as a git repository."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
EXECUTE = Path(__file__).with_name("execute.py")
HOME = ROOT / ".venv-colab"
LIST = (
    "import importlib.metadata as m, json;"
    "print(json.dumps([(d.metadata['Name'], d.version) for d in m.distributions()]))"
)


def environment() -> Path:
    """The interpreter of the clean environment, made once for these requirements."""
    described = REQUIREMENTS.read_text("utf-8") + sys.version
    folder = HOME / hashlib.sha256(described.encode()).hexdigest()[:12]
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir()
        (HOME / ".gitignore").write_text("*\n")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip(python, "install", "-r", REQUIREMENTS)
        (folder / "ready").touch()
    return python


def pip(python: Path, *arguments: str | Path) -> None:
    options = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", *arguments, *options], check=True)


def installed(python: Path) -> dict[str, str]:
    """{canonical name: version} of what an environment holds."""
    run = subprocess.run([python, "-I", "-c", LIST], check=True, capture_output=True, text=True)
    return {canonicalize_name(name): version for name, version in json.loads(run.stdout)}


def pinned() -> dict[str, str]:
    """{canonical name: version} of what requirements.txt asks for."""
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    pairs = [line.split("==") for line in lines if "==" in line]
    return {canonicalize_name(name): version for name, version in pairs}


def restore(python: Path) -> None:
    """Take out again what a notebook has put in."""
    added = sorted(set(installed(python)) - set(pinned()) - {"pip"})
    if added:
        pip(python, "uninstall", "--yes", *added)


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "core.hooksPath="]
    run = subprocess.run(
        ["git", *author, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return run.stdout


def publish(folder: Path, tag: str) -> str:
    """Commit the working tree, uncommitted files too, to a bare repository; return its address."""
    tree, bare = folder / "tree", folder / "course.git"
    for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
    git(tree, "init", "--quiet")
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message", "the working tree")
    git(tree, "tag", tag)
    git(folder, "clone", "--quiet", "--bare", str(tree), str(bare))
    return bare.as_uri()


def surroundings(folder: Path, address: str, local: str) -> dict[str, str]:
    """The variables of a Colab session in which git finds the course's address in a local place.

    The sessions share the sentences that the first of them collects.
    """
    ours = ("PYTHON", "JUPYTER", "COURSE_", "VIRTUAL_ENV", "PYTEST", "MAKE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    jupyter = {f"JUPYTER_{n}_DIR": str(folder / n) for n in ("CONFIG", "DATA", "RUNTIME")}
    return {
        **kept,
        **jupyter,
        "COLAB_RELEASE_TAG": "test",
        "COURSE_STATE_DIR": str(folder / "state"),
        "COURSE_CACHE_DIR": str(HOME / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{local}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }
