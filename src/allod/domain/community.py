"""Community: jobs, promises to the place and its people, their objections and the answers."""

from __future__ import annotations

from datetime import date as Date
from typing import Literal

from allod.domain.base import Name, Part, Text
from allod.domain.fact import Fact, Standing
from allod.domain.period import Period
from allod.domain.units import Count


class Jobs(Part):
    """A number of jobs that was announced or counted."""

    name: Name
    count: Fact[Count]
    work: Literal["construction", "permanent", "unknown"] = "unknown"
    reach: Literal["direct", "indirect", "all", "unknown"] = "unknown"
    state: Literal["announced", "counted"] = "announced"
    due: Fact[Period] = Fact(standing=Standing.UNKNOWN)


class Obligation(Part):
    """What one side owes the other: support that is given, and what is owed in return."""

    name: Name
    debtor: Text
    """Who owes it: a party's name, a state, or a title."""
    creditor: Text
    """Whom it is owed to."""
    what: Fact[Text]
    due: Fact[Period] = Fact(standing=Standing.UNKNOWN)
    met: Fact[bool] = Fact(standing=Standing.UNKNOWN)


class Objection(Part):
    """What somebody said against a site, and what was answered."""

    name: Name
    who: Text
    date: Date | None = None
    """When it was said, if that is known."""
    about: Fact[Text]
    answer: Fact[Text] = Fact(standing=Standing.UNKNOWN)
