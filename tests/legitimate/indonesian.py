"""Signatures as old Indonesian services made them: iText's dictionaries and layers, contents of 16,384 bytes, PKCS7."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.attacks.authority import rsa_key
from tests.legitimate.by_hand import Ends, Manner, second, sign_by_hand
from tests.legitimate.encodings import built, stamped
from tests.legitimate.made import AUTHORITY, SECOND, STAMPER, Build, Made
from tests.legitimate.stores import with_lists

_OLD_HOLDER = AUTHORITY.issue("Pejabat Lama", key=rsa_key(2048, "old"))
_OTHER_HOLDER = AUTHORITY.issue("Pejabat Lain", key=rsa_key(2048, "other"))
_ITEXT = Ends(before_startxref=b"%iText-5.5.13\n", eof=b"%%EOF\n")
_TEXTS = b"/Name(Pejabat Lama)/Reason(Dokumen ini ditandatangani secara elektronik)/Location(Indonesia)/ContactInfo()"
LONG = Manner(size=32_768)
OLD = Manner(
    head=b"/Type/Sig/Filter/Adobe.PPKLite", keys=_TEXTS + b"/M(D:20260106093000+07'00')", size=32_768, ends=_ITEXT
)
"""What iText 5 wrote for BSrE's clients."""
_LAYER = b"<</Type/XObject/Subtype/Form/BBox[0 0 200 60]/Matrix[1 0 0 1 0 0]/FormType 1/Resources%s/Length %d>>"
_LAYER += b"\nstream\n%s\nendstream"


def old_message(*, other: bool = False, stamp: bool = True) -> Build:
    """RSA, SHA-256, content type and digest the only signed attributes, a time-stamp beside; the whole chain."""
    holder = _OTHER_HOLDER if other else _OLD_HOLDER
    parts: dict[str, Any] = {
        "holder": holder,
        "signing_certificate": None,
        "certificates": (holder.der, AUTHORITY.root.der, *((STAMPER.der,) if stamp else ())),
    }
    return stamped(built(**parts), **parts) if stamp else built(**parts)


def _layered(manner: Manner, drawn: bytes) -> Manner:
    """With iText's appearance: n0 is blank, n2 shows something, FRM draws both."""

    def layer(data: bytes, resources: bytes = b"<<>>") -> bytes:
        return _LAYER % (resources, len(data), data)

    parts = {
        "top": layer(b"q 1 0 0 1 0 0 cm /FRM Do Q", b"<</XObject<</FRM @frm>>>>"),
        "frm": layer(b"q 1 0 0 1 0 0 cm /n0 Do Q q 1 0 0 1 0 0 cm /n2 Do Q", b"<</XObject<</n0 @zero/n2 @two>>>>"),
        "zero": layer(b"% DSBlank\n").replace(b"[0 0 200 60]", b"[0 0 100 100]"),
        "two": layer(drawn),
    }
    return replace(manner, rect=b"[60 60 260 120]", field=b"/AP<</N @top>>/MK<<>>/DA(/Helv 0 Tf 0 g)", others=parts)


_DRAWN = b"q 0.9 0.95 1 rg 0 0 200 60 re f Q q 0 0 0 RG 2 2 50 50 re S Q"
OLD_WAYS: dict[str, Manner] = {
    "hidden": OLD,
    "hidden, locked field": replace(
        OLD, field=b"/DA(/Helv 0 Tf 0 g)/Lock<</Type/SigFieldLock/Action/Include/Fields[(lain)]>>"
    ),
    "visible": _layered(OLD, _DRAWN),
    "visible, no texts": _layered(LONG, _DRAWN),
    "certified": replace(
        OLD,
        keys=OLD.keys
        + b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/P 2/V/1.2>>"
        + b"/DigestMethod/SHA256>>]",
        catalogue={"Perms": b"<</DocMDP @sig>>"},
    ),
    "full compression": replace(OLD, ends=replace(_ITEXT, table=False)),
    "iText 7": replace(OLD, ends=Ends(before_startxref=b"%iText-Core-7.1.16\n")),
    "old appearance flag": replace(_layered(OLD, _DRAWN), form={"SigFlags": b"3", "DA": b"(/Helv 0 Tf 0 g )"}),
    "short padding": replace(OLD, size=30_000),
}


def indonesian(pdf: bytes) -> Iterator[Made]:
    """Alone, with another's, with lists put in later, and signed after that."""
    for name, manner in OLD_WAYS.items():
        for stamp in (True, False):
            told = f"{name}, {'with' if stamp else 'without'} time-stamp"
            one = sign_by_hand(pdf, manner, old_message(stamp=stamp))
            yield Made(told, one)
            again = second(replace(OLD, ends=manner.ends))
            yield Made(f"{told}, twice", sign_by_hand(one, again, old_message(other=True, stamp=stamp)))
            if name != "certified":  # a certificate permits to sign in fields that are there
                beside = second(replace(_layered(OLD, _DRAWN), rect=b"[300 60 500 120]"))
                yield Made(f"{told}, another beside", sign_by_hand(one, beside, old_message(other=True, stamp=stamp)))
            listed = with_lists(one, AUTHORITY.crl(), ends=manner.ends)
            yield Made(f"{told}, lists added", listed)
            pades = second(Manner(sub_filter=b"ETSI.CAdES.detached"))
            yield Made(f"{told}, lists added, signed", sign_by_hand(listed, pades, built(holder=SECOND)))
