"""What each check asks, in Indonesian and in English, and to which building block of EN 319 102-1 it belongs."""

from dataclasses import dataclass

from esign.verify.report import Sentence
from esign.verify.steps import Block, Check


@dataclass(frozen=True)
class BlockText:
    """A building block: its clause and its name."""

    clause: str
    name: Sentence


@dataclass(frozen=True)
class Question:
    """What a check asks."""

    block: Block
    text: Sentence


def _block(clause: str, indonesian: str, english: str) -> BlockText:
    return BlockText(clause, Sentence(id=indonesian, en=english))


BLOCKS: dict[Block, BlockText] = {
    Block.FORMAT: _block("5.2.2", "Pemeriksaan bentuk", "Format checking"),
    Block.SIGNER: _block("5.2.3", "Pengenalan sertifikat penanda tangan", "Identification of the signing certificate"),
    Block.CONTEXT: _block("5.2.4", "Penyiapan pemeriksaan", "Validation context initialisation"),
    Block.CRYPTO: _block("5.2.7", "Pemeriksaan kriptografi", "Cryptographic verification"),
    Block.TIMESTAMPS: _block("5.4", "Pemeriksaan penanda waktu", "Time-stamp validation"),
    Block.TIME: _block("5.5.4", "Bukti waktu tanda tangan sudah ada", "Proof of existence and best signature time"),
    Block.CERTIFICATE: _block("5.2.6", "Pemeriksaan sertifikat X.509", "X.509 certificate validation"),
    Block.FRESHNESS: _block("5.2.5", "Kemutakhiran data pencabutan", "Revocation freshness"),
    Block.ACCEPTANCE: _block("5.2.8", "Penerimaan tanda tangan", "Signature acceptance validation"),
    Block.PAST: _block("5.6.2.4", "Pemeriksaan untuk waktu lampau", "Past signature validation"),
}
"""In the order in which a report tells them."""


def _ask(block: Block, indonesian: str, english: str) -> Question:
    return Question(block, Sentence(id=indonesian, en=english))


