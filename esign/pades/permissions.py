"""What the signatures that a letter already carries, and the field to be filled, allow.

DocMDP (ISO 32000-2, 12.8.2.2), FieldMDP (12.8.2.4), and a field's lock and seed value dictionaries (12.7.5.5).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, PdfObject

from esign.errors import FieldDemands, FieldLocked, LetterCertified, LetterCertifiedWithoutRoom
from esign.pades.spec import SignatureSpec

NO_CHANGES = 1
"""/P of DocMDP: any change invalidates the signature."""


@dataclass(frozen=True)
class FieldLock:
    """Which form fields a signature locks."""

    action: str
    """``/All``, ``/Include`` or ``/Exclude``."""
    names: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Whether the field of that full name is locked, itself or through one that it is part of."""
        named = any(name == each or name.startswith(each + ".") for each in self.names)
        if self.action == "/Include":
            return named
        return not named if self.action == "/Exclude" else True


def check(signatures: Iterable[DictionaryObject], name: str, *, new: bool) -> None:
    """Whether a signature may be put into the field ``name``, which is ``new`` or stands ready.

    Raises `LetterCertified`, `LetterCertifiedWithoutRoom` or `FieldLocked`.
    """
    for signature in signatures:
        for method, parameters in _transforms(signature):
            if method == "/DocMDP":
                if parameters.get("/P", 2) == NO_CHANGES:
                    raise LetterCertified
                if new:
                    raise LetterCertifiedWithoutRoom(field=name)
            elif method == "/FieldMDP" and lock_of(parameters).covers(name):
                raise FieldLocked(field=name)


def lock_of(dictionary: DictionaryObject) -> FieldLock:
    """The lock that FieldMDP parameters or a field's /Lock dictionary state. One that says nothing locks all."""
    return FieldLock(
        str(dictionary.get("/Action", "/All")), tuple(str(each) for each in _array(dictionary.get("/Fields")))
    )


def _transforms(signature: DictionaryObject) -> Iterator[tuple[str, DictionaryObject]]:
    for reference in _array(signature.get("/Reference")):
        if isinstance(reference, DictionaryObject):
            parameters = reference.get("/TransformParams")
            yield (
                str(reference.get("/TransformMethod")),
                parameters if isinstance(parameters, DictionaryObject) else DictionaryObject(),
            )


def _array(value: PdfObject | None) -> list[PdfObject]:
    return [each.get_object() for each in value] if isinstance(value, ArrayObject) else []


# --- seed values -------------------------------------------------------------------------------

_FILTER, _SUBFILTER, _VERSION, _REASONS, _LEGAL, _REVOCATION, _DIGEST, _LOCK, _APPEARANCE = (
    1 << bit for bit in range(9)
)
"""/Ff of a seed value dictionary (table 237): which entries bind, in the order of its bits."""


def check_demands(field: DictionaryObject, spec: SignatureSpec, name: str) -> None:
    """Whether the signature meets what the field's seed value dictionary demands.

    What merely is suggested is not followed. A demand that this writer can't judge counts as not met.
    Raises `FieldDemands`.
    """
    seed = field.get("/SV")
    if not isinstance(seed, DictionaryObject):
        return
    flags = seed.get("/Ff", 0)
    binding = int(flags) if isinstance(flags, int) else 0
    for demand in _unmet(seed, binding, spec):
        raise FieldDemands(field=name, demand=demand)


def _unmet(seed: DictionaryObject, binding: int, spec: SignatureSpec) -> Iterator[str]:
    if binding & _FILTER and seed.get("/Filter", "/Adobe.PPKLite") != "/Adobe.PPKLite":
        yield "another /Filter"
    if (
        binding & _SUBFILTER
        and "/SubFilter" in seed
        and "/ETSI.CAdES.detached" not in map(str, _array(seed.get("/SubFilter")))
    ):
        yield "another /SubFilter"
    if binding & _VERSION and not 0 <= _number(seed.get("/V", 1)) <= 3:
        yield "a newer seed value handler"
    if binding & _REASONS:
        reasons = [str(each) for each in _array(seed.get("/Reasons"))]
        if reasons in ([], ["."]):
            if spec.reason:
                yield "no reason"
        elif spec.reason not in reasons:
            yield "one of its reasons"
    if binding & _LEGAL and "/LegalAttestation" in seed:
        yield "a legal attestation"
    if binding & _REVOCATION and seed.get("/AddRevInfo"):
        yield "revocation data inside the signature"
    if binding & _DIGEST and "/DigestMethod" in seed:
        methods = {str(each).upper().replace("-", "") for each in _array(seed.get("/DigestMethod"))}
        if spec.digest_algorithm.upper() not in methods:
            yield "another digest algorithm"
    if binding & _LOCK and str(seed.get("/LockDocument", "/auto")) not in {"/auto", "auto", "/false", "false"}:
        yield "a locked document"
    if binding & _APPEARANCE and "/AppearanceFilter" in seed:
        yield "a named appearance"
    yield from _unmet_dictionaries(seed, spec)


def _unmet_dictionaries(seed: DictionaryObject, spec: SignatureSpec) -> Iterator[str]:
    """The entries that carry their own binding flag."""
    mdp = seed.get("/MDP")
    if isinstance(mdp, DictionaryObject):
        wanted = _number(mdp.get("/P", 0))
        if wanted != (2 if spec.followers is not None else 0):
            yield "a certification" if wanted else "an approval signature"
    certificate = seed.get("/Cert")
    if isinstance(certificate, DictionaryObject) and _number(certificate.get("/Ff", 0)):
        yield "a certain certificate"
    stamp = seed.get("/TimeStamp")
    if isinstance(stamp, DictionaryObject) and _number(stamp.get("/Ff", 0)) and not spec.timestamped:
        yield "a time-stamp"


def _number(value: PdfObject | int) -> int:
    return int(value) if isinstance(value, int) else -1
