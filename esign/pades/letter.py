"""Whether a PDF can be signed as a letter, and what has to be known of it to place and make the signature.

``examine`` is pure and reads a hostile file: run it through ``examine_in`` and a sandbox. It repairs nothing: a file
that readers could read differently is refused, since whoever checks the signed letter would have to trust one of them.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from esign import errors
from esign.pades.letter_form import SignatureInLetter, SignaturePlace, read_form
from esign.pdf.active import active_content
from esign.pdf.encryption import stream_decryption
from esign.pdf.filters import decode
from esign.pdf.geometry import PageGeometry
from esign.pdf.pages import Page, PageTree
from esign.pdf.revisions import PdfFile, View
from esign.pdf.sandbox import Header, Runner
from esign.pdf.syntax import WHITE, PdfDict, PdfSyntaxError, Stream

TIMEOUT = 20.0
"""Seconds for examining one letter."""
ALL_GEOMETRIES = 50
"""Letters of at most so many pages come with the geometry of every page."""
_MAX_XMP = 4 * 1024 * 1024
_PDFA_PREFIX = re.compile(r"xmlns:([\w.-]+)\s*=\s*[\"']http://www\.aiim\.org/pdfa/ns/id/[\"']")
_VERSION = re.compile(rb"%PDF-(\d\.\d)")


@dataclass(frozen=True)
class Limits:
    """How large a letter may be."""

    max_bytes: int = 50 * 1024 * 1024
    max_pages: int = 2000


@dataclass(frozen=True)
class LetterFacts:
    """What is known of a letter that can be signed. Page numbers count from 1, boxes are in displayed space."""

    size: int
    """Bytes."""
    pages: int
    geometries: dict[int, PageGeometry]
    """By page number: all pages of a short letter; of a long one the first, the last, those that were asked for, and
    those that hold a signature field."""
    version: str
    """``1.4`` to ``2.0``: the header's or the catalogue's, whichever is later."""
    tagged: bool
    pdfa: str | None
    """The part and level of PDF/A that its metadata claim, such as ``2b``; None for none."""
    encrypted: bool
    """It is encrypted under an owner password alone, so that everyone can open it."""
    linearised: bool
    hybrid: bool
    """Cross-reference tables and streams side by side."""
    form: bool
    """It has an interactive form."""
    field_names: tuple[str, ...]
    """The fully qualified names of all its form fields."""
    fields: tuple[SignaturePlace, ...]
    """Its signature fields, filled and empty."""
    signatures: tuple[SignatureInLetter, ...]
    """The signatures and document time-stamps that its form holds."""
    permission: int | None
    """What a certification allows (DocMDP /P, 12.8.2.2): 2 or 3; None where it isn't certified."""

    @property
    def signed(self) -> bool:
        """Whether it carries a signature (a document time-stamp alone is none)."""
        return any(not signature.is_timestamp for signature in self.signatures)

    @property
    def takes_new_fields(self) -> bool:
        """Whether a signature field may be added. In a certified letter only fields that stand ready may be filled."""
        return self.permission is None

    def geometry(self, page: int) -> PageGeometry:
        """The geometry of a page, from 1. Raises ``PageOutOfRange``, and KeyError for a page that was not asked for."""
        if not 1 <= page <= self.pages:
            raise errors.PageOutOfRange(page=page, pages=self.pages)
        return self.geometries[page]


_FACTS = TypeAdapter(LetterFacts)


def examine_in(
    runner: Runner, pdf: bytes, limits: Limits, pages: Collection[int] = (), *, timeout: float = TIMEOUT
) -> LetterFacts:
    """``examine`` in the runner. Raises what that raises, ``Busy`` and ``LetterNotExamined``."""
    _check_size(pdf, limits)
    header: Header = {"max_bytes": limits.max_bytes, "max_pages": limits.max_pages, "pages": [*pages]}
    answer, _ = runner.run("esign.pades.letter:examine_task", header, pdf, timeout=timeout)
    try:
        return _FACTS.validate_python(answer)
    except ValidationError as error:
        raise errors.LetterNotExamined(reason="answer") from error


def examine_task(header: Header, blobs: list[bytes]) -> tuple[Header, list[bytes]]:
    """``examine`` as a sandbox task: the limits and pages in, the facts out."""
    limits = Limits(int(str(header["max_bytes"])), int(str(header["max_pages"])))
    wanted = header.get("pages")
    pages = [page for page in wanted if isinstance(page, int)] if isinstance(wanted, list) else []
    facts: Header = _FACTS.dump_python(examine(blobs[0], limits, pages), mode="json")
    return facts, []


def examine(pdf: bytes, limits: Limits, pages: Collection[int] = ()) -> LetterFacts:
    """What is known of the letter.

    ``pages`` are further pages whose geometry is wanted, from 1, or from the end by negative numbers; those that the
    letter doesn't have are left out.

    Raises ``LetterTooLarge``, ``NotAPdf``, ``LetterTruncated``, ``LetterEncrypted``, ``LetterWithoutPages``,
    ``LetterTooManyPages``, ``LetterXfa``, ``LetterActiveContent``, ``LetterCertified``,
    ``LetterCertifiedWithoutRoom`` for one without an empty field, and ``LetterError`` for a page of no visible area.
    """
    _check_size(pdf, limits)
    file = PdfFile(pdf)
    if file.header < 0:
        raise errors.NotAPdf
    view = _view(file)
    encrypted = _unlock(view)
    tree = _tree(view, limits)
    _refuse_active_content(view)
    try:
        form = read_form(view, tree, encrypted=encrypted)
        catalogue = view.catalogue
        if form.permission == 1:
            raise errors.LetterCertified
        if form.permission is not None and all(field.filled for field in form.fields):
            raise errors.LetterCertifiedWithoutRoom(field="–")
        return LetterFacts(
            size=len(pdf),
            pages=len(tree),
            geometries=_geometries(tree, {*pages, *(field.page for field in form.fields if field.page)}),
            version=_version(file, view),
            tagged=view.resolve(view.dictionary(catalogue.get("MarkInfo")).get("Marked")) is True,
            pdfa=_claimed_pdfa(view),
            encrypted=encrypted,
            linearised=b"/Linearized" in pdf[:1024],
            hybrid=view.is_hybrid,
            form=form.exists,
            field_names=form.names,
            fields=form.fields,
            signatures=form.signatures,
            permission=form.permission,
        )
    except PdfSyntaxError as error:
        raise _damaged("obj", error) from error


