#!/usr/bin/env bash
# The MoCo step of jmoco and of its peers in turns (A B C A B C ...), so that all see the same state of the machine.
#
#   benchmarks/peers/compare_step.sh [ROUNDS [NAME=VALUE ...]]      sizes of the step, as batch=64 width=32
#
# PEERS chooses among (default: those that can run here, but for torch-compile)
#   torch           Debian's python3-torch, contiguous, malloc with huge pages (moco_step_torch.py)
#   torch-malloc    the same with malloc as it is
#   torch-nhwc      the same, channels_last, malloc with huge pages
#   torch-compile   as torch, by torch.compile (PyTorch 2 and a C++ compiler: name such a Python by PYTHON)
#   torch-compile-nhwc  the same, channels_last
#   libtorch        official libtorch by DJL, contiguous, malloc with huge pages (libtorch/)
#   libtorch-malloc the same with malloc as it is
#   libtorch-nhwc   the same as libtorch, channels_last
# PYTHON names the Python that has PyTorch (default /usr/bin/python3); SAVE=FILE writes the rows as a result file.
#
# Which seconds count: the step, from weights and images in memory to the loss; three steps after warm-up, median. Printed are each
# round, the medians over rounds with smallest and largest, and the ratio of jmoco to each peer (above 1: jmoco is faster).
set -euo pipefail
cd "$(dirname "$0")/../.."
. benchmarks/peers/in_turns.sh

rounds=${1:-3}
[ $# -eq 0 ] || shift
python=${PYTHON:-/usr/bin/python3}
libtorch=benchmarks/peers/libtorch

can_run() {
  case $1 in
    torch-compile*) "$python" -c 'import torch; torch.compile' 2>/dev/null || { echo "compare_step: no $1: $python has no PyTorch 2" >&2; return 1; } ;;
    torch*) "$python" -c 'import torch' 2>/dev/null || { echo "compare_step: no $1: $python has no PyTorch (apt install python3-torch)" >&2; return 1; } ;;
    libtorch*) [ -s $libtorch/target/classpath ] || mvn -B -q -f $libtorch/pom.xml compile >&2 || { echo "compare_step: no $1: $libtorch does not build" >&2; return 1; } ;;
    *) echo "compare_step: there is no peer $1" >&2; exit 2 ;;
  esac
}

sides=(jmoco)
for peer in ${PEERS:-torch torch-malloc torch-nhwc libtorch libtorch-malloc libtorch-nhwc}; do
  if can_run "$peer"; then sides+=("$peer"); fi
done
./jmoco --version >/dev/null # builds now, not within a round

as_options() { for pair in "$@"; do printf -- '--%s %s ' "${pair%%=*}" "${pair#*=}"; done; }
# The setting of glibc's malloc that moco_step_torch.py gives itself.
malloc_huge=$(sed -n 's/^HUGE = "\(.*\)"$/\1/p' benchmarks/peers/glibc_malloc.py)
run_libtorch() { # --enable-native-access and -D as DJL asks; nothing is downloaded
  "$(./jmoco --print-jdk)/bin/java" --enable-native-access=ALL-UNNAMED -Dai.djl.offline=true \
    -cp "$libtorch/target/classes:$(cat $libtorch/target/classpath)" LibtorchStep steps=3 "$@" 2>/dev/null
}
sizes=("$@")
measure() {
  local side=$1
  set -- "${sizes[@]}"
  # shellcheck disable=SC2046 # options are separated by blanks on purpose
  case $side in
    jmoco) ./jmoco bench step --backend cpu --json --no-peaks --steps 3 $(as_options "$@") ;;
    torch) "$python" benchmarks/peers/moco_step_torch.py --json --steps 3 $(as_options "$@") ;;
    torch-malloc) "$python" benchmarks/peers/moco_step_torch.py --json --steps 3 --malloc default $(as_options "$@") ;;
    torch-nhwc) "$python" benchmarks/peers/moco_step_torch.py --json --steps 3 --layout channels_last $(as_options "$@") ;;
    torch-compile) "$python" benchmarks/peers/moco_step_torch.py --json --steps 3 --warmup 4 --compile $(as_options "$@") ;;
    torch-compile-nhwc) "$python" benchmarks/peers/moco_step_torch.py --json --steps 3 --warmup 4 --compile --layout channels_last $(as_options "$@") ;;
    libtorch) GLIBC_TUNABLES=$malloc_huge run_libtorch malloc=huge "$@" ;;
    libtorch-malloc) run_libtorch malloc=default "$@" ;;
    libtorch-nhwc) GLIBC_TUNABLES=$malloc_huge run_libtorch malloc=huge layout=channels_last "$@" ;;
  esac
}

in_turns "$rounds" "MoCo step beside its peers, in turns" "${PEERS:+PEERS='$PEERS' }benchmarks/peers/compare_step.sh $rounds $*" "${sides[@]}"
