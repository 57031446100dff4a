"""The manners of programs in which a signature is written, each a sound file."""

import re
from collections.abc import Iterator
from dataclasses import replace

from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Ref
from tests.attacks.forgery import next_number, with_key, written
from tests.legitimate.by_hand import Ends, Manner, append, first_page, second, sign_by_hand, stream
from tests.legitimate.made import SECOND, Made, plainly

_LOOK = b"q 0.9 0.9 1 rg 0 0 200 60 re f Q"
VISIBLE = Manner(rect=b"[60 60 260 120]", look=_LOOK)
"""A signature that shows a box."""
_BUILD = b"/Prop_Build<</Filter<</Name/Adobe.PPKLite/Date(Jan 6 2026 10:00:00)/R 131104/V 2>>"
_BUILD += b"/PubSec<</NonEFontNoWarn true/R 131105>>"
_BUILD += b"/App<</Name/Exchange-Pro/OS[/Win]/R 1310976/REx(24.1)/TrustedMode false>>>>"

MANNERS: dict[str, Manner] = {
    "plain": Manner(),
    "visible": VISIBLE,
    "PAdES name": Manner(sub_filter=b"ETSI.CAdES.detached"),
    "field and widget apart": Manner(widget=False),
    "visible, field and widget apart": replace(VISIBLE, widget=False),
    "contents before the ranges": Manner(contents_first=True),
    "upper case digits": Manner(upper=True),
    "large padding": Manner(size=60_000),
    "odd padding": Manner(size=9_001),
    "ranges with much space": Manner(byte_range=b"/ByteRange [ 0   %d\t%d  %d   ]"),
    "ranges on lines": Manner(byte_range=b"/ByteRange\n[0\n%d\r\n%d\n%d]"),
    "ranges with zeros before": Manner(byte_range=b"/ByteRange[000 00%d 00%d 00%d]"),
    "ranges with signs": Manner(byte_range=b"/ByteRange[+0 +%d +%d +%d]"),
    "comment in the ranges": Manner(byte_range=b"/ByteRange[0 %d %d %%x\n%d]"),
    "no type": Manner(head=b"/Filter/Adobe.PPKLite"),
    "another handler": Manner(head=b"/Type/Sig/Filter/Adobe.PPKMS"),
    "a handler of its own": Manner(head=b"/Type /Sig /Filter /DocuSign.PDF", keys=b"/Name(Budi)/M(D:20260106100000Z)"),
    "texts of Adobe": Manner(
        keys=_BUILD + b"/M(D:20260106100000+07'00')/Name(Budi)/Reason(Setuju)/Location(Kabupaten)/ContactInfo(x)"
    ),
    "texts in UTF-16": Manner(keys=b"/Reason<FEFF00530065007400750075>/Name(\xfe\xff\0B\0u\0d\0i)"),
    "texts with escapes": Manner(keys=b"/Reason(Setuju \\(sah\\) /ByteRange[0 1 2 3] \\\\ )/Location(a\\\nb)"),
    "reference to fields": Manner(
        keys=b"/Reference[<</Type/SigRef/TransformMethod/FieldMDP/TransformParams<</Type/TransformParams"
        b"/Action/Include/Fields[(lain)]/V/1.2>>>>]"
    ),
    "lock of fields": Manner(field=b"/Lock<</Type/SigFieldLock/Action/All>>"),
    "seed values": Manner(field=b"/SV<</Type/SV/Ff 0/Filter/Adobe.PPKLite/SubFilter[/adbe.pkcs7.detached]>>"),
    "names with escapes": Manner(head=b"/Type/S#69g/Filter/Adobe#2EPPKLite"),
    "changes counted": Manner(keys=b"/Changes[1 2 3]/R 3/V 0"),
    "a name of parts": Manner(name=b"topmostSubform\\(0\\)"),
    "comments between": Manner(ends=Ends(between=b"% written by a program\n")),
    "comment before startxref": Manner(ends=Ends(before_startxref=b"%Program-1.2.3\n")),
    "lines of CR": Manner(ends=Ends(line=b"\r", before_update=b"\r", eof=b"%%EOF\r")),
    "lines of CR LF": Manner(ends=Ends(line=b"\r\n", before_update=b"\r\n", eof=b"%%EOF\r\n")),
    "nothing after the end": Manner(ends=Ends(eof=b"%%EOF")),
    "several lines after the end": Manner(ends=Ends(eof=b"%%EOF\n\n\r\n")),
    "no line before the update": Manner(ends=Ends(before_update=b"")),
    "rows written again": Manner(ends=Ends(rewritten=6)),
    "rows in groups": Manner(ends=Ends(grouped=True)),
    "no free row": Manner(ends=Ends(free_row=False)),
    "table": Manner(ends=Ends(table=True)),
    "stream": Manner(ends=Ends(table=False)),
    "further keys of the form": Manner(form={"DA": b"(/Helv 0 Tf 0 g)", "DR": b"<</Font<<>>>>", "X": b"true"}),
    "extensions": Manner(
        catalogue={
            "Extensions": b"<</ADBE<</BaseVersion/1.7/ExtensionLevel 8>>/ESIC<</BaseVersion/1.7/ExtensionLevel 2>>>>"
        }
    ),
    "version raised": Manner(catalogue={"Version": b"/1.7"}),
    "certified, nothing more": Manner(
        keys=b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 1/V/1.2>>>>]",
        catalogue={"Perms": b"<</DocMDP @sig>>"},
    ),
    "certified by objects": Manner(
        keys=b"/Reference @list",
        catalogue={"Perms": b"@perms"},
        others={
            "list": b"[@one]",
            "one": b"<</Type/SigRef/TransformMethod/DocMDP/TransformParams @param/Data @root>>",
            "param": b"<</Type/TransformParams/P 2/V/1.2>>",
            "perms": b"<</DocMDP @sig>>",
            "root": b"null",
        },
    ),
}


