#!/usr/bin/env bash
# InfoNCE of jmoco, fused, and of PyTorch, with stored logits, in turns (A B C A B C ...), on the CPU.
#
#   benchmarks/peers/compare_info_nce.sh [ROUNDS [M [N [D]]]]       (default: 3 rounds, queue 65536, 128 queries of 128 features)
#
# The peers: Debian's python3-torch with the queue as D x M, as the published code has it (torch), and as M x D (torch-rows), malloc
# with huge pages (info_nce_torch.py). PYTHON names the Python; SAVE=FILE writes the rows as a result file.
#
# Which seconds count: forward and backward, from queries, keys and queue in memory to loss and gradient. Printed are each round, the
# medians over rounds with smallest and largest, as queries a second, and the ratio of jmoco to each peer.
set -euo pipefail
cd "$(dirname "$0")/../.."
. benchmarks/peers/in_turns.sh
[[ "${1:-3}${2:-1}${3:-1}${4:-1}" =~ ^[0-9]+$ ]] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

rounds=${1:-3} m=${2:-65536} n=${3:-128} d=${4:-128}
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import torch' 2>/dev/null ||
  { echo "compare_info_nce: $python has no PyTorch (apt install python3-torch)" >&2; exit 1; }
./jmoco --version >/dev/null # builds now, not within a round

measure() {
  case $1 in
    jmoco) ./jmoco bench kernels --backend cpu --json --samples 7 "info_nce n$n m$m d$d" ;;
    torch) "$python" benchmarks/peers/info_nce_torch.py --json --n "$n" --m "$m" --d "$d" ;;
    torch-rows) "$python" benchmarks/peers/info_nce_torch.py --json --n "$n" --m "$m" --d "$d" --rows ;;
  esac
}

in_turns "$rounds" "InfoNCE beside PyTorch, in turns: queries a second" "benchmarks/peers/compare_info_nce.sh $rounds $m $n $d" \
  jmoco torch torch-rows
