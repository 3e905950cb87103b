"""A comment on a pull request at GitHub, written once and renewed after that.

Owns: the few requests that this takes. A comment is found again by a marker at its beginning.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import msgspec

from flowrun.errors import AdapterError, ConfigError
from flowrun.words import t

Json = Any
API = "https://api.github.com"
MOST = 65_000
"""Characters of a comment; GitHub takes a few more."""
PAGES = 20
WAIT = 30.0


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Where a comment goes. `repository` is `OWNER/NAME`; the token must be allowed to write to pull requests."""

    repository: str
    number: int
    token: str
    api: str = API

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", self.repository) or not self.token:
            raise ConfigError(
                t("A comment needs GITHUB_REPOSITORY (OWNER/NAME) and GITHUB_TOKEN."),
                help=t(
                    "In a GitHub workflow: `env: {GITHUB_TOKEN: ${{ github.token }}}` and `permissions: {pull-requests: write}`."
                ),
                code="FR3604",
            )
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:|/|$)", self.api):
            raise ConfigError(
                t("GITHUB_API_URL is {url}, and a token is sent by https only.", url=self.api),
                help=t("Write an address that begins with https://."),
                code="FR3604",
            )

    def comment(self, body: str, marker: str, *, needed: bool = True) -> str:
        """Write the comment, or renew the one that begins with the marker; return its address.

        `needed`: not so where there is nothing to tell; then none is begun, and the address is empty. Raises `AdapterError`
        (FR3605) where GitHub says no or does not answer.
        """
        text = (
            body if len(body) <= MOST else f"{body[:MOST]}\n\n{t('The rest is cut off; run `flowrun diff` to see it.')}"
        )
        issue = f"/repos/{self.repository}/issues"
        mine = self._find(f"{issue}/{self.number}/comments", marker)
        if mine is not None:
            return str(self._ask("PATCH", f"{issue}/comments/{mine}", {"body": text}).get("html_url", ""))
        if not needed:
            return ""
        return str(self._ask("POST", f"{issue}/{self.number}/comments", {"body": text}).get("html_url", ""))

    def _find(self, path: str, marker: str) -> int | None:
        for page in range(1, PAGES + 1):
            comments = self._ask("GET", f"{path}?per_page=100&page={page}")
            for comment in comments:
                if str(comment.get("body") or "").startswith(marker):
                    return int(comment["id"])
            if len(comments) < 100:
                return None
        return None

    def _ask(self, method: str, path: str, body: Json = None) -> Json:
        request = urllib.request.Request(
            self.api.rstrip("/") + path,
            method=method,
            data=None if body is None else msgspec.json.encode(body),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "flowrun",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with _OPENER.open(request, timeout=WAIT) as answer:
                return msgspec.json.decode(answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            raise _failed(t("GitHub answered {status}.", status=error.code)) from None
        except (OSError, HTTPException, msgspec.DecodeError) as error:
            raise _failed(t("GitHub cannot be reached: {why}.", why=type(error).__name__)) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was given and to no other."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        """Follow nothing."""
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _failed(message: str) -> AdapterError:
    return AdapterError(
        message,
        help=t("Look whether the token may write to pull requests (`permissions: {pull-requests: write}`)."),
        code="FR3605",
    )
