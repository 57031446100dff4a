"""How a dev CA comes into being, is found again, and moves to another address."""

import secrets
from datetime import datetime
from urllib.parse import urlsplit

from asn1crypto import pem

from esign.ca.dev.authorities import issue_roles
from esign.ca.dev.database import Database
from esign.ca.dev.folder import Folder, Record, new_file, replace_file
from esign.ca.dev.hierarchy import ROLES, Issuer, Role
from esign.errors import ConfigurationError
from esign.x509 import keys
from esign.x509.keys import KeyAlgorithm, PrivateKey


def refuse_production(environment: str) -> None:
    """Raises `ConfigurationError` in production."""
    if environment.casefold() == "production":
        reason = "the development CA never runs in production; configure a real authority"
        raise ConfigurationError(variable="ESIGN_ENVIRONMENT", reason=reason)


def normal_url(pki_url: str) -> str:
    """The address without a slash at its end. Raises `ConfigurationError` for what is no http(s) address."""
    parts = urlsplit(pki_url)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain or not pki_url.isascii():
        reason = "must be an http or https address without user, query or fragment"
        raise ConfigurationError(variable="ESIGN_PKI_URL", reason=reason)
    return pki_url.rstrip("/")


def create(folder: Folder, pki_url: str, now: datetime, hierarchy: KeyAlgorithm, *, existing_ok: bool = False) -> None:
    """Makes a CA in one step: killed at any moment, it leaves either none or a whole one.

    Raises `ConfigurationError` where there is one already, unless that is as well.
    """
    with folder.locked():
        folder.sweep()
        if folder.record() is not None:
            if existing_ok:
                return
            reason = f"there is a dev CA in {folder.path} already"
            raise ConfigurationError(variable="ESIGN_CA_DIR", reason=reason)
        if not folder.private.exists():
            with folder.making() as half:
                _fill(half, pki_url, now.replace(microsecond=0), hierarchy)
        # From here on the CA exists; what follows is only told anew if it was interrupted.
        _publish(folder)


def recorded(folder: Folder, pki_url: str) -> Record:
    """The record of a whole CA that was made for this address, its files closed to other users.

    Raises `ConfigurationError`, which names the command that helps.
    """
    record = record_of(folder)
    database = Database(folder.database)
    try:
        with database.reading() as register:
            carried = register.pki_url()
    finally:
        database.close()
    if not record.pki_url == carried == pki_url:
        reason = (
            f"the certificates of the dev CA in {folder.path} carry {record.pki_url}, not {pki_url}; "
            f"set it back, or issue them anew: esign ca reissue --pki-url {pki_url}"
        )
        raise ConfigurationError(variable="ESIGN_PKI_URL", reason=reason)
    for path in folder.loose():
        path.chmod(path.stat().st_mode & 0o700)
    return record


def record_of(folder: Folder) -> Record:
    """What ``ca.json`` says; a register of an older version is brought up to this one's.

    Raises `ConfigurationError` where there is no whole CA, or one of a newer version.
    """
    record = folder.record()
    if record is None or not folder.database.exists():
        reason = f"there is no dev CA in {folder.path}; make one: esign ca init"
        raise ConfigurationError(variable="ESIGN_CA_DIR", reason=reason)
    database = Database(folder.database)
    try:
        database.upgrade()
    finally:
        database.close()
    return record


def reissue_roles(folder: Folder, record: Record, pki_url: str, now: datetime) -> None:
    """New certificates with another address for all of the CA's own but the root, which names none. Under lock."""
    role_keys = {role: keys.decode(folder.key_file(role).read_bytes()) for role in ROLES}
    database = Database(folder.database)
    try:
        with database.writing() as register:
            others = [role for role in ROLES if role is not Issuer.ROOT]
            issue_roles(register, others, role_keys, record.tag, pki_url, now.replace(microsecond=0))
            register.set_pki_url(pki_url)
    finally:
        database.close()


def _fill(half: Folder, pki_url: str, now: datetime, hierarchy: KeyAlgorithm) -> None:
    services = KeyAlgorithm.RSA_2048 if hierarchy.startswith("rsa") else hierarchy
    role_keys: dict[Role, PrivateKey] = {
        role: keys.generate(hierarchy if isinstance(role, Issuer) else services) for role in ROLES
    }
    for role, key in role_keys.items():
        new_file(half.key_file(role), keys.encode(key))
    tag = secrets.token_hex(4)
    database = Database.create(half.database, pki_url, tag)
    try:
        with database.writing() as register:
            issue_roles(register, ROLES, role_keys, tag, pki_url, now)
    finally:
        database.close()


def _publish(folder: Folder) -> None:
    database = Database(folder.database)
    try:
        with database.reading() as register:
            root, pki_url, tag = register.of_role(Issuer.ROOT).der, register.pki_url(), register.tag()
    finally:
        database.close()
    replace_file(folder.root_file, pem.armor("CERTIFICATE", root))
    folder.write_record(Record(pki_url=pki_url, tag=tag))
