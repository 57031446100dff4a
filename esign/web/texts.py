"""The words around the answers, in both languages. What a verdict means stands in `esign.service.told`."""

from esign.service.told import Language, Text

TEXTS: dict[str, Text] = {
    "service": Text("Pemeriksaan Surat Elektronik", "Electronic Letter Check"),
    "other_language": Text("English", "Bahasa Indonesia"),
    "start.lead": Text(
        "Periksa apakah sebuah surat dinas benar diterbitkan instansinya dan tidak diubah.",
        "Check whether an official letter was really issued by its agency and has not been changed.",
    ),
    "upload.title": Text("Periksa berkas PDF", "Check a PDF file"),
    "upload.lead": Text(
        "Cara yang paling pasti: unggah PDF persis seperti yang Anda terima. Berkas dihapus setelah diperiksa.",
        "The surest way: upload the PDF just as you received it. The file is deleted once it is checked.",
    ),
    "upload.file": Text("Berkas PDF", "PDF file"),
    "upload.button": Text("Periksa berkas", "Check the file"),
    "upload.limit": Text("Paling besar {megabytes} MB.", "At most {megabytes} MB."),
    "code.title": Text("Periksa kode verifikasi", "Check a verification code"),
    "code.lead": Text(
        "Kode 27 huruf dan angka yang tercetak di samping kode QR.",
        "The code of 27 letters and digits that is printed beside the QR code.",
    ),
    "code.label": Text("Kode verifikasi", "Verification code"),
    "code.button": Text("Cari surat", "Find the letter"),
    "own_domain": Text(
        "Anda sedang membuka {host}. Pastikan alamat ini milik instansi yang Anda kenal; ketik sendiri bila ragu.",
        "You are at {host}. Make sure that this address belongs to the agency you know; type it yourself if in doubt.",
    ),
    "next": Text("Langkah berikutnya", "What to do next"),
    "proof.file": Text("Bukti 1: berkas", "Proof 1: the file"),
    "proof.file.hint": Text(
        "Apakah byte berkas ini persis yang ditandatangani, oleh siapa, dan kapan?",
        "Are the bytes of this file exactly what was signed, by whom, and when?",
    ),
    "proof.register": Text("Bukti 2: catatan instansi", "Proof 2: the agency's register"),
    "proof.register.hint": Text(
        "Apakah instansi menerbitkan surat ini, dan apakah masih berlaku?",
        "Did the agency issue this letter, and is it still in force?",
    ),
    "register.in_force": Text("Tercatat dan berlaku.", "On record and in force."),
    "register.withdrawn": Text("Tercatat, tetapi sudah dicabut.", "On record, but withdrawn."),
    "register.replaced": Text("Tercatat, tetapi sudah diganti.", "On record, but replaced."),
    "register.other_file": Text(
        "Kode ini milik surat lain, bukan berkas ini.", "This code belongs to another letter, not to this file."
    ),
    "register.other_signer": Text(
        "Tercatat, tetapi dengan penanda tangan lain.", "On record, but with another signer."
    ),
    "register.unknown": Text("Tidak tercatat di layanan ini.", "Not on record in this service."),
    "register.unavailable": Text("Catatan belum dapat dibaca sekarang.", "The register can't be read now."),
    "number": Text("Nomor", "Number"),
    "date": Text("Tanggal", "Date"),
    "subject": Text("Hal", "Subject"),
    "agency": Text("Instansi", "Agency"),
    "classification": Text("Sifat", "Classification"),
    "status": Text("Status", "Status"),
    "signed_by": Text("Ditandatangani oleh", "Signed by"),
    "signed_at": Text("Waktu", "Time"),
    "level": Text("Tingkat", "Level"),
    "issuer": Text("Penerbit sertifikat", "Certificate issued by"),
    "withdrawn_at": Text("Dicabut pada", "Withdrawn on"),
    "replaced_by": Text("Diganti dengan", "Replaced by"),
    "code": Text("Kode", "Code"),
    "status.signed": Text("Berlaku", "In force"),
    "status.withdrawn": Text("Dicabut", "Withdrawn"),
    "status.replaced": Text("Diganti", "Replaced"),
    "pages": Text("Halaman surat yang terdaftar", "Pages of the registered letter"),
    "page": Text("Halaman {page} dari {pages}", "Page {page} of {pages}"),
    "more_pages": Text(
        "Surat ini {pages} halaman; yang ditampilkan {shown} halaman pertama.",
        "This letter has {pages} pages; the first {shown} are shown.",
    ),
    "compare.file": Text("Punya berkas PDF-nya?", "Do you have the PDF?"),
    "compare.file.lead": Text(
        "Unggah untuk memastikan bahwa berkas Anda persis surat ini.",
        "Upload it to make sure that your file is exactly this letter.",
    ),
    "qr.title": Text("Apa arti kode QR", "What a QR code means"),
    "qr.lead": Text(
        "Kode QR bukan tanda tangan. Ia hanya menunjuk ke halaman ini dan dapat disalin siapa pun ke kertas apa pun. "
        "Tanda tangan elektronik ada di dalam berkas PDF.",
        "A QR code is not a signature. It only points to this page, and anyone can copy it onto any paper. "
        "The electronic signature is inside the PDF file.",
    ),
    "signature": Text("Tanda tangan {number}", "Signature {number}"),
    "timestamp": Text("Penanda waktu dokumen", "Document time-stamp"),
    "not_understood": Text("Tanda tangan yang tidak dikenal", "A signature that is not understood"),
    "signer": Text("Penanda tangan", "Signer"),
    "organisation": Text("Organisasi", "Organisation"),
    "office": Text("Jabatan", "Office"),
    "claimed_time": Text("Waktu menurut penanda tangan", "Time, as the signer states it"),
    "proven_time": Text("Waktu yang terbukti", "Time that is proven"),
    "not_proven": Text("tidak dibuktikan penanda waktu", "not proven by a time-stamp"),
    "validity": Text("Masa berlaku sertifikat", "Certificate valid"),
    "to": Text("sampai", "to"),
    "indication": Text("Hasil pemeriksaan (EN 319 102-1)", "Result (EN 319 102-1)"),
    "changes": Text("Perubahan sesudahnya", "Changes since"),
    "changes.none": Text("tidak ada", "none"),
    "changes.permitted": Text("ada, dan diizinkan", "some, and permitted"),
    "changes.suspicious": Text("ada, dan tidak diizinkan", "some, and not permitted"),
    "findings": Text("Catatan teknis", "Technical notes"),
    "not_checked": Text("Yang tidak diperiksa", "What was not checked"),
    "not_checked.lead": Text(
        "Kebenaran isi surat, dan apakah pejabat itu berwenang, hanya dapat dijawab instansi penerbit.",
        "Whether what the letter says is true, and whether the official was entitled to say it, only the "
        "issuing agency can answer.",
    ),
    "again": Text("Periksa surat lain", "Check another letter"),
    "error.title": Text("Belum dapat diperiksa", "It could not be checked"),
    "request": Text("Nomor permintaan", "Request id"),
}


def text(key: str, language: Language, **values: object) -> str:
    """The words of that name in that language, with the values filled in."""
    return TEXTS[key].language(language).format_map(values)
