"""From a reply's text to an answer, and the rules an answer must pass.

The same rules judge model output and labelled examples. Finding a problem is here; reacting to it (asking
again, a finding of `fewshot check`) is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError

from rootcause.models import NEW_CAUSE, Answer, Basis, Chain, Example, Frozen, NothingReason, SignKind, Topic
from rootcause.text import contains, fold, normalise, overlap, runs, same_language, script, unspaced, words, written_in
from rootcause.text import language as told_language

MAX_CHAINS = 3
MIN_STEPS = 3
MAX_STEPS = 7
MAX_SIGNS = 4  # in a grammar, so that a small model comes to an end; the labelled sets have three at most
EXTERNAL_CAUSE = "external"
"""The cause id of a chain whose root fits no catalogue cause and lies outside the company's control."""

_REPEAT = 0.8  # Jaccard overlap from which two steps say the same
_ALIKE = 0.85  # likeness of letters from which a step repeats another; in the packs' chains no two steps have more than 0.65
_LETTERS_COMPARED = 400  # of a step; the comparison takes the square of its length
_LATIN, _CYRILLIC = r"A-Za-z\u00c0-\u024f", r"\u0400-\u04ff"
_TWO_ALPHABETS = re.compile(rf"\w*(?:[{_LATIN}][{_CYRILLIC}]|[{_CYRILLIC}][{_LATIN}\u3041-\u9fff])\w*")
_RESTATE = 0.75  # overlap from which a first step only repeats a short complaint
_LEAK = 7  # words in a row that cannot be shared with an example's text by chance,
_LEAK_LETTERS = 24  # unless they are all as short as in "came at the start of the slot"
_WORD_LETTERS = 2  # letters that count as one word in scripts written without spaces
_SHORTEST_COPY = 4  # words of a first step that can be called a copy of the complaint's
_LONGEST_STEP = 60  # words; a sentence, not a paragraph
_REMEMBERED = 8192  # texts of examples whose runs and folded steps are kept, as every answer is held against them

