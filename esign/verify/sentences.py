"""The plain sentences of a report, one per signature and one for the file, in Indonesian and in English."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from esign.verify.report import (
    ChangeState,
    Finding,
    Level,
    Report,
    Sentence,
    SignatureKind,
    SignatureReport,
    SubIndication,
    TimestampInfo,
    Verdict,
)

_MONTHS_ID = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)
_MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def moment_in_words(moment: datetime, zone: tzinfo = UTC) -> Sentence:
    """A time in that zone, written out."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # anybody may claim the year 9999
        local = moment
    return Sentence(
        id=f"{local.day} {_MONTHS_ID[local.month - 1]} {local.year} pukul {local:%H.%M} {local.tzname()}",
        en=f"{local.day} {_MONTHS_EN[local.month - 1]} {local.year} at {local:%H:%M} {local.tzname()}",
    )


def in_zone(report: Report, zone: tzinfo) -> Report:
    """The same report for readers in another zone: only the times in its sentences are told otherwise."""
    retold = tuple(
        signature.model_copy(
            update={
                "sentence": of_signature(
                    signature.kind,
                    signature.verdict,
                    signature.sub_indication,
                    signer=signature.signer.common_name if signature.signer is not None else None,
                    proven=signature.proven_time,
                    claimed=signature.claimed_time,
                    level=signature.level,
                    permitted=signature.changes.state is ChangeState.PERMITTED,
                    stated=stated_time(signature.timestamps),
                    findings=signature.findings,
                    sealed=signature.signer is not None and signature.signer.seal,
                    zone=zone,
                )
            }
        )
        for signature in report.signatures
    )
    sentence = of_file(report.verdict, retold, report.findings)
    return report.model_copy(update={"signatures": retold, "sentence": sentence})


