"""Which required fields a message lacks, in the words of protobuf."""

from google.protobuf.message import EncodeError, Message


def missing_fields(message: Message) -> str:
    """ "" if there are none."""
    try:
        message.SerializeToString()
    except EncodeError as error:
        return str(error)  # The only place where the library names them.
    return ""
