"""Every refusal that esign can give, in one catalogue.

Each error has a stable code, an HTTP status (RFC 9110) and one sentence a person can act on, in
Indonesian and in English. The sentences are templates over the error's details; details are public
and must never hold a passphrase, a one-time code or a NIK.
"""

from collections.abc import Iterator
from typing import ClassVar

Detail = str | int | float | bool | None


class EsignError(Exception):
    """The base of all refusals: something that a caller can name, show and act on."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    indonesian: ClassVar[str] = "Terjadi kesalahan di dalam layanan. Hubungi pengelola dan sebutkan nomor permintaan."
    english: ClassVar[str] = "Something went wrong inside the service. Tell the operator the request id."
    retry_after: ClassVar[int | None] = None
    """Seconds after which trying again is sensible; None where trying again changes nothing."""

    def __init__(self, **details: Detail) -> None:
        self.details = details
        super().__init__(self.code)

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence('en')}"

    def sentence(self, language: str) -> str:
        """The sentence in ``id`` or ``en``, with the details filled in."""
        template = self.indonesian if language == "id" else self.english
        return template.format_map(_Details(self.details))


class _Details(dict[str, Detail]):
    """Shows a detail that was not given as a question mark: a sentence never fails to be said."""

    def __missing__(self, key: str) -> str:
        return "?"


def catalogue() -> Iterator[type[EsignError]]:
    """All errors, the base included, each once, in the order of their definition."""
    pending: list[type[EsignError]] = [EsignError]
    while pending:
        error = pending.pop(0)
        yield error
        pending.extend(error.__subclasses__())


def by_code(code: str) -> type[EsignError]:
    """The error with that code; the base itself for a code that is unknown."""
    return next((error for error in catalogue() if error.code == code), EsignError)


# --- the letter that came in -------------------------------------------------------------------


class LetterError(EsignError):
    """The PDF that was handed in can't be signed."""

    code = "letter.unusable"
    status = 422
    indonesian = "Berkas ini tidak dapat dipakai sebagai surat: {reason}."
    english = "This file can't be used as a letter: {reason}."


class NotAPdf(LetterError):
    """The first 1,024 bytes hold no ``%PDF-`` header."""

    code = "letter.not_pdf"
    status = 415
    indonesian = "Berkas ini bukan PDF. Simpan surat sebagai PDF lalu kirim lagi."
    english = "This file is not a PDF. Save the letter as PDF and send it again."


class LetterTruncated(LetterError):
    """The file ends before its cross-reference, or the cross-reference leads nowhere."""

    code = "letter.truncated"
    indonesian = "PDF ini rusak atau terpotong: {reason}. Buat ulang dari aplikasi asalnya."
    english = "This PDF is damaged or cut off: {reason}. Make it anew from the application it came from."


class LetterTooLarge(LetterError):
    """More bytes than the limit."""

    code = "letter.too_large"
    status = 413
    indonesian = "Berkas lebih besar dari batas {limit} byte."
    english = "The file is larger than the limit of {limit} bytes."


class LetterTooManyPages(LetterError):
    """More pages than the limit."""

    code = "letter.too_many_pages"
    indonesian = "Surat ini {pages} halaman; batasnya {limit}."
    english = "This letter has {pages} pages; the limit is {limit}."


class LetterWithoutPages(LetterError):
    """The page tree holds no page."""

    code = "letter.no_pages"
    indonesian = "PDF ini tidak mempunyai halaman."
    english = "This PDF has no pages."


class LetterEncrypted(LetterError):
    """A user password is needed to open it."""

    code = "letter.encrypted"
    indonesian = "PDF ini dikunci dengan kata sandi. Kirim berkas tanpa kata sandi."
    english = "This PDF is locked with a password. Send it without one."


class LetterActiveContent(LetterError):
    """What is shown could change without a change of bytes (verification.md, rule 10)."""

    code = "letter.active_content"
    indonesian = (
        "PDF ini berisi {kind}, sehingga isinya dapat berubah tanpa diketahui. Hapus bagian itu lalu kirim lagi."
    )
    english = "This PDF contains {kind}, so what it shows can change unnoticed. Remove it and send the letter again."


