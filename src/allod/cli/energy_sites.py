"""The site that a command about energy is asked of."""

from __future__ import annotations

from pathlib import Path

from allod.cli.client import connect, part
from allod.cli.reading import read_all
from allod.cli.words import counted
from allod.domain.document import from_json
from allod.domain.site import Site
from allod.errors import InvalidInput


def site_of(data: Path, asked: str) -> tuple[str, Site]:
    """Name and document of a site: of a YAML file, or of the node.

    Raises:
        InvalidInput: A file has no site, or several.
    """
    if asked.endswith((".yaml", ".yml")):
        documents = read_all([Path(asked)])
        sites = [(one.name, one.spec) for one in documents if isinstance(one.spec, Site)]
        if len(sites) != 1:
            raise InvalidInput(
                f"{asked} has {counted(len(sites), 'site')}", mend="name a file with one"
            )
        return sites[0]
    with connect(data) as node:
        view = node.get(f"/v1/documents/Site/{part(asked)}")
    spec = from_json(view["document"]).spec
    if not isinstance(spec, Site):
        raise InvalidInput(f"'{asked}' is no site", mend="name a site")
    return asked, spec
