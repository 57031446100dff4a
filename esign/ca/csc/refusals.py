"""What a provider's refusals mean here.

Of what a provider says, only the words of the specification are passed on: it may repeat the PIN that it refuses.
"""

from collections.abc import Collection

from esign.ca.csc.messages import refusal
from esign.ca.csc.terms import Kind
from esign.ca.exchange import Answer
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    CredentialUnusable,
    EsignError,
    WrongCode,
    WrongPassphrase,
)

_OK = (200, 201, 204)

_OF_TOKENS = frozenset({"expired_token", "invalid_token"})
_OF_CLIENTS = frozenset({"unauthorized_client", "invalid_client", "invalid_scope", "invalid_grant"})
_OF_SERVERS = frozenset({"temporarily_unavailable", "server_error"})
_KNOWN = frozenset(
    {
        "access_denied",
        "authentication_error",
        "expired_sad",
        "invalid_authentication_data",
        "invalid_hash",
        "invalid_otp",
        "invalid_pin",
        "invalid_request",
        "invalid_sad",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)
_SENTENCES = frozenset(
    {
        "Digest not allowed",
        "Empty hash array",
        "Hash is not authorized by the SAD",
        "Invalid Base64 hash string parameter",
        "Invalid digest value length",
        "Invalid parameter SAD",
        "Invalid parameter authObjectID",
        "Invalid parameter credentialID",
        "Invalid parameter hashAlgo",
        "Invalid parameter hashAlgorithmOID",
        "Invalid parameter nonce",
        "Invalid parameter signAlgo",
        "Invalid value for parameter numSignatures",
        "Numbers of signatures is too high",
        "SAD expired",
        "Signing certificate is expired",
    }
)


def good(answer: Answer) -> bool:
    """Whether what was asked for was done."""
    return answer.status in _OK


def token_is_bad(answer: Answer) -> bool:
    """Whether another access token may help."""
    return answer.status == 401 or (answer.status == 400 and refusal(answer).error in _OF_TOKENS)


def outcome_is_open(answer: Answer) -> bool:
    """Whether a provider that was asked to sign may have signed all the same: it broke down over it.

    501 and 503 are answered before the work (v2, 10.1).
    """
    return answer.status >= 500 and answer.status not in (501, 503)


def concerns_credential(answer: Answer) -> bool:
    """Whether it says that there is no such credential."""
    said = refusal(answer)
    return answer.status in (400, 404) and "credentialID" in said.error_description


def refused(answer: Answer, authority: str, given: Collection[Kind] = ()) -> EsignError:
    """The error for an answer that is not `good`; ``given`` are the factors that were sent along."""
    said = refusal(answer)
    sentence = said.error_description.rstrip(".")
    if token_is_bad(answer) or said.error in _OF_CLIENTS:
        return AuthorityNotAdmitted(authority=authority)
    if answer.status >= 500 or answer.status == 429 or said.error in _OF_SERVERS:
        return AuthorityUnavailable(authority=authority)
    if "locked" in sentence.lower():
        return CredentialUnusable(state="LOCKED")
    if "is disabled" in sentence.lower():
        return CredentialUnusable(state="DISABLED")
    if sentence == "Signing certificate is expired":
        return CredentialUnusable(state="EXPIRED")
    if said.error == "invalid_pin":
        return WrongPassphrase()
    if said.error == "invalid_otp":
        return WrongCode()
    if said.error == "invalid_authentication_data":
        return WrongCode() if _of_code(sentence, given) else WrongPassphrase()
    if answer.status == 403 and said.error not in _KNOWN:
        return AuthorityNotAdmitted(authority=authority)
    return AuthorityRefused(authority=authority, reason=_reason(answer.status, said.error, sentence))


def _reason(status: int, error: str, sentence: str) -> str:
    if sentence in _SENTENCES:
        return sentence
    return error if error in _KNOWN else f"status {status}"


def _of_code(sentence: str, given: Collection[Kind]) -> bool:
    """Whether v2, which has one word for all authentication data, means the code."""
    return Kind.PASSPHRASE not in given if len(given) == 1 else "OTP" in sentence.upper()
