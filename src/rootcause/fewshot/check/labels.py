"""Rules of one labelled text and of pairs of them: chains, quotes, precedents, texts that are nearly the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rootcause.fewshot.check.finding import Finding, sentence, short
from rootcause.fewshot.check.material import Case, Material, causes_of
from rootcause.models import Basis
from rootcause.text import fold, language, normalise, words
from rootcause.validate import violations

MIN_COUNTERMEASURES = 2  # one complaint, several fixes: a chain that proposes one teaches that there is one
MIN_QUOTE, MAX_QUOTE = 8, 160  # characters
OPENING = 5  # words

REMEDIES = {
    "nothing-or-chains": "Give either chains or a reason in nothing_to_explain.",
    "too-many-chains": "Keep the chains of the complaint's main problems.",
    "unknown-cause": "Use an id of the catalogue in topic.yaml, 'new' or 'external', or add the cause to the catalogue.",
    "same-cause-twice": "Join the two chains into one.",
    "step-count": "Add the missing whys or join steps that belong together.",
    "not-a-sentence": "Write the step as one sentence that states a cause.",
    "repeats": "Reword or remove one of the two steps.",
    "garbled": "Write the word in one alphabet; letters that look alike are easily mixed up.",
    "restates": "Let the first step say what went wrong for the customer, in other words than the complaint.",
    "blames": "Name what in the process lets it happen.",
    "not-actionable": "Go on to what the company can change, or reword a root that only sounds external.",
    "quote": "Copy the quote from the text letter for letter.",
    "precedent": "Name the id of an example in examples.jsonl, or make the step inferred.",
    "inferred": "Set the evidence to null, or the basis to what the evidence is.",
    "leak": "Say it in words of this complaint's own.",
    "language": "Write the steps in the topic's language.",
    "sign": "Copy the sign's quote from the text letter for letter, or remove the sign.",
}


def _answer_rules(material: Material) -> Iterator[Finding]:
    topic = material.pack.topic
    for case in material.cases:
        answer, text = case.example.answer, case.example.text
        for violation in violations(answer, text, topic=topic, shots=material.shots_for(case), language=topic.language):
            where = "the answer" if violation.chain is None else f"chain {violation.chain + 1}"
            remedy = REMEDIES.get(violation.rule, "Change the chain so that it keeps this rule.")
            finding = case.finding(violation.rule, "error", sentence(f"{where}: {violation.message}"), remedy)
            yield finding.model_copy(update={"chain": violation.chain, "step": violation.step})


def _precedents(material: Material) -> Iterator[Finding]:
    known = {example.id: causes_of(example) for example in material.pack.examples}
    remedy = "Name an example of the same cause, or make the step inferred."
    for case in material.cases:
        for chain in case.example.chains:
            for source in sorted({str(step.evidence) for step in chain.steps if step.basis is Basis.PRECEDENT}):
                if source == case.example.id:
                    message = "A step names the example itself as its precedent."
                    yield case.finding("precedent-self", "error", message, remedy)
                elif chain.cause not in known.get(source, {chain.cause}):
                    message = f"The precedent {source} has no chain that ends in '{chain.cause}'."
                    yield case.finding("precedent-cause", "warning", message, remedy)


def _countermeasures(material: Material) -> Iterator[Finding]:
    for case in material.cases:
        for place, chain in enumerate(case.example.chains, start=1):
            count = sum(bool(step.countermeasure) for step in chain.steps)
            if count < MIN_COUNTERMEASURES:
                message = f"Chain {place} proposes {count} countermeasures, fewer than {MIN_COUNTERMEASURES}."
                yield case.finding("few-countermeasures", "error", message, "Say at another level what the company could change.")


def _quote_lengths(material: Material) -> Iterator[Finding]:
    for case in material.cases:
        for step in (step for chain in case.example.chains for step in chain.steps):
            if step.basis is not Basis.STATED or step.evidence is None:
                continue
            length = len(normalise(step.evidence))
            if not MIN_QUOTE <= length <= MAX_QUOTE:
                message = f"The quote '{short(step.evidence)}' has {length} characters, outside {MIN_QUOTE} to {MAX_QUOTE}."
                yield case.finding("quote-length", "error", message, "Quote the clause that proves the step, and no more.")


def _text_language(material: Material) -> Iterator[Finding]:
    # By the language's code alone: people do write Russian in Latin letters. Spam and praise may be in any language.
    goal = material.pack.topic.language
    for case in material.cases:
        found = language(case.example.text)
        if case.example.chains and found not in (None, goal):
            message = f"The text is in '{found}', the topic in '{goal}'."
            remedy = "Move the text to a pack of its language or correct the topic's language."
            yield case.finding("text-language", "error", message, remedy)


def _near_duplicates(material: Material) -> Iterator[Finding]:
    for first, second in material.twins:
        if first.held == second.held:
            message = f"The text is nearly that of {first.example.id}."
            yield second.finding("near-duplicate", "error", message, "Remove one of the two or replace it by another complaint.")


def _heldout_leaks(material: Material) -> Iterator[Finding]:
    for first, second in material.twins:
        if first.held != second.held:
            message = f"The held-out text is nearly that of the example {first.example.id}, so that it measures memory."
            yield second.finding("heldout-leak", "error", message, "Replace it by a complaint that no example shows.")


def _contradictions(material: Material) -> Iterator[Finding]:
    for first, second in material.twins:
        if first.causes != second.causes:
            labels = f"{_list(second)} against {_list(first)}"
            message = f"The text is nearly that of {first.example.id}, but its causes differ: {labels}."
            yield second.finding("contradiction", "error", message, "Decide which label is right and keep one of the two.")


def _list(case: Case) -> str:
    return ", ".join(sorted(case.causes)) or case.example.label


def _repeated_openings(material: Material) -> Iterator[Finding]:
    first: dict[tuple[str, ...], str] = {}
    for case in material.cases:
        opening = tuple(words(fold(case.example.text))[:OPENING])
        if len(opening) == OPENING and first.setdefault(opening, case.example.id) != case.example.id:
            message = f"The text opens with the same {OPENING} words as {first[opening]}: '{' '.join(opening)}'."
            yield case.finding("repeated-opening", "warning", message, "Use a complaint that begins in its own way.")


def _duplicate_ids(material: Material) -> Iterator[Finding]:
    seen: set[str] = set()
    for case in material.cases:
        if case.example.id in seen:
            message = f"The id '{case.example.id}' is already used."
            yield case.finding("duplicate-id", "error", message, "Give each example and held-out case an id of its own.")
        seen.add(case.example.id)


RULES: tuple[Callable[[Material], Iterator[Finding]], ...] = (
    _answer_rules,
    _precedents,
    _countermeasures,
    _quote_lengths,
    _text_language,
    _near_duplicates,
    _heldout_leaks,
    _contradictions,
    _repeated_openings,
    _duplicate_ids,
)
