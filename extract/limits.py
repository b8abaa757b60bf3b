"""How much a month may hold once unpacked, whether the API sent it or it lies on the disk."""

import gzip
import io
import os
import zlib

from console.errors import WarehouseError
from extract.masking import quoted

GZIP_MAGIC = b"\x1f\x8b"
# Months of the archive are up to 60 MB.
DEFAULT_MEGABYTES = 128
# More than Postgres or a 64-bit process of ordinary size could make use of.
MOST_MEGABYTES = 4096


class UnpackError(Exception):
    """Why packed bytes cannot be unpacked, in one line."""


def max_unpacked_bytes() -> int:
    """Return how many bytes a month may have unpacked: NYT_MAX_ANSWER_MB, in millions.

    Raises WarehouseError.
    """
    text = os.environ.get("NYT_MAX_ANSWER_MB", "").strip()
    try:
        megabytes = int(text or DEFAULT_MEGABYTES)
    except ValueError:
        megabytes = 0
    if not 1 <= megabytes <= MOST_MEGABYTES:
        raise WarehouseError(
            f"NYT_MAX_ANSWER_MB is {quoted(text)}: give whole megabytes from 1 to "
            f"{MOST_MEGABYTES:,}"
        )
    return megabytes * 1_000_000


def too_large(limit: int) -> str:
    """Return the line for a month of more than ``limit`` bytes unpacked."""
    return (
        f"more than {limit // 1_000_000:,} MB unpacked, which no month is: if it is meant, set "
        "NYT_MAX_ANSWER_MB higher"
    )


def unpack(data: bytes, limit: int) -> bytes:
    """Return what gzip packed, and never hold more than ``limit`` bytes of it.

    Raises UnpackError: truncated, broken, or more than that.
    """
    try:
        whole = zlib.decompressobj(wbits=zlib.MAX_WBITS + 16)
        content = whole.decompress(data, limit + 1)
        if whole.unused_data:  # packed in several pieces, or something else follows
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as pieces:
                content = pieces.read(limit + 1)
        elif len(content) <= limit and not whole.eof:
            raise EOFError
    except EOFError:
        raise UnpackError("truncated: the gzip file breaks off; download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnpackError(f"broken gzip: {error}") from None
    if len(content) > limit:
        raise UnpackError(too_large(limit))
    return content
