"""What placement asks of a letter, answered by the sandbox: pages and fields, tags, free room."""

from collections.abc import Sequence

from esign.errors import PageOutOfRange
from esign.pades.letter import TIMEOUT, LetterFacts, Limits, examine_in
from esign.pades.letter_form import SignaturePlace
from esign.pdf.geometry import Box, PageGeometry
from esign.pdf.marked import marked_in
from esign.pdf.render import free_box_in
from esign.pdf.sandbox import Runner
from esign.pdf.tag_room import Room, room_over_in
from esign.pdf.text import TagHit, find_tag_in


class LetterSight:
    """A `placement.Letter`: one that was examined, and can be looked at again.

    ``examined`` runs ``parse`` tasks, ``rendered`` runs ``render`` tasks; without a sandbox both are the same.
    """

    def __init__(
        self,
        pdf: bytes,
        facts: LetterFacts,
        limits: Limits,
        *,
        examined: Runner,
        rendered: Runner,
        timeout: float = TIMEOUT,
    ) -> None:
        """``timeout`` is the time of one look, in seconds."""
        self.pdf = pdf
        self.facts = facts
        self._limits = limits
        self._timeout = timeout
        self._examined = examined
        self._rendered = rendered
        self._geometries = dict(facts.geometries)
        self.pages: int = facts.pages
        self.fields: Sequence[SignaturePlace] = facts.fields

    def geometry(self, page: int) -> PageGeometry:
        """The geometry of a page, from 1: looked up anew where the first look left it out. Raises PageOutOfRange."""
        if not 1 <= page <= self.pages:
            raise PageOutOfRange(page=page, pages=self.pages)
        if page not in self._geometries:
            self._geometries |= examine_in(
                self._examined, self.pdf, self._limits, [page], timeout=self._timeout
            ).geometries
        return self._geometries[page]

    def find_tag(self, tag: str, page: int | None) -> Sequence[TagHit]:
        """All places of the tag, on that page, from 1, or on all."""
        return find_tag_in(self._rendered, self.pdf, tag, page, timeout=self._timeout)

    def free_box(self, page: int, width: float, height: float, avoid: Sequence[Box]) -> Box | None:
        """A box without marks near the end of the page's text, or None."""
        return free_box_in(self._rendered, self.pdf, page, width, height, tuple(avoid), timeout=self._timeout)

    def room_over(
        self, page: int, tag: Box, sizes: Sequence[tuple[float, float]], avoid: Sequence[Box], *, over: bool = True
    ) -> Room | None:
        """The first of the sizes that finds room over a tag (or beside it), and the box, or None."""
        return room_over_in(self._rendered, self.pdf, page, tag, sizes, avoid, over=over, timeout=self._timeout)

    def marked(self, page: int, box: Box) -> bool:
        """Whether a stamp in that box would cover something that the page shows."""
        return marked_in(self._rendered, self.pdf, page, box, timeout=self._timeout)
