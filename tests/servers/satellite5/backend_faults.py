# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The faults of the Python half: their numbers, their words and their layout."""

from __future__ import annotations

GENERIC = {
    1: "This does not appear to be a valid username.",
    2: "Invalid username and password combination.",
    9: "Invalid System Credentials.",
    11: "Valid username required.",
    12: "Valid password required.",
    13: "Minimum username length violation.",
    14: "Minimum password length violation.",
    15: "The username contains invalid characters.",
    21: "Invalid arguments passed to function.",
    24: "Unsupported server architecture.",
    28: "Anonymous access is no longer available.",
    70: "\n     No matching base channel found for your system.",
    71: "You do not have subscription permission to the designated channel.",
    90: "Unable to entitle system.",
    700: "Maximum username length violation.",
    701: "Maximum password length violation.",
    702: "This user has read only API access. Action denied.",
    800: "System Name cannot be less than 1 character.",
}
_EXPLANATION = "     Your request could not be processed. Ask the administrator of the server if this goes on."


class BackendFault(Exception):
    """A fault by its number; the client sees it negative."""

    def __init__(self, number: int, text: str = "") -> None:
        """With the text of this very case, if there is one."""
        super().__init__(number, text)
        self.number = number
        self.text = text

    @property
    def code(self) -> int:
        """The code that the client sees."""
        return -self.number

    @property
    def string(self) -> str:
        """The fault string in the server's layout."""
        lines = [""]
        if self.text:
            lines += ["Error Message:", f"    {self.text}"]
        lines += [f"Error Class Code: {self.number}", f"Error Class Info: {GENERIC[self.number]}"]
        lines += ["Explanation:", _EXPLANATION]
        return "\n".join(lines)


def caught(method: str, error: Exception, python: int) -> str:
    """The text of a fault for an error inside the server, as its Python 2 or 3 words it."""
    name = type(error).__name__
    shown = f"<type 'exceptions.{name}'>" if python == 2 else f"<class '{name}'>"
    text = str(error)
    if python == 2 and isinstance(error, ValueError):
        text = text.replace("invalid literal for int()", "invalid literal for long()")
    return f"While running '{method}': caught\n{shown} : {text}\n"