class LetterXfa(LetterActiveContent):
    """An XFA form."""

    code = "letter.xfa"
    indonesian = "PDF ini formulir XFA, yang tidak dapat ditandatangani. Cetak ke PDF biasa lebih dahulu."
    english = "This PDF is an XFA form, which can't be signed. Print it to an ordinary PDF first."


class LetterCertified(LetterError):
    """An earlier certification signature forbids any change (DocMDP P=1)."""

    code = "letter.certified_no_changes"
    status = 409
    indonesian = "Surat ini sudah disahkan dengan larangan perubahan, sehingga tanda tangan tidak dapat ditambahkan."
    english = "This letter is certified against any change, so no signature can be added."


class LetterCertifiedWithoutRoom(LetterCertified):
    """An earlier certification allows signing of prepared fields only, and none was prepared for this signer."""

    code = "letter.certified_no_new_fields"
    indonesian = "Surat ini sudah disahkan tanpa menyiapkan kolom tanda tangan {field}, sehingga kolom itu tidak dapat ditambahkan."
    english = "This letter was certified without preparing the signature field {field}, so that field can't be added."


class LetterAlreadySigned(LetterError):
    """A certification must be the first signature (ISO 32000-2, 12.8.2.2)."""

    code = "letter.already_signed"
    status = 409
    indonesian = (
        "Surat ini sudah bertanda tangan, sehingga tidak dapat disahkan dengan kolom bagi penanda tangan berikutnya."
    )
    english = "This letter already carries a signature, so it can't be certified with fields for those who follow."


class LetterSignatureBroken(LetterError):
    """A signature that is already in it does not hold."""

    code = "letter.broken_signature"
    status = 409
    indonesian = "Tanda tangan yang sudah ada pada surat ini tidak sah; surat tidak ditandatangani lagi."
    english = "A signature that this letter already carries does not hold; it is not signed again."


class LetterNotExamined(LetterError):
    """A limit of time or memory was reached while the file was read."""

    code = "letter.not_examined"
    indonesian = "Berkas ini tidak dapat diperiksa dalam batas waktu dan memori. Buat ulang dengan lebih sederhana."
    english = "This file could not be examined within the limits of time and memory. Make a simpler one."
    partial: tuple[object, ...] = ()
    """What the task had told of it before, as JSON values."""


# --- where the stamp goes ----------------------------------------------------------------------


class PlacementError(EsignError):
    """The stamp can't go where it was asked to."""

    code = "placement.impossible"
    status = 422
    indonesian = "Cap tidak dapat ditempatkan: {reason}."
    english = "The stamp can't be placed: {reason}."


class TagMissing(PlacementError):
    """The tag is not in the text of the letter."""

    code = "placement.tag_missing"
    indonesian = "Penanda {tag} tidak ada dalam teks surat."
    english = "The tag {tag} is not in the text of the letter."


class TagAmbiguous(PlacementError):
    """The tag is there more than once, and no occurrence was chosen."""

    code = "placement.tag_ambiguous"
    indonesian = "Penanda {tag} ada {count} kali. Sisakan satu, atau sebutkan yang keberapa."
    english = "The tag {tag} is there {count} times. Leave one, or say which occurrence."


class TagCrowded(PlacementError):
    """A stamp over the tag would cover other marks of the page, such as the printed name."""

    code = "placement.tag_crowded"
    indonesian = (
        "Cap pada penanda {tag} akan menutupi isi surat. Beri ruang kosong {width} × {height} poin di sekitarnya."
    )
    english = "A stamp on the tag {tag} would cover the letter's text. Leave {width} × {height} points free around it."


class PageOutOfRange(PlacementError):
    """The letter has no such page."""

    code = "placement.page_out_of_range"
    indonesian = "Halaman {page} tidak ada; surat ini {pages} halaman."
    english = "There is no page {page}; the letter has {pages} pages."


