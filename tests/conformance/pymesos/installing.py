"""Lays pymesos into a folder of its own: `python -m tests.conformance.pymesos.installing`.

It is nothing that Trimast or its other tests import. The C part of its HTTP parser does not
compile with Python 3.11; the parser has one in Python beside it, which it takes when the other is
missing. So of that package only what is Python is laid there.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Final

FOLDER: Final = Path(sys.prefix) / "pymesos"
WHEELS: Final = ("pymesos==0.3.15", "addict==2.4.0", "six==1.16.0")
PARSER: Final = "http-parser==0.9.0"


def pip(*arguments: str) -> None:
    quiet = ("-q", "--disable-pip-version-check", "--no-deps")
    subprocess.run(
        [sys.executable, "-m", "pip", *arguments[:1], *quiet, *arguments[1:]], check=True
    )


def install() -> None:
    pip("install", "--target", str(FOLDER), "--upgrade", *WHEELS)
    with tempfile.TemporaryDirectory() as folder:
        pip("download", "--no-binary", ":all:", "--dest", folder, PARSER)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            for member in packed.getmembers():
                path = Path(member.name)
                if path.parts[1:-1] == ("http_parser",) and path.suffix == ".py":
                    content = packed.extractfile(member)
                    assert content is not None
                    (FOLDER / "http_parser").mkdir(exist_ok=True)
                    (FOLDER / "http_parser" / path.name).write_bytes(content.read())


if __name__ == "__main__":
    install()