def once(pdf: bytes) -> Iterator[Made]:
    """One signature, in each manner."""
    for name, manner in MANNERS.items():
        yield Made(name, sign_by_hand(pdf, manner))


def twice(pdf: bytes) -> Iterator[Made]:
    """Two signatures of two officials, in each manner that lets another follow."""
    for name, manner in MANNERS.items():
        if name in ("certified, nothing more", "lock of fields"):
            continue
        again = second(manner, catalogue=None, keys=b"" if "certified" in name else manner.keys)
        if again.look is not None and "certified" not in name:
            again = replace(again, rect=b"[80 70 240 110]")  # upon the first, as seals are put
        yield Made(name, sign_by_hand(sign_by_hand(pdf, manner), again, plainly(SECOND)))


def mixed(pdf: bytes) -> Iterator[Made]:
    """Signatures by programs that write revisions differently."""
    names = (
        "lines of CR",
        "stream",
        "table",
        "nothing after the end",
        "comment before startxref",
        "rows written again",
    )
    for one in names:
        for other in names:
            if one != other:
                signed = sign_by_hand(pdf, MANNERS[one])
                yield Made(f"{one}, then {other}", sign_by_hand(signed, second(MANNERS[other]), plainly(SECOND)))


def before(pdf: bytes) -> Iterator[Made]:
    """What was done to a file before it was signed, in revisions of its own."""
    new = next_number(pdf)
    view = PdfFile(pdf).view()
    page = first_page(view)
    root = view.trailer["Root"]
    assert isinstance(root, Ref)
    source = written(view.dictionary(Ref(page, 0)))
    catalogue = written(view.catalogue)
    saves: dict[str, dict[int, bytes | None]] = {
        "nothing": {new: b"null"},
        "an object added": {new: b"<</A 1>>"},
        "an object freed": {new: b"(x)", new + 1: None},
        "the page written again": {page: source},
        "a reference to nothing": {page: with_key(source, b"PieceInfo", b"<</X 99999 0 R>>")},
        "a private entry": {page: with_key(source, b"PieceInfo", b"<</Program<</LastModified(D:2026)/Private 1>>>>")},
        "another content": {page: with_key(source, b"Contents", b"%d 0 R" % new), new: stream(b"0 0 99 99 re S")},
        "page labels": {root.number: with_key(catalogue, b"PageLabels", b"<</Nums[0<</S/r>>]>>")},
        "viewer preferences": {root.number: with_key(catalogue, b"ViewerPreferences", b"<</DisplayDocTitle true>>")},
        "a form without fields": {root.number: with_key(catalogue, b"AcroForm", b"<</Fields[]/DA(/Helv 0 Tf)>>")},
        "an empty field": {
            root.number: with_key(catalogue, b"AcroForm", b"<</Fields[%d 0 R]/SigFlags 1>>" % new),
            page: with_key(source, b"Annots", b"[%d 0 R]" % new),
            new: b"<</Type/Annot/Subtype/Widget/FT/Sig/T(kosong)/Rect[9 9 99 99]/F 4/P %d 0 R>>" % page,
        },
        "an annotation": {
            page: with_key(source, b"Annots", b"[%d 0 R]" % new),
            new: b"<</Type/Annot/Subtype/Text/Rect[9 9 29 29]/Contents(catatan)/F 4>>",
        },
    }
    for name, objects in saves.items():
        for ends in (Ends(), Ends(eof=b"%%EOF"), Ends(between=b"% x\n", rewritten=3)):
            saved = append(pdf, objects, ends)
            made = sign_by_hand(saved)
            yield Made(f"{name} ({_told(ends)})", made)
            yield Made(f"{name} ({_told(ends)}), signed twice", sign_by_hand(made, second(Manner()), plainly(SECOND)))
            if name == "an empty field":
                filled = sign_by_hand(made, replace(VISIBLE, existing=new), plainly(SECOND))
                yield Made(f"{name} ({_told(ends)}), then signed in it", filled)


