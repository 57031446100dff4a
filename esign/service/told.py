"""What people are told: the one table of file verdict × register status × disclosure.

Two proofs, kept apart. The *file* proof is cryptography's word about the bytes; the *register* proof is
the agency's word that it issued this letter and that the letter is in force. Green needs both. API, pages
and command line take colour, sentences and next step from here and from nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from esign.registry.models import Disclosure
from esign.verify.report import Verdict

Language = Literal["id", "en"]


class Colour(StrEnum):
    """How much a person may rely on the letter."""

    GREEN = "green"
    """Both proofs hold."""
    AMBER = "amber"
    """One proof is missing or could not be had: nothing speaks against the letter, but something must be asked."""
    RED = "red"
    """One proof fails: don't rely on it."""


class RegisterStatus(StrEnum):
    """What the register knows of a file, or of a code."""

    IN_FORCE = "in_force"
    """The bytes, or a revision that the file continues, are a released letter in force, by the registered certificate."""
    EXTENDED = "extended"
    """The same, but the file shows more than the agency has on record: somebody added a stamp, a note or an entry."""
    WITHDRAWN = "withdrawn"
    """The same, but the agency withdrew the letter."""
    REPLACED = "replaced"
    """The same, but another letter took its place."""
    OTHER_FILE = "other_file"
    """The verification code given belongs to a released letter, and this file is not that letter."""
    OTHER_SIGNER = "other_signer"
    """The file continues a released letter, but not all of the registered signatures are in it as registered."""
    UNKNOWN = "unknown"
    """The register holds no such letter."""
    UNAVAILABLE = "unavailable"
    """The register could not be asked."""


class Text(NamedTuple):
    """One sentence in both languages."""

    id: str
    en: str

    def language(self, language: Language) -> str:
        """The sentence in that language."""
        return self.id if language == "id" else self.en


@dataclass(frozen=True)
class Shown:
    """What of the register may be shown."""

    number: bool
    """Number, date, agency and status."""
    subject: bool
    """Subject, signers and their offices."""
    preview: bool
    """Pictures of the pages."""


DISCLOSED: dict[Disclosure, Shown] = {
    Disclosure.PUBLIC: Shown(number=True, subject=True, preview=True),
    Disclosure.LIMITED: Shown(number=True, subject=False, preview=False),
    Disclosure.SECRET: Shown(number=False, subject=False, preview=False),
    Disclosure.TOP_SECRET: Shown(number=False, subject=False, preview=False),
}
"""What each level lets the public see (indonesia.md, section 3)."""

NOTHING_SHOWN = Shown(number=False, subject=False, preview=False)


@dataclass(frozen=True)
class Told:
    """The answer for one case."""

    colour: Colour
    headline: Text
    sentence: Text
    next_step: Text
    shown: Shown


KEEP = Text(
    "Simpan berkas PDF ini; cetakannya hanya salinan.",
    "Keep this PDF file; a print-out is only a copy.",
)
ASK_AGENCY = Text(
    "Tanyakan kepada instansi penerbit melalui alamat atau telepon yang Anda ketahui sendiri, bukan yang tertera pada surat.",
    "Ask the issuing agency through an address or telephone you know yourself, not one printed on the letter.",
)
DO_NOT_USE = Text(
    "Jangan dipakai. Laporkan kepada instansi yang namanya tertera.",
    "Don't use it. Report it to the agency that it names.",
)
GET_ORIGINAL = Text(
    "Minta berkas PDF aslinya kepada instansi penerbit, lalu periksa berkas itu.",
    "Ask the issuing agency for the original PDF file, and check that one.",
)
IGNORE_ADDITIONS = Text(
    "Jangan mengandalkan tambahan itu. Minta berkas PDF aslinya kepada instansi penerbit bila ragu.",
    "Don't rely on what was added. Ask the issuing agency for the original PDF file if in doubt.",
)
TRY_AGAIN = Text("Coba lagi beberapa saat kemudian.", "Try again in a little while.")
COMPARE = Text(
    "Bandingkan dengan kertas di tangan Anda: nomor, tanggal, nama, dan setiap angka harus sama. Bila ada PDF-nya, unggah PDF itu.",
    "Compare it with the paper in your hand: number, date, names and every figure must be the same. If you have the PDF, upload it.",
)
UPLOAD = Text(
    "Untuk memeriksa isinya, unggah berkas PDF surat itu di halaman ini.",
    "To check what it says, upload the letter's PDF on this page.",
)
CHECK_CODE = Text(
    "Periksa kembali kode pada surat. Bila tetap tidak terdaftar, tanyakan kepada instansi yang namanya tertera.",
    "Check the code on the letter again. If it stays unknown, ask the agency that the letter names.",
)


