#!/bin/bash
# Writes docs/kernels.md anew from kernels/ptx: registers, shared memory and spills by NVIDIA's PTX compiler, bytes and sectors by the
# PTX machine. Needs no GPU. Run it after kernels/build.sh and read the difference: a test compares the page.
set -euo pipefail
cd "$(dirname "$0")/.."
mvn -B -q test -Dtest=KernelsPageTest -Dkernels.write=true
git --no-pager diff --stat docs/kernels.md