class BoxOffPage(PlacementError):
    """The box is not wholly on the page. Numbers are points of the page as displayed."""

    code = "placement.off_page"
    indonesian = "Kotak cap [{left}, {bottom}, {right}, {top}] keluar dari halaman selebar {page_width} dan setinggi {page_height} poin."
    english = (
        "The stamp's box [{left}, {bottom}, {right}, {top}] leaves the page of {page_width} by {page_height} points."
    )


class BoxTooSmall(PlacementError):
    """The QR code in this box would be too small to be read from paper."""

    code = "placement.too_small"
    indonesian = "Kotak cap {width} × {height} poin terlalu kecil; paling sedikit {min_width} × {min_height}."
    english = "The stamp's box of {width} × {height} points is too small; it needs at least {min_width} × {min_height}."


class BoxOccupied(PlacementError):
    """The box covers another stamp or signature field."""

    code = "placement.occupied"
    indonesian = "Kotak cap [{left}, {bottom}, {right}, {top}] menutupi cap lain di [{other_left}, {other_bottom}, {other_right}, {other_top}]."
    english = "The stamp's box [{left}, {bottom}, {right}, {top}] covers another stamp at [{other_left}, {other_bottom}, {other_right}, {other_top}]."


class BoxCoversSigned(PlacementError):
    """The box covers something that an earlier signature signed; whoever verifies would see a change of it."""

    code = "placement.covers_signed"
    indonesian = "Kotak cap [{left}, {bottom}, {right}, {top}] di halaman {page} menutupi isi yang sudah ditandatangani. Pilih tempat yang kosong, atau sebutkan semua penanda tangan pada tanda tangan pertama."
    english = "The stamp's box [{left}, {bottom}, {right}, {top}] on page {page} covers what was already signed. Choose a place that is free, or name all signers with the first signature."


class NoFreeSpace(PlacementError):
    """Automatic placement found no free room on the last page."""

    code = "placement.no_free_space"
    indonesian = "Tidak ada ruang kosong {width} × {height} poin di halaman terakhir. Sebutkan tempatnya."
    english = "There is no free room of {width} × {height} points on the last page. Say where the stamp goes."


class FieldMissing(PlacementError):
    """There is no such signature field."""

    code = "placement.field_missing"
    indonesian = "Kolom tanda tangan {field} tidak ada."
    english = "There is no signature field {field}."


class FieldFilled(PlacementError):
    """The signature field already holds a signature."""

    code = "placement.field_filled"
    status = 409
    indonesian = "Kolom tanda tangan {field} sudah terisi."
    english = "The signature field {field} is already filled."


class StampUnprintable(PlacementError):
    """A character that the stamp's typeface lacks: a name is never printed otherwise than it is written."""

    code = "stamp.unprintable"
    indonesian = "Huruf {character} ({codepoint}) tidak dapat dicetak pada cap. Tulis dengan huruf Latin."
    english = "The character {character} ({codepoint}) can't be printed on the stamp. Write it in Latin letters."


class PictureUnreadable(EsignError):
    """The caller's picture of his signature is no PNG or JPEG, or is damaged."""

    code = "picture.unreadable"
    status = 422
    indonesian = "Gambar tanda tangan tidak dapat dibaca. Kirim gambar PNG atau JPEG yang utuh."
    english = "The picture of the signature can't be read. Send a PNG or JPEG that is whole."


class PictureTooLarge(EsignError):
    """More pixels than the limit."""

    code = "picture.too_large"
    status = 422
    indonesian = "Gambar tanda tangan lebih dari {limit} piksel."
    english = "The picture of the signature has more than {limit} pixels."


class FieldLocked(PlacementError):
    """An earlier signature locked the field (FieldMDP)."""

    code = "placement.field_locked"
    status = 409
    indonesian = "Kolom tanda tangan {field} dikunci oleh tanda tangan sebelumnya."
    english = "The signature field {field} is locked by an earlier signature."


