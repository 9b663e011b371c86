"""Keys and passwords in texts and addresses: how they are spelled there, and what such a text is without them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote_plus

_OF = r"(?:access|api|app|auth|client|private|registration|secret|security|session|signing|subscription|user|x-amz)"
# A series key of SDMX is the name of a series.
_KEY = re.compile(
    rf"(?!series_key)(?:.*[-_.])?{_OF}*(?:auth|credential|jwt|key|passw(?:or)?d|pwd?|secret|sig|signature|token)|userid", re.IGNORECASE
)
_PARAMETER = re.compile(r"(?<=[?&;#])([^=?&;#]+)=[^&;#]+")
_USER = re.compile(r"(?:(?<=://)|^)[^/?#\s]*@")


def public(address: str) -> str:
    """An address as anybody may see it: asterisks for a user with a password, and for what a key's parameter holds."""
    shown = _USER.sub("***@", address)
    return _PARAMETER.sub(lambda found: f"{found[1]}=***" if _KEY.fullmatch(unquote_plus(found[1])) else found[0], shown)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with asterisks for secrets, however an address, a page or a JSON body would spell them."""
    spelled = {spelling for secret in secrets if secret for spelling in spellings(secret)}
    if not spelled:
        return text
    return re.sub("|".join(re.escape(one) for one in sorted(spelled, key=len, reverse=True)), "***", text, flags=re.IGNORECASE)


def spellings(secret: str) -> set[str]:
    """How addresses, pages and JSON write a secret."""
    in_addresses = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return in_addresses | {html.escape(secret), json.dumps(secret)[1:-1]}