class _Row(NamedTuple):
    colour: Colour
    headline: Text
    sentence: Text
    next_step: Text


# What the register adds to a file that is sound: the only place where green can come from.
_SOUND: dict[RegisterStatus, _Row] = {
    RegisterStatus.IN_FORCE: _Row(
        Colour.GREEN,
        Text("Surat asli dan berlaku", "Genuine and in force"),
        Text(
            "Berkas ini tidak berubah sejak ditandatangani, dan instansi penerbit mencatatnya sebagai surat yang berlaku.",
            "This file is unchanged since it was signed, and the issuing agency has it on record as a letter in force.",
        ),
        KEEP,
    ),
    RegisterStatus.EXTENDED: _Row(
        Colour.AMBER,
        Text("Surat tercatat, dengan tambahan yang tidak tercatat", "On record, with additions that are not"),
        Text(
            "Instansi penerbit mencatat surat ini dan masih berlaku, tetapi berkas ini memperlihatkan tambahan yang tidak dicatatnya. Tambahan itu bukan dari instansi penerbit.",
            "The issuing agency has this letter on record and in force, but this file shows additions that it has not on record. They are not the issuing agency's.",
        ),
        IGNORE_ADDITIONS,
    ),
    RegisterStatus.WITHDRAWN: _Row(
        Colour.RED,
        Text("Surat sudah dicabut", "The letter was withdrawn"),
        Text(
            "Berkas ini asli dan tidak berubah, tetapi instansi penerbit telah mencabutnya.",
            "This file is genuine and unchanged, but the issuing agency has withdrawn it.",
        ),
        ASK_AGENCY,
    ),
    RegisterStatus.REPLACED: _Row(
        Colour.RED,
        Text("Surat sudah diganti", "The letter was replaced"),
        Text(
            "Berkas ini asli dan tidak berubah, tetapi instansi penerbit telah menggantinya dengan surat lain.",
            "This file is genuine and unchanged, but the issuing agency has put another letter in its place.",
        ),
        ASK_AGENCY,
    ),
    RegisterStatus.OTHER_FILE: _Row(
        Colour.RED,
        Text("Bukan surat yang terdaftar dengan kode itu", "Not the letter registered under that code"),
        Text(
            "Berkas ini tidak berubah sejak ditandatangani, tetapi bukan surat yang diterbitkan dengan kode verifikasi itu.",
            "This file is unchanged since it was signed, but it is not the letter that was issued with that code.",
        ),
        DO_NOT_USE,
    ),
    RegisterStatus.OTHER_SIGNER: _Row(
        Colour.RED,
        Text("Penanda tangan tidak sesuai catatan", "The signer is not the one on record"),
        Text(
            "Tanda tangan pada berkas ini bukan tanda tangan yang dicatat instansi penerbit untuk surat tersebut.",
            "The signature in this file is not the one that the issuing agency has on record for that letter.",
        ),
        DO_NOT_USE,
    ),
    RegisterStatus.UNKNOWN: _Row(
        Colour.AMBER,
        Text("Tidak berubah, tetapi tidak tercatat di sini", "Unchanged, but not on record here"),
        Text(
            "Berkas ini tidak berubah sejak ditandatangani. Kami tidak dapat memastikan pejabat ini berwenang menerbitkan surat ini.",
            "This file is unchanged since it was signed. We can't be sure that this official is entitled to issue this letter.",
        ),
        ASK_AGENCY,
    ),
    RegisterStatus.UNAVAILABLE: _Row(
        Colour.AMBER,
        Text("Tidak berubah; catatan instansi belum dapat dibaca", "Unchanged; the register can't be read now"),
        Text(
            "Berkas ini tidak berubah sejak ditandatangani. Apakah surat ini berlaku belum dapat diperiksa sekarang.",
            "This file is unchanged since it was signed. Whether the letter is in force can't be checked now.",
        ),
        TRY_AGAIN,
    ),
}

