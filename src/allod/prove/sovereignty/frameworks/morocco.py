"""Morocco: levels 1 and 2 of providers that may host sensitive systems and sensitive data.

Level 1 hosts sensitive information systems, level 2 sensitive data (law 05-20 article 11). The
points of the order are those that speak of place, control, keys, logs and third parties; its other
requirements (it has 85 that can be assessed) are of general security and are not here.

The articles of the decree were read through the press alone, so its points are numbered by us.
"""

from __future__ import annotations

from allod.prove.sovereignty.conditions import (
    All,
    AnyOf,
    AtLeast,
    Framework,
    Level,
    MajorityWithin,
    OneOf,
    Point,
    Touches,
    Within,
    Yes,
)

_MA = ("MA",)

_LEVEL_1 = (
    Point("D-1", "the provider is a Moroccan company", Within("operator-seat", _MA)),
    Point(
        "D-2",
        "all systems of operation and administration are on national territory",
        All((Within("processing", _MA), Within("admin-systems-in", _MA))),
    ),
    Point(
        "3.15.1",
        "contracts are under Moroccan law; the risk of foreign law is told on request",
        All((Within("contract-law", _MA), Yes("foreign-law-risk-told"))),
    ),
    Point("3.15.2", "technical data are in Morocco", Touches("technical-data-in", _MA)),
    Point(
        "3.15.2-support",
        "support from abroad is listed and supervised from Morocco",
        AnyOf(
            (
                Within("support-from", _MA),
                All((Yes("foreign-support-listed"), Within("support-supervised-from", _MA))),
            )
        ),
    ),
    Point(
        "3.8.6",
        "logs are central, protected, kept 12 months, and given to the customer",
        All((Yes("logs-central"), AtLeast("logs-kept-months", 12), Yes("logs-given-to-customer"))),
    ),
    Point("3.8.7", "logs lie on a machine of their own", Yes("logs-on-own-machine")),
    Point("3.8.8", "clocks are kept together", Yes("clocks-synchronised")),
    Point("3.8.13", "what flows out can be inspected", Yes("outbound-flows-inspectable")),
    Point("3.11.1", "the list of third parties is exhaustive", Yes("third-parties-listed")),
)

_LEVEL_2 = (
    Point(
        "D-3",
        "the majority is in Moroccan hands, or a royal derogation was given",
        AnyOf((MajorityWithin(_MA), Yes("royal-derogation"))),
    ),
    Point(
        "D-4",
        "processing, operation and storage are in Morocco",
        All((Within("processing", _MA), Within("storage", _MA), Within("metadata", _MA))),
    ),
    Point("D-5", "management and supervision are from Morocco", Within("management", _MA)),
    Point(
        "3.15.2-only",
        "technical data are in Morocco exclusively",
        Within("technical-data-in", _MA),
    ),
    Point(
        "3.6.3", "only the customer knows the private keys", OneOf("keys-held-by", ("customer",))
    ),
    Point(
        "L2-incident",
        "incidents are answered by a qualified provider alone",
        Yes("incident-provider-qualified"),
    ),
)

MOROCCO = Framework(
    id="morocco-hosting",
    title="Morocco, hosting of sensitive systems and data",
    version="decree 2-24-921 (October 2024), order 3-17-25 (1 August 2025)",
    status="in force",
    source="law 05-20 and order: Bulletin Officiel as transcribed; decree: press quotations",
    levels=(
        Level(1, "level 1: sensitive systems", _LEVEL_1),
        Level(2, "level 2: sensitive data", _LEVEL_2),
    ),
    covers="place, control, keys, logs and third parties; not the general security requirements",
)
