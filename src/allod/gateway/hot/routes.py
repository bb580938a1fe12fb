"""Where calls of one rule to one service may go: what the table says of law and charter, no more.

Fails closed: a site that the table does not name, or against which it says anything, gets no byte.
"""

from __future__ import annotations

from allod.gateway.hot.errors import Refused
from allod.run.serving.table import Access, ServiceEntry, Table

#: Sites of which a refusal says a reason in its message.
_TOLD = 3


class Route:
    """The sites for calls of one rule to one service."""

    __slots__ = ("against", "capped", "order", "rule", "sites")

    def __init__(self, table: Table, rule: str, service: ServiceEntry) -> None:
        said = table.rules.get(rule, {}).get(service.name, {})
        self.rule = rule
        self.sites: dict[str, Access] = {}  #: Those that may be used.
        self.against: dict[str, tuple[str, ...]] = {}  #: What speaks against each of the others.
        for site, access in said.items():
            reasons = _against(access, service)
            if reasons:
                self.against[site] = reasons
            else:
                self.sites[site] = access
        shares = (service.classes.get(access.access_class) for access in self.sites.values())
        #: True if a class of it may not have the whole of a site, or of a replica.
        self.capped = any(
            share and (share.in_flight_max_bp < 10_000 or share.free_min or share.replicas_spared)
            for share in shares
        )
        #: Best class first, then by name: the same site is preferred as long as nothing changes.
        self.order = sorted(self.sites, key=lambda site: (-self.sites[site].priority, site))

    def refusal(self, model: str) -> Refused:
        """Why no site is left: the first reason of each in words, all of them beside (L6)."""
        against = sorted(self.against.items())
        why = tuple(f"{site}: {reason}" for site, reasons in against for reason in reasons)
        first = [f"{site}: {reasons[0]}" for site, reasons in against][:_TOLD]
        told = "; ".join(first) or "The service has no site"
        more = f"; and {len(why) - len(first)} more, see 'why'" if len(why) > len(first) else ""
        return Refused(
            403,
            f"No site may serve '{model}' for this key. {told}{more}.",
            why=why,
            code="no_site_permitted",
            param="model",
            kind="permission_error",
        )


def _against(access: Access, service: ServiceEntry) -> tuple[str, ...]:
    if access.against:
        return access.against
    if service.classes and access.access_class not in service.classes:
        return (f"class '{access.access_class}' may not call this service",)
    return ()
