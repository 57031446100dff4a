"""Letters signed with the library for the readers of others: two development CAs, officials with every kind of key."""

import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from asn1crypto import pem
from PIL import Image, ImageDraw

from esign.ca.authority import Activation, Consent, Secret
from esign.ca.dev import DevCa, Subject
from esign.pades import footer, stamp
from esign.pades.appearance import Footer
from esign.pades.letter import Limits, examine
from esign.pades.letter_sight import LetterSight
from esign.pades.placement import FieldPlacement, InvisiblePlacement, Placement, Resolved, Taken, resolve
from esign.pades.profile import Profile
from esign.pades.sign import SignedLetter, SignRequest, sign
from esign.pades.spec import ExistingField, FollowerField, NewField, Rect
from esign.pades.theme import StampTheme
from esign.pdf.geometry import Box
from esign.pdf.sandbox import InProcess
from esign.x509.clock import SystemClock
from esign.x509.keys import KeyAlgorithm
from tests.interop.cases import Case, Step
from tests.letter_files import big, read

ZONE = ZoneInfo("Asia/Jakarta")
_PASSPHRASE = Secret("kata sandi untuk uji")


@dataclass(frozen=True)
class Signed:
    """A signed file, and what was recorded of its signatures."""

    case: Case
    file: Path
    material: Path
    """What readers may know besides the file: the folder of the authority, see `Office`."""
    original: bytes
    signatures: tuple[SignedLetter, ...]


class Office:
    """Two authorities, one of RSA and one of P-256 keys, and an official for each kind of key.

    ``folder`` gets for each authority ``<kind>/complete`` with the root alone (for files that carry all else), and
    ``<kind>/online`` with the revocation lists besides, as a reader with a network would fetch them. ``both`` is
    that of the two.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._clock = SystemClock()
        self._open = ExitStack()
        self._authorities = {
            kind: self._open.enter_context(
                DevCa.create(folder / kind / "ca", "http://127.0.0.1:8000", self._clock, hierarchy=hierarchy)
            )
            for kind, hierarchy in (("rsa", KeyAlgorithm.RSA_3072), ("ec", KeyAlgorithm.P256))
        }
        self._officials: dict[str, Activation] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def sign(self, case: Case) -> Signed:
        """The letter of the case with all its signatures, in a file of its own."""
        pdf = original = _letter(case.letter)
        made: list[SignedLetter] = []
        theme = _DRESSED if case.dressed else StampTheme()
        prepared = self._prepared_fields(case, pdf, theme) if case.certified else None
        for number, step in enumerate(case.steps):
            letter = _seen(pdf)
            placement = FieldPlacement(field=prepared[number - 1].name) if prepared and number else step.placement
            place = _place(placement, letter, theme)
            request = SignRequest(
                profile=step.profile,
                field=ExistingField(place.field) if place.field else NewField(place.page_index, _rect(place.rect)),
                signing_time=datetime.now(ZONE).replace(microsecond=0),
                name="Sri Wahyuningsih, S.Sos., M.Si.",
                reason="Menyetujui isi surat",
                location="Tirtamulya",
                appearance=stamp.draw(_CONTENT, theme, *place.size) if place.size[0] else None,
                followers=prepared if not number else None,
                footer=self._footer(step, theme, letter, pdf, place) if case.dressed and not number else None,
            )
            authority = self._authority(step)
            made.append(
                sign(
                    pdf, request, self._official(step.key, step.official), timestamps=authority.timestamps(),
                    revocation=authority.revocation(), runner=InProcess(), clock=self._clock,
                )
            )  # fmt: skip
            pdf = made[-1].pdf
        file = self.folder / f"{case.name.replace(' ', '_').replace(':', '')}.pdf"
        file.write_bytes(pdf)
        complete = all(step.profile.includes(Profile.B_LT) for step in case.steps)
        kinds = {_kind(step.key) for step in case.steps}
        material = self.folder / (kinds.pop() if len(kinds) == 1 else "both") / ("complete" if complete else "online")
        return Signed(case, file, material, original, tuple(made))

    def write_material(self) -> None:
        """What readers may know besides the files, once all are signed: no official is younger than the lists."""
        for kind, authority in self._authorities.items():
            self._write_material(self.folder / kind, authority)
        for name in ("complete", "online"):
            self._write_both(name)

    def pem_files(self, signed: Signed) -> tuple[Path, Path]:
        """PEM files of what is trusted and of the issuing CAs, for openssl."""
        return signed.material.parent / "root.pem", signed.material.parent / "issuers.pem"

    # --- officials and their authority

    def _authority(self, step: Step) -> DevCa:
        return self._authorities[_kind(step.key)]

    def _official(self, key: KeyAlgorithm, number: int) -> Activation:
        holder = f"pejabat-{key}-{number}"
        if holder not in self._officials:
            authority = self._authorities[_kind(key)]
            subject = Subject("Sri Wahyuningsih", "Dinas Kependudukan Kabupaten Tirtamulya", office="Kepala Dinas")
            authority.issue(holder, subject, _PASSPHRASE, key=key)
            self._officials[holder] = self._open.enter_context(authority.activate(holder, Consent(_PASSPHRASE)))
        return self._officials[holder]

    def _write_material(self, folder: Path, authority: DevCa) -> None:
        key = KeyAlgorithm.RSA_2048 if folder.name == "rsa" else KeyAlgorithm.P256
        official, revocation = self._official(key, 0), authority.revocation()
        roots = list(authority.roots())
        chains = [[official.certificate, *official.chain], list(authority.timestamps().certificates())]
        pairs = [pair for chain in chains for pair in pairwise(chain)]
        lists = {revocation.crl(certificate, issuer) for certificate, issuer in pairs}
        for name in ("complete", "online"):
            _write(folder / name / "anchors", [root.dump() for root in roots])
        _write(folder / "online" / "crls", [found for found in lists if found])
        _write_pem(folder / "root.pem", [root.dump() for root in roots])
        _write_pem(folder / "issuers.pem", [each.dump() for chain in chains for each in chain[1:]])

    def _write_both(self, name: str) -> None:
        """The material of both authorities together."""
        target = self.folder / "both" / name
        for kind in self._authorities:
            for file in (self.folder / kind / name).rglob("*.der"):
                part = target / file.parent.name
                part.mkdir(parents=True, exist_ok=True)
                (part / f"{kind}-{file.name}").write_bytes(file.read_bytes())
        for file_name in ("root.pem", "issuers.pem"):
            parts = [(self.folder / kind / file_name).read_bytes() for kind in self._authorities]
            (target.parent / file_name).write_bytes(b"".join(parts))

    # --- places

    def _footer(self, step: Step, theme: StampTheme, letter: LetterSight, pdf: bytes, place: Resolved) -> Footer:
        issuer = self._official(step.key, step.official).chain[0].subject.native["common_name"]
        return footer.fit(theme.footer, {"issuer": issuer}, letter, pdf, InProcess(), [place.box])

    def _prepared_fields(self, case: Case, pdf: bytes, theme: StampTheme) -> tuple[FollowerField, ...]:
        letter, fields = _seen(pdf), []
        first = _place(case.steps[0].placement, letter, theme)
        taken = [Taken(first.page, first.box)]
        for number, step in enumerate(case.steps[1:], 2):
            place = _place(step.placement, letter, theme, taken)
            taken.append(Taken(place.page, place.box))
            if place.field:
                fields.append(FollowerField(place.field, place.page_index, None))
            else:
                fields.append(FollowerField(f"pejabat_{number}", place.page_index, _rect(place.rect)))
        return tuple(fields)


def partial_name(letter: SignedLetter) -> str:
    """The last part of the field's name: all that EU DSS tells of a field within a field."""
    return letter.field.rpartition(".")[2]


