"""Which phrases the cleaning takes from captions that models really wrote, to be read by a person.

    python -m benchmarks.machine_captions FILE.jsonl [--every 12] [--from 3] [--all]

The file has lines of ``file_name`` and ``captions``. Printed are the counts of all captions and, of
every n-th one, the phrases that are lost and gained; with ``--all`` the phrases that are made of
each. What is right is for a reader to say.
"""

import argparse
from pathlib import Path

from fieldmarks.core.input_file import read_json_lines
from fieldmarks.precompute.attributes.extraction import Definition
from fieldmarks.precompute.attributes.noun_classes import learn_nouns
from fieldmarks.precompute.attributes.synonyms import Synonyms
from fieldmarks.precompute.attributes.tagger import default_tagger
from fieldmarks.precompute.captioning.cleaning import Cleaner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--every", type=int, default=12)
    parser.add_argument("--from", type=int, default=3, dest="start")
    parser.add_argument("--all", action="store_true", help="print what is made of each caption")
    args = parser.parse_args()
    rows = read_json_lines(args.file, "captions of a model")
    cleaner = Cleaner(sorted({row["file_name"].split("/")[0] for row in rows}))
    written = [row["captions"][0] for row in rows]
    cleaned = [cleaner.prose(text) for text in written]
    tagger = default_tagger()
    definition = Definition(learn_nouns(tagger.read(written)), Synonyms.load(), ("pair", "noun"))
    before, after = (
        [{each.phrase for each in definition.read(reading)} for reading in tagger.read(texts)]
        for texts in (written, cleaned)
    )
    print(*cleaner.told(), sep="\n")
    print(f"# {len(rows)} captions, {sum(map(len, before))} phrases, {sum(map(len, after))} after")
    read = range(args.start, len(rows), args.every)
    n_before, n_after = (sum(len(each[i]) for i in read) for each in (before, after))
    print(f"# every {args.every}th: {len(read)} captions, {n_before} phrases, {n_after} after")
    for i in read:
        if args.all:
            print(f"{i} | {written[i]}\n    {sorted(after[i])}")
        elif before[i] != after[i]:
            lost, gained = sorted(before[i] - after[i]), sorted(after[i] - before[i])
            print(f"{i} | {written[i]}\n    lost {lost} gained {gained}")


if __name__ == "__main__":
    main()
