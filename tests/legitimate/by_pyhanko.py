"""Files signed, filled in and brought up to date by pyHanko."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.ades.api import CAdESSignedAttrSpec
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigCertConstraints,
    SigFieldSpec,
    SigSeedSubFilter,
    SigSeedValueSpec,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from esign.pdf.revisions import PdfFile
from esign.pdf.syntax import Ref
from tests.attacks.authority import Holder, rsa_key
from tests.attacks.forgery import next_number, with_key, written
from tests.legitimate.by_hand import Ends, append, first_page, sign_by_hand
from tests.legitimate.made import AUTHORITY, OFFICIAL, SECOND, Made

_ADOBE, _PADES = SigSeedSubFilter.ADOBE_PKCS7_DETACHED, SigSeedSubFilter.PADES
_NAMES = {_ADOBE: "PKCS#7", _PADES: "PAdES"}


def _signer(holder: Holder = OFFICIAL, *, pss: bool = False) -> signers.SimpleSigner:
    private = holder.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    store = SimpleCertificateStore()
    store.register_multiple([holder.asn1, AUTHORITY.root.asn1])
    return signers.SimpleSigner(holder.asn1, keys.PrivateKeyInfo.load(private), store, prefer_pss=pss)


_STAMPER = AUTHORITY.issue("Penanda RSA", key=rsa_key(2048, "stamper"), purposes=(ExtendedKeyUsageOID.TIME_STAMPING,))


@cache
def _stamper() -> timestamps.DummyTimeStamper:
    private = _STAMPER.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return timestamps.DummyTimeStamper(_STAMPER.asn1, keys.PrivateKeyInfo.load(private))


def _context() -> ValidationContext:
    return ValidationContext(
        trust_roots=[AUTHORITY.root.asn1],
        crls=[asn1_crl.CertificateList.load(AUTHORITY.crl())],
        other_certs=[OFFICIAL.asn1, _STAMPER.asn1, SECOND.asn1],
        allow_fetching=False,
        revocation_mode="hard-fail",
    )


def _writer(pdf: bytes) -> IncrementalPdfFileWriter:
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    if writer.security_handler is not None:
        writer.encrypt(b"")
    return writer


def sign(
    pdf: bytes,
    name: str = "Tanda1",
    signer: signers.SimpleSigner | None = None,
    *,
    sub_filter: SigSeedSubFilter = _PADES,
    stamp: bool = False,
    new: SigFieldSpec | None = None,
    visible: tuple[int, int, int, int] | None = None,
    **meta: Any,
) -> bytes:
    """The file with one more signature of pyHanko's."""
    if visible is not None:
        new = SigFieldSpec(name, box=visible)
    made = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=name, md_algorithm=meta.pop("md_algorithm", "sha256"), subfilter=sub_filter, **meta
        ),
        signer or _signer(),
        timestamper=_stamper() if stamp else None,
        new_field_spec=new,
        stamp_style=TextStampStyle(stamp_text="%(signer)s") if visible is not None else None,
    ).sign_pdf(_writer(pdf), existing_fields_only=False)
    return bytes(made.getvalue())


def long_term(pdf: bytes, **meta: Any) -> bytes:
    """Signed with time-stamp and validation data."""
    return sign(pdf, stamp=True, embed_validation_info=True, validation_context=_context(), **meta)


def stamped(pdf: bytes, name: str = "Waktu") -> bytes:
    """With a document time-stamp."""
    made = signers.PdfTimeStamper(_stamper(), field_name=name).timestamp_pdf(_writer(pdf), "sha256")
    return bytes(made.getvalue())


def with_store(pdf: bytes, *, vri: bool = True) -> bytes:
    """With validation data for its first signature."""
    out = BytesIO(pdf)
    signature = PdfFileReader(out, strict=False).embedded_signatures[0]
    DocumentSecurityStore.add_dss(
        out,
        signature.pkcs7_content if vri else None,
        certs=[OFFICIAL.asn1, AUTHORITY.root.asn1],
        crls=[asn1_crl.CertificateList.load(AUTHORITY.crl())],
        force_write=True,
        strict=False,
    )
    return out.getvalue()


