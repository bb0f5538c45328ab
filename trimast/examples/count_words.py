"""Counts the words of the Python files in one directory. Knows nothing of clusters.

python count_words.py DIRECTORY LEDGER NAME

Appends one line to LEDGER when it begins, and one with the count when it ends: whoever reads that
file knows what ran, how often, and what came of it, without believing anybody else.
"""

import os
import sys
from pathlib import Path


def words_in(directory: Path) -> int:
    """Of every `*.py` directly in `directory`; a word is what white space parts."""
    return sum(len(path.read_bytes().split()) for path in sorted(directory.glob("*.py")))


def note(ledger: Path, line: str) -> None:
    """One write to a file opened for appending: lines of many processes do not mix."""
    with ledger.open("ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


def main() -> None:
    directory, ledger, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    note(ledger, f"began {name} {os.getpid()}")
    note(ledger, f"ended {name} {os.getpid()} {words_in(directory)}")


if __name__ == "__main__":
    main()
