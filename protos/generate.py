"""Compiles every .proto file under protos/ to the Python and the stubs that stand beside it.

python -m protos.generate           writes what has changed and removes what is left over
python -m protos.generate --check   only names what is stale, and fails if anything is
"""

import argparse
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from google.protobuf.descriptor_pb2 import FileDescriptorSet

REPOSITORY: Final = Path(__file__).resolve().parent.parent
SCRIPTS: Final = Path(sysconfig.get_path("scripts"))
"""Where the plugins live: the environment that runs us, whatever PATH says."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m protos.generate")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    check_only: bool = parser.parse_args(arguments).check

    try:
        wanted = compiled()
    except subprocess.CalledProcessError:  # The compiler has said why.
        sys.exit("protos: the compiler refused, so nothing was written")

    stale = stale_files(wanted, generated())
    if check_only and stale:
        sys.exit("\n".join(f"{path} is stale: run `make protos`" for path in stale))
    for path in stale:
        if path in wanted:
            (REPOSITORY / path).write_bytes(wanted[path])
        else:
            (REPOSITORY / path).unlink()


def compiled() -> dict[Path, bytes]:
    """What each generated file should hold, by its path below the repository.

    Raises CalledProcessError when the compiler refuses a file.
    """
    sources = [path.as_posix() for path in _below(REPOSITORY, "*.proto")]
    with TemporaryDirectory() as directory:
        out = Path(directory)
        descriptors = out / "descriptors"
        _protoc(
            sources,
            f"--python_out={out}",
            # Not protoc's own --pyi_out: these stubs know the names that WhichOneof can answer,
            # so that a match over them is held complete, and they refuse to assign a submessage.
            f"--plugin=protoc-gen-mypy={SCRIPTS / 'protoc-gen-mypy'}",
            f"--mypy_out=quiet:{out}",
            f"--descriptor_set_out={descriptors}",
        )
        if with_services := _with_services(descriptors):
            _protoc(
                with_services,
                f"--grpc_python_out={out}",
                f"--plugin=protoc-gen-mypy_grpc={SCRIPTS / 'protoc-gen-mypy_grpc'}",
                # Every server and client here is asyncio's, so the stubs need not allow for both.
                f"--mypy_grpc_out=quiet,only_async:{out}",
            )
        return _contents(out)


def generated() -> dict[Path, bytes]:
    """What each generated file that stands in the repository does hold."""
    return _contents(REPOSITORY)


def stale_files(wanted: dict[Path, bytes], present: dict[Path, bytes]) -> list[Path]:
    """The files that are missing, differ, or have lost the .proto file they came from."""
    return sorted(
        path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path)
    )


def _protoc(sources: Sequence[str], *options: str) -> None:
    # As a module, grpc_tools.protoc adds the folder of google/protobuf/*.proto by itself.
    command = [sys.executable, "-m", "grpc_tools.protoc", "--proto_path=.", *options, *sources]
    subprocess.run(command, cwd=REPOSITORY, check=True)


def _with_services(descriptors: Path) -> list[str]:
    # Without a service in it, a file would still get a _pb2_grpc.py, with nothing to say.
    files = FileDescriptorSet.FromString(descriptors.read_bytes()).file
    return [file.name for file in files if file.service]


def _contents(root: Path) -> dict[Path, bytes]:
    patterns = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")
    return {
        path: (root / path).read_bytes() for pattern in patterns for path in _below(root, pattern)
    }


def _below(root: Path, pattern: str) -> list[Path]:
    return sorted(path.relative_to(root) for path in (root / "protos").rglob(pattern))


if __name__ == "__main__":
    main()
