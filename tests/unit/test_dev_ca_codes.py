import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_der_x509_certificate

from esign.ca.authority import Authority, Consent, OneTimeCodes, SealActivations, Secret
from esign.ca.dev import CodeLetter, DevCa, HolderKind, Purpose, Subject, schema
from esign.ca.dev.codes import LIFETIMES, MOST_SIGNATURES, MOST_WRONG, PAUSE
from esign.errors import (
    CodesUnsupported,
    CodeTooSoon,
    CredentialRevoked,
    CredentialSuspended,
    EsignError,
    MailUnavailable,
    RequestInvalid,
    SignerUnknown,
    TooManyRequests,
    WrongCode,
    WrongPassphrase,
)
from esign.x509 import keys
from esign.x509.clock import FixedClock
from esign.x509.keys import KeyAlgorithm
from tests.pki import NOW
from tests.unit.test_dev_ca_credentials import BUDI, PASSPHRASE, URL, Clock

DINAS = Subject(name="Dinas Kesehatan", organisation="Pemkab Tirtamulya")
DIGEST = bytes(range(32))


class Post:
    """Who brings letters: they are kept, or it fails."""

    def __init__(self) -> None:
        self.letters: list[CodeLetter] = []
        self.down = False

    def __call__(self, letter: CodeLetter) -> None:
        if self.down:
            raise MailUnavailable
        self.letters.append(letter)

    @property
    def code(self) -> Secret:
        """The newest."""
        return self.letters[-1].code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codes") / "dev"
    with (
        pytest.MonkeyPatch.context() as patch,
        DevCa.create(folder, URL, FixedClock(NOW), hierarchy=KeyAlgorithm.P256) as ca,
    ):
        patch.setattr(keys, "SCRYPT_COST", 2)
        ca.issue("budi", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
        ca.issue("ani", BUDI, PASSPHRASE, key=KeyAlgorithm.P256)
        ca.issue("dinkes", DINAS, PASSPHRASE, kind=HolderKind.SEAL, key=KeyAlgorithm.P256)
    return folder


@pytest.fixture
def ca(made_once: Path, tmp_path: Path, clock: Clock, post: Post) -> Iterator[DevCa]:
    """A dev CA of its own for each test, with two officials and a seal."""
    shutil.copytree(made_once, tmp_path / "dev")
    with DevCa.open(tmp_path / "dev", URL, clock, deliver=post) as opened:
        yield opened


def sign(ca: DevCa, consent: Consent, times: int = 1, holder: str = "budi") -> list[bytes]:
    with ca.activate(holder, consent) as activation:
        return [activation.sign_digests([DIGEST], "sha256")[0] for _ in range(times)]


def other_than(code: Secret) -> Secret:
    return Secret(f"{(int(code.reveal()) + 1) % 10**6:06}")


def test_the_dev_ca_has_both_ports(ca: DevCa) -> None:
    authority: Authority = ca
    codes: OneTimeCodes | None = authority.codes()
    seals: SealActivations | None = authority.seals()
    assert codes is not None
    assert seals is not None


def test_a_code_opens_the_same_key_as_the_passphrase(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 1)
    (signature,) = sign(ca, Consent(code=post.code))
    certificate = ca.credential("budi").certificate
    assert certificate is not None
    public = load_der_x509_certificate(certificate.dump()).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, DIGEST, ec.ECDSA(Prehashed(SHA256())))


def test_the_letter_tells_what_the_code_is_for(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 3)
    (letter,) = post.letters
    assert (letter.holder, letter.purpose, letter.signatures) == ("budi", Purpose.SIGNING, 3)
    assert letter.expires == NOW + timedelta(minutes=5)
    assert len(letter.code.reveal()) == 6
    assert letter.code.reveal().isdigit()
    assert letter.code.reveal() not in repr(letter)


def test_a_code_is_good_for_so_many_signatures_and_no_more(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 3)
    sign(ca, Consent(code=post.code, signatures=2), times=2)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code, signatures=2))
    sign(ca, Consent(code=post.code))
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code))


