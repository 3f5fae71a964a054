"""Texts from data in Plotly figures, which read some HTML: bold, links, line breaks."""


def escaped(text: str) -> str:
    """Return text that a figure shows as it is.

    >>> escaped("<b>Jay</b> & co")
    '&lt;b>Jay&lt;/b> &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;")
