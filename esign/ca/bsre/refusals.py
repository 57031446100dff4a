"""What the service's refusals mean here (contract, section 6): codes first, then its words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from esign.ca.authority import CredentialStatus, Secret
from esign.ca.exchange import Answer
from esign.errors import (
    AuthorityNotAdmitted,
    AuthorityRefused,
    AuthorityUnavailable,
    CredentialExpired,
    CredentialMissing,
    CredentialNotYetValid,
    CredentialRevoked,
    CredentialSuspended,
    CredentialUnusable,
    EsignError,
    SignerUnknown,
    SigningOutcomeUnknown,
    WrongCode,
    WrongPassphrase,
)

_OLD_CODE = re.compile(r"\b([1-4]\d{3})\s*$")
"""Older builds put the code behind the words, and 400 in its place."""
_NUMBERS = re.compile(r"\d{8,}")
_ADDRESSES = re.compile(r"\S+@\S+")
_LONGEST = 160
_STATUS_OF_CODE = {
    1111: CredentialStatus.ISSUE,
    1110: CredentialStatus.NOT_REGISTERED,
    2011: CredentialStatus.NOT_REGISTERED,
    2021: CredentialStatus.NO_CERTIFICATE,
    2022: CredentialStatus.EXPIRED,
    2023: CredentialStatus.RENEW,
    2024: CredentialStatus.SUSPEND,
    2025: CredentialStatus.REVOKE,
}
_WRONG_SECRET = 2031
_OF_CODES = re.compile(r"\b(?:totp|otp|kode)\b", re.IGNORECASE)
_OF_PASSPHRASES = re.compile(r"\bpassphrase\b", re.IGNORECASE)
_WRONG = re.compile(
    r"salah|tidak (?:valid|sesuai|cocok|berlaku|sama)|invalid|expired|kadaluarsa|kedaluwarsa", re.IGNORECASE
)
_UNKNOWN = re.compile(r"(?:user|pengguna|nik|penanda ?tangan)\b.{0,40}tidak (?:terdaftar|ditemukan)", re.IGNORECASE)
_WITHOUT = re.compile(r"tidak memiliki sertifikat", re.IGNORECASE)
_INACTIVE = re.compile(r"sertifikat\b.{0,40}tidak aktif", re.IGNORECASE)
_OVER = re.compile(r"sertifikat\b.{0,40}(?:expired|kadaluarsa|kedaluwarsa)", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """What was asked of the service, as far as its answer has to be understood by it."""

    authority: str
    """Our name for it."""
    signing: bool = False
    """Letters were to be signed by it."""
    coded: bool = False
    """It was given a one-time code instead of a passphrase."""
    secrets: Sequence[Secret] = ()
    """What it may echo, and nobody else may read: passphrase, code, NIK."""


def refused(answer: Answer, asked: Asked) -> EsignError:
    """The error for an answer that is not what was asked for."""
    code, text = _said(answer)
    if answer.status == 401 or (answer.status == 403 and code is None):
        return AuthorityNotAdmitted(authority=asked.authority)
    known = _known(code, text, asked)
    if known is not None:
        return known
    if code is not None or answer.status == 200:
        reason = cleaned(text, asked.secrets) or (f"code {code}" if code is not None else "its answer says nothing")
        return AuthorityRefused(authority=asked.authority, reason=reason)
    return _of_status(answer.status, cleaned(text, asked.secrets), asked)


def _of_status(status: int, text: str, asked: Asked) -> EsignError:
    """The error for an answer that says nothing of its own."""
    if status in (408, 429, 503) or (status >= 500 and not asked.signing):
        return AuthorityUnavailable(authority=asked.authority)
    if status in (502, 504):  # somebody between: whether the service itself went on is not known
        return SigningOutcomeUnknown(authority=asked.authority)
    if status >= 500:
        reason = f"it failed without a reason ({status}), and gave no signed file"
        if asked.coded:
            reason += "; the one-time code may be used up"
        return AuthorityRefused(authority=asked.authority, reason=reason)
    if 300 <= status < 400:
        return AuthorityRefused(authority=asked.authority, reason=f"it sends elsewhere ({status}): is its url right?")
    return AuthorityRefused(authority=asked.authority, reason=text or f"status {status}")


def _known(code: int | None, text: str, asked: Asked) -> EsignError | None:
    """The error that a code or, where there is none that is known, the words stand for."""
    if code == _WRONG_SECRET:
        return WrongCode() if asked.coded else WrongPassphrase()
    status = _STATUS_OF_CODE.get(code) if code is not None else None
    if status is not None and status is not CredentialStatus.ISSUE:
        return unusable(status)
    if _WRONG.search(text):
        if asked.coded and _OF_CODES.search(text):
            return WrongCode()
        if not asked.coded and _OF_PASSPHRASES.search(text):
            return WrongPassphrase()
    for pattern, found in (
        (_UNKNOWN, CredentialStatus.NOT_REGISTERED),
        (_WITHOUT, CredentialStatus.NO_CERTIFICATE),
        (_OVER, CredentialStatus.EXPIRED),
    ):
        if pattern.search(text):
            return unusable(found)
    return CredentialUnusable(state="tidak aktif") if _INACTIVE.search(text) else None


def unusable(status: CredentialStatus, not_before: str = "?", not_after: str = "?") -> EsignError:
    """The error of a signer whose certificate is in that state, which is not ISSUE."""
    match status:
        case CredentialStatus.NOT_REGISTERED:
            return SignerUnknown()
        case CredentialStatus.NO_CERTIFICATE:
            return CredentialMissing()
        case CredentialStatus.EXPIRED:
            return CredentialExpired(not_after=not_after)
        case CredentialStatus.NEW:
            return CredentialNotYetValid(not_before=not_before)
        case CredentialStatus.SUSPEND:
            return CredentialSuspended()
        case CredentialStatus.REVOKE:
            return CredentialRevoked()
        case _:
            return CredentialUnusable(state=status.value)


def told_status(answer: Answer, asked: Asked) -> CredentialStatus:
    """The state of a certificate that an answer tells. Raises what `refused` gives.

    The service says it with 200, of whomever; another status with a code of its own is understood as well.
    """
    told = answer.told or {}
    inner = told.get("data")
    word = told.get("status") or told.get("userStatus") or (inner.get("status") if isinstance(inner, dict) else None)
    found = status_of(word, _said(answer)[0]) if answer.status != 401 else None
    if found is not None:
        return found
    if answer.status == 200 and isinstance(word, str):
        reason = f"its word for the signer's state is unknown: {cleaned(word, asked.secrets)}"
        raise AuthorityRefused(authority=asked.authority, reason=reason)
    raise refused(answer, asked)


def status_of(word: object, code: object) -> CredentialStatus | None:
    """The state of a certificate in the service's word, else by its code; None for what is not known."""
    if isinstance(word, str) and word.strip().upper() in CredentialStatus.__members__:
        return CredentialStatus[word.strip().upper()]
    number = _number(code)
    return None if number is None else _STATUS_OF_CODE.get(number)


def cleaned(text: str, secrets: Sequence[Secret] = ()) -> str:
    """The service's words on one line, without what might tell a person or a secret."""
    line = "".join(each if each.isprintable() else " " for each in text)
    for secret in secrets:
        value = secret.reveal()
        if value:
            line = re.sub(re.escape(value), "…", line, flags=re.IGNORECASE)
    line = _ADDRESSES.sub("…", _NUMBERS.sub("…", line))
    return " ".join(line.split())[:_LONGEST].rstrip(" .")


def _said(answer: Answer) -> tuple[int | None, str]:
    """The service's own code and words; neither where what answers is not the service's own code."""
    told = answer.told or {}
    text = next((value for key in ("error", "message") if isinstance(value := told.get(key), str) and value), "")
    code = _number(told.get("status_code"))
    if code is None:
        return None, "" if "timestamp" in told else text
    old = _OLD_CODE.search(text) if code < 1000 else None
    return (int(old[1]), text) if old else (code, text)


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6 else None
