"""The facts that a site may declare of itself: their names, and what may be said of each.

Facts that a field of a document holds (country, operator, management, metadata, seats, owners) are
not here: they have one place only. The names serve the sovereignty statement, which says there
what each of them decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnswerKind(StrEnum):
    """What sort of value answers a fact."""

    STEP = "step"  #: A whole number: the place of the answer on a ladder, 1 is the worst.
    YES_NO = "yes-no"
    NUMBER = "number"  #: A whole number; the question says of what.
    WORD = "word"  #: One of a few words.
    HOLDER = "holder"  #: 'customer', 'operator', or the name of a party.
    COUNTRIES = "countries"  #: A list of countries.
    PARTIES = "parties"  #: A list of parties; an empty one is 'nobody'.
    SHARES = "shares"  #: Parties by their share. [basis points]


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that may be declared."""

    kind: AnswerKind
    asks: str  #: In a few words of our own.
    steps: int = 0  #: Answers on the ladder, for STEP.
    words: tuple[str, ...] = ()  #: What may be said, worst first, for WORD.
    may_be_nowhere: bool = False  #: True if an empty list is an answer, for COUNTRIES.


#: Answers on the ladder of each criterion of the EU Cloud Sovereignty Framework (Guidance of
#: 1 June 2026), in the order of the criteria; SOV-1 to SOV-8.
_STEPS = ("45455545", "355555", "55555", "555555", "5555555", "55555", "5555555", "5555")

#: Layers on which a site depends; its owners are in the documents of the parties.
LAYERS = ("chip", "firmware", "network", "os", "scheduler", "model")


def _ladder() -> dict[str, Question]:
    return {
        f"csf-{objective}.{criterion}": Question(
            AnswerKind.STEP,
            f"answer to criterion {objective}.{criterion} of the EU Cloud Sovereignty Framework",
            steps=int(steps),
        )
        for objective, row in enumerate(_STEPS, 1)
        for criterion, steps in enumerate(row, 1)
    }


def _yes_no(**asked: str) -> dict[str, Question]:
    return _of(AnswerKind.YES_NO, asked)


def _countries(**asked: str) -> dict[str, Question]:
    return _of(AnswerKind.COUNTRIES, asked)


def _of(kind: AnswerKind, asked: dict[str, str]) -> dict[str, Question]:
    return {name.replace("_", "-"): Question(kind, text) for name, text in asked.items()}


#: By name.
QUESTIONS: dict[str, Question] = {
    **_ladder(),
    **_countries(
        technical_data_in="where identities, network data, logs, directory, certificates and "
        "access settings are kept",
        admin_systems_in="where the systems stand that operate and administer the site",
        support_supervised_from="from where support that comes from abroad is supervised",
        operator_administration_in="where the operator is administered",
        operator_establishment_in="where the operator has its main establishment",
        contract_law="under whose law the contracts with customers are",
    ),
    **_yes_no(
        location_documented="the places of storage and processing are documented",
        foreign_support_listed="support from abroad is listed, person by person or firm by firm",
        foreign_support_controlled="support from abroad acts under access control",
        foreign_access_prevented="nobody of a foreign law is technically able to obtain data or "
        "technical data",
        operating_autonomy="the operator can go on alone: own skills, or two third parties",
        control_change_notified="a change of control is notified within one month",
        logs_central="logs are gathered in one place and protected against tampering",
        logs_on_own_machine="logs lie on a machine of their own",
        logs_given_to_customer="a customer gets all its events as json, csv or xml",
        clocks_synchronised="clocks are kept together",
        outbound_flows_inspectable="what flows out can be inspected, redacted and audited",
        third_parties_listed="the list of third parties is exhaustive",
        foreign_law_risk_told="the risk of foreign law is told on request",
        incident_provider_qualified="incidents are answered by a qualified provider alone",
        royal_derogation="a royal derogation from majority ownership was given",
        self_assessed="the operator has assessed itself",
        independently_audited="an independent auditor has assessed it",
        sbom="there is a bill of materials of the software",
        source_audited="the source code was audited",
        no_foreign_training="no customer data trains AI of a third country",
        delivery_unrestrained="third-country control cannot restrain delivery",
        customer_data_out_of_reach="third-country control has no access to customer data",
        service_undisrupted="third-country control cannot disrupt the service",
        foreign_sanctions_refused="sanctions of third countries are not complied with",
        personnel_union_citizens="all personnel are citizens of the Union",
        support_union_residents="support is given by residents of the Union alone",
        article_18_derogation="a derogation of article 18 of the CADA proposal was given",
        data_sealed_from_operator="the operator is technically unable to read data in use",
        weights_sealed_from_operator="the operator is technically unable to read model weights",
    ),
    "support-from": Question(
        AnswerKind.COUNTRIES,
        "from where others than the operator give support; [] if nobody does",
        may_be_nowhere=True,
    ),
    "logs-kept-months": Question(AnswerKind.NUMBER, "for how long logs are kept [months]"),
    "certificate-level": Question(
        AnswerKind.WORD,
        "the best cybersecurity certificate held",
        words=("none", "basic", "substantial", "high"),
    ),
    "keys-held-by": Question(AnswerKind.HOLDER, "who holds the keys to customer data"),
    "remote-access-by": Question(
        AnswerKind.PARTIES, "which parties besides the operator reach the admin plane from afar"
    ),
    "remote-stop-by": Question(
        AnswerKind.PARTIES, "which parties can stop the service from afar (licence, firmware)"
    ),
    **{
        f"layer-{layer}": Question(AnswerKind.SHARES, f"who supplies the layer '{layer}'")
        for layer in LAYERS
    },
}
