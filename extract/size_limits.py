"""How many bytes a month may have when it is unpacked, from the API or from a file."""

import gzip
import io
import os
import zlib
from dataclasses import dataclass

from console.errors import WarehouseError
from console.outlets import Outlet
from extract.masking import quoted

GZIP_MAGIC = b"\x1f\x8b"
# Months of the archive are up to 60 MB.
DEFAULT_MEGABYTES = 128
# More would be of no use to Postgres or to a process of ordinary size.
MOST_MEGABYTES = 4096


class UnpackError(Exception):
    """Why gzip's bytes cannot be unpacked, in one line."""


@dataclass(frozen=True)
class UnpackedLimit:
    """How many bytes a month may have unpacked, and the variable that says so in millions."""

    bytes: int
    variable: str

    @classmethod
    def of(cls, outlet: Outlet) -> "UnpackedLimit":
        """Read the outlet's limit, ``NYT_MAX_ANSWER_MB`` for one. Raises WarehouseError."""
        variable = outlet.variable("MAX_ANSWER_MB")
        text = os.environ.get(variable, "").strip()
        try:
            megabytes = int(text or DEFAULT_MEGABYTES)
        except ValueError:
            megabytes = 0
        if not 1 <= megabytes <= MOST_MEGABYTES:
            raise WarehouseError(
                f"{variable} is {quoted(text)}: give whole megabytes from 1 to {MOST_MEGABYTES:,}"
            )
        return cls(megabytes * 1_000_000, variable)

    def exceeded(self) -> str:
        """Return the line for a month of more bytes."""
        return (
            f"more than {self.bytes // 1_000_000:,} MB unpacked, which no month is: if it is "
            f"meant, set {self.variable} higher"
        )


def unpack(data: bytes, limit: UnpackedLimit) -> bytes:
    """Return what gzip packed, and never hold more of it than ``limit`` allows.

    Raises UnpackError: truncated, broken, or more than that.
    """
    try:
        whole = zlib.decompressobj(wbits=zlib.MAX_WBITS + 16)
        content = whole.decompress(data, limit.bytes + 1)
        if whole.unused_data:  # packed in several pieces, or followed by other bytes
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as pieces:
                content = pieces.read(limit.bytes + 1)
        elif len(content) <= limit.bytes and not whole.eof:
            raise EOFError
    except EOFError:
        raise UnpackError("truncated: the gzip file breaks off; download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnpackError(f"broken gzip: {error}") from None
    if len(content) > limit.bytes:
        raise UnpackError(limit.exceeded())
    return content
