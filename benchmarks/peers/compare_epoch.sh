#!/usr/bin/env bash
# Whole epochs of MoCo pretraining on CIFAR-10 images, views included, jmoco and the published notebook's way in turns (A B A B ...).
#
#   benchmarks/peers/compare_epoch.sh CIFAR-DIR [ROUNDS [IMAGES [WIDTH]]]      (default: 2 rounds, 4096 images, width 16)
#
# The peer: Debian's PyTorch and torchvision (apt install python3-torch python3-torchvision), images as PIL, two views each by
# torchvision, a DataLoader of 16 workers as published and one of as many workers as there are cores; contiguous, malloc with huge pages.
# Same images, batch 128, 32 x 32, 8 splits, queue 4096, f32. PYTHON names the Python; SAVE=FILE writes the rows as a result file.
#
# Which seconds count: from the first batch asked for to the last step of an epoch; neither reading the files nor the first epoch.
set -euo pipefail
cd "$(dirname "$0")/../.."
. benchmarks/peers/in_turns.sh
[ $# -ge 1 ] || { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

cifar=$1 rounds=${2:-2} images=${3:-4096} width=${4:-16}
python=${PYTHON:-/usr/bin/python3}
"$python" -c 'import torch, torchvision' 2>/dev/null ||
  { echo "compare_epoch: $python has no PyTorch or torchvision (apt install python3-torch python3-torchvision)" >&2; exit 1; }
./jmoco --version >/dev/null # builds now, not within a round

peer() { "$python" benchmarks/peers/moco_step_torch.py --json --cifar "$cifar" --images "$images" --width "$width" --epochs 1 "$@"; }
measure() {
  case $1 in
    jmoco) ./jmoco bench epoch --backend cpu --json --data "cifar10=$cifar" --images "$images" --width "$width" --epochs 1 ;;
    notebook) peer --workers 16 ;;
    notebook-cores) peer --workers "$(nproc)" ;;
    views-16) peer --workers 16 --views-only ;;
  esac
}

# shellcheck disable=SC2086 # sides are separated by blanks
in_turns "$rounds" "epochs of CIFAR-10 images beside the notebook's way, in turns" \
  "benchmarks/peers/compare_epoch.sh CIFAR-DIR $rounds $images $width" ${SIDES:-jmoco notebook notebook-cores views-16}
