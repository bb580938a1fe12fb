"""Rules of the table: by key, what law and charter say of its calls at every site of a service.

Keys that are bound alike share a rule. All is made anew only when documents or keys have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from allod.decide.calls import Caller, CallJudge
from allod.decide.world import World, world_of
from allod.domain.document import Document
from allod.prove.encoding import canonical
from allod.run.key_rows import terms_of
from allod.run.log import KeyRow
from allod.run.serving.table import Access, KeyEntry

_ID_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class CallRules:
    """The parts of a `Table` that say who may call what, and where."""

    keys: tuple[KeyEntry, ...]  #: By id; those that were revoked are not there.
    rules: dict[str, dict[str, dict[str, Access]]]
    files_against: dict[str, tuple[str, ...]]


class RuleMaker:
    """Makes the rules of a node whose gateway stands at one place."""

    def __init__(self, home_site: str) -> None:
        """`home_site`: as in the settings; '' if nobody has said."""
        self._home = home_site
        self._from: tuple[Mapping[str, Document], Mapping[str, KeyRow]] | None = None
        self._made = CallRules((), {}, {})

    def made(self, documents: Mapping[str, Document], keys: Mapping[str, KeyRow]) -> CallRules:
        """The rules under these documents and keys.

        Neither may be changed afterwards: whoever has the same objects gets the same rules.
        """
        before = self._from
        if before is None or before[0] is not documents or before[1] is not keys:
            self._made = call_rules(world_of(documents), keys, self._home)
            self._from = (documents, keys)
        return self._made


def call_rules(world: World, keys: Mapping[str, KeyRow], home_site: str) -> CallRules:
    """What `world` says of the calls of all keys that hold, through a gateway at `home_site`."""
    callers: dict[str, Caller] = {}
    entries = []
    for _, row in sorted(keys.items()):
        if row.revoked_at_s is None:
            caller = caller_of(row)
            rule = rule_id(caller)
            callers[rule] = caller
            entries.append(_entry(row, rule))
    judge = CallJudge(world, home_site)
    return CallRules(
        keys=tuple(entries),
        rules={rule: _services(judge, caller, world) for rule, caller in callers.items()},
        files_against={
            rule: tuple(reason.message for reason in judge.at_home(caller))
            for rule, caller in callers.items()
        },
    )


def caller_of(row: KeyRow) -> Caller:
    """On whose behalf the calls of a key come."""
    terms = terms_of(row.terms)
    return Caller(
        project=row.project,
        residency=terms.residency,
        access_class=terms.access_class,
        services=tuple(sorted(terms.services)),
    )


def rule_id(caller: Caller) -> str:
    """What the rule of `caller` is called in the table: the same for keys that are bound alike."""
    binds = {
        "access_class": caller.access_class,
        "residency": caller.residency and caller.residency.model_dump(mode="json"),
        "services": list(caller.services),
    }
    digest = hashlib.sha256(canonical(binds)).hexdigest()
    return f"{caller.project}:{digest[:_ID_CHARACTERS]}"


def _services(judge: CallJudge, caller: Caller, world: World) -> dict[str, dict[str, Access]]:
    return {
        name: {site: _access(judge, caller, name, site) for site in service.sites}
        for name, service in world.services.items()
    }


def _access(judge: CallJudge, caller: Caller, service: str, site: str) -> Access:
    verdict = judge.at(caller, service, site)
    return Access(
        access_class=verdict.access_class,
        priority=verdict.priority,
        against=tuple(reason.message for reason in verdict.against),
    )


def _entry(row: KeyRow, rule: str) -> KeyEntry:
    terms = terms_of(row.terms)
    return KeyEntry(
        id=row.name,
        sha256=row.sha256.hex(),
        project=row.project,
        rule=rule,
        requests_per_min=terms.requests_per_min,
        tokens_per_min=terms.tokens_per_min,
        in_flight_max=terms.in_flight_max,
        expires_at_s=terms.expires,
        content=row.content,
    )
