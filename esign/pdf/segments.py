"""The stretches of a file in which objects can refer to each other: all of it but the data of large streams."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Object, PdfSyntaxError, Ref, Stream

LARGE = 64 * 1024
"""Bytes from which on it is worth while to look whether they are a stream's data."""


def outside_large_streams(
    file: PdfFile, offsets: list[int], resolve: Callable[[Ref], Object]
) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch, in order.

    ``offsets``: where all objects stand that any cross-reference lists, sorted. Data in which another object stands
    are not left out, nor those of a stream whose length is in doubt.
    """
    start = 0
    for offset, following in pairwise([*offsets, len(file.data)]):
        if following - offset < LARGE:
            continue
        try:
            item = file.object_at(offset, resolve)
        except PdfSyntaxError:
            continue
        stream = item.value
        if not isinstance(stream, Stream) or stream.data_end is None or item.repaired:
            continue
        if stream.data_end - stream.data_start >= LARGE and start <= stream.data_start and stream.data_end <= following:
            yield start, stream.data_start
            start = stream.data_end
    yield start, len(file.data)
