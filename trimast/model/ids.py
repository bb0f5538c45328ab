"""Names of things in the cluster. Each kind of id is its own type, so they cannot be mixed."""

from typing import Final, NewType

MasterId = NewType("MasterId", str)
AgentId = NewType("AgentId", str)
FrameworkId = NewType("FrameworkId", str)
OfferId = NewType("OfferId", str)
TaskId = NewType("TaskId", str)
ExecutorId = NewType("ExecutorId", str)
OperationId = NewType("OperationId", str)

ID_CHARS_MAX: Final = 255


def fault_of_id(text: str) -> str | None:
    """What makes `text` unfit to be an id, or None if it is fit.

    Ids become names of directories and of metrics, so a path or a control character is refused.
    Source: the rules Mesos has for ids (mesos.v1, `common/validation`).
    """
    if not text:
        return "an id must not be empty"
    if len(text) > ID_CHARS_MAX:
        return f"an id has at most {ID_CHARS_MAX} characters, this one has {len(text)}"
    if text in {".", ".."}:
        return f"{text!r} cannot be an id"
    if "/" in text or "\\" in text or not text.isprintable():
        return f"an id has no slash, backslash or control character: {text!r}"
    return None
