"""The dev CA's time-stamp authority (RFC 3161, RFC 5816)."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

from asn1crypto import tsp, x509

from esign.ca.dev.authorities import Authorities, OwnCertificate
from esign.ca.dev.hierarchy import Issuer, Service
from esign.ca.dev.profiles import TIMESTAMP_POLICY
from esign.errors import EsignError, TimestampUnavailable
from esign.x509 import der, keys

LARGEST_REQUEST = 8 * 1024

_DIGEST_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
"""What is stamped; everything else is badAlg."""
_DIGEST_SIZES_BY_IDENTIFIER = {
    der.oid(der.DIGEST_OIDS[name]) + parameters: size
    for name, size in _DIGEST_SIZES.items()
    for parameters in (b"", der.NULL)
}
"""The same by the contents of AlgorithmIdentifiers."""

_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_TST_INFO = der.oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE = der.sequence(der.oid("1.2.840.113549.1.9.3"), der.set_of(_TST_INFO))
_MESSAGE_DIGEST = der.oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = der.oid("1.2.840.113549.1.9.16.2.47")

_VERSION_1, _VERSION_3 = der.integer(1), der.integer(3)
_SHA256 = der.digest_algorithm("sha256")
_POLICY = der.oid(TIMESTAMP_POLICY)
_ACCURACY = der.sequence(der.integer(1))
"""One second: the times are whole seconds."""


class Failure(IntEnum):
    """PKIFailureInfo: the number of the bit (RFC 3161, 2.4.2)."""

    BAD_ALG = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    SYSTEM_FAILURE = 25


class _RefusedRequestError(Exception):
    def __init__(self, failure: Failure, text: str) -> None:
        self.failure = failure
        self.text = text


class TimestampAuthority:
    """Makes time-stamps; implements `esign.x509.sources.TimestampSource` in the same process."""

    def __init__(self, authorities: Authorities) -> None:
        self._authorities = authorities

    def token(self, digest: bytes, digest_algorithm: str) -> bytes:
        """A TimeStampToken over ``digest``, its certificate and its issuer's inside. Raises `TimestampUnavailable`."""
        if _DIGEST_SIZES.get(digest_algorithm) != len(digest):
            raise ValueError(f"no {digest_algorithm} digest of {len(digest)} octets")
        imprint = der.sequence(der.digest_algorithm(digest_algorithm), der.octet_string(digest))
        try:
            return self._token(imprint, b"", with_certificates=True)
        except EsignError as error:
            raise TimestampUnavailable from error

    def certificates(self) -> Sequence[x509.Certificate]:
        """The chain of the certificate that signs tokens, leaf first, the root included."""
        return (
            self._authorities.own(Service.TIMESTAMPS).certificate,
            *self._authorities.chain(Issuer.PERSONS),
        )

    def reply(self, request: bytes) -> bytes:
        """The TimeStampResp (DER) to a TimeStampReq; a refusal is an answer too."""
        try:
            imprint, nonce, with_certificates = _parse(request)
            token = self._token(imprint, nonce, with_certificates=with_certificates)
        except _RefusedRequestError as refused:
            return failure(refused.failure, refused.text)
        except EsignError:
            return failure(Failure.SYSTEM_FAILURE, "the time-stamp authority is out of order")
        return der.sequence(der.sequence(der.integer(0)), token)

    def _token(self, imprint: bytes, nonce: bytes, *, with_certificates: bool) -> bytes:
        own, key = self._authorities.own(Service.TIMESTAMPS), self._authorities.key(Service.TIMESTAMPS)
        info = _info(imprint, nonce, self._authorities.now())
        attributes = (
            _CONTENT_TYPE,
            der.sequence(_MESSAGE_DIGEST, der.set_of(der.octet_string(hashlib.sha256(info).digest()))),
            der.sequence(_SIGNING_CERTIFICATE_V2, der.set_of(_signing_certificate(own))),
        )
        signature = keys.sign_digest(key, hashlib.sha256(der.set_of(*attributes)).digest(), "sha256")
        signer = der.sequence(
            _VERSION_1,
            der.sequence(own.issuer_name, der.integer(own.serial)),
            _SHA256,
            der.explicit(0, *sorted(attributes)),
            keys.signature_algorithm(key, "sha256"),
            der.octet_string(signature),
        )
        certificates = b""
        if with_certificates:
            issuer = self._authorities.own(Issuer.PERSONS)
            certificates = der.explicit(0, *sorted((own.der, issuer.der)))
        signed_data = der.sequence(
            _VERSION_3,
            der.set_of(_SHA256),
            der.sequence(_TST_INFO, der.explicit(0, der.octet_string(info))),
            certificates,
            der.set_of(signer),
        )
        return der.sequence(_SIGNED_DATA, der.explicit(0, signed_data))


