/* Stand-in of libnvidia-ptxjitcompiler.so.1, which lies beside libcuda.so.1. */
int fake_compiler(void) { return 1; }