def test_an_activation_signs_no_more_than_it_was_opened_for(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 3)
    with ca.activate("budi", Consent(code=post.code, signatures=2)) as activation:
        with pytest.raises(WrongCode):
            activation.sign_digests([DIGEST] * 3, "sha256")
        assert len(activation.sign_digests([DIGEST] * 2, "sha256")) == 2
        with pytest.raises(WrongCode):
            activation.sign_digests([DIGEST], "sha256")
    sign(ca, Consent(code=post.code))


def test_signatures_that_were_not_made_are_given_back(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 2)
    with ca.activate("budi", Consent(code=post.code, signatures=2)) as activation:
        activation.sign_digests([DIGEST], "sha256")
        with pytest.raises(ValueError, match="not signed"):
            activation.sign_digests([DIGEST], "sha1")
    sign(ca, Consent(code=post.code))
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code))


def test_what_is_given_back_never_reaches_the_next_code(ca: DevCa, post: Post, clock: Clock) -> None:
    ca.codes().send("budi", 5)
    with ca.activate("budi", Consent(code=post.code, signatures=5)):
        clock.moment += PAUSE
        ca.codes().send("budi", 1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code, signatures=2))
    sign(ca, Consent(code=post.code))


def test_a_code_lasts_five_minutes(ca: DevCa, post: Post, clock: Clock) -> None:
    ca.codes().send("budi", 9)
    clock.moment += LIFETIMES[Purpose.SIGNING] - timedelta(seconds=1)
    sign(ca, Consent(code=post.code))
    clock.moment += timedelta(seconds=1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code))


def test_a_new_code_voids_the_earlier_one_of_that_holder_only(ca: DevCa, post: Post, clock: Clock) -> None:
    ca.codes().send("budi", 1)
    ca.codes().send("ani", 1)
    clock.moment += PAUSE
    ca.codes().send("budi", 1)
    first, ani, second = (letter.code for letter in post.letters)
    if first.reveal() != second.reveal():
        with pytest.raises(WrongCode):
            sign(ca, Consent(code=first))
    sign(ca, Consent(code=ani), holder="ani")
    sign(ca, Consent(code=second))


def test_nobody_signs_with_another_s_code(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code), holder="ani")
    ca.codes().send("ani", 1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.letters[0].code), holder="ani")


def test_after_five_wrong_tries_the_right_code_is_void(ca: DevCa, post: Post, clock: Clock) -> None:
    ca.codes().send("budi", 1)
    for _ in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            sign(ca, Consent(code=other_than(post.code)))
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code))
    clock.moment += PAUSE
    ca.codes().send("budi", 1)
    for _ in range(MOST_WRONG - 1):
        with pytest.raises(WrongCode):
            sign(ca, Consent(code=other_than(post.code)))
    sign(ca, Consent(code=post.code))


@pytest.mark.parametrize("tried", ["", "12345", "1234567", "٠١٢٣٤٥", "abcdef", "\ud800", "0" * 10_000])
def test_what_is_no_code_is_a_wrong_one(ca: DevCa, post: Post, tried: str) -> None:
    ca.codes().send("budi", 1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=Secret(tried)))


def test_without_a_code_that_was_sent_none_is_right(ca: DevCa) -> None:
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=Secret("000000")))


@pytest.mark.parametrize("signatures", [0, -1, -(2**40)])
def test_a_consent_for_no_signature_takes_none(ca: DevCa, post: Post, signatures: int) -> None:
    ca.codes().send("budi", 1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code, signatures=signatures), times=0)
    sign(ca, Consent(code=post.code))
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code))


def test_between_two_codes_there_is_a_pause(ca: DevCa, post: Post, clock: Clock) -> None:
    ca.codes().send("budi", 1)
    clock.moment += PAUSE - timedelta(seconds=7)
    with pytest.raises(CodeTooSoon) as refused:
        ca.codes().send("budi", 1)
    assert isinstance(refused.value, TooManyRequests)
    assert refused.value.details == {"seconds": 7}
    sign(ca, Consent(code=post.code))
    clock.moment += timedelta(seconds=7)
    ca.codes().send("budi", 1)
    clock.moment -= timedelta(seconds=20)  # the clock was set right
    ca.codes().send("budi", 1)


