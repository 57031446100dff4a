"""One mutant for each seed and number, always the same as long as the specimens are."""

import random
from dataclasses import dataclass, field
from typing import Literal

from esign.errors import EsignError
from esign.pades.appearance import Appearance
from esign.pades.spec import NewField
from tests.fuzz import bytewise
from tests.fuzz.anatomy import Anatomy, Update
from tests.fuzz.edits import planned, stream
from tests.fuzz.messages import change_contents, mutated, stored
from tests.fuzz.revisions import append
from tests.fuzz.specimens import Corpus, Specimen
from tests.fuzz.words import Words, change_words
from tests.officials import official, request, signed

Kind = Literal["bytes", "words", "revision", "spoilt revision", "splice", "message", "store", "signed over"]
_SHARES: dict[Kind, int] = {
    "bytes": 24,
    "words": 22,
    "revision": 30,
    "spoilt revision": 9,
    "splice": 6,
    "message": 6,
    "store": 2,
    "signed over": 1,
}
_BYTEWISE = (bytewise.flip, bytewise.overwrite, bytewise.delete, bytewise.insert, bytewise.copy, bytewise.cut)


@dataclass(frozen=True)
class Mutant:
    """A spoilt letter and what it was made from."""

    pdf: bytes
    kind: Kind
    specimen: Specimen
    parents: tuple[Specimen, ...]
    """All letters that have parts in it; the first is the specimen."""
    fresh: bool = False
    """Whether it carries a valid signature that no parent has."""


@dataclass
class Laboratory:
    """Makes mutants, and keeps what was found out about the specimens."""

    corpus: Corpus
    _anatomies: dict[str, Anatomy] = field(default_factory=dict)
    _words: dict[str, Words] = field(default_factory=dict)

    def mutant(self, seed: int, index: int) -> Mutant:
        """The mutant of that number."""
        return self.grown(random.Random(f"{seed}:{index}"))

    def grown(self, chance: random.Random) -> Mutant:
        """A mutant by these chances."""
        specimens = self.corpus.specimens
        specimen = chance.choices(specimens, [item.weight for item in specimens])[0]
        kind: Kind = chance.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
        pdf, fresh = bytearray(specimen.pdf), False
        parents: tuple[Specimen, ...] = (specimen,)
        match kind:
            case "bytes":
                self._bytes(pdf, specimen, chance)
            case "words":
                change_words(pdf, self.words(specimen), chance)
            case "revision":
                self._revision(pdf, specimen, chance)
            case "spoilt revision":
                self._revision(pdf, specimen, chance)
                if chance.random() < 0.7:
                    since = len(specimen.pdf) if chance.random() < 0.8 else specimen.ends[0]
                    change_words(pdf, Words(bytes(pdf), specimen, since), chance)
                else:
                    self._bytes(pdf, specimen, chance)
            case "splice":
                other = chance.choice(specimens)
                parents = (specimen, other)
                bytewise.splice(pdf, specimen, other, chance)
            case "message":
                change_contents(pdf, specimen, chance)
            case "store":
                self._store(pdf, specimen, chance)
            case "signed over":
                fresh = self._signed_over(pdf, specimen, chance)
        return Mutant(bytes(pdf), kind, specimen, parents, fresh)

    def of(self, pdf: bytes, specimen: Specimen) -> Mutant:
        """A mutant that was made elsewhere, of one specimen."""
        return Mutant(pdf, "revision", specimen, (specimen,))

    def anatomy(self, specimen: Specimen) -> Anatomy:
        """What a specimen is made of."""
        if specimen.name not in self._anatomies:
            self._anatomies[specimen.name] = Anatomy(specimen)
        return self._anatomies[specimen.name]

    def words(self, specimen: Specimen) -> Words:
        """Where its words stand."""
        if specimen.name not in self._words:
            self._words[specimen.name] = Words(specimen.pdf, specimen)
        return self._words[specimen.name]

    def _bytes(self, pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
        for _ in range(chance.choice((1, 1, 1, 2))):
            if pdf:
                chance.choice(_BYTEWISE)(pdf, specimen, chance)

    def _revision(self, pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
        anatomy = self.anatomy(specimen)
        append(pdf, anatomy, planned(anatomy, chance), chance)

    def _store(self, pdf: bytearray, specimen: Specimen, chance: random.Random) -> None:
        """Validation data changed by a further revision; letters without any get a revision that adds some."""
        anatomy = self.anatomy(specimen)
        held = stored(anatomy.view)
        update = Update(next=anatomy.size)
        for number in chance.sample(sorted(held), min(len(held), chance.randint(1, 3))):
            update.objects[number] = stream(mutated(held[number], chance), b"", chance)
        if not held:
            update = planned(anatomy, chance)
        append(pdf, anatomy, update, chance)

    def _signed_over(self, pdf: bytearray, specimen: Specimen, chance: random.Random) -> bool:
        """A revision by somebody who may sign as well, and signs what he did."""
        if chance.random() < 0.7:
            self._revision(pdf, specimen, chance)
        left, bottom = chance.randint(0, 450), chance.randint(0, 750)
        look = Appearance(
            150, 60, chance.choice((b"1 g 0 0 150 60 re f", b"0 g 10 10 50 30 re f", b"0 g 0 0 150 60 re f"))
        )
        field = NewField(0, (left, bottom, left + 150, bottom + 60))
        try:
            pdf[:] = signed(bytes(pdf), request(field=field, appearance=look), official("Siti Aminah")).pdf
        except EsignError:
            return False
        if chance.random() < 0.3:
            change_words(pdf, Words(bytes(pdf), specimen, len(specimen.pdf)), chance)
        return True