# What the file alone says where it is not sound.
_UNSOUND: dict[Verdict, _Row] = {
    Verdict.ALTERED: _Row(
        Colour.RED,
        Text("Berkas berubah setelah ditandatangani", "The file was changed after it was signed"),
        Text(
            "Isi berkas ini bukan lagi isi yang ditandatangani.",
            "What this file says is no longer what was signed.",
        ),
        GET_ORIGINAL,
    ),
    Verdict.INVALID: _Row(
        Colour.RED,
        Text("Tanda tangan tidak sah", "The signature is not valid"),
        Text(
            "Tanda tangan elektronik pada berkas ini tidak sah.",
            "The electronic signature in this file is not valid.",
        ),
        DO_NOT_USE,
    ),
    Verdict.NOT_EXAMINED: _Row(
        Colour.AMBER,
        Text("Berkas tidak dapat diperiksa", "The file could not be examined"),
        Text(
            "Berkas ini tidak dapat diperiksa seluruhnya, sehingga tidak dapat dinyatakan asli.",
            "This file could not be examined wholly, so it can't be called genuine.",
        ),
        GET_ORIGINAL,
    ),
    Verdict.UNTRUSTED: _Row(
        Colour.AMBER,
        Text("Penerbit sertifikat tidak dikenal", "The certificate's issuer is not known"),
        Text(
            "Berkas ini tidak berubah, tetapi sertifikat penanda tangannya bukan dari penyelenggara yang kami kenal. Siapa pun dapat membuat sertifikat seperti itu.",
            "This file is unchanged, but the signer's certificate is not from an authority that we know. Anyone can make such a certificate.",
        ),
        ASK_AGENCY,
    ),
    Verdict.INDETERMINATE: _Row(
        Colour.AMBER,
        Text("Belum dapat dipastikan", "It can't be settled"),
        Text(
            "Keaslian berkas ini belum dapat dipastikan; sebabnya tertera pada tanda tangan di bawah.",
            "Whether this file is genuine can't be settled; the reason stands with the signature below.",
        ),
        ASK_AGENCY,
    ),
    Verdict.UNSIGNED: _Row(
        Colour.AMBER,
        Text("Tidak ada tanda tangan elektronik", "There is no electronic signature"),
        Text(
            "Berkas ini tidak memuat tanda tangan elektronik. Gambar tanda tangan atau kode QR saja tidak membuktikan apa pun.",
            "This file carries no electronic signature. A picture of a signature or a QR code alone proves nothing.",
        ),
        GET_ORIGINAL,
    ),
    Verdict.INTACT: _Row(
        Colour.AMBER,
        Text("Tidak berubah; sertifikat tidak diperiksa", "Unchanged; the certificate was not examined"),
        Text(
            "Berkas ini tidak berubah sejak ditandatangani. Siapa penanda tangannya tidak diperiksa.",
            "This file is unchanged since it was signed. Who signed it was not examined.",
        ),
        ASK_AGENCY,
    ),
}

