"""Where the model answers: one value for every OpenAI-compatible endpoint, the embedded one included."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from rootcause.models import Frozen, ModelInfo

OPENAI_URL = "https://api.openai.com/v1"


class Endpoint(Frozen):
    """grammar: it compiles the schema into a grammar, so a schema made for one complaint costs nothing.

    context: tokens of prompt and answer together, None when unknown. sha256: of the model's file, where there is one.
    weak: too small to write a chain, so where examples teach it, it is asked for the cause alone. plain: a base model,
    which explains only what it is taught and is asked for no judgement beside the answer itself.
    """

    base_url: str
    api_key: SecretStr
    model: str
    local: bool = False
    grammar: bool = False
    context: int | None = None
    sha256: str | None = None
    concurrency: int = 16
    weak: bool = False
    plain: bool = False

    @property
    def info(self) -> ModelInfo:
        where = "this computer" if self.local else self.base_url
        return ModelInfo(name=self.model, endpoint=where, local=self.local, sha256=self.sha256, context=self.context)

    @property
    def identity(self) -> str:
        """What changes the answer: the file of an embedded model, the address of any other."""
        return self.sha256 if self.local and self.sha256 else self.base_url.rstrip("/")

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def on_this_machine(self) -> bool:
        return self.local or self.host in ("localhost", "::1") or self.host.startswith("127.")
