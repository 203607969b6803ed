"""QR codes that carry an `otpauth:` address into an authenticator app."""

from markupsafe import Markup

SCALE = 4


def drawing_of(address: str) -> Markup:
    """Return the code as SVG, for a page."""
    # Few people add an app, and a server that nobody asks need not import what draws.
    import segno

    drawing = segno.make(address, error="m").svg_inline(
        omitsize=True, border=0, svgclass=None, lineclass=None
    )
    return Markup(drawing)  # noqa: S704  # drawn by us


def picture_of(address: str) -> str:
    """Return the code as PNG in a `data:` address, for an API."""
    import segno

    return str(segno.make(address, error="m").png_data_uri(scale=SCALE))
