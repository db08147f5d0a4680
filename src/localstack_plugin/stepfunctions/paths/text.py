"""A text that is read from left to right."""

import re

SPACES = re.compile(r"\s*")


class PathSyntaxError(ValueError):
    """The text is not a valid path."""


class Text:
    """A text, and how far it has been read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def take(self, length: int) -> str:
        part = self.text[self.position : self.position + length]
        self.position += length
        return part

    def looks_at(self, *beginnings: str) -> bool:
        return self.text.startswith(beginnings, self.position)

    def skip(self, part: str) -> bool:
        """Pass over `part` if it comes next, and return whether it did."""
        if not self.looks_at(part):
            return False
        self.position += len(part)
        return True

    def skip_spaces(self) -> bool:
        """Pass over spaces, if any. The result is always true, so that a condition can include the call."""
        self.match(SPACES)
        return True

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """Pass over what the pattern matches here, and return it."""
        if match := pattern.match(self.text, self.position):
            self.position = match.end()
            return match[0]
        return None

    def quoted(self) -> str:
        """Read a text in single or double quotes. A backslash escapes the quote and itself, and no other character."""
        quote = self.take(1)
        characters: list[str] = []
        while not self.at_end():
            character = self.take(1)
            if character == quote:
                return "".join(characters)
            is_escape = character == "\\" and self.looks_at(quote, "\\")
            characters.append(self.take(1) if is_escape else character)
        raise PathSyntaxError(f"A quote is not closed: '{self.text}'")
