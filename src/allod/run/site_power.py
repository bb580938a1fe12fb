"""A site's power over time, out of its document, what was foretold, and who holds room there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from allod.decide.outlook import Outlook, step_at
from allod.decide.power_ahead import NodeAhead, PowerAhead, Taken, pools_under, power_ahead
from allod.domain.event import CurtailmentCalled, ForecastGiven, PoolReported
from allod.domain.fact import Fact, Standing
from allod.domain.said import Said, said
from allod.domain.site import Limit, Site
from allod.domain.units import NEVER_S
from allod.run.held import Held
from allod.run.power_views import (
    Basis,
    CallView,
    ForecastView,
    PowerNodeView,
    PowerNowView,
    QuantityView,
    SitePowerView,
)

#: Where a number comes from, in words and by code.
_From = tuple[str, tuple[Said, ...]]
_DOCUMENT: _From = ("the site's document", (said("in-site-document"),))
_NO_LIMIT: _From = ("no limit is set", (said("no-limit"),))
_NOT_KNOWN: _From = ("not known", (said("not-known"),))
_COOLING: _From = ("cooling at the forecast temperature (ADR-0007)", (said("by-cooling"),))
_ENVELOPE: _From = ("envelope less base load and margin", (said("by-envelope"),))
_PUE: _From = ("IT power times PUE, and base load", (said("by-pue"),))
_FULL_LOAD: _From = ("placed work at full load", (said("by-full-load"),))
_FORECAST: _From = ("the forecast", (said("by-forecast"),))
_RUNNER: _From = ("what the runner reports", (said("by-runner"),))
_NOTHING: _From = ("nothing is reported", (said("nothing-reported"),))
_NOT_MEASURED = QuantityView(
    value_w=None,
    basis=Basis.UNKNOWN,
    at_s=None,
    source="meters measure the site as a whole",
    says=(said("meters-of-whole-site"),),
)


@dataclass(frozen=True, slots=True)
class SitePower:
    """What is known of one site's power at a time."""

    name: str
    site: Site
    said_at_s: int  #: When its document was applied. [epoch s]
    outlook: Outlook
    held: Sequence[Held]
    reports: Mapping[tuple[str, str], PoolReported]
    at_s: int

    def ahead(self, hours: int) -> PowerAhead:
        """The tree over the `hours` to come, by the rules that decide."""
        work = [_taken(one, self.site.stop_time_s) for one in self.held]
        span = (self.at_s, self.at_s + hours * 3600)
        return power_ahead(self.name, self.site, self.outlook, work, self._others_w(), span)

    def view(self, hours: int, measured: QuantityView) -> SitePowerView:
        """The same as it is shown, with what is `measured` at the site's meter."""
        ahead = self.ahead(hours)
        return SitePowerView(
            site=self.name,
            at_s=self.at_s,
            ends_s=ahead.ends_s,
            limits_are="it" if ahead.is_it_power else "meter",
            starts_s=ahead.starts_s,
            nodes=tuple(self._node(node, ahead, measured) for node in ahead.nodes),
            calls=tuple(self._calls(ahead)),
            forecast=_forecast(ahead) if ahead.forecast else None,
        )

    def _others_w(self) -> dict[str, int]:
        return {
            pool.name: report.others_w
            for pool in self.site.pools
            if (report := self.reports.get((self.name, pool.name)))
        }

    # ------------------------------------------------------------ nodes

    def _node(self, node: NodeAhead, ahead: PowerAhead, measured: QuantityView) -> PowerNodeView:
        return PowerNodeView(
            path=node.path,
            parent=node.parent,
            now=self._now(node, ahead, measured if node.path == "site" else _NOT_MEASURED),
            envelope_w=node.envelope_w,
            base_load_w=node.base_load_w,
            work_limit_w=node.work_limit_w,
            work_w=node.work_w,
            committed_w=node.committed_w,
            over_w=node.over_w,
        )

    def _now(self, node: NodeAhead, ahead: PowerAhead, measured: QuantityView) -> PowerNowView:
        limited_by = _COOLING if ahead.is_it_power else _ENVELOPE
        drawn_by = _COOLING if ahead.is_it_power else _PUE
        beyond = ahead.is_it_power and self._beyond_forecast(ahead.forecast)
        return PowerNowView(
            envelope=self._envelope(node),
            base_load=self._base_load(node, ahead.forecast),
            work_limit=self._computed(
                node.work_limit_w, limited_by, Basis.ASSUMED if beyond else Basis.COMPUTED
            ),
            work=self._computed(node.work_w, _FULL_LOAD),
            committed=self._computed(
                node.committed_w, drawn_by, Basis.ASSUMED if beyond else Basis.COMPUTED
            ),
            others=self._others(node),
            measured=measured,
        )

    def _beyond_forecast(self, forecast: ForecastGiven | None) -> bool:
        return forecast is not None and step_at(forecast, self.at_s) is None

    def _envelope(self, node: NodeAhead) -> QuantityView:
        value_w = node.envelope_w[0] if node.envelope_w else None
        fact = node.limit.power_w if node.limit else None
        call = next(
            (
                call
                for call in self._calls_at(node.path)
                if call.starts_s <= self.at_s < call.ends_s and call.power_w == value_w
            ),
            None,
        )
        if call is not None and fact is not None and fact.value != value_w:
            source = f"call '{call.name}'" + (f": {call.reason}" if call.reason else "")
            return QuantityView(
                value_w=value_w,
                basis=Basis.DECLARED,
                at_s=call.at_s,
                source=source,
                says=(said("by-call", call=call.name, words=call.reason),),
            )
        return self._stated(fact, value_w, _window_reason(node.limit, self.at_s, value_w))

    def _base_load(self, node: NodeAhead, forecast: ForecastGiven | None) -> QuantityView:
        told = forecast is not None and bool(forecast.base_load_w) and node.path == "site"
        if told and forecast is not None and not self._beyond_forecast(forecast):
            source, says = (forecast.source, ()) if forecast.source else _FORECAST
            return QuantityView(
                value_w=node.base_load_w[0],
                basis=Basis.FORECAST,
                at_s=forecast.at_s,
                source=source,
                says=says,
            )
        fact = node.limit.base_load_w if node.limit else None
        return self._stated(fact, fact.value if fact else None, "")

    def _others(self, node: NodeAhead) -> QuantityView:
        reports = [
            report
            for pool in sorted(pools_under(self.site, node.path))
            if (report := self.reports.get((self.name, pool)))
        ]
        source, says = _RUNNER if reports else _NOTHING
        return QuantityView(
            value_w=sum(report.others_w for report in reports),
            basis=Basis.COMPUTED,
            at_s=max((report.at_s for report in reports), default=self.at_s),
            source=source,
            says=says,
        )

    def _stated(self, fact: Fact[int] | None, value_w: int | None, source: str) -> QuantityView:
        """What the document says, with its own date if it has one."""
        if fact is None or value_w is None:
            return _unknown(_NO_LIMIT if fact is None else _NOT_KNOWN)
        assumed = fact.standing is Standing.ASSUMED
        by_document = not source and fact.source == "this document"
        told = _DOCUMENT if by_document else (source or fact.source, ())
        return QuantityView(
            value_w=value_w,
            basis=Basis.ASSUMED if assumed else Basis.DECLARED,
            at_s=self.said_at_s,
            source=told[0],
            says=told[1],
        )

    def _computed(
        self, values: tuple[int, ...] | None, rule: _From, basis: Basis = Basis.COMPUTED
    ) -> QuantityView:
        if values is None:
            return _unknown(_NOT_KNOWN)
        source, says = rule
        return QuantityView(
            value_w=values[0], basis=basis, at_s=self.at_s, source=source, says=says
        )

    # ------------------------------------------------------------ calls

    def _calls_at(self, path: str = "") -> Iterable[CurtailmentCalled]:
        return (
            call
            for (site, _), call in sorted(self.outlook.calls.items())
            if site == self.name and path in ("", call.path)
        )

    def _calls(self, ahead: PowerAhead) -> list[CallView]:
        found = [
            CallView(
                name=call.name,
                path=call.path,
                starts_s=call.starts_s,
                ends_s=call.ends_s,
                power_w=call.power_w,
                reason=call.reason,
                holds=call.starts_s <= self.at_s < call.ends_s,
                told_at_s=call.at_s,
            )
            for call in self._calls_at()
        ]
        # A call that is still far off is told too: else nobody could see it and take it back.
        found += [one for one in self._windows() if one.starts_s < ahead.ends_s]
        left = (one for one in found if one.ends_s > self.at_s)
        return sorted(left, key=lambda one: (one.starts_s, one.path, one.name))

    def _windows(self) -> list[CallView]:
        envelope = self.site.envelope
        if envelope is None:
            return []
        limits = [("site", envelope.site)]
        limits += [(f"halls.{name}", limit) for name, limit in envelope.halls.items()]
        limits += [(f"pools.{name}", limit) for name, limit in envelope.pools.items()]
        return [
            CallView(
                name="",
                path=path,
                starts_s=window.starts,
                ends_s=window.ends,
                power_w=window.power_w,
                reason=window.reason,
                holds=window.starts <= self.at_s < window.ends,
                told_at_s=self.said_at_s,
            )
            for path, limit in limits
            for window in limit.windows
        ]


