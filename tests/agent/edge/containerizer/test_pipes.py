"""What a command reads from and writes to, from either end."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from agent.edge.containerizer.pipes import Pipes, open_pipes, open_terminal, read_some


def at_both_ends(
    story: Callable[[Pipes, list[int]], Awaitable[None]],
    opened: Callable[[list[int]], Awaitable[Pipes]] = open_pipes,
) -> None:
    async def main() -> None:
        theirs: list[int] = []
        pipes = await opened(theirs)
        try:
            await story(pipes, theirs)
        finally:
            pipes.close()
            for file in theirs:
                os.close(file)

    asyncio.run(main())


async def a_terminal(theirs: list[int]) -> Pipes:
    return await open_terminal(theirs, (7, 70))


def test_each_pipe_is_one_of_its_own() -> None:
    async def story(pipes: Pipes, theirs: list[int]) -> None:
        os.write(theirs[1], b"out")
        os.write(theirs[2], b"err")
        assert await read_some(pipes.stdout, 99) == b"out"
        assert await read_some(pipes.stderr, 99) == b"err"
        pipes.stdin.write(b"in")
        await pipes.stdin.drain()
        assert os.read(theirs[0], 99) == b"in"
        pipes.end_input()
        await asyncio.sleep(0)
        assert os.read(theirs[0], 99) == b""
        pipes.resize(1, 1)  # Of what has no size.

    at_both_ends(story)


def test_the_end_of_what_is_written_is_the_end() -> None:
    async def story(pipes: Pipes, theirs: list[int]) -> None:
        os.close(theirs.pop())
        assert await read_some(pipes.stderr, 99) == b""

    at_both_ends(story)


def test_a_terminal_has_one_output_a_size_and_echoes() -> None:
    async def story(pipes: Pipes, theirs: list[int]) -> None:
        assert tuple(os.get_terminal_size(theirs[0])) == (70, 7)
        pipes.resize(9, 90)
        assert tuple(os.get_terminal_size(theirs[0])) == (90, 9)
        assert await read_some(pipes.stderr, 99) == b""
        pipes.stdin.write(b"hi\n")
        assert await read_some(pipes.stdout, 99) == b"hi\r\n"
        assert os.read(theirs[0], 99) == b"hi\n"
        pipes.end_input()
        assert os.read(theirs[0], 99) == b""

    at_both_ends(story, a_terminal)


def test_a_terminal_that_nobody_has_any_more_is_at_its_end() -> None:
    async def story(pipes: Pipes, theirs: list[int]) -> None:
        while theirs:
            os.close(theirs.pop())
        assert await read_some(pipes.stdout, 99) == b""

    at_both_ends(story, a_terminal)


def test_sizes_beyond_all_sense_are_the_largest_there_is() -> None:
    async def story(pipes: Pipes, theirs: list[int]) -> None:
        pipes.resize(2**31, 2**31)
        assert tuple(os.get_terminal_size(theirs[0])) == (2**16 - 1, 2**16 - 1)

    at_both_ends(story, a_terminal)
