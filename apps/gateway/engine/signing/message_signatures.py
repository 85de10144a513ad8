"""HTTP Message Signatures (RFC 9421) with HMAC-SHA256: what is signed, and whether the signature is of it. Pure.

Of the components those without parameters: fields by their name, and what derives from the request line and Host.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from apps.gateway.engine.signing.structured_fields import FieldSyntaxError, InnerList, Item, parse_dictionary, serialize

ALGORITHM = "hmac-sha256"
_DEFAULT_PORTS = {"http": "80", "https": "443"}


class BadSignature(ValueError):
    """The message says why."""


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """What of a request can be signed. Field values by lower-case name, each line stripped."""

    method: str
    scheme: str
    authority: str  # as in Host
    target: str  # as in the request line
    fields: Mapping[str, list[str]]

    def component(self, name: str) -> str:
        """The value of a component. Raises `BadSignature` for one that is not there or not known."""
        if not name.startswith("@"):
            if name not in self.fields:
                raise BadSignature(f"The signature covers {name}, which the request does not have.")
            return ", ".join(self.fields[name])
        path, mark, query = self.target.partition("?")
        match name:
            case "@method":
                return self.method
            case "@scheme":
                return self.scheme
            case "@authority":
                return self._normal_authority()
            case "@target-uri":
                return f"{self.scheme}://{self._normal_authority()}{self.target}"
            case "@request-target":
                return self.target
            case "@path":
                return path
            case "@query":
                return f"?{query}" if mark else "?"
        raise BadSignature(f"The component {name} is not known here.")

    def _normal_authority(self) -> str:
        host, colon, port = self.authority.lower().rpartition(":")
        return host if colon and port == _DEFAULT_PORTS.get(self.scheme) else self.authority.lower()


@dataclass(frozen=True, slots=True)
class Signature:
    """One member of Signature-Input with its value in Signature."""

    input: InnerList
    value: bytes

    @property
    def covered(self) -> tuple[str, ...]:
        return tuple(str(item.value) for item in self.input.items)

    def text(self, parameter: str) -> str | None:
        value = self.input.parameters.get(parameter)
        return value if isinstance(value, str) else None

    def integer(self, parameter: str) -> int | None:
        value = self.input.parameters.get(parameter)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def is_of(self, message: SignedMessage, key: bytes) -> bool:
        """Whether it was made with the key over this message. Raises `BadSignature`."""
        made = hmac.digest(key, signature_base(self.input, message).encode(), hashlib.sha256)
        return hmac.compare_digest(made, self.value)


def signature_base(covered: InnerList, message: SignedMessage) -> str:
    """What is signed (RFC 9421, 2.5). Raises `BadSignature`."""
    lines = [f"{serialize(item)}: {message.component(str(item.value))}" for item in covered.items]
    return "\n".join([*lines, f'"@signature-params": {serialize(covered)}'])


def sign(message: SignedMessage, key: bytes, *, components: Iterable[str], **parameters: int | str) -> tuple[str, str]:
    """The values of Signature-Input and Signature that a client sends."""
    covered = InnerList(tuple(Item(name, {}) for name in components), dict(parameters))
    made = hmac.digest(key, signature_base(covered, message).encode(), hashlib.sha256)
    return f"sig1={serialize(covered)}", f"sig1={serialize(Item(made, {}))}"


def read_signatures(fields: Mapping[str, list[str]]) -> list[Signature]:
    """Every signature of the request. Raises `BadSignature` where the two fields are not such, or do not match."""
    try:
        inputs = parse_dictionary(", ".join(fields.get("signature-input", ())))
        values = parse_dictionary(", ".join(fields.get("signature", ())))
    except FieldSyntaxError as error:
        raise BadSignature(f"Signature-Input or Signature cannot be read: {error}.") from None
    signatures = []
    for label, covered in inputs.items():
        value = values.get(label)
        if not isinstance(covered, InnerList) or not isinstance(value, Item) or not isinstance(value.value, bytes):
            raise BadSignature(f"{label} is no signature.")
        _check_components(covered)
        signatures.append(Signature(covered, value.value))
    return signatures


def sha256_of_content(fields: Mapping[str, list[str]]) -> bytes | None:
    """The SHA-256 that Content-Digest (RFC 9530) declares; None without one. Raises `BadSignature`."""
    if "content-digest" not in fields:
        return None
    try:
        digest = parse_dictionary(", ".join(fields["content-digest"])).get("sha-256")
    except FieldSyntaxError as error:
        raise BadSignature(f"Content-Digest cannot be read: {error}.") from None
    value = digest.value if isinstance(digest, Item) else None
    if not isinstance(value, bytes) or len(value) != hashlib.sha256().digest_size:
        raise BadSignature("Content-Digest has no sha-256.")
    return value


def _check_components(covered: InnerList) -> None:
    names = set()
    for item in covered.items:
        if not isinstance(item.value, str) or item.parameters or item.value != item.value.lower():
            raise BadSignature("A component is a name in lower case without parameters.")
        if item.value in names:
            raise BadSignature(f"{item.value} is covered twice.")
        names.add(item.value)
