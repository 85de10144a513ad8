"""An answer as the page shows it: pretty where it is JSON, as an image where it is a small one."""

import base64
import json
from dataclasses import dataclass
from email.message import Message

from apps.portal.marketplace.try_out.sending import Answer

# A browser draws these and runs nothing of them.
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
_TEXTS = ("text/", "application/xml", "application/javascript", "application/x-www-form-urlencoded")


@dataclass(frozen=True)
class ShownAnswer:
    """`kind` is json, text, image (`text` is then a data URI), binary or empty."""

    answer: Answer
    kind: str
    media_type: str
    text: str = ""


def shown(answer: Answer) -> ShownAnswer:
    header = Message()
    header["Content-Type"] = answer.header("content-type") or "application/octet-stream"
    media_type = header.get_content_type()
    if not answer.body:
        return ShownAnswer(answer, "empty", media_type)
    if answer.header("content-encoding"):
        return ShownAnswer(answer, "binary", media_type)
    if media_type in _IMAGES and not answer.cut:
        data = base64.b64encode(answer.body).decode("ascii")
        return ShownAnswer(answer, "image", media_type, f"data:{media_type};base64,{data}")
    is_json = media_type.endswith(("/json", "+json"))
    if not is_json and not media_type.startswith(_TEXTS) and not media_type.endswith("+xml"):
        return ShownAnswer(answer, "binary", media_type)
    text = _decoded(answer.body, header.get_content_charset())
    if is_json and not answer.cut:
        try:
            return ShownAnswer(answer, "json", media_type, json.dumps(json.loads(text), indent=2, ensure_ascii=False))
        except (ValueError, RecursionError):
            pass  # it says that it is JSON and is not: shown as it is
    return ShownAnswer(answer, "text", media_type, text)


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
