"""Which model a source's id means: by exact id or alias, otherwise a suggestion by a rule.

Only an exact id or an alias identifies a model. A suggestion is shown to an operator, who may make it an alias. Similar
ids are never suggested: two ids match only if they are equal without their known parts. Imports no models.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from catalog.vendor_matching import DOTTED, GEOGRAPHY, vendor_of_model
from catalog.vendor_names import KNOWN_VENDORS

# Hosts and gateways: their name before an id says where a model is served, not which model it is. Unknown segments
# stay, because they may be a region, a size or a quality with a price of its own.
# fmt: off
HOSTS = frozenset({
    "302ai", "aihubmix", "aiml", "alibaba-cn", "amazon-bedrock", "anyscale", "azure",
    "azure-cognitive-services", "azure_ai", "baseten", "bedrock", "bedrock_converse", "bedrock_mantle",
    "cerebras", "chutes", "clarifai", "cloudflare", "cloudflare-ai-gateway", "cloudflare-workers-ai", "crusoe",
    "dashscope", "databricks", "deepinfra", "digitalocean", "fal_ai", "fastrouter", "featherless_ai",
    "fireworks", "fireworks-ai", "fireworks_ai", "friendli", "friendliai", "github", "github-copilot",
    "github-models", "github_copilot", "gmi", "gmicloud", "google-vertex", "google-vertex-anthropic",
    "gradient_ai", "groq", "heroku", "hf", "huggingface", "hyperbolic", "kilo", "lambda_ai", "llmgateway",
    "lmstudio", "minimax-cn", "modelscope", "moonshotai-cn", "nano-gpt", "nebius", "novita", "novita-ai",
    "nscale", "nvidia_nim", "oci", "ollama", "ollama-cloud", "opencode", "openrouter", "ovhcloud", "perplexity",
    "poe", "publicai", "qwen_ai_platform", "qwencloud", "replicate", "requesty", "sagemaker", "sambanova",
    "scaleway", "siliconflow", "siliconflow-cn", "snowflake", "snowflake-cortex", "together", "together_ai",
    "togetherai", "venice", "vercel", "vercel_ai_gateway", "vertex", "vertex_ai", "volcengine", "wandb",
    "watsonx", "zenmux",
})
# fmt: on
AUTHORS = frozenset(segment for vendor in KNOWN_VENDORS for segment in (*vendor.segments, vendor.slug))
# Whole paths of hosts, removed before single segments.
PATHS = re.compile(r"(?:(?<=/)|^)(?:accounts/[a-z0-9_-]+/models|@cf|@hf|publishers/[a-z0-9_-]+/models|models)/")
REVISION = re.compile(r"-v\d:0$")
VERTEX = re.compile(r"@(?:(20\d{6})|default|latest)$")
DOTTED_VERSION = re.compile(r"(?<=\d)\.(?=\d)")
DATE = re.compile(
    r"-(?:20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])|20\d\d-(?:0[1-9]|1[0-2])"
    r"|(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])|2[3-9](?:0[1-9]|1[0-2]))$"
)
VARIANT = re.compile(
    r":[a-z][a-z0-9_-]*$"
    r"|-(?:thinking|non-?reasoning|reasoning|minimal|low|medium|high|xhigh|fast|batch|flex|priority|free|latest|(?:gt-)?\d+k)$"
)


@dataclass(frozen=True)
class Match:
    """A model that a source's id may mean, the rule that found it, and whether it is the same model."""

    model: str
    rule: str
    is_same: bool = True

    def as_json(self) -> dict[str, object]:
        return {"candidate": self.model, "rule": self.rule, "same": self.is_same}


@dataclass(frozen=True)
class Core:
    """The part of an id that names the model, and the rules that removed the rest."""

    text: str
    rules: tuple[str, ...] = ()

    def cut(self, rule: str, text: str) -> "Core":
        return self if text == self.text else Core(text, (*self.rules, rule))