def _told(ends: Ends) -> str:
    return f"{ends.eof!r} {len(ends.between)}"


def versions(pdf: bytes) -> Iterator[Made]:
    """Every version in the header, with rubbish before it or behind the last revision."""
    for version in ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "2.0"):
        changed = re.sub(rb"\A%PDF-\d\.\d", b"%PDF-" + version.encode(), pdf)
        yield Made(f"version {version}", sign_by_hand(changed))


def shapes(pdf: bytes) -> Iterator[Made]:
    """The form, nested and shared; page and catalogue in odd but right ways."""
    new = next_number(pdf)
    view = PdfFile(pdf).view()
    page, root = first_page(view), view.trailer["Root"]
    assert isinstance(root, Ref)
    source, catalogue = written(view.dictionary(Ref(page, 0))), written(view.catalogue)
    lists = append(
        pdf,
        {
            page: with_key(source, b"Annots", b"%d 0 R" % new),
            new: b"[]",
            root.number: with_key(catalogue, b"AcroForm", b"%d 0 R" % (new + 1)),
            new + 1: b"<</Fields %d 0 R/SigFlags 1>>" % (new + 2),
            new + 2: b"[%d 0 R]" % (new + 3),
            new + 3: b"<</FT/Sig/T(para)/Kids[%d 0 R %d 0 R]>>" % (new + 4, new + 5),
            new + 4: b"<</Type/Annot/Subtype/Widget/T(satu)/Parent %d 0 R/Rect[0 0 0 0]/F 4>>" % (new + 3),
            new + 5: b"<</Type/Annot/Subtype/Widget/T(dua)/Parent %d 0 R/Rect[40 40 200 90]/F 4>>" % (new + 3),
        },
    )
    one = sign_by_hand(lists, Manner(existing=new + 4))
    yield Made("a field of a field", one)
    yield Made("both fields of a field", sign_by_hand(one, replace(VISIBLE, existing=new + 5), plainly(SECOND)))
