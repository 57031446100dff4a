"""Detached CMS signatures of operators (RFC 5652), as ``openssl cms -sign -binary -outform DER`` makes them."""

import hashlib
from collections.abc import Collection
from datetime import datetime

from asn1crypto import cms, pem, x509

from esign.x509 import der, signatures
from esign.x509.encoding import as_found
from esign.x509.rejection import UNREADABLE, Rejected

_DIGESTS = ("sha256", "sha384", "sha512")


def check(signature: bytes, data: bytes, signers: Collection[str], at: datetime | None = None) -> x509.Certificate:
    """Checks that ``data`` is signed by one whose certificate has one of the fingerprints ``signers``; gives it.

    ``signers`` are SHA-256 in small hexadecimal; the certificate is in the message. Trusted by its fingerprint, it
    needs no chain; with ``at`` it must be valid then. Raises `Rejected`.
    """
    try:
        if signature.lstrip().startswith(b"-----BEGIN"):
            _, _, signature = pem.unarmor(signature)
        return _check(signature, data, signers, at)
    except UNREADABLE as error:
        raise Rejected("it can't be read") from error


def _check(signature: bytes, data: bytes, signers: Collection[str], at: datetime | None) -> x509.Certificate:
    info = cms.ContentInfo.load(signature, strict=True)
    if info["content_type"].native != "signed_data":
        raise Rejected("it is no SignedData")
    message = info["content"]
    if message["encap_content_info"]["content"].native is not None:
        raise Rejected("it brings its own content along")
    if len(message["signer_infos"]) != 1:
        raise Rejected("it is not by exactly one signer")
    signer = message["signer_infos"][0]
    known = [
        choice.chosen
        for choice in message["certificates"] or ()
        if choice.name == "certificate" and hashlib.sha256(as_found(choice.chosen)).hexdigest() in signers
    ]
    certificate = next((each for each in known if _is_named(each, signer["sid"])), None)
    if certificate is None:
        raise Rejected("it is by nobody whose fingerprint is configured")
    if at is not None and not certificate.not_valid_before <= at <= certificate.not_valid_after:
        raise Rejected("the signer's certificate is not valid now")
    digest_name = signer["digest_algorithm"]["algorithm"].native
    if digest_name not in _DIGESTS:
        raise Rejected(f"its digest is {digest_name}")
    attributes = signer["signed_attrs"]
    if not attributes or not attributes.contents:
        raise Rejected("it has no signed attributes")
    values = [each["values"] for each in attributes if each["type"].native == "message_digest"]
    digests = [value.native for each in values for value in each]
    if digests != [hashlib.new(digest_name, data).digest()]:
        raise Rejected("it is for other data")
    algorithm = signer["signature_algorithm"]
    signed = der.tlv(0x31, attributes.contents)
    signatures.verify(certificate, algorithm, signer["signature"].native, signed, digest_name)
    return certificate


def _is_named(certificate: x509.Certificate, identifier: cms.SignerIdentifier) -> bool:
    if identifier.name == "subject_key_identifier":
        return bool(certificate.key_identifier == identifier.chosen.native)
    chosen = identifier.chosen
    return bool(certificate.serial_number == chosen["serial_number"].native and certificate.issuer == chosen["issuer"])
