#!/usr/bin/env python3
"""Run the blocks of a Varve document as plain shell, without Varve.

    plain.py [-j N] [DOCUMENT]

In the document's folder, in the document's order; the elements of a map over a
CSV run N at a time. It knows what the example uses (inputs, parameters,
publish, map=FILE.csv, join=BLOCK) and no more: it is the yardstick that shows
what Varve adds, not another runner.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

FENCE = re.compile(r"^```sh (.*?)\n(.*?)^```", re.S | re.M)


def front_matter(text):
    """Named inputs and parameters as variables, the published files and their folder."""
    head = text.split("---")[1]
    variables = dict(re.findall(r"^  (\w+): ([^\[\n]+)$", head, re.M))
    folder = variables.pop("folder", None)
    files = re.search(r"files: \[(.*)\]", head)
    return variables, folder, files[1].split(", ") if files else []


def run(text, variables, arguments=()):
    with tempfile.TemporaryDirectory() as private:
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "HOME": private, **variables}
        subprocess.run(["sh", "-eu", "-c", text, "sh", *arguments], env=environment, check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count())
    parser.add_argument("document", nargs="?", default="pipeline.md")
    options = parser.parse_args()
    with open(options.document, encoding="utf-8") as file:
        text = file.read()
    os.chdir(os.path.dirname(options.document) or ".")
    variables, folder, files = front_matter(text)
    made = {}
    for attributes, body in FENCE.findall(text):
        named = dict(pair.split("=", 1) for pair in attributes.split())
        if "map" in named:
            with open(named["map"], encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            with ThreadPoolExecutor(options.j) as pool:
                list(pool.map(lambda row: run(body, {**variables, **row}), rows))
            made[named["name"]] = [f"{named['name']}/{row['id']}.{ending}" for row in rows for ending in ("csv", "tif")]
        else:
            run(body, variables, made.get(named.get("join"), ()))
    if folder:
        os.makedirs(folder, exist_ok=True)
        for name in files:
            shutil.copy(name, folder)


if __name__ == "__main__":
    main()
