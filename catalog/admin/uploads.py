"""How much may be uploaded: more than a source can have is dropped on its way, before it fills the disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from catalog.imports.documents import LARGEST_FILE


class CappedUploadHandler(FileUploadHandler):
    """Stands before the handlers that keep files; a file that grows too large is none to the form that asked for it."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > LARGEST_FILE:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Another handler has it."""
