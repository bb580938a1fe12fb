#!/usr/bin/env bash
# Runs the tests in two rows beside each other, for a machine of two cores: those that mostly wait, for Slurm's
# clusters, a browser or commands, and all others. Prints both, and last one line for all of them.
# `make test` calls it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
waiting=(tests/slurm tests/adapters/slurm tests/browser tests/web tests/scripts)

# Bases of their own: sessions that share one tidy up each other's folders, and take from the
# database's account the way into them.
.venv/bin/python -m pytest "${waiting[@]}" --basetemp="$folder/waiting" >"$folder/waiting.txt" 2>&1 &
beside=$!
.venv/bin/python -m pytest "${waiting[@]/#/--ignore=}" --basetemp="$folder/others" 2>&1 | tee "$folder/others.txt"
others=${PIPESTATUS[0]}
wait "$beside"
waited=$?
cat "$folder/waiting.txt"

.venv/bin/python - "$folder/others.txt" "$folder/waiting.txt" <<'PY'
import re, sys
total = {}
for name in sys.argv[1:]:
    last = [line for line in open(name, errors="replace") if re.search(r" in [0-9.]+s", line)][-1:]
    for count, word in re.findall(r"(\d+) (passed|failed|errors?|skipped|deselected)", "".join(last)):
        total[word] = total.get(word, 0) + int(count)
    seconds = re.search(r" in ([0-9.]+)s", "".join(last))
    total["s"] = max(total.get("s", 0.0), float(seconds[1]) if seconds else 0.0)
words = ", ".join(f"{count} {word}" for word, count in total.items() if word != "s")
print(f"{words or 'no tests ran'} in {total['s']:.2f}s")
PY
[ "$others" -eq 0 ] && [ "$waited" -eq 0 ]
