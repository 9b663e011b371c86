"""Keys and passwords in texts and addresses: how they are spelled there, and what such a text is without them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_OF = r"(?:access|api|app|auth|client|private|registration|secret|security|session|signing|subscription|user|x-amz)"
# A series key of SDMX is the name of a series.
_KEY = re.compile(
    rf"(?!series_key)(?:.*[-_.])?{_OF}*(?:auth|credential|jwt|key|passw(?:or)?d|pwd?|secret|sig|signature|token)|userid", re.IGNORECASE
)
_PARAMETER = re.compile(r"(?<=[/?&;#])([^=/?&;#]+)=([^&]+)")
# No address has an @, ?, # or / in its user or password, but people paste them so. An @ behind a plain host is one of its path.
_USER = re.compile(r"(?:(?<=://)|^(?![a-z][a-z0-9+.-]*://))(?!(?:[\w-]+\.)+[\w-]+(?:[/?#&]|$)).*@", re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=10_000)  # a night asks what the night before asked
def public(address: str) -> str:
    """An address as anybody may see it: asterisks for a user with a password, and for what a key's parameter holds.

    Where it cannot be told how far a secret reaches, more than the secret goes: up to the last @, or to the next parameter.
    """
    return _PARAMETER.sub(_shown, _USER.sub("***@", address))


def _shown(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    if _KEY.fullmatch(unquote_plus(name)):
        return f"{name}=***"
    inner = unquote(value)
    if inner != value and "://" in inner and inner != public(inner):  # an address as a parameter of another
        return f"{name}={quote(public(inner), safe='*')}"
    return f"{name}={_PARAMETER.sub(_shown, value)}"


def without(text: str, secrets: Iterable[str]) -> str:
    """The text with asterisks for secrets, however an address, a page or a JSON body would spell them."""
    spelled = {spelling for secret in secrets if secret for spelling in spellings(secret)}
    if not spelled:
        return text
    return re.sub("|".join(re.escape(spelling) for spelling in sorted(spelled, key=len, reverse=True)), "***", text, flags=re.IGNORECASE)


def spellings(secret: str) -> set[str]:
    """How addresses, pages and JSON write a secret."""
    in_addresses = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}
    return in_addresses | {html.escape(secret), json.dumps(secret)[1:-1]}
