"""The failures that a person can cause and mend.

    DemicoutureError      told in one line, exit code 1
    ├── InputError        a folder, file or value that a script was given is missing, damaged or does not fit
    ├── OptionsError      a folder was made with other options than those asked for now
    ├── PictureError      one picture cannot be used; scripts record it as a reason and go on
    ├── FetchError        one address cannot be fetched; scripts record it as a reason and go on
    └── SourceError       an image source cannot be reached or no longer answers as it used to

Everything else is a mistake of ours and keeps its traceback.
"""


class DemicoutureError(Exception):
    """An expected failure. Its message says what was found, what was expected and what to do, in one line."""


class InputError(DemicoutureError):
    """An input is missing, damaged, or does not fit the others."""


class OptionsError(DemicoutureError):
    """An output folder was made with other options than those asked for now."""


class PictureError(DemicoutureError):
    """A picture cannot be used. The message is a short reason, such as ``undecodable``."""


class FetchError(DemicoutureError):
    """An address cannot be fetched. The message is a short reason, such as ``timeout``.

    Attributes:
        status: The HTTP status of the server's answer, where it answered.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        """Keeps the status beside the reason."""
        super().__init__(reason)
        self.status = status


class SourceError(DemicoutureError):
    """An image source cannot be reached, or its answers changed."""
