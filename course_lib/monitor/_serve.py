"""TensorBoard in a process of its own: `python _serve.py FOLDER PORT`.

It prints its address and then lives as long as its standard input, which ends with the process
that started it, however that ends. It takes no part in `%tensorboard`'s list of running servers.
"""

import sys

from tensorboard import program
from tensorboard.program import TensorBoardServerException

RELOAD_SECONDS = "5"


def main(folder: str, port: str) -> None:
    board = program.TensorBoard()
    where = ["--logdir", folder, "--host", "127.0.0.1", "--port", port]
    how = ["--reload_interval", RELOAD_SECONDS, "--load_fast", "false"]
    board.configure(argv=["tensorboard", *where, *how])
    try:
        print(board.launch(), flush=True)
    except TensorBoardServerException as error:
        sys.exit(f"{error}.")
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
