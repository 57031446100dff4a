"""What the signatures that a letter already carries, and the field to be filled, allow.

DocMDP (ISO 32000-2, 12.8.2.2), FieldMDP (12.8.2.4), and a field's lock and seed value dictionaries (12.7.5.5).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from esign.errors import FieldDemands, FieldLocked, LetterCertified, LetterCertifiedWithoutRoom
from esign.pades.fields import text_of
from esign.pades.increment import Increment
from esign.pades.spec import SignatureSpec
from esign.pdf.syntax import Object, PdfDict, PdfString

NO_CHANGES = 1
"""/P of DocMDP: any change invalidates the signature."""
SEED_VERSION = 3
"""The latest /V of seed value dictionaries (table 237)."""


@dataclass(frozen=True)
class FieldLock:
    """Which form fields a signature locks."""

    action: str
    """``All``, ``Include`` or ``Exclude``."""
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether the field of that full name is locked, itself or through one that it is part of."""
        named = any(name == each or name.startswith(each + ".") for each in self.names)
        if self.action == "Include":
            return named
        return not named if self.action == "Exclude" else True


def check(increment: Increment, signatures: Iterable[PdfDict], name: str, *, new: bool) -> None:
    """Whether a signature may be put into the field ``name``, which is ``new`` or stands ready.

    Raises `LetterCertified`, `LetterCertifiedWithoutRoom` or `FieldLocked`.
    """
    for signature in signatures:
        for method, parameters in _transforms(increment, signature):
            if method == "DocMDP":
                if increment.resolve(parameters.get("P", 2)) == NO_CHANGES:
                    raise LetterCertified
                if new:
                    raise LetterCertifiedWithoutRoom(field=name)
            elif method == "FieldMDP" and read_lock(increment, parameters).covers(name):
                raise FieldLocked(field=name)


def read_lock(increment: Increment, dictionary: PdfDict) -> FieldLock:
    """The lock that FieldMDP parameters or a field's /Lock dictionary state. One that says nothing locks all."""
    action = increment.resolve(dictionary.get("Action"))
    return FieldLock(str(action or "All"), tuple(_texts(increment, dictionary.get("Fields"))))


def _transforms(increment: Increment, signature: PdfDict) -> Iterator[tuple[Object, PdfDict]]:
    for each in increment.array(signature.get("Reference")):
        reference = increment.dictionary(each)
        yield (
            increment.resolve(reference.get("TransformMethod")),
            increment.dictionary(reference.get("TransformParams")),
        )


def _texts(increment: Increment, value: Object) -> list[str]:
    """The strings and names of an array."""
    values = (increment.resolve(each) for each in increment.array(value))
    return [text_of(each) if isinstance(each, PdfString) else str(each) for each in values]


# --- seed values -------------------------------------------------------------------------------

_FILTER, _SUBFILTER, _VERSION, _REASONS, _LEGAL, _REVOCATION, _DIGEST, _LOCK, _APPEARANCE = (
    1 << bit for bit in range(9)
)
"""/Ff of a seed value dictionary (table 237): which entries bind, in the order of its bits."""


def check_demands(increment: Increment, field: PdfDict, spec: SignatureSpec, name: str) -> None:
    """Whether the signature meets what the field's seed value dictionary demands.

    What merely is suggested is not followed. A demand that this writer can't judge counts as not met.
    Raises `FieldDemands`.
    """
    seed = increment.dictionary(field.get("SV"))
    for demand in (*_unmet(increment, seed, spec), *_unmet_dictionaries(increment, seed, spec)):
        raise FieldDemands(field=name, demand=demand)


def _unmet(increment: Increment, seed: PdfDict, spec: SignatureSpec) -> Iterator[str]:
    binding = _number(increment, seed.get("Ff", 0))
    if binding & _FILTER and increment.resolve(seed.get("Filter")) not in (None, "Adobe.PPKLite"):
        yield "another /Filter"
    formats = _texts(increment, seed.get("SubFilter"))
    if binding & _SUBFILTER and formats and "ETSI.CAdES.detached" not in formats:
        yield "another /SubFilter"
    if binding & _VERSION and not 0 <= _number(increment, seed.get("V", 1)) <= SEED_VERSION:
        yield "a newer seed value handler"
    reasons = _texts(increment, seed.get("Reasons"))
    if binding & _REASONS and (bool(spec.reason) if reasons in ([], ["."]) else spec.reason not in reasons):
        yield "another reason"
    if binding & _LEGAL and "LegalAttestation" in seed:
        yield "a legal attestation"
    if binding & _REVOCATION and increment.resolve(seed.get("AddRevInfo")) is True:
        yield "revocation data inside the signature"
    digests = {each.upper().replace("-", "") for each in _texts(increment, seed.get("DigestMethod"))}
    if binding & _DIGEST and digests and spec.digest_algorithm.upper() not in digests:
        yield "another digest algorithm"
    if binding & _LOCK and increment.resolve(seed.get("LockDocument")) == "true":
        yield "a locked document"
    if binding & _APPEARANCE and "AppearanceFilter" in seed:
        yield "a named appearance"


def _unmet_dictionaries(increment: Increment, seed: PdfDict, spec: SignatureSpec) -> Iterator[str]:
    """The entries that say for themselves that they bind."""
    permission = increment.dictionary(seed.get("MDP"))
    if "P" in permission:
        wanted = _number(increment, permission["P"])
        if wanted != (2 if spec.followers is not None else 0):
            yield "a certification" if wanted else "an approval signature"
    certificate = increment.dictionary(seed.get("Cert"))
    if _number(increment, certificate.get("Ff", 0)):
        yield "a certain certificate"
    stamp = increment.dictionary(seed.get("TimeStamp"))
    if _number(increment, stamp.get("Ff", 0)) and not spec.timestamped:
        yield "a time-stamp"


def _number(increment: Increment, value: Object) -> int:
    found = increment.resolve(value)
    return found if isinstance(found, int) else -1
