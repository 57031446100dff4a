"""Letters as web applications, typesetters and printers make them: Chromium, Typst, pdfTeX, Ghostscript, scanners."""

import io
import tempfile
import time
from base64 import b64encode
from html import escape
from pathlib import Path
from subprocess import run
from typing import Literal

import typst
from content import Letter, logo
from PIL import Image

FIXED_TIME = 1_767_578_400
"""2026-01-05T02:00:00Z, the day of all letters."""


# --- Chromium -----------------------------------------------------------------------------------


def html(letter: Letter, *, page: str = "A4", margin: str = "20mm", tags: tuple[str, ...] = ()) -> str:
    """The letter as a page of an e-government application; ``page`` is a CSS page size.

    ``tags`` are those of officials who sign on a second page, each in a box of its own.
    """
    facts = {
        "Nomor": letter.number,
        "Sifat": letter.classification,
        "Lampiran": letter.attachments,
        "Hal": letter.subject,
    }
    row = "".join
    boxes = row(f"<div>Menyetujui,<p>{escape(tag)}</p></div>" for tag in tags)
    table = row("<tr>" + row(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in letter.rows)
    return f"""<!doctype html><html lang="id"><meta charset="utf-8"><title>Undangan Rapat Koordinasi</title>
<style>@page {{ size: {page}; margin: {margin} }} body {{ font: 11pt "Liberation Sans"; margin: 0 }}
header {{ display: flex; gap: 8mm; border-bottom: 3px double; padding-bottom: 3mm; text-align: center }}
header div {{ flex: 1 }} h1, h2 {{ font-size: 14pt; margin: 0 }} small {{ font-size: 8.5pt }}
.kanan {{ text-align: right }} .isi {{ text-align: justify }} .blok {{ margin-left: 52% }} .tanda {{ margin: 8mm 0 26mm }}
table.garis {{ border-collapse: collapse; width: 100% }} .garis td, .garis th {{ border: 1px solid; padding: 1mm 2mm }}
section {{ display: grid; grid-template-columns: 1fr 1fr; break-before: page }} section div {{ height: 55mm }}</style>
<header><img src="data:image/png;base64,{b64encode(logo()).decode()}" width="80" height="80" alt="Lambang daerah">
<div><h1>{letter.government}</h1><h2>{letter.agency}</h2><small>{letter.address}<br>{letter.contact}</small></div></header>
<p class="kanan">{letter.place_and_date}</p>
<table>{row(f"<tr><td>{name}</td><td>:</td><td>{escape(value)}</td></tr>" for name, value in facts.items())}</table>
<p>{"<br>".join(letter.addressee)}</p><p class="isi">{letter.opening}</p>
<table class="garis"><tr>{row(f"<th>{cell}</th>" for cell in letter.head)}</tr>{table}</table>
<p class="isi">{letter.closing}</p>
<div class="blok">{letter.office}<div class="tanda">{escape(letter.tag)}</div><b>{letter.name}</b><br>{letter.rank}</div>
{f"<section>{boxes}</section>" if tags else ""}</html>"""


def by_chromium(page: str) -> bytes:
    """What Chromium prints from an HTML page."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "surat.html"), Path(folder, "surat.pdf")
        source.write_text(page, encoding="utf-8")
        run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
             "--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        return target.read_bytes()


# --- Typst --------------------------------------------------------------------------------------


def typ(letter: Letter, *, width: str = "210mm", height: str = "297mm", pages: int = 1) -> str:
    """The letter as Typst source; further pages are its attachment, a list of names each."""
    facts = {
        "Nomor": letter.number,
        "Sifat": letter.classification,
        "Lampiran": letter.attachments,
        "Hal": letter.subject,
    }

    def text(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    rows = ", ".join(text(cell) for line in letter.rows for cell in line)
    addressee = " \\ ".join(letter.addressee)
    attachment = "".join(
        f'\n#pagebreak()\n#text(weight: "bold")[LAMPIRAN {page}. DAFTAR HADIR]\n'
        f'#table(columns: (1cm, 1fr, 1fr), ..range(1, 21).map(n => (str(n), "Kecamatan " + str(n + {20 * page - 20}), "")).flatten())'
        for page in range(1, pages)
    )
    return f"""#set document(title: "Undangan Rapat Koordinasi", date: datetime(year: 2026, month: 1, day: 5))
#set page(width: {width}, height: {height}, margin: 2cm)
#set text(font: "Liberation Serif", size: 11pt, lang: "id")
#set par(justify: true)
#grid(columns: (2.4cm, 1fr), image("logo.png", width: 2.2cm, alt: "Lambang daerah"),
  align(center)[#text(14pt, weight: "bold")[{letter.government} \\ {letter.agency}] \\ #text(9pt)[{letter.address} \\ {letter.contact}]])
#line(length: 100%, stroke: 1.5pt)
#align(right, {text(letter.place_and_date)})
#grid(columns: (2.4cm, 0.4cm, 1fr), row-gutter: 0.25cm, {", ".join(f'"{name}", ":", {text(value)}' for name, value in facts.items())})
#v(0.3cm)
{addressee}

#text({text(letter.opening)})
#table(columns: (1cm, auto, auto, 1fr), {", ".join(text(cell) for cell in letter.head)}, {rows})
#text({text(letter.closing)})
#v(0.3cm)
#pad(left: 52%)[#text({text(letter.office)})
  #v(0.6cm)
  #text({text(letter.tag)})
  #v(2.4cm)
  #text({text(letter.name)}, weight: "bold") \\ {letter.rank}]{attachment}
"""


def by_typst(source: str, standard: Literal["1.4", "1.7", "2.0", "a-2b"] = "1.7") -> bytes:
    """What Typst makes of it, as PDF of this version or standard (``1.4``, ``2.0``, ``a-2b``…)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "logo.png").write_bytes(logo())
        Path(folder, "surat.typ").write_text(source, encoding="utf-8")
        return typst.compile(Path(folder, "surat.typ"), format="pdf", pdf_standards=standard, timestamp=FIXED_TIME)


# --- pdfTeX -------------------------------------------------------------------------------------

_TEX = r"""\pdfinfoomitdate=1\pdftrailerid{}\pdfsuppressptexinfo=-1
\documentclass[a4paper,11pt]{article}\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}\usepackage{graphicx}\setlength\parindent{0pt}\pagestyle{empty}
\begin{document}
\begin{minipage}{2.4cm}\includegraphics[width=2.2cm]{logo.png}\end{minipage}%
\begin{minipage}{\dimexpr\linewidth-2.4cm}\centering{\large\bfseries GOVERNMENT\\AGENCY\par}{\footnotesize ADDRESS\\CONTACT\par}\end{minipage}

\medskip\hrule height 1.5pt\medskip
\hfill DATE\medskip

\begin{tabular}{@{}l@{\ :\ }l@{}}FACTS\end{tabular}\bigskip

ADDRESSEE\bigskip

OPENING\medskip

\begin{tabular}{|l|l|l|l|}\hline ROWS\end{tabular}\medskip

CLOSING\medskip

\hspace*{.52\linewidth}\begin{minipage}{.45\linewidth}\raggedright OFFICE\\[8mm] TAG\\[26mm]\textbf{NAME}\\RANK\end{minipage}
\end{document}
"""


def tex(letter: Letter, *, with_logo: bool = True) -> str:
    """The letter as LaTeX source."""

    def text(value: str) -> str:
        for character in "\\&%$#_{}~^":
            value = value.replace(character, f"\x00{ord(character)}\x00")
        for character in "\\&%$#_{}~^":
            value = value.replace(f"\x00{ord(character)}\x00", rf"\char{ord(character)}{{}}")
        return value

    facts = {
        "Nomor": letter.number,
        "Sifat": letter.classification,
        "Lampiran": letter.attachments,
        "Hal": letter.subject,
    }
    values = {
        r"\includegraphics[width=2.2cm]{logo.png}": r"\includegraphics[width=2.2cm]{logo.png}"
        if with_logo
        else r"\strut",
        "GOVERNMENT": text(letter.government),
        "AGENCY": text(letter.agency),
        "ADDRESSEE": r"\\".join(text(line) for line in letter.addressee),
        "ADDRESS": text(letter.address),
        "CONTACT": text(letter.contact),
        "DATE": text(letter.place_and_date),
        "FACTS": r"\\".join(f"{name}&{text(value)}" for name, value in facts.items()),
        "OPENING": text(letter.opening),
        "ROWS": r"\\\hline ".join("&".join(text(cell) for cell in row) for row in (letter.head, *letter.rows))
        + r"\\\hline",
        "CLOSING": text(letter.closing),
        "OFFICE": text(letter.office),
        "TAG": text(letter.tag),
        "NAME": text(letter.name),
        "RANK": text(letter.rank),
    }
    source = _TEX
    for name, value in values.items():
        source = source.replace(name, value, 1)
    return source


def by_pdftex(source: str) -> bytes:
    """What pdfTeX makes of a LaTeX document."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "logo.png").write_bytes(logo())
        Path(folder, "surat.tex").write_text(source, encoding="utf-8")
        run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "surat.tex"],
            cwd=folder, check=True, capture_output=True, timeout=120, env=_fixed_time_environment(),
        )  # fmt: skip
        return Path(folder, "surat.pdf").read_bytes()


def _fixed_time_environment() -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": tempfile.gettempdir(),
        "SOURCE_DATE_EPOCH": str(FIXED_TIME),
        "FORCE_SOURCE_DATE": "1",
    }


# --- Ghostscript and scanners -------------------------------------------------------------------


def by_ghostscript(pdf: bytes, *options: str) -> bytes:
    """The letter printed to PDF again by Ghostscript's pdfwrite."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.pdf"), Path(folder, "out.pdf")
        source.write_bytes(pdf)
        run(
            ["gs", "-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite", *options, f"-sOutputFile={target}", str(source)],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        return target.read_bytes()


def distilled(pdf: bytes) -> bytes:
    """The letter printed to PostScript first, as old printer drivers did, and distilled to PDF 1.4 from there."""
    with tempfile.TemporaryDirectory() as folder:
        source, printed, target = Path(folder, "in.pdf"), Path(folder, "out.ps"), Path(folder, "out.pdf")
        source.write_bytes(pdf)
        for device, result, given in (("ps2write", printed, source), ("pdfwrite", target, printed)):
            run(
                ["gs", "-q", "-dSAFER", "-dNOPAUSE", "-dBATCH", f"-sDEVICE={device}", "-dCompatibilityLevel=1.4", f"-sOutputFile={result}", str(given)],
                check=True, capture_output=True, timeout=120,
            )  # fmt: skip
        return target.read_bytes()


def scan(pdf: bytes, *, dpi: int = 110, quality: int = 35) -> bytes:
    """The letter after a printer and a scanner: grey JPEG pages and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "in.pdf").write_bytes(pdf)
        run(["pdftoppm", "-gray", "-r", str(dpi), "in.pdf", "page"], cwd=folder, check=True, timeout=60)
        pages = [Image.open(path).convert("L") for path in sorted(Path(folder).glob("page*.pgm"))]
        out = io.BytesIO()
        moment = time.gmtime(FIXED_TIME)
        pages[0].save(
            out, "PDF", resolution=dpi, quality=quality, save_all=True, append_images=pages[1:],
            title="Pindaian", creationDate=moment, modDate=moment,
        )  # fmt: skip
        return out.getvalue()
