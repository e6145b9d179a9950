#!/usr/bin/env bash
# JMH (1.37) on the CPU side: the same operations, layers, step and views as `jmoco bench`, in fresh processes.
#
#   benchmarks/run-jmh.sh kernels|layers|step|views [PROBLEM ...] [OPTION VALUE ...]
#
#   PROBLEM       problem strings, each quoted, instead of lists
#   --shapes      lists of benchmarks/shapes, by commas (default: resnet18-32,info-nce,optimiser)
#   --sizes       of the step: "batch image width splits queue dim" (default: "128 32 64 8 4096 128")
#   --filter      only problems in whose text this regular expression is found
#   --forks       processes for each problem (default: 2)
#   --warmup      warm-up iterations in each (default: 3)
#   --iterations  iterations that count in each (default: 5)
#   --seconds     of an iteration (default: 1)
#   --threads     of the cpu backend (default: one for each core)
#   --save        also writes the rows to this file, tab-separated, with a full head
#
# JMH comes from Maven Central on the first start. It is GPL 2 with the Classpath Exception and is in nothing that jmoco ships.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
harness=$root/benchmarks/jmh/harness
if [ $# -eq 0 ] || [ "$1" = --help ]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
  [ $# -gt 0 ] || exit 2
  exit 0
fi

"$root/jmoco" --version >/dev/null # builds jmoco where sources are newer
java=$("$root/jmoco" --print-jdk)/bin/java
stamp=$harness/target/classpath
if [ ! -s "$stamp" ] || [ -n "$(find "$harness/pom.xml" "$harness/src" "$root/target/classpath" -newer "$stamp" -print -quit)" ]; then
  JAVA25_HOME=$(dirname "$(dirname "$java")") mvn -B -q -f "$root/benchmarks/jmh/pom.xml" compile >&2
  touch "$root/target/classpath" # the reactor compiled jmoco too
  touch "$stamp"
fi
cd "$root"
# The forks take over the flags of this process.
exec "$java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Xmx"${JMOCO_HEAP:-4g}" -Djava.awt.headless=true \
  -cp "$harness/target/classes:$(<"$stamp")" org.jmoco.jmh.JmhMain "$@"
