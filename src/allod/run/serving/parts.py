"""The parts of the table that change seldom, made of the manager's last look."""

from __future__ import annotations

import logging
from collections.abc import Callable

from allod.domain.site import Site
from allod.energy.of_calls import CallRates
from allod.errors import AllodError
from allod.run.serving.estimates import estimate_of
from allod.run.serving.picture import Known, Picture
from allod.run.serving.rules import CallRules, RuleMaker
from allod.run.serving.table import Estimate
from allod.run.serving.tables import Parts, entry_of

_log = logging.getLogger(__name__)

_NO_RULES = CallRules((), {}, {})
#: What a meter found of calls to a model on accelerators; None where none did.
Rates = Callable[[str, str], CallRates | None]


class PartMaker:
    """Makes them anew at each look, of what is not made already; belongs to one thread."""

    def __init__(self, home_site: str) -> None:
        self._rules = RuleMaker(home_site)
        self._home = home_site
        self._fault = ""
        self._homeless = False

    def made(self, picture: Picture, rates: Rates) -> Parts:
        """The parts by `picture`."""
        rules = self._call_rules(picture)
        return Parts(
            services=tuple(
                entry_of(
                    name, known.service, known.since_s, _estimates(name, known, picture, rates)
                )
                for name, known in sorted(picture.services.items())
            ),
            sites=picture.entries,
            keys=rules.keys,
            rules=rules.rules,
            files_against=rules.files_against,
        )

    def _call_rules(self, picture: Picture) -> CallRules:
        """The rules; if they cannot be made no key opens anything (L4)."""
        if not picture.keys:
            return _NO_RULES
        try:
            made = self._rules.made(picture.documents, picture.keys)
        except AllodError as error:
            if str(error) != self._fault:
                _log.error("no call is answered, for law cannot be asked: %s", error)
            self._fault = str(error)
            return _NO_RULES
        self._fault = ""
        self._look_home(picture, made)
        return made

    def _look_home(self, picture: Picture, made: CallRules) -> None:
        """Say so once if the gateway stands at a site that nobody described, or a rule asks where
        it stands and nobody has said: callers are not told what the operator's file lacks.
        """
        if self._home:
            homeless = f"Site/{self._home}" not in picture.documents
            fault = f"home_site '{self._home}' of config.yaml is no site"
        else:
            homeless = any(made.files_against.values())
            fault = "config.yaml names no home_site"
        if homeless and not self._homeless:
            _log.warning("%s; calls that a rule binds are refused", fault)
        self._homeless = homeless


def _estimates(name: str, known: Known, picture: Picture, rates: Rates) -> dict[str, Estimate]:
    service = known.service
    return {
        site: estimate_of(service, rates(service.model, _kind(name, site, picture)))
        for site in service.sites
    }


def _kind(name: str, site_name: str, picture: Picture) -> str:
    """The model of the accelerators that a service has at a site, '' while it has none."""
    site = picture.sites.get(site_name)
    pools = {live.pool for live in picture.at(name, site_name)}
    return _accelerator(site, pools) if site is not None else ""


def _accelerator(site: Site, pools: set[str]) -> str:
    found = (pool.accelerator.value for pool in site.pools if pool.name in pools)
    return next((model for model in found if model), "")