def _seen(pdf: bytes) -> LetterSight:
    return LetterSight(pdf, examine(pdf, Limits()), Limits(), examined=InProcess(), rendered=InProcess())


def _place(placement: Placement, letter: LetterSight, theme: StampTheme, taken: Sequence[Taken] = ()) -> Resolved:
    sizes = stamp.sizes(_CONTENT, theme)
    least = (0.0, 0.0) if isinstance(placement, InvisiblePlacement) else stamp.least_size(_CONTENT.address, theme)
    return resolve(placement, letter, sizes, least=least, taken=taken)


def _rect(box: Box) -> Rect:
    return box.left, box.bottom, box.right, box.top


def _letter(name: str) -> bytes:
    return big(int(name.removeprefix("pages:"))) if name.startswith("pages:") else read(name)


def _kind(key: KeyAlgorithm) -> str:
    return "rsa" if key.startswith("rsa") else "ec"


def _write(folder: Path, contents: Sequence[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents):
        (folder / f"{number}.der").write_bytes(content)


def _write_pem(file: Path, certificates: Sequence[bytes]) -> None:
    file.write_bytes(b"".join(pem.armor("CERTIFICATE", certificate) for certificate in certificates))


def _logo() -> bytes:
    picture = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((4, 4, 116, 116), fill=(20, 92, 60, 255), outline=(210, 170, 40, 255), width=6)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


_CONTENT = stamp.StampContent(
    "HTTPS://VERIFIKASI.TIRTAMULYA.GO.ID/V/0123456789ABCDEFGHJKMNPQRSX",
    "0123-4567-89AB-CDEF-GHJK-MNPQ-RSX",
    name="Sri Wahyuningsih, S.Sos., M.Si.",
    office="Kepala Dinas Kependudukan dan Pencatatan Sipil",
)
_DRESSED = StampTheme.model_construct(**{**dict(StampTheme()), "logo": _logo()})
