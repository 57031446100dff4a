"""What an application may fetch once more after it was signed, once."""

from esign.registry import handouts
from esign.registry.models import Scope
from esign.service.orders import Caller
from esign.service.services import Services


def offer(services: Services, caller: Caller, letter_id: str, sha256: str, size: int) -> str:
    """Lets the caller fetch that file of the letter, in the time that the settings give; the id of that."""
    now, hours = services.clock.now(), services.settings.handout_hours
    with services.database.write() as session:
        return handouts.offer(session, caller.client_id, letter_id, sha256, size, now, hours).id


def take(services: Services, caller: Caller, handout_id: str) -> bytes | None:
    """The file; None where it is unknown, another's, taken or too old. Raises `Forbidden`, `StorageUnavailable`."""
    caller.require(Scope.LETTERS_SIGN)
    now = services.clock.now()
    with services.database.read() as session:
        found = handouts.of_client(session, caller.client_id, handout_id, now)
    if found is None:
        return None
    content = services.blobs.get(found.sha256)
    with services.database.write() as session:
        return content if handouts.take(session, found, now) else None