_REASONS: dict[SubIndication, Sentence] = {
    SubIndication.FORMAT_FAILURE: Sentence(
        id="Tanda tangan ini rusak atau dipalsukan: susunannya tidak sesuai dengan bagian berkas yang ditandatangani.",
        en="This signature is broken or forged: its structure does not fit the part of the file that was signed.",
    ),
    SubIndication.HASH_FAILURE: Sentence(
        id="Isi berkas berubah setelah tanda tangan ini dibuat.",
        en="The file was changed after this signature was made.",
    ),
    SubIndication.SIG_CRYPTO_FAILURE: Sentence(
        id="Tanda tangan ini tidak dibuat dengan kunci sertifikat yang disebutkannya.",
        en="This signature was not made with the key of the certificate that it names.",
    ),
    SubIndication.REVOKED: Sentence(
        id="Sertifikat penanda tangan sudah dicabut ketika tanda tangan ini dibuat.",
        en="The signer's certificate was already revoked when this signature was made.",
    ),
    SubIndication.EXPIRED: Sentence(
        id="Masa berlaku sertifikat sudah habis ketika tanda tangan ini dibuat.",
        en="The certificate had expired when this signature was made.",
    ),
    SubIndication.NOT_YET_VALID: Sentence(
        id="Tanda tangan ini dibuat sebelum sertifikatnya berlaku.",
        en="This signature was made before its certificate was valid.",
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: Sentence(
        id="Berkas tidak berubah sejak ditandatangani, tetapi sertifikatnya bukan dari penyelenggara yang kami kenal.",
        en="The file is unchanged since it was signed, but the certificate is not from an authority that we know.",
    ),
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE: Sentence(
        id="Rantai sertifikat penanda tangan tidak sesuai aturan penyelenggaranya.",
        en="The signer's certificate chain breaks the rules of its authority.",
    ),
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: Sentence(
        id="Sertifikat ini tidak diperuntukkan bagi penandatanganan dokumen.",
        en="This certificate is not meant for signing documents.",
    ),
    SubIndication.SIG_CONSTRAINTS_FAILURE: Sentence(
        id="Tanda tangan ini tidak memenuhi salah satu syarat pemeriksaan, "
        "misalnya cara menyebut sertifikat penanda tangannya.",
        en="This signature does not meet a demand of this check, such as how it names its signer's certificate.",
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: Sentence(
        id="Berkas tidak berubah, tetapi cara penandatanganannya (algoritme atau panjang kunci) terlalu lemah.",
        en="The file is unchanged, but the way it was signed (algorithm or key size) is too weak.",
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: Sentence(
        id="Algoritme tanda tangan ini sudah tidak aman, dan tidak terbukti dibuat ketika masih aman.",
        en="The algorithm of this signature is no longer safe, and it isn't proven to be from when it was.",
    ),
    SubIndication.REVOKED_NO_POE: Sentence(
        id="Sertifikat penanda tangan sudah dicabut, dan tidak terbukti bahwa tanda tangan dibuat sebelum itu.",
        en="The signer's certificate is revoked, and nothing proves that the signature was made before.",
    ),
    SubIndication.REVOKED_CA_NO_POE: Sentence(
        id="Sertifikat penerbitnya sudah dicabut, dan tidak terbukti bahwa tanda tangan dibuat sebelum itu.",
        en="The issuer's certificate is revoked, and nothing proves that the signature was made before.",
    ),
    SubIndication.OUT_OF_BOUNDS_NO_POE: Sentence(
        id="Berkas tidak berubah, tetapi sertifikatnya sudah habis masa berlaku; "
        "apakah sertifikat berlaku ketika tanda tangan dibuat tidak dapat dibuktikan lagi.",
        en="The file is unchanged, but a certificate has expired; "
        "whether it was valid when the signature was made can no longer be proven.",
    ),
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED: Sentence(
        id="Berkas tidak berubah, dan sertifikatnya tidak dicabut selama berlaku; tetapi kini sudah habis masa "
        "berlakunya, dan tidak terbukti bahwa tanda tangan dibuat sebelum itu.",
        en="The file is unchanged, and the certificate was not revoked while it was valid; but it has expired, and "
        "nothing proves that the signature was made before.",
    ),
    SubIndication.TRY_LATER: Sentence(
        id="Berkas tidak berubah, tetapi data pencabutan sertifikat yang cukup baru belum diperoleh. Coba lagi nanti.",
        en="The file is unchanged, but revocation data that are recent enough could not be had. Try again later.",
    ),
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: Sentence(
        id="Sertifikat penanda tangan tidak ada dalam berkas.",
        en="The signer's certificate is not in the file.",
    ),
}

_OUT_OF_BOUNDS = (SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)
_UNDERSTOOD = Sentence(
    id="Ada tanda tangan dalam bentuk yang tidak kami kenal; kami tidak dapat memeriksanya.",
    en="There is a signature in a form that we don't know; we can't examine it.",
)
_UNREADABLE = Sentence(
    id="Ada sisa tanda tangan yang tidak dapat dibaca lagi: berkas rusak atau terpotong. Mintalah berkas yang utuh.",
    en="What is left of a signature can't be read: the file is damaged or cut off. Ask for the whole file.",
)
_OTHER = Sentence(
    id="Keabsahan tanda tangan ini tidak dapat dipastikan.",
    en="Whether this signature is valid can't be settled.",
)


def of_signature(
    kind: SignatureKind,
    verdict: Verdict,
    sub_indication: SubIndication | None,
    *,
    signer: str | None,
    proven: datetime | None,
    claimed: datetime | None,
    level: Level | None,
    permitted: bool,
    stated: datetime | None = None,
    findings: tuple[Finding, ...] = (),
    sealed: bool = False,
    zone: tzinfo = UTC,
) -> Sentence:
    """What is said of one signature, times in ``zone``. ``permitted``: the file was changed later, as it allows.

    ``stated``: see `stated_time`. ``sealed``: the certificate is of a seal.
    """
    if kind is SignatureKind.NOT_UNDERSTOOD and sub_indication is not SubIndication.FORMAT_FAILURE:
        return _UNDERSTOOD
    if any(item.code == "signature.unreadable" for item in findings):
        return _UNREADABLE
    if not verdict.good:
        if sub_indication in _OUT_OF_BOUNDS and proven is None and stated is not None:
            when = moment_in_words(stated, zone)
            return _not_revoked(when) if sub_indication is _OUT_OF_BOUNDS[1] else _expired(when)
        return _bad(verdict, sub_indication, proven, zone)
    if kind is SignatureKind.DOCUMENT_TIMESTAMP:
        return _stamped(proven, zone)
    who_id, who_en = (signer or "penanda tangan tak bernama"), (signer or "an unnamed signer")
    when = _when(proven, claimed, zone)
    later = _later() if permitted else Sentence(id="", en="")
    suffix = f" ({level.value})" if level is not None else ""
    if verdict is Verdict.INTACT:
        return Sentence(
            id=f"Isi berkas tidak berubah sejak {'segel' if sealed else 'tanda tangan'} atas nama {who_id}{when.id}; "
            f"sertifikatnya tidak diperiksa.{later.id}",
            en=f"The file is unchanged since the {'seal' if sealed else 'signature'} in the name of {who_en}{when.en}; "
            f"the certificate was not examined.{later.en}",
        )
    done_id, done_en = ("disegel", "sealed") if sealed else ("ditandatangani", "signed")
    return Sentence(
        id=f"{done_id.capitalize()} oleh {who_id}{when.id}; tidak berubah sejak {done_id}{suffix}.{later.id}",
        en=f"{done_en.capitalize()} by {who_en}{when.en}; unchanged since it was {done_en}{suffix}.{later.en}",
    )


def stated_time(timestamps: Iterable[TimestampInfo]) -> datetime | None:
    """The earliest time that a time-stamp states which is intact and of a trusted authority, and has only expired."""
    expired = [each for each in timestamps if each.imprint_intact and each.sub_indication in _OUT_OF_BOUNDS]
    times = [each.time for each in expired if each.time]
    return min(times, default=None)


def _expired(when: Sentence) -> Sentence:
    return Sentence(
        id=f"Berkas tidak berubah sejak penanda waktu tertanggal {when.id}; "
        "apakah sertifikat berlaku ketika itu tidak dapat dibuktikan lagi.",
        en=f"The file is unchanged since the time-stamp of {when.en}; "
        "whether the certificate was valid then can no longer be proven.",
    )


def _not_revoked(when: Sentence) -> Sentence:
    return Sentence(
        id=f"Berkas tidak berubah sejak penanda waktu tertanggal {when.id}, dan sertifikat tidak dicabut ketika itu; "
        "tetapi sertifikat penanda waktunya sudah habis masa berlaku, sehingga waktu itu tidak dapat dibuktikan lagi.",
        en=f"The file is unchanged since the time-stamp of {when.en}, and the certificate was not revoked then; "
        "but the time-stamp's certificates have expired, so that time can no longer be proven.",
    )


def _bad(verdict: Verdict, sub_indication: SubIndication | None, proven: datetime | None, zone: tzinfo) -> Sentence:
    reason = _REASONS.get(sub_indication, _OTHER) if sub_indication is not None else _OTHER
    if verdict is Verdict.INDETERMINATE and proven is not None:
        when = moment_in_words(proven, zone)
        return Sentence(
            id=f"{reason.id} Tanda tangan ini terbukti sudah ada pada {when.id}.",
            en=f"{reason.en} The signature is proven to have existed on {when.en}.",
        )
    return reason


def _when(proven: datetime | None, claimed: datetime | None, zone: tzinfo) -> Sentence:
    if proven is not None:
        when = moment_in_words(proven, zone)
        return Sentence(
            id=f", terbukti dengan penanda waktu pada {when.id}", en=f", proven by a time-stamp on {when.en}"
        )
    if claimed is not None:
        when = moment_in_words(claimed, zone)
        return Sentence(id=f", menurut penanda tangan pada {when.id}", en=f", on {when.en} as the signer says")
    return Sentence(id="", en="")


def _later() -> Sentence:
    return Sentence(
        id=" Sesudah itu hanya ada tambahan yang diizinkan.", en=" What was added later is of the permitted kind."
    )


def _stamped(proven: datetime | None, zone: tzinfo) -> Sentence:
    if proven is None:
        return Sentence(id="Penanda waktu dokumen ini utuh.", en="This document time-stamp is intact.")
    when = moment_in_words(proven, zone)
    return Sentence(
        id=f"Seluruh isi sampai di sini terbukti sudah ada pada {when.id}.",
        en=f"Everything up to here is proven to have existed on {when.en}.",
    )


def of_file(verdict: Verdict, signatures: tuple[SignatureReport, ...], findings: tuple[Finding, ...]) -> Sentence:
    """What is said of the whole file; it names the signature that caused a bad verdict."""
    if verdict is Verdict.NOT_EXAMINED:
        return _not_examined(findings)
    if verdict is Verdict.UNSIGNED:
        if signatures:
            return Sentence(
                id="Berkas ini tidak ditandatangani siapa pun; hanya diberi penanda waktu.",
                en="Nobody has signed this file; it is only time-stamped.",
            )
        return Sentence(
            id="Berkas ini tidak memuat tanda tangan elektronik.", en="This file carries no electronic signature."
        )
    signed = [item for item in signatures if item.kind is SignatureKind.SIGNATURE]
    if verdict.good:
        count = len(signed)
        if verdict is Verdict.INTACT:
            return Sentence(
                id=f"Berkas tidak berubah sejak ditandatangani ({count} tanda tangan); sertifikatnya tidak diperiksa.",
                en=f"The file is unchanged since it was signed (signatures: {count}); certificates were not examined.",
            )
        return Sentence(
            id=f"Semua tanda tangan sah ({count}), dan berkas tidak berubah sejak ditandatangani.",
            en=f"All signatures are valid ({count}), and the file is unchanged since it was signed.",
        )
    cause = next((item for item in signatures if item.verdict is verdict), None)
    if cause is None:
        return _of_findings(findings)
    name = f" ({cause.field})" if cause.field else ""
    return Sentence(id=f"Tanda tangan{name}: {cause.sentence.id}", en=f"Signature{name}: {cause.sentence.en}")


def _not_examined(findings: tuple[Finding, ...]) -> Sentence:
    if any(item.code == "file.locked" for item in findings):
        return Sentence(
            id="Berkas ini dikunci dengan kata sandi, sehingga tidak dapat diperiksa.",
            en="This file is locked with a password, so it can't be examined.",
        )
    return Sentence(
        id="Berkas ini tidak dapat diperiksa seluruhnya, sehingga tidak dapat dinyatakan asli.",
        en="This file could not be examined wholly, so it can't be called genuine.",
    )


def _of_findings(findings: tuple[Finding, ...]) -> Sentence:
    if any(item.code.startswith("active.") for item in findings):
        return Sentence(
            id="Berkas ini berisi bagian aktif, sehingga yang ditampilkan dapat berubah tanpa diketahui.",
            en="This file has active content, so what it shows can change unnoticed.",
        )
    if any(item.code in ("xref.hybrid_conflict", "file.beginning") for item in findings):
        return Sentence(
            id="Aplikasi pembaca yang berbeda akan menampilkan isi berkas ini secara berbeda.",
            en="Different readers would show different contents of this file.",
        )
    return _OTHER
