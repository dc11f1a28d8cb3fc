"""``trainspec docs``: the site, built and served to this machine."""

from __future__ import annotations

import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from trainspec.conformance.cli.options import show_progress

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("docs")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where to serve it; 0 takes a free port.",
)
@click.option("--build", type=_FOLDER, help="Build it into this folder, and do not serve it.")
@click.option("--pictures", type=_FOLDER, help="Only draw the pages' pictures into this folder.")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
def command(port: int, build: Path | None, pictures: Path | None, opens: bool) -> None:
    """Read the spec pages as a site, on this machine, without a network.

    \b
    trainspec docs                  build it if need be, and serve it on 127.0.0.1:8000
    trainspec docs --open           the same, and open the browser
    trainspec docs --build site     write it to a folder, to be published
    trainspec docs --pictures spec/figures
                                    draw the pictures of the pages again

    Every page of the spec, with figures that can be moved, a page for every case, the tables of
    what each case catches, and a search. Needs the extra `docs`.
    """  # noqa: D301
    if pictures:
        from trainspec.conformance.site.pictures import draw_pictures  # the extra `effects`

        for path in draw_pictures(pictures):
            click.echo(path)
        return
    from trainspec.conformance.site.build import build_site  # the extra `docs`
    from trainspec.conformance.site.serve import LOOPBACK, find_site, start_server

    with show_progress(1, "building the site") as tick:
        if build:
            check_replaceable(build)
            build_site(build)
        folder = build or find_site()
        tick()
    if build:
        click.echo(folder / "index.html")
        return
    server = start_server(folder, port)
    address = f"http://{LOOPBACK}:{server.server_port}/"
    click.echo(f"{address} (Ctrl-C ends it)")
    if opens:
        webbrowser.open(address)
    with suppress(KeyboardInterrupt):
        server.serve_forever()
    server.server_close()


def check_replaceable(folder: Path) -> None:
    """Refuse to replace a folder that holds something else than a site."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "objects.inv").exists():
        raise click.UsageError(f"--build {folder}: the folder holds other files; name an empty one")
