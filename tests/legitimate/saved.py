"""Letters that other programs opened and saved, wholly or incrementally, before anybody signed them."""

import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pypdfium2 import raw

from esign.pdf.revisions import PdfFile
from tests.legitimate import by_dss, by_pyhanko, by_us
from tests.legitimate.by_hand import Manner, second, sign_by_hand
from tests.legitimate.encodings import NOT_ALARMED
from tests.legitimate.indonesian import LONG, OLD, old_message
from tests.legitimate.made import SECOND, SOUND, Made, plainly
from tests.programs import call, require_program

Save = Callable[[bytes], bytes]
_MUTOOL = """var doc = new PDFDocument(scriptArgs[0]);
doc.getTrailer().get("Root").put("PageLayout", doc.newName("SinglePage"));
doc.save(scriptArgs[0], "incremental");
"""


def _by_qpdf(**options: object) -> Save:
    def save(pdf: bytes) -> bytes:
        out = BytesIO()
        with pikepdf.open(BytesIO(pdf)) as document:
            document.save(out, deterministic_id=True, **options)  # type: ignore[arg-type]
        return out.getvalue()

    return save


def _by_program(*command: str) -> Save:
    """``@in`` and ``@out`` stand for the files."""

    def save(pdf: bytes) -> bytes:
        with tempfile.TemporaryDirectory() as name:
            file, to = Path(name, "in.pdf"), Path(name, "out.pdf")
            file.write_bytes(pdf)
            words = [part.replace("@in", str(file)).replace("@out", str(to)) for part in command[1:]]
            done = call([require_program(command[0]), *words], timeout=120)
            assert to.exists(), done.stderr
            return to.read_bytes()

    return save


def _by_mutool_appending(pdf: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        file, script = Path(name, "in.pdf"), Path(name, "save.js")
        file.write_bytes(pdf)
        script.write_text(_MUTOOL)
        call([require_program("mutool"), "run", script, file])
        assert file.stat().st_size > len(pdf)
        return file.read_bytes()


def _by_pdfium(flags: int) -> Save:
    def save(pdf: bytes) -> bytes:
        document = pypdfium2.PdfDocument(pdf)
        try:
            document[0].set_mediabox(*document[0].get_mediabox())
            out = BytesIO()
            document.save(out, flags=flags)
            return out.getvalue()
        finally:
            document.close()

    return save


def _by_pyhanko_copying(pdf: bytes) -> bytes:
    out = BytesIO()
    copy_into_new_writer(PdfFileReader(BytesIO(pdf), strict=False)).write(out)
    return out.getvalue()


def _by_pdfbox(*, incremental: bool) -> Save:
    return lambda pdf: by_dss.signers().do("save", pdf, incremental=incremental)


_GENERATED, _NONE = pikepdf.ObjectStreamMode.generate, pikepdf.ObjectStreamMode.disable
PROGRAMS: dict[str, Save] = {
    "qpdf": _by_qpdf(object_stream_mode=_NONE),
    "qpdf, object streams": _by_qpdf(object_stream_mode=_GENERATED),
    "qpdf, linearised": _by_qpdf(linearize=True, object_stream_mode=_NONE),
    "qpdf, linearised, object streams": _by_qpdf(linearize=True, object_stream_mode=_GENERATED),
    "qpdf, to be read": _by_qpdf(qdf=True),
    "qpdf, nothing compressed": _by_qpdf(compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.all),
    "mutool": _by_program("mutool", "clean", "@in", "@out"),
    "mutool, collected and compressed": _by_program("mutool", "clean", "-gggz", "@in", "@out"),
    "mutool, linearised": _by_program("mutool", "clean", "-l", "@in", "@out"),
    "mutool, in ASCII": _by_program("mutool", "clean", "-da", "@in", "@out"),
    "mutool, appending": _by_mutool_appending,
    "Ghostscript, 1.4": _by_program("gs", "-q", "-sDEVICE=pdfwrite", "-dCompatibilityLevel=1.4", "-o", "@out", "@in"),
    "Ghostscript, 1.7": _by_program("gs", "-q", "-sDEVICE=pdfwrite", "-dCompatibilityLevel=1.7", "-o", "@out", "@in"),
    "cairo": _by_program("pdftocairo", "-pdf", "@in", "@out"),
    "poppler": _by_program("pdfunite", "@in", "@in", "@out"),
    "PDFium": _by_pdfium(raw.FPDF_NO_INCREMENTAL),
    "PDFium, appending": _by_pdfium(raw.FPDF_INCREMENTAL),
    "pyHanko": _by_pyhanko_copying,
    "pyHanko, appending": by_pyhanko.touched,
    "PDFBox": _by_pdfbox(incremental=False),
    "PDFBox, appending": _by_pdfbox(incremental=True),
}


def _saved(program: str, pdf: bytes) -> bytes | None:
    """The file as that program saves it; None where what it writes is no PDF.

    PDFium appends cross-reference streams without /Type and endobj, which neither qpdf nor we read.
    """
    if program == "PDFium, appending" and PdfFile(pdf).view().sections[0].kind == "stream":
        return None
    return PROGRAMS[program](pdf)


def resaved(pdf: bytes) -> Iterator[Made]:
    """Each program's file, signed."""
    for program in PROGRAMS:
        yield from signed_after(program, pdf)


def signed_after(program: str, pdf: bytes) -> Iterator[Made]:
    """One program's file, signed as the old ones did, by pyHanko and by us; once and twice."""
    saved = _saved(program, pdf)
    if saved is None:
        return
    old = sign_by_hand(saved, OLD, old_message())
    yield Made(f"{program}: old", old)
    yield Made(f"{program}: old, twice", sign_by_hand(old, second(LONG), plainly(SECOND)))
    mine = by_us.sign(saved, stamp=True)
    yield Made(f"{program}: by us", mine)
    if program != "poppler":  # its /Size is too small, so that pyHanko numbers its objects as the page tree's
        theirs = by_pyhanko.sign(saved, visible=(60, 60, 200, 120))
        yield Made(f"{program}: by pyHanko", theirs)
        yield Made(f"{program}: by pyHanko, validation data", by_pyhanko.with_store(theirs))
        yield Made(f"{program}: by us, then by pyHanko", by_pyhanko.sign(mine, "Tanda2"))
    hidden = sign_by_hand(saved, Manner(sub_filter=b"ETSI.CAdES.detached"))
    yield Made(f"{program}: by hand", hidden)
    yield Made(f"{program}: by hand, then by us", by_us.sign(hidden, stamp=True))


def resaved_twice(pdf: bytes) -> Iterator[Made]:
    """One program's file saved by another, then signed."""
    names = (
        "qpdf, object streams",
        "mutool, appending",
        "PDFium, appending",
        "pyHanko, appending",
        "PDFBox, appending",
    )
    for one in names:
        first = _saved(one, pdf)
        for other in names:
            saved = None if first is None or other == one else _saved(other, first)
            if saved is not None:
                # PDFBox carries an older /XRefStm on into its own trailer, where table and stream disagree then
                right = NOT_ALARMED if PdfFile(saved).view().sections[0].hybrid is not None else SOUND
                signed = sign_by_hand(saved, OLD, old_message())
                again = sign_by_hand(signed, second(Manner()), plainly(SECOND))
                yield Made(f"{one}, then {other}", signed, right)
                yield Made(f"{one}, then {other}: twice", again, right)
