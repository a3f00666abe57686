"""Our llms.txt, read by the parser of the format's authors."""

import json
import sys
from typing import Any
from urllib.request import urlopen

from llms_txt.core import parse_llms_file


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    with urlopen(f"{arguments['url']}/llms.txt") as answer:  # noqa: S310
        read = parse_llms_file(answer.read().decode())
    sections = {name: {link.title: [link.url, link.desc] for link in links} for name, links in read.sections.items()}
    return {"title": read.title, "summary": read.summary, "sections": sections}


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
