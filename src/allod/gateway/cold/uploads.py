"""Uploads: forms with a file, streamed to the disk as they come, whatever their size."""

from __future__ import annotations

from typing import BinaryIO

from fastapi import Request
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from allod.gateway.cold.errors import Refused
from allod.gateway.cold.upload import Upload

#: Of all fields beside the file. [bytes]
_FIELDS_BYTES_MAX = 64 << 10


class _Form:
    """Takes the parts of a form as the parser finds them."""

    def __init__(self, target: BinaryIO, bytes_max: int) -> None:
        self.upload = Upload()
        self._target, self._bytes_max = target, bytes_max
        self._header = b""
        self._value = b""
        self._disposition: dict[bytes, bytes] = {}
        self._text = b""
        self._texts_bytes = 0

    def on_part_begin(self) -> None:
        self._disposition, self._text = {}, b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, self._disposition = parse_options_header(self._value)
        self._header = self._value = b""

    def on_headers_finished(self) -> None:
        if self._is_file:
            if self.upload.filename is not None:
                raise Refused(400, "One file at a time.", param="file")
            name = self._disposition.get(b"filename", b"").decode(errors="replace")
            self.upload.filename = name.rpartition("/")[2][:255] or "file"

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        size = end - start
        if self._is_file:
            self.upload.bytes += size
            if self.upload.bytes > self._bytes_max:
                raise Refused(
                    413, f"A file may have {self._bytes_max} bytes.", code="file_too_large"
                )
            self._target.write(data[start:end])
            return
        self._texts_bytes += size
        if self._texts_bytes > _FIELDS_BYTES_MAX:
            raise Refused(413, "The fields of this form are too large.")
        self._text += data[start:end]

    def on_part_end(self) -> None:
        if not self._is_file:
            name = self._disposition.get(b"name", b"").decode(errors="replace")
            self.upload.fields[name] = self._text.decode(errors="replace")

    @property
    def _is_file(self) -> bool:
        return self._disposition.get(b"name") == b"file"


async def receive(request: Request, target: BinaryIO, bytes_max: int) -> Upload:
    """Take the form of a request; the bytes of its part `file` go to `target`.

    Raises:
        Refused: It is no such form, or too large.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refused(400, "Send the file as multipart/form-data.", code="invalid_form")
    form = _Form(target, bytes_max)
    parser = MultipartParser(
        options[b"boundary"],
        {
            "on_part_begin": form.on_part_begin,
            "on_part_data": form.on_part_data,
            "on_part_end": form.on_part_end,
            "on_header_field": form.on_header_field,
            "on_header_value": form.on_header_value,
            "on_header_end": form.on_header_end,
            "on_headers_finished": form.on_headers_finished,
        },
    )
    try:
        async for chunk in request.stream():
            # The disk may be slow, and nobody else is to wait for it.
            await run_in_threadpool(parser.write, chunk)
        parser.finalize()
    except ValueError as error:
        raise Refused(400, "The form cannot be read.", code="invalid_form") from error
    return form.upload
