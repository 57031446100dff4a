"""Active content: what could change the look of a letter without a change of its bytes (rule 10 of verification.md).

Two steps, after a look at the catalogue. First a search of the whole file, streams' data included, and of every decoded
object stream for the names that active content can't do without, however they are escaped: what is nowhere in the bytes
is in no object of any revision, so most letters are done after one linear pass. Only where a name was found are the
objects read: all that the final cross-references reach from the trailer, in both views of a hybrid file; each is judged
by what it is.

Refused are actions that do more than lead somewhere, any action that runs by itself unless it leads to a place in the
same document, multimedia, data kept outside of the file, and content that differs between screen and paper. Ordinary
links, bookmarks, links to other files and attached files are not: they show nothing in the letter.
"""

import re
from collections.abc import Iterator

from esign.pdf.revisions import View
from esign.pdf.syntax import Object, PdfDict, PdfSyntaxError, Ref, Stream

ACTIONS = frozenset(
    (
        "JavaScript",
        "Launch",
        "SubmitForm",
        "ImportData",
        "ResetForm",
        "Hide",
        "SetOCGState",
        "Rendition",
        "Movie",
        "Sound",
        "RichMediaExecute",
        "GoTo3DView",
    )
)
"""Actions (ISO 32000-2, 12.6.4) that run code, send or fetch data, or change what is shown."""
BY_ITSELF = frozenset(("GoTo", "Named"))
"""All that may happen without a click: going to a place in the document, and the viewer's own commands."""
MULTIMEDIA = frozenset(("RichMedia", "3D", "Movie", "Screen", "Sound"))
"""Annotations that play (12.5.6)."""
_NO_VIEW, _PRINT = 1 << 5, 1 << 2
_STATES = (("View", "ViewState"), ("Print", "PrintState"), ("Export", "ExportState"))
_BY_CIRCUMSTANCE = ("Zoom", "User", "Language")

_KEYS = ("AA", "Ref", "OPI", "Alternates", "PS")
_NAMES = frozenset((*ACTIONS, *MULTIMEDIA, *_KEYS))
"""All names without which there is no active content but in the catalogue."""
_END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|$)"
_PLAIN = re.compile(rb"/(?:" + "|".join(sorted(_NAMES)).encode() + rb")" + _END)
_ESCAPED = re.compile(rb"/[^\0\t\n\f\r ()<>\[\]{}/%#]{0,16}#[0-9A-Fa-f]{2}[^\0\t\n\f\r ()<>\[\]{}/%]{0,48}")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_FILE = re.compile(rb"/F[\0\t\n\f\r ]*(?:[(<%]|\d+[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+R|(\d+)(?![\d.]))")
"""/F of a stream leads to data outside of the file; of an annotation it holds its flags."""
_LONGEST = 10
"""Digits of flags; whatever has more needs a look."""


def active_content(view: View) -> str | None:
    """What active content the file has, by its name in PDF (``JavaScript``, ``Launch``, ``XFA``, …); None for none.

    An encrypted file must have been unlocked. Raises ``PdfSyntaxError`` where an object that has to be judged can't be
    read.
    """
    views = (view, view.tables_only()) if view.is_hybrid else (view,)
    for each in views:
        for kind in _in_catalogue(each, each.catalogue):
            return kind
    if not _may_be_active(view):
        return None
    return next((kind for each in views for kind in _in_objects(each)), None)


def _may_be_active(view: View) -> bool:
    """Whether a name that active content needs stands anywhere in the file."""
    if _mentioned(view.file.data):
        return True
    streams = {entry.first for number in view.numbers() if (entry := view.entry(number)) and entry.kind == 2}
    for number in streams:
        place = view.place(number)
        if place is None or place[1] >= 0:
            raise PdfSyntaxError(f"object stream {number} is missing")
        if _mentioned(view.file.object_stream(place[0], view.get).data):
            return True
    return False


def _mentioned(data: bytes) -> bool:
    """Whether one of the names, or a /F that needs a look, stands in the data."""
    if _PLAIN.search(data):
        return True
    for match in _FILE.finditer(data):
        if match[1] is None or len(match[1]) > _LONGEST or int(match[1]) & _NO_VIEW:
            return True
    for match in _ESCAPED.finditer(data):
        name = _ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), match[0][1:])
        if name == b"F" or name.decode("latin-1") in _NAMES:
            return True
    return False


