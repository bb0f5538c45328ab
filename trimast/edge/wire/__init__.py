"""Between our own values and protobuf messages: one file a subject."""
