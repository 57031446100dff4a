"""More stamps than one in a letter that nobody has signed yet.

A signature has one widget, so it can show one stamp. The others become content of the pages, in an update right before
the signature, which signs them along with all that is there: for every reader they are as unchangeable as the letter.
Once somebody signed, pages take no more content.
"""

from collections.abc import Sequence

from esign.errors import LetterAlreadySigned
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import Placement, Taken
from esign.pades.spec import PageContent, PlacedDrawing
from esign.pades.tasks import run_append_content
from esign.pdf.sandbox import Patient
from esign.registry.models import Letter
from esign.service import stamping
from esign.service.marks import Mark, OurStamp, OurStampAt
from esign.service.signing import Signing

Stamp = Mark | OurStampAt


def put(job: Signing, letter: Letter, pages: LetterSight, stamps: Sequence[Stamp]) -> bytes:
    """The letter with these stamps on its pages; its own bytes stay a prefix.

    Raises `LetterAlreadySigned`, the errors of ``placement.*``, and what `page_content.append_content` raises.
    """
    services, pdf = job.services, pages.pdf
    if pages.facts.signatures:
        raise LetterAlreadySigned
    runner = Patient(services.parse, services.settings.sandbox_seconds)
    taken: list[Taken] = []
    for stamp in stamps:
        mark = _our_stamp(job, letter, stamp.placement) if isinstance(stamp, OurStampAt) else stamp
        place = mark.place(pages, taken)
        drawn = mark.drawn(place)
        if drawn is None:
            continue
        taken.append(Taken(place.page, place.box))
        drawing = PlacedDrawing(drawn, place.page_index, place.box.left, place.box.bottom)
        pdf += run_append_content(runner, pdf, PageContent(stamp=drawing))
    return pdf


def _our_stamp(job: Signing, letter: Letter, placement: Placement) -> OurStamp:
    content = stamping.content_of(job.services, job.agency, letter, job.signer, job.capacity)
    return OurStamp(placement, content, stamping.theme_of(job.agency, job.signer), or_code=True)
