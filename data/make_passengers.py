"""Make passengers.csv: the invented manifest of a ferry line, and who was seasick.

    python data/make_passengers.py                    # writes data/passengers.csv
    python data/make_passengers.py --answers FILE     # the hidden labels of the test part as well

Only the standard library, and of `random` only `random()`, so that every Python writes the same
file. No line describes a real person, ship or crossing.
"""

import argparse
import csv
import math
from pathlib import Path
from random import Random

SEED = 20261121
BOOKINGS = {"train": 620, "validation": 140, "test": 260}
COLUMNS = (
    *("passenger", "booking", "split", "port", "deck", "place", "seat"),
    *("age", "hours", "wave_height", "trips_before", "tablet", "seasick"),
)
PORTS = {"Alderhaven": 5.5, "Brimwick": 3.0, "Corvesund": 8.5}  # hours of the crossing
DECKS = {"upper": 0.8, "middle": 0.0, "lower": -0.5}  # each number is a push on the log odds
PLACES = {"bow": 1.5, "midship": -0.5, "stern": 0.5}
SEATS = {"window": -0.9, "aisle": 0.4, "inside": 0.8}
PARTY = (1, 1, 2, 2, 2, 3, 4, 5)


def pick(random: Random, values: list) -> object:
    return values[int(random.random() * len(values))]


def normal(random: Random) -> float:
    """A draw from the standard normal distribution (Box and Muller, 1958)."""
    radius = math.sqrt(-2 * math.log(1 - random.random()))
    return radius * math.cos(2 * math.pi * random.random())


def code_of(random: Random, taken: set[str]) -> str:
    """A booking code of six letters that no other booking has."""
    while True:
        code = "".join(str(pick(random, list("ABCDEFGHJKLMNPRSTUVWXYZ"))) for _ in range(6))
        if code not in taken:
            taken.add(code)
            return code


def passengers_of(random: Random, booking: str, split: str) -> list[dict]:
    """The passengers of one booking: they share a crossing, a deck and a disposition."""
    port = str(pick(random, list(PORTS)))
    deck = str(pick(random, list(DECKS)))
    wave = round(min(6.0, 0.3 + abs(1.7 * normal(random))), 1)
    hours = round(PORTS[port] * (1 + 0.1 * wave) + 0.3 * abs(normal(random)), 1)
    shared = 0.7 * normal(random)
    found = []
    for _ in range(int(pick(random, list(PARTY)))):
        row = {"booking": booking, "split": split, "port": port, "deck": deck, "hours": hours}
        row |= {"wave_height": wave, "place": str(pick(random, list(PLACES)))}
        row |= {"seat": str(pick(random, list(SEATS))), "age": int(2 + 78 * random.random())}
        row |= {"trips_before": int(-2.5 * math.log(1 - random.random()))}
        row |= {"tablet": "yes" if random.random() < 0.25 else "no"}
        row["seasick"] = int(random.random() < chance(row, shared))
        found.append(row)
    return found


def chance(row: dict, shared: float) -> float:
    """The chance of being seasick. Sea and tablet multiply, which a linear model cannot express."""
    child = 1.6 if row["age"] < 13 else -0.02 * (row["age"] - 13)
    sea = 2.2 * row["wave_height"] * (0.35 if row["tablet"] == "yes" else 1.0)
    odds = -6.2 + sea + 0.15 * row["hours"] + child - 0.35 * min(row["trips_before"], 8)
    odds += DECKS[row["deck"]] + PLACES[row["place"]] + SEATS[row["seat"]] + shared
    return 1 / (1 + math.exp(-odds))


def lose(random: Random, row: dict) -> dict:
    """Leave out what was not written down: ages, most of all of those who travel often; seats."""
    kept = dict(row)
    if random.random() < (0.3 if row["trips_before"] > 3 else 0.1):
        kept["age"] = ""
    if random.random() < 0.08:
        kept["seat"] = ""
    if random.random() < 0.04:
        kept["wave_height"] = ""
    return kept


def make() -> tuple[list[dict], dict[str, int]]:
    """All rows as they stand in the file, and the labels of the test part by passenger."""
    random, taken = Random(SEED), set()
    rows = []
    for split, count in BOOKINGS.items():
        for _ in range(count):
            rows += passengers_of(random, code_of(random, taken), split)
    answers, written = {}, []
    for number, row in enumerate(rows, start=1):
        kept = {"passenger": f"P{number:04d}", **lose(random, row)}
        if row["split"] == "test":
            answers[kept["passenger"]] = row["seasick"]
            kept["seasick"] = ""
        written.append(kept)
    return written, answers


def write(path: Path, columns: tuple[str, ...], rows: list[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make passengers.csv, an invented manifest.")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("passengers.csv"))
    parser.add_argument("--answers", type=Path, help="also write the test part's labels here")
    chosen = parser.parse_args()
    rows, answers = make()
    write(chosen.output, COLUMNS, rows)
    if chosen.answers:
        listed = [{"passenger": name, "seasick": label} for name, label in answers.items()]
        write(chosen.answers, ("passenger", "seasick"), listed)


if __name__ == "__main__":
    main()
