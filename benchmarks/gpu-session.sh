#!/usr/bin/env bash
# Everything that is worth knowing on a machine with a GPU, into one folder. Each part has a time limit of its own; a part that
# fails or runs out of time is noted, and the next one follows.
#
#   benchmarks/gpu-session.sh [FOLDER]       (default: gpu-report)
#
# Environment:
#   JMOCO        the launcher (default: ./jmoco of this folder)
#   PYTHON       the Python that has PyTorch (default: python3)
#   BATCHES      batch sizes of the step (default: 128 512 1024)
#   GOLDEN       folder with golden .json files (default: none)
#   SCALE        percent of each time limit that is granted (default: 100)
set -uo pipefail
cd "$(dirname "$0")/.."

report=$(mkdir -p "${1:-gpu-report}" && cd "${1:-gpu-report}" && pwd)
jmoco=${JMOCO:-./jmoco}
python=${PYTHON:-python3}
batches=${BATCHES:-128 512 1024}
scale=${SCALE:-100}
summary=$report/summary.tsv
printf 'part\tresult\tseconds\tlog\n' >"$summary"
failures=0

# part NAME SECONDS COMMAND...: its output goes to NAME.log
part() {
  local name=$1 limit=$(($2 * scale / 100)) started=$SECONDS code result
  shift 2
  printf '%s ... ' "$name"
  { printf '$'; printf ' %q' "$@"; echo; } >"$report/$name.log"
  timeout --kill-after=10 "$limit" "$@" >>"$report/$name.log" 2>&1 </dev/null
  code=$?
  case $code in
    0) result=ok ;;
    124 | 137) result="out of time ($limit s)" ;;
    *) result="failed ($code)" ;;
  esac
  [ $code = 0 ] || failures=$((failures + 1))
  printf '%s, %d s\n' "$result" $((SECONDS - started))
  [ $code = 0 ] || tail -n 3 "$report/$name.log" | sed 's/^/    /'
  printf '%s\t%s\t%d\t%s\n' "$name" "$result" $((SECONDS - started)) "$name.log" >>"$summary"
}

# skip NAME REASON
skip() {
  echo "$1 ... skipped: $2"
  printf '%s\tskipped: %s\t0\t\n' "$1" "$2" >>"$summary"
}

if command -v nvidia-smi >/dev/null; then part machine 100 nvidia-smi; else skip machine "no nvidia-smi"; fi
part version 300 "$jmoco" --version
part doctor 100 "$jmoco" doctor
part selftest-f32 300 "$jmoco" selftest --backend cuda --failures-only
for precision in tf32 bf16; do
  part "selftest-$precision" 240 "$jmoco" selftest --backend cuda --failures-only --precision $precision
done
if [ -n "${GOLDEN:-}" ]; then
  part golden 240 "$jmoco" golden --backend cuda "$GOLDEN"/*.json
else
  skip golden "GOLDEN names no folder"
fi
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck; do
    part "sanitizer-$tool" 300 compute-sanitizer --tool $tool --target-processes all --error-exitcode 9 \
      "$jmoco" selftest --backend cuda --quick --no-graph
  done
else
  skip sanitizer "no compute-sanitizer"
fi
for batch in $batches; do
  for precision in f32 tf32 bf16; do
    part "step-n$batch-$precision" 100 "$jmoco" bench step --backend cuda --batch "$batch" --precision $precision --steps 50 --json
  done
done
part step-breakdown 100 "$jmoco" bench step --backend cuda --batch 512 --precision bf16 --steps 20 --time-steps
for batch in $batches; do
  part "torch-n$batch" 240 "$python" benchmarks/peers/moco_step_torch_gpu.py --batch "$batch" --json
done

{
  echo "# GPU session of $(date -u +%Y-%m-%dT%H:%MZ)"
  echo
  grep -hE '^ok +CUDA (driver|device)|^ok +cu(BLAS|DNN) ' "$report/doctor.log" || echo "no GPU: see doctor.log"
  echo
  column -t -s "$(printf '\t')" "$summary" 2>/dev/null || cat "$summary"
  echo
  grep -h '"images_per_s"' "$report"/*.log || true
} >"$report/report.md"
echo "$failures parts failed; see $report/report.md"
[ $failures = 0 ]
