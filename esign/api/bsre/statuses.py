"""The state of a certificate, in the numbers and sentences of BSrE's service (contract, sections 4.4 and 6)."""

from typing import NamedTuple

from pydantic import JsonValue

from esign.ca.authority import CredentialStatus


class _Word(NamedTuple):
    code: int
    message: str


_WORDS: dict[CredentialStatus, _Word] = {
    CredentialStatus.ISSUE: _Word(1111, "User sudah terdaftar dan memiliki sertifikat dengan status ISSUE"),
    CredentialStatus.NOT_REGISTERED: _Word(2011, "User tidak terdaftar"),
    CredentialStatus.NO_CERTIFICATE: _Word(2021, "User sudah terdaftar tetapi tidak memiliki sertifikat"),
    CredentialStatus.WAITING_FOR_VERIFICATION: _Word(
        2021, "User tidak memiliki sertifikat aktif: pendaftarannya menunggu verifikasi"
    ),
    CredentialStatus.NEW: _Word(2021, "Sertifikat tidak aktif: sudah terbit tetapi belum dapat dipakai"),
    CredentialStatus.EXPIRED: _Word(2022, "Sertifikat user expired: masa berlakunya sudah habis"),
    CredentialStatus.RENEW: _Word(2023, "Sertifikat tidak aktif: sedang dalam proses pembaruan"),
    CredentialStatus.SUSPEND: _Word(2024, "Sertifikat tidak aktif: sedang ditangguhkan"),
    CredentialStatus.REVOKE: _Word(2025, "Sertifikat tidak aktif: sudah dicabut"),
}


def answer(status: CredentialStatus) -> dict[str, JsonValue]:
    """The whole answer to a question for that state. ``1111`` stands for ISSUE alone: clients sign by it."""
    code, message = _WORDS[status]
    return {"status_code": code, "status": status.value, "message": message}
