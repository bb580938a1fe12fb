"""The catalogue as linked data: JSON-LD in the words of schema.org, DCAT and PROV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from allod.catalogue.files import Shelf
from allod.domain.document import Document
from allod.domain.party import Party
from allod.domain.revision import leaves
from allod.domain.site import Site

_BASE = "urn:allod:catalogue:"
_CONTEXT = {
    "schema": "https://schema.org/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
}
#: What a kind of document describes, in the words of schema.org.
_TYPES: Mapping[str, str] = {
    "Party": "schema:Organization",
    "Site": "schema:Place",
    "Charter": "schema:DigitalDocument",
    "Cluster": "schema:Collection",
    "Antenna": "schema:GovernmentService",
    "AccessMode": "schema:Service",
    "FundingCall": "schema:Grant",
}


def to_text(shelf: Shelf) -> str:
    """The whole catalogue as the text of a JSON-LD file."""
    return json.dumps(linked(shelf), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def linked(shelf: Shelf) -> dict[str, Any]:
    """The whole catalogue: a dcat:Catalog with a dcat:Dataset for each document.

    Each value is a schema:PropertyValue with its day and its source, which PROV calls quoted from.
    """
    return {
        "@context": _CONTEXT,
        "@id": f"{_BASE}all",
        "@type": "dcat:Catalog",
        "dct:title": "Announced AI data centres, factories, antennas and calls",
        "dcat:dataset": [_dataset(document) for document in shelf.documents],
        "dct:source": [
            {
                "@id": f"{_BASE}source:{name}",
                "@type": "schema:CreativeWork",
                "schema:name": source.title,
                **({"schema:url": source.url} if source.url else {}),
            }
            for name, source in sorted(shelf.sources.items())
        ],
    }


def _dataset(document: Document) -> dict[str, Any]:
    return {
        "@id": f"{_BASE}{document.key}",
        "@type": "dcat:Dataset",
        "dct:title": getattr(document.spec, "title", document.name),
        "schema:about": _thing(document),
    }


def _thing(document: Document) -> dict[str, Any]:
    spec = document.spec
    thing: dict[str, Any] = {
        "@id": f"{_BASE}{document.key}:thing",
        "@type": _TYPES[document.kind],
        "schema:name": getattr(spec, "title", document.name),
        "schema:additionalProperty": [
            _value(path, said.model_dump(mode="json", exclude_defaults=True), said.value)
            for path, said in leaves(spec)
        ],
    }
    if isinstance(spec, Party) and spec.seat.value:
        thing["schema:location"] = _country(spec.seat.value)
    if isinstance(spec, Site):
        thing |= _where(spec)
    return thing


def _value(path: str, said: Mapping[str, Any], value: Any) -> dict[str, Any]:
    plain = said.get("value", value)
    more = {
        "schema:dateCreated": said.get("date"),
        "prov:wasQuotedFrom": said.get("source"),
        "schema:description": said.get("note"),
    }
    return {
        "@type": "schema:PropertyValue",
        "schema:propertyID": path,
        "schema:value": plain,
        **{name: text for name, text in more.items() if text},
    }


def _where(site: Site) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if site.country.value:
        found["schema:containedInPlace"] = _country(site.country.value)
    place = site.dossier.place if site.dossier else None
    if place and place.latitude_microdeg.value is not None:
        east = place.longitude_microdeg.value or 0
        found["schema:geo"] = {
            "@type": "schema:GeoCoordinates",
            "schema:latitude": place.latitude_microdeg.value / 1e6,
            "schema:longitude": east / 1e6,
        }
    return found


def _country(code: str) -> dict[str, str]:
    return {"@type": "schema:Country", "schema:identifier": code}