def test_a_code_that_could_not_be_delivered_is_none(ca: DevCa, post: Post) -> None:
    post.down = True
    with pytest.raises(MailUnavailable):
        ca.codes().send("budi", 1)
    post.down = False
    ca.codes().send("budi", 1)
    sign(ca, Consent(code=post.code))


def test_where_both_are_given_both_must_be_right(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 1)
    with pytest.raises(WrongPassphrase):
        sign(ca, Consent(Secret("salah sekali"), post.code))
    with pytest.raises(WrongCode):
        sign(ca, Consent(PASSPHRASE, other_than(post.code)))
    sign(ca, Consent(PASSPHRASE, post.code))


def test_the_number_asked_for_is_bounded(ca: DevCa) -> None:
    for signatures in (0, -1, MOST_SIGNATURES + 1, 2**80):
        with pytest.raises(RequestInvalid):
            ca.codes().send("budi", signatures)


def test_who_may_not_sign_is_sent_no_code(ca: DevCa, post: Post) -> None:
    with pytest.raises(SignerUnknown):
        ca.codes().send("siapa", 1)
    with pytest.raises(CodesUnsupported):
        ca.codes().send("dinkes", 1)
    ca.suspend("budi")
    with pytest.raises(CredentialSuspended):
        ca.codes().send("budi", 1)
    assert not post.letters


def test_a_code_does_not_outlive_the_certificate(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 2)
    with ca.activate("budi", Consent(code=post.code)) as activation:
        ca.revoke("budi")
        with pytest.raises(CredentialRevoked):
            activation.sign_digests([DIGEST], "sha256")
    with pytest.raises(CredentialRevoked):
        sign(ca, Consent(code=post.code))


def test_without_somebody_who_delivers_there_are_no_codes(ca: DevCa, clock: Clock) -> None:
    with DevCa.open(ca.folder.path, URL, clock) as other:
        with pytest.raises(CodesUnsupported):
            other.codes().send("budi", 1)
        with pytest.raises(CodesUnsupported):
            other.seals().request("dinkes")


# --- seals


def opened(ca: DevCa, post: Post) -> Secret:
    ca.seals().request("dinkes")
    return post.code


def test_an_officer_opens_a_seal_and_batches_follow_without_him(ca: DevCa, post: Post) -> None:
    activation = opened(ca, post)
    (letter,) = post.letters
    assert (letter.holder, letter.purpose, letter.signatures) == ("dinkes", Purpose.ACTIVATION, None)
    assert letter.expires == NOW + timedelta(hours=24)
    for _ in range(3):
        issued = ca.seals().code("dinkes", activation, 2)
        assert issued.expires == NOW + timedelta(minutes=5)
        sign(ca, Consent(code=issued.value, signatures=2), times=2, holder="dinkes")
        with pytest.raises(WrongCode):
            sign(ca, Consent(code=issued.value), holder="dinkes")
    assert len(post.letters) == 1


def test_the_activation_itself_signs_nothing(ca: DevCa, post: Post) -> None:
    activation = opened(ca, post)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=activation), holder="dinkes")


def test_refreshing_tells_the_end_and_does_not_move_it(ca: DevCa, post: Post, clock: Clock) -> None:
    activation = opened(ca, post)
    clock.moment += timedelta(hours=23, minutes=58)
    told = ca.seals().refresh("dinkes", activation)
    assert told.value.reveal() == activation.reveal()
    assert told.expires == NOW + timedelta(hours=24)
    assert ca.seals().code("dinkes", activation, 1).expires == told.expires
    clock.moment += timedelta(minutes=2)
    for call in (ca.seals().refresh, ca.seals().revoke):
        with pytest.raises(WrongCode):
            call("dinkes", activation)
    with pytest.raises(WrongCode):
        ca.seals().code("dinkes", activation, 1)


