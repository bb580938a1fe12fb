"""What the windows of load say, as figures beside their limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from bench.figures import Figure, number
from bench.gateway_load import FOREIGN_MAX, JSON_1, JSON_32, PACED_256, STREAM_32, Shape, Window
from bench.gateway_peers import LITELLM, NGINX, PORTKEY, ROUTERS

OURS = "Allod"


@dataclass(slots=True)
class Seen:
    """All windows, by target and shape, in the order of the rounds."""

    windows: dict[tuple[str, str], list[Window]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    worker_mb: float = 0.0
    postgres_us: float = 0.0  #: For each record.

    def of(self, target: str, shape: Shape) -> list[Window]:
        """The windows of a target, by turn."""
        return self.windows.get((target, shape.name), [])

    def cost(self, target: str, shape: Shape) -> float:
        """Median CPU of an answer, or of a part where they come one by one. [us]"""
        return median(_cost(window, shape) for window in self.of(target, shape))

    def over(self, target: str, other: str, shape: Shape) -> float:
        """How many times the CPU of `other` `target` takes: median of the turns."""
        pairs = zip(self.of(target, shape), self.of(other, shape), strict=True)
        return median(_cost(mine, shape) / _cost(theirs, shape) for mine, theirs in pairs)

    def calm(self, shape: Shape) -> list[tuple[Window, Window]]:
        """Ours and nginx's of the rounds in which both were left alone."""
        pairs = zip(self.of(OURS, shape), self.of(NGINX.name, shape), strict=True)
        return [(ours, nginx) for ours, nginx in pairs if ours.calm and nginx.calm]


def _cost(window: Window, shape: Shape) -> float:
    return window.us_per_part if shape is PACED_256 else window.us_per_answer


def figures(seen: Seen) -> list[Figure]:
    """All of them, in the order of the page."""
    said = [*_beside_nginx(seen), *_wall_clock(seen), *_beside_gateways(seen), *_memory(seen)]
    return [*said, *_absent(seen)]


def _beside_nginx(seen: Seen) -> Iterator[Figure]:
    nginx = NGINX.name
    for name, shape, limit in (
        ("CPU of a request, 32 clients", JSON_32, 2.5),
        ("CPU of a stream at once", STREAM_32, None),
        ("CPU of a part, 256 streams", PACED_256, 1.3),
    ):
        yield Figure(
            name=name,
            value=seen.over(OURS, nginx, shape),
            unit="x nginx",
            at_most=limit,
            beside=f"{number(seen.cost(OURS, shape))} us, nginx {seen.versions[nginx]} "
            f"{number(seen.cost(nginx, shape))} us",
        )


def _wall_clock(seen: Seen) -> Iterator[Figure]:
    """Only of rounds in which others left the machine alone."""
    rounds = len(seen.of(OURS, JSON_32))
    calm = min(len(seen.calm(shape)) for shape in (JSON_1, JSON_32, STREAM_32))
    foreign = median(window.foreign_cores for window in seen.of(OURS, JSON_32))
    yield Figure(
        name="rounds for wall-clock figures",
        value=calm,
        unit=f"of {rounds}",
        note=f"others used {number(foreign)} cores in the median, {FOREIGN_MAX} are allowed"
        + ("" if calm else "; so no wall-clock figures"),
    )
    if not calm:
        return
    for name, shape, limit in (
        ("requests/s at one core", JSON_32, 0.4),
        ("streams/s at one core", STREAM_32, None),
    ):
        pairs = seen.calm(shape)
        yield Figure(
            name=name,
            value=median(ours.per_s / nginx.per_s for ours, nginx in pairs),
            unit="x nginx",
            at_least=limit,
            beside=f"{number(median(ours.per_s for ours, _ in pairs))} /s, nginx "
            f"{number(median(nginx.per_s for _, nginx in pairs))} /s",
        )
    for name, limit in (("p50", 0.10), ("p99", 0.25)):
        each = [_added_ms(ours, nginx, name) for ours, nginx in seen.calm(JSON_1)]
        yield Figure(
            name=f"added to nginx, one client, {name}",
            value=median(each),
            unit="ms",
            at_most=limit,
        )


def _added_ms(ours: Window, nginx: Window, name: str) -> float:
    if name == "p50":
        return ours.p50_ms - nginx.p50_ms
    return ours.p99_ms - nginx.p99_ms


def _beside_gateways(seen: Seen) -> Iterator[Figure]:
    limits = {LITELLM.name: (150.0, 300.0), PORTKEY.name: (25.0, 20.0)}
    names = (LITELLM.name, PORTKEY.name, *(router.name for router in ROUTERS))
    for name in names:
        for what, shape, place in (("answers", JSON_32, 0), ("streams", STREAM_32, 1)):
            if not seen.of(name, shape):
                continue
            errors = sum(window.errors for window in seen.of(name, shape))
            yield Figure(
                name=f"{what} per CPU s, {name}",
                value=seen.over(name, OURS, shape),
                unit="x",
                at_least=limits[name][place] if name in limits else None,
                beside=f"{name} {seen.versions[name]}: {number(seen.cost(name, shape))} us"
                + (f", {errors:,} errors" if errors else ""),
            )


def _memory(seen: Seen) -> Iterator[Figure]:
    yield Figure(name="memory of a worker", value=seen.worker_mb, unit="MB PSS", at_most=60)
    yield Figure(
        name="PostgreSQL for a record",
        value=seen.postgres_us,
        unit="us CPU",
        note="beside the gateway, not in the figures above; each answer has its record there",
    )


def _absent(seen: Seen) -> Iterator[Figure]:
    for why in seen.absent:
        yield Figure(name="not measured", value=0, unit="", note=why)
