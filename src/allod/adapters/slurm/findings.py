"""What a check finds in the answers of a cluster; pure, so that each sentence can be tested.

`fails`: work that Allod places there is refused, does not run, or is not seen. `warning`: work
runs, and something that was promised may not hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from allod.adapters.slurm.driver import About, Books, Licence
from allod.adapters.slurm.machine import Machine
from allod.adapters.slurm.tokens import LIFE_S
from allod.decide.layout import caps_over_time, live_units, phase_dates, power_per_accelerator_w
from allod.domain.hostlist import expand
from allod.domain.site import Pool, Site
from allod.domain.slurm import PowerLicence, Slurm
from allod.run.ports import Finding

_CLOCK_WARN_S = 5
_JOB_AGE_S = 3600
_ROUNDING = 20  #: A job may be counted for a twentieth more watts than it draws.
_NAMED = 4  #: So many nodes are named, the others counted.
_GRES = re.compile(r"([A-Za-z0-9_]+)(?::([A-Za-z0-9_.-]*[A-Za-z_.-][A-Za-z0-9_.-]*))?(?::(\d+))?")
ASK_FOR_SETTINGS = "scontrol show config | grep -E 'KillWait|MinJobAge|PrivateData'"

State = Literal["works", "warning", "fails"]


def of_clock(about: About, now_s: int) -> Finding:
    """How far the cluster's clock and the node's are apart; tokens end by the cluster's."""
    if about.clock_s is None:
        return Finding("clock", "warning", "the cluster does not say what time it has")
    apart_s = now_s - about.clock_s
    if abs(apart_s) < _CLOCK_WARN_S:
        return Finding("clock", "works", f"{abs(apart_s)} s apart")
    state: State = "fails" if abs(apart_s) >= LIFE_S else "warning"
    ahead = "ahead of" if apart_s > 0 else "behind"
    said = f"this node's clock is {abs(apart_s)} s {ahead} the cluster's"
    return Finding("clock", state, said, "let both follow the same time servers (NTP)")


def of_address(rest: str) -> Finding:
    """Whether a token can be read on its way to slurmrestd."""
    parts = urlsplit(rest)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or _is_loopback(host):
        return Finding("address", "works", f"{rest} answers")
    said = f"{rest} answers, unencrypted: whoever sees the network between can read tokens"
    mend = "put slurmrestd behind a tunnel, a TLS proxy, or a network that only the node reaches"
    return Finding("address", "warning", said, mend)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


# ------------------------------------------------------------ pools


def of_pools(site: Site, machines: Mapping[str, Machine], now_s: int) -> list[Finding]:
    """Whether every pool's nodes are there, as large as the document says, and usable."""
    assert site.slurm is not None
    found: list[Finding] = []
    for pool in site.pools:
        wrong = _pool(site, site.slurm, pool, machines, now_s)
        found += wrong or [_pool_works(site.slurm, pool)]
    return found


def _pool_works(slurm: Slurm, pool: Pool) -> Finding:
    there = slurm.pools[pool.name]
    said = (
        f"{there.nodes} in partition {there.partition}, {pool.accelerators_per_node} {there.gres}"
    )
    return Finding(f"pool {pool.name}", "works", f"{said} each")


def _pool(
    site: Site, slurm: Slurm, pool: Pool, machines: Mapping[str, Machine], now_s: int
) -> list[Finding]:
    topic, there = f"pool {pool.name}", slurm.pools[pool.name]
    names = expand(there.nodes)
    missing = [name for name in names if name not in machines]
    known = [machines[name] for name in names if name in machines]
    has = {machine.name: accelerators(machine.gres, there.gres) for machine in known}
    found: list[Finding] = []

    def say(state: State, said: str, mend: str) -> None:
        found.append(Finding(topic, state, said, mend))

    field = f"slurm.pools.{pool.name}"
    if missing:
        say("fails", f"not in the cluster: {_some(missing)}", f"correct {field}.nodes; see `sinfo`")
    outside = [machine.name for machine in known if there.partition not in machine.partitions]
    if outside:
        in_words = f"not in partition {there.partition}: {_some(outside)}"
        say("fails", in_words, f"correct {field}.partition, or Nodes= of the partition")
    each = pool.accelerators_per_node
    small = [f"{name} has {count}" for name, count in has.items() if count < each]
    if small:
        said = f"{each} {there.gres} are asked for on each node: {_some(small)}"
        say("fails", said, f"correct {field}.gres or accelerators_per_node; see `sinfo -o '%N %G'`")
    found += _room(site, pool, len(names), sum(has.values()), now_s)
    out = [machine.out for machine in known if machine.out]
    if out:
        state: State = "fails" if len(out) == len(names) else "warning"
        say(state, _some(out, "; "), "when it is in order: scontrol update NodeName=… State=RESUME")
    return found


