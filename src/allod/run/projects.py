"""Projects as they are now: documents, grants by the engine's own account, and live work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from allod.decide.accounts import Account
from allod.decide.rule import VERBS, written
from allod.domain.fact import Standing as FactStanding
from allod.domain.project import Grant, Project
from allod.domain.residency import Control, Residency
from allod.domain.said import Said, said
from allod.run.controller import Controller
from allod.run.document_requests import no_document
from allod.run.engine import EngineMaker
from allod.run.node_views import DocumentView, State
from allod.run.pages import document_view
from allod.run.project_views import AccountView, GrantState, GrantView, ProjectView, WorkView
from allod.run.standing import Standing

_HOUR_S: Final = 3600
_Basis = tuple[str, Said]
_COMPUTED: Final[_Basis] = (
    "computed by the node, which lets work in by it: a run is charged with its accelerators × wall "
    "time when it is placed, and what it did not need comes back when it ends; nothing is measured",
    said("grant-computed"),
)
_POOLED: Final[_Basis] = (
    "it holds together with others, and use is charged to all of them as one",
    said("grant-pooled"),
)
_NOT_YET: Final[_Basis] = ("it has not begun", said("grant-not-begun"))
_OVER: Final[_Basis] = (
    "it is over, what was left of it is gone; what was used of it alone is not kept",
    said("grant-over"),
)
_VERB_WORDS: Final = {
    "storage": ("stored in", "stored-in"),
    "processing": ("processed in", "processed-in"),
    "management": ("managed from", "managed-from"),
    "metadata": ("metadata kept in", "metadata-in"),
}


class Projects:
    """What can be asked about the projects of a node."""

    def __init__(self, controller: Controller, maker: EngineMaker[Any]) -> None:
        self._controller, self._maker = controller, maker

    def all(self) -> tuple[ProjectView, ...]:
        """All projects now, by name."""
        with self._controller.at_rest() as world:
            rows = [
                row
                for (kind, _), row in sorted(world.views.documents.items())
                if kind == "Project" and row.current
            ]
            accounts = self._maker.accounts(world.engine, world.at_s).grants
            work = _work(world.views.live.values())
            specs = {row.name: world.engine.documents[f"Project/{row.name}"].spec for row in rows}
            at_s = world.at_s
        made = []
        for row in rows:
            spec = specs[row.name]
            assert isinstance(spec, Project)
            made.append(
                project_view(
                    document_view(row), spec, accounts.get(row.name), work.get(row.name), at_s
                )
            )
        return tuple(made)

    def one(self, name: str) -> ProjectView:
        """The project now; NotFound, with near names, if there is none."""
        for view in self.all():
            if view.name == name:
                return view
        with self._controller.at_rest() as world:
            raise no_document(world.views, "Project", name)


def project_view(
    shown: DocumentView,
    project: Project,
    account: Account | None,
    work: WorkView | None,
    at_s: int,
) -> ProjectView:
    """The project of the document `shown` at `at_s`."""
    rule = project.residency
    told = list(rule_told(rule)) if rule else []
    return ProjectView(
        kind=shown.kind,
        name=shown.name,
        title=project.title,
        document=shown.document,
        seq=shown.seq,
        changed_at_s=shown.changed_at_s,
        actor=shown.actor,
        at_s=at_s,
        rule=tuple(words for words, _ in told),
        rule_says=tuple(says for _, says in told),
        rule_basis=rule.basis if rule else "",
        bound=bool(project.grants),
        grants=tuple(_grants(project.grants, account, at_s)),
        account=_account(account) if account else None,
        work=work or _NO_WORK,
    )


def _account(account: Account) -> AccountView:
    return AccountView(
        given_accelerator_s=account.given_s,
        used_accelerator_s=account.used_s,
        committed_accelerator_s=account.committed_s,
        left_accelerator_s=account.left_s,
        until_s=account.until_s,
        basis=_COMPUTED[0],
        says=_COMPUTED[1],
    )


def _grants(grants: Iterable[Grant], account: Account | None, at_s: int) -> Iterator[GrantView]:
    """The grants in the order of their document; use is told of one that holds alone."""
    grants = tuple(grants)
    alone = sum(grant.starts <= at_s < grant.ends for grant in grants) == 1
    for grant in grants:
        given_s = grant.accelerator_hours * _HOUR_S
        used: tuple[int | None, int | None, int | None]
        if at_s < grant.starts:
            state, used, (basis, says) = GrantState.TO_COME, (0, 0, given_s), _NOT_YET
        elif at_s >= grant.ends:
            state, used, (basis, says) = GrantState.ENDED, (None, 0, 0), _OVER
        else:
            left_s = account.left_s if account else None
            over = left_s is not None and left_s < _HOUR_S
            state = GrantState.USED_UP if over else GrantState.OPEN
            if alone and account is not None:
                used = (account.used_s, account.committed_s, account.left_s)
                basis, says = _COMPUTED
            else:
                used, (basis, says) = (None, None, None), _POOLED
        yield GrantView(
            mode=grant.mode,
            state=state,
            starts_s=grant.starts,
            ends_s=grant.ends,
            given_accelerator_s=given_s,
            given_standing=FactStanding.DECLARED,
            used_accelerator_s=used[0],
            committed_accelerator_s=used[1],
            left_accelerator_s=used[2],
            basis=basis,
            says=says,
        )


def rule_told(rule: Residency) -> Iterator[tuple[str, Said]]:
    """What a residency rule says, one sentence for each part of it, with its code."""
    for verb in VERBS:
        places = getattr(rule, verb)
        if places is not None:
            words, code = _VERB_WORDS[verb]
            yield f"{words} {written(places)}", said(code, places=written(places))
    if rule.control is not None:
        yield from _control_told(rule.control)


def _control_told(control: Control) -> Iterator[tuple[str, Said]]:
    if control.within is not None:
        places = written(control.within)
        yield f"controlled only from {places}", said("controlled-from", places=places)
    if control.excluded:
        places = written(control.excluded)
        yield f"controlled by nobody seated in {places}", said("not-controlled-from", places=places)
    if control.foreign_share_max_bp is not None:
        whole, rest = divmod(control.foreign_share_max_bp, 100)
        percent = f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)
        words = f"at most {percent} % of the operator in foreign hands"
        yield words, said("foreign-share", bp=control.foreign_share_max_bp)


_NO_WORK: Final = WorkView(
    waiting=0, placed=0, running=0, stopping=0, waiting_accelerators=0, held_accelerators=0
)


def _work(live: Iterable[Standing]) -> Mapping[str, WorkView]:
    """Live work by project."""
    counts: Counter[tuple[str, State]] = Counter()
    units: Counter[tuple[str, bool]] = Counter()
    for standing in live:
        counts[standing.project, standing.state] += 1
        units[standing.project, standing.holds_room] += standing.accelerators
    return {
        name: WorkView(
            waiting=counts[name, State.WAITING],
            placed=counts[name, State.PLACED],
            running=counts[name, State.RUNNING],
            stopping=counts[name, State.STOPPING],
            waiting_accelerators=units[name, False],
            held_accelerators=units[name, True],
        )
        for name in {name for name, _ in counts}
    }
