"""What may be changed in trailer and catalogue after a signature: validation data, dates, extensions, metadata."""

from esign.pdf.syntax import Object, PdfDict, Ref, Stream
from esign.pdf.text_strings import same_text
from esign.pdf.xref import MAX_NUMBER
from esign.verify import output_intents, roles
from esign.verify.difference import has_duplicates
from esign.verify.judgement import Judgement, changed_keys, numbers_of, type_of

_INFO_KEYS = frozenset({"ModDate", "Producer"})


def structural(judge: Judgement) -> None:
    """Objects that others stand in, or that the whole file hangs on, are never part of any role."""
    encryption = numbers_of(judge.view.trailer.get("Encrypt"))
    for number, item in judge.differences.items():
        if item.kind != "added" and (type_of(item.old) == "ObjStm" or number in encryption):
            judge.suspect("object.structural", f"object {number}, which others depend on, was changed", number)
            judge.claimed.add(number)
    _generations(judge)


def _generations(judge: Judgement) -> None:
    """Objects written again keep their generation, new ones have 0 (7.5.4): readers differ in whether they look."""
    numbers = {number for section in judge.history.later_than(judge.view) for number in section.numbers()}
    for number in sorted(numbers):
        old, new = judge.view.entry(number), judge.final.entry(number)
        if new is None or new.kind == 0:
            continue
        generation = new.second if new.kind == 1 else 0
        due = {0} if old is None or old.kind == 2 else {old.second} if old.kind == 1 else {0, old.second}
        if generation not in due:
            judge.suspect("object.generation", f"object {number} was written with another generation", number)


def trailer(judge: Judgement) -> None:
    """The trailer still leads to the same catalogue, under the same encryption; its information may be dated anew."""
    old, new = judge.view.trailer, judge.final.trailer
    if any(has_duplicates(section.trailer) for section in judge.history.later_than(judge.view)):
        judge.suspect("trailer.key_twice", "a trailer has a key twice")
    if old.get("Root") != new.get("Root"):
        judge.suspect("trailer.root", "another document catalogue took the place of the signed one")
    if _size(new) < _size(old):
        judge.suspect("trailer.size", "/Size was lowered, which hides objects from some readers")
    elif _size(new) > max(_size(old), MAX_NUMBER + 1):
        judge.suspect("trailer.size", "/Size claims more objects than readers take, some of which then repair the file")
    if not judge.resolves_alike(old.get("Encrypt"), new.get("Encrypt")):
        judge.suspect("trailer.encrypt", "the encryption was changed")
    if "Encrypt" in old and not judge.history.same(_first(old.get("ID")), _first(new.get("ID"))):
        judge.suspect("trailer.id", "the file identifier was changed")
    _information(judge, old.get("Info"), new.get("Info"))


def _information(judge: Judgement, old: Object, new: Object) -> None:
    before, after = judge.view.dictionary(old), judge.final.dictionary(new)
    differing = changed_keys(judge.history, before, after)
    changed = {key for key in differing if not same_text(before.get(key), after.get(key))}
    if new is None:
        return
    if changed - _INFO_KEYS and before:
        judge.suspect("information.changed", f"document information was changed: {', '.join(sorted(changed))}")
        return
    if changed:
        judge.permit("information.updated", "producer or date in the document information were updated")
    for value in (old, new):
        if isinstance(value, Ref) and judge.only_referred_by(value.number, set()):
            judge.claimed.add(value.number)


def catalogue(judge: Judgement) -> None:
    """The catalogue may gain validation data, extensions and metadata; its form is another rule's."""
    root = judge.view.trailer.get("Root")
    if isinstance(root, Ref):
        judge.claimed.add(root.number)
    old, new = judge.view.catalogue, judge.final.catalogue
    for key in sorted(changed_keys(judge.history, old, new)):
        if key in ("AcroForm", "DSS"):
            continue
        if key == "Extensions":
            _extensions(judge, old.get(key), new.get(key))
        elif key == "OutputIntents" and key not in old:
            _output_intents(judge, new.get(key))
        elif key == "Version" and isinstance(new.get(key), str):
            judge.permit("catalogue.version", "the PDF version was raised")
        elif key == "Metadata" and _is_metadata(judge, new.get(key)):
            judge.permit("catalogue.metadata", "the metadata were updated")
        else:
            judge.suspect("catalogue.changed", f"/{key} of the document catalogue was changed")
    _extensions_object(judge, old.get("Extensions"), new.get("Extensions"))
    metadata = numbers_of(old.get("Metadata"), new.get("Metadata"))
    if metadata & judge.differences.keys() and _is_metadata(judge, new.get("Metadata")):
        judge.claim_role(metadata, "Metadata")
    _security_store(judge, old.get("DSS"), new.get("DSS"))


def _output_intents(judge: Judgement, new: Object) -> None:
    """A letter without output intents may get one that says what readers suppose anyway."""
    numbers = output_intents.added(judge.final, new)
    if numbers is None:
        judge.suspect("catalogue.changed", "/OutputIntents of the document catalogue was changed")
        return
    judge.permit("catalogue.output_intent", "an output intent that says sRGB was added")
    judge.claim_role(numbers, "OutputIntents")


def _extensions(judge: Judgement, old: Object, new: Object) -> None:
    if roles.extensions(judge.view, old) is None or roles.extensions(judge.final, new) is None:
        judge.suspect("catalogue.changed", "/Extensions of the document catalogue leads elsewhere")
    else:
        judge.permit("catalogue.extensions", "the list of extensions was updated")


def _extensions_object(judge: Judgement, old: Object, new: Object) -> None:
    before, after = roles.extensions(judge.view, old), roles.extensions(judge.final, new)
    if before is not None and after is not None:
        judge.claim_role(before | after, "Extensions")


def _is_metadata(judge: Judgement, value: Object) -> bool:
    found = judge.final.resolve(value)
    return isinstance(found, Stream) and found.dictionary.get("Subtype") == "XML"


def _security_store(judge: Judgement, old: Object, new: Object) -> None:
    judge.store = roles.security_store(judge.view, old) | roles.security_store(judge.final, new)
    if judge.store & judge.differences.keys():
        judge.permit("dss.updated", "validation data were added")
    judge.claim_role(judge.store, "DSS")


def _size(trailer: PdfDict) -> int:
    size = trailer.get("Size")
    return size if isinstance(size, int) else 0


def _first(value: Object) -> Object:
    return value[0] if isinstance(value, list) and value else None
