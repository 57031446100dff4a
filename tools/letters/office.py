"""Letters as office applications keep them, written by hand as the files' own XML, and LibreOffice to make PDFs of them."""

import io
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from subprocess import run
from xml.sax.saxutils import escape

from content import Letter, logo

CENTIMETRE = 360_000
"""English metric units, of which DrawingML counts."""


def by_libreoffice(source: bytes, suffix: str, *, options: dict[str, str | bool] | None = None) -> bytes:
    """The PDF that LibreOffice Writer exports from a document (``.docx`` or ``.fodt``) with these export options."""
    values = {
        name: {"type": "boolean", "value": str(value).lower()}
        if isinstance(value, bool)
        else {"type": "long", "value": value}
        for name, value in (options or {}).items()
    }
    export = "pdf:writer_pdf_Export:" + str(values).replace("'", '"') if values else "pdf:writer_pdf_Export"
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, f"surat{suffix}")
        document.write_bytes(source)
        profile = Path(tempfile.gettempdir(), "esign-letters-soffice").as_uri()
        run(
            ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", export, "--outdir", folder, str(document)],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        return document.with_suffix(".pdf").read_bytes()


# --- OOXML (ECMA-376) ---------------------------------------------------------------------------


def docx(letter: Letter, *, width: int = 11906, height: int = 16838) -> bytes:
    """The letter as Word document; the page in twentieths of a point (A4 by default)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": _RELATIONSHIPS.format(
                '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
            ),
            "word/_rels/document.xml.rels": _RELATIONSHIPS.format(
                '<Relationship Id="logo" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/logo.png"/>'
            ),
            "word/document.xml": _document(letter, width, height),
        }.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 5, 9, 0, 0)), text)
        archive.writestr(zipfile.ZipInfo("word/media/logo.png", (2026, 1, 5, 9, 0, 0)), logo())
    return out.getvalue()


_CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
_RELATIONSHIPS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>"""


def _run(text: str, *, size: int = 22, bold: bool = False) -> str:
    properties = f'<w:rFonts w:ascii="Liberation Sans" w:hAnsi="Liberation Sans" w:cs="Liberation Sans"/>{"<w:b/>" if bold else ""}<w:sz w:val="{size}"/>'
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _paragraph(*runs: str, align: str = "left", indent: int = 0, border: bool = False, after: int = 0) -> str:
    line = (
        '<w:pBdr><w:bottom w:val="thickThinSmallGap" w:sz="24" w:space="4" w:color="000000"/></w:pBdr>'
        if border
        else ""
    )
    return f'<w:p><w:pPr>{line}<w:spacing w:after="{after}"/><w:ind w:left="{indent}"/><w:jc w:val="{align}"/></w:pPr>{"".join(runs)}</w:p>'


def _table(rows: Iterable[Iterable[str]], widths: tuple[int, ...], *, lines: bool) -> str:
    kind = "single" if lines else "nil"
    edges = "".join(
        f'<w:{edge} w:val="{kind}" w:sz="4" w:color="000000"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    body = "".join(
        "<w:tr>"
        + "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{cell}</w:tc>'
            for cell, width in zip(row, widths, strict=True)
        )
        + "</w:tr>"
        for row in rows
    )
    return f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{edges}</w:tblBorders></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>'


