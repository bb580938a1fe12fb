"""The energy of calls in the node's database: readings, windows, and who got what of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Final

import orjson

from allod.adapters.postgres.arrays import bigints, texts
from allod.adapters.postgres.connection import Session
from allod.adapters.postgres.kept_session import KeptSession
from allod.adapters.postgres.queries import ENERGY
from allod.energy.counted import Reading, counted
from allod.energy.fit import Seen
from allod.energy.of_calls import measured
from allod.energy.stay import Stay, Work
from allod.run.serving.energy_kept import EnergyCheck, Kept, Settled
from allod.run.serving.table import SiteEntry
from allod.run.serving.wiring import Metered

_ALL: Final = 1 << 62
_FAULTS_MAX: Final = 20


class PostgresEnergy:
    """Satisfies `run.serving.energy_kept.EnergyStore`; safe to use from several threads.

    It needs no writer's lock: whoever settles a window names how far the replica was settled, and
    of two that name the same only one succeeds.
    """

    def __init__(self, url: str) -> None:
        self._session = KeptSession(url, "energy")

    def close(self) -> None:
        """Close the session; a later call opens another."""
        self._session.close()

    def _rows(self, query: str, **params: Any) -> list[Any]:
        with self._session.use() as session:
            return session.execute(ENERGY[query], params).fetchall()

    def _run(self, query: str, **params: Any) -> None:
        with self._session.use() as session:
            session.execute(ENERGY[query], params)

    # ------------------------------------------------------------ what is read

    def put_readings(self, readings: Sequence[Reading], sites: dict[str, SiteEntry]) -> None:
        """See `EnergyStore.put_readings`."""
        if not readings:
            return
        at_ms = max(one.at_ms for one in readings)
        columns = [
            texts([one.source for one in readings]),
            bigints([one.at_ms for one in readings]),
            bigints([one.value_mj for one in readings]),
        ]
        with self._session.use() as session, session.transaction():
            session.execute(ENERGY["put_readings"], columns)
            for site, entry in sorted(sites.items()):
                params = {"site": site, "at_ms": at_ms, **_of_site(entry)}
                session.execute(ENERGY["put_site"], params)

    def put_replica(self, metered: Metered, at_ms: int) -> None:
        """See `EnergyStore.put_replica`."""
        self._run(
            "put_replica",
            replica=metered.replica,
            model=metered.model,
            accelerator=metered.accelerator,
            metered=metered.encode(),
            since_ms=at_ms,
        )

    def end_replica(self, replica: str, at_ms: int) -> None:
        """See `EnergyStore.end_replica`."""
        self._run("end_replica", replica=replica, at_ms=at_ms)

    def replicas(self) -> list[Kept]:
        """See `EnergyStore.replicas`."""
        return [_kept(row) for row in self._rows("replicas_open")]

    def readings(self, sources: Sequence[str], from_ms: int, limit: int) -> list[Reading]:
        """See `EnergyStore.readings`."""
        rows = self._rows("readings", sources=list(sources), from_ms=from_ms, limit=limit)
        return [
            Reading(source=source, at_ms=at_ms, value_mj=value) for source, at_ms, value in rows
        ]

    def site_at(self, site: str, at_ms: int) -> SiteEntry:
        """See `EnergyStore.site_at`."""
        rows = self._rows("site_at", site=site, at_ms=at_ms)
        return (
            SiteEntry(pue_milli=rows[0][0], carbon_mg_per_kwh=rows[0][1]) if rows else SiteEntry()
        )

    def stays(self, replica: str, start_ms: int, end_ms: int) -> list[Stay]:
        """See `EnergyStore.stays`."""
        rows = self._rows("stays", replica=replica, start_ms=start_ms, end_ms=end_ms)
        return [
            Stay.of(
                call,
                received_at_ms=received,
                waited_ms=waited,
                first_ms=first,
                took_ms=took,
                stream=stream,
                tokens=(prompt, cached, answer),
            )
            for call, received, waited, first, took, stream, prompt, cached, answer in rows
        ]

    # ------------------------------------------------------------ what is settled

    def settle(self, settled: Settled, from_ms: int | None) -> bool:
        """See `EnergyStore.settle`."""
        window = settled.counted.window
        with self._session.use() as session, session.transaction():
            moved = {"replica": settled.replica, "from_ms": from_ms, "to_ms": window.end_ms}
            if session.execute(ENERGY["advance"], moved).rowcount != 1:
                return False
            session.execute(ENERGY["put_window"], _window(settled))
            if settled.split is not None and settled.split.calls:
                names, got = zip(*settled.split.calls, strict=True)
                columns = [settled.replica, window.start_ms, texts(names), bigints(got)]
                session.execute(ENERGY["put_shares"], columns)
            _put_energy(session, settled.replica, window.end_ms)
        return True

    def finish(self, replica: str) -> None:
        """See `EnergyStore.finish`."""
        with self._session.use() as session, session.transaction():
            _put_energy(session, replica, _ALL)
            session.execute(ENERGY["finish_replica"], {"replica": replica})

    def seen(self, model: str, accelerator: str, limit: int) -> list[Seen]:
        """See `EnergyStore.seen`."""
        rows = self._rows("windows_seen", model=model, accelerator=accelerator, limit=limit)
        return [
            Seen(length_ms=length, busy_ms=busy, energy_mj=energy, work=Work(*work))
            for length, busy, energy, *work in rows
        ]

    def forget(self, before_ms: int) -> None:
        """See `EnergyStore.forget`."""
        self._run("forget_readings", before_ms=before_ms)

    # ------------------------------------------------------------ whether it adds up

    def check(self) -> EnergyCheck:
        """See `EnergyStore.check`.

        Also makes the windows anew from the readings that are still there, and compares.
        """
        faults: list[str] = []
        with self._session.use() as session, session.transaction():
            session.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            row = session.execute(ENERGY["energy_sums"]).fetchone()
            assert row is not None
            for kept in map(_kept, session.execute(ENERGY["replicas_all"]).fetchall()):
                faults += _faults_of(session, kept)
        windows, meter, attributed, reserve, gap, records, still_open = row
        if attributed + reserve + gap != meter:
            faults.append(
                f"calls, reserve and gaps are {attributed + reserve + gap - meter} mJ off"
            )
        if records + still_open != attributed:
            faults.append(f"records of calls are {records + still_open - attributed} mJ off")
        return EnergyCheck(
            windows=windows,
            meter_mj=meter,
            attributed_mj=attributed,
            reserve_mj=reserve,
            gap_mj=gap,
            records_mj=records,
            open_mj=still_open,
            faults=tuple(faults[:_FAULTS_MAX]),
        )


def _put_energy(session: Session, replica: str, end_ms: int) -> None:
    """Write what calls came to whose last window is settled."""
    params = {"replica": replica, "end_ms": end_ms}
    rows = session.execute(ENERGY["shares_of_ended"], params).fetchall()
    if not rows:
        return
    found = [(call, *measured(row[1:] for row in of)) for call, of in groupby(rows, itemgetter(0))]
    calls, it, energy, carbon = zip(*found, strict=True)
    columns = [texts(calls), bigints(it), bigints(energy), bigints(carbon)]
    session.execute(ENERGY["put_energy"], columns)


def _faults_of(session: Session, kept: Kept) -> Iterator[str]:
    """What does not fit of the windows of a replica."""
    replica, wiring = kept.metered.replica, kept.metered.wiring
    rows = session.execute(ENERGY["windows_of"], {"replica": replica}).fetchall()
    for before, after in pairwise(rows):
        if before[1] != after[0]:
            yield f"{replica}: no window from {before[1]} to {after[0]} ms"
    for start_ms, _, _, attributed, shared in rows:
        if attributed != shared:
            yield f"{replica}: calls got {shared} mJ of {attributed} in the window at {start_ms} ms"
    if not rows:
        return
    params = {"sources": list(wiring.sources), "from_ms": rows[0][0], "limit": None}
    readings = [
        Reading(source=source, at_ms=at_ms, value_mj=value)
        for source, at_ms, value in session.execute(ENERGY["readings"], params)
    ]
    made = {one.window.start_ms: one.window for one in counted(wiring, readings)}
    for start_ms, end_ms, energy, _, _ in rows:
        again = made.get(start_ms)
        if again is not None and (again.end_ms, again.energy_mj) != (end_ms, energy):
            yield f"{replica}: readings say {again.energy_mj} mJ, the window at {start_ms} {energy}"


def _window(settled: Settled) -> Mapping[str, Any]:
    one, split = settled.counted, settled.split
    work = split.work if split else Work()
    return {
        "replica": settled.replica,
        "start_ms": one.window.start_ms,
        "end_ms": one.window.end_ms,
        "accelerators_mj": one.accelerators_mj,
        "host_mj": one.host_mj,
        "short_mj": one.short_mj,
        "attributed_mj": split.attributed_mj if split else 0,
        "reserve_mj": split.reserve_mj if split else 0,
        "gap_mj": 0 if split else one.window.energy_mj,
        "gap": "" if split else f"began anew: {', '.join(one.reset)}",
        "busy_ms": split.busy_ms if split else 0,
        "prefill": work.prefill,
        "decode": work.decode,
        "context": work.context,
        "rates": orjson.dumps(asdict(settled.rates), option=orjson.OPT_SORT_KEYS).decode(),
        **_of_site(settled.site),
    }


def _of_site(entry: SiteEntry) -> dict[str, Any]:
    return {"pue_milli": entry.pue_milli, "carbon": entry.carbon_mg_per_kwh}


def _kept(row: Sequence[Any]) -> Kept:
    metered, since_ms, settled_to_ms, ended_ms = row
    return Kept(
        metered=Metered.decode(metered),
        since_ms=since_ms,
        settled_to_ms=settled_to_ms,
        ended_ms=ended_ms,
    )
