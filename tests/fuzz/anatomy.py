"""What a signed letter is made of, and an appended revision in the making."""

from dataclasses import dataclass, field

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref, Stream
from tests.attacks.forgery import with_key, written
from tests.fuzz.specimens import Specimen


class Anatomy:
    """What a specimen is made of, read once."""

    def __init__(self, specimen: Specimen) -> None:
        view = specimen.structure.view
        assert view is not None
        self.pdf = specimen.pdf
        self.view: View = view
        self.sections = view.sections
        self.numbers = sorted(number for number in view.numbers() if (row := view.entry(number)) and row.kind != 0)
        self.values: dict[int, Object] = {}
        for number in self.numbers:
            try:
                self.values[number] = view.get(Ref(number, 0))
            except PdfSyntaxError:
                continue
        root = view.trailer["Root"]
        assert isinstance(root, Ref)
        self.root = root.number
        self.size = max([int(str(view.trailer["Size"])), *view.numbers()]) + 1
        self.pages = self._of_type("Page")
        self.page_tree = self._of_type("Pages")
        self.streams = [number for number, value in self.values.items() if isinstance(value, Stream)]
        self.fonts = self._of_type("Font") or self.pages
        self.widgets = [
            n for n, value in self.values.items() if isinstance(value, PdfDict) and value.get("Subtype") == "Widget"
        ]
        self.signatures = [item.found.number for item in specimen.structure.signatures]
        self.contents = [
            ref.number
            for page in self.pages
            for ref in references(self._dictionary(page).get("Contents"))
            if ref.number in self.values
        ]
        self.form = view.dictionary(view.catalogue.get("AcroForm"))
        entry = view.catalogue.get("AcroForm")
        self.form_number = entry.number if isinstance(entry, Ref) else None
        self.kind = view.sections[0].kind

    def _of_type(self, name: str) -> list[int]:
        return [n for n, value in self.values.items() if isinstance(value, PdfDict) and value.get("Type") == name]

    def _dictionary(self, number: int) -> PdfDict:
        value = self.values.get(number)
        return value if isinstance(value, PdfDict) else PdfDict()

    def source(self, number: int) -> bytes:
        """An object as PDF source."""
        value = self.values.get(number)
        if isinstance(value, Stream):
            assert value.data_end is not None
            data = self.pdf[value.data_start : value.data_end]
            return (
                with_key(written(value.dictionary), b"Length", b"%d" % len(data))
                + b"\nstream\n"
                + data
                + b"\nendstream"
            )
        return written(value)


def references(value: Object) -> list[Ref]:
    """The references that a value is, or that stand in it as an array."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Ref)]


@dataclass
class Update:
    """An appended revision in the making."""

    objects: dict[int, bytes | None] = field(default_factory=dict)
    root: int | None = None
    information: int | None = None
    next: int = 0

    def new(self, source: bytes) -> int:
        """Adds an object under a new number."""
        self.next += 1
        self.objects[self.next - 1] = source
        return self.next - 1
