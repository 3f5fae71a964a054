"""Evaluation as text: the tables of the paper, with the rows of the paper for comparison."""

from fieldmarks.core.scores import faithfulness

RADII = ("0.1", "0.2", "0.3")
RATES = ("recall", "true negative rate", "precision")
GROUPS = ("correct", "wrong", "all", "correct minus wrong")


def tables(evaluation: dict) -> str:
    """Return all tables of an evaluation, see ``core.scores.evaluation``."""
    scored = evaluation["scored"]
    drawn = f" of {scored['of']:,}" if scored["images"] < scored["of"] else ""
    head = (
        f"{scored['images']:,}{drawn} test images, {scored['captioned']:,} with captions; "
        f"accuracy {_cell(scored['accuracy'], 1)} %. "
        "Brackets: bootstrap 95 % intervals over classes and images."
    )
    sections = [_grounding, _retrieval, _bleu, _diversity, _faithfulness, _colours]
    sections += [_interventions, _simulation, _names, _sentence_test, _zero_shot]
    return "\n\n".join([head, *(section(evaluation) for section in sections)])


def _grounding(evaluation: dict) -> str:
    section = evaluation["grounding"]
    scored = {**section["rows"], **section["differences"]}
    rows = [[name, *(_cell(s[r], 1) for r in RADII)] for name, s in scored.items()]
    rows += [[f"paper: {name}", *map(str, values)] for name, values in section["paper"].items()]
    title = f"Grounding, PCK in percent ({section['n_pairs']:,} image-attribute pairs)"
    return _table(title, ["", *(f"@{r}" for r in RADII)], rows)


def _retrieval(evaluation: dict) -> str:
    section = evaluation["retrieval"]
    rows = [
        [
            name,
            *(_cell(scores[rate], 1) for rate in RATES),
            _cell(scores["mAP"], 3),
            _cell(scores["mAP within classes"], 3),
        ]
        for name, scores in {**section["rows"], **section["differences"]}.items()
    ]
    rows.append(["paper", *(str(section["paper"][rate]) for rate in RATES), "", ""])
    head = ["", "recall %", "true negative %", "precision %", "mAP", "mAP within classes"]
    return _table("Retrieval, explanations of five attributes", head, rows)


def _bleu(evaluation: dict) -> str:
    section = evaluation["bleu"]
    rows = [
        [f"{name}: {variant}", *(_cell(scores[group], 3) for group in GROUPS)]
        for name, variants in section["rows"].items()
        for variant, scores in variants.items()
    ]
    rows.append(["paper: BLEU", *(str(section["paper"].get(group, "")) for group in GROUPS)])
    return _table("BLEU of the sentence", ["", *GROUPS], rows)


def _diversity(evaluation: dict) -> str:
    rows = [
        [name, str(int(s["different top attributes"]["value"])), _cell(s["entropy"], 2)]
        for name, s in evaluation["diversity"]["rows"].items()
    ]
    return _table("Diversity of explanations", ["", "different top attributes", "bits"], rows)


def _faithfulness(evaluation: dict) -> str:
    head = (faithfulness.SENTENCE, *faithfulness.CONTROLS, *faithfulness.BOUNDS)
    head = (*head, "against the best control", "against another class", "of the upper bound")
    lines = [
        [f"{name}: {unit}", *(_cell(scores.get(what), 3) for what in head)]
        for name, units in evaluation["faithfulness"]["rows"].items()
        for unit, scores in units.items()
    ]
    rows = [list(line) for line in zip(*[["", *head], *lines], strict=True)]
    title = "Faithfulness: fall of the predicted class without as many filters behind"
    return _table(title, rows[0], rows[1:])


def _colours(evaluation: dict) -> str:
    section = evaluation["colours"]
    head = ["all", "mean over nouns", "where the class is wrong"]
    rows = [
        [name, *(_cell(row.get(column), 1) for column in head)]
        for name, row in {**section["rows"], **section["differences"]}.items()
    ]
    return _table("Right colour of a noun above a wrong one, percent", ["", *head], rows)


def _interventions(evaluation: dict) -> str:
    section = evaluation["interventions"]
    if section is None:
        return "Interventions: these images cannot be painted again."
    scored = {**section["rows"], **section["differences"]}
    columns = list(dict.fromkeys(name for row in scored.values() for name in row))
    rows = [
        [
            column,
            *(
                _cell(row.get(column), 1 if "heat" in column or "peak" in column else 3)
                for row in scored.values()
            ),
        ]
        for column in columns
    ]
    title = f"Interventions, {section['n']:,} marks painted again"
    return _table(title, ["", *scored], rows)


def _simulation(evaluation: dict) -> str:
    rows = {**evaluation["simulation"]["rows"], **evaluation["simulation"]["differences"]}
    head = ["all", "within classes", "classes left out", "families left out"]
    cells = [[name, *(_cell(row.get(column), 3) for column in head)] for name, row in rows.items()]
    return _table("Activations predicted from captions, mean correlation", ["", *head], cells)


def _names(evaluation: dict) -> str:
    counts = ", ".join(f"{n:,} {verdict}" for verdict, n in evaluation["verdicts"].items())
    section = evaluation["names"]
    if section is None:
        return f"Names of filters: {counts}. What lies at their peaks is not known."
    head = ["at the peak", "permuted names", "upper bound", "share of the possible gain"]
    title = f"Names of filters, percent of peaks at which the named {section['truth'][:-1]} lies"
    rows = [
        [
            name,
            *(
                _cell(row[column], 2 if column == "share of the possible gain" else 1)
                for column in head
            ),
        ]
        for name, row in section["rows"].items()
    ]
    some = next(iter(section["rows"].values()))
    right, could = (some[name]["value"] for name in ("true of most peaks", "could be"))
    told = f"Filters: {counts}; true of most peaks are {right:.0f} names, {could:.0f} could be."
    verdict = [
        [name, _cell(row["precision"], 1), _cell(row["recall"], 1)]
        for name, row in section["verdict"].items()
    ]
    return "\n\n".join(
        [
            _table(title, ["", *head], rows),
            told,
            _table("The verdict, percent", ["", "precision", "recall"], verdict),
        ]
    )


def _sentence_test(evaluation: dict) -> str:
    scores = evaluation["sentence test"]
    if scores is None:
        return "Sentence test: this run holds no names from permuted captions."
    lines = scores["rows"] | scores["differences"]
    rows = [
        [name, _cell(line["passes"], 1), _cell(line["fall"], 2)] for name, line in lines.items()
    ]
    return _table("Sentence test", ["names", "passes, percent", "fall of the log-odds"], rows)


def _zero_shot(evaluation: dict) -> str:
    section = evaluation.get("zero shot")
    if section is None:
        return "Unseen classes: the network was trained on all that are described."
    head = ["unseen alone", "unseen", "seen", "harmonic mean"]
    rows = [
        [name, *(_cell(scores.get(column), 1) for column in head)]
        for name, scores in {**section["rows"], **section["differences"]}.items()
    ]
    title = (
        f"Unseen classes recognised by captions, percent: {section['n_unseen']} unseen and "
        f"{section['n_seen']} seen classes"
    )
    return _table(title, ["", *head], rows)


def _cell(score: dict | None, digits: int) -> str:
    if score is None or score["value"] is None:
        return "-"
    value, low, high = (
        "-" if score[name] is None else f"{score[name]:.{digits}f}"
        for name in ("value", "low", "high")
    )
    return f"{value} [{low}, {high}]"


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    ]
    return "\n".join([title, *lines])
