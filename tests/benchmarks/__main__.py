"""Run benchmarks and print their tables as Markdown: `python -m tests.benchmarks [name ...]`."""

import argparse
import importlib
import os
import pkgutil

from course_lib import runtime
from tests import benchmarks


def names() -> list[str]:
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(names())}")
    chosen = parser.parse_args().names or names()
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        parser.error(f"no benchmark called {', '.join(unknown)}; there are {', '.join(names())}")
    os.environ["OMP_NUM_THREADS"] = (
        "1"  # before NumPy and PyTorch start: ratios, whatever else runs
    )
    runtime.report()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the first benchmark")
    for name in chosen:
        benchmark = importlib.import_module(f"{benchmarks.__name__}.{name}")
        print(f"\n## {name}\n\n{benchmark.__doc__.strip()}", flush=True)
        for table in benchmark.run():
            print(f"\n{table}", flush=True)


if __name__ == "__main__":
    main()
