"""The notebooks' tooling and its tests: run, normalise, structure rules, solved runs."""
