"""`trimast demo`: a cluster loses its leader in the middle of real work, and nothing is lost."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import click

from trimast.cli.failing import Failed, run_async
from trimast.cli.local import cluster_failures


@click.command()
@click.option(
    "--keep",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep data and logs in this folder.  [default: a temporary one, removed in the end]",
)
def demo(folder: Path | None) -> None:
    """Show what this is about, in less than a minute.

    Starts three masters and three agents, counts the words of Python's standard library with one
    real process a package, kills the leading master with kill -9 halfway, and checks the sum
    against a count made without the cluster. Nothing is left running.
    """
    own = Path(tempfile.mkdtemp(prefix="trimast-demo-")) if folder is None else folder
    try:
        with cluster_failures():
            run_async(lambda: _show(own, is_kept=folder is not None))
    finally:
        if folder is None:
            shutil.rmtree(own, ignore_errors=True)


async def _show(folder: Path, *, is_kept: bool) -> None:
    from rich.console import Console

    from trimast.cli.demonstrating.report import print_result
    from trimast.cli.demonstrating.story import play
    from trimast.cli.local_cluster.lifecycle import bring_down

    console = Console(highlight=False)
    try:
        result = await play(folder, console)
    except TimeoutError:
        raise Failed(f"the counting did not end in time; see {folder / 'logs'}") from None
    finally:
        if (folder / "cluster.json").exists():
            await asyncio.to_thread(bring_down, folder)
    print_result(result, console, logs=folder / "logs" if is_kept else None)
    if not result.is_right:
        raise Failed("the count is not what it should be")
