"""How a holder gets a key and its certificate.

The key is made on the token, its request goes to a CA, and what comes back is put beside the key.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from asn1crypto import csr, keys, x509

from esign.ca.authority import Secret
from esign.ca.pkcs11 import values
from esign.ca.pkcs11.certificates import unfit
from esign.errors import CredentialExists, RequestInvalid, SignerUnknown
from esign.x509 import chains
from esign.x509.encoding import read_certificate
from esign.x509.keys import KeyAlgorithm
from esign.x509.rejection import UNREADABLE
from esign.x509.trust import TrustStore

if TYPE_CHECKING:  # what needs the binding
    from esign.ca.pkcs11.session import Session, StoredKey


@dataclass(frozen=True)
class Entry:
    """A key or certificate on a token, in words."""

    what: str
    """``private key``, ``public key`` or ``certificate``."""
    label: str
    id: bytes
    says: str
    """Kind and size of a key; whose a certificate is, and until when."""


def generate(session: "Session", label: str, algorithm: KeyAlgorithm, *, each_time: bool = False) -> bytes:
    """Makes a key pair for signing; gives its CKA_ID, which is random.

    ``each_time``: it wants the PIN for each signature. There may be keys of the same label before it if all have
    certificates: so certificates are renewed.
    Raises `CredentialExists` where a key of that label still waits for its certificate, `TokenTrouble`.
    """
    waiting = [key for key in session.private_keys(label) if not session.certificates(None, key.id)]
    if waiting:
        raise CredentialExists
    owner = secrets.token_bytes(16)
    session.generate(algorithm, label, owner, each_time=each_time)
    return owner


def request(session: "Session", label: str, subject: bytes, pin: Secret) -> bytes:
    """A certificate request (PKCS #10, RFC 2986; DER) for the newest key of that label, signed by it.

    ``subject`` is a Name (DER). Raises `SignerUnknown` where there is no such key, `TokenTrouble`.
    """
    key = _awaiting(session, label)
    public = key.public
    if public is None:
        raise SignerUnknown
    info = csr.CertificationRequestInfo(
        {"version": "v1", "subject": x509.Name.load(subject), "subject_pk_info": public, "attributes": []}
    )
    algorithm = "sha256" if public.algorithm == "rsa" or public.bit_size <= 256 else "sha384"
    digest = hashlib.new(algorithm, info.dump()).digest()
    value = values.value(public, session.sign(key, values.to_be_signed(public, digest, algorithm), pin))
    kind = f"{algorithm}_{'rsa' if public.algorithm == 'rsa' else 'ecdsa'}"
    made = csr.CertificationRequest(
        {"certification_request_info": info, "signature_algorithm": {"algorithm": kind}, "signature": value}
    )
    encoded: bytes = made.dump()
    return encoded


def keep(
    session: "Session", label: str, found: Sequence[x509.Certificate], trust: TrustStore, now: datetime
) -> x509.Certificate:
    """Puts a certificate beside its key, and the issuers that came with it where trust does not know them.

    It must be for a key of that label, fit for signing documents, valid now or later, and lead to a trusted root.
    Raises `RequestInvalid`, `TokenTrouble`.
    """
    own = [each for each in found if not each.ca]
    if len(own) != 1:
        raise RequestInvalid(field="certificate", reason=f"{len(own)} certificates of a holder in the file, not one")
    certificate = own[0]
    reason = unfit(certificate)
    if reason is None and certificate.not_valid_after < now:
        reason = f"it expired on {certificate.not_valid_after:%Y-%m-%d}"
    if reason is not None:
        raise RequestInvalid(field="certificate", reason=reason)
    issuers = [each for each in found if each.ca]
    chain = chains.build(certificate, trust, issuers)
    if chain is None:
        raise RequestInvalid(field="certificate", reason="it leads to no trusted root (ESIGN_TRUST_FILES)")
    key = _key_for(session, label, certificate)
    there = {each.der for each in session.certificates()}
    if certificate.dump() not in there:
        session.store(certificate, label, key.id)
    known = {each.dump() for each in trust}
    for issuer in chain[1:]:
        if issuer.dump() not in known | there:
            session.store(issuer, str(issuer.subject.native.get("common_name", "CA")), issuer.sha256[:16])
    return certificate


def contents(session: "Session") -> list[Entry]:
    """What is on the token; private keys only where somebody is logged in. Raises `TokenTrouble`."""
    found = [Entry("private key", key.label, key.id, _kind(key.public)) for key in session.private_keys()]
    found += [Entry("public key", label, owner, _kind(public)) for label, owner, public in session.public_keys()]
    for each in session.certificates():
        try:
            certificate = read_certificate(each.der)
            says = f"{certificate.subject.human_friendly}, until {certificate.not_valid_after:%Y-%m-%d}"
        except UNREADABLE:
            says = "can't be read"
        found.append(Entry("certificate", each.label, each.id, says))
    return sorted(found, key=lambda entry: (entry.label, entry.id, entry.what))


def _awaiting(session: "Session", label: str) -> "StoredKey":
    """The key that has no certificate yet, else the only one."""
    found = session.private_keys(label)
    waiting = [key for key in found if not session.certificates(None, key.id)]
    if not found or (not waiting and len(found) > 1):
        raise SignerUnknown
    return (waiting or list(found))[0]


def _key_for(session: "Session", label: str, certificate: x509.Certificate) -> "StoredKey":
    wanted = certificate.public_key.dump()
    for key in session.private_keys(label):
        if key.public is not None and key.public.dump() == wanted:
            return key
    raise RequestInvalid(field="certificate", reason=f"it is for no key with the label {label} on this token")


def _kind(public: keys.PublicKeyInfo | None) -> str:
    return "?" if public is None else f"{public.algorithm} {public.bit_size}"
