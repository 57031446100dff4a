"""The certificates that the service tells of a signer (contract, section 4.6): what they are is for us to find out."""

import base64
import binascii
from collections.abc import Sequence

from asn1crypto import x509

from esign.ca.bsre.refusals import Asked
from esign.ca.exchange import Answer
from esign.errors import AuthorityNotAdmitted
from esign.x509 import chains
from esign.x509.rejection import UNREADABLE
from esign.x509.trust import TrustStore, read_certificates

_MOST = 16


def certificates_in(answer: Answer, asked: Asked) -> list[x509.Certificate]:
    """Those in an answer, each once; none where it has none that can be read, as the service need not tell any.

    Raises `AuthorityNotAdmitted`.
    """
    if answer.status == 401:
        raise AuthorityNotAdmitted(authority=asked.authority)
    told = answer.told
    data = told.get("data") if answer.status == 200 and told is not None else None
    values = data if isinstance(data, list) else [data]
    found: dict[bytes, x509.Certificate] = {}
    for value in values[:_MOST]:
        if isinstance(value, str):
            found.update((each.dump(), each) for each in _read(value))
    return list(found.values())


def _read(value: str) -> list[x509.Certificate]:
    """PEM, or DER in base64."""
    try:
        text = value.encode("ascii")
        if b"-----BEGIN" not in text:
            text = base64.b64decode(text, validate=False)
        return read_certificates(text)[:_MOST]
    except (*UNREADABLE, UnicodeEncodeError, binascii.Error):
        return []


def own_of(found: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """The signer's own among them: the one that issues no other and is no CA's; None where that is not one."""
    leaves = [each for each in found if not each.ca and not any(_issued(each, other) for other in found)]
    return leaves[0] if len(leaves) == 1 else None


def _issued(issuer: x509.Certificate, other: x509.Certificate) -> bool:
    return issuer is not other and chains.names_as_issuer(other, issuer)


def issuers_of(
    certificate: x509.Certificate, trust: TrustStore, others: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...] | None:
    """Its issuers to a trusted root, nearest first; None where it leads to none."""
    chain = chains.build(certificate, trust, others)
    return None if chain is None else chain[1:]
