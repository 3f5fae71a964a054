"""Writes captions of a folder of images as JSON lines, for whoever has a captioner.

    python examples/caption.py IMAGES captions.jsonl --model Salesforce/blip-image-captioning-base
    fieldmarks run --data IMAGES --captions captions.jsonl ...

It needs ``pip install transformers`` and a model that can be reached or lies in a folder;
Fieldmarks needs neither. Any other captioner will do: a line for each image,
``{"file_name": "boots/1.jpg", "captions": ["a boot with black laces"]}``, or for each class,
``{"class": "boots", "captions": [...]}``. Captions by a network are not what people would say; look
at some before you trust what is learnt from them.
"""

import argparse
import json
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def main() -> None:
    """Caption the images that the output does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="Salesforce/blip-image-captioning-base")
    parser.add_argument("--n", type=int, default=5, help="captions an image")
    args = parser.parse_args()
    from transformers import pipeline

    captioner = pipeline("image-to-text", model=args.model)
    done = set()
    if args.out.exists():
        done = {json.loads(line)["file_name"] for line in args.out.open(encoding="utf-8")}
    with args.out.open("a", encoding="utf-8") as file:
        for path in sorted(args.images.rglob("*")):
            name = path.relative_to(args.images).as_posix()
            if path.suffix.lower() not in SUFFIXES or name in done:
                continue
            options = {"do_sample": True, "num_return_sequences": args.n}
            found = captioner(str(path), generate_kwargs=options)
            captions = sorted({each["generated_text"].strip() for each in found})
            file.write(json.dumps({"file_name": name, "captions": captions}) + "\n")
            file.flush()


if __name__ == "__main__":
    main()
