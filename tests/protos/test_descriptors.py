"""Holds what was compiled for Mesos v1 against the table of what its clients know, row by row."""

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)

from protos.generate import REPOSITORY

TABLE: Final = Path(__file__).parent / "data" / "mesos-v1-fields.tsv"


class Row(NamedTuple):
    """One line of the table, column by column."""

    kind: str
    package: str
    owner: str
    name: str
    number: str = ""
    label: str = ""
    type: str = ""
    default: str = ""
    notes: str = ""


def test_every_row_of_the_table_is_compiled_as_it_says() -> None:
    assert sorted(set(rows_of_the_table()) - set(rows_of_the_descriptors())) == []


def test_nothing_is_compiled_that_the_table_does_not_know() -> None:
    assert sorted(set(rows_of_the_descriptors()) - set(rows_of_the_table())) == []


def test_no_row_stands_twice() -> None:
    assert len(rows_of_the_descriptors()) == len(rows_of_the_table())


def test_the_values_of_every_enum_stand_in_the_order_of_the_table() -> None:
    # Order matters here: the first value is what a field without one reads as.
    assert values_by_enum(rows_of_the_descriptors()) == values_by_enum(rows_of_the_table())


def test_every_file_is_proto2() -> None:
    # "" is how a descriptor says proto2.
    assert {file.name: file.syntax for file in files() if file.syntax != ""} == {}


@cache
def rows_of_the_table() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(lines)  # The names of the columns.
        return [Row(*line) for line in lines]


@cache
def rows_of_the_descriptors() -> list[Row]:
    return list(chain.from_iterable(rows_of_file(file) for file in files()))


@cache
def files() -> list[FileDescriptorProto]:
    found = []
    for path in sorted((REPOSITORY / "protos" / "mesos").rglob("*.proto")):
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        file = FileDescriptorProto()
        import_module(".".join(parts) + "_pb2").DESCRIPTOR.CopyToProto(file)
        found.append(file)
    return found


def rows_of_file(file: FileDescriptorProto) -> Iterator[Row]:
    for enum in file.enum_type:
        yield from rows_of_enum(file.package, enum.name, enum)
    for message in file.message_type:
        yield from rows_of_message(file.package, message.name, message)


def rows_of_message(package: str, owner: str, message: DescriptorProto) -> Iterator[Row]:
    if message.options.map_entry:
        key, value = (type_of(field) for field in message.field)
        yield Row("map", package, owner, "key/value", type=f"{key} -> {value}")
        return

    if not message.field:
        yield Row("message", package, owner, "(no fields)")
    for field in message.field:
        yield row_of_field(package, owner, message, field)
    for enum in message.enum_type:
        yield from rows_of_enum(package, f"{owner}.{enum.name}", enum)
    for nested in message.nested_type:
        yield from rows_of_message(package, f"{owner}.{nested.name}", nested)


def rows_of_enum(package: str, owner: str, enum: EnumDescriptorProto) -> Iterator[Row]:
    for value in enum.value:
        yield Row("enum", package, owner, value.name, str(value.number))


def row_of_field(
    package: str, owner: str, message: DescriptorProto, field: FieldDescriptorProto
) -> Row:
    return Row(
        "field",
        package,
        owner,
        field.name,
        str(field.number),
        FieldDescriptorProto.Label.Name(field.label).removeprefix("LABEL_").lower(),
        type_of(field),
        field.default_value,
        notes_on(message, field),
    )


def type_of(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return field.type_name.removeprefix(".")
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def notes_on(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    notes = []
    if field.HasField("oneof_index"):
        notes.append(f"oneof {message.oneof_decl[field.oneof_index].name}")
    if field.options.deprecated:
        notes.append("deprecated")
    if field.options.packed:
        notes.append("packed")
    return ", ".join(notes)


def values_by_enum(rows: Iterable[Row]) -> dict[tuple[str, str], list[str]]:
    values: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.kind == "enum":
            values.setdefault((row.package, row.owner), []).append(row.name)
    return values
