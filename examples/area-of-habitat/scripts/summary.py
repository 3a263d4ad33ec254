"""Join the species' limits and their measured areas into one table.

Usage: summary.py SPECIES.csv AREA.csv... > summary.csv. Rows stand in the order
of SPECIES.csv; a species without an area, or the reverse, is an error.
"""

import csv
import sys

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    species = list(csv.DictReader(file))
areas = {}
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        identity, *numbers = file.read().strip().split(",")
    areas[identity] = numbers
unmatched = {row["id"] for row in species} ^ areas.keys()
if unmatched:
    sys.exit(f"no match between limits and areas for: {', '.join(sorted(unmatched))}")

columns = list(species[0])
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow([*columns, "range_km2", "aoh_km2", "prevalence"])
for row in species:
    out.writerow([*(row[column] for column in columns), *areas[row["id"]]])
