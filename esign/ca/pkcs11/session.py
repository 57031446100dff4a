"""An open session with a token: its certificates and keys, and signing with them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pkcs11
from asn1crypto import core, keys
from asn1crypto import x509 as asn1_x509
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from esign.ca.authority import Secret
from esign.ca.pkcs11.module import Module, TokenSight
from esign.ca.pkcs11.trouble import TokenTrouble
from esign.x509.keys import KeyAlgorithm

_log = logging.getLogger(__name__)

_MECHANISMS = {KeyType.RSA: Mechanism.RSA_PKCS, KeyType.EC: Mechanism.ECDSA}
_CURVES = {KeyAlgorithm.P256: "secp256r1", KeyAlgorithm.P384: "secp384r1"}


@dataclass(frozen=True)
class StoredKey:
    """A private key on the token: usable while the session that found it is logged in."""

    label: str
    id: bytes
    public: keys.PublicKeyInfo | None
    """Its public key; None where the token does not show it."""
    kind: KeyType
    asks_each_time: bool
    """Whether it wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)."""
    object: pkcs11.Object


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate on the token."""

    label: str
    id: bytes
    der: bytes


class Session:
    """One session; one thread at a time."""

    def __init__(self, module: Module, sight: TokenSight, *, writing: bool = False) -> None:
        """Opens it. Raises `TokenTrouble`."""
        self.sight = sight
        self._module = module
        self._generation = module.generation
        self._closed = False
        with self._told():
            self._session = sight.slot.get_token().open(rw=writing)
        self._handle: int = self._session.handle  # type: ignore[attr-defined]

    # --- the session itself

    def is_alive(self) -> bool:
        """Whether it may be used further."""
        try:
            self.is_logged_in()
        except TokenTrouble:
            return False
        return True

    def is_logged_in(self) -> bool:
        """Whether the user is logged in at the token. Raises `TokenTrouble`."""
        if self._closed or self._generation != self._module.generation:
            raise TokenTrouble("the session is over", lost=True)
        return self._module.is_logged_in(self._handle)

    def login(self, pin: Secret) -> None:
        """See `Module.login`."""
        self._module.login(self._handle, pin.reveal().encode())

    def leave(self) -> None:
        """Logs the user out. Where that fails the session is closed, and the next login begins with a logout."""
        try:
            self._module.logout(self._handle)
        except TokenTrouble as trouble:
            _log.warning("could not log out of the token %s: %s", self.sight.label, trouble.reason)
            self.close()

    def close(self) -> None:
        """Closes it, unless it is gone: its number may be another's session by now."""
        if not self._closed and self._generation == self._module.generation:
            with suppress(TokenTrouble), self._told():
                self._session.close()
        self._closed = True

    # --- what is on the token

    def certificates(self, label: str | None = None, id: bytes | None = None) -> Sequence[StoredCertificate]:  # noqa: A002
        """The X.509 certificates with that label and id, or all. Raises `TokenTrouble`."""
        wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509}
        found = []
        with self._told():
            for each in self._search(wanted, label, id):
                values = _values(each, Attribute.LABEL, Attribute.ID, Attribute.VALUE)
                if values.get(Attribute.VALUE):
                    found.append(
                        StoredCertificate(
                            values.get(Attribute.LABEL, ""), values.get(Attribute.ID, b""), values[Attribute.VALUE]
                        )
                    )
        return found

    def private_keys(self, label: str | None = None, id: bytes | None = None) -> Sequence[StoredKey]:  # noqa: A002
        """The private RSA and EC keys with that label and id, or all; none without login. Raises `TokenTrouble`."""
        found = []
        with self._told():
            for each in self._search({Attribute.CLASS: ObjectClass.PRIVATE_KEY}, label, id):
                values = _values(each, Attribute.LABEL, Attribute.ID, Attribute.KEY_TYPE, Attribute.ALWAYS_AUTHENTICATE)
                if values.get(Attribute.KEY_TYPE) in _MECHANISMS:
                    own = values.get(Attribute.ID, b"")
                    found.append(
                        StoredKey(
                            label=values.get(Attribute.LABEL, ""),
                            id=own,
                            public=self._public_of(each, own),
                            kind=values[Attribute.KEY_TYPE],
                            asks_each_time=bool(values.get(Attribute.ALWAYS_AUTHENTICATE)),
                            object=each,
                        )
                    )
        return found

    def public_keys(self, label: str | None = None) -> Sequence[tuple[str, bytes, keys.PublicKeyInfo]]:
        """Label, id and value of the public keys with that label, or all. Raises `TokenTrouble`."""
        found = []
        with self._told():
            for each in self._search({Attribute.CLASS: ObjectClass.PUBLIC_KEY}, label, None):
                values = _values(each, Attribute.LABEL, Attribute.ID)
                public = _public_key(each)
                if public is not None:
                    found.append((values.get(Attribute.LABEL, ""), values.get(Attribute.ID, b""), public))
        return found

    def sign(self, key: StoredKey, data: bytes, pin: Secret) -> bytes:
        """The token's signature over ``data``: a DigestInfo for RSA keys, a digest for EC keys.

        A key that wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE) gets it. Raises `TokenTrouble`.
        """
        if not isinstance(key.object, pkcs11.SignMixin):
            raise TokenTrouble("the key is not for signing")
        asked = {"pin": pin.reveal()} if key.asks_each_time else {}
        with self._told():
            return key.object.sign(data, mechanism=_MECHANISMS[key.kind], **asked)

    # --- what is put on the token

    def generate(
        self,
        algorithm: KeyAlgorithm,
        label: str,
        id: bytes,  # noqa: A002
        *,
        each_time: bool = False,
    ) -> keys.PublicKeyInfo:
        """A new key pair for signing, which never leaves the token.

        ``each_time``: it wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE). Raises `TokenTrouble`.
        """
        # Said although they are the defaults of most tokens: what must not be is not left to a default.
        kept = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
        if each_time:
            kept[Attribute.ALWAYS_AUTHENTICATE] = True
        shown = {Attribute.PRIVATE: False}
        asked: dict[str, Any] = {
            "id": id,
            "label": label,
            "store": True,
            "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
            "private_template": kept,
            "public_template": shown,
        }
        with self._told():
            if algorithm in _CURVES:
                parameters = self._session.create_domain_parameters(
                    KeyType.EC,
                    {Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[algorithm])},
                    local=True,
                )
                public, _ = parameters.generate_keypair(**asked)
            else:
                length = int(algorithm.removeprefix("rsa-"))
                public, _ = self._session.generate_keypair(KeyType.RSA, length, **asked)
            made = _public_key(public)
        if made is None:
            raise TokenTrouble("the token does not show the public key that it made")
        return made

    def store(self, certificate: asn1_x509.Certificate, label: str, id: bytes) -> None:  # noqa: A002
        """Puts a certificate on the token, readable without a PIN. Raises `TokenTrouble`."""
        with self._told():
            self._session.create_object(
                {
                    Attribute.CLASS: ObjectClass.CERTIFICATE,
                    Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                    Attribute.TOKEN: True,
                    Attribute.PRIVATE: False,
                    Attribute.LABEL: label,
                    Attribute.ID: id,
                    Attribute.SUBJECT: certificate.subject.dump(),
                    Attribute.ISSUER: certificate.issuer.dump(),
                    Attribute.SERIAL_NUMBER: certificate["tbs_certificate"]["serial_number"].dump(),
                    Attribute.VALUE: certificate.dump(),
                }
            )

    # --- the binding

    def _search(self, wanted: Mapping[Attribute, Any], label: str | None, own: bytes | None) -> list[pkcs11.Object]:
        # A search in a dead session complains on standard error when it is thrown away, so that is found out before.
        self.is_logged_in()
        named = {Attribute.LABEL: label, Attribute.ID: own}
        template = {**wanted, **{kind: value for kind, value in named.items() if value is not None}}
        return list(self._session.get_objects(template))

    def _public_of(self, key: pkcs11.Object, own: bytes) -> keys.PublicKeyInfo | None:
        """From the private key itself, where it tells, else from the public key of the same id."""
        public = _public_key(key)
        if public is None and own:
            for each in self._search({Attribute.CLASS: ObjectClass.PUBLIC_KEY}, None, own):
                public = public or _public_key(each)
        return public

    @contextmanager
    def _told(self) -> Iterator[None]:
        with self._module.turn():
            try:
                yield
            except pkcs11.PKCS11Error as error:
                raise self._module.trouble(error) from error


