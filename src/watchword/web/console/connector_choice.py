"""Choosing a provider: cards, searched by name, country and what the provider can do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from babel import Locale
from fastapi import Query
from starlette.responses import Response

from watchword.connector_kit.models import ConnectorMetadata, ConnectorType
from watchword.connectors.models import SavedConnector
from watchword.web.console.connector_parts import Card, card_of_class
from watchword.web.console.desk import Desk, WorkDesk
from watchword.web.console.forms import ConnectorClass, template_type
from watchword.web.console.routing import console_router
from watchword.web.pages.countries import countries

router = console_router("/console/{tenant}/connectors/set-up")

OTHER_WAYS = {ConnectorType.SMS: "http-sms", ConnectorType.EMAIL: "simple-mail-transfer-protocol"}
"""What reaches a provider that is not among the cards."""


@dataclass(frozen=True)
class Offer:
    """A card, and what it is found by."""

    card: Card
    metadata: ConnectorMetadata
    features: tuple[str, ...]
    home: str
    """The countries it is made for, by name."""

    def serves(self, country: str) -> bool:
        """Tell whether it sends to a country; to any, where it does not list them."""
        listed = self.metadata.countries
        return not country or not listed or country in listed

    def distance(self, country: str) -> int:
        """Return how early it comes for a country: its own first, those made for others last."""
        home = self.metadata.at_home_in
        return 0 if country in home else 2 if home and country else 1


@router.get("")
async def choose(
    desk: WorkDesk,
    q: str = "",
    type: str = "",
    country: str = "",
    feature: Annotated[tuple[str, ...], Query()] = (),
) -> Response:
    """Show the cards of one type: text messages, unless e-mail is asked for."""
    wanted_type = ConnectorType.EMAIL if type == ConnectorType.EMAIL else ConnectorType.SMS
    active = await desk.scope.connectors.active(wanted_type)
    offers = [_offer(desk, found, active) for found in _offered(desk, wanted_type)]
    listed = countries(desk.language)
    asked = country if country in {item.region for item in listed} else ""
    known = sorted({name for offer in offers for name in offer.features})
    chosen = [name for name in known if name in feature]
    shown = _matching(offers, q, asked, chosen)
    return desk.render(
        "set_up.html",
        offers=shown,
        q=q,
        active=active,
        is_email=wanted_type is ConnectorType.EMAIL,
        countries=listed,
        country=asked,
        features=known,
        chosen=chosen,
        is_filtered=bool(q.strip() or asked or chosen),
        other_way=OTHER_WAYS[wanted_type],
    )


def _offered(desk: Desk, wanted: ConnectorType) -> Iterable[ConnectorClass]:
    for found in desk.server.registry.list():
        if found.metadata.type is not wanted:
            continue
        if not (found.metadata.development_only and desk.tenant.is_production):
            yield found


def _offer(desk: Desk, found: ConnectorClass, active: SavedConnector | None) -> Offer:
    names = Locale.parse(desk.language, sep="-").territories
    home = found.metadata.at_home_in
    features = found.metadata.features
    template = template_type(found)
    if template is not None and "content" not in template.model_fields:
        # The wording stands at the provider, who approves it.
        features = (*features, "approved_templates")
    return Offer(
        card_of_class(desk, found, active),
        found.metadata,
        features,
        ", ".join(names.get(region, region) for region in home),
    )


def _matching(
    offers: Sequence[Offer], words: str, country: str, features: Sequence[str]
) -> list[Offer]:
    wanted = words.strip().casefold()
    found = [
        offer
        for offer in offers
        if wanted
        in f"{offer.card.name} {offer.card.description} {offer.card.id} {offer.home}".casefold()
        and offer.serves(country)
        and set(features) <= set(offer.features)
    ]
    return sorted(found, key=lambda offer: offer.distance(country)) if country else found
