"""The `watchword` command."""

import typer

from watchword.cli import apps, config, connectors, doctor, emulate, keys, operators, serve, tenants

cli = typer.Typer(
    name="watchword",
    help="A sign-in server for phone numbers that a team runs itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
cli.command("serve")(serve.serve)
cli.command("migrate")(serve.migrate)
cli.command("emulate")(emulate.emulate)
cli.command("doctor")(doctor.doctor)
cli.add_typer(apps.cli, name="apps")
cli.add_typer(config.cli, name="config")
cli.add_typer(connectors.cli, name="connectors")
# One is begun, many are listed: either word will do.
cli.add_typer(connectors.cli, name="connector", hidden=True)
cli.add_typer(keys.cli, name="keys")
cli.add_typer(operators.cli, name="operators")
cli.add_typer(tenants.cli, name="tenants")


def main() -> None:
    """Run the command line."""
    cli()
