"""A strict stand-in for Amazon SNS as far as texts to phones need it.

It knows one long-term key, one temporary key with its session token, and one region. The real SNS
passes over a misspelt attribute; here it is refused, so that it shows. SNS takes messages to
people who opted out, and messages beyond the spend limit, and drops them silently.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from watchword.emulators.kit import Emulator, Refused, Trouble

# Known to everyone: they open nothing but this emulator.
ACCESS_KEY_ID = "AKIAEMULATEDKEY00001"
ACCESS_KEY_SECRET = "EmulatedSecretAccessKey/0123456789abcdefg"  # noqa: S105
TEMPORARY_KEY_ID = "ASIAEMULATEDKEY00001"
SESSION_TOKEN = "emulated-session-token"  # noqa: S105
REGION = "us-east-1"

TOLERANCE = timedelta(minutes=15)
SCHEME = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), ?"
    r"SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST = 1600
NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
ENTRY = re.compile(r"MessageAttributes\.entry\.(\d+)\.(Name|Value\.DataType|Value\.StringValue)")
PARTS = frozenset({"Name", "Value.DataType", "Value.StringValue"})

# Type and form of each attribute's value.
ATTRIBUTES = {
    "AWS.SNS.SMS.SMSType": ("String", re.compile(r"Transactional|Promotional")),
    "AWS.SNS.SMS.SenderID": ("String", re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}")),
    "AWS.SNS.SMS.MaxPrice": ("Number", re.compile(r"\d+(\.\d{1,5})?")),
    "AWS.MM.SMS.OriginationNumber": ("String", re.compile(r"\+?\d{3,15}")),
    "AWS.MM.SMS.EntityId": ("String", re.compile(r"\w{1,50}")),
    "AWS.MM.SMS.TemplateId": ("String", re.compile(r"\w{1,50}")),
}


@dataclass(kw_only=True)
class AwsSnsEmulator(Emulator):
    """One emulated AWS account, in the sandbox, with a spend limit of one dollar."""

    def routes(self) -> Sequence[Route]:
        """Return SNS's only route."""
        return [Route("/", self.call, methods=["POST"])]

    def not_found(self, request: Request, status: int) -> Response:  # noqa: ARG002
        """Return SNS's answer to a path or method that it does not have."""
        return _error(status, "InvalidAction", "The action or operation requested is invalid.")

    async def call(self, request: Request) -> Response:
        """Do what the form's action says."""
        body = await request.body()
        _check_signature(request, body)
        form = _form(request, body)
        action, version = form.pop("Action", ""), form.pop("Version", "")
        if version != "2010-03-31":
            raise Refused(_error(400, "InvalidAction", "Version"))
        if action == "Publish":
            return await self._publish(form)
        if action == "GetSMSAttributes" and not form:
            limit = "<entry><key>MonthlySpendLimit</key><value>1</value></entry>"
            kind = "<entry><key>DefaultSMSType</key><value>Promotional</value></entry>"
            return _result(action, f"<attributes>{limit}{kind}</attributes>")
        if action == "GetSMSSandboxAccountStatus" and not form:
            return _result(action, "<IsInSandbox>true</IsInSandbox>")
        raise Refused(_error(400, "InvalidAction", f"No action {action}"))

    async def _publish(self, form: Mapping[str, str]) -> Response:
        number, text = form.get("PhoneNumber", ""), form.get("Message", "")
        attributes = _attributes(form)
        if not E164.fullmatch(number):
            raise Refused(_invalid(f"PhoneNumber Reason: {number} is not valid to publish to"))
        if not text:
            raise Refused(_invalid("Empty message"))
        if len(text.encode()) > LONGEST:
            raise Refused(_invalid("Message too long"))
        _refuse_on_purpose(number)
        message_id = str(uuid.uuid4())
        self.accepted.append(
            {
                "id": message_id,
                "to": number,
                "text": text,
                "attributes": attributes,
                "fields": dict(form),
            }
        )
        answer = _result("Publish", f"<MessageId>{message_id}</MessageId>")
        return await self.answer(number, answer)


def _check_signature(request: Request, body: bytes) -> None:
    match = SCHEME.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise Refused(_error(403, "MissingAuthenticationToken", "Request is missing a signature"))
    if match["key"] not in {ACCESS_KEY_ID, TEMPORARY_KEY_ID}:
        words = "The security token included in the request is invalid."
        raise Refused(_error(403, "InvalidClientTokenId", words))
    moment, names = request.headers.get("x-amz-date", ""), match["names"].split(";")
    if not {"host", "x-amz-date", "content-type"} <= set(names) or names != sorted(names):
        raise Refused(_mismatch("SignedHeaders"))
    if match["scope"] != f"{moment[:8]}/{REGION}/sns/aws4_request":
        raise Refused(_mismatch("Credential should be scoped to a valid region."))
    expected = _signature(request, body, moment, names)
    if not hmac.compare_digest(expected, match["signature"]):
        raise Refused(
            _mismatch("The request signature we calculated does not match the signature.")
        )
    _check_token(request, match["key"], names)
    _check_time(moment)


