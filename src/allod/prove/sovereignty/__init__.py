"""Sovereignty: what the facts about a site or a workload come to, and how well that stands.

`sovereignty_statement` joins all; `to_text` shows it to a person, `to_bytes` to the log and to
programs. Facts come in by documents (a site's `declarations` among them) and as `Stated` evidence.
"""

from allod.prove.sovereignty.canonical import digest, to_bytes, to_value
from allod.prove.sovereignty.facts import Stated, Work
from allod.prove.sovereignty.grade import Grade
from allod.prove.sovereignty.statement import Statement, sovereignty_statement
from allod.prove.sovereignty.text import to_text

__all__ = [
    "Grade",
    "Stated",
    "Statement",
    "Work",
    "digest",
    "sovereignty_statement",
    "to_bytes",
    "to_text",
    "to_value",
]
