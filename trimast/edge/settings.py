"""A process's settings: one dataclass becomes its flags, its environment and its part of a file."""

import dataclasses
import inspect
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

ENVIRONMENT_PREFIX: Final = "TRIMAST_"
TABLES: Final = ("master", "agent")
"""Each process reads its own table, so that all may share one file."""

ConfigT = TypeVar("ConfigT")

_DOCUMENTED_FIELD: Final = re.compile(
    r'^    (\w+): [^\n]+\n    """(.+?)"""$', re.MULTILINE | re.DOTALL
)


class TextList(click.ParamType[tuple[str, ...]]):
    """`a,b,c`, or in a file a list of texts."""

    name = "a,b,.."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(filter(None, (part.strip() for part in parts)))


def settings_command(
    config_type: type[ConfigT], run: Callable[[ConfigT], None], *, name: str, about: str
) -> click.Command:
    """The command line of a process. A flag wins over the environment, that over the file.

    Each field is `--its-name`, `TRIMAST_ITS_NAME`, and `its_name` under `[name]` (or above all
    tables) in the file that `--config` names. Whatever cannot be right ends in exit code 2.

    Args:
        config_type: a dataclass; its fields are of type int, float, bool, str, Path, `X | None`
            or tuple[str, ...], each with its help in a docstring below it. What its
            `__post_init__` raises as ValueError is told to the user.
        name: of the process: "master" or "agent".
    """
    hints = typing.get_type_hints(config_type)
    helps = _docstrings_of_fields(config_type)
    options: list[click.Parameter] = [
        _option(field, hints[field.name], helps.get(field.name, ""))
        for field in dataclasses.fields(config_type)  # type: ignore[arg-type]
    ]
    config_file = click.Option(
        ["--config"],
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=f"{ENVIRONMENT_PREFIX}CONFIG",
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        callback=lambda ctx, _option, path: _read_file(ctx, path, name, hints),
        help=f"A TOML file with settings, named as here but with _, in the table [{name}].",
    )

    def start(**values: Any) -> None:
        try:
            config = config_type(**values)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        run(config)

    return click.Command(
        name,
        params=[config_file, *options],
        callback=start,
        help=about,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _option(field: "dataclasses.Field[Any]", hint: Any, about: str) -> click.Option:
    flag = "--" + field.name.replace("_", "-")
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    is_required = default is dataclasses.MISSING
    # To click, a default of None is a default, too.
    given: dict[str, Any] = {} if is_required else {"default": default}
    return click.Option(
        [f"{flag}/--no-{flag[2:]}" if hint is bool else flag, field.name],
        type=_click_type(hint),
        required=is_required,
        show_default=not is_required and default not in (None, "", ()),
        envvar=ENVIRONMENT_PREFIX + field.name.upper(),
        show_envvar=True,
        help=about,
        **given,
    )


def _click_type(hint: Any) -> Any:
    hint = _without_none(hint)
    if typing.get_origin(hint) is tuple:
        return TextList()
    return click.Path(path_type=Path) if hint is Path else hint


def _without_none(hint: Any) -> Any:
    if not isinstance(hint, types.UnionType):
        return hint
    [only] = (kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return only


def _read_file(ctx: click.Context, path: Path | None, name: str, hints: Mapping[str, Any]) -> None:
    if path is None:
        return
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error
    own = document.get(name, {})
    if not isinstance(own, dict):
        raise click.UsageError(f"{path}: {name} must be a table, [{name}]")
    shared = {key: value for key, value in document.items() if key not in TABLES}
    for where, values in ((f"{path}", shared), (f"{path}: [{name}]", own)):
        for key, value in values.items():
            if key not in hints:
                _refuse_unknown(where, key, hints)
            _check_kind(where, key, value, _without_none(hints[key]))
    ctx.default_map = {**shared, **own}


def _refuse_unknown(where: str, key: str, hints: Mapping[str, Any]) -> NoReturn:
    close = get_close_matches(key.replace("-", "_"), hints, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(hints))}"
    raise click.UsageError(f"{where}: no setting is called {key!r}; {hint}")


def _check_kind(where: str, key: str, value: Any, kind: Any) -> None:
    if typing.get_origin(kind) is tuple:
        is_right, what = _is_list_of_texts(value), 'a list of texts, or one text like "a,b"'
    elif kind is bool:
        is_right, what = isinstance(value, bool), "true or false"
    elif kind in {int, float}:
        numbers = int if kind is int else (int, float)
        is_right = isinstance(value, numbers) and not isinstance(value, bool)
        what = "a whole number" if kind is int else "a number"
    else:
        is_right, what = isinstance(value, str), "a text in quotes"
    if not is_right:
        raise click.UsageError(f"{where}: {key} must be {what}, not {value!r}")


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(item, str) for item in value)
    )


def _docstrings_of_fields(config_type: type[Any]) -> dict[str, str]:
    """The texts that stand below the fields, which Python itself does not keep."""
    source = Path(inspect.getfile(config_type)).read_text(encoding="utf-8")
    body = re.split(rf"^class {config_type.__name__}\b.*$", source, flags=re.MULTILINE)[1]
    body = re.split(r"^\S", body, maxsplit=1, flags=re.MULTILINE)[0]
    return {name: " ".join(text.split()) for name, text in _DOCUMENTED_FIELD.findall(body)}
