"""Pages of HTML by their elements."""

from html.parser import HTMLParser


class Outline(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Collect an element; the parser calls it."""
        self.elements.append((tag, dict(attrs)))

    def of(self, tag: str, **wanted: str) -> list[dict]:
        """Return the attributes of the elements of a kind that have these."""
        return [
            found
            for name, found in self.elements
            if name == tag and wanted.items() <= found.items()
        ]
