#!/usr/bin/env bash
# JMH (1.37) on the CPU side: the same operations, layers, step and views as `jmoco bench`, in fresh processes.
#
#   benchmarks/run-jmh.sh kernels|layers|step|views [PROBLEM ...] [OPTION ...]      --help lists the options
#
# JMH comes from Maven Central on the first start. It is GPL 2 with the Classpath Exception and is in nothing that jmoco ships.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
harness=$root/benchmarks/jmh/harness

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
exec "$java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -Xmx"${JMOCO_HEAP:-4g}" -Djava.awt.headless=true -cp "$harness/target/classes:$(<"$stamp")" org.jmoco.jmh.JmhMain "$@"