def once(pdf: bytes) -> Iterator[Made]:
    """One signature: encodings, algorithms, texts, permissions."""
    holders = {
        "RSA": AUTHORITY.issue("RSA", key=rsa_key(2048)),
        "P-256": OFFICIAL,
        "P-384": AUTHORITY.issue("P-384", key=ec.generate_private_key(ec.SECP384R1())),
        "P-521": AUTHORITY.issue("P-521", key=ec.generate_private_key(ec.SECP521R1())),
    }
    for sub_filter, told in _NAMES.items():
        for name, holder in holders.items():
            for digest in ("sha256", "sha384", "sha512"):
                made = sign(pdf, signer=_signer(holder), sub_filter=sub_filter, md_algorithm=digest)
                yield Made(f"{told} {name} {digest}", made)
        for digest in ("sha256", "sha512"):
            signer = _signer(holders["RSA"], pss=True)
            yield Made(f"{told} PSS {digest}", sign(pdf, signer=signer, sub_filter=sub_filter, md_algorithm=digest))
        for name, key in (
            ("Ed25519", ed25519.Ed25519PrivateKey.generate()),
            ("Ed448", ed448.Ed448PrivateKey.generate()),
        ):
            holder = AUTHORITY.issue(name, key=key)  # type: ignore[arg-type]
            digest = "sha512" if name == "Ed25519" else "shake256"
            made = sign(pdf, signer=_signer(holder), sub_filter=sub_filter, md_algorithm=digest)
            yield Made(f"{told} {name}", made)
        yield Made(f"{told} SHA-3", sign(pdf, sub_filter=sub_filter, md_algorithm="sha3_256"))
        yield Made(f"{told} visible", sign(pdf, sub_filter=sub_filter, visible=(60, 60, 260, 120)))
        yield Made(f"{told} time-stamp", sign(pdf, sub_filter=sub_filter, stamp=True))
        texts: dict[str, Any] = {"reason": "Setuju – sah", "location": "Kabupaten", "contact_info": "x", "name": "Budi"}
        yield Made(f"{told} texts", sign(pdf, sub_filter=sub_filter, **texts))
        for permission in MDPPerm:
            made = sign(pdf, sub_filter=sub_filter, certify=True, docmdp_permissions=permission)
            yield Made(f"{told} certified {permission.name}", made)
        yield Made(f"{told} long term", long_term(pdf, sub_filter=sub_filter))
        yield Made(f"{told} archived", long_term(pdf, sub_filter=sub_filter, use_pades_lta=sub_filter is _PADES))
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    yield Made(
        "locked", sign(pdf, new=SigFieldSpec("Tanda1", field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES))
    )
    seed = SigSeedValueSpec(reasons=["a", "b"], cert=SigCertConstraints(subject_dn=None))
    yield Made("seeded", sign(pdf, new=SigFieldSpec("Tanda1", seed_value_dict=seed), reason="a"))
    cades = CAdESSignedAttrSpec(timestamp_content=True)
    yield Made("content time-stamp", sign(pdf, stamp=True, cades_signed_attr_spec=cades))
    yield Made(
        "field and widget apart", sign(pdf, new=SigFieldSpec("Tanda1", combine_annotation=False, box=(9, 9, 99, 99)))
    )


def several(pdf: bytes) -> Iterator[Made]:
    """Two and more signatures, with and without a certifying first one."""
    budi, siti = _signer(), _signer(SECOND)
    for sub_filter, told in _NAMES.items():
        one = sign(pdf, sub_filter=sub_filter)
        two = sign(one, "Tanda2", siti, sub_filter=sub_filter)
        yield Made(f"{told} twice", two)
        yield Made(f"{told} three times", sign(two, "Tanda3", budi, sub_filter=sub_filter, stamp=True))
        beside = sign(sign(pdf, visible=(60, 60, 200, 120)), "Tanda2", siti, visible=(300, 60, 440, 120))
        yield Made(f"{told} visible twice", beside)
        apart = SigFieldSpec("Tanda2", combine_annotation=False, box=(300, 9, 400, 60))
        yield Made(f"{told} field and widget apart", sign(one, "Tanda2", siti, sub_filter=sub_filter, new=apart))
        for permission in (MDPPerm.FILL_FORMS, MDPPerm.ANNOTATE):
            certified = sign(pdf, sub_filter=sub_filter, certify=True, docmdp_permissions=permission)
            yield Made(
                f"{told} certified {permission.name}, signed", sign(certified, "Tanda2", siti, sub_filter=sub_filter)
            )
            prepared = _prepared(pdf)
            certified = sign(prepared, "Tanda1", certify=True, docmdp_permissions=permission, sub_filter=sub_filter)
            first = sign(certified, "Kosong1", siti, sub_filter=sub_filter)
            yield Made(f"{told} certified {permission.name}, a field signed", first)
            yield Made(
                f"{told} certified {permission.name}, both signed", sign(first, "Kosong2", budi, sub_filter=sub_filter)
            )
            yield Made(f"{told} certified {permission.name}, archived", stamped(first))
        mixed = sign(one, "Tanda2", siti, sub_filter=_PADES if sub_filter is _ADOBE else _ADOBE)
        yield Made(f"{told}, then the other", mixed)