def failure(reason: Failure, text: str) -> bytes:
    """A TimeStampResp that refuses (status 2, rejection)."""
    octet, bit = divmod(reason, 8)
    flags = der.tlv(0x03, bytes([7 - bit]), bytes(octet), bytes([0x80 >> bit]))
    return der.sequence(der.sequence(der.integer(2), der.sequence(der.utf8_string(text)), flags))


def _info(imprint: bytes, nonce: bytes, now: datetime) -> bytes:
    serial = der.integer(secrets.randbits(127) | 1 << 127)
    return der.sequence(_VERSION_1, _POLICY, imprint, serial, der.generalized_time(now), _ACCURACY, nonce)


def _signing_certificate(own: OwnCertificate) -> bytes:
    """SigningCertificateV2 with the default SHA-256 (RFC 5035, section 3; RFC 5816)."""
    names = der.sequence(der.explicit(4, own.issuer_name))
    identifier = der.sequence(
        der.octet_string(hashlib.sha256(own.der).digest()), der.sequence(names, der.integer(own.serial))
    )
    return der.sequence(der.sequence(identifier))


def _parse(request: bytes) -> tuple[bytes, bytes, bool]:
    """The MessageImprint and the nonce (DER; empty without one), and whether certificates are wanted."""
    if len(request) > LARGEST_REQUEST:
        raise _RefusedRequestError(Failure.BAD_DATA_FORMAT, "the request is too large")
    try:
        query = tsp.TimeStampReq.load(request, strict=True)
        version = int(query["version"])
        identifier = query["message_imprint"]["hash_algorithm"].contents
        digest = query["message_imprint"]["hashed_message"].native
        policy = query["req_policy"].native
        nonce = query["nonce"].native
        with_certificates = bool(query["cert_req"].native)
        extended = len(query["extensions"]) > 0
    except (ValueError, TypeError, KeyError) as error:
        raise _RefusedRequestError(Failure.BAD_DATA_FORMAT, "not a TimeStampReq") from error
    if version != 1:
        raise _RefusedRequestError(Failure.BAD_REQUEST, "the version must be 1")
    size = _DIGEST_SIZES_BY_IDENTIFIER.get(identifier)
    if size is None:
        raise _RefusedRequestError(Failure.BAD_ALG, f"only {', '.join(_DIGEST_SIZES)} are time-stamped")
    if len(digest) != size:
        raise _RefusedRequestError(Failure.BAD_DATA_FORMAT, "the digest does not fit its algorithm")
    if policy not in {None, TIMESTAMP_POLICY}:
        raise _RefusedRequestError(Failure.UNACCEPTED_POLICY, f"the policy is {TIMESTAMP_POLICY}")
    if extended:
        raise _RefusedRequestError(Failure.UNACCEPTED_EXTENSION, "no extension is understood")
    # The identifier stays as it came, with or without NULL; all else is written anew, so nothing malformed is signed.
    imprint = der.sequence(der.sequence(identifier), der.octet_string(digest))
    return imprint, b"" if nonce is None else der.integer(nonce), with_certificates