def test_a_revoked_activation_is_over_and_so_is_its_batch(ca: DevCa, post: Post) -> None:
    activation = opened(ca, post)
    issued = ca.seals().code("dinkes", activation, 5)
    ca.seals().revoke("dinkes", activation)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=issued.value), holder="dinkes")
    with pytest.raises(WrongCode):
        ca.seals().refresh("dinkes", activation)


def test_what_a_revoked_batch_gives_back_never_reaches_the_next_one(ca: DevCa, post: Post, clock: Clock) -> None:
    activation = opened(ca, post)
    issued = ca.seals().code("dinkes", activation, 5)
    with ca.activate("dinkes", Consent(code=issued.value, signatures=5)):
        ca.seals().revoke("dinkes", activation)
        clock.moment += PAUSE
        following = ca.seals().code("dinkes", opened(ca, post), 1)
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=following.value, signatures=2), holder="dinkes")
    sign(ca, Consent(code=following.value), holder="dinkes")


def test_guessing_an_activation_ends_it(ca: DevCa, post: Post) -> None:
    activation = opened(ca, post)
    wrong = other_than(activation)
    tries: list[Callable[[], object]] = [
        lambda: ca.seals().refresh("dinkes", wrong),
        lambda: ca.seals().revoke("dinkes", wrong),
        lambda: ca.seals().code("dinkes", wrong, 1),
    ]
    for number in range(MOST_WRONG):
        with pytest.raises(WrongCode):
            tries[number % 3]()
    with pytest.raises(WrongCode):
        ca.seals().refresh("dinkes", activation)


def test_a_person_has_no_activation(ca: DevCa) -> None:
    for holder, error in (("budi", CodesUnsupported), ("siapa", SignerUnknown)):
        with pytest.raises(error):
            ca.seals().request(holder)
        with pytest.raises(error):
            ca.seals().code(holder, Secret("000000"), 1)


# --- what is kept


def test_no_code_is_kept_where_it_could_be_read(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 1)
    activation = opened(ca, post)
    kept = sqlite3.connect(ca.folder.database)
    values = [value for row in kept.execute("SELECT * FROM code") for value in row]
    kept.close()
    codes = {letter.code.reveal() for letter in post.letters} | {activation.reveal()}
    assert len(values) == 16
    assert not codes & {str(value) for value in values}
    assert not any(code.encode() in value for value in values if isinstance(value, bytes) for code in codes)


def test_the_key_of_the_folder_is_nobody_else_s_and_stays(ca: DevCa, post: Post) -> None:
    file = ca.folder.holders_key_file
    before = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    ca.renew("budi", PASSPHRASE, key=KeyAlgorithm.P256)
    ca.codes().send("budi", 1)
    sign(ca, Consent(code=post.code))
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []


def test_under_another_folder_s_key_there_are_no_codes_until_renewal(
    made_once: Path, tmp_path: Path, clock: Clock, post: Post
) -> None:
    shutil.copytree(made_once, tmp_path / "dev")
    (tmp_path / "dev/private/keys/holders.key").unlink()
    with DevCa.open(tmp_path / "dev", URL, clock, deliver=post) as ca:
        ca.codes().send("budi", 1)
        with pytest.raises(CodesUnsupported):
            sign(ca, Consent(code=post.code))
        sign(ca, Consent(PASSPHRASE))


