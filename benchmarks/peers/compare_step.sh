#!/usr/bin/env bash
# The MoCo step of jmoco and of PyTorch in turns (A B A B ...), so that both see the same state of the machine.
#
#   benchmarks/peers/compare_step.sh [ROUNDS [options of both, as --batch 64 --width 32 --steps 3]]
#
# Prints images/s of each round, the medians over rounds and their ratio (above 1: jmoco is faster).
# PYTHON names the Python that has PyTorch (default /usr/bin/python3: Debian's python3-torch); PEER_OPTIONS are for the
# peer alone (as --layout channels_last).
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-3}
[ $# -eq 0 ] || shift
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import torch' 2>/dev/null || { echo "compare_step: $python has no PyTorch (apt install python3-torch)" >&2; exit 1; }
./jmoco --version >/dev/null # builds now, not within a round

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 1; round <= rounds; round++)); do
  # shellcheck disable=SC2086 # PEER_OPTIONS are separated by blanks on purpose
  for side in jmoco torch; do
    if [ $side = jmoco ]; then
      json=$(./jmoco bench step --backend cpu --json "$@")
    else
      json=$("$python" benchmarks/peers/moco_step_torch.py --json ${PEER_OPTIONS:-} "$@")
    fi
    echo "round $round $side $json"
    echo "$side $json" >>"$results"
  done
done

"$python" - "$results" <<'PYTHON'
import json
import statistics
import sys

speeds = {"jmoco": [], "torch": []}
for line in open(sys.argv[1]):
    side, text = line.split(" ", 1)
    speeds[side].append(json.loads(text)["images_per_s"])
medians = {side: statistics.median(values) for side, values in speeds.items()}
for side, values in speeds.items():
    print(f"{side}: median {medians[side]:.2f} images/s over {len(values)} rounds ({min(values):.2f} .. {max(values):.2f})")
print(f"ratio jmoco / torch: {medians['jmoco'] / medians['torch']:.3f}")
PYTHON
