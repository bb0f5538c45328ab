"""When an agent fetches the images of its tasks."""

from enum import StrEnum


class ImagePull(StrEnum):
    IF_NOT_PRESENT = "if-not-present"
    ALWAYS = "always"
    NEVER = "never"