class FieldDemands(PlacementError):
    """The field's seed value (ISO 32000-2, 12.7.5.5) demands what this signature isn't."""

    code = "placement.field_demands"
    status = 409
    indonesian = "Kolom tanda tangan {field} mensyaratkan {demand}, yang tidak dipenuhi tanda tangan ini."
    english = "The signature field {field} demands {demand}, which this signature does not meet."


class FieldNameTaken(PlacementError):
    """A form field of that name is there already."""

    code = "placement.field_name_taken"
    status = 409
    indonesian = "Kolom bernama {field} sudah ada pada surat ini."
    english = "A field named {field} is already in this letter."


class FooterNoRoom(PlacementError):
    """Every height at the foot of the pages has marks on one page or another."""

    code = "footer.no_room"
    indonesian = "Catatan kaki setinggi {height} poin menutupi isi halaman {page}. Kosongkan tepi bawahnya, atau tanda tangani tanpa catatan kaki."
    english = "A footer of {height} points would cover what page {page} says. Leave its lower margin free, or sign without a footer."


class FooterTooManyPages(PlacementError):
    """More pages than are looked at for a footer."""

    code = "footer.too_many_pages"
    indonesian = "Catatan kaki hanya untuk surat sampai {limit} halaman; surat ini {pages} halaman. Tanda tangani tanpa catatan kaki."
    english = "A footer is for letters of up to {limit} pages; this one has {pages}. Sign without a footer."


# --- signers, credentials, authorities ---------------------------------------------------------


class SignerUnknown(EsignError):
    """No such signer at this agency, or at the authority."""

    code = "signer.unknown"
    status = 404
    indonesian = "Penanda tangan tidak terdaftar pada instansi ini."
    english = "The signer is not registered with this agency."


class SignerExists(EsignError):
    """The agency already has a signer of that NIK, e-mail address or subscriber's number."""

    code = "signer.exists"
    status = 409
    indonesian = "Penanda tangan ini sudah terdaftar pada instansi ini."
    english = "This signer is registered with this agency already."


class SignerLocked(EsignError):
    """Too many wrong passphrases."""

    code = "signer.locked"
    status = 423
    indonesian = "Penanda tangan terkunci karena passphrase salah berulang kali. Coba lagi setelah {seconds} detik, atau minta pengelola membukanya."
    english = "The signer is locked after repeated wrong passphrases. Try again after {seconds} seconds, or ask the operator to lift the lock."


class PinLocked(SignerLocked):
    """The signer's token takes no PIN any more (CKR_PIN_LOCKED): that is lifted at the token, not here."""

    code = "signer.pin_locked"
    indonesian = "PIN token penanda tangan terkunci karena salah berulang kali. Mintalah pengelola token membukanya."
    english = "The PIN of the signer's token is locked after repeated wrong ones. Have the token's keeper lift it."


class WrongPassphrase(EsignError):
    """The authority refused the passphrase."""

    code = "signer.wrong_passphrase"
    status = 403
    indonesian = "Passphrase salah. Sisa kesempatan: {remaining}."
    english = "The passphrase is wrong. Tries left: {remaining}."


class WrongCode(EsignError):
    """The one-time code is wrong, used up, over, or was not made for so many signatures."""

    code = "signer.wrong_code"
    status = 403
    indonesian = "Kode sekali pakai salah atau sudah tidak berlaku. Mintalah kode baru."
    english = "The one-time code is wrong or no longer valid. Ask for a new one."


class ConsentIncomplete(EsignError):
    """The authority asks for a passphrase, a one-time code or both, and not all of it was given."""

    code = "signer.consent_incomplete"
    status = 422
    indonesian = "Penyelenggara sertifikat {authority} juga meminta {missing}."
    english = "The certificate authority {authority} asks for {missing} as well."


class CredentialUnusable(EsignError):
    """The signer's certificate can't sign now."""

    code = "credential.unusable"
    status = 409
    indonesian = "Sertifikat penanda tangan tidak dapat dipakai (status {state})."
    english = "The signer's certificate can't be used (status {state})."


