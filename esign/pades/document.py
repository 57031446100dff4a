"""A new PDF made of drawings, one a page: what the service itself prints. PDF/A-2b, so that it can be kept."""

import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from esign.pades.appearance import Appearance, srgb
from esign.pades.drawing import Drawings
from esign.pades.serialise import numbers_bytes, reference_bytes, string_bytes
from esign.pdf.syntax import Ref

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
<xmp:CreateDate>{created}</xmp:CreateDate><xmp:ModifyDate>{created}</xmp:ModifyDate>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


class _File:
    """The objects of a file in the making."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def reserve(self) -> Ref:
        """A number for an object whose body is put later."""
        self._bodies.append(b"null")
        return Ref(len(self._bodies), 0)

    def put(self, reference: Ref, body: bytes) -> Ref:
        """Gives a reserved object its body."""
        self._bodies[reference.number - 1] = body
        return reference

    def add(self, body: bytes) -> Ref:
        """A new object with that body."""
        return self.put(self.reserve(), body)

    def add_stream(self, dictionary: bytes, data: bytes) -> Ref:
        """A new stream, filtered already; ``dictionary`` is its entries without /Length."""
        return self.add(b"<<%b/Length %d>>\nstream\n%b\nendstream" % (dictionary, len(data), data))

    def add_deflated(self, dictionary: bytes, data: bytes) -> Ref:
        """A new stream, deflated here."""
        return self.add_stream(dictionary + b"/Filter/FlateDecode", zlib.compress(data))

    def written(self, root: Ref) -> bytes:
        """The whole file."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        rows = [b"0000000000 65535 f \n"]
        for number, body in enumerate(self._bodies, 1):
            rows.append(b"%010d 00000 n \n" % len(out))
            out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
        start, identifier = len(out), hashlib.sha256(out).hexdigest()[:32].encode()
        out += b"xref\n0 %d\n%b" % (len(rows), b"".join(rows))
        out += b"trailer\n<</Size %d/Root %b/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n" % (
            len(rows),
            reference_bytes(root),
            identifier,
            identifier,
            start,
        )
        return bytes(out)


def document(pages: Sequence[Appearance], *, title: str, created: datetime, language: str = "id-ID") -> bytes:
    """A PDF of those pages; each drawing is a page of its size. ``created`` is aware."""
    file = _File()
    drawings = Drawings(file)
    root, tree = file.reserve(), file.reserve()
    leaves = []
    for page in pages:
        content = file.add_deflated(b"", page.content)
        size = numbers_bytes((page.width, page.height))
        leaves.append(
            file.add(
                b"<</Type/Page/Parent %b/MediaBox[0 0 %b]/Resources%b/Contents %b>>"
                % (reference_bytes(tree), size, drawings.resources(page), reference_bytes(content))
            )
        )
    kids = b" ".join(map(reference_bytes, leaves))
    file.put(tree, b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, len(leaves)))
    moment = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    xmp = _XMP.format(created=moment, title=escape(title)).encode()
    metadata = file.add_stream(b"/Type/Metadata/Subtype/XML", xmp)
    profile = file.add_deflated(b"/N 3/Alternate/DeviceRGB", srgb())
    intent = b"<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)/DestOutputProfile %b>>"
    file.put(
        root,
        b"<</Type/Catalog/Pages %b/Metadata %b/OutputIntents[%b]/Lang%b/ViewerPreferences<</DisplayDocTitle true>>>>"
        % (
            reference_bytes(tree),
            reference_bytes(metadata),
            intent % reference_bytes(profile),
            string_bytes(language.encode("ascii")),
        ),
    )
    return file.written(root)
