"""Signatures of usage rights (ISO 32000-1, 12.8.2.3): a maker's permission to use a program's functions, no signature.

Old forms carry them where Adobe's servers enabled them for its Reader. PDF 2.0 has dropped them; nobody signs a
document with one, and leaving it out is what every other reader does.
"""

from esign.pdf.revisions import View
from esign.pdf.signatures import FoundSignature, signature_fields, value_of_field
from esign.pdf.syntax import PdfSyntaxError, Ref

_METHODS = ("UR", "UR3")


def is_usage_right(view: View, found: FoundSignature) -> bool:
    """Whether a signature dictionary is one: named by /Perms as such, by its own transform method, and by no field."""
    try:
        permissions = view.dictionary(view.catalogue.get("Perms"))
        named = [permissions.get(method) for method in _METHODS]
        references = [view.dictionary(item) for item in view.array(found.dictionary.get("Reference"))[:8]]
        methods = {view.name(item.get("TransformMethod")) for item in references}
    except PdfSyntaxError:
        return False
    if not any(isinstance(item, Ref) and view.place(item.number) == found.place for item in named):
        return False
    return bool(methods) and methods <= set(_METHODS) and not _is_held(view, found)


def _is_held(view: View, found: FoundSignature) -> bool:
    """Whether a field of any revision holds it."""
    ends = {item.end for item in view.file.ends if item.end <= view.end}
    for end in ends:
        try:
            earlier = view.file.view(end)
            values = [value_of_field(earlier, item) for item in signature_fields(earlier)]
        except PdfSyntaxError:
            continue
        if any(value is not None and value.identity == found.identity for value in values):
            return True
    return False
