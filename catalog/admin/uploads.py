"""A limit for uploads: a file that is larger than any source is dropped while it arrives, before it fills the disk."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from catalog.sources.limits import LARGEST_FILE


class CappedUploadHandler(FileUploadHandler):
    """Runs before the handlers that store files; the form gets no file if it is too large."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > LARGEST_FILE:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Another handler stores the file."""
