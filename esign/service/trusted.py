"""Whom this installation trusts, and by which policy it judges: read from the files that the settings name."""

import logging
from pathlib import Path

from esign.errors import ConfigurationError
from esign.settings import Settings
from esign.verify.policy import DEFAULT, Policy
from esign.verify.policy_file import PolicyFileError
from esign.x509.trust import TrustStore
from esign.x509.trustlist import TrustListError, indonesia, read

_log = logging.getLogger(__name__)


def trust(settings: Settings) -> TrustStore:
    """The shipped Indonesian authorities, the trust lists and the PEM files of the settings, together.

    Raises `ConfigurationError` for a file that can't be used.
    """
    store = indonesia() if settings.indonesian_trust else TrustStore()
    for path in settings.trust_lists:
        try:
            store = store.merged(read(path, settings.trust_list_signers))
        except TrustListError as error:
            raise ConfigurationError(variable="ESIGN_TRUST_LISTS", reason=f"{path.name}: {error}") from error
    for path in settings.trust_files:
        try:
            store = store.adding(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(variable="ESIGN_TRUST_FILES", reason=f"{path.name}: {error}") from error
    return store


def policy(settings: Settings) -> Policy:
    """The policy of the settings, else the strict one. Raises `ConfigurationError`."""
    return DEFAULT if settings.policy_file is None else policy_in(settings.policy_file)


def policy_in(path: Path) -> Policy:
    """The policy in a file. Raises `ConfigurationError`."""
    try:
        return Policy.read(path.read_bytes())
    except (OSError, PolicyFileError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(variable="ESIGN_POLICY_FILE", reason=f"{path.name}: {what}") from error


def tell(store: TrustStore, applied: Policy) -> None:
    """Says in the log who is trusted, by fingerprint, and which policy holds."""
    _log.info("policy %s, SHA-256 %s", applied.title, applied.sha256)
    for anchor in store.anchors:
        _log.info("trusted root: %s, SHA-256 %s", anchor.subject.human_friendly, anchor.sha256.hex())
