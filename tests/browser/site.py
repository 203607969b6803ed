"""One server for several stories: browser, emulated Twilio, mail server, client of the API."""

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Any
from urllib.parse import urlencode

import httpx2
from playwright.sync_api import Browser

from tests.browser.conftest import Emulator, chromium, development, running_emulator
from tests.journeys.server import Installation, Server
from tests.journeys.test_webhooks import manage
from tests.providers.mail_server import MailServer, mail_server
from watchword.emulators.twilio import ACCOUNT_SID, AUTH_TOKEN, MESSAGING_SERVICE_SID

TWILIO = {
    "accountSID": ACCOUNT_SID,
    "authToken": AUTH_TOKEN,
    "fromMessagingServiceSID": MESSAGING_SERVICE_SID,
    "templates": [
        {"usageType": usage, "content": "{{code}}"}
        for usage in ("Register", "SignIn", "ForgotPassword", "Generic")
    ]
    + [{"usageType": "OrganizationInvitation", "content": "{{link}}"}],
}


class MailBox:
    """A mail server of this machine that stories read from."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    def config(self) -> dict[str, Any]:
        """Return the settings of a connector that mails here."""
        return self.server.config(ignoreTLS=True, tls=None, auth=None)

    def texts(self) -> list[str]:
        """Return what arrived, the oldest first."""
        return [
            str(mail.original_content, "utf-8")
            for mail in self.server.mails
            if isinstance(mail.original_content, bytes)
        ]

    def wait_for(self, count: int) -> str:
        """Return the newest e-mail, once there are *count*."""
        for _ in range(1200):
            if len(self.server.mails) >= count:
                break
            time.sleep(0.05)
        assert len(self.server.mails) >= count
        text = self.server.last_mail().get_body(("plain",))
        assert text is not None
        return str(text.get_content())


@contextmanager
def running_mail_server(folder: Path) -> Iterator[MailBox]:
    """Run a mail server on a thread of its own: a browser's driver needs the main one."""
    ready, over = threading.Event(), threading.Event()
    boxes: list[MailBox] = []

    async def serve() -> None:
        async with mail_server(folder, offers_tls=False) as server:
            boxes.append(MailBox(server))
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield boxes[0]
    finally:
        over.set()
        thread.join(20)


@dataclass
class Site:
    """What a story walks on."""

    browser: Browser
    installation: Installation
    server: Server
    emulator: Emulator
    mail: MailBox

    @property
    def origin(self) -> str:
        """Return where people find the server."""
        return self.installation.origin

    def authorization(self, client_id: str = "demo-app", **parameters: str) -> str:
        """Return the address to which an application sends people that are to sign in."""
        query = {
            "client_id": client_id,
            "redirect_uri": f"{self.origin}/demo-app",
            "response_type": "code",
            "scope": "openid phone profile",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "state": secrets.token_hex(4),
            **parameters,
        }
        return f"{self.origin}/oidc/auth?{urlencode(query)}"


@contextmanager
def running_site(sqlite_template: Path, folder: Path) -> Iterator[Site]:
    """Run it all on a fresh database for the length of the block."""
    database = folder / "watchword.db"
    copy(sqlite_template, database)
    with running_emulator(folder) as emulator, running_mail_server(folder) as mail:
        installation = development(f"sqlite:///{database}", emulator, folder)
        with installation.server() as server, chromium() as browser:
            yield Site(browser, installation, server, emulator, mail)


class Administrator:
    """Settles things over the Management API, where a story is not about the console."""

    def __init__(self, api: httpx2.Client) -> None:
        self.api = api

    def make(self, what: str, **values: Any) -> dict[str, Any]:
        """Create something."""
        return self._answer(self.api.post(f"/api/{what}", json=values))

    def change(self, what: str, **values: Any) -> dict[str, Any]:
        """Change something."""
        return self._answer(self.api.patch(f"/api/{what}", json=values))

    def _answer(self, answer: httpx2.Response) -> dict[str, Any]:
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def administrator_of(site: Site) -> Iterator[Administrator]:
    """Open the Management API for the length of the block."""
    with manage(site.installation, site.server.address) as api:
        yield Administrator(api)
