"""Documents out of the files named on a command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from allod.domain.document import Document, read_documents
from allod.domain.yaml_text import line_of, raw_documents, the_only
from allod.errors import InvalidDocument, InvalidInput

_BYTES_MAX = 64 << 20


def read_all(files: Sequence[Path]) -> list[Document]:
    """The documents of all `files`, in their order.

    Raises:
        InvalidInput: A file cannot be read.
        InvalidDocument: A document breaks its schema, or is there twice.
    """
    found: dict[str, Document] = {}
    for file in files:
        for document in read_documents(_text(file), _name(file)):
            if document.key in found:
                raise InvalidDocument(
                    f"{document.key} is there twice, first in {found[document.key].file}",
                    file=document.file,
                    mend="remove one of them",
                )
            found[document.key] = document
    return list(found.values())


def read_plain(file: Path) -> tuple[str, Any]:
    """Where the one document of a YAML file begins, as 'FILE:LINE', and its plain values.

    Raises:
        InvalidInput: The file cannot be read, is not YAML, or holds more than one document.
    """
    line, content = the_only(raw_documents(_text(file), _name(file)), _name(file))
    return f"{_name(file)}:{line}", content


def place_of(begins: str, path: str) -> str:
    """Where the field at `path` stands of a document that was read here and begins there, both as
    'FILE:LINE'.

    Where the document begins if its file cannot be read again, as a pipe.
    """
    file, _, line = begins.rpartition(":")
    if not Path(file).is_file():  # A pipe was read already: it would wait for more.
        return begins
    try:
        return f"{file}:{line_of(_text(Path(file)), int(line), path)}"
    except (InvalidInput, ValueError, yaml.YAMLError):
        return begins


def _name(file: Path) -> str:
    return "standard input" if str(file) == "-" else str(file)


def _text(file: Path) -> str:
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(_BYTES_MAX + 1)
        else:
            with file.open("rb") as opened:
                data = opened.read(_BYTES_MAX + 1)
    except IsADirectoryError as error:
        raise InvalidInput(
            f"cannot read {file}: it is a folder", mend=f"name files, such as {file}/*.yaml"
        ) from error
    except OSError as error:
        raise InvalidInput(
            f"cannot read {file}: {(error.strerror or '').lower()}", mend="check the path"
        ) from error
    if len(data) > _BYTES_MAX:
        raise InvalidInput(f"{_name(file)} is over 64 MiB", mend="write less into one file")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{_name(file)} is not UTF-8 text (byte {error.start})", mend="save it as UTF-8"
        ) from error