def _values(item: pkcs11.Object, *kinds: Attribute) -> dict[Attribute, Any]:
    """Those of the attributes that the object has; a token may refuse all for the sake of one."""
    try:
        return dict(item.get_attributes(list(kinds)))
    except pkcs11.PKCS11Error:
        found: dict[Attribute, Any] = {}
        for kind in kinds:
            with suppress(pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive, pkcs11.FunctionFailed):
                found[kind] = item[kind]
        return found


def _public_key(item: pkcs11.Object) -> keys.PublicKeyInfo | None:
    """The public key in the attributes of a key; None where they don't tell it."""
    values = _values(
        item,
        *(Attribute.KEY_TYPE, Attribute.MODULUS, Attribute.PUBLIC_EXPONENT),
        *(Attribute.EC_PARAMS, Attribute.EC_POINT),
    )
    if values.get(Attribute.MODULUS) and values.get(Attribute.PUBLIC_EXPONENT):
        numbers = (int.from_bytes(values[kind], "big") for kind in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
        key = keys.RSAPublicKey(dict(zip(("modulus", "public_exponent"), numbers, strict=True)))
        return keys.PublicKeyInfo.wrap(key, "rsa")
    if values.get(Attribute.EC_PARAMS) and values.get(Attribute.EC_POINT):
        try:
            curve = keys.ECDomainParameters.load(values[Attribute.EC_PARAMS])
            point = core.OctetString.load(values[Attribute.EC_POINT], strict=True).native
        except ValueError:
            return None
        algorithm = keys.PublicKeyAlgorithm({"algorithm": "ec", "parameters": curve})
        return keys.PublicKeyInfo({"algorithm": algorithm, "public_key": keys.ECPointBitString(point)})
    return None
