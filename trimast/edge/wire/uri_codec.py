"""Uri <-> mesos.v1.CommandInfo.URI."""

from collections.abc import Iterable

from protos.mesos.v1 import mesos_pb2
from trimast.edge.wire.bad_message import BadMessage
from trimast.model.uri import URIS_MAX, Uri, fault_of_uri


def uris_from_proto(messages: Iterable[mesos_pb2.CommandInfo.URI]) -> tuple[Uri, ...]:
    """Raises BadMessage."""
    uris = tuple(_uri(message) for message in messages)
    if len(uris) > URIS_MAX:
        raise BadMessage(f"Task's command has {len(uris)} uris; {URIS_MAX} are allowed")
    for uri in uris:
        fault = fault_of_uri(uri)
        if fault is not None:
            raise BadMessage(f"Task's command: {fault}")
    return uris


def uri_to_proto(uri: Uri) -> mesos_pb2.CommandInfo.URI:
    message = mesos_pb2.CommandInfo.URI(value=uri.value, extract=uri.extract)
    if uri.executable:
        message.executable = True
    if uri.cache:
        message.cache = True
    if uri.output_file:
        message.output_file = uri.output_file
    return message


def _uri(message: mesos_pb2.CommandInfo.URI) -> Uri:
    return Uri(
        message.value, message.executable, message.extract, message.cache, message.output_file
    )