_CLIENT = r"(?:customer|client|user|buyer|subscriber)"
_WORKER = r"(?:courier|driver|picker|operator|agent|employee|cashier|manager|worker|clerk)"
_BAD = r"(?:careless|inattentive|at fault|to blame|wrong|stupid|lazy|rude|negligent|incompetent|dishonest)"
_ADVERBS = r"(?: (?:\w+ly|who|just|often|always|never|again|had|has|have|may|must|(?:him|her|it|them)sel(?:f|ves))){0,2}"
_DEGREE = r"(?:\w+ly |too |just |so |very )?"
_CLIENT_RU = r"(?:клиент|абонент|покупател|пользовател)\w*"
_WORKER_RU = r"(?:курьер|водител|оператор|сотрудни|менеджер|кассир|специалист)\w*"
_BLAME = re.compile(
    rf"\b(?:{_CLIENT}|{_WORKER})s?{_ADVERBS} (?:"
    r"(?:forgot|forgets?|misread|misreads|ignored?|ignores|misunderst\w+|neglected)\b(?!-| by\b)"
    r"|failed to (?:read|notice|check|pay attention)\b|confused? (?:the|an?|one|two|his|her|their)\b|made an? (?:mistake|error)\b"
    rf"|(?:did|do|does|had) ?n[o']t (?:bother|care|pay attention)\b|(?:is|was|are|were) {_DEGREE}{_BAD})"
    rf"|\b{_CLIENT}s?{_ADVERBS} (?:(?:did|do|does|had) ?n[o']t|never) (?:read|check|listen)\b"
    rf"|\bstaff (?:is|was|are|were) {_DEGREE}{_BAD}|\b{_BAD} (?:{_CLIENT}|{_WORKER}|staff)s?\b"
    rf"|\b(?:{_CLIENT_RU}|{_WORKER_RU})(?: \w+){{0,2}} "
    r"(?:забыл|перепутал|проигнорировал|поленил|ошиб(?:ся|л)|не захотел|невнимател|сам[аи]? винова)\w*"
    rf"|\b{_CLIENT_RU}(?: \w+){{0,2}} не (?:про)?ч(?:итал|ел)\w*"
    rf"|\b{_WORKER_RU} (?:был[аи]? )?(?:ленив|небреж|груб|некомпетент|(?:на)?хам)\w*"
    rf"|\b(?:ленив|небрежн|груб|некомпетентн|хамоват|невнимательн)(?:ый|ая|ые|ого|ой|ых) (?:{_CLIENT_RU}|{_WORKER_RU})",
    re.IGNORECASE,
)
_FAULT = re.compile(
    rf"\b(?:{_CLIENT}|{_WORKER})(?:'s|s'|s)? (?:own )?(?:fault|error|mistake|carelessness|inattention|negligence)\b"
    r"|\bhuman (?:error|factor)\b|\b(?:carelessness|negligence|laziness|incompetence|rudeness|inattentiveness|inattention)\b"
    rf"|\b(?:вин[аыуейо]\w*|ошибк\w+) (?:{_CLIENT_RU}|{_WORKER_RU})|\bчеловеческ\w+ (?:фактор|ошибк)\w*"
    r"|\b(?:невнимательност|халатност|некомпетентност|безответственност|разгильдяйств|хамств|грубост|небрежност)\w*"
    r"|\bлен(?:ь|и|ью|ост\w*)\b",
    re.IGNORECASE,
)
_MISSING_GUARD = re.compile(
    r"\b(?:prevent|catch|detect|stop|guard|protect|correct|notice|allow|tolerat|rul|measur|count|expos|invit|reward|against|for|"
    r"предотвра|защищ|ловит|замеча|обнаруж|исключ|учитыв|допуск|провоцир|поощр|страх|от|против)\w*(?: (?!of\b)\w+){0,2} $",
    re.IGNORECASE,
)
"""Before a fault: the root is that nothing prevents it, or that something provokes it; so it names a process."""
_FORCE = (
    r"(?:weather|rain|storms?|snow(?:fall|storms?)?|blizzards?|floods?|earthquakes?|pandemic|war|sanctions|law|legislation|inflation"
    r"|force majeure|погод\w*|дожд\w*|снегопад\w*|метел\w*|ураган\w*|наводнен\w*|пандеми\w*|войн[аыуео]\w*|санкци\w*"
    r"|закон(?:а|у|ом|ы)?|законодательств\w*|инфляци\w*|форс-мажор\w*)\b"
)
_OUTSIDE = re.compile(
    rf"^(?:the |an? )?(?:\w+ )?{_FORCE}(?! (?:forecast|alert|warning|data|plan|clause))(?! (?:\w+ )?(?:not|never|не) \w+)"
    r"|\b(?:due to|because of|caused by|closed by|delayed by|из-за|по причине|вследствие|в связи с|в силу) "
    rf"(?:\w+ ){{0,2}}{_FORCE}",
    re.IGNORECASE,
)
"""A force outside the company as the subject or as the reason; not a process that leaves it out of account."""


_Shape = TypeVar("_Shape", bound=Frozen)


class Violation(Frozen):
    """A rule that an answer breaks. chain and step are 0-based places, None where the whole answer is meant."""

    rule: str
    message: str
    chain: int | None = None
    step: int | None = None


class ReplyInvalid(ValueError):
    """The reply's text is not the JSON that was asked for; the message names what is wrong."""


def answer_schema(cause_ids: tuple[str, ...]) -> dict[str, Any]:
    """The JSON schema of an answer, in the part of JSON Schema that every provider accepts.

    Every field required, nullable rather than optional, no length or pattern keywords; the whys stand before
    the cause so that the cause follows from them.
    """
    text = {"type": "string"}
    optional = {"type": ["string", "null"]}
    basis = {"type": "string", "enum": [basis.value for basis in Basis]}
    step = object_schema(cause=text, basis=basis, evidence=optional, countermeasure=optional)
    chain = object_schema(steps={"type": "array", "items": step}, cause=_cause_schema(cause_ids))
    nothing = {"type": ["string", "null"], "enum": [*(reason.value for reason in NothingReason), None]}
    kind = {"type": "string", "enum": [kind.value for kind in SignKind]}
    signs = {"type": "array", "items": object_schema(kind=kind, quote=text)}
    return object_schema(chains={"type": "array", "items": chain}, nothing_to_explain=nothing, signs=signs)


