#!/bin/sh
# The page of a file with 10,000 steps behind it: time to the first answer and to the answer out of the shelf, and the
# server's memory. Making the lineage takes two minutes; BENCH_STEPS makes it smaller.
. "$(dirname "$0")/common.sh"
steps=${BENCH_STEPS:-10000}
work=$BENCH_SCRATCH/serve
rm -rf "$work" "$VARVE_HOME"
mkdir -p "$work"
cd "$work"
{ echo id; seq "$steps"; } >values.csv
cat >steps.md <<'END'
```sh name=each map=values.csv
echo "$id" >"out-$id"
```

```sh name=all join=each
for file in "$@"; do read -r line <"$file"; echo "$line"; done >all.txt
```
END
"$varve" run --quiet -j 2 steps.md

"$varve" serve --port 0 --json >"$work/address" &
server=$!
trap 'kill -INT "$server" 2>/dev/null; [ -z "$made" ] || rm -rf "$made"' EXIT
while [ ! -s "$work/address" ]; do sleep 0.1; done
heading "varve serve: a lineage of $steps steps"
python3 - "$work/address" "$server" <<'END'
import json, re, sys, time, urllib.request, http.cookiejar
address = json.load(open(sys.argv[1]))["address"]
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
opener.open(address).read()
origin = address.split("/?")[0]
memory = lambda name: int(re.search(name + r":\s+(\d+)", open(f"/proc/{sys.argv[2]}/status").read())[1]) / 1024
print("| page | first, s | again, s | bytes | most memory so far, MiB |\n|---|---:|---:|---:|---:|")
for page in ("/files/all.txt", "/document/steps.md", "/history", "/"):
    times = []
    for _ in range(4):
        start = time.perf_counter()
        body = opener.open(origin + page).read()
        times.append(time.perf_counter() - start)
    print(f"| {page} | {times[0]:.2f} | {min(times[1:]):.2f} | {len(body):,} | {memory('VmHWM'):.0f} |")
END
