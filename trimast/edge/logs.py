"""How every process logs: a name, then fields; for people by default, as JSON when asked."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

LEVELS: Final = ("debug", "info", "warning", "error")

_QUIET_LIBRARIES: Final = ("asyncio", "aiohttp", "grpc", "pysyncobj")
"""Heard from `warning` up, unless everything is."""


def set_up_logs(level: str, as_json: bool, to: TextIO | None = None) -> None:
    """Call once, before the first line. What libraries log goes the same way.

    Args:
        level: one of LEVELS.
        to: stderr, unless given.
    """
    number: int = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str) if as_json else _line_for_people,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(to or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_IntoStructlog()]
    root.setLevel(number)
    for name in _QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(
            number if level == "debug" else max(number, logging.WARNING)
        )


class _IntoStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
        )


def _line_for_people(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> str:
    time, level, event = fields.pop("timestamp"), fields.pop("level"), fields.pop("event")
    traceback = fields.pop("exception", "")
    line = f"{time[11:23]}Z {level:<8} {_shown(str(event), quote_spaces=False)}{_pairs(fields)}"
    # Indented, so that no line of a traceback can be taken for a line of the log.
    indented = (f"\n    | {_shown(text, quote_spaces=False)}" for text in traceback.splitlines())
    return line + "".join(indented)


def _pairs(fields: Mapping[str, Any]) -> str:
    return "".join(f" {name}={_shown(str(value))}" for name, value in fields.items())


def _shown(text: str, quote_spaces: bool = True) -> str:
    """Quoted and escaped if it could be taken for anything but one value on one line."""
    if text.isprintable() and not (quote_spaces and (not text or any(c in text for c in ' "='))):
        return text
    return repr(text)
