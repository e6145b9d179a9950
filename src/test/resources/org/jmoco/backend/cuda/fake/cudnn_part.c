/* A part of cuDNN 9, which tells by this text for which CUDA it was built. FAKE_TELLTALE is libcublasLt.so.N. */
const char *fake_telltale(void) { return FAKE_TELLTALE; }