def _signature(request: Request, body: bytes, moment: str, names: Sequence[str]) -> str:
    canonical = f"{request.method}\n{request.scope['raw_path'].decode()}\n"
    canonical += request.scope["query_string"].decode() + "\n"
    for name in names:
        canonical += f"{name}:{re.sub(' +', ' ', request.headers.get(name, '').strip())}\n"
    canonical += "\n" + ";".join(names) + "\n" + hashlib.sha256(body).hexdigest()
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = f"{moment[:8]}/{REGION}/sns/aws4_request"
    key = b"AWS4" + ACCESS_KEY_SECRET.encode()
    for part in (moment[:8], REGION, "sns", "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    signed = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    return hmac.new(key, signed.encode(), "sha256").hexdigest()


def _check_token(request: Request, key: str, names: Sequence[str]) -> None:
    wanted = SESSION_TOKEN if key == TEMPORARY_KEY_ID else None
    given = request.headers.get("x-amz-security-token")
    if given != wanted or (wanted is not None and "x-amz-security-token" not in names):
        words = "The security token included in the request is invalid."
        raise Refused(_error(403, "InvalidClientTokenId", words))


def _check_time(moment: str) -> None:
    try:
        sent = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(_mismatch("x-amz-date")) from None
    late = datetime.now(UTC) - sent
    if abs(late) > TOLERANCE:
        sign = "Signature expired" if late > TOLERANCE else "Signature not yet current"
        raise Refused(_mismatch(f"{sign}: {moment} is too far from now"))


def _form(request: Request, body: bytes) -> dict[str, str]:
    if request.headers.get("content-type") != "application/x-www-form-urlencoded; charset=utf-8":
        raise Refused(_invalid("Content-Type"))
    try:
        text = body.decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise Refused(_invalid("form")) from None
    form = dict(fields)
    if len(form) < len(fields):
        raise Refused(_invalid("a repeated field"))
    return form


def _attributes(form: Mapping[str, str]) -> dict[str, str]:
    entries: dict[int, dict[str, str]] = {}
    for name, value in form.items():
        match = ENTRY.fullmatch(name)
        if match is not None:
            entries.setdefault(int(match[1]), {})[match[2]] = value
        elif name not in {"PhoneNumber", "Message"}:
            raise Refused(_invalid(name))
    if sorted(entries) != [*range(1, len(entries) + 1)]:
        raise Refused(_invalid("MessageAttributes are not numbered from 1"))
    return dict(_attribute(entry) for entry in entries.values())


def _attribute(entry: Mapping[str, str]) -> tuple[str, str]:
    if entry.keys() != PARTS:
        raise Refused(_invalid("MessageAttributes need a name, a type and a value"))
    name, value = entry["Name"], entry["Value.StringValue"]
    kind, form = ATTRIBUTES.get(name, ("", re.compile("")))
    if entry["Value.DataType"] != kind or not form.fullmatch(value):
        raise Refused(_invalid(f"MessageAttributes {name}"))
    return name, value


def _refuse_on_purpose(number: str) -> None:
    answers: dict[Trouble | None, Response] = {
        Trouble.LANDLINE: _invalid(f"PhoneNumber Reason: {number} is not valid to publish to"),
        Trouble.CREDENTIALS: _mismatch("on purpose"),
        Trouble.THROTTLED: _error(429, "Throttled", "Rate exceeded"),
        Trouble.FAULT: _error(500, "InternalError", "An internal failure", kind="Receiver"),
    }
    answer = answers.get(Trouble.of(number))
    if answer is not None:
        raise Refused(answer)


def _result(action: str, inner: str) -> Response:
    body = (
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{inner}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Response(body, media_type="text/xml")


def _invalid(what: str) -> Response:
    return _error(400, "InvalidParameter", f"Invalid parameter: {what}")


def _mismatch(words: str) -> Response:
    return _error(403, "SignatureDoesNotMatch", words)


def _error(status: int, code: str, message: str, kind: str = "Sender") -> Response:
    body = (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return Response(body, status, media_type="text/xml")


def emulator() -> Starlette:
    """Return an emulated Amazon SNS."""
    return AwsSnsEmulator().app
