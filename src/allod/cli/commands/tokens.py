"""Commands about tokens: who may do what on this node."""

from __future__ import annotations

from typing import Annotated

import typer

from allod.cli.commands.options import DATA_DEFAULT, DataOption, JsonOption

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is.")]
token = typer.Typer(help="Tokens: who may do what on this node.", no_args_is_help=True)


@token.command("make")
def make(
    name: Name,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="One of admin, operator, submit, read; or programme, auditor, which read too.",
        ),
    ] = "submit",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a token and print its secret.

    It is shown this once: the node keeps only a hash of it.
    """
    from allod.cli import tokens

    tokens.make(data, name, role, as_json=as_json)


@token.command("list")
def show_list(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List tokens, without their secrets."""
    from allod.cli import tokens

    tokens.show_list(data, as_json=as_json)


@token.command("revoke")
def revoke(name: Name, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Let a token open nothing any more."""
    from allod.cli import tokens

    tokens.revoke(data, name, as_json=as_json)


@token.command("whose")
def whose(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Say whose token you use, and what it may do."""
    from allod.cli import tokens

    tokens.whose(data, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.add_typer(token, name="token")
