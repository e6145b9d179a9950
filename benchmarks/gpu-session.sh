#!/usr/bin/env bash
# Everything that is worth knowing on a machine with a GPU, the most valuable first, into one folder. docs/gpu.md tells how to use it.
#
#   benchmarks/gpu-session.sh --out DIR [OPTION...] [STAGE...]      (default: all stages, in this order)
#
# Stages
#   doctor      machine, driver, libraries, a first tiny training step
#   selftest    every operation against the reference; a step twice, without graph, resumed, out of memory; in f32, bf16, tf32, with branches, with cuDNN's graph interface
#   golden      what PyTorch computed, in f32, tf32, bf16                            (needs --golden)
#   step        the MoCo step at each batch size and precision, with cuDNN's graph interface and with branches; its breakdown by layer and by step of the program
#   torch       the same step in PyTorch, its settings one by one, jmoco before and after; views on the GPU; whole epochs; InfoNCE
#   kernels     single operations beside their floors; ceilings: copy, matrix product in f32, tf32, bf16
#   cifar       pretraining on CIFAR-10 with the kNN monitor                         (needs cifar10 in --data)
#   covid       fine-tuning on COVID-CT, from that encoder and from a random start   (needs covid-ct in --data)
#   sanitizer   compute-sanitizer: memcheck and racecheck over jmoco's kernels
#
# Options
#   --out DIR       report.md, summary.tsv and results.tar.gz, written anew after each part: a killed run keeps what it had
#   --bundle FILE   archive of 'jmoco bundle', or a folder with a launcher named jmoco (default: the folder above this script)
#   --data FILE     a tar of the folders cifar10/, covid-ct/, golden/ or of parts of them, or a folder that holds such; may be repeated
#                   (what 'jmoco bundle --data' packed is found without it, and gives way to it)
#   --golden DIR    folder with golden .json files
#   --work DIR      everything else goes here and is used again by the next call (default: ${TMPDIR:-/tmp}/jmoco-gpu-session)
#   --python FILE   the Python that has PyTorch (default: python3)
#   --batches LIST  batch sizes, by commas (default: 512,128,1024)
#   --epochs N      of the stage cifar (default: 20)
#   --total SECONDS start nothing after that time, and let nothing run beyond it (default: no limit); where several stages run, a part
#                   that hangs gets at most its share: a half of the time for two stages, a third for three, a quarter for more
#   --scale PERCENT of each part's time limit that is granted (default: 100)
#
# Each part has a time limit of its own; one that fails or runs out of time is noted, and the next one follows.
# Exit code: 0 all parts passed, 1 some did not, 2 usage.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
all_stages=(doctor selftest golden step torch kernels cifar covid sanitizer)

die() { echo "gpu-session: $*" >&2; exit 2; }

# --- options ---------------------------------------------------------------------------------------------------------

out='' bundle=$here/.. golden='' work=${TMPDIR:-/tmp}/jmoco-gpu-session python=python3 batches=512,128,1024 epochs=20 total=0 scale=100
data=() stages=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    --out | --bundle | --data | --golden | --work | --python | --batches | --epochs | --total | --scale)
      [ $# -ge 2 ] || die "$1 needs a value"
      if [ "$1" = --data ]; then data+=("$2"); else printf -v "${1#--}" %s "$2"; fi
      shift ;;
    -*) die "there is no option $1; see --help" ;;
    *) [[ " ${all_stages[*]} " = *" $1 "* ]] || die "there is no stage $1; there are ${all_stages[*]}"; stages+=("$1") ;;
  esac
  shift
