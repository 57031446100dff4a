"""What the letters say: one official letter of an agency that doesn't exist, and its logo."""

import io
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw


@dataclass(frozen=True)
class Letter:
    """The parts of a naskah dinas, in the order in which they stand on the page."""

    government: str = "PEMERINTAH KABUPATEN TIRTAMULYA"
    agency: str = "DINAS KEPENDUDUKAN DAN PENCATATAN SIPIL"
    address: str = "Jalan Merdeka Nomor 12, Tirtamulya 55813"
    contact: str = "Telepon (0274) 555012, laman disdukcapil.tirtamulya.go.id"
    number: str = "400.12/118/DISDUKCAPIL/2026"
    place_and_date: str = "Tirtamulya, 5 Januari 2026"
    classification: str = "Biasa"
    attachments: str = "1 (satu) lembar"
    subject: str = "Undangan Rapat Koordinasi Pelayanan Administrasi Kependudukan"
    addressee: tuple[str, ...] = ("Yth. Para Camat se-Kabupaten Tirtamulya", "di Tempat")
    opening: str = (
        "Dalam rangka peningkatan mutu pelayanan administrasi kependudukan tahun 2026 dan tindak lanjut atas hasil "
        "evaluasi triwulan IV tahun 2025, bersama ini kami mengundang Saudara untuk hadir pada rapat koordinasi yang "
        "akan dilaksanakan dengan jadwal sebagai berikut:"
    )
    head: tuple[str, ...] = ("No.", "Hari/tanggal", "Pukul (WIB)", "Acara")
    rows: tuple[tuple[str, ...], ...] = (
        ("1", "Senin, 12 Januari 2026", "08.30 – 10.00", "Pembukaan dan arahan Bupati"),
        ("2", "Senin, 12 Januari 2026", "10.15 – 12.00", "Evaluasi perekaman KTP-el per kecamatan"),
        ("3", "Selasa, 13 Januari 2026", "09.00 – 11.30", "Penyusunan rencana pelayanan keliling"),
    )
    closing: str = (
        "Mengingat pentingnya acara tersebut, Saudara diharapkan hadir tepat waktu dan membawa data capaian wilayah "
        "masing-masing. Demikian disampaikan, atas perhatian dan kerja sama Saudara diucapkan terima kasih."
    )
    office: str = "Kepala Dinas Kependudukan dan Pencatatan Sipil,"
    tag: str = "${ttd}"
    """Where the stamp belongs, as the office's own application writes it into the text."""
    name: str = "Sri Wahyuningsih, S.Sos., M.Si."
    rank: str = "Pembina Utama Muda"

    def with_tag(self, tag: str) -> "Letter":
        """The same letter with another tag."""
        return replace(self, tag=tag)


def logo(size: int = 96) -> bytes:
    """A regency's shield as PNG with alpha, as letterheads carry it."""
    scale = 4
    picture = Image.new("RGBA", (size * scale, size * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    unit = size * scale / 100

    def points(*pairs: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x * unit, y * unit) for x, y in pairs]

    shield = points((12, 6), (88, 6), (88, 55), (50, 96), (12, 55))
    draw.polygon(shield, fill=(20, 92, 60, 255), outline=(210, 170, 40, 255))
    draw.line([*shield, shield[0]], fill=(210, 170, 40, 255), width=int(4 * unit))
    draw.polygon(
        points((50, 14), (54, 27), (67, 27), (57, 35), (61, 48), (50, 40), (39, 48), (43, 35), (33, 27), (46, 27)),
        fill=(250, 210, 60, 255),
    )
    for row in range(3):
        top = 56 + 8 * row
        draw.arc(
            [20 * unit + 6 * row * unit, top * unit, 80 * unit - 6 * row * unit, (top + 10) * unit],
            200,
            340,
            fill=(255, 255, 255, 255),
            width=int(3 * unit),
        )
    out = io.BytesIO()
    picture.resize((size, size), Image.Resampling.LANCZOS).quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()
