"""The pane beside a form of the sign-in experience in which the pages are looked at."""

from dataclasses import dataclass

from watchword.web.console.desk import Desk
from watchword.web.preview.screens import FIRST, FLOWS


@dataclass(frozen=True)
class PreviewPane:
    """What the pane offers, and which form's fields it shows."""

    desk: Desk
    form_name: str
    language: str = ""
    """What is shown first; empty for the operator's own."""

    @property
    def flows(self) -> list[tuple[str, list[str]]]:
        """Return the pages of each flow."""
        return [(flow, list(screens)) for flow, screens in FLOWS.items()]

    @property
    def is_live(self) -> bool:
        """Tell whether the form can be filled in; who may only look sees what is saved."""
        return self.desk.operator.role.can_change

    @property
    def action(self) -> str:
        """Return where the form is posted to be looked at."""
        path = ("sign-in-experience", "preview")
        return self.desk.address(*path, self.form_name) if self.is_live else self.saved

    @property
    def saved(self) -> str:
        """Return where the saved settings are looked at."""
        return self.desk.address("sign-in-experience", "preview")

    @property
    def languages(self) -> list[tuple[str, str]]:
        """Return what pages speak here, each language with its name in itself."""
        phrases = self.desk.scope.phrases
        return [(tag, phrases.name_of(tag)) for tag in sorted(phrases.languages)]

    @property
    def first_language(self) -> str:
        """Return the language that is shown first."""
        return self.language or self.desk.language

    @property
    def first(self) -> str:
        """Return the page that is shown first."""
        address = ("sign-in-experience", "preview")
        return self.desk.address(
            *address, preview_screen=FIRST, preview_language=self.first_language
        )