def _room(site: Site, pool: Pool, nodes: int, accelerators_: int, now_s: int) -> list[Finding]:
    """Whether there are as many nodes as the live phases say, now and later."""
    each = pool.accelerators_per_node
    room = nodes * each if each > 1 else accelerators_
    dates = [now_s, *(at_s for at_s in phase_dates(site) if at_s > now_s)]
    for at_s in dates:
        live = live_units(site, pool.name, at_s)
        if live <= room:
            continue
        when = "are live now" if at_s == now_s else "will be live by a later phase"
        said = f"{live} accelerators {when}; the nodes named hold {room}"
        mend = f"add nodes to slurm.pools.{pool.name}.nodes"
        state: State = "fails" if at_s == now_s else "warning"
        return [Finding(f"pool {pool.name}", state, said, mend)]
    return []


def accelerators(has: str, asked: str) -> int:
    """How many `asked` ('gpu', 'gpu:b200') a node has whose Gres are 'gpu:b200:8(S:0-1),nic:2'."""
    total = 0
    kind, _, model = asked.partition(":")
    for part in re.sub(r"\([^)]*\)", "", has).split(","):
        found = _GRES.fullmatch(part.strip())
        if found and found[1] == kind and (not model or (found[2] or "") == model):
            total += int(found[3] or 1)
    return total


# ------------------------------------------------------------ classes, accounts


def of_classes(slurm: Slurm, machines: Mapping[str, Machine], books: Books | None) -> list[Finding]:
    """Whether the partitions and QOS of the classes are there."""
    partitions = {name for machine in machines.values() for name in machine.partitions}
    found: list[Finding] = []
    for name, item in sorted(slurm.classes.items()):
        topic = f"class {name}"
        if item.partition and item.partition not in partitions:
            said = f"no node is in a partition '{item.partition}'"
            found.append(Finding(topic, "fails", said, f"correct slurm.classes.{name}.partition"))
        elif item.qos and books is None:
            said = f"QOS '{item.qos}' is named, and the cluster's accounting is not served"
            mend = "let slurmrestd serve slurmdbd, or give the class a partition in its place"
            found.append(Finding(topic, "fails", said, mend))
        elif item.qos and books is not None and item.qos not in books.qos:
            mend = f"sacctmgr add qos {item.qos}"
            found.append(Finding(topic, "fails", f"there is no QOS '{item.qos}'", mend))
        else:
            words = [
                f"{kind} {of}"
                for kind, of in (("QOS", item.qos), ("partition", item.partition))
                if of
            ]
            found.append(Finding(topic, "works", " and ".join(words) or "as the pool"))
    return found


def of_account(user: str, account: str | None, books: Books | None) -> Finding | None:
    """What is wrong with a user in the accounting; None if nothing is, or none is kept."""
    if books is None:
        return None
    has = books.accounts.get(user)
    if has is None:
        mend = f"sacctmgr add user {user} account={account or 'ACCOUNT'}"
        return Finding(f"user {user}", "fails", "the accounting does not know this user", mend)
    if account is not None and account not in has:
        said = f"is not in account '{account}', but in {', '.join(sorted(has))}"
        return Finding(f"user {user}", "fails", said, f"sacctmgr add user {user} account={account}")
    return None


def of_operator(slurm: Slurm, books: Books | None, settings: Mapping[str, str] | None) -> Finding:
    """Whether the operator sees everybody's jobs, without which room of others looks free."""
    who = slurm.watcher
    private = (settings or {}).get("PrivateData", "")
    mend = f"sacctmgr modify user {who} set AdminLevel=Operator"
    if who == "root":
        return Finding("operator", "works", "root sees the jobs of all")
    if books is not None and who in books.operators:
        return Finding("operator", "works", f"{who} sees the jobs of all: AdminLevel=Operator")
    if settings is not None and not {"jobs", "nodes", "all"} & set(private.split(",")):
        return Finding("operator", "works", f"{who} sees the jobs of all: PrivateData={private}")
    if settings is not None:
        said = f"PrivateData={private} hides the jobs of others from {who}"
        return Finding("operator", "fails", said, mend)
    said = f"{who} has no AdminLevel; where PrivateData is set it does not see the jobs of others"
    return Finding("operator", "warning", said, mend)


# ------------------------------------------------------------ power


