"""What a second reader is asked about a signed file, and what it saw (verification.md, rule 6): data that cross a pipe.

The reader itself (`esign.pdf.witness`) runs in the ``render`` worker; whoever gives the verdict needs only this.
"""

from pydantic import BaseModel, ConfigDict, ValidationError

from esign import errors
from esign.pdf.sandbox import Header, Runner

WITNESS_TASK = "esign.pdf.witness:witness_task"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Step(_Model):
    """What to look at between one revision and the next."""

    pages: tuple[int, ...] = ()
    """Pages, from 1, that something that was added or changed belongs to."""
    fields: tuple[str, ...] = ()
    """Full names of the form fields that were filled in: what they showed before may be painted over by themselves."""


class Plan(_Model):
    """What the second engine is asked. ``steps[i]`` leads from ``ends[i]`` to ``ends[i + 1]``."""

    ends: tuple[int, ...]
    """Lengths of the prefixes to be compared, in bytes, rising; the last is the whole file."""
    steps: tuple[Step, ...]
    sample: tuple[int, ...] = ()
    """Pages that nothing should have touched, looked at in the first and the last of the prefixes."""


class Cover(_Model):
    """Marks of a page that something was painted over later."""

    box: tuple[float, float, float, float]
    """Around them, in the page's user space."""
    text: str
    """What the page's text says there, shortened."""


class SeenPage(_Model):
    """A page of two neighbouring prefixes, compared."""

    step: int
    page: int
    content: bool
    """It looks and reads the same, form fields left out."""
    cover: Cover | None = None


class Seen(_Model):
    """What the second engine saw."""

    counts: tuple[int | None, ...]
    """The pages of each prefix; None: it can't be opened."""
    sizes: tuple[bool, ...]
    """For each step, whether the pages have the same sizes."""
    pages: tuple[SeenPage, ...]
    sample: tuple[tuple[int, bool], ...] = ()
    """Sampled pages, and whether they look and read the same."""


def look_in(runner: Runner, pdf: bytes, plan: Plan, password: str | None = None, *, timeout: float) -> Seen:
    """``look`` in the runner; ``timeout`` in seconds. Raises `Busy` and `LetterNotExamined`."""
    header: Header = {"plan": plan.model_dump(mode="json"), "password": password}
    answer, _ = runner.run(WITNESS_TASK, header, pdf, timeout=timeout)
    try:
        seen = Seen.model_validate(answer)
    except ValidationError as error:
        raise errors.LetterNotExamined(reason="answer") from error
    if len(seen.counts) != len(plan.ends) or len(seen.sizes) != len(plan.steps):
        raise errors.LetterNotExamined(reason="answer")
    if None not in seen.counts:
        asked = {(step, page) for step, each in enumerate(plan.steps) for page in each.pages}
        if asked - {(each.step, each.page) for each in seen.pages}:
            raise errors.LetterNotExamined(reason="answer")
    return seen