def test_a_ca_from_before_there_were_codes_goes_on(made_once: Path, tmp_path: Path, clock: Clock, post: Post) -> None:
    folder = tmp_path / "dev"
    shutil.copytree(made_once, folder)
    with DevCa.open(folder, URL, clock) as ca:
        before = [(each.holder, each.certificate.sha256) for each in ca.certificates()]
    as_it_was(folder / "private/ca.sqlite")
    (folder / "private/keys/holders.key").unlink()
    with DevCa.open(folder, URL, clock, deliver=post) as ca:
        assert [(each.holder, each.certificate.sha256) for each in ca.certificates()] == before
        sign(ca, Consent(PASSPHRASE))
        with pytest.raises(CodesUnsupported):
            ca.codes().send("budi", 1)
        with pytest.raises(CodesUnsupported):
            sign(ca, Consent(code=Secret("000000")))
        clock.moment += timedelta(days=1)
        ca.renew("budi", PASSPHRASE, key=KeyAlgorithm.P256)
        ca.codes().send("budi", 1)
        sign(ca, Consent(code=post.code))
        assert ca.revocation_lists.current("persons").der  # type: ignore[arg-type]


def as_it_was(register: Path) -> None:
    """Makes a register one of the first version."""
    database = sqlite3.connect(register)
    columns = schema._CERTIFICATE_COLUMNS
    database.executescript(f"""
        DROP TABLE code;
        ALTER TABLE certificate RENAME TO newer;
        DROP INDEX current_of_role; DROP INDEX current_of_holder; DROP INDEX of_holder; DROP INDEX revoked_of_issuer;
        {schema._FIRST[0]};
        {";".join(schema._CERTIFICATE_INDEXES)};
        INSERT INTO certificate (rowid, {columns}) SELECT rowid, {columns} FROM newer;
        DROP TABLE newer;
        ALTER TABLE private_key DROP COLUMN copy;
        PRAGMA user_version = 0;
    """)
    database.close()


def test_a_ca_of_a_newer_version_is_refused(ca: DevCa, clock: Clock) -> None:
    database = sqlite3.connect(ca.folder.database)
    database.execute("PRAGMA user_version = 1000")
    database.close()
    with pytest.raises(EsignError, match="newer version"):
        DevCa.open(ca.folder.path, URL, clock)


# --- several at once


def test_threads_that_share_a_code_make_no_signature_more(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 10)
    barrier = threading.Barrier(8)

    def work(_: int) -> int:
        barrier.wait()
        made = 0
        for _ in range(3):
            with suppress(WrongCode):
                made += len(sign(ca, Consent(code=post.code)))
        return made

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 10


def test_threads_that_guess_have_no_guess_more(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 1)
    wrong = other_than(post.code)

    def guess(_: int) -> bool:
        with pytest.raises(WrongCode):
            sign(ca, Consent(code=wrong))
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(guess, range(24)))
    counted = sqlite3.connect(ca.folder.database)
    assert counted.execute("SELECT wrong FROM code").fetchall() == [(MOST_WRONG,)]
    counted.close()


def test_threads_that_ask_at_once_are_sent_one_code(ca: DevCa, post: Post) -> None:
    def ask(_: int) -> bool:
        try:
            ca.codes().send("budi", 1)
        except CodeTooSoon:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1
    assert len(post.letters) == 1


_SIGNS = """
import sys
from pathlib import Path
from esign.ca.authority import Consent, Secret
from esign.ca.dev import DevCa
from esign.errors import WrongCode
from esign.x509.clock import FixedClock
from tests.pki import NOW

with DevCa.open(Path(sys.argv[1]), sys.argv[2], FixedClock(NOW)) as ca:
    print("ready", flush=True)
    code, made = Secret(sys.stdin.readline().strip()), 0
    for _ in range(30):
        try:
            with ca.activate("budi", Consent(code=code, signatures=2)) as activation:
                made += len(activation.sign_digests([bytes(32)], "sha256"))
        except WrongCode:
            pass
    print(made)
"""


def test_two_processes_that_share_a_code_make_no_signature_more(ca: DevCa, post: Post) -> None:
    ca.codes().send("budi", 21)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _SIGNS, ca.folder.path, URL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write(post.code.reveal() + "\n")
        process.stdin.flush()
    said = [int(process.communicate(timeout=60)[0]) for process in running]
    # Each activation takes two and gives one back; the last one left is too few for two.
    assert sum(said) == 20
    sign(ca, Consent(code=post.code))
    with pytest.raises(WrongCode):
        sign(ca, Consent(code=post.code))
