"""Feeds targets with what their coverage makes worth trying, one after the other.

python -m tests.fuzz [TARGET ...] [--seconds 60]

Needs `atheris` (`make fuzz` installs it). What makes a target fail is left in a file here.
"""

import argparse
import subprocess
import sys

from tests.fuzz.targets import TARGETS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no target {unknown[0]!r}: there are {', '.join(TARGETS)}")
    for name in options.targets or TARGETS:
        print(f"fuzzing {name} for {options.seconds} s", flush=True)
        command = [sys.executable, "-m", "tests.fuzz.one", name, str(options.seconds)]
        if subprocess.run(command, check=False).returncode:
            sys.exit(f"{name} failed: what it was given is above, and in a file here")


if __name__ == "__main__":
    main()