def answer_grammar(
    cause_ids: tuple[str, ...], *, quotes: tuple[str, ...], precedents: tuple[str, ...], first: str | None
) -> dict[str, Any]:
    """A schema for one complaint, for an endpoint that compiles it into a grammar: most rules cannot be broken.

    Evidence is one of the complaint's own passages or of the examples shown, chains have three to six steps of
    bounded length, and an answer has either chains or a reason why there is nothing to explain. first: the letters that a
    step begins with, as the inside of a character class (a small model that has begun in a language stays in it), None for any.
    """
    kinds = [_step_grammar(Basis.INFERRED, {"type": "null"}, first)]
    if precedents:
        kinds.insert(0, _step_grammar(Basis.PRECEDENT, {"type": "string", "enum": list(precedents)}, first))
    if quotes:
        kinds.insert(0, _step_grammar(Basis.STATED, {"type": "string", "enum": list(quotes)}, first))
    steps = {"type": "array", "items": {"anyOf": kinds}, "minItems": MIN_STEPS, "maxItems": MAX_STEPS - 1}
    chain = object_schema(steps=steps, cause=_cause_schema(cause_ids))
    kind = {"type": "string", "enum": [kind.value for kind in SignKind]}
    quote = {"type": "string", "enum": list(quotes)} if quotes else {"type": "string"}
    sign = object_schema(kind=kind, quote=quote)
    signs = {"type": "array", "items": sign, "maxItems": MAX_SIGNS if quotes else 0}
    explained = object_schema(
        chains={"type": "array", "items": chain, "minItems": 1, "maxItems": MAX_CHAINS},
        nothing_to_explain={"type": "null"},
        signs=signs,
    )
    nothing = object_schema(
        chains={"type": "array", "items": chain, "maxItems": 0},
        nothing_to_explain={"type": "string", "enum": [reason.value for reason in NothingReason]},
        signs={"type": "array", "items": sign, "maxItems": 0},
    )
    return {"anyOf": [explained, nothing]}


def parse(reply: str) -> Answer:
    """The reply's JSON as an answer. Raises ReplyInvalid with the first thing that is wrong."""
    return read_as(Answer, reply)


def read_as(shape: type[_Shape], reply: str) -> _Shape:
    """The reply's JSON as a value of the shape. Raises ReplyInvalid with the first thing that is wrong."""
    try:
        return shape.model_validate_json(reply)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the reply"
        raise ReplyInvalid(f"{place}: {first['msg']}") from None


