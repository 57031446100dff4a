"""What may be changed on pages after a signature: widgets of added signature fields, and nothing else."""

from esign.pdf.syntax import Object, PdfDict, Ref
from esign.verify.difference import Difference
from esign.verify.judgement import Judgement, changed_keys, continues, refers_to, type_of
from esign.verify.notes import is_permitted_note
from esign.verify.pagefinder import box_of, page_index


def unclaimed(judge: Judgement, item: Difference) -> None:
    """Judges what no other rule has claimed: additions that nothing waited for, annotations of pages, and the rest."""
    if item.kind == "added":
        _added(judge, item)
    elif item.kind == "removed":
        if not judge.history.referrers(judge.view, item.number) <= judge.store:
            judge.suspect("object.removed", f"object {item.number} was removed", item.number)
    elif type_of(item.old) == "Page" and type_of(item.new) == "Page":
        _page(judge, item)
    elif isinstance(item.old, list) and isinstance(item.new, list) and _is_annotation_list(judge, item.number):
        _annotations(judge, item.number, item.old, item.new, _page_of_list(judge, item.number))
    elif type_of(item.old) == "XRef" and not judge.history.referrers(judge.view, item.number):
        return
    else:
        what = type_of(item.old) or type(item.old).__name__
        judge.suspect("object.changed", f"object {item.number} ({what}) was changed", item.number)


def _added(judge: Judgement, item: Difference) -> None:
    if not judge.history.referrers(judge.view, item.number) <= judge.store:
        message = f"object {item.number} fills a place that the signed revision left open"
        judge.suspect("object.filled_gap", message, item.number)


def _page(judge: Judgement, item: Difference) -> None:
    old, new = item.old, item.new
    if not isinstance(old, PdfDict) or not isinstance(new, PdfDict):
        return
    page = page_index(judge.final, Ref(item.number, 0))
    others = changed_keys(judge.history, old, new) - {"Annots", "Tabs"}
    if others:
        keys = ", ".join(f"/{key}" for key in sorted(others))
        judge.suspect("page.changed", f"{keys} of a page changed", item.number, page=page)
    _annotations(
        judge, item.number, judge.view.array(old.get("Annots")), judge.final.array(new.get("Annots")), item.number
    )


def _is_annotation_list(judge: Judgement, number: int) -> bool:
    referrers = judge.history.referrers(judge.view, number)
    return bool(referrers) and all(_lists(judge, referrer, number) for referrer in referrers)


def _lists(judge: Judgement, page: int, number: int) -> bool:
    found = judge.view.dictionary(Ref(page, 0))
    others = [key for key, value in found.items() if key != "Annots" and refers_to(value, number)]
    return found.get("Type") == "Page" and refers_to(found.get("Annots"), number) and not others


def _page_of_list(judge: Judgement, number: int) -> int | None:
    return next(iter(judge.history.referrers(judge.view, number)), None)


def _annotations(judge: Judgement, number: int, old: list[Object], new: list[Object], owner: int | None) -> None:
    """The signed annotations stay, in their order; what is added are widgets of added signature fields.

    ``number`` is the object that holds the list, ``owner`` the page's object.
    """
    page = page_index(judge.final, Ref(owner, 0)) if owner is not None else None
    if not continues(judge.history, old, new):
        judge.suspect("annotation.removed", "annotations were removed or put in another order", number, page=page)
    kept = {item.number for item in old if isinstance(item, Ref)}
    direct = [item for item in old if not isinstance(item, Ref)]
    extra = [
        item for item in new if (item.number not in kept if isinstance(item, Ref) else not judge.is_among(item, direct))
    ]
    if len({item.number for item in extra if isinstance(item, Ref)}) < len(extra):
        judge.suspect("annotation.added", "an annotation was added twice, or directly", number, page=page)
    for item in extra:
        annotation = judge.final.dictionary(item)
        if isinstance(item, Ref) and item.number in judge.new_widgets:
            own = annotation.get("P")
            if item.number in judge.placed or (isinstance(own, Ref) and owner not in (None, own.number)):
                judge.suspect("annotation.elsewhere", "a widget stands on another page than it says", number, page=page)
            judge.placed.add(item.number)
            continue
        kind = judge.final.name(annotation.get("Subtype")) or "unknown"
        box = box_of(judge.final, annotation)
        if is_permitted_note(judge, item, annotation):
            judge.permit("annotation.note", "a note was added, as the certificate permits", number, page=page, box=box)
            continue
        judge.suspect("annotation.added", f"an annotation ({kind}) was added", number, page=page, box=box)
