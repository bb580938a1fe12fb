"""CADA: the four cumulative Union assurance levels of the proposal COM(2026) 502.

A proposal, read through one question-and-answer site; article 16 and annex II. Hardware is out of
its scope. The points are numbered by us.
"""

from __future__ import annotations

from allod.prove.sovereignty.conditions import (
    All,
    AnyOf,
    ControlWithin,
    Framework,
    Level,
    OneOf,
    Point,
    Within,
    Yes,
)

_UNION = ("eu",)
_NO_FOREIGN_CONTROL = ControlWithin(_UNION)

_LEVEL_1 = (
    Point("1-a", "the provider has assessed itself", Yes("self-assessed")),
    Point("1-b", "the provider is established in the Union", Within("operator-seat", _UNION)),
    Point(
        "1-c",
        "infrastructure and customer data, metadata and telemetry too, are in the Union",
        All((Within("processing", _UNION), Within("storage", _UNION), Within("metadata", _UNION))),
    ),
)

_LEVEL_2 = (
    Point("2-a", "an independent auditor has assessed it", Yes("independently-audited")),
    Point(
        "2-b",
        "its certificate is 'substantial' or better",
        OneOf("certificate-level", ("substantial", "high")),
    ),
    Point("2-c", "there is a bill of materials of the software", Yes("sbom")),
    Point("2-d", "no customer data trains AI of a third country", Yes("no-foreign-training")),
    Point(
        "2.1-g",
        "nobody of a third country is in control, or the four safeguards hold",
        AnyOf(
            (
                _NO_FOREIGN_CONTROL,
                All(
                    (
                        Yes("delivery-unrestrained"),
                        Yes("customer-data-out-of-reach"),
                        Yes("service-undisrupted"),
                        Yes("foreign-sanctions-refused"),
                    )
                ),
            )
        ),
    ),
)

_LEVEL_3 = (
    Point("3-a", "all personnel are citizens of the Union", Yes("personnel-union-citizens")),
    Point(
        "3-b", "support is given by residents of the Union alone", Yes("support-union-residents")
    ),
    Point(
        "3-c",
        "nobody of a third country is in control, or article 18 derogates",
        AnyOf((_NO_FOREIGN_CONTROL, Yes("article-18-derogation"))),
    ),
    Point("3-d", "the source code is audited", Yes("source-audited")),
)

_LEVEL_4 = (
    Point("4-a", "nobody of a third country is in control, without exception", _NO_FOREIGN_CONTROL),
    Point("4-b", "its certificate is 'high'", OneOf("certificate-level", ("high",))),
)

CADA = Framework(
    id="cada-ual",
    title="CADA, Union assurance levels",
    version="COM(2026) 502 (June 2026)",
    status="proposal",
    source="cadafaq.com on article 16 and annex II; the proposal itself was not at hand",
    levels=(
        Level(1, "UAL 1", _LEVEL_1),
        Level(2, "UAL 2", _LEVEL_2),
        Level(3, "UAL 3", _LEVEL_3),
        Level(4, "UAL 4", _LEVEL_4),
    ),
    covers="what the source tells of annex II; hardware is out of its scope",
)
