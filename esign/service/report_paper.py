"""The report on a file as a document to print and keep: both proofs, every signature, and what was not checked.

Indonesian first, English second. It says nothing that the answer doesn't say.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from esign.pades.document import document
from esign.service.sheets import Sheets
from esign.service.told import RegisterStatus
from esign.service.views import FileAnswer
from esign.verify import sentences
from esign.verify.detailed import DetailedReport, SignatureDetails
from esign.verify.report import ChangeState, Report, SignatureKind, SignatureReport
from esign.verify.steps import Outcome

TITLE = "Laporan pemeriksaan berkas / File verification report"
MAX_SIGNATURES = 50
"""Signatures told on paper; the other forms have all."""
_MAX_LISTED = 12

_REGISTER: dict[RegisterStatus, tuple[str, str]] = {
    RegisterStatus.IN_FORCE: ("terdaftar dan berlaku", "registered and in force"),
    RegisterStatus.EXTENDED: ("terdaftar dan berlaku, tanpa tambahan pada berkas", "registered, without the additions"),
    RegisterStatus.WITHDRAWN: ("terdaftar, sudah dicabut", "registered, withdrawn"),
    RegisterStatus.REPLACED: ("terdaftar, sudah diganti", "registered, replaced"),
    RegisterStatus.OTHER_FILE: ("kode milik surat lain", "the code belongs to another letter"),
    RegisterStatus.OTHER_SIGNER: ("tanda tangan tidak seperti terdaftar", "not signed as registered"),
    RegisterStatus.UNKNOWN: ("tidak terdaftar di layanan ini", "not registered with this service"),
    RegisterStatus.UNAVAILABLE: ("buku register tidak dapat dibuka", "the register could not be asked"),
}
_KINDS: dict[SignatureKind, str] = {
    SignatureKind.SIGNATURE: "tanda tangan / signature",
    SignatureKind.DOCUMENT_TIMESTAMP: "penanda waktu / time-stamp",
    SignatureKind.NOT_UNDERSTOOD: "tidak dikenal / not understood",
}
_CHANGES: dict[ChangeState, str] = {
    ChangeState.NONE: "tidak ada / none",
    ChangeState.PERMITTED: "hanya yang diizinkan / permitted ones only",
    ChangeState.SUSPICIOUS: "ada yang tidak diizinkan / not permitted",
}


def report_paper(answer: FileAnswer, zone: ZoneInfo, service: str, *, sealed: bool) -> bytes:
    """The report as PDF, its times in ``zone``.

    ``service`` is the address of the service. ``sealed``: it will carry the service's seal, and says so.
    """
    report = sentences.in_zone(answer.report, zone)
    sheets = Sheets()
    sheets.text("Laporan pemeriksaan berkas", 17, strong=True)
    sheets.text("File verification report", 11)
    sheets.rule(line=1.2)
    _result(sheets, answer)
    _file(sheets, report, zone)
    _proofs(sheets, answer, report, zone)
    for number, item in enumerate(report.signatures[:MAX_SIGNATURES], 1):
        _signature(sheets, number, item, zone)
    if len(report.signatures) > MAX_SIGNATURES:
        sheets.text(f"… {len(report.signatures)} tanda tangan seluruhnya / signatures in all", before=6)
    _unchecked(sheets, answer, report)
    _origin(sheets, service, sealed=sealed)
    return document(sheets.pages(f"{service}  ·  SHA-256 {report.sha256}"), title=TITLE, created=report.at)


def _result(sheets: Sheets, answer: FileAnswer) -> None:
    told = answer.told
    sheets.text(told.headline["id"], 14, strong=True, before=12)
    sheets.text(told.headline["en"], 10)
    sheets.text(told.sentence["id"], before=5)
    sheets.text(told.sentence["en"], 8.5)
    sheets.text(told.next_step["id"], before=5)
    sheets.text(told.next_step["en"], 8.5)


def _file(sheets: Sheets, report: Report, zone: ZoneInfo) -> None:
    _heading(sheets, "Berkas yang diperiksa", "The file")
    sheets.row("SHA-256", report.sha256)
    sheets.row("Ukuran / Size", f"{report.size:,} bita / bytes".replace(",", "."))
    sheets.row("Diperiksa pada / Checked", _both(report.at, zone))
    sheets.row("Kebijakan / Policy", f"{report.policy}  (SHA-256 {report.policy_sha256})")
    sheets.row("Akar yang dipercaya / Trusted roots", f"SHA-256 {report.trust_sha256}")
    sheets.row("Revisi / Revisions", str(report.revisions))


def _proofs(sheets: Sheets, answer: FileAnswer, report: Report, zone: ZoneInfo) -> None:
    _heading(sheets, "Bukti pertama: berkas itu sendiri", "First proof: the file itself")
    sheets.text(report.sentence.id)
    sheets.text(report.sentence.en, 8.5)
    sheets.row("Hasil / Verdict", report.verdict.value, strong=True)
    _heading(sheets, "Bukti kedua: buku register", "Second proof: the register")
    indonesian, english = _REGISTER[answer.register_status]
    sheets.row("Status", f"{indonesian} / {english}", strong=True)
    letter = answer.letter
    if letter is not None:
        sheets.row("Instansi / Agency", letter.agency.name)
        if letter.number is not None:
            sheets.row("Nomor / Number", letter.number)
        if letter.date is not None:
            sheets.row("Tanggal / Date", letter.date.isoformat())
        else:
            sheets.row("Terdaftar sejak / Registered", _both(letter.registered_at, zone))
        if letter.subject is not None:
            sheets.row("Perihal / Subject", letter.subject)


def _signature(sheets: Sheets, number: int, item: SignatureReport, zone: ZoneInfo) -> None:
    if number == 1:
        _heading(sheets, "Tanda tangan di dalam berkas", "Signatures in the file")
    name = item.signer.common_name if item.signer is not None else None
    sheets.text(f"{number}.  {name or '?'}", 10, strong=True, before=9, keep=70)
    sheets.text(item.sentence.id, indent=14)
    sheets.text(item.sentence.en, 8.5, indent=14)
    result = item.indication.value if item.sub_indication is None else f"{item.indication} / {item.sub_indication}"
    signer = item.signer
    rows = [
        ("Jenis, bidang / Kind, field", f"{_KINDS[item.kind]}, {item.field or '–'}"),
        ("Hasil / Indication", result),
        ("Tingkat / Level", item.level.value if item.level is not None else None),
        ("Instansi / Organisation", signer.organisation if signer is not None else None),
        ("Penerbit / Issuer", signer.issuer if signer is not None else None),
        ("Sertifikat / Certificate", f"SHA-256 {signer.sha256}" if signer is not None else None),
        ("Terbukti ada pada / Proven at", _both(item.proven_time, zone) if item.proven_time else None),
        ("Menurut penanda tangan / Claimed", _both(item.claimed_time, zone) if item.claimed_time else None),
        ("Perubahan sesudahnya / Later changes", _CHANGES[item.changes.state]),
        ("Yang ditandatangani / What was signed", f"SHA-256 {item.signed_sha256}" if item.signed_sha256 else None),
    ]
    for label, value in rows:
        if value is not None:
            sheets.row(label, value, indent=14)
    for finding in (*item.changes.list, *item.findings)[:_MAX_LISTED]:
        page = f", halaman / page {finding.page}" if finding.page is not None else ""
        sheets.row("Temuan / Finding", f"{finding.message}{page} ({finding.code})", indent=14)


def _unchecked(sheets: Sheets, answer: FileAnswer, report: Report) -> None:
    _heading(sheets, "Yang tidak diperiksa atau tidak diketahui", "What was not checked, or is not known")
    _item(
        sheets,
        "Apakah isi surat itu benar.",
        "Whether what the letter says is true.",
    )
    if answer.register_status is not RegisterStatus.IN_FORCE:
        _item(
            sheets,
            "Apakah penanda tangan berwenang menerbitkan surat ini.",
            "Whether the signer had the authority to issue this letter.",
        )
    if any(item.kind is SignatureKind.SIGNATURE and item.proven_time is None for item in report.signatures):
        _item(
            sheets,
            "Kapan tanda tangan tanpa penanda waktu dibuat; waktunya hanya menurut penanda tangan.",
            "When signatures without a trusted time-stamp were made; the time is the signer's own word.",
        )
    for request in report.missing[:_MAX_LISTED]:
        _item(
            sheets,
            f"Data yang tidak diperoleh: {request.kind} untuk {request.subject}",
            f"Data that could not be had: {request.kind} for {request.subject}",
        )
    for finding in report.findings[:_MAX_LISTED]:
        _item(sheets, f"Catatan tentang berkas: {finding.code}", f"{finding.message}")
    if answer.detailed is not None:
        _skipped(sheets, answer.detailed)


def _skipped(sheets: Sheets, detailed: DetailedReport) -> None:
    """The checks that validation did not come to, because an earlier one settled the matter."""
    for item in detailed.signatures[:_MAX_LISTED]:
        asked = [check for block in item.blocks for check in block.checks if check.outcome is Outcome.NOT_REACHED]
        if asked:
            _item(
                sheets,
                f"Pada tanda tangan {item.number}, {len(asked)} dari {_count(item)} pemeriksaan tidak dijalankan: "
                + " ".join(check.question.id for check in asked),
                f"Of signature {item.number}, {len(asked)} of {_count(item)} checks were not reached: "
                + ", ".join(check.code for check in asked),
            )


def _count(item: SignatureDetails) -> int:
    return sum(len(block.checks) for block in item.blocks)


def _origin(sheets: Sheets, service: str, *, sealed: bool) -> None:
    sheets.rule(before=12)
    if sealed:
        indonesian = f"Laporan ini disegel secara elektronik oleh {service}. Yang berlaku adalah berkas PDF-nya."
        english = f"This report is sealed electronically by {service}. It is the PDF file that counts."
    else:
        indonesian = f"Laporan ini dibuat oleh {service} dan tidak disegel: siapa pun dapat membuat yang serupa."
        english = f"This report was made by {service} and is not sealed: anybody could make one like it."
    sheets.text(indonesian, 8.5, before=6, keep=44)
    sheets.text(english, 8.5)


def _heading(sheets: Sheets, indonesian: str, english: str) -> None:
    sheets.text(indonesian, 11.5, strong=True, before=15, keep=60)
    sheets.text(english, 8.5)
    sheets.rule(before=3, line=0.25)


def _item(sheets: Sheets, indonesian: str, english: str) -> None:
    sheets.text(f"–  {indonesian}", 9, before=3, indent=6, keep=24)
    sheets.text(english, 8, indent=16)


def _both(moment: datetime, zone: ZoneInfo) -> str:
    words = sentences.moment_in_words(moment, zone)
    return f"{words.id} / {words.en}"