def _check_size(pdf: bytes, limits: Limits) -> None:
    if len(pdf) > limits.max_bytes:
        raise errors.LetterTooLarge(limit=limits.max_bytes)


def _damaged(part: str, error: PdfSyntaxError) -> errors.LetterTruncated:
    """The refusal of a damaged file: the part of the file format that is damaged, in PDF's own words, and how."""
    return errors.LetterTruncated(reason=part, fault=str(error)[:200])


def _view(file: PdfFile) -> View:
    """What a reader sees of the whole file, nothing left over."""
    if not file.ends or file.data[file.ends[-1].end :].strip(WHITE):
        raise errors.LetterTruncated(reason="%%EOF", fault="the file does not end with startxref and %%EOF")
    try:
        return file.view()
    except PdfSyntaxError as error:
        raise _damaged("xref", error) from error


def _unlock(view: View) -> bool:
    """Makes an encrypted file readable with the empty user password; whether it is encrypted."""
    if all(section.trailer.get("Encrypt") is None for section in view.sections):
        return False
    view.file.decrypt = stream_decryption(view.file.data)
    if view.file.decrypt is None:
        raise errors.LetterEncrypted
    return True


def _tree(view: View, limits: Limits) -> PageTree:
    """The page tree, of at least one page and not too many."""
    try:
        tree = PageTree(view)
    except PdfSyntaxError as error:
        raise _damaged("/Pages", error) from error
    if len(tree) == 0:
        raise errors.LetterWithoutPages
    if len(tree) > limits.max_pages:
        raise errors.LetterTooManyPages(pages=len(tree), limit=limits.max_pages)
    return tree


def _refuse_active_content(view: View) -> None:
    """Refuses a letter whose look could change (verification.md, rule 10)."""
    try:
        kind = active_content(view)
    except PdfSyntaxError as error:
        raise _damaged("obj", error) from error
    if kind == "XFA":
        raise errors.LetterXfa(kind=kind)
    if kind is not None:
        raise errors.LetterActiveContent(kind=kind[:60])


def _geometries(tree: PageTree, wanted: set[int]) -> dict[int, PageGeometry]:
    """The geometry of the pages that are wanted, and of those that always are."""
    last = len(tree)
    numbers = {page if page > 0 else last + 1 + page for page in wanted} | {1, last}
    if last <= ALL_GEOMETRIES:
        numbers = set(range(1, last + 1))
    return {page.number: page.geometry for page in _visible(tree, sorted(numbers))}


def _visible(tree: PageTree, numbers: list[int]) -> Iterator[Page]:
    """Those of the pages that are there. Raises ``LetterError`` for one of which nothing can be seen."""
    for number in numbers:
        if 1 <= number <= len(tree):
            page = tree[number]
            if 0 in page.geometry.displayed_size:
                raise errors.LetterError(reason=f"/CropBox ({number})")
            yield page


def _version(file: PdfFile, view: View) -> str:
    """The later of the header's version and the catalogue's (7.5.2)."""
    match = _VERSION.match(file.data, file.header)
    header = match[1].decode() if match else "1.0"
    catalogue = view.name(view.catalogue.get("Version")) or ""
    return max(header, catalogue) if re.fullmatch(r"\d\.\d", catalogue) else header


def _claimed_pdfa(view: View) -> str | None:
    """The part and level of PDF/A in the document's XMP metadata (ISO 19005-1, 6.7.11)."""
    metadata = view.resolve(view.catalogue.get("Metadata"))
    if not isinstance(metadata, Stream) or metadata.data_end is None:
        return None
    raw = view.file.data[metadata.data_start : metadata.data_end]
    try:
        text = decode(raw, _direct(view, metadata.dictionary), _MAX_XMP).decode("utf-8", "replace")
    except PdfSyntaxError:
        return None  # encrypted, or in a filter that PDF/A doesn't allow here: no claim that anybody could check
    prefix = _PDFA_PREFIX.search(text)
    if prefix is None:
        return None
    part, level = (_property(text, prefix[1], name) for name in ("part", "conformance"))
    return f"{part}{(level or '').lower()}" if part and re.fullmatch(r"[1-9]", part) else None


def _direct(view: View, dictionary: PdfDict) -> PdfDict:
    """A stream dictionary whose filter entries are direct."""
    direct = PdfDict()
    direct.update({key: view.resolve(dictionary[key]) for key in ("Filter", "DecodeParms") if key in dictionary})
    return direct


def _property(text: str, prefix: str, name: str) -> str | None:
    """An XMP property, written as an element or as an attribute."""
    found = re.search(rf"{re.escape(prefix)}:{name}(?:\s*=\s*[\"']|\s*>)\s*(\w{{1,2}})", text)
    return found[1] if found else None