class CredentialMissing(CredentialUnusable):
    """The signer has no certificate."""

    code = "credential.missing"
    indonesian = "Penanda tangan belum mempunyai sertifikat."
    english = "The signer has no certificate yet."


class CredentialExists(EsignError):
    """The holder has a certificate in force: it is renewed, not issued a second time."""

    code = "credential.exists"
    status = 409
    indonesian = "Penanda tangan sudah mempunyai sertifikat yang berlaku. Ajukan pembaruan."
    english = "The signer already has a certificate in force. Ask for a renewal."


class CredentialExpired(CredentialUnusable):
    """Its validity is over."""

    code = "credential.expired"
    indonesian = "Sertifikat penanda tangan habis masa berlaku pada {not_after}. Ajukan pembaruan."
    english = "The signer's certificate expired on {not_after}. Ask for a renewal."


class CredentialNotYetValid(CredentialUnusable):
    """Its validity has not begun."""

    code = "credential.not_yet_valid"
    indonesian = "Sertifikat penanda tangan baru berlaku mulai {not_before}."
    english = "The signer's certificate is valid only from {not_before}."


class CredentialSuspended(CredentialUnusable):
    """On hold (RFC 5280, 5.3.1: certificateHold)."""

    code = "credential.suspended"
    indonesian = "Sertifikat penanda tangan sedang dibekukan."
    english = "The signer's certificate is suspended."


class CredentialRevoked(CredentialUnusable):
    """Revoked for good."""

    code = "credential.revoked"
    indonesian = "Sertifikat penanda tangan sudah dicabut pada {revoked_at}."
    english = "The signer's certificate was revoked on {revoked_at}."


class AuthorityUnavailable(EsignError):
    """The authority did not answer before it was asked to sign: nothing was signed."""

    code = "authority.unavailable"
    status = 503
    retry_after = 30
    indonesian = "Penyelenggara sertifikat {authority} tidak dapat dihubungi. Surat belum ditandatangani; coba lagi."
    english = "The certificate authority {authority} can't be reached. The letter was not signed; try again."


class AuthorityRefused(EsignError):
    """The authority answered, and would not sign, for a reason that is none of ours. Nothing was signed."""

    code = "authority.refused"
    status = 422
    indonesian = "Penyelenggara sertifikat {authority} menolak: {reason}. Surat belum ditandatangani."
    english = "The certificate authority {authority} refused: {reason}. The letter was not signed."


class KeyElsewhere(AuthorityRefused):
    """The authority vouches for a key that it does not hold."""

    code = "authority.key_elsewhere"
    indonesian = "Kunci pribadi sertifikat ini tidak disimpan penyelenggara {authority}, melainkan di tempat lain. Tanda tangani melalui tempat kunci itu."
    english = "The private key of this certificate is not held by the authority {authority} but elsewhere. Sign where the key is."


class AuthorityNotAdmitted(EsignError):
    """The authority does not let this service in (its credentials or address are refused). Nothing was signed."""

    code = "authority.not_admitted"
    status = 503
    indonesian = (
        "Penyelenggara sertifikat {authority} menolak akses layanan ini. Surat belum ditandatangani; hubungi pengelola."
    )
    english = "The certificate authority {authority} does not admit this service. The letter was not signed; tell the operator."


class CodesUnsupported(EsignError):
    """The signer's authority has no one-time codes, or no activations of seals."""

    code = "authority.no_codes"
    status = 422
    indonesian = "Penyelenggara sertifikat {authority} tidak memakai kode sekali pakai untuk penanda tangan ini."
    english = "The certificate authority {authority} uses no one-time codes for this signer."


class MailUnavailable(EsignError):
    """The mail server did not take a letter, and may take it later."""

    code = "mail.unavailable"
    status = 503
    retry_after = 30
    indonesian = "Surel berisi kode tidak dapat dikirim sekarang. Coba lagi sebentar."
    english = "The mail with the code can't be sent now. Try again in a moment."