def _prepared(pdf: bytes) -> bytes:
    writer = _writer(pdf)
    fields.append_signature_field(writer, SigFieldSpec("Kosong1", box=(60, 60, 200, 120)))
    fields.append_signature_field(writer, SigFieldSpec("Kosong2", box=(300, 60, 440, 120)))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def later(pdf: bytes) -> Iterator[Made]:
    """What is added to signed files for the long term, and otherwise harmless saves."""
    for sub_filter, told in _NAMES.items():
        for certified in (None, *MDPPerm):
            meta: dict[str, Any] = {"certify": True, "docmdp_permissions": certified} if certified else {}
            one = sign(pdf, sub_filter=sub_filter, stamp=True, **meta)
            name = f"{told} {certified.name if certified else 'approved'}"
            stored = with_store(one)
            yield Made(f"{name}, data added", stored)
            yield Made(f"{name}, data added without VRI", with_store(one, vri=False))
            yield Made(f"{name}, data added twice", with_store(stored))
            yield Made(f"{name}, data and time-stamp", stamped(stored))
            yield Made(f"{name}, time-stamp alone", stamped(one))
            yield Made(f"{name}, archived twice", stamped(with_store(stamped(stored)), "Waktu2"))
            if certified is not MDPPerm.NO_CHANGES:
                yield Made(f"{name}, data, then signed", sign(stored, "Tanda2", _signer(SECOND)))
            yield Made(f"{name}, metadata and dates", touched(one))


def rewritten(pdf: bytes) -> Iterator[Made]:
    """Objects with texts in UTF-16, which pyHanko writes again in PDFDocEncoding where that holds them."""
    view, new = PdfFile(pdf).view(), next_number(pdf)
    page, root = first_page(view), view.trailer["Root"]
    assert isinstance(root, Ref)
    texts = ("Catatan", "Rp 1.000 \u2013 \u201csah\u201d \u20ac", "\u5370\u5c3c")
    notes = b"".join(
        b"<</Type/Annot/Subtype/Text/Rect[9 %d 29 %d]/F 4/Contents<FEFF%s>/T<FEFF%s>/NM(a)>>"
        % (9 + 30 * place, 29 + 30 * place, _utf16(text), _utf16(text))
        for place, text in enumerate(texts)
    )
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T<FEFF%s>/TU<FEFF%s>/Rect[99 9 199 29]/F 4/P %d 0 R/DA(/F 9 Tf)>>"
    prepared = append(
        pdf,
        {
            page: with_key(written(view.dictionary(Ref(page, 0))), b"Annots", b"[%s%d 0 R]" % (notes, new)),
            new: field % (_utf16("nama"), _utf16("Nama \u2013 lengkap"), page),
            new + 1: b"<</Title<FEFF%s>/Author<FEFF%s>>>" % (_utf16(texts[1]), _utf16(texts[2])),
            root.number: with_key(
                with_key(written(view.catalogue), b"Lang", b"<FEFF%s>" % _utf16("id-ID")),
                b"AcroForm",
                b"<</Fields[%d 0 R]/DR<<>>>>" % new,
            ),
        },
        Ends(trailer=b"/Info %d 0 R" % (new + 1) if "Info" not in view.trailer else b""),
    )
    for told, one in (("by hand", sign_by_hand(prepared)), ("by pyHanko", sign(prepared))):
        yield Made(told, one)
        yield Made(f"{told}, then by pyHanko", sign(one, "Tanda2"))
        yield Made(f"{told}, then by pyHanko, visible", sign(one, "Tanda2", visible=(300, 60, 440, 120)))
        yield Made(f"{told}, then a time-stamp", stamped(one))
        yield Made(f"{told}, then validation data", stamped(with_store(one)))


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be").hex().encode()


def touched(pdf: bytes) -> bytes:
    writer = _writer(pdf)
    writer.set_info(
        generic.DictionaryObject({**_information(writer), pdf_name("/ModDate"): generic.pdf_date(datetime.now(UTC))})
    )
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _information(writer: IncrementalPdfFileWriter) -> dict[Any, Any]:
    found = writer.prev.trailer_view.get("/Info")
    found = {} if found is None else found.get_object()
    return {key: value for key, value in found.items() if key != "/ModDate"}


def pdf_name(text: str) -> generic.NameObject:
    """A name."""
    return generic.NameObject(text)


__all__ = ["later", "long_term", "once", "rewritten", "several", "sign", "stamped", "touched", "with_store", "x509"]