def object_schema(**properties: dict[str, Any]) -> dict[str, Any]:
    """A closed object with all its properties required: the portable form."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def violations(
    answer: Answer, text: str, *, topic: Topic | None, shots: Mapping[str, Example], language: str | None = None
) -> tuple[Violation, ...]:
    """Every rule the answer breaks, in reading order; empty when it is valid.

    shots: the labelled examples that the model was shown (or, for a labelled example, the rest of its pack); without a topic
    they show the form and are no precedents.
    language: ISO 639-1 code of the language the chains must have; None means the complaint's own.
    """
    found = _shape(answer, topic)
    for place, chain in enumerate(answer.chains):
        broken = [
            *_steps(chain),
            *_circles(chain),
            *_garbled(chain, text),
            *_restates(chain, text),
            *_blames(chain),
            *_outside(chain),
            *_evidence(chain, text, shots if topic else {}),
            *_leaks(chain, text, topic, shots),
        ]
        found.extend(violation.model_copy(update={"chain": place}) for violation in broken)
        if not _in_language(" ".join(step.cause for step in chain.steps), text, topic, language):
            found.append(Violation(rule="language", message="the steps are not in the language asked for", chain=place))
    for sign in answer.signs:
        if not (_quotable(sign.quote) and contains(text, sign.quote)):
            found.append(Violation(rule="sign", message=f"the quote of the sign '{sign.kind}' does not occur in the complaint"))
    return tuple(sorted(found, key=lambda v: (v.chain or 0, v.step or 0)))


def attribute(answer: Answer, shots: Mapping[str, Example]) -> Answer:
    """The same answer with honest sources: a step worded like a labelled example's step is that example's precedent.

    A sentence taken over from an example is known from there, whatever basis the model claimed for it.
    """
    sources = _sources(shots)
    chains = []
    for chain in answer.chains:
        steps = []
        for step in chain.steps:
            known = sources.get(fold(step.cause), ())
            if known and not (step.basis is Basis.PRECEDENT and step.evidence in known):
                step = step.model_copy(update={"basis": Basis.PRECEDENT, "evidence": known[0]})
            steps.append(step)
        chains.append(chain.model_copy(update={"steps": tuple(steps)}))
    return answer.model_copy(update={"chains": tuple(chains)})


def _cause_schema(cause_ids: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": [*cause_ids, NEW_CAUSE, EXTERNAL_CAUSE]}


def _step_grammar(basis: Basis, evidence: dict[str, Any], first: str | None) -> dict[str, Any]:
    sentence: dict[str, Any] = {"type": "string", "minLength": 8, "maxLength": 200}
    if first:
        sentence = {"type": "string", "pattern": rf'^[{first}][^"\\\x00-\x1f]{{7,199}}$'}
    return object_schema(
        cause=sentence,
        basis={"type": "string", "enum": [basis.value]},
        evidence=evidence,
        countermeasure={"anyOf": [{"type": "null"}, sentence]},
    )


def _shape(answer: Answer, topic: Topic | None) -> list[Violation]:
    found = []
    if answer.nothing_to_explain is not None and answer.chains:
        found.append(Violation(rule="nothing-or-chains", message="an answer is either 'nothing to explain' or chains, not both"))
    if answer.nothing_to_explain is None and not answer.chains:
        found.append(
            Violation(rule="nothing-or-chains", message="there is neither a chain nor a reason why there is nothing to explain")
        )
    if len(answer.chains) > MAX_CHAINS:
        found.append(Violation(rule="too-many-chains", message=f"at most {MAX_CHAINS} chains, one for each problem"))
    allowed = {NEW_CAUSE, EXTERNAL_CAUSE, *(cause.id for cause in (topic.causes if topic else ()))}
    seen: set[str] = set()
    for place, chain in enumerate(answer.chains):
        if chain.cause not in allowed:
            found.append(Violation(rule="unknown-cause", message=f"'{chain.cause}' is not in the catalogue", chain=place))
        if chain.cause in seen and chain.cause not in (NEW_CAUSE, EXTERNAL_CAUSE):
            found.append(
                Violation(
                    rule="same-cause-twice", message=f"two chains end in '{chain.cause}': one problem, one chain", chain=place
                )
            )
        seen.add(chain.cause)
    return found


def _steps(chain: Chain) -> list[Violation]:
    found = []
    if not MIN_STEPS <= len(chain.steps) <= MAX_STEPS:
        found.append(
            Violation(rule="step-count", message=f"a chain has {MIN_STEPS} to {MAX_STEPS} steps, not {len(chain.steps)}")
        )
    for place, step in enumerate(chain.steps):
        if not 2 <= _length(step.cause) <= _LONGEST_STEP:
            found.append(Violation(rule="not-a-sentence", message="a step is one sentence that states a cause", step=place))
    return found


def _circles(chain: Chain) -> list[Violation]:
    return [
        Violation(rule="repeats", message=f"step {later + 1} says the same as step {earlier + 1}", step=later)
        for later in range(len(chain.steps))
        for earlier in range(later)
        if _same_words(chain.steps[earlier].cause, chain.steps[later].cause)
    ][:1]


def _same_words(left: str, right: str) -> bool:
    """The same but for a few words, or for a few letters: a small model that repeats itself misspells."""
    a, b = normalise(left).casefold(), normalise(right).casefold()
    if overlap(a, b) >= _REPEAT:
        return True
    likeness = SequenceMatcher(None, a, b, autojunk=False)
    bounds = (likeness.real_quick_ratio, likeness.quick_ratio, likeness.ratio)  # each is dearer, and at least the next one
    return max(len(a), len(b)) <= _LETTERS_COMPARED and all(bound() >= _ALIKE for bound in bounds)


def _garbled(chain: Chain, text: str) -> list[Violation]:
    """A word in two alphabets that the customer did not write so."""
    said = normalise(text).casefold()
    for place, step in enumerate(chain.steps):
        found = next((word for word in _TWO_ALPHABETS.findall(normalise(step.cause)) if word.casefold() not in said), None)
        if found:
            return [Violation(rule="garbled", message=f"step {place + 1} has a word in two alphabets: {found}", step=place)]
    return []


def _restates(chain: Chain, text: str) -> list[Violation]:
    if not chain.steps:
        return []
    first = chain.steps[0].cause
    if overlap(first, text) >= _RESTATE or (_length(first) >= _SHORTEST_COPY and contains(text, first.rstrip(" .!?…。！？"))):
        return [Violation(rule="restates", message="the first step repeats the complaint instead of explaining it", step=0)]
    return []


def _blames(chain: Chain) -> list[Violation]:
    if chain.steps and _names_a_culprit(normalise(chain.root.cause)):
        return [
            Violation(
                rule="blames", message="the root blames a person instead of naming what lets it happen", step=len(chain.steps) - 1
            )
        ]
    return []


def _outside(chain: Chain) -> list[Violation]:
    if chain.steps and chain.cause == NEW_CAUSE and _OUTSIDE.search(normalise(chain.root.cause)):
        message = f"the root lies outside the company's control: go on to what it can change, or answer '{EXTERNAL_CAUSE}'"
        return [Violation(rule="not-actionable", message=message, step=len(chain.steps) - 1)]
    return []


def _evidence(chain: Chain, text: str, shots: Mapping[str, Example]) -> list[Violation]:
    found = []
    for place, step in enumerate(chain.steps):
        if step.basis is Basis.STATED and not (step.evidence and _quotable(step.evidence) and contains(text, step.evidence)):
            found.append(
                Violation(rule="quote", message=f"the quote of step {place + 1} does not occur in the complaint", step=place)
            )
        elif step.basis is Basis.PRECEDENT and step.evidence not in shots:
            found.append(
                Violation(rule="precedent", message=f"step {place + 1} names no labelled example that was shown", step=place)
            )
        elif step.basis is Basis.INFERRED and step.evidence is not None:
            found.append(Violation(rule="inferred", message=f"step {place + 1} is inferred, so it has no evidence", step=place))
    return found


def _quotable(quote: str) -> bool:
    """A quote carries meaning: one letter or two do not prove that a sentence was said."""
    return any(len(word) >= 3 for word in words(quote)) or len(words(quote)) >= 3


def _names_a_culprit(root: str) -> bool:
    return bool(_BLAME.search(root)) or any(not _MISSING_GUARD.search(root[: fault.start()]) for fault in _FAULT.finditer(root))


def _length(text: str) -> float:
    """Words, also of a text written without spaces."""
    return len(words(text)) / (_WORD_LETTERS if unspaced(text) else 1)


def _in_language(steps: str, text: str, topic: Topic | None, language: str | None) -> bool:
    """A complaint in Latin letters whose language cannot be told may be the topic's, transliterated."""
    if language is not None:
        return written_in(steps, language)
    transliterated = script(text) == "LATIN" and told_language(text) is None
    return same_language(steps, text) or (transliterated and topic is not None and same_language(steps, topic.context))


