"""What a signer's certificate says of the signer."""

import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import NameOID

from esign.errors import RequestInvalid

_HOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NIK = re.compile(r"(?<!\d)\d{16}(?!\d)")
_LONGEST = 64
"""ub-common-name, ub-organization-name, ub-organizational-unit-name, ub-title (RFC 5280, appendix A.1)."""


class HolderKind(StrEnum):
    """Whose certificate it is."""

    PERSON = "person"
    """An official's signature."""
    SEAL = "seal"
    """An agency's seal."""


@dataclass(frozen=True)
class Subject:
    """The fields of the distinguished name. A NIK stands in none of them; one that looks like it is refused."""

    name: str
    """CN: the person's name, or the agency's for a seal."""
    organisation: str
    """O: the agency."""
    unit: str | None = None
    """OU."""
    office: str | None = None
    """title: the office (jabatan)."""

    @classmethod
    def fitted(cls, name: str, organisation: str, unit: str | None = None, office: str | None = None) -> "Subject":
        """The same for names as they come from a register: an organisation that is too long is cut at a word.

        A unit or office that is too long is left out, as BSrE leaves the office out of all its certificates.
        Raises `RequestInvalid` as the constructor does, so for a person's name that is too long.
        """
        if len(organisation) > _LONGEST:
            kept = organisation[:_LONGEST].rpartition(" ")[0] or organisation[: _LONGEST - 1]
            organisation = f"{kept.rstrip(' ,;-')}…"
        fitting = [text if text and len(text) <= _LONGEST else None for text in (unit, office)]
        return cls(name, organisation, *fitting)

    def __post_init__(self) -> None:
        """Raises `RequestInvalid` for a field that can't stand in a certificate."""
        for field in ("name", "organisation", "unit", "office"):
            value = getattr(self, field)
            if value is None and field in {"unit", "office"}:
                continue
            if not value or value != value.strip() or not value.isprintable():
                raise RequestInvalid(field=field, reason="must be printable text without spaces around it")
            if len(value) > _LONGEST:
                raise RequestInvalid(field=field, reason=f"must have at most {_LONGEST} characters")
            if _NIK.search(value):
                raise RequestInvalid(field=field, reason="must not hold a NIK")


def check_holder(holder: str) -> None:
    """Refuses a holder id that can't stand in a certificate.

    It is 1 to 64 letters, digits, dots, hyphens and underscores, and not 16 digits: those would be a NIK.
    Raises `RequestInvalid`.
    """
    if not _HOLDER.fullmatch(holder):
        raise RequestInvalid(field="holder", reason="must be 1 to 64 letters, digits, dots, hyphens or underscores")
    if _NIK.search(holder):
        raise RequestInvalid(field="holder", reason="must not hold a NIK")


def distinguished_name(holder: str, kind: HolderKind, subject: Subject) -> x509.Name:
    """The name in the certificate, shaped as in letters signed through BSrE.

    The description tells holders of one name apart (RFC 5280, 4.1.2.6: a name belongs to one entity).
    """
    purpose = "Segel Elektronik" if kind is HolderKind.SEAL else "Tanda Tangan Elektronik"
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organisation),
    ]
    if subject.unit is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, subject.unit))
    if subject.office is not None:
        attributes.append(x509.NameAttribute(NameOID.TITLE, subject.office))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, subject.name))
    attributes.append(x509.NameAttribute(x509.ObjectIdentifier("2.5.4.13"), f"{holder}_{purpose}"))
    return x509.Name(attributes)
