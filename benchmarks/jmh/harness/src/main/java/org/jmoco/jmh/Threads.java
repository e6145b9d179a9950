package org.jmoco.jmh;

/** Threads of the cpu backend; 0 stands for one for each core, as on jmoco's command line. */
final class Threads {
    private Threads() {
    }

    static int of(int parameter) {
        return parameter > 0 ? parameter : Runtime.getRuntime().availableProcessors();
    }
}
