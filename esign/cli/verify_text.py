"""A report as text for a terminal."""

from datetime import datetime

from esign.verify.report import Report, SignatureReport, Verdict

_VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.GENUINE: ("ASLI", "GENUINE"),
    Verdict.INTACT: ("UTUH", "INTACT"),
    Verdict.ALTERED: ("BERUBAH", "ALTERED"),
    Verdict.INVALID: ("TIDAK SAH", "INVALID"),
    Verdict.NOT_EXAMINED: ("TIDAK DAPAT DIPERIKSA", "NOT EXAMINED"),
    Verdict.UNTRUSTED: ("PENERBIT TIDAK DIKENAL", "UNTRUSTED"),
    Verdict.INDETERMINATE: ("BELUM PASTI", "INDETERMINATE"),
    Verdict.UNSIGNED: ("TIDAK BERTANDA TANGAN", "UNSIGNED"),
}
_LABELS = {
    "id": {
        "signature": "Tanda tangan",
        "signer": "Penanda tangan",
        "issuer": "Penerbit",
        "proven": "Terbukti pada",
        "claimed": "Menurut penanda tangan",
        "level": "Tingkat",
        "result": "Hasil",
        "later": "Sesudahnya",
        "noticed": "Temuan",
        "page": "halaman",
    },
    "en": {
        "signature": "Signature",
        "signer": "Signer",
        "issuer": "Issuer",
        "proven": "Proven at",
        "claimed": "Claimed",
        "level": "Level",
        "result": "Result",
        "later": "Later",
        "noticed": "Noticed",
        "page": "page",
    },
}


def as_text(name: str, report: Report, language: str) -> str:
    """The report on a file as lines of text, in ``id`` or ``en``."""
    word = _VERDICTS[report.verdict][0 if language == "id" else 1]
    sentence = report.sentence.id if language == "id" else report.sentence.en
    lines = [f"{plain(name)}: {word}", f"  {sentence}"]
    for number, signature in enumerate(report.signatures, 1):
        lines += _signature(number, signature, language)
    noticed = [finding for finding in report.findings if finding.severity != "inform"]
    label = _LABELS[language]["noticed"]
    lines += [f"  {label}: {plain(finding.message)} ({finding.code})" for finding in noticed]
    return "\n".join(lines)


def _signature(number: int, signature: SignatureReport, language: str) -> list[str]:
    labels = _LABELS[language]
    result = signature.indication.value
    if signature.sub_indication is not None:
        result += f" / {signature.sub_indication.value}"
    rows: list[tuple[str, str | None]] = [
        ("signer", signature.signer.subject if signature.signer else None),
        ("issuer", signature.signer.issuer if signature.signer else None),
        ("proven", _time(signature.proven_time)),
        ("claimed", _time(signature.claimed_time) if signature.proven_time is None else None),
        ("level", signature.level.value if signature.level else None),
        ("result", result),
    ]
    sentence = signature.sentence.id if language == "id" else signature.sentence.en
    lines = [f"  {labels['signature']} {number} ({plain(signature.field or '?')}): {plain(sentence)}"]
    lines += [f"    {labels[key]}: {plain(value)}" for key, value in rows if value]
    for finding in signature.changes.list[:8]:
        where = f", {labels['page']} {finding.page}" if finding.page is not None else ""
        lines.append(f"    {labels['later']}: {plain(finding.message)}{where}")
    lines += [f"    {labels['noticed']}: {plain(finding.message)}" for finding in signature.findings[:8]]
    return lines


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def plain(text: str) -> str:
    """The text without control characters: what a hostile file says must not reach the terminal raw."""
    return "".join(character if character.isprintable() else "?" for character in text)