def of_power(site: Site, licences: tuple[Licence, ...]) -> list[Finding]:
    """Whether Slurm counts the watts that the envelope allows (P1)."""
    assert site.slurm is not None
    licence = site.slurm.power_licence
    if site.envelope is None:
        return []
    if licence is None:
        said = "Slurm does not count watts: what others run, and runs while this node is away, may"
        mend = "add a licence to slurm.conf and name it in slurm.power_licence"
        return [Finding("power", "warning", f"{said} exceed the envelope", mend)]
    most_w = max(cap_w for _, cap_w in caps_over_time(site.envelope.site))
    wanted = most_w // licence.unit_w
    mend = f"in slurm.conf: Licenses={licence.name}:{wanted}; then `scontrol reconfigure`"
    found = [item for item in licences if item.name == licence.name]
    if not found:
        said = f"there is no licence '{licence.name}'; jobs that ask for it are refused"
        return [Finding("power", "fails", said, mend)]
    return [_total(found[0].total, wanted, licence, most_w, mend), *_rounding(site, licence)]


def _total(total: int, wanted: int, licence: PowerLicence, most_w: int, mend: str) -> Finding:
    said = f"{total} {licence.name} of {licence.unit_w} W are {total * licence.unit_w:,} W"
    if total == wanted:
        return Finding("power", "works", f"{said}, as the envelope has for work")
    if total > wanted:
        return Finding("power", "warning", f"{said}, more than the {most_w:,} W for work", mend)
    words = f"{said}, less than the {most_w:,} W for work: Slurm holds back work that was placed"
    return Finding("power", "fails", words, mend)


def _rounding(site: Site, licence: PowerLicence) -> list[Finding]:
    """Jobs are counted in whole licences: a coarse unit wastes power on small ones."""
    found: list[Finding] = []
    for pool in site.pools:
        draws_w = power_per_accelerator_w(site, pool) or 0
        counted_w = -(-draws_w // licence.unit_w) * licence.unit_w
        if draws_w and (counted_w - draws_w) * _ROUNDING > draws_w:
            said = f"a job on one accelerator of {pool.name} draws {draws_w} W, and {counted_w} W"
            mend = f"make slurm.power_licence.unit_w smaller, such as {max(1, draws_w // 100)}"
            found.append(Finding("power unit", "warning", f"{said} are counted for it", mend))
    return found


def of_curtailments(site: Site) -> Finding | None:
    """Whether a window with less power can be told to Slurm; None where nothing is to be told."""
    assert site.slurm is not None
    if site.envelope is None or site.slurm.power_licence is None:
        return None
    if site.slurm.command is not None:
        said = "windows of the envelope are reserved in Slurm by its commands"
        return Finding("curtailments", "works", said)
    if not site.envelope.site.windows:
        said = "no window is planned; one would be kept by this node alone, without slurm.command"
        return Finding("curtailments", "works", said)
    said = "this node keeps to windows of the envelope, but cannot reserve their watts in Slurm"
    mend = "give slurm.command, by which `scontrol create reservation` can be run"
    return Finding("curtailments", "warning", said, mend)


# ------------------------------------------------------------ settings


def of_settings(site: Site, settings: Mapping[str, str] | None, accounting: bool) -> list[Finding]:
    """KillWait and MinJobAge; None: they cannot be read."""
    stop_s = site.stop_time_s
    if settings is None:
        age = "" if accounting else f", and MinJobAge at least {_JOB_AGE_S}"
        said = f"slurmrestd does not tell them: KillWait must be at most {stop_s} s{age}"
        return [Finding("settings", "warning", said, f"at the site: {ASK_FOR_SETTINGS}")]
    found: list[Finding] = []
    wait_s = _leading(settings.get("KillWait", ""))
    if wait_s is not None and wait_s > stop_s:
        said = f"KillWait is {wait_s} s, longer than the {stop_s} s in which the site stops work"
        mend = f"KillWait={stop_s} in slurm.conf, or stop_time_s: {wait_s} in the site's document"
        found.append(Finding("settings", "warning", said, mend))
    age_s = _leading(settings.get("MinJobAge", ""))
    if age_s is not None and age_s < _JOB_AGE_S and not accounting:
        said = f"MinJobAge is {age_s} s, and no accounting is served: later only a mark"
        mend = f"MinJobAge={_JOB_AGE_S} in slurm.conf, or serve the accounting"
        found.append(Finding("settings", "warning", f"{said} tells how work ended", mend))
    said = f"KillWait {wait_s} s, MinJobAge {age_s} s"
    return found or [Finding("settings", "works", said)]


def _leading(text: str) -> int | None:
    found = re.match(r"\d+", text)
    return int(found[0]) if found else None


def _some(names: list[str], between: str = ", ") -> str:
    rest = len(names) - _NAMED
    return between.join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