# What the register adds to a file that is not sound. Never makes a colour better.
_ADDED: dict[RegisterStatus, Text] = {
    RegisterStatus.IN_FORCE: Text(
        "Instansi penerbit mencatat surat ini dan masih berlaku; mintalah berkas aslinya.",
        "The issuing agency has this letter on record and in force; ask for the original file.",
    ),
    RegisterStatus.EXTENDED: Text(
        "Instansi penerbit mencatat surat ini tanpa tambahan yang tampak pada berkas ini; mintalah berkas aslinya.",
        "The issuing agency has this letter on record without the additions that this file shows; ask for the original file.",
    ),
    RegisterStatus.WITHDRAWN: Text(
        "Menurut catatan, surat ini juga sudah dicabut.", "According to the register the letter was withdrawn, too."
    ),
    RegisterStatus.REPLACED: Text(
        "Menurut catatan, surat ini juga sudah diganti.", "According to the register the letter was replaced, too."
    ),
    RegisterStatus.OTHER_FILE: Text(
        "Berkas ini juga bukan surat yang diterbitkan dengan kode verifikasi itu.",
        "Nor is this file the letter that was issued with that code.",
    ),
    RegisterStatus.OTHER_SIGNER: Text(
        "Tanda tangannya juga tidak sesuai dengan catatan instansi penerbit.",
        "Nor does its signature match the issuing agency's record.",
    ),
    RegisterStatus.UNKNOWN: Text("Surat ini tidak tercatat di sini.", "The letter is not on record here."),
    RegisterStatus.UNAVAILABLE: Text(
        "Catatan instansi belum dapat dibaca sekarang.", "The register can't be read now."
    ),
}

_BROKEN = frozenset({Verdict.ALTERED, Verdict.INVALID})
"""Verdicts under which the file is not what was issued, whatever it once was."""

_SAME_FILE = Text(
    "Instansi penerbit mencatat berkas ini, dan surat itu masih berlaku.",
    "The issuing agency has this file on record, and the letter is in force.",
)
"""Added where the file is the registered one and nothing speaks against it, but not all could be proven."""

NEWER_FILE = Text(
    "Sesudah berkas ini, surat itu ditandatangani lagi: instansi penerbit mempunyai berkas yang lebih baru.",
    "After this file the letter was signed again: the issuing agency has a newer file.",
)
"""A remark for whoever holds an earlier released file of a letter."""
OTHER_SIGNATURE = Text(
    "Berkas ini juga memuat tanda tangan kemudian yang tidak dicatat instansi penerbit.",
    "This file also carries a later signature that the issuing agency has not on record.",
)
"""A remark for a file to which somebody added a signature that shows nothing."""


def additions(pages: Sequence[int]) -> Text:
    """A remark: on which pages of a file something was added."""
    listed = ", ".join(str(page) for page in pages)
    return Text(f"Tambahan itu ada pada halaman {listed}.", f"They are on page {listed}.")


# A register status that is worse than an amber file.
_REGISTER_IS_RED = frozenset(
    {
        RegisterStatus.WITHDRAWN,
        RegisterStatus.REPLACED,
        RegisterStatus.OTHER_FILE,
        RegisterStatus.OTHER_SIGNER,
    }
)

_IS_THE_LETTER = frozenset(
    {RegisterStatus.IN_FORCE, RegisterStatus.EXTENDED, RegisterStatus.WITHDRAWN, RegisterStatus.REPLACED}
)
"""What a file has that is, or continues, a registered letter signed as registered."""

# What a scan of the QR code alone says. It proves that a letter is registered, never that the paper is that letter.
_SCAN_IN_FORCE: dict[Disclosure, _Row] = {
    Disclosure.PUBLIC: _Row(
        Colour.AMBER,
        Text("Surat terdaftar dan berlaku", "The letter is registered and in force"),
        Text(
            "Instansi penerbit mencatat surat di bawah ini. Kode QR dapat disalin ke kertas lain: yang berlaku hanya isi yang ditampilkan di sini.",
            "The issuing agency has the letter below on record. A QR code can be copied onto other paper: only what is shown here counts.",
        ),
        COMPARE,
    ),
    Disclosure.LIMITED: _Row(
        Colour.AMBER,
        Text("Surat terdaftar dan berlaku", "The letter is registered and in force"),
        Text(
            "Instansi penerbit mencatat surat di bawah ini. Isinya terbatas dan tidak ditampilkan, sehingga ini tidak membuktikan isi kertas di tangan Anda.",
            "The issuing agency has the letter below on record. Its content is restricted and not shown, so this proves nothing about what your paper says.",
        ),
        UPLOAD,
    ),
    Disclosure.SECRET: _Row(
        Colour.AMBER,
        Text("Kode dikenal; isinya tidak ditampilkan", "The code is known; nothing is shown"),
        Text(
            "Sifat surat ini tidak mengizinkan apa pun ditampilkan. Ini tidak membuktikan apa pun tentang kertas di tangan Anda.",
            "This letter's classification lets nothing be shown. This proves nothing about the paper in your hand.",
        ),
        UPLOAD,
    ),
}
_SCAN_IN_FORCE[Disclosure.TOP_SECRET] = _SCAN_IN_FORCE[Disclosure.SECRET]

