"""A letter signed with its PDF read by real sandbox workers only."""

import pytest

from esign.errors import FieldMissing, LetterEncrypted
from esign.pades.profile import Profile
from esign.pades.sign import sign
from esign.pades.spec import ExistingField
from esign.pdf.sandbox import SandboxPool
from esign.x509.clock import SystemClock
from tests.letter_files import big, read
from tests.officials import dev_ca, official, request, roots
from tests.validators import verdicts


def test_letters_are_signed_through_workers_and_refusals_come_back_by_name() -> None:
    services = {"timestamps": dev_ca().timestamps(), "revocation": dev_ca().revocation(), "clock": SystemClock()}
    with SandboxPool("parse", workers=1) as pool:
        for letter in (read("encrypted-aes-256"), big(300)):
            made = sign(letter, request(Profile.B_LTA), official(), runner=pool, **services)  # type: ignore[arg-type]
            assert made.pdf.startswith(letter)
            assert [verdict.sound for verdict in verdicts(made.pdf, roots())] == [True, True]
        with pytest.raises(LetterEncrypted):
            sign(read("encrypted-user"), request(), official(), runner=pool, **services)  # type: ignore[arg-type]
        wanted = request(field=ExistingField("tidak-ada"))
        with pytest.raises(FieldMissing):
            sign(read("typst"), wanted, official(), runner=pool, **services)  # type: ignore[arg-type]