def _unknown(why: _From) -> QuantityView:
    source, says = why
    return QuantityView(value_w=None, basis=Basis.UNKNOWN, at_s=None, source=source, says=says)


def _taken(one: Held, stop_time_s: int) -> Taken:
    """The room of `one`, until it has ended or, if it is told to go, until it has stopped."""
    until_s = NEVER_S if one.ends_at_s is None else one.ends_at_s
    if one.stop_at_s is not None:
        until_s = min(until_s, one.stop_at_s + stop_time_s)
    return Taken(one.pool, one.accelerators, until_s, one.saved_w, one.saved_until_s)


def _window_reason(limit: Limit | None, at_s: int, value_w: int | None) -> str:
    """Why a window of the document holds, if one does."""
    for window in limit.windows if limit else ():
        if window.starts <= at_s < window.ends and window.power_w == value_w:
            return window.reason
    return ""


def _forecast(ahead: PowerAhead) -> ForecastView:
    f = ahead.forecast
    assert f is not None
    steps = [step_at(f, at_s) for at_s in ahead.starts_s]

    def series(values: tuple[int, ...]) -> tuple[int | None, ...] | None:
        if not values:
            return None
        return tuple(None if i is None else values[i] for i in steps)

    return ForecastView(
        told_at_s=f.at_s,
        source=f.source,
        starts_s=f.start_s,
        ends_s=f.start_s + f.step_s * len(f.temp_milli_c),
        step_s=f.step_s,
        design_temp_milli_c=f.design_temp_milli_c,
        margin_milli_c=f.margin_milli_c,
        margin_w=f.margin_w,
        temp_milli_c=series(f.temp_milli_c) or (),
        wet_bulb_milli_c=series(f.wet_bulb_milli_c),
        clean_w=series(f.clean_w),
        carbon_g_per_kwh=series(f.carbon_g_per_kwh),
    )
