"""The words around the answers, in both languages. What a verdict means stands in `esign.service.told`."""

from esign.service.told import Language, Text

TEXTS: dict[str, Text] = {
    # --- on every page ---
    "service": Text("Pemeriksaan Surat Elektronik", "Electronic Letter Check"),
    "language": Text("English", "Bahasa Indonesia"),
    "language.again": Text("Check again in English", "Periksa lagi dalam Bahasa Indonesia"),
    "own_domain": Text(
        "Anda sedang membuka {host}. Pastikan alamat ini milik instansi yang Anda kenal; bila ragu, ketik sendiri "
        "alamatnya. Gambar atau cetakan halaman ini bukan bukti.",
        "You are at {host}. Make sure that this address belongs to an agency you know; if in doubt, type the address "
        "yourself. A picture or print-out of this page proves nothing.",
    ),
    "checked": Text("Diperiksa pada {moment} di {host}.", "Checked on {moment} at {host}."),
    "next": Text("Langkah berikutnya", "What to do next"),
    "again": Text("Periksa surat lain", "Check another letter"),
    # --- where a check begins ---
    "start.title": Text("Apakah surat ini asli?", "Is this letter genuine?"),
    "start.lead": Text(
        "Periksa apakah surat dinas benar diterbitkan instansinya, masih berlaku, dan tidak diubah.",
        "Check whether an official letter was really issued by its agency, is still in force and is unchanged.",
    ),
    "upload.title": Text("Punya berkas PDF-nya", "You have the PDF file"),
    "upload.lead": Text(
        "Cara yang paling pasti. Pilih PDF persis seperti yang Anda terima: bukan foto, hasil pindai, atau tangkapan "
        "layar. Berkas tidak disimpan.",
        "The surest way. Choose the PDF just as you received it: not a photo, a scan or a screenshot. "
        "The file is not kept.",
    ),
    "upload.file": Text("Berkas PDF", "PDF file"),
    "upload.locked": Text("Berkas meminta kata sandi?", "Does the file ask for a password?"),
    "upload.password": Text("Kata sandi berkas (tidak disimpan)", "The file's password (not kept)"),
    "upload.button": Text("Periksa berkas", "Check the file"),
    "upload.limit": Text("Paling besar {megabytes} MB.", "At most {megabytes} MB."),
    "paper.title": Text("Laporan untuk disimpan", "A report to keep"),
    "paper.lead": Text(
        "Hasil ini dapat diunduh sebagai PDF yang memuat kedua bukti. Berkas Anda tidak kami simpan, "
        "jadi pilihlah sekali lagi.",
        "This answer can be had as a PDF with both proofs. We did not keep your file, so please choose it once more.",
    ),
    "paper.button": Text("Unduh laporan PDF", "Download the PDF report"),
    "code.title": Text("Hanya punya kertasnya", "You have only the paper"),
    "code.lead": Text(
        "Pindai kode QR pada surat dengan kamera, atau ketik 27 huruf dan angka yang tercetak di sampingnya. Huruf "
        "besar atau kecil sama saja; tanda hubung boleh dilewati.",
        "Scan the letter's QR code with your camera, or type the 27 letters and digits that are printed beside it. "
        "Capitals or not is all the same; hyphens may be left out.",
    ),
    "code.label": Text("Kode verifikasi", "Verification code"),
    "code.button": Text("Cari surat", "Find the letter"),
    # --- what a code proves ---
    "qr.title": Text("Kode QR bukan tanda tangan", "A QR code is not a signature"),
    "qr.lead": Text(
        "Kode QR hanya berisi alamat halaman pemeriksaan, dan siapa pun dapat menyalinnya ke kertas lain. Tanda tangan "
        "elektronik ada di dalam berkas PDF.",
        "A QR code only holds the address of a page like this, and anyone can copy it onto other paper. The electronic "
        "signature is inside the PDF file.",
    ),
    "scan.title": Text("Apa yang dibuktikan halaman ini", "What this page proves"),
    "scan.proven": Text("Terbukti", "Proven"),
    "scan.proven.what": Text(
        "Instansi pernah menerbitkan surat dengan kode ini.", "The agency has issued a letter with this code."
    ),
    "scan.not_proven": Text("Tidak terbukti", "Not proven"),
    "scan.not_proven.what": Text(
        "Kertas atau berkas di tangan Anda belum tentu surat itu.", "The paper or file you hold may be a different one."
    ),
    "registered.title": Text("Surat menurut catatan instansi", "The letter in the agency's register"),
    "pages": Text("Isi surat yang tercatat", "What the registered letter says"),
    "pages.lead": Text("Ketuk gambar untuk memperbesar.", "Tap a picture to enlarge it."),
    "page": Text("Halaman {page} dari {pages}", "Page {page} of {pages}"),
    "pages.range": Text("Halaman {first} sampai {last}", "Pages {first} to {last}"),
    "page.one": Text("Halaman {page}", "Page {page}"),
    "compare.title": Text("Punya berkas PDF-nya?", "Do you have the PDF?"),
    "compare.lead": Text(
        "Unggah, supaya pasti apakah berkas Anda benar surat ini. Berkas tidak disimpan.",
        "Upload it, to be sure whether your file really is this letter. The file is not kept.",
    ),
    # --- a letter of the register ---
    "number": Text("Nomor", "Number"),
    "date": Text("Tanggal", "Date"),
    "registered_at": Text("Terdaftar sejak", "Registered"),
    "subject": Text("Hal", "Subject"),
    "agency": Text("Instansi", "Agency"),
    "classification": Text("Sifat", "Classification"),
    "status": Text("Status", "Status"),
    "signed_by": Text("Ditandatangani oleh", "Signed by"),
    "sealed_by": Text("Disegel oleh", "Sealed by"),
    "issuer": Text("Penerbit sertifikat", "Certificate issued by"),
    "withdrawn_at": Text("Dicabut pada", "Withdrawn on"),
    "replaced_by": Text("Diganti dengan", "Replaced by"),
    "status.signed": Text("Berlaku", "In force"),
    "status.withdrawn": Text("Dicabut", "Withdrawn"),
    "status.replaced": Text("Diganti", "Replaced"),
    # --- the two proofs of a file ---
    "proof.file": Text("Bukti 1: berkas", "Proof 1: the file"),
    "proof.file.hint": Text(
        "Siapa yang menandatangani berkas ini, dan apakah isinya masih sama?",
        "Who signed this file, and does it still say the same?",
    ),
    "proof.register": Text("Bukti 2: catatan instansi", "Proof 2: the agency's register"),
    "proof.register.hint": Text(
        "Apakah instansi menerbitkan surat ini, dan apakah masih berlaku?",
        "Did the agency issue this letter, and is it still in force?",
    ),
    "register.in_force": Text("Tercatat dan berlaku.", "On record and in force."),
    "register.extended": Text(
        "Tercatat dan berlaku, tetapi tanpa tambahan pada berkas ini.",
        "On record and in force, but without what was added to this file.",
    ),
    "register.withdrawn": Text("Tercatat, tetapi sudah dicabut.", "On record, but withdrawn."),
    "register.replaced": Text("Tercatat, tetapi sudah diganti.", "On record, but replaced."),
    "register.other_file": Text(
        "Kode itu milik surat lain, bukan berkas ini.", "That code belongs to another letter, not to this file."
    ),
    "register.other_signer": Text(
        "Tercatat, tetapi dengan penanda tangan lain.", "On record, but with another signer."
    ),
    "register.unknown": Text("Tidak tercatat di layanan ini.", "Not on record in this service."),
    "register.unavailable": Text("Catatan belum dapat dibaca sekarang.", "The register can't be read now."),
    "register.not_shown": Text(
        "Sifat surat ini tidak mengizinkan keterangan lain ditampilkan.",
        "This letter's classification lets nothing more be shown.",
    ),
    "back_to_code": Text("Lihat surat dengan kode itu", "See the letter with that code"),
    "signature": Text("Tanda tangan {number}", "Signature {number}"),
    "timestamp": Text("Penanda waktu dokumen", "Document time-stamp"),
    "not_understood": Text("Tanda tangan yang tidak dikenal", "A signature that is not understood"),
    "signer": Text("Penanda tangan", "Signer"),
    "seal": Text("Segel milik", "Seal of"),
    "authority": Text("Layanan penanda waktu", "Time-stamp authority"),
    "organisation": Text("Organisasi", "Organisation"),
    "office": Text("Jabatan", "Office"),
    "not_checked": Text("Yang tidak diperiksa", "What was not checked"),
    "not_checked.lead": Text(
        "Kebenaran isi surat, dan apakah pejabat itu berwenang, hanya dapat dijawab instansi penerbit.",
        "Whether what the letter says is true, and whether the official was entitled to say it, only the "
        "issuing agency can answer.",
    ),
    # --- for those who look into it ---
    "details": Text("Rincian teknis: {of}", "Technical details: {of}"),
    "details.file": Text("berkas", "the file"),
    "indication": Text("Hasil menurut EN 319 102-1", "Result by EN 319 102-1"),
    "level": Text("Tingkat", "Level"),
    "claimed_time": Text("Waktu menurut penanda tangan", "Time, as the signer states it"),
    "proven_time": Text("Waktu yang terbukti", "Time that is proven"),
    "not_proven": Text("tidak dibuktikan penanda waktu", "not proven by a time-stamp"),
    "changes": Text("Perubahan sesudahnya", "Changes since"),
    "changes.none": Text("tidak ada", "none"),
    "changes.permitted": Text(
        "hanya tambahan yang diizinkan, seperti data pendukung dan tanda tangan berikutnya",
        "only permitted additions, such as supporting data and later signatures",
    ),
    "changes.suspicious": Text("ada, dan tidak diizinkan", "some, and not permitted"),
    "field": Text("Nama kolom", "Field name"),
    "validity": Text("Masa berlaku sertifikat", "Certificate valid"),
    "from_to": Text("{first} sampai {last}", "{first} to {last}"),
    "certificate.sha256": Text("SHA-256 sertifikat", "SHA-256 of the certificate"),
    "file.sha256": Text("SHA-256 berkas", "SHA-256 of the file"),
    "file.size": Text("Ukuran", "Size"),
    "file.bytes": Text("{size} byte", "{size} bytes"),
    # --- what could not be done ---
    "request": Text("Nomor permintaan", "Request id"),
    "refused": Text("Belum dapat diperiksa", "It could not be checked"),
    "refused.code": Text("Kode salah ketik", "The code is mistyped"),
    "refused.code.why": Text(
        "Kode verifikasi terdiri atas 27 huruf dan angka, tanpa huruf I, L, O, dan U. Bandingkan satu per satu dengan "
        "yang tercetak pada surat.",
        "A verification code has 27 letters and digits, and never the letters I, L, O or U. Compare them one by one "
        "with those printed on the letter.",
    ),
    "refused.address": Text("Alamat ini tidak ada", "There is no such address"),
    "refused.address.why": Text(
        "Tidak ada halaman di alamat ini. Pindai lagi kode QR pada surat, ketik kodenya, atau unggah berkas PDF-nya.",
        "There is no page at this address. Scan the letter's QR code again, type its code, or upload the PDF file.",
    ),
    "refused.no_file": Text("Belum ada berkas yang dipilih", "No file was chosen"),
    "refused.no_file.why": Text(
        "Berkas belum dipilih, atau kosong. Pilih berkas PDF surat itu, lalu tekan Periksa berkas.",
        "No file was chosen, or it is empty. Choose the letter's PDF file, then press Check the file.",
    ),
    "refused.not_pdf": Text("Ini bukan berkas PDF", "This is not a PDF file"),
    "refused.not_pdf.why": Text(
        "Foto, hasil pindai, tangkapan layar, dan berkas Word tidak memuat tanda tangan elektronik. Unggah PDF yang "
        "Anda terima; bila hanya ada kertasnya, periksa kode yang tercetak di situ.",
        "Photos, scans, screenshots and Word files carry no electronic signature. Upload the PDF that you received; if "
        "there is only the paper, check the code that is printed on it.",
    ),
    "refused.too_large": Text("Berkas terlalu besar", "The file is too large"),
    "refused.too_large.why": Text(
        "Yang dapat diperiksa di sini paling besar {megabytes} MB. Tanyakan kepada instansi penerbit.",
        "Files of at most {megabytes} MB can be checked here. Ask the issuing agency.",
    ),
    "refused.too_slow": Text("Sambungan terlalu lambat", "The connection is too slow"),
    "refused.too_slow.why": Text(
        "Berkas belum diterima seluruhnya. Coba lagi dengan sambungan yang lebih baik.",
        "The file did not arrive whole. Try again over a better connection.",
    ),
    "refused.too_many": Text("Terlalu banyak permintaan", "Too many requests"),
    "refused.too_many.why": Text(
        "Jaringan Anda sudah terlalu sering memeriksa. Coba lagi dalam {seconds} detik.",
        "Your network has asked too often. Try again in {seconds} seconds.",
    ),
    "refused.busy": Text("Layanan sedang sibuk", "The service is busy"),
    "refused.busy.why": Text(
        "Ini tidak mengatakan apa pun tentang surat Anda. Coba lagi sebentar.",
        "This says nothing about your letter. Try again in a moment.",
    ),
    "refused.why": Text(
        "Ini tidak mengatakan apa pun tentang surat Anda. Coba lagi; bila tetap gagal, hubungi pengelola dan sebutkan "
        "nomor permintaan di bawah.",
        "This says nothing about your letter. Try again; if it keeps failing, tell the operator the request id below.",
    ),
}


def text(key: str, language: Language, **values: object) -> str:
    """The words of that name in that language, with the values filled in."""
    return TEXTS[key].language(language).format_map(values)