def _picture(side: int) -> str:
    namespaces = (
        'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
    )
    return (
        f'<w:r><w:drawing {namespaces}><wp:inline><wp:extent cx="{side}" cy="{side}"/><wp:docPr id="1" name="Logo" descr="Lambang daerah"/>'
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
        '<pic:nvPicPr><pic:cNvPr id="1" name="logo.png"/><pic:cNvPicPr/></pic:nvPicPr>'
        '<pic:blipFill><a:blip r:embed="logo"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{side}" cy="{side}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
        "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def _document(letter: Letter, width: int, height: int) -> str:
    half = len(letter.tag) // 2
    letterhead = "".join(
        [
            _paragraph(_run(letter.government, size=28, bold=True), align="center"),
            _paragraph(_run(letter.agency, size=30, bold=True), align="center"),
            _paragraph(_run(letter.address, size=18), align="center"),
            _paragraph(_run(letter.contact, size=18), align="center"),
        ]
    )
    facts = {
        "Nomor": letter.number,
        "Sifat": letter.classification,
        "Lampiran": letter.attachments,
        "Hal": letter.subject,
    }
    body = [
        _table([[_paragraph(_picture(int(2.2 * CENTIMETRE))), letterhead]], (1500, 7860), lines=False),
        _paragraph(border=True, after=120),
        _paragraph(_run(letter.place_and_date), align="right", after=120),
        _table(
            [[_paragraph(_run(name)), _paragraph(_run(":")), _paragraph(_run(value))] for name, value in facts.items()],
            (1300, 300, 7760),
            lines=False,
        ),
        _paragraph(after=60),
        *[_paragraph(_run(line)) for line in letter.addressee],
        _paragraph(after=60),
        _paragraph(_run(letter.opening), align="both", after=160),
        _table(
            [
                [_paragraph(_run(cell, size=20, bold=row is letter.head)) for cell in row]
                for row in (letter.head, *letter.rows)
            ],
            (700, 2700, 1800, 4160),
            lines=True,
        ),
        _paragraph(after=60),
        _paragraph(_run(letter.closing), align="both", after=240),
        _paragraph(_run(letter.office), indent=4700, after=400),
        # Word splits what was typed in two goes into two runs, a tag as well.
        _paragraph(_run(letter.tag[:half]), _run(letter.tag[half:]), indent=4700, after=1200),
        _paragraph(_run(letter.name, bold=True), indent=4700),
        _paragraph(_run(letter.rank), indent=4700),
        f'<w:sectPr><w:pgSz w:w="{width}" w:h="{height}"/><w:pgMar w:top="1000" w:right="1270" w:bottom="1000" w:left="1270" w:header="500" w:footer="500" w:gutter="0"/></w:sectPr>',
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        f'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>{"".join(body)}</w:body></w:document>'
    )


# --- OpenDocument 1.3, flat ---------------------------------------------------------------------


def fodt(letter: Letter, *, fields: tuple[str, ...] = ()) -> bytes:
    """The letter as flat OpenDocument text with styles, a table and the logo; ``fields`` are text fields to fill in."""

    def paragraph(text: str, style: str = "Isi") -> str:
        return f'<text:p text:style-name="{style}">{escape(text)}</text:p>'

    def cell(content: str, style: str = "Sel") -> str:
        return f'<table:table-cell table:style-name="{style}" office:value-type="string">{content}</table:table-cell>'

    picture = (
        '<text:p text:style-name="Isi"><draw:frame draw:name="Logo" text:anchor-type="as-char" svg:width="2.2cm" svg:height="2.2cm"><draw:image draw:mime-type="image/png">'
        f"<office:binary-data>{b64encode(logo()).decode()}</office:binary-data></draw:image><svg:title>Lambang daerah</svg:title></draw:frame></text:p>"
    )
    letterhead = (
        paragraph(letter.government, "Kop")
        + paragraph(letter.agency, "Kop")
        + paragraph(letter.address, "Alamat")
        + paragraph(letter.contact, "Alamat")
    )
    facts = {
        "Nomor": letter.number,
        "Sifat": letter.classification,
        "Lampiran": letter.attachments,
        "Hal": letter.subject,
    }
    columns = '<table:table-column table:style-name="{0}.A"/><table:table-column table:style-name="{0}.B"/>'
    body = [
        f'<table:table table:name="Kop" table:style-name="KopT">{columns.format("KopT")}<table:table-row>{cell(picture)}{cell(letterhead)}</table:table-row></table:table>',
        paragraph("", "Garis"),
        paragraph(letter.place_and_date, "Kanan"),
        f'<table:table table:name="Perihal" table:style-name="KopT">{columns.format("KopT")}',
        *[
            f"<table:table-row>{cell(paragraph(name))}{cell(paragraph(': ' + value))}</table:table-row>"
            for name, value in facts.items()
        ],
        "</table:table>",
        paragraph(""),
        *[paragraph(line) for line in letter.addressee],
        paragraph(""),
        paragraph(letter.opening, "Rata"),
        '<table:table table:name="Jadwal"><table:table-column table:number-columns-repeated="4"/>',
        *[
            "<table:table-row>"
            + "".join(cell(paragraph(value, "Kepala" if row is letter.head else "Isi"), "Kotak") for value in row)
            + "</table:table-row>"
            for row in (letter.head, *letter.rows)
        ],
        "</table:table>",
        paragraph(""),
        paragraph(letter.closing, "Rata"),
        *[
            f'<text:p text:style-name="Isi">{field}: <draw:control text:anchor-type="as-char" svg:width="7cm" svg:height="0.7cm" draw:control="kontrol-{field}"/></text:p>'
            for field in fields
        ],
        paragraph(letter.office, "Blok"),
        paragraph(letter.tag, "Tanda"),
        paragraph(letter.name, "Blok"),
        paragraph(letter.rank, "Blok"),
    ]
    controls = "".join(
        f'<form:text form:name="{field}" form:control-implementation="ooo:com.sun.star.form.component.TextField" xml:id="kontrol-{field}" form:id="kontrol-{field}"/>'
        for field in fields
    )
    if fields:
        body.insert(0, f'<office:forms><form:form form:name="Agenda">{controls}</form:form></office:forms>')
    return _FLAT.replace("BODY", "".join(body)).encode()


def _style(name: str, size: int = 11, paragraph: str = "", text: str = "") -> str:
    return (
        f'<style:style style:name="{name}" style:family="paragraph"><style:paragraph-properties {paragraph}/>'
        f'<style:text-properties style:font-name="Liberation Serif" fo:font-size="{size}pt" fo:language="id" fo:country="ID" {text}/></style:style>'
    )


_FLAT = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text" '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" '
    'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" xmlns:form="urn:oasis:names:tc:opendocument:xmlns:form:1.0" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:ooo="http://openoffice.org/2004/office">'
    "<office:meta><dc:title>Undangan Rapat Koordinasi</dc:title><dc:language>id-ID</dc:language></office:meta>"
    '<office:font-face-decls><style:font-face style:name="Liberation Serif" svg:font-family="&apos;Liberation Serif&apos;"/></office:font-face-decls>'
    "<office:automatic-styles>"
    + _style("Isi")
    + _style("Rata", paragraph='fo:text-align="justify" fo:margin-bottom="0.3cm"')
    + _style("Kop", 14, 'fo:text-align="center"', 'fo:font-weight="bold"')
    + _style("Alamat", 9, 'fo:text-align="center"')
    + _style("Garis", 4, 'fo:border-bottom="1.5pt solid #000000" fo:margin-bottom="0.3cm"')
    + _style("Kanan", paragraph='fo:text-align="end" fo:margin-bottom="0.2cm"')
    + _style("Kepala", text='fo:font-weight="bold"')
    + _style("Blok", paragraph='fo:margin-left="8.5cm"')
    + _style("Tanda", paragraph='fo:margin-left="8.5cm" fo:margin-top="0.8cm" fo:margin-bottom="2cm"')
    + '<style:style style:name="KopT" style:family="table"><style:table-properties style:width="16.5cm" table:align="left"/></style:style>'
    '<style:style style:name="KopT.A" style:family="table-column"><style:table-column-properties style:column-width="2.6cm"/></style:style>'
    '<style:style style:name="KopT.B" style:family="table-column"><style:table-column-properties style:column-width="13.9cm"/></style:style>'
    '<style:style style:name="Sel" style:family="table-cell"><style:table-cell-properties fo:padding="0cm"/></style:style>'
    '<style:style style:name="Kotak" style:family="table-cell"><style:table-cell-properties fo:border="0.5pt solid #000000" fo:padding="0.1cm"/></style:style>'
    '<style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm" fo:margin="2.2cm"/></style:page-layout>'
    '</office:automatic-styles><office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4"/></office:master-styles>'
    "<office:body><office:text>BODY</office:text></office:body></office:document>"
)
