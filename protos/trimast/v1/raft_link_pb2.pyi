from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RaftFrame(_message.Message):
    __slots__ = ("hello", "welcome", "refusal", "envelope")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    hello: RaftHello
    welcome: RaftWelcome
    refusal: RaftRefusal
    envelope: RaftEnvelope
    def __init__(self, hello: _Optional[_Union[RaftHello, _Mapping]] = ..., welcome: _Optional[_Union[RaftWelcome, _Mapping]] = ..., refusal: _Optional[_Union[RaftRefusal, _Mapping]] = ..., envelope: _Optional[_Union[RaftEnvelope, _Mapping]] = ...) -> None: ...

class RaftHello(_message.Message):
    __slots__ = ("protocol_version", "cluster_id", "replica_id", "to_replica_id", "incarnation", "session")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    REPLICA_ID_FIELD_NUMBER: _ClassVar[int]
    TO_REPLICA_ID_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    cluster_id: str
    replica_id: str
    to_replica_id: str
    incarnation: int
    session: int
    def __init__(self, protocol_version: _Optional[int] = ..., cluster_id: _Optional[str] = ..., replica_id: _Optional[str] = ..., to_replica_id: _Optional[str] = ..., incarnation: _Optional[int] = ..., session: _Optional[int] = ...) -> None: ...

class RaftWelcome(_message.Message):
    __slots__ = ("replica_id",)
    REPLICA_ID_FIELD_NUMBER: _ClassVar[int]
    replica_id: str
    def __init__(self, replica_id: _Optional[str] = ...) -> None: ...

class RaftRefusal(_message.Message):
    __slots__ = ("cause", "detail")
    class Cause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CAUSE_UNSPECIFIED: _ClassVar[RaftRefusal.Cause]
        OTHER_CLUSTER: _ClassVar[RaftRefusal.Cause]
        UNKNOWN_REPLICA: _ClassVar[RaftRefusal.Cause]
        OTHER_PROTOCOL: _ClassVar[RaftRefusal.Cause]
        NOT_ME: _ClassVar[RaftRefusal.Cause]
        OLD_SESSION: _ClassVar[RaftRefusal.Cause]
    CAUSE_UNSPECIFIED: RaftRefusal.Cause
    OTHER_CLUSTER: RaftRefusal.Cause
    UNKNOWN_REPLICA: RaftRefusal.Cause
    OTHER_PROTOCOL: RaftRefusal.Cause
    NOT_ME: RaftRefusal.Cause
    OLD_SESSION: RaftRefusal.Cause
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    cause: RaftRefusal.Cause
    detail: str
    def __init__(self, cause: _Optional[_Union[RaftRefusal.Cause, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class RaftEnvelope(_message.Message):
    __slots__ = ("term", "echo", "append", "append_answer", "heartbeat", "heartbeat_answer", "vote_request", "vote", "pre_vote_request", "pre_vote", "stale")
    TERM_FIELD_NUMBER: _ClassVar[int]
    ECHO_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    APPEND_ANSWER_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_ANSWER_FIELD_NUMBER: _ClassVar[int]
    VOTE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    VOTE_FIELD_NUMBER: _ClassVar[int]
    PRE_VOTE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    PRE_VOTE_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    term: int
    echo: int
    append: RaftAppend
    append_answer: RaftAppendAnswer
    heartbeat: RaftHeartbeat
    heartbeat_answer: RaftHeartbeatAnswer
    vote_request: RaftVoteRequest
    vote: RaftVote
    pre_vote_request: RaftPreVoteRequest
    pre_vote: RaftPreVote
    stale: RaftStale
    def __init__(self, term: _Optional[int] = ..., echo: _Optional[int] = ..., append: _Optional[_Union[RaftAppend, _Mapping]] = ..., append_answer: _Optional[_Union[RaftAppendAnswer, _Mapping]] = ..., heartbeat: _Optional[_Union[RaftHeartbeat, _Mapping]] = ..., heartbeat_answer: _Optional[_Union[RaftHeartbeatAnswer, _Mapping]] = ..., vote_request: _Optional[_Union[RaftVoteRequest, _Mapping]] = ..., vote: _Optional[_Union[RaftVote, _Mapping]] = ..., pre_vote_request: _Optional[_Union[RaftPreVoteRequest, _Mapping]] = ..., pre_vote: _Optional[_Union[RaftPreVote, _Mapping]] = ..., stale: _Optional[_Union[RaftStale, _Mapping]] = ...) -> None: ...

class RaftAppend(_message.Message):
    __slots__ = ("sequence", "prev_index", "prev_term", "commit_index", "entries")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREV_INDEX_FIELD_NUMBER: _ClassVar[int]
    PREV_TERM_FIELD_NUMBER: _ClassVar[int]
    COMMIT_INDEX_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    prev_index: int
    prev_term: int
    commit_index: int
    entries: _containers.RepeatedCompositeFieldContainer[RaftEntry]
    def __init__(self, sequence: _Optional[int] = ..., prev_index: _Optional[int] = ..., prev_term: _Optional[int] = ..., commit_index: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[RaftEntry, _Mapping]]] = ...) -> None: ...

class RaftEntry(_message.Message):
    __slots__ = ("term", "payload")
    TERM_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    term: int
    payload: bytes
    def __init__(self, term: _Optional[int] = ..., payload: _Optional[bytes] = ...) -> None: ...

class RaftAppendAnswer(_message.Message):
    __slots__ = ("matched_below", "retry_from")
    MATCHED_BELOW_FIELD_NUMBER: _ClassVar[int]
    RETRY_FROM_FIELD_NUMBER: _ClassVar[int]
    matched_below: int
    retry_from: int
    def __init__(self, matched_below: _Optional[int] = ..., retry_from: _Optional[int] = ...) -> None: ...

class RaftHeartbeat(_message.Message):
    __slots__ = ("sequence",)
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    def __init__(self, sequence: _Optional[int] = ...) -> None: ...

class RaftHeartbeatAnswer(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RaftVoteRequest(_message.Message):
    __slots__ = ("last_index", "last_term")
    LAST_INDEX_FIELD_NUMBER: _ClassVar[int]
    LAST_TERM_FIELD_NUMBER: _ClassVar[int]
    last_index: int
    last_term: int
    def __init__(self, last_index: _Optional[int] = ..., last_term: _Optional[int] = ...) -> None: ...

class RaftVote(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RaftPreVoteRequest(_message.Message):
    __slots__ = ("proposed_term", "last_index", "last_term")
    PROPOSED_TERM_FIELD_NUMBER: _ClassVar[int]
    LAST_INDEX_FIELD_NUMBER: _ClassVar[int]
    LAST_TERM_FIELD_NUMBER: _ClassVar[int]
    proposed_term: int
    last_index: int
    last_term: int
    def __init__(self, proposed_term: _Optional[int] = ..., last_index: _Optional[int] = ..., last_term: _Optional[int] = ...) -> None: ...

class RaftPreVote(_message.Message):
    __slots__ = ("proposed_term",)
    PROPOSED_TERM_FIELD_NUMBER: _ClassVar[int]
    proposed_term: int
    def __init__(self, proposed_term: _Optional[int] = ...) -> None: ...

class RaftStale(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