_SCAN: dict[RegisterStatus, _Row] = {
    RegisterStatus.WITHDRAWN: _Row(
        Colour.RED,
        Text("Surat sudah dicabut", "The letter was withdrawn"),
        Text("Instansi penerbit telah mencabut surat ini.", "The issuing agency has withdrawn this letter."),
        ASK_AGENCY,
    ),
    RegisterStatus.REPLACED: _Row(
        Colour.RED,
        Text("Surat sudah diganti", "The letter was replaced"),
        Text(
            "Instansi penerbit telah mengganti surat ini dengan surat lain.",
            "The issuing agency has put another letter in its place.",
        ),
        ASK_AGENCY,
    ),
    RegisterStatus.UNKNOWN: _Row(
        Colour.RED,
        Text("Kode tidak terdaftar", "The code is not registered"),
        Text(
            "Tidak ada surat yang diterbitkan dengan kode ini.",
            "No letter was issued with this code.",
        ),
        CHECK_CODE,
    ),
    RegisterStatus.UNAVAILABLE: _Row(
        Colour.AMBER,
        Text("Catatan belum dapat dibaca", "The register can't be read now"),
        Text("Kode ini belum dapat diperiksa sekarang.", "This code can't be checked now."),
        TRY_AGAIN,
    ),
}


def of_file(
    verdict: Verdict, register: RegisterStatus, disclosure: Disclosure | None, remarks: Sequence[Text] = ()
) -> Told:
    """What is told of an uploaded file.

    ``disclosure`` is the level of the registered letter, None where the register knows none. Nothing of
    the register is shown unless the file is that registered letter and the level allows it. ``remarks`` are
    said besides, of a file that is not broken.
    """
    known = register in _IS_THE_LETTER
    shown = DISCLOSED[disclosure] if known and disclosure is not None else NOTHING_SHOWN
    if verdict is Verdict.GENUINE:
        row = _SOUND[register]
        return Told(row.colour, row.headline, _joined(row.sentence, *remarks), row.next_step, shown)
    row, added = _UNSOUND[verdict], _ADDED[register]
    if register is RegisterStatus.IN_FORCE and verdict not in _BROKEN:
        added = _SAME_FILE
    colour = Colour.RED if register in _REGISTER_IS_RED else row.colour
    sentence = _joined(row.sentence, added, *(remarks if verdict not in _BROKEN else ()))
    return Told(colour, row.headline, sentence, row.next_step, shown)


def _joined(*sentences: Text) -> Text:
    return Text(" ".join(each.id for each in sentences), " ".join(each.en for each in sentences))


def of_code(register: RegisterStatus, disclosure: Disclosure | None) -> Told:
    """What is told of a scanned or typed verification code. Never green: a code can be copied.

    Raises ValueError for a status that only a file can have.
    """
    if register is RegisterStatus.IN_FORCE:
        level = disclosure if disclosure is not None else Disclosure.TOP_SECRET
        row = _SCAN_IN_FORCE[level]
        return Told(row.colour, row.headline, row.sentence, row.next_step, DISCLOSED[level])
    if register not in _SCAN:
        raise ValueError(f"a code has no status {register}")
    row = _SCAN[register]
    known = register in {RegisterStatus.WITHDRAWN, RegisterStatus.REPLACED}
    shown = DISCLOSED[disclosure] if known and disclosure is not None else NOTHING_SHOWN
    return Told(row.colour, row.headline, row.sentence, row.next_step, shown)
