#!/bin/bash
# Compiles kernels/<module>.cu to kernels/ptx/<module>.<variant>.ptx:   kernels/build.sh [MODULE...]   (default: all that are stale)
#
# Only who changes a kernel needs this, and nvcc (CUDA 12 or 13): the PTX files are part of the repository. Line 2 of each file is
# nvcc's own; line 1 says which source it belongs to, and a test compares:
#   // jmoco <module> source sha256=<hash> nvcc <version> target <variant>
# The hash is over the .cu and then the headers it includes, directly or not, in order of name.
#
# Variants stand in line 1 of the .cu: "// variants: sm_70 sm_80". sm_70 is compiled for compute_75, the oldest that nvcc 13 knows,
# and its header lowered to sm_70; every version is lowered to PTX ISA 8.0, which drivers from CUDA 12.0 on accept. Whether the text
# keeps to what it then claims is for NVIDIA's PTX compiler to say: the test PtxFilesTest assembles each file for its targets.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p ptx

# The .cuh files that the given file includes, each on a line, followed transitively.
headers() {
  local h
  for h in $(sed -n 's/^#include "\(common\/\)\?\(.*\)"$/\2/p' "$1"); do
    [ -e "common/$h" ] || { echo "$1: includes \"$h\", which is not in kernels/common" >&2; exit 1; }
    echo "common/$h"
    headers "common/$h"
  done
}

source_hash() {
  cat "$1.cu" $(headers "$1.cu" | LC_ALL=C sort -u) | sha256sum | cut -d' ' -f1
}

if [ $# -gt 0 ]; then modules=("$@"); else modules=(*.cu); fi
for m in "${modules[@]}"; do
  m=${m%.cu}
  hash=$(source_hash "$m")
  variants=$(sed -n '1s/^\/\/ variants: //p' "$m.cu")
  [ -n "$variants" ] || { echo "$m.cu: line 1 must read '// variants: sm_70' or more of them" >&2; exit 1; }
  for old in ptx/"$m".sm_*.ptx; do
    v=${old#ptx/"$m".}
    case " $variants " in *" ${v%.ptx} "*) ;; *) rm -f "$old" ;; esac
  done
  for v in $variants; do
    out=ptx/$m.$v.ptx
    if [ $# -eq 0 ] && head -1 "$out" 2>/dev/null | grep -q "sha256=$hash "; then continue; fi
    command -v nvcc >/dev/null || { echo "$m.cu is newer than $out, and there is no nvcc on PATH to compile it" >&2; exit 1; }
    version=$(nvcc --version | sed -n 's/.*, V\([0-9.]*\)$/\1/p')
    architecture=${v/sm_/compute_}
    [ "$v" = sm_70 ] && architecture=compute_75
    nvcc -std=c++17 -O3 -Werror all-warnings -arch="$architecture" -ptx -o "$out.new" "$m.cu"
    { echo "// jmoco $m source sha256=$hash nvcc $version target $v"
      sed -e 's/^\.version .*/.version 8.0/' -e "s/^\.target .*/.target $v/" "$out.new"
    } > "$out"
    rm "$out.new"
    echo "$out"
  done
done
