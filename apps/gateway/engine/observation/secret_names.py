"""Which names belong to secrets, and which fields of an object say the name of another one's value."""

import re
import unicodedata

# What is left of a secret.
REDACTED = "[redacted]"

_SECRET = re.compile(
    r"auth(?!or(?!i[sz]ation))|cookie|token|secret(?!ar)|passw|passphrase|passcode|pwd|credential|(?<!pos)(?<!ob)session|sessid"
    r"|signature|bearer|^proxy-|^x-rapidapi-"
    r"|(?:api|access|pass|private|signing|encryption|master|account|shared|storage|subscription)[-_. ]?key"
    r"|(?<!dis)card[-_. ]?(?:number|num|no|nr)(?![a-z])|social[-_. ]?security|security[-_. ]?code"
    r"|(?:one[-_. ]?time|verification|recovery|backup|mfa|2fa)[-_. ]?code|saml[-_. ]?(?:response|request)"
    r"|(?:pass|seed|recovery)[-_. ]phrase|mnemonic"
    r"|kennwort|geheim|mot[-_. ]?de[-_. ]?passe|contrase|(?<!en)clave|senha|segredo|wachtwoord|heslo|haslo|parola"
    r"|парол|секрет|密码|密碼|口令|ハスワート|暗証|비밀번호|암호",
    re.IGNORECASE,
)
# What language models count, and bill by.
_COUNTS = re.compile(
    r"(?:max|min|num|total|prompt|completion|input|output|cached|reasoning|audio|text|new|used)[-_ ]?tokens"
    r"|tokens?[-_ ]?(?:count|used|usage|limit)",
    re.IGNORECASE,
)
# Words that are secret where they stand alone in a name (`sub_key`, `X-Key`, `userPin`) and not within another word.
_WORDS = frozenset(
    {"key", "keys", "apikey", "sig", "hmac", "jwt", "assertion", "csrf", "xsrf", "sid", "cred", "creds", "pem"}
    | {"pass", "pw", "psw", "pin", "otp", "totp", "mfa", "cvv", "cvc", "cvn", "pan", "iban", "ssn"}
)
# What is no letter with a mark, and is written for one.
_LETTERS = str.maketrans({"ß": "ss", "ẞ": "SS", "ł": "l", "Ł": "L"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Of `{"name": "password", "value": …}`.
_NAMING = frozenset(
    {"name", "key", "field", "id", "header", "param", "parameter", "property", "attribute", "label", "path"}
)
_HOLDING = frozenset({"value", "values", "val", "v", "content", "contents", "data", "text", "string", "default"})
# In a query or form alone: OAuth's; elsewhere a code is that of an error or a country.
_QUERY_SECRETS = frozenset({"code"})


def is_secret(name: str) -> bool:
    if not name.isascii():
        name = _plain(name)
    name = _COUNTS.sub("", name)
    if _SECRET.search(name) is not None:
        return True
    return any(word.lower() in _WORDS for word in _WORD.findall(name))


def _plain(name: str) -> str:
    """Without marks (of accents, of sounds), and in one width."""
    parts = unicodedata.normalize("NFKD", name).translate(_LETTERS)
    return unicodedata.normalize("NFC", "".join([part for part in parts if not unicodedata.combining(part)]))


def is_secret_parameter(name: str) -> bool:
    """Of a query or a form."""
    return is_secret(name) or name.lower() in _QUERY_SECRETS


def is_naming(name: str) -> bool:
    """Whether the value of this field is itself a name."""
    return name.lower() in _NAMING


def is_holding(name: str) -> bool:
    """Whether this field has the value of what another field names."""
    return any(word.lower() in _HOLDING for word in _WORD.findall(name))
