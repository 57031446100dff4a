"""Handing in letters and having them signed."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from esign import errors
from esign.api import auth, context, idempotency, negotiation, state, uploads
from esign.api.auth import MaySign
from esign.api.idempotency import Answer, Key
from esign.api.openapi import responses
from esign.api.uploads import Form, Shape
from esign.api.v1 import answers, forms, raises
from esign.api.v1.forms import FILE, Filled
from esign.service import letters
from esign.service.orders import LetterFields, SignOrder
from esign.service.views import LetterView

router = APIRouter(prefix="/v1/letters", tags=["signing"])

LetterId = Annotated[str, Path(pattern=r"^[!-~]{1,64}$", description="The letter's id.")]

_PDF_FIRST = (answers.PDF, answers.JSON)
_JSON_FIRST = (answers.JSON, answers.PDF)


def _received(shape_for: Callable[[int], Shape]) -> Callable[[Request], AsyncIterator[Form]]:
    """A dependency: the form with the letter, once there is a place for it."""

    async def receive(request: Request) -> AsyncIterator[Form]:
        uploads.refuse_query(request)
        own = state.of(request)
        settings = own.services.settings
        with own.signing_gate.enter(context.of(request).address):
            shape = shape_for(settings.max_letter_bytes)
            async with uploads.multipart(request, shape, settings.body_seconds) as form:
                yield form

    return receive


async def _order_received(request: Request) -> AsyncIterator[tuple[Filled, Form]]:
    """A dependency: the order to sign a letter that is here already, as JSON or as a form."""
    uploads.refuse_query(request)
    own = state.of(request)
    seconds = own.services.settings.body_seconds
    with own.signing_gate.enter(context.of(request).address):
        match uploads.content_type(request)[0]:
            case "application/json":
                members, secrets = await uploads.json_object(request, forms.SIGNATURE, seconds)
                yield Filled(members, forms.SIGNATURE), Form(secrets=secrets)
            case "application/x-www-form-urlencoded":
                form = await uploads.urlencoded(request, forms.SIGNATURE, seconds)
                yield Filled(form.fields, forms.SIGNATURE), form
            case "multipart/form-data":
                async with uploads.multipart(request, forms.SIGNATURE, seconds) as form:
                    yield Filled(form.fields, forms.SIGNATURE), form
            case _:
                raise errors.MediaTypeUnsupported(
                    accepted="application/json, application/x-www-form-urlencoded, multipart/form-data"
                )


SignForm = Annotated[Form, Depends(_received(forms.sign_shape), scope="function")]
DraftForm = Annotated[Form, Depends(_received(forms.draft_shape), scope="function")]
OrderForm = Annotated[tuple[Filled, Form], Depends(_order_received, scope="function")]


@router.post(
    "/sign",
    status_code=201,
    response_class=Response,
    summary="Sign a letter, in one call",
    description=(
        "The PDF in, the signed PDF out: stamped, signed, registered, checked. Ask with `Accept: application/json` "
        "for the record instead of the file. The level reached stands in `Letter-Level`; where the level asked for "
        "can't be reached, the letter is refused, unless `may_lower` allows less."
    ),
    operation_id="signLetter",
    openapi_extra={"requestBody": forms.multipart_body(LetterFields, SignOrder, consent=True)},
    responses=responses(
        auth.RAISES,
        raises.BODY,
        raises.LETTER,
        raises.PLACE,
        raises.SIGN,
        raises.STORAGE,
        idempotency.RAISES,
        (errors.NotAcceptable, errors.NumberTaken, errors.LetterBusy, errors.LetterStateForbids),
        good=answers.created("The signed letter.", pdf=True),
    ),
)
def sign_new(request: Request, caller: MaySign, form: SignForm, idempotency_key: Key = None) -> Response:
    """Signs a letter that is handed in with its fields."""
    wanted = negotiation.media_type(request.headers.get("accept"), _PDF_FIRST)
    shape = forms.sign_shape(form.file.size if form.file else 0)
    filled = Filled(form.fields, shape)
    letter, order, plan = filled.letter(), filled.order(), filled.plan()
    filled.needs(FILE, there=form.file is not None)
    consent = filled.consent(form.secrets)
    filled.settle()
    assert letter is not None and order is not None  # noqa: S101, PT018 settled
    upload = form.upload(FILE)

    def work(claim: str | None) -> Answer:
        view = letters.sign_new(
            state.of(request).services,
            caller,
            upload.read(),
            letter,
            order,
            consent,
            plan=plan,
            claim=claim,
        )
        return _answer(request, view, wanted)

    return idempotency.once(
        request,
        caller,
        idempotency_key,
        files={FILE: upload.sha256},
        fields=filled.fields | {"answer": wanted},
        work=_counted(request, work),
    )


@router.post(
    "",
    status_code=201,
    response_class=Response,
    summary="Hand in a draft",
    description=(
        "The letter is examined and kept, and holds no number yet. It is signed by "
        "`POST /v1/letters/{id}/signatures`, by one official or by several after each other."
    ),
    operation_id="createLetter",
    openapi_extra={"requestBody": forms.multipart_body(LetterFields, consent=False)},
    responses=responses(
        auth.RAISES,
        raises.BODY,
        raises.LETTER,
        raises.PLACE,
        raises.STORAGE,
        idempotency.RAISES,
        (errors.NumberTaken, errors.SignerUnknown),
        good=answers.created("The draft.", pdf=False),
    ),
)
def create(request: Request, caller: MaySign, form: DraftForm, idempotency_key: Key = None) -> Response:
    """Takes in a draft."""
    filled = Filled(form.fields, forms.draft_shape(form.file.size if form.file else 0))
    letter, plan = filled.letter(), filled.plan()
    filled.needs(FILE, there=form.file is not None)
    filled.settle()
    assert letter is not None  # noqa: S101 settled
    upload = form.upload(FILE)

    def work(_: str | None) -> Answer:
        view = letters.draft(state.of(request).services, caller, upload.read(), letter, plan=plan)
        return answers.record(view, status=201)

    return idempotency.once(
        request, caller, idempotency_key, files={FILE: upload.sha256}, fields=filled.fields, work=work
    )


@router.post(
    "/{letter_id}/signatures",
    status_code=201,
    response_class=Response,
    summary="Sign a letter that is here",
    description=(
        "Signs a draft, or adds the signature of a further official; each is an addition of its own, and all stay "
        "valid. The record comes back, or with `Accept: application/pdf` the signed file."
    ),
    operation_id="addSignature",
    openapi_extra={"requestBody": forms.signature_body()},
    responses=responses(
        auth.RAISES,
        raises.BODY,
        raises.LETTER,
        raises.PLACE,
        raises.SIGN,
        raises.REGISTER,
        raises.STORAGE,
        idempotency.RAISES,
        (errors.NotAcceptable,),
        good=answers.created("The letter with its new signature.", pdf=True),
    ),
)
def sign(
    request: Request, letter_id: LetterId, caller: MaySign, received: OrderForm, idempotency_key: Key = None
) -> Response:
    """Adds one official's signature."""
    wanted = negotiation.media_type(request.headers.get("accept"), _JSON_FIRST)
    filled, form = received
    order = filled.order()
    consent = filled.consent(form.secrets)
    filled.settle()
    assert order is not None  # noqa: S101 settled

    def work(claim: str | None) -> Answer:
        view = letters.sign(state.of(request).services, caller, letter_id, order, consent, claim=claim)
        return _answer(request, view, wanted)

    return idempotency.once(
        request,
        caller,
        idempotency_key,
        files={},
        fields=filled.fields | {"answer": wanted},
        work=_counted(request, work),
    )


def _answer(request: Request, view: LetterView, wanted: str) -> Answer:
    """The signed letter in the form that was asked for."""
    own, newest = state.of(request), view.signatures[-1]
    own.metrics.signature(level=str(newest.level), authority=newest.certificate.issuer, outcome="signed")
    if wanted == answers.JSON:
        return answers.record(view, status=201)
    try:
        content = own.services.blobs.get(view.file.sha256)
    except errors.StorageUnavailable:  # signed it is: the record tells where the file will be
        return answers.record(view, status=201)
    file = letters.LetterFile(content, view.file.sha256, letters.filename(view.number or view.id))
    return answers.signed_file(view, file, status=201)


def _counted(request: Request, work: Callable[[str | None], Answer]) -> Callable[[str | None], Answer]:
    """The work, whose refusals are counted."""

    def counted(claim: str | None) -> Answer:
        try:
            return work(claim)
        except errors.EsignError as error:
            state.of(request).metrics.signature(level="-", authority="-", outcome=error.code)
            raise

    return counted