QUESTIONS: dict[Check, Question] = {
    Check.DICTIONARY: _ask(
        Block.FORMAT,
        "Apakah kamus tanda tangan terbaca dan dirujuk oleh tabel acuan silang?",
        "Can the signature dictionary be read, and does a cross-reference lead to it?",
    ),
    Check.BYTE_RANGE: _ask(
        Block.FORMAT,
        "Apakah /ByteRange berupa empat bilangan yang mungkin untuk berkas ini?",
        "Is /ByteRange four numbers that are possible for this file?",
    ),
    Check.GAP: _ask(
        Block.FORMAT,
        "Apakah bagian yang tidak ditandatangani persis nilai /Contents dari kamus itu?",
        "Is the part that is not signed exactly the value of /Contents of that dictionary?",
    ),
    Check.REVISION: _ask(
        Block.FORMAT,
        "Apakah bagian yang ditandatangani merupakan revisi lengkap yang memuat tanda tangan ini?",
        "Are the signed bytes a complete revision that holds this signature?",
    ),
    Check.FIELD: _ask(
        Block.FORMAT,
        "Apakah tepat satu bidang tanda tangan memuatnya?",
        "Does exactly one signature field hold it?",
    ),
    Check.OVERWRITTEN: _ask(
        Block.FORMAT,
        "Apakah kamus tanda tangan tidak ditimpa kemudian?",
        "Was the signature dictionary not overwritten later?",
    ),
    Check.OVERLAP: _ask(
        Block.FORMAT,
        "Apakah bagian yang ditandatangani tidak memotong tanda tangan lain?",
        "Do the signed ranges not cut into another signature?",
    ),
    Check.FOLLOWING: _ask(
        Block.FORMAT,
        "Apakah setiap bita setelah bagian yang ditandatangani termasuk revisi yang melanjutkannya?",
        "Does every byte after the signed ones belong to a revision that continues them?",
    ),
    Check.CHANGES: _ask(
        Block.FORMAT,
        "Apakah yang ditambahkan atau diubah sesudahnya diizinkan oleh tanda tangan ini?",
        "Is what was added or changed later permitted by this signature?",
    ),
    Check.MESSAGE: _ask(
        Block.FORMAT,
        "Apakah CMS-nya berupa SignedData dengan satu penanda tangan dan atribut yang ditandatangani?",
        "Is the CMS SignedData with one SignerInfo and signed attributes?",
    ),
    Check.CONTENT: _ask(
        Block.FORMAT,
        "Apakah isi pesan CMS sesuai dengan jenisnya?",
        "Does the CMS carry the content that its kind asks for, and nothing else?",
    ),
    Check.ATTRIBUTES: _ask(
        Block.FORMAT,
        "Apakah atribut yang ditandatangani lengkap, masing-masing sekali, dan dalam bentuk DER?",
        "Are the signed attributes complete, each there once, and in DER?",
    ),
    Check.IDENTIFIED: _ask(
        Block.SIGNER,
        "Apakah sertifikat penanda tangan ditemukan?",
        "Was the signing certificate found?",
    ),
    Check.REFERENCE: _ask(
        Block.SIGNER,
        "Apakah atribut signing-certificate menunjuk sertifikat itu?",
        "Does the signing-certificate attribute name that certificate?",
    ),
    Check.POLICY: _ask(
        Block.CONTEXT,
        "Kebijakan dan waktu pemeriksaan mana yang berlaku?",
        "Which policy and which time of validation apply?",
    ),
    Check.DIGEST: _ask(
        Block.CRYPTO,
        "Apakah nilai hash bagian yang ditandatangani sama dengan yang tertulis dalam tanda tangan?",
        "Is the digest of the signed bytes the one in the signature?",
    ),
    Check.VALUE: _ask(
        Block.CRYPTO,
        "Apakah nilai tanda tangan dibuat dengan kunci sertifikat itu?",
        "Was the signature value made with the key of that certificate?",
    ),
    Check.IMPRINT: _ask(
        Block.CRYPTO,
        "Apakah penanda waktu ini dibuat untuk data ini?",
        "Was the time-stamp made for these data?",
    ),
    Check.TIMESTAMP: _ask(
        Block.TIMESTAMPS,
        "Apakah penanda waktu di dalam tanda tangan dapat dipercaya?",
        "Can the time-stamp inside the signature be relied on?",
    ),
    Check.ORDER: _ask(
        Block.TIMESTAMPS,
        "Apakah waktu yang disebut tidak sesudah waktu pemeriksaan?",
        "Is the time that it states not after the time of validation?",
    ),
    Check.PROVEN: _ask(
        Block.TIME,
        "Sejak kapan tanda tangan ini terbukti sudah ada?",
        "Since when is the signature proven to exist?",
    ),
    Check.PURPOSE: _ask(
        Block.CERTIFICATE,
        "Apakah sertifikat diperuntukkan bagi penggunaan ini?",
        "Is the certificate meant for this use?",
    ),
    Check.CHAIN: _ask(
        Block.CERTIFICATE,
        "Apakah ada rantai sertifikat ke akar yang dipercaya?",
        "Is there a chain of certificates to a trusted root?",
    ),
    Check.PATH: _ask(
        Block.CERTIFICATE,
        "Apakah rantai itu memenuhi RFC 5280 (tanda tangan, nama, batasan, kebijakan)?",
        "Does the chain hold by RFC 5280 (signatures, names, constraints, policies)?",
    ),
    Check.VALIDITY: _ask(
        Block.CERTIFICATE,
        "Apakah sertifikat berlaku pada waktu yang dinilai?",
        "Was the certificate within its validity at the time that counts?",
    ),
    Check.REVOCATION: _ask(
        Block.CERTIFICATE,
        "Apakah sertifikat tidak dicabut sebelum waktu yang dinilai?",
        "Was the certificate not revoked before the time that counts?",
    ),
    Check.CHAIN_ALGORITHMS: _ask(
        Block.CERTIFICATE,
        "Apakah algoritme dan kunci dalam rantai masih memadai pada waktu itu?",
        "Were the algorithms and keys in the chain acceptable at that time?",
    ),
    Check.FRESH: _ask(
        Block.FRESHNESS,
        "Apakah data pencabutan cukup baru untuk waktu yang dinilai?",
        "Are the revocation data fresh enough for the time that counts?",
    ),
    Check.ALGORITHMS: _ask(
        Block.ACCEPTANCE,
        "Apakah algoritme dan kunci tanda tangan memadai pada waktu itu?",
        "Were the algorithms and the key of the signature acceptable at that time?",
    ),
    Check.PAST: _ask(
        Block.PAST,
        "Untuk waktu lampau mana tanda tangan ini dinilai?",
        "For which time in the past was the signature judged?",
    ),
    Check.OTHER: _ask(
        Block.ACCEPTANCE, "Apakah ada hal lain yang menghalangi?", "Does anything else stand against it?"
    ),
}