class MailRefused(EsignError):
    """There is no address to send a code to, or the mail server refuses it for good."""

    code = "mail.refused"
    status = 422
    indonesian = "Kode tidak dapat dikirim: penanda tangan tidak mempunyai alamat surel yang dapat dipakai. Minta pengelola membetulkannya."
    english = "The code can't be sent: the signer has no usable mail address. Ask the operator to set it right."


class MailNotSetUp(EsignError):
    """No mail server is set up, and the outbox of development is not for production."""

    code = "mail.not_set_up"
    status = 503
    indonesian = "Pengiriman surel belum diatur, sehingga kode tidak dapat dikirim. Pengelola perlu mengisi {variable}."
    english = "Mail is not set up, so codes can't be sent. The operator has to set {variable}."


class SigningOutcomeUnknown(EsignError):
    """The authority was asked to sign and did not answer: whether it signed is not known."""

    code = "authority.outcome_unknown"
    status = 504
    indonesian = "Penyelenggara sertifikat {authority} tidak menjawab setelah diminta menandatangani; hasilnya belum diketahui. Jangan kirim ulang; hubungi pengelola."
    english = "The certificate authority {authority} did not answer after it was asked to sign; the outcome is unknown. Don't send again; tell the operator."


class TimestampUnavailable(EsignError):
    """No time-stamp to be had."""

    code = "timestamp.unavailable"
    status = 503
    retry_after = 30
    indonesian = "Layanan penanda waktu tidak dapat dihubungi. Surat belum ditandatangani; coba lagi."
    english = "The time-stamp authority can't be reached. The letter was not signed; try again."


class RevocationUnavailable(EsignError):
    """No revocation data to be had, so B-LT can't be reached."""

    code = "revocation.unavailable"
    status = 503
    retry_after = 30
    indonesian = "Status pencabutan sertifikat tidak dapat diperoleh, sehingga tingkat {profile} tidak tercapai. Surat belum ditandatangani; coba lagi."
    english = "The revocation status of the certificate can't be had, so the level {profile} is not reached. The letter was not signed; try again."


class ClockWrong(EsignError):
    """The clock disagrees with the time-stamp authority or with the audit trail."""

    code = "clock.wrong"
    status = 503
    indonesian = (
        "Jam server berbeda {seconds} detik dari {reference}; penandatanganan dihentikan sampai jam dibetulkan."
    )
    english = "The server's clock is {seconds} seconds off {reference}; signing stops until it is set right."


class SelfCheckFailed(EsignError):
    """What was made did not pass our own verification; it is kept in quarantine."""

    code = "signing.self_check_failed"
    status = 500
    indonesian = "Hasil penandatanganan tidak lolos pemeriksaan sendiri dan ditahan. Hubungi pengelola dan sebutkan nomor permintaan."
    english = "The signed letter did not pass our own check and is held back. Tell the operator the request id."


# --- the register ------------------------------------------------------------------------------


class LetterUnknown(EsignError):
    """No such letter at this agency."""

    code = "letter.unknown"
    status = 404
    indonesian = "Surat tidak ditemukan."
    english = "There is no such letter."


class NumberTaken(EsignError):
    """The agency already has a letter of that number."""

    code = "letter.number_taken"
    status = 409
    indonesian = "Nomor surat {number} sudah dipakai instansi ini pada tahun {year}."
    english = "The letter number {number} is already taken at this agency in {year}."


class LetterBusy(EsignError):
    """Another request is signing this letter now."""

    code = "letter.busy"
    status = 409
    retry_after = 5
    indonesian = "Surat ini sedang ditandatangani oleh permintaan lain. Coba lagi sebentar."
    english = "Another request is signing this letter now. Try again in a moment."


class LetterStateForbids(EsignError):
    """The letter's state does not allow what was asked: a signature, a withdrawal, its file."""

    code = "letter.state_forbids"
    status = 409
    indonesian = "Surat berstatus {state}, sehingga hal itu tidak dapat dilakukan."
    english = "The letter is {state}, so that can't be done."


