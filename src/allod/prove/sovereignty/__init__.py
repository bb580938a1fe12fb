"""Sovereignty: what the facts about a site or a workload come to, and how well that stands.

`statement.sovereignty_statement` joins all; `text.to_text` shows it to a person,
`canonical.to_bytes` to the log and to programs. Facts come in by documents (a site's
`declarations` among them) and as `facts.Stated` evidence. Who asks for a part of it, as reports
over the catalogue do, loads that part alone.
"""
