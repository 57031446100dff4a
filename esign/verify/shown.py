"""Certificates as people may see them: names readable, every NIK masked."""

import re

from asn1crypto import algos, x509

from esign.verify.chains import Chains
from esign.verify.cms import ODD_INPUT
from esign.verify.policy import kind_of_key
from esign.verify.report import CertificateInfo
from esign.x509 import signatures
from esign.x509.rejection import NotSupported

_DESCRIPTION, _SEAL = "2.5.4.13", "segel elektronik"
"""As asn1crypto calls it, which has no name for it; and what BSrE, and the dev CA after it, writes there for a seal."""
_NIK = re.compile(r"(?<!\d)(\d{4})\d{12}(?!\d)")
_LONGER = re.compile(r"\d{17,}")
_NAMES = {
    "common_name": "CN",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "country_name": "C",
    "title": "title",
    "serial_number": "serialNumber",
    "locality_name": "L",
    "state_or_province_name": "ST",
    "description": "description",
    "email_address": "E",
    "given_name": "GN",
    "surname": "SN",
}


def masked(text: str) -> str:
    """The text with every run of 16 digits (a NIK) masked, also inside longer runs, and control characters gone."""
    text = "".join(character if character.isprintable() else " " for character in text)[:500]
    text = _LONGER.sub(lambda match: match[0][:4] + "*" * (len(match[0]) - 4), text)
    return _NIK.sub(lambda match: f"{match[1]}************", text)


def shown_name(name: x509.Name) -> str:
    """A distinguished name on one line, most specific part first, masked."""
    try:
        parts = [
            f"{_NAMES.get(pair['type'].native, pair['type'].native)}={pair['value'].native}"
            for relative in reversed(list(name.chosen))
            for pair in relative
        ]
    except ODD_INPUT:
        return "?"
    return masked(", ".join(parts))


def _part(name: x509.Name, key: str) -> str | None:
    value = name.native.get(key)
    if isinstance(value, list):
        value = value[-1]
    return None if value is None else masked(str(value))


_USAGES = {
    "digital_signature": "digitalSignature",
    "non_repudiation": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
    "encipher_only": "encipherOnly",
    "decipher_only": "decipherOnly",
}
"""RFC 5280's names, in the order of the bits, by asn1crypto's."""


def _key_usages(certificate: x509.Certificate) -> tuple[str, ...]:
    extension = certificate.key_usage_value
    found = extension.native if extension is not None else ()
    return tuple(name for usage, name in _USAGES.items() if usage in found)


def _signed_with(algorithm: algos.SignedDigestAlgorithm) -> str | None:
    try:
        kind, digest = signatures.kind_and_digest(algorithm)
    except NotSupported:
        return None
    return f"{kind}-{digest}" if digest else kind


def certificate_info(certificate: x509.Certificate, chains: Chains | None = None) -> CertificateInfo | None:
    """A certificate for the report; None where it can't be read."""
    try:
        kind, size = kind_of_key(certificate.public_key)
        return CertificateInfo(
            subject=shown_name(certificate.subject),
            issuer=shown_name(certificate.issuer),
            common_name=_part(certificate.subject, "common_name"),
            organisation=_part(certificate.subject, "organization_name"),
            title=_part(certificate.subject, "title"),
            serial_number=f"{certificate.serial_number:x}",
            not_before=certificate.not_valid_before,
            not_after=certificate.not_valid_after,
            sha256=certificate.sha256.hex(),
            key=f"{kind}-{size}" if size else kind,
            key_usages=_key_usages(certificate),
            signed_with=_signed_with(certificate["signature_algorithm"]),
            seal=_SEAL in (_part(certificate.subject, _DESCRIPTION) or "").casefold(),
            trusted=chains is not None and chains.is_anchor(certificate),
        )
    except ODD_INPUT:
        return None
