# Sourced by the scripts compare_*.sh: rounds of all sides in turns, and their summary.

# in_turns ROUNDS TITLE COMMAND SIDE...: `measure SIDE`, a function of the script, prints one JSON object. Prints each round, then the
# medians and ratios of summary.py, which SAVE=FILE also writes as a result file; $python runs it.
in_turns() {
  local rounds=$1 title=$2 command=$3 round side json commit
  shift 3
  results=$(mktemp)
  trap 'rm -f "$results"' EXIT
  for ((round = 1; round <= rounds; round++)); do
    for side in "$@"; do
      json=$(measure "$side")
      echo "round $round $side $json"
      echo "$side $json" >>"$results"
    done
  done
  commit=$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)
  "$python" benchmarks/peers/summary.py "$results" "$title" "$commit" "$command" "${SAVE:-}"
}
