"""Names of ETSI TS 119 102-2 V1.4.1: namespaces, the URIs of its clause 4, algorithms; and elements made with them."""

import re
from base64 import b64encode
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace

from esign.verify.report import Indication, SubIndication

VR = "http://uri.etsi.org/19102/v1.4.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

register_namespace("vr", VR)
register_namespace("ds", DS)
register_namespace("xades", XADES)

_ETSI = "urn:etsi:019102"
TOTAL = {
    Indication.TOTAL_PASSED: f"{_ETSI}:mainindication:total-passed",
    Indication.TOTAL_FAILED: f"{_ETSI}:mainindication:total-failed",
    Indication.INDETERMINATE: f"{_ETSI}:mainindication:indeterminate",
}
"""Of signatures (4.3.4.1)."""
PARTIAL = {
    Indication.TOTAL_PASSED: f"{_ETSI}:mainindication:passed",
    Indication.TOTAL_FAILED: f"{_ETSI}:mainindication:failed",
    Indication.INDETERMINATE: f"{_ETSI}:mainindication:indeterminate",
}
"""Of building blocks and validation objects."""
NO_SIGNATURE = "urn:cef:dss:mainindication:noSignatureFound"
"""The standard has no indication for a file without signatures; this is what the reference implementation says."""
PROCESSES = {
    "basic": f"{_ETSI}:validationprocess:Basic",
    "with_time": f"{_ETSI}:validationprocess:LTVM",
    "with_archival_data": f"{_ETSI}:validationprocess:LTA",
}
"""4.3.11.1."""
APPLIED = f"{_ETSI}:constraintStatus:applied"
BY_VALIDATION = f"{_ETSI}:poetype:validation"
CERTIFICATE, CRL, OCSP, TIMESTAMP, SIGNED_DATA = (
    f"{_ETSI}:validationObject:{kind}" for kind in ("certificate", "CRL", "OCSPResponse", "timestamp", "signedData")
)
"""4.4.4."""
REASON = f"{_ETSI}:revocationReason:"
CHECK = "urn:x-esign:check:"
FOUND = "urn:x-esign:found"
POLICY = "urn:x-esign:policy:"

_ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_NEWER = "http://www.w3.org/2007/05/xmldsig-more#"
DIGESTS = {
    "md5": f"{_MORE}md5",
    "sha1": f"{DS}sha1",
    "sha224": f"{_MORE}sha224",
    "sha256": f"{_ENCRYPTION}sha256",
    "sha384": f"{_MORE}sha384",
    "sha512": f"{_ENCRYPTION}sha512",
    "sha3_224": f"{_NEWER}sha3-224",
    "sha3_256": f"{_NEWER}sha3-256",
    "sha3_384": f"{_NEWER}sha3-384",
    "sha3_512": f"{_NEWER}sha3-512",
}
"""RFC 9231, by asn1crypto's names."""
_FORBIDDEN = re.compile(r"[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def sub_indication(value: SubIndication) -> str:
    """The URI of a sub-indication (4.3.4.2)."""
    return f"{_ETSI}:subindication:{value.value}"


def signature_algorithm(kind: str, digest: str | None) -> str:
    """The URI of a signature algorithm by its kind (``rsassa_pkcs1v15``, ``ecdsa`` …) and digest (RFC 9231)."""
    short = (digest or "").replace("_", "-")
    if kind == "rsassa_pkcs1v15":
        return f"{DS}rsa-sha1" if short == "sha1" else f"{_MORE}rsa-{short}"
    if kind == "rsassa_pss":
        return f"{_NEWER}{short}-rsa-MGF1"
    if kind == "ecdsa":
        return f"{_NEWER if short.startswith('sha3') else _MORE}ecdsa-{short}"
    if kind in ("ed25519", "ed448"):
        return f"http://www.w3.org/2021/04/xmldsig-more#eddsa-{kind}"
    return f"{_ETSI}:algorithm:unidentified"


def element(parent: Element, name: str, text: str | None = None, namespace: str = VR, **attributes: str) -> Element:
    """A new last child; what XML can't hold of its text becomes ``?``."""
    made = SubElement(parent, f"{{{namespace}}}{name}", attributes)
    if text is not None:
        made.text = _FORBIDDEN.sub("?", text)
    return made


def moment(parent: Element, name: str, value: datetime) -> Element:
    """A new last child of type dateTime."""
    return element(parent, name, value.isoformat().replace("+00:00", "Z"))


def digest(parent: Element, algorithm: str, value_hex: str, name: str = "DigestAlgAndValue") -> Element:
    """A digest with its algorithm as new last child."""
    made = element(parent, name)
    element(made, "DigestMethod", namespace=DS, Algorithm=DIGESTS.get(algorithm, f"{_ETSI}:algorithm:unidentified"))
    element(made, "DigestValue", b64encode(bytes.fromhex(value_hex)).decode(), DS)
    return made


def reference(parent: Element, name: str, *identifiers: str) -> Element:
    """References to validation objects as new last child."""
    return element(parent, name, VOReference=" ".join(identifiers))