class AlreadySignedBy(EsignError):
    """The official's signature is already in the letter."""

    code = "letter.already_signed_by"
    status = 409
    indonesian = "Surat ini sudah ditandatangani oleh pejabat tersebut."
    english = "This official has already signed this letter."


class CodeUnknown(EsignError):
    """No released letter has this verification code. A code not yet signed answers the same."""

    code = "code.unknown"
    status = 404
    indonesian = "Kode verifikasi tidak terdaftar."
    english = "The verification code is not registered."


class RevisionUnknown(EsignError):
    """The file has no signed revision of that number."""

    code = "revision.unknown"
    status = 422
    indonesian = "Revisi bertanda tangan {number} tidak ada; berkas ini memuat {count}."
    english = "There is no signed revision {number}; the file has {count}."


class RevisionsTooLarge(EsignError):
    """All signed revisions together are more than is sent at once."""

    code = "revision.too_large"
    status = 413
    indonesian = "Semua revisi bersama lebih dari {limit} byte. Mintalah satu per satu dengan nomornya."
    english = "All revisions together are more than {limit} bytes. Ask for them one by one, by number."


class CodeMistyped(EsignError):
    """The check symbol does not fit (Luhn mod 32)."""

    code = "code.mistyped"
    status = 422
    indonesian = "Kode verifikasi salah ketik. Periksa huruf dan angkanya."
    english = "The verification code is mistyped. Check its letters and digits."


class StorageUnavailable(EsignError):
    """Disk full, blob store or database down: nothing was released."""

    code = "storage.unavailable"
    status = 503
    retry_after: ClassVar[int | None] = 60
    indonesian = "Tempat penyimpanan sedang tidak dapat dipakai. Tidak ada surat yang diterbitkan; coba lagi."
    english = "Storage can't be used now. No letter was released; try again."


class BlobMissing(StorageUnavailable):
    """The register names a file that the blob store does not have."""

    code = "storage.blob_missing"
    status = 500
    retry_after = None
    indonesian = "Berkas surat tidak ada di tempat penyimpanan. Hubungi pengelola dan sebutkan nomor permintaan."
    english = "The letter's file is missing from storage. Tell the operator the request id."


class BlobDamaged(StorageUnavailable):
    """The bytes in the blob store are no longer those that were put there (SHA-256)."""

    code = "storage.blob_damaged"
    status = 500
    retry_after = None
    indonesian = "Berkas surat di tempat penyimpanan rusak dan tidak diserahkan. Hubungi pengelola dan sebutkan nomor permintaan."
    english = "The letter's file in storage is damaged and is not handed out. Tell the operator the request id."


# --- requests ----------------------------------------------------------------------------------


class RequestInvalid(EsignError):
    """A field is missing or wrong. Never echoes what was sent."""

    code = "request.invalid"
    status = 422
    indonesian = "Isian {field} salah: {reason}."
    english = "The field {field} is wrong: {reason}."


class RequestTooLarge(EsignError):
    """The body is over the limit."""

    code = "request.too_large"
    status = 413
    indonesian = "Permintaan lebih besar dari batas {limit} byte."
    english = "The request is larger than the limit of {limit} bytes."


class NotFound(EsignError):
    """No such address."""

    code = "request.not_found"
    status = 404
    indonesian = "Alamat ini tidak ada."
    english = "There is no such address."


class MethodNotAllowed(EsignError):
    """The address has no such method."""

    code = "request.method_not_allowed"
    status = 405
    indonesian = "Alamat ini tidak menerima metode itu."
    english = "This address does not take that method."


class NotAcceptable(EsignError):
    """None of the media types of Accept can be given."""

    code = "request.not_acceptable"
    status = 406
    indonesian = "Jawaban hanya tersedia sebagai {offered}."
    english = "The answer is to be had only as {offered}."


class MediaTypeUnsupported(EsignError):
    """The body is of a media type that the address does not take."""

    code = "request.unsupported_media_type"
    status = 415
    indonesian = "Isi permintaan harus berupa {accepted}."
    english = "The body has to be {accepted}."