done
[ -n "$out" ] || die "--out DIR is missing"
[[ "$epochs$total$scale" =~ ^[0-9]+$ ]] || die "--epochs, --total and --scale take numbers"
[[ "$batches" =~ ^[0-9]+(,[0-9]+)*$ ]] || die "--batches takes numbers, by commas"
[ ${#stages[@]} -gt 0 ] || stages=("${all_stages[@]}")
shares=$((${#stages[@]} < 4 ? ${#stages[@]} : 4))
command -v timeout >/dev/null || die "there is no 'timeout' (coreutils)"

mkdir -p "$out" "$work"/{logs,results,rows,data,runs} || exit 1
out=$(cd "$out" && pwd)
work=$(cd "$work" && pwd)
export JMOCO_CACHE=$work/cache # choices of convolution algorithms are kept from part to part, and come back with the results
# What the driver compiles of PTX (8 s for a step): in the home folder it would be lost, and made for each process, where that cannot be written.
export CUDA_CACHE_PATH=${CUDA_CACHE_PATH:-$work/compiled}
summary=$work/summary.tsv
[ -s "$summary" ] || printf 'part\tresult\tseconds\n' >"$summary"
failures=0

# --- parts -----------------------------------------------------------------------------------------------------------

# note NAME RESULT SECONDS: one line of the summary; a part that is run again replaces its line.
note() {
  local old
  old=$(awk -F'\t' -v n="$1" '$1 != n' "$summary")
  { echo "$old"; printf '%s\t%s\t%d\n' "$1" "$2" "$3"; } >"$summary"
}

skip() {
  echo "$1 ... skipped: $2"
  note "$1" "skipped: $2" 0
}

# part NAME SECONDS COMMAND...: its output goes to logs/NAME.log. Returns the command's exit code.
part() {
  local name=$1 limit=$(($2 * scale / 100)) started=$SECONDS code result log=$work/logs/$1.log left
  shift 2
  if [ "$total" -gt 0 ]; then
    left=$((total - SECONDS))
    [ $left -ge 5 ] || { skip "$name" "the time of --total is over"; failures=$((failures + 1)); return 1; }
    [ $limit -le $((total / shares)) ] || limit=$((total / shares))
    [ $limit -le $left ] || limit=$left
  fi
  [ $limit -ge 1 ] || limit=1
  printf '%s ... ' "$name"
  { printf '$'; printf ' %q' "$@"; echo; } >"$log"
  timeout --kill-after=10 "$limit" "$@" >>"$log" 2>&1 </dev/null
  code=$?
  case $code in
    0) result=ok ;;
    124 | 137) result="out of time ($limit s)" ;;
    *) result="failed ($code): $(tail -n +2 "$log" | grep -v '^ *at \|cure:' | tail -n 1 | tr '\t' ' ' | cut -c 1-160)" ;;
  esac
  [ $code = 0 ] || failures=$((failures + 1))
  echo "$result, $((SECONDS - started)) s"
  note "$name" "$result" $((SECONDS - started))
  report
  return $code
}

# --- rows and tables ---------------------------------------------------------------------------------------------------

# value KEY: of the flat JSON object on stdin, without quotes.
value() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }

device_name() { sed -n 's/^ok *CUDA device *\(.*\)/\1/p' "$work/logs/doctor.log" 2>/dev/null | head -n 1; }

# Files are named as those of benchmarks/results: date_device_commit_what.tsv.
result_file() {
  local device
  device=$(device_name | sed 's/,.*//' | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')
  echo "$work/results/$(date -u +%F)_${device:-no-gpu}_$(commit | cut -c 1-8)_$1.tsv"
}

commit() {
  local told
  told=$("$jmoco" --print-command x 2>/dev/null | sed -n 's/.*-Djmoco.commit=\([0-9a-f]*[-a-z]*\).*/\1/p')
  [ -n "$told" ] || told=$(git -C "$here" describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
  echo "${told:-unknown}"
}

# step_row SIDE SETTING FILE [BATCH]: rows/step.tsv gets a line from each JSON object in the file.
step_row() {
  local line
  grep -h '"images_per_s"' "$3" 2>/dev/null | while IFS= read -r line; do
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "${2:-$(value setting <<<"$line")}" "${4:-$(value batch <<<"$line")}" "$(value images_per_s <<<"$line")" \
      "$(value ms_median <<<"$line")" "$(value ms_min <<<"$line")" "$(value ms_max <<<"$line")" >>"$work/rows/step.tsv"
  done
}

# One line for each side, setting and batch: medians over the rounds, and how often the best setting of PyTorch goes into it.
step_table() {
  [ -s "$work/rows/step.tsv" ] || return 0
  local file
  file=$(result_file step)
  {
    echo "# benchmark: MoCo step, 32 x 32, width 64, splits 8, queue 4096: jmoco before and after PyTorch's settings"
    echo "# command: benchmarks/gpu-session.sh ${stages[*]}"
    echo "# torch: all settings at the first batch size, at the others bf16 without autotune"
    echo "# date: $(date -u +%FT%TZ)"
    echo "# commit: $(commit)"
    echo "# device: $(device_name)"
    printf 'side\tsetting\tbatch\timages_per_s_median\tsmallest\tlargest\trounds\tms_median\tover_best_torch\n'
    sort -t"$(printf '\t')" -k3,3n -k1,1 -k2,2 -k4,4n "$work/rows/step.tsv" | awk -F'\t' -v OFS='\t' '
      { k = $1 FS $2 FS $3; if (!(k in n)) order[++m] = k; v[k, ++n[k]] = $4; t[k, n[k]] = $5; side[k] = $1; batch[k] = $3 }
      function median(a, k, n) { return n % 2 ? a[k, (n + 1) / 2] : (a[k, n / 2] + a[k, n / 2 + 1]) / 2 }
      END {
        for (i = 1; i <= m; i++) { k = order[i]; md = median(v, k, n[k]); if (side[k] == "torch" && md > best[batch[k]]) best[batch[k]] = md }
        for (i = 1; i <= m; i++) {
          k = order[i]; md = median(v, k, n[k]); b = best[batch[k]]
          print k, sprintf("%.1f", md), sprintf("%.1f", v[k, 1]), sprintf("%.1f", v[k, n[k]]), n[k], sprintf("%.3f", median(t, k, n[k])), b ? sprintf("%.2f", md / b) : "-"
        }
      }'
  } >"$file"
}

# table FILE: what 'jmoco bench report' makes of a result file (a test compares), without the time that its start takes after each part.
table() {
  awk -F'\t' '
    /^# /  { k = substr($0, 3); v = k; sub(/: .*/, "", k); sub(/^[^:]*: /, "", v); head[k] = v; next }
    /^ *$/ { next }
    !n     { n = 1; c = head["commit"]; dirty = c ~ /-dirty$/ ? "-dirty" : ""; if (length(c) > 8) c = substr(c, 1, 8) dirty; sub(/T.*/, "", head["date"])
             printf "\n%s, commit %s, %s: `%s`\n\n", head["date"], c, head["device"], head["command"]
             rule = "|"; for (i = 1; i <= NF; i++) rule = rule "---|" }
           { $1 = $1; line = $1; for (i = 2; i <= NF; i++) line = line " | " $i; print "| " line " |" }
    n == 1 { print rule; n = 2 }
    END    { print "" }' "$1"
}

# report.md: what every part did, and a table from each result file.
report() {
  step_table
  local file title
  {
    title=$(device_name)
    echo "# GPU session: ${title:-no GPU}"
    echo
    echo "Written by benchmarks/gpu-session.sh on $(date -u +%F), commit $(commit). Times of parts are in seconds, their start included."
    echo
    if [ -s "$work/logs/doctor.log" ]; then
      grep -hE '^[a-z]+ +(CUDA|cuBLAS|cuDNN|NVRTC|system|memory)' "$work/logs/doctor.log" | sed 's/^/    /'
      echo
    fi
    echo "| part | result | seconds |"
    echo "|---|---|---|"
    tail -n +2 "$summary" | sed '/^$/d;s/|/\\|/g' | awk -F'\t' '{ print "| " $1 " | " $2 " | " $3 " |" }'
    for file in "$work"/results/*.tsv; do
      [ -s "$file" ] || continue
      [ "$(grep -vc '^#' "$file")" -ge 2 ] || continue
      title=${file##*_}
      printf '\n## %s\n\n<!-- table results/%s -->\n' "${title%.tsv}" "${file##*/}"
      table "$file"
      echo "<!-- end -->"
    done
    for file in "$work"/logs/*-breakdown.log; do
      [ -s "$file" ] || continue
      title=${file##*/}
      printf '\n## %s\n\n' "${title%.log}"
      tail -n +2 "$file" | sed 's/^/    /'
    done
  } >"$work/report.md"
  cp "$work/report.md" "$summary" "$out/"
  # Without images, bundle and weights. Not every folder is there; find then fails after listing the others.
  (cd "$work" && { find logs results rows cache/cuda runs report.md summary.tsv -type f ! -name '*.safetensors' -size -4096k 2>/dev/null || true; } |
    tar -czf "$out/.part" -T - && mv "$out/.part" "$out/results.tar.gz")
}

# --- stages ------------------------------------------------------------------------------------------------------------

unpack() {
  if [ -d "$bundle" ]; then
    jmoco=$(cd "$bundle" && pwd)/jmoco
  elif [ -f "$bundle" ]; then
    local stamp
    stamp=$(cksum <"$bundle" | tr ' ' -)
    if [ "$(cat "$work/bundle.stamp" 2>/dev/null)" != "$stamp" ]; then
      rm -rf "$work/bundle"
      mkdir -p "$work/bundle"
      # a machine may have no xz; Python reads it as well
      part unpack 240 bash -c 'tar -xf "$1" -C "$2" 2>/dev/null || "$3" -c "import sys,tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])" "$1" "$2"' \
        untar "$bundle" "$work/bundle" "$python" || return 1
      echo "$stamp" >"$work/bundle.stamp"
    fi
    jmoco=$work/bundle/jmoco/jmoco
  fi
  [ -x "${jmoco:-}" ] || { jmoco=''; note unpack "failed: there is no launcher jmoco in $bundle" 0; echo "gpu-session: there is no launcher jmoco in $bundle" >&2; return 1; }
}

data_sets() {
  local d name
  for name in "$(dirname "$jmoco")"/data/*/; do
    [ ! -d "$name" ] || [ -e "$work/data/$(basename "$name")" ] || ln -sfn "$(cd "$name" && pwd)" "$work/data/$(basename "$name")"
  done
  for d in ${data[@]+"${data[@]}"}; do
    if [ -d "$d" ]; then
      for name in "$d"/*/; do ln -sfn "$(cd "$name" && pwd)" "$work/data/$(basename "$name")"; done
    else
      part "data-$(basename "$d")" 120 bash -c 'for n in $(tar -tf "$1" | cut -d/ -f1 | sort -u); do [ ! -L "$2/$n" ] || rm "$2/$n"; done; tar -xf "$1" -C "$2"' \
        untar "$d" "$work/data"
    fi
  done
  [ -n "$golden" ] || { [ ! -d "$work/data/golden" ] || golden=$work/data/golden; }
}

stage_doctor() {
  if command -v nvidia-smi >/dev/null; then part machine 60 nvidia-smi; else skip machine "there is no nvidia-smi"; fi
  part version 60 "$jmoco" --version
  part doctor 100 "$jmoco" doctor
  part first-step 120 "$jmoco" bench step --backend cuda --batch 8 --image 16 --width 8 --queue 64 --dim 16 --steps 3 --no-peaks --check-steps
}

stage_selftest() {
  local precision
  for precision in f32 bf16 tf32; do
    part "selftest-$precision" 240 "$jmoco" selftest --backend cuda --failures-only --precision "$precision"
  done
  part selftest-branches 120 "$jmoco" selftest --backend cuda --failures-only --precision bf16 --quick --branches
  part selftest-cudnn-graph 120 "$jmoco" selftest --backend cuda --failures-only --precision bf16 --quick --cudnn-graph
}

stage_golden() {
  local precision file
  ls "${golden:-/nowhere}"/*.json >/dev/null 2>&1 || { skip golden "--golden names no folder with .json files"; return; }
  for precision in f32 tf32 bf16; do
    for file in "$golden"/*.json; do
      part "golden-$precision-$(basename "$file" .json)" 120 "$jmoco" golden --backend cuda --precision "$precision" "$file"
    done
  done
}

# jmoco_step BATCH PRECISION ROUND [OPTION]: the option stands in the row's setting. Timed as PyTorch's script does: seven times twenty steps.
jmoco_step() {
  part "step-n$1-$2-$3" 100 "$jmoco" bench step --backend cuda --batch "$1" --precision "$2" --steps 7 --queued 20 --no-peaks --json ${4:+"$4"} &&
    step_row jmoco "$2${4:+ $4}" "$work/logs/step-n$1-$2-$3.log" "$1"
}

stage_step() {
  local batch precision
  rm -f "$work/rows/step.tsv"
  for batch in ${batches//,/ }; do jmoco_step "$batch" bf16 a; done
  # other engines for convolutions, against the rows above: more hangs on them than on anything else that is off by default
  for batch in ${batches//,/ }; do jmoco_step "$batch" bf16 cudnn-graph --cudnn-graph; done
  part step-breakdown 100 "$jmoco" bench step --backend cuda --batch "${batches%%,*}" --precision bf16 --steps 20 --no-peaks --time-steps
  # keys beside queries
  for batch in ${batches//,/ }; do jmoco_step "$batch" bf16 branches --branches; done
  for precision in tf32 f32; do
    for batch in ${batches//,/ }; do jmoco_step "$batch" $precision a; done
  done
  for precision in bf16 tf32; do
    part "layers-$precision" 120 "$jmoco" bench layers --backend cuda --batch "${batches%%,*}" --precision $precision --samples 7 --save "$(result_file "layers-$precision")"
  done
}

stage_torch() {
  local batch first=${batches%%,*} p=$here/peers/
  for batch in ${batches//,/ }; do
    # autotune compiles for minutes, and f32 and tf32 are not the fastest: all settings at one batch size, the others at all
    part "torch-n$batch" 300 "$python" "${p}moco_step_torch_gpu.py" --batch "$batch" --json \
      $([ "$batch" = "$first" ] || echo --settings eager-bf16,graph-bf16,graph-bf16-nchw,fused-bf16,compile-bf16)
    step_row torch '' "$work/logs/torch-n$batch.log"
    jmoco_step "$batch" bf16 b
  done
  part torch-views 200 "$python" "${p}moco_step_torch_gpu.py" --batch "$first" --views --settings eager-bf16,graph-bf16 --json
  step_row torch-with-views '' "$work/logs/torch-views.log"
  part epoch-phantom 100 "$jmoco" bench epoch --backend cuda --batch "$first" --precision bf16 --image 32 --epochs 3 --save "$(result_file epoch-phantom)"
  if [ -d "$work/data/cifar10" ]; then
    # as published; workers hand batches over in shared memory, of which a container may have 64 MB only
    local workers=16
    [ "$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')" -ge 1024 ] 2>/dev/null || workers=2
    part torch-epoch-cifar10 150 "$python" "${p}moco_step_torch_gpu.py" --batch "$first" --cifar "$work/data/cifar10" --workers $workers --settings eager-bf16,graph-bf16 --json
    step_row torch-with-loader '' "$work/logs/torch-epoch-cifar10.log"
    part epoch-cifar10 100 "$jmoco" bench epoch --backend cuda --batch "$first" --precision bf16 --image 32 --epochs 3 --data "cifar10=$work/data/cifar10" \
      --save "$(result_file epoch-cifar10)"
  else
    skip epoch-cifar10 "no cifar10 in --data"
  fi
  local precision
  for precision in bf16 tf32 f32; do
    part "info-nce-$precision" 60 "$jmoco" bench kernels --backend cuda --precision "$precision" --save "$(result_file "info-nce-$precision")" "info_nce n512 m65536 d128"
  done
  part info-nce-torch 120 "$python" "${p}info_nce_torch_gpu.py" --save "$(result_file info-nce-torch)"
}

# The operations that are kernels of jmoco: the libraries' own kernels are NVIDIA's to check, and slow under the sanitizer.
own_kernels=batch_norm,pool,relu,l2_norm,info_nce,cross_entropy,softmax,gather_rows,enqueue,fill,copy,flag_non_finite,select_row,store,increment,momentum,sgd,adam,top_k

stage_sanitizer() {
  command -v compute-sanitizer >/dev/null || { skip sanitizer "there is no compute-sanitizer (CUDA toolkit)"; return; }
  # Without what calls return: the self-test asks for too much memory on purpose, and the libraries try things. Without a limit for
  # the way of launcher and Java to the driver.
  local tool precision options=(--target-processes=all --launch-timeout=0 --report-api-errors=no --error-exitcode=9)
  for tool in memcheck racecheck; do
    for precision in f32 bf16; do
      part "$tool-$precision" 300 compute-sanitizer --tool=$tool "${options[@]}" \
        "$jmoco" selftest --backend cuda --precision $precision --no-graph --failures-only --case "$own_kernels"
    done
  done
  part memcheck-step 240 compute-sanitizer --tool=memcheck "${options[@]}" "$jmoco" selftest --backend cuda --quick --no-graph --failures-only
}

stage_kernels() {
  local precision
  for precision in bf16 tf32 f32; do
    part "kernels-own-$precision" 150 "$jmoco" bench kernels --backend cuda --precision $precision --samples 7 --shapes optimiser,info-nce --save "$(result_file "kernels-$precision")"
  done
  for precision in bf16 tf32; do
    part "kernels-network-$precision" 240 "$jmoco" bench kernels --backend cuda --precision $precision --samples 5 --shapes resnet18-32 --save "$(result_file "resnet18-$precision")"
  done
}

stage_cifar() {
  [ -d "$work/data/cifar10" ] || { skip cifar "no cifar10 in --data"; return; }
  part cifar 420 "$jmoco" pretrain --backend cuda --precision bf16 --data "cifar10=$work/data/cifar10" --batch 512 --lr 0.06 --epochs "$epochs" --knn-every 5 \
    --checkpoint-steps 0 --progress plain --out "$work/runs/cifar"
  part cifar-knn 60 "$jmoco" knn --backend cuda --data "cifar10=$work/data/cifar10" --from "$work/runs/cifar"
}

stage_covid() {
  [ -d "$work/data/covid-ct" ] || { skip covid "no covid-ct in --data"; return; }
  local from
  for from in cifar random; do
    [ $from = random ] || [ -d "$work/runs/cifar" ] || { skip covid-cifar "there is no run of the stage cifar"; continue; }
    part "covid-$from" 180 "$jmoco" finetune --backend cuda --precision bf16 --data "covid-ct=$work/data/covid-ct" --epochs 40 --progress plain \
      --from "$([ $from = random ] && echo random || echo "$work/runs/cifar")" --out "$work/runs/covid-$from"
    part "covid-$from-evaluate" 60 "$jmoco" evaluate --backend cuda --data "covid-ct=$work/data/covid-ct" --from "$work/runs/covid-$from"
  done
}

# --- the run -----------------------------------------------------------------------------------------------------------

jmoco=''
if unpack; then
  data_sets
  for stage in "${stages[@]}"; do
    echo "== $stage"
    "stage_$stage"
  done
else
  failures=$((failures + 1))
fi
report
echo "$failures parts failed; see $out/report.md"
[ $failures = 0 ]