def _leaks(chain: Chain, text: str, topic: Topic | None, shots: Mapping[str, Example]) -> list[Violation]:
    """Words of a labelled complaint in the chain of another one: invented facts. Its steps are told by `attribute`."""
    own = _telling_runs(text) | _told(topic.context) if topic else _telling_runs(text)
    precedents = {step.evidence for step in chain.steps if step.basis is Basis.PRECEDENT}
    sources = _sources(shots)
    for place, step in enumerate(chain.steps):
        said = _telling_runs(step.cause) - own
        copied = next((example.id for example in shots.values() if said & _told(example.text)), None) if said else None
        if copied is not None:
            return [
                Violation(rule="leak", message=f"step {place + 1} copies words from the text of example {copied}", step=place)
            ]
        known = sources.get(fold(step.cause), ())
        if known and not precedents.intersection(known):
            message = f"step {place + 1} is copied from example {known[0]}, which is not its precedent"
            return [Violation(rule="leak", message=message, step=place)]
    return []


def _sources(shots: Mapping[str, Example]) -> dict[str, tuple[str, ...]]:
    """Ids of the examples that have a step, sorted, by the step's folded sentence."""
    found: dict[str, tuple[str, ...]] = {}
    for example in sorted(shots.values(), key=lambda e: e.id):
        for sentence in {_folded(step.cause) for chain in example.chains for step in chain.steps}:
            found[sentence] = (*found.get(sentence, ()), example.id)
    return found


def _telling_runs(text: str) -> frozenset[tuple[str, ...]]:
    """The text's runs of words that two people do not write by chance."""
    if unspaced(text):
        return runs(text, _LEAK * _WORD_LETTERS)
    return frozenset(run for run in runs(text, _LEAK) if sum(map(len, run)) >= _LEAK_LETTERS)


_told = lru_cache(_REMEMBERED)(_telling_runs)
_folded = lru_cache(_REMEMBERED)(fold)
