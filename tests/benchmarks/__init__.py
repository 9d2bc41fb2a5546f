"""Benchmarks: what is measured rather than asserted. Run them with `make bench`.

Each module here whose name has no leading underscore is a benchmark. Its `run()` yields tables
(`_table.table`), which `__main__` prints in the order they come. Times stand in them only as ratios
of things done in turns in one run. pytest collects nothing here.
"""