def _in_objects(view: View) -> Iterator[str]:
    """The active content of all objects that the view reaches from its trailer."""
    for dictionary, is_stream in _reachable(view):
        yield from _in_dictionary(view, dictionary)
        if is_stream:
            yield from _in_stream(view, dictionary)


def _reachable(view: View) -> Iterator[tuple[PdfDict, bool]]:
    """Every dictionary that can be reached from the trailer, each object once, and whether it is a stream's."""
    seen: set[int] = set()
    pending: list[Object] = [view.trailer]
    while pending:
        value = pending.pop()
        if isinstance(value, Ref):
            if value.number not in seen:
                seen.add(value.number)
                pending.append(view.get(value))
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, PdfDict):
            yield value, False
            pending.extend(value.values())
        elif isinstance(value, Stream):
            yield value.dictionary, True
            pending.extend(value.dictionary.values())


def _in_catalogue(view: View, catalogue: PdfDict) -> Iterator[str]:
    """What only the document catalogue can hold (7.7.2)."""
    form = view.dictionary(catalogue.get("AcroForm"))
    if view.resolve(form.get("XFA")) is not None or view.resolve(catalogue.get("NeedsRendering")) is True:
        yield "XFA"
    if view.resolve(catalogue.get("Collection")) is not None:
        yield "Collection"
    if isinstance(view.resolve(catalogue.get("OpenAction")), PdfDict):
        yield from _run_by_itself(view, catalogue["OpenAction"], "OpenAction")
    properties = view.resolve(catalogue.get("OCProperties"))
    if isinstance(properties, PdfDict) and _layers_differ(view, properties):
        yield "OCProperties"


def _in_dictionary(view: View, dictionary: PdfDict) -> Iterator[str]:
    """What any dictionary can be: an action, something with triggers, an annotation."""
    action = view.name(dictionary.get("S"))
    if action in ACTIONS:
        yield action
    if "AA" in dictionary:
        for trigger in view.dictionary(dictionary["AA"]).values():
            yield from _run_by_itself(view, trigger, "AA")
    subtype = view.name(dictionary.get("Subtype"))
    if subtype in MULTIMEDIA:
        yield subtype
    flags = view.resolve(dictionary.get("F"))
    if isinstance(flags, int) and flags & _NO_VIEW and flags & _PRINT:
        yield "NoView"


def _run_by_itself(view: View, action: Object, trigger: str) -> Iterator[str]:
    """What an action and those that follow it (/Next) do that may not happen without a click."""
    seen: set[int] = set()
    pending = [action]
    while pending:
        value = view.resolve(pending.pop())
        if isinstance(value, list):
            pending.extend(value)
        if not isinstance(value, PdfDict) or id(value) in seen:
            continue
        seen.add(id(value))
        kind = view.name(value.get("S"))
        if kind not in BY_ITSELF:
            yield kind or trigger
        pending.append(value.get("Next"))


def _in_stream(view: View, dictionary: PdfDict) -> Iterator[str]:
    """What only a stream can be: data of another file, or a picture with another one for paper."""
    if view.resolve(dictionary.get("F")) is not None:
        yield "External stream"
    subtype = view.name(dictionary.get("Subtype"))
    if "PS" in (subtype, view.name(dictionary.get("Subtype2"))):
        yield "PostScript XObject"
    for key in ("Ref", "OPI", "Alternates"):
        if view.resolve(dictionary.get(key)) is not None:
            yield key


def _layers_differ(view: View, properties: PdfDict) -> bool:
    """Whether optional content (8.11.4) can be seen on screen and not on paper, or depends on circumstances."""
    default = view.dictionary(properties.get("D"))
    base = view.name(default.get("BaseState")) or "ON"
    on = {item for item in view.array(default.get("ON")) if isinstance(item, Ref)}
    off = {item for item in view.array(default.get("OFF")) if isinstance(item, Ref)}
    for group in view.array(properties.get("OCGs")):
        usage = view.dictionary(view.dictionary(group).get("Usage"))
        told = {view.name(view.dictionary(usage.get(event)).get(state)) for event, state in _STATES if event in usage}
        plain = "OFF" if group in off else "ON" if group in on or base != "OFF" else "OFF"
        if told and told != {plain}:
            return True
    for application in view.array(default.get("AS")):
        categories = {view.name(category) for category in view.array(view.dictionary(application).get("Category"))}
        if categories & set(_BY_CIRCUMSTANCE):
            return True
    return False