class RequestTooSlow(EsignError):
    """The body did not arrive in time."""

    code = "request.too_slow"
    status = 408
    indonesian = "Permintaan tidak lengkap dalam {seconds} detik. Coba lagi dengan sambungan yang lebih baik."
    english = "The request was not complete within {seconds} seconds. Try again over a better connection."


class Unauthenticated(EsignError):
    """No API key, or one that is not valid."""

    code = "auth.required"
    status = 401
    indonesian = "Kunci API tidak ada atau tidak berlaku."
    english = "The API key is missing or not valid."


class Forbidden(EsignError):
    """The key lacks the scope, or the network is not allowed."""

    code = "auth.forbidden"
    status = 403
    indonesian = "Kunci API ini tidak berhak: {reason}."
    english = "This API key is not allowed to: {reason}."


class IdempotencyInFlight(EsignError):
    """A request with this key is being worked on."""

    code = "idempotency.in_flight"
    status = 409
    retry_after = 2
    indonesian = "Permintaan dengan Idempotency-Key ini masih dikerjakan."
    english = "A request with this Idempotency-Key is still being worked on."


class IdempotencyMismatch(EsignError):
    """The key was used for another request."""

    code = "idempotency.mismatch"
    status = 422
    indonesian = "Idempotency-Key ini sudah dipakai untuk permintaan lain."
    english = "This Idempotency-Key was used for another request."


class TooManyRequests(EsignError):
    """The address asks more often than it may."""

    code = "request.too_many"
    status = 429
    retry_after = 60
    indonesian = "Terlalu banyak permintaan dari alamat ini. Coba lagi dalam {seconds} detik."
    english = "Too many requests from this address. Try again in {seconds} seconds."


class CodeTooSoon(TooManyRequests):
    """A one-time code was sent to the same person a moment ago."""

    code = "signer.code_too_soon"
    indonesian = "Kode sekali pakai baru saja dikirim. Kode baru dapat diminta setelah {seconds} detik."
    english = "A one-time code was sent a moment ago. A new one may be asked for in {seconds} seconds."


class Busy(EsignError):
    """The queue of sandbox jobs is full."""

    code = "service.busy"
    status = 503
    retry_after = 5
    indonesian = "Layanan sedang sibuk. Coba lagi sebentar."
    english = "The service is busy. Try again in a moment."


class TokenExpired(Unauthenticated):
    """An access token of the CSC API whose time is over."""

    code = "auth.token_expired"
    indonesian = "Token akses sudah kedaluwarsa. Mintalah yang baru."
    english = "The access token has expired. Ask for a new one."


class ActivationDataUnknown(EsignError):
    """Signature activation data (SAD) that is none, is another client's or signer's, or was used."""

    code = "sad.unknown"
    status = 400
    indonesian = "Data aktivasi tanda tangan (SAD) tidak dikenal atau sudah dipakai."
    english = "The signature activation data (SAD) is unknown or was used already."


class ActivationDataExpired(EsignError):
    """Signature activation data (SAD) whose time is over."""

    code = "sad.expired"
    status = 400
    indonesian = "Data aktivasi tanda tangan (SAD) sudah kedaluwarsa. Mintalah persetujuan penanda tangan lagi."
    english = "The signature activation data (SAD) has expired. Ask for the signer's consent again."


class HashNotAuthorised(EsignError):
    """The hashes are not those that the signer consented to."""

    code = "sad.other_hash"
    status = 400
    indonesian = "Hash tidak sama dengan yang disetujui penanda tangan."
    english = "The hashes are not those that the signer consented to."


# --- configuration -----------------------------------------------------------------------------


class ConfigurationError(EsignError):
    """A setting is wrong; the start stops and names it."""

    code = "configuration.wrong"
    status = 500
    indonesian = "Pengaturan {variable} salah: {reason}."
    english = "The setting {variable} is wrong: {reason}."
