"""Small lines under a rule at the foot of each page, where every page of the letter leaves room for them.

A footer is never printed over the letter's own marks: the foot of each page is rendered (`esign.pdf.margin`), and the
lines go to the lowest place that is white on all pages. Where there is none, or the letter has more pages than can be
looked at, signing with a footer is refused; the caller may ask again without one.
"""

from collections.abc import Mapping, Sequence
from math import ceil, floor

from esign.errors import FooterNoRoom, FooterTooManyPages
from esign.pades.appearance import Appearance, Footer
from esign.pades.content import TextBlock, filled
from esign.pades.fonts import regular
from esign.pades.placement import Letter
from esign.pades.text_block import DESCENT, Column, Paragraph
from esign.pades.theme import FooterTheme, filled_in
from esign.pdf.geometry import Box
from esign.pdf.margin import FootMarks, foot_marks_in
from esign.pdf.sandbox import Runner

SIDE = 42.5
"""Points kept free at the left and right: 15 mm."""
LOWEST = 17.0
"""Points from the page's edge to the lowest place of a footer: 6 mm, which office printers can reach."""
HIGHEST = 71.0
"""Points from the page's edge to the highest place of a footer's top: 25 mm, the widest usual margin."""
CLEARANCE = 3.0
"""Points of white kept above and below it."""
MOST_PAGES = 500
"""Pages of a letter that are rendered for a footer."""
LEAST_TEXT = 6.5
"""Points to which a line shrinks before it is wrapped."""
RULE_LINE = 0.5
RULE_GAP = 3.0
"""Points from the rule to the tops of the first line's capitals."""


def draw(theme: FooterTheme, page_width: float, values: Mapping[str, str]) -> Appearance:
    """The footer for pages of that displayed width; `values` fill the fields of its lines.

    ``issuer`` among them is the organisation and name that issued the signer's certificate, never a constant. A line
    with a field that has nothing to show is left out; a long one is wrapped. Raises StampUnprintable.
    """
    face, width = regular(), page_width - 2 * SIDE
    lines = [line for template in theme.lines if (line := filled_in(template, values))]
    paragraphs = [Paragraph(face.printable(line), face, theme.size, least=LEAST_TEXT) for line in lines]
    column = Column(paragraphs, unbroken=True, even=False)
    bottom = DESCENT * theme.size
    top = bottom + column.height(width, 1.0)
    text = TextBlock()
    column.place(text, 0, top, width, 1.0, centred=theme.align == "centre")
    rule = filled(0, top + RULE_GAP, width, RULE_LINE, 0)
    return Appearance(width, top + RULE_GAP + RULE_LINE, rule + text.operators(), text.fonts())


def place(appearance: Appearance, marks: FootMarks, stamps: Sequence[Box] = ()) -> Footer:
    """The footer at the lowest height where no page has a mark or one of the stamps that are about to be added.

    Raises FooterNoRoom, with the page that leaves the least room.
    """
    rows = list(marks.rows)
    for stamp in stamps:
        for row in range(max(0, floor(stamp.bottom)), min(len(rows), ceil(stamp.top))):
            rows[row] = rows[row] or 1
    needed = ceil(appearance.height + 2 * CLEARANCE)
    first, last = int(LOWEST - CLEARANCE), int(HIGHEST + CLEARANCE)
    start = first
    for row in range(first, last):
        if rows[row]:
            start = row + 1
        elif row + 1 - start >= needed:
            return Footer(appearance, start + CLEARANCE, SIDE)
    pages = [page for page in rows[first:last] if page]
    raise FooterNoRoom(page=max(set(pages), key=pages.count, default=1), height=round(appearance.height, 1))


def fit(
    theme: FooterTheme,
    values: Mapping[str, str],
    letter: Letter,
    pdf: bytes,
    runner: Runner,
    stamps: Sequence[Box] = (),
) -> Footer:
    """The footer of a letter, drawn for its first page and placed where all pages have room.

    ``stamps`` are the boxes of stamps about to be added, in displayed space. Raises FooterNoRoom,
    FooterTooManyPages, StampUnprintable, and what the runner raises.
    """
    if letter.pages > MOST_PAGES:
        raise FooterTooManyPages(pages=letter.pages, limit=MOST_PAGES)
    appearance = draw(theme, letter.geometry(1).displayed_size[0], values)
    return place(appearance, foot_marks_in(runner, pdf, SIDE - CLEARANCE), stamps)
