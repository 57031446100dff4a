"""Stamp and footer as a letter's own content, in an update before it is signed (ISO 32000-2, 7.5.6).

For authorities that sign whole documents: their service signs what it is given, and draws pictures alone. The letter's
bytes stay a prefix. Only a letter that nobody has signed may be changed so.
"""

from esign.errors import LetterAlreadySigned, LetterTruncated
from esign.pades.drawing import Drawings, FooterPages, Overlay, displayed_to_user
from esign.pades.fields import Form
from esign.pades.increment import Increment
from esign.pades.leaves import Pages
from esign.pades.spec import PageContent
from esign.pades.update import Widgets
from esign.pdf.syntax import PdfSyntaxError


def append_content(pdf: bytes, content: PageContent) -> bytes:
    """The update that puts it into the letter; empty where there is nothing to put.

    Raises `LetterAlreadySigned` for a letter that carries a signature or a document time-stamp, `LetterTruncated`,
    `LetterEncrypted`, `LetterWithoutPages` and `PageOutOfRange`, and what `Widgets.add_follower` raises.
    """
    if not content:
        return b""
    try:
        increment = Increment(pdf)
        form, pages, drawings = Form(increment), Pages(increment), Drawings(increment)
        if form.signatures:
            raise LetterAlreadySigned
        if content.stamp is not None:
            page = pages[content.stamp.page]
            matrix = displayed_to_user(pages.geometry(page), content.stamp.left, content.stamp.bottom, 1)
            drawing = drawings.form(content.stamp.appearance)
            Overlay(increment, pages, drawing, "esignStamp", b"/Artifact BMC").add_to(page, matrix)
        if content.footer is not None:
            footer = FooterPages(increment, pages, drawings, content.footer)
            for leaf in pages:
                footer.add_to(leaf)
        if content.followers:
            widgets = Widgets(increment, pages)
            for follower in content.followers:
                widgets.add_follower(form, drawings, follower)
            form.write()
        return increment.finish().data
    except (PdfSyntaxError, RecursionError) as error:
        raise LetterTruncated(reason=str(error)) from error
