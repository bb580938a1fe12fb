"""SecNumCloud 3.2: chapters 19.2 (place) and 19.6 (immunity from law outside the Union).

The text says Union, not European Economic Area: a site in Norway, Iceland or Liechtenstein fails
19.2.b by the letter, whatever else it does.
"""

from __future__ import annotations

from allod.prove.sovereignty.conditions import (
    All,
    AnyOf,
    Framework,
    Level,
    NotEncoded,
    OwnedWithin,
    Point,
    Within,
    Yes,
)

_UNION = ("eu",)

#: What owners outside the Union may hold of the provider, capital and votes. [basis points]
EACH_MAX_BP = 2400
TOGETHER_MAX_BP = 3900

_POINTS = (
    Point("19.2.a", "the places are documented", Yes("location-documented")),
    Point(
        "19.2.b",
        "data are stored and processed in the Union",
        All((Within("storage", _UNION), Within("processing", _UNION))),
    ),
    Point(
        "19.2.c", "administration and supervision are from the Union", Within("management", _UNION)
    ),
    Point(
        "19.2.d",
        "technical data are in the Union: identities, logs, directory, certificates, access",
        All((Within("technical-data-in", _UNION), Within("metadata", _UNION))),
    ),
    Point(
        "19.2.e",
        "support from outside is listed, access-controlled and supervised from the Union",
        AnyOf(
            (
                Within("support-from", _UNION),
                All(
                    (
                        Yes("foreign-support-listed"),
                        Yes("foreign-support-controlled"),
                        Within("support-supervised-from", _UNION),
                    )
                ),
            )
        ),
    ),
    Point(
        "19.6.a",
        "seat, administration and main establishment are in a state of the Union",
        All(
            (
                Within("operator-seat", _UNION),
                Within("operator-administration-in", _UNION),
                Within("operator-establishment-in", _UNION),
            )
        ),
    ),
    Point(
        "19.6.b",
        "owners outside the Union hold at most 24 % each and 39 % together",
        OwnedWithin(_UNION, EACH_MAX_BP, TOGETHER_MAX_BP),
    ),
    Point(
        "19.6.c",
        "third parties outside the Union are technically unable to obtain data",
        Yes("foreign-access-prevented"),
    ),
    Point("19.6.d", "the provider can go on operating alone", Yes("operating-autonomy")),
    Point("19.6.e", "not encoded", NotEncoded("the text of 19.6.e was not at hand")),
    Point(
        "19.6.f",
        "a change that touches 19.6 is notified within one month",
        Yes("control-change-notified"),
    ),
)

SECNUMCLOUD = Framework(
    id="secnumcloud-19",
    title="SecNumCloud, chapters 19.2 and 19.6",
    version="3.2 (8 March 2022)",
    status="in force",
    source="ANSSI, SecNumCloud reference 3.2, as transcribed",
    levels=(Level(1, "19.2 and 19.6", _POINTS),),
    covers="19.2 and 19.6 of 412 requirements that can be assessed; a qualification asks them all",
)