def core_of(name: str) -> Core:
    """The id without provider path, case, and the spellings of Bedrock, Vertex and versions."""
    core = Core(name).cut("case", name.casefold())
    core = _without_path(core)
    core = _without_bedrock(core)
    # Vertex writes @20251001 for the snapshot -20251001.
    core = core.cut("Vertex's spelling", VERTEX.sub(lambda match: f"-{match[1]}" if match[1] else "", core.text))
    return core.cut("a dash for the dot of a version", DOTTED_VERSION.sub("-", core.text))


@lru_cache(maxsize=32_768)
def identity_of(name: str) -> str:
    """The same text for all ids of a model, on any host: the core without the date of a snapshot."""
    text = core_of(name).text
    dated = DATE.search(text)
    return text[: dated.start()] if dated and dated.start() else text


def _without_path(core: Core) -> Core:
    text = PATHS.sub("", core.text)
    while "/" in text:
        first, _, rest = text.partition("/")
        if first.lstrip("~") not in HOSTS | AUTHORS or not rest:
            break
        text = rest
    removed = core.text[: len(core.text) - len(text)] if core.text.endswith(text) else "a provider's path"
    return core.cut(f"without {removed}", text)


def _without_bedrock(core: Core) -> Core:
    text = GEOGRAPHY.sub("", core.text)
    dotted = DOTTED.match(text)
    if dotted is None or dotted[1] not in AUTHORS:
        return core
    return core.cut("Bedrock's spelling", REVISION.sub("", text[dotted.end() :]))


class Resolver:
    """Finds models by the ids of sources, among these models and their aliases."""

    def __init__(self, models: Iterable[str], aliases: Mapping[str, str]) -> None:
        self.models = frozenset(models)
        self.aliases = aliases
        self._by_core: dict[str, list[tuple[int, str, str]]] | None = None

    def find(self, name: str) -> str | None:
        """The model with this id or alias."""
        return name if name in self.models else self.aliases.get(name)

    def suggest(self, name: str, *, also: Iterable[str] = ()) -> Match | None:
        """The model that an unknown id may mean; `also`: other ids that the source has for it."""
        core = core_of(name)
        if model := self._find_core(core.text, name):
            return Match(model, self._differences(core, model))
        # A variant is never its base, even if the source has another name for it that is.
        variant = self._suggest_base(core, name)
        if variant is None:
            for other in also:
                if (model := self.find(other)) is not None:
                    return Match(model, f"the source also calls it {other}")
        return variant

    def _suggest_base(self, core: Core, name: str) -> Match | None:
        """The base model of a dated snapshot or a variant."""
        text, cuts = core.text, list[str]()
        while (match := VARIANT.search(text) or DATE.search(text)) and match.start():
            kind = "the variant" if VARIANT.search(text) else "the date"
            cuts.append(f"{kind} {match[0].lstrip('-')}")
            text = text[: match.start()]
            if model := self._find_core(text, name):
                return Match(model, f"{' and '.join(reversed(cuts))} of it, not the same model", is_same=False)
        return None

    def _find_core(self, text: str, name: str) -> str | None:
        """The model with the same core and no other vendor; the one with the plainest id, if there are several."""
        vendor = vendor_of_model(name)
        for _, _, model in self._cores.get(text, ()):
            other = vendor_of_model(model)
            if vendor is None or other is None or vendor.slug == other.slug:
                return model
        return None

    @property
    def _cores(self) -> Mapping[str, list[tuple[int, str, str]]]:
        if self._by_core is None:
            self._by_core = {}
            for model in self.models:
                core = core_of(model)
                self._by_core.setdefault(core.text, []).append((len(core.rules), model, model))
            for alias, model in self.aliases.items():
                core = core_of(alias)
                self._by_core.setdefault(core.text, []).append((len(core.rules), alias, model))
            for models in self._by_core.values():
                models.sort()
        return self._by_core

    def _differences(self, core: Core, model: str) -> str:
        """The rules in which the two ids differ."""
        theirs = core_of(model).rules
        rules = [rule for rule in (*core.rules, *theirs) if (rule in core.rules) != (rule in theirs)]
        return ", ".join(rules) or "an alias of the model is written like this"
