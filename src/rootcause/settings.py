"""Settings, resolved once at the edge: flags win over environment, environment over the project's rootcause.toml,
that over the user's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import AliasChoices, DirectoryPath, Field, FilePath, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from rootcause.economics import Economics
from rootcause.errors import SettingsError

FILE = "rootcause.toml"
LOCAL = "local"
DEFAULT_SEED = 5


def files() -> tuple[Path, ...]:
    """The user's file, then the project's, which wins."""
    return (platformdirs.user_config_path("rootcause") / FILE, Path(FILE))


def _existing() -> list[Path]:
    return [path for path in files() if path.is_file()]


class Settings(BaseSettings):
    """What the user can set. None: the default depends on the model and is chosen where it is known."""

    model_config = SettingsConfigDict(
        env_prefix="ROOTCAUSE_", env_ignore_empty=True, frozen=True, extra="forbid", populate_by_name=True
    )

    model: str = Field(default=LOCAL, min_length=1)
    base_url: str | None = Field(
        default=None, min_length=1, validation_alias=AliasChoices("base_url", "ROOTCAUSE_BASE_URL", "OPENAI_BASE_URL")
    )
    api_key: SecretStr = Field(default=SecretStr(""), validation_alias=AliasChoices("OPENAI_API_KEY"), repr=False)
    context: int | None = Field(default=None, ge=1024, description="tokens the model's context holds")
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    shots: str | None = None
    language: str | None = Field(default=None, description="of chains and report; None: the complaints' own")
    seed: int = DEFAULT_SEED
    min_complete: float = Field(default=0.98, ge=0, le=1)
    max_cost: float | None = Field(default=None, ge=0)
    topic_threshold: float = Field(default=0.40, ge=-1, le=1, description="similarity from which a complaint belongs to a topic")
    store: Path = Path(".rootcause")
    prompts: DirectoryPath | None = None
    fewshot: DirectoryPath | None = None
    prices: FilePath | None = None
    economics: Economics | None = Field(default=None, description="what complaints and fixes cost: the table [economics]")

    @field_validator("language")
    @classmethod
    def _two_letters(cls, language: str | None) -> str | None:
        if language is not None and not re.fullmatch("[a-z]{2}", language):
            raise PydanticCustomError("language", "'{given}' is no language; write two letters, such as ru", {"given": language})
        return language

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # two more places would be two more to look into
        tables = (TomlConfigSettingsSource(settings_cls, toml_file=path) for path in reversed(_existing()))
        return (init_settings, env_settings, *tables)


def resolve(**flags: Any) -> Settings:
    """Settings from the flags that were given (None means not given) and everything below them.

    Raises SettingsError naming the setting and what is wrong with it.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"setting '{name}': {first['msg']} (flag, environment or {FILE})") from None
    except ValueError as error:  # tomllib's, which names no file
        raise SettingsError(f"{' or '.join(map(str, _existing()))} is not valid TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be read ({error.strerror}); check its permissions") from None


def require_model(settings: Settings) -> None:
    """Raises SettingsError where an address is named and no model: what answers there is never guessed."""
    if settings.base_url and settings.model == LOCAL:
        raise SettingsError(f"the address {settings.base_url} needs a model: name one it serves with --model")
