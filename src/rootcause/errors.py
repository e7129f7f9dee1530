"""Every error a user can cause or must know of.

RootcauseError
├── UserError            the user's mistake; one sentence that says what to do; exit status 2
│   ├── InputError       the complaints file cannot be read as it is
│   ├── SettingsError    a flag, a variable or rootcause.toml is wrong
│   └── PackError        a topic pack is broken
├── ModelError           the model cannot serve this run at all; stops it; exit status 4
│   ├── AuthenticationFailed
│   ├── UnknownModel
│   ├── QuotaExhausted
│   ├── EndpointUnreachable
│   └── LocalModelUnavailable
├── TrackerError         the tracker cannot serve this export at all; stops it; exit status 4
├── ItemRefused          the tracker did not take one item; named in the result, never ends an export
├── CallFailed           one call gave no usable answer; becomes a failure in the ledger, never ends a run
├── CostLimitReached     the next call could pass --max-cost; what is done is kept; exit status 3
└── StoreError           the database cannot be used (locked, read-only, newer than this program); exit status 4

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations

EXIT_USER = 2
EXIT_INCOMPLETE = 3
EXIT_UNAVAILABLE = 4
EXIT_INTERRUPTED = 130


class RootcauseError(Exception):
    """Base of all errors of this package. `str(error)` is one sentence for the user."""

    exit_code = EXIT_UNAVAILABLE


class UserError(RootcauseError):
    exit_code = EXIT_USER


class InputError(UserError):
    """Names the file, the physical line where known, and the remedy."""


class SettingsError(UserError):
    pass


class PackError(UserError):
    pass


class ModelError(RootcauseError):
    pass


class AuthenticationFailed(ModelError):
    pass


class UnknownModel(ModelError):
    pass


class QuotaExhausted(ModelError):
    pass


class EndpointUnreachable(ModelError):
    pass


class LocalModelUnavailable(ModelError):
    pass


class TrackerError(RootcauseError):
    pass


class ItemRefused(RootcauseError):
    pass


class CallFailed(RootcauseError):
    """One call ended without a usable reply. `kind` is the ledger's word for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class CostLimitReached(RootcauseError):
    exit_code = EXIT_INCOMPLETE


class StoreError(RootcauseError):
    pass
