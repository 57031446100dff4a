"""The tables of the register. Importing this package knows them all."""

from esign.registry.columns import METADATA as METADATA
from esign.registry.models.journal import AuditEvent as AuditEvent
from esign.registry.models.journal import Event as Event
from esign.registry.models.letters import Letter as Letter
from esign.registry.models.letters import LetterNumber as LetterNumber
from esign.registry.models.letters import QuarantinedFile as QuarantinedFile
from esign.registry.models.letters import Signature as Signature
from esign.registry.models.letters import SignatureState as SignatureState
from esign.registry.models.letters import Status as Status
from esign.registry.models.parties import Agency as Agency
from esign.registry.models.parties import ApiClient as ApiClient
from esign.registry.models.parties import Credential as Credential
from esign.registry.models.parties import CredentialState as CredentialState
from esign.registry.models.parties import Disclosure as Disclosure
from esign.registry.models.parties import Level as Level
from esign.registry.models.parties import LevelReached as LevelReached
from esign.registry.models.parties import Scope as Scope
from esign.registry.models.parties import Signer as Signer
from esign.registry.models.parties import SignerKind as SignerKind
from esign.registry.models.requests import AttemptOutcome as AttemptOutcome
from esign.registry.models.requests import Handout as Handout
from esign.registry.models.requests import HeldSignatures as HeldSignatures
from esign.registry.models.requests import IdempotencyRecord as IdempotencyRecord
from esign.registry.models.requests import IdempotencyState as IdempotencyState
from esign.registry.models.requests import PassphraseAttempt as PassphraseAttempt
