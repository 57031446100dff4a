"""Where references are looked for: everywhere but in the data of large streams, and never past an object."""

import os

from esign.pdf.pages import PageTree
from esign.pdf.revisions import PdfFile
from esign.pdf.segments import LARGE, outside_large_streams
from esign.pdf.syntax import Stream
from tests.sheets import saved, sheet


def stretches(pdf: bytes, extra: int | None = None) -> list[tuple[int, int]]:
    file = PdfFile(pdf)
    view = file.view()
    offsets = [entry.first for number in view.numbers() if (entry := view.entry(number)) and entry.kind == 1]
    return list(outside_large_streams(file, sorted([*offsets, *([extra] if extra else [])]), view.get))


def large() -> tuple[bytes, Stream]:
    pdf = sheet()
    pdf.pages[0].obj.Contents = pdf.make_stream(os.urandom(2 * LARGE))
    data = saved(pdf)
    view = PdfFile(data).view()
    stream = view.resolve(PageTree(view)[1].dictionary["Contents"])
    assert isinstance(stream, Stream)
    return data, stream


def test_data_of_a_large_stream_are_left_out_and_nothing_else() -> None:
    data, stream = large()
    assert stretches(data) == [(0, stream.data_start), (stream.data_end, len(data))]


def test_small_streams_are_searched_too() -> None:
    data = saved(sheet("BT ET"))
    assert stretches(data) == [(0, len(data))]


def test_an_object_inside_of_a_stream_s_data_is_not_overlooked() -> None:
    data, stream = large()
    assert stretches(data, stream.data_start + 1000) == [(0, len(data))]
