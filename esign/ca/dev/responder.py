"""The dev CA's OCSP responders (RFC 6960; RFC 9654 for nonces; RFC 5019 for what may be cached)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import ClassVar

from asn1crypto import core, ocsp

from esign.ca.dev.authorities import Authorities
from esign.ca.dev.database import Database, Entry
from esign.ca.dev.hierarchy import RESPONDERS, Issuer
from esign.errors import RevocationUnavailable
from esign.x509 import der, keys
from esign.x509.ocsp import key_hash
from esign.x509.revocation import RevocationReason

LIFETIME = timedelta(hours=4)
"""nextUpdate − thisUpdate."""

LARGEST_REQUEST = 8 * 1024
MOST_CERTIFICATES = 16
"""In one request."""

_NONCE_LENGTHS = range(1, 129)
"""RFC 9654, 2.1."""

_BASIC = der.oid("1.3.6.1.5.5.7.48.1.1")
_NONCE_OID = "1.3.6.1.5.5.7.48.1.2"
_ARCHIVE_CUTOFF = der.oid("1.3.6.1.5.5.7.48.1.6")


_DIGEST_NAMES = {
    der.oid(dotted) + parameters: name for name, dotted in der.DIGEST_OIDS.items() for parameters in (b"", der.NULL)
}
"""By the contents of AlgorithmIdentifiers."""


class Failure(IntEnum):
    """The answers without a signature (RFC 6960, 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6
    """None of our certificates is asked about (RFC 5019, 2.2.3)."""


@dataclass(frozen=True)
class Reply:
    """An OCSPResponse, and until when it may be cached."""

    der: bytes
    this_update: datetime | None = None
    next_update: datetime | None = None
    """None for a failure, or for an answer with a nonce: those are nobody else's."""


@dataclass(frozen=True)
class _Question:
    issuer: Issuer
    serial: int
    certificate_id: bytes


class _RefusedRequestError(Exception):
    def __init__(self, failure: Failure) -> None:
        self.failure = failure


class Responders:
    """Answers for all issuers, each through its own delegated responder."""

    def __init__(self, database: Database, authorities: Authorities) -> None:
        self._database = database
        self._authorities = authorities

    def reply(self, request: bytes) -> Reply:
        """The answer to an OCSPRequest (DER). Malformed and foreign ones are answered too, as the RFC has it."""
        try:
            questions, nonce = self._parse(request)
        except _RefusedRequestError as refused:
            return Reply(failure(refused.failure))
        now = self._authorities.now()
        response = self._respond(questions, nonce, now)
        return Reply(response) if nonce else Reply(response, now, now + LIFETIME)

    def status(self, issuer: Issuer, serial: int) -> bytes:
        """The OCSPResponse for one certificate, its CertID by SHA-256. Raises `RevocationUnavailable` if unknown."""
        with self._database.reading() as register:
            if register.of_serial(issuer, serial) is None:
                raise RevocationUnavailable
        own = self._authorities.own(issuer)
        certificate_id = der.sequence(
            der.digest_algorithm("sha256"),
            der.octet_string(hashlib.sha256(own.subject).digest()),
            der.octet_string(key_hash(own.certificate, "sha256")),
            der.integer(serial),
        )
        return self._respond([_Question(issuer, serial, certificate_id)], None, self._authorities.now())

    def _respond(self, questions: list[_Question], nonce: bytes | None, now: datetime) -> bytes:
        issuer = questions[0].issuer
        with self._database.reading() as register:
            entries = [register.of_serial(question.issuer, question.serial) for question in questions]
        role = RESPONDERS[issuer]
        responder, key = self._authorities.own(role), self._authorities.key(role)
        begin = der.generalized_time(self._authorities.own(Issuer.ROOT).certificate.not_valid_before)
        # RFC 6960, 4.4.4: expired certificates are answered for, from the CA's first day on.
        cutoff = der.explicit(1, der.sequence(der.sequence(_ARCHIVE_CUTOFF, der.octet_string(begin))))
        time, until = der.generalized_time(now), der.explicit(0, der.generalized_time(now + LIFETIME))
        answers = [
            der.sequence(question.certificate_id, _state(entry), time, until, cutoff)
            for question, entry in zip(questions, entries, strict=True)
        ]
        extensions = b""
        if nonce is not None:
            extensions = der.explicit(1, der.sequence(der.sequence(der.oid(_NONCE_OID), der.octet_string(nonce))))
        data = der.sequence(der.explicit(1, responder.subject), time, der.sequence(*answers), extensions)
        signature = keys.sign_digest(key, hashlib.sha256(data).digest(), "sha256")
        basic = der.sequence(
            data,
            keys.signature_algorithm(key, "sha256"),
            der.bit_string(signature),
            der.explicit(0, der.sequence(responder.der)),
        )
        return der.sequence(der.enumerated(0), der.explicit(0, der.sequence(_BASIC, der.octet_string(basic))))

    def _parse(self, request: bytes) -> tuple[list[_Question], bytes | None]:
        """Its questions, and the value of its nonce extension as it came."""
        if len(request) > LARGEST_REQUEST:
            raise _RefusedRequestError(Failure.MALFORMED_REQUEST)
        try:
            body = ocsp.OCSPRequest.load(request, strict=True)["tbs_request"]
            asked = [_Asked.read(single["req_cert"]) for single in body["request_list"]]
            nonce = _nonce(body["request_extensions"])
        except (ValueError, TypeError, KeyError) as error:
            raise _RefusedRequestError(Failure.MALFORMED_REQUEST) from error
        if not 1 <= len(asked) <= MOST_CERTIFICATES:
            raise _RefusedRequestError(Failure.MALFORMED_REQUEST)
        questions = [_Question(self._issuer(single), single.serial, single.der) for single in asked]
        # One signature for all, and each responder is authorised by one issuer only.
        if len({question.issuer for question in questions}) != 1:
            raise _RefusedRequestError(Failure.UNAUTHORIZED)
        return questions, nonce

    def _issuer(self, asked: "_Asked") -> Issuer:
        for issuer in Issuer:
            own = self._authorities.own(issuer)
            if hashlib.new(asked.digest_algorithm, own.subject).digest() != asked.name_hash:
                continue
            if key_hash(own.certificate, asked.digest_algorithm) == asked.key_hash:
                return issuer
        raise _RefusedRequestError(Failure.UNAUTHORIZED)


@dataclass(frozen=True)
class _Asked:
    """A CertID of a request."""

    digest_algorithm: str
    name_hash: bytes
    key_hash: bytes
    serial: int
    der: bytes
    """Written anew, so that nothing malformed is ever signed."""

    @classmethod
    def read(cls, identifier: ocsp.CertId) -> "_Asked":
        algorithm = identifier["hash_algorithm"].contents
        # NULL parameters or none, as the client has it: some compare the whole identifier.
        name = _DIGEST_NAMES.get(algorithm)
        if name is None:
            raise _RefusedRequestError(Failure.UNAUTHORIZED)
        name_hash, hash_of_key = identifier["issuer_name_hash"].native, identifier["issuer_key_hash"].native
        serial = identifier["serial_number"].native
        encoded = der.sequence(
            der.sequence(algorithm), der.octet_string(name_hash), der.octet_string(hash_of_key), der.integer(serial)
        )
        return cls(name, name_hash, hash_of_key, serial, encoded)


def failure(reason: Failure) -> bytes:
    """An OCSPResponse without an answer."""
    return der.sequence(der.enumerated(reason))


def _state(entry: Entry | None) -> bytes:
    if entry is None:
        return der.implicit(2, b"")
    if entry.revoked_at is None or entry.reason is None:
        return der.implicit(0, b"")
    reason = b""
    if entry.reason is not RevocationReason.UNSPECIFIED:
        reason = der.explicit(0, der.enumerated(entry.reason.number))
    return der.explicit(1, der.generalized_time(entry.revoked_at), reason)


def _nonce(extensions: ocsp.TBSRequestExtensions) -> bytes | None:
    """The value of the nonce extension as it came. Raises ValueError for what can't be answered."""
    nonce: bytes | None = None
    # Some clients forget the OCTET STRING inside, which asn1crypto's own type insists on; what came is echoed.
    for extension in _Extensions(contents=extensions.contents or b""):
        if extension["extn_id"].dotted == _NONCE_OID:
            value: bytes = extension["extn_value"].native
            if len(_inner_octets(value)) not in _NONCE_LENGTHS:
                raise ValueError("a nonce has 1 to 128 octets")
            nonce = value
        elif extension["critical"].native:
            raise ValueError("a critical extension is not understood")
    return nonce


def _inner_octets(value: bytes) -> bytes:
    try:
        return bytes(core.OctetString.load(value, strict=True).native)
    except ValueError:
        return value


class _Extension(core.Sequence):  # type: ignore[misc]
    """RFC 5280, 4.1, its value left as octets."""

    _fields: ClassVar = [
        ("extn_id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("extn_value", core.OctetString),
    ]


class _Extensions(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Extension
