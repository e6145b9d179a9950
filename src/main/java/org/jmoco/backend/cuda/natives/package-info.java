/**
 * NVIDIA's libraries on this machine: where they lie, which of them are taken, and how JCuda's native halves come to use them.
 *
 * <p>In: environment variables, the loader's cache, folders. Out: {@link org.jmoco.backend.cuda.natives.CudaLibraries}, the
 * choice with its reasons, and the process with those libraries loaded. No function of CUDA that computes is called here.
 *
 * <p>Read first: {@link org.jmoco.backend.cuda.natives.LibraryFinder}, then {@link org.jmoco.backend.cuda.natives.JCudaNatives}.
 */
package org.jmoco.backend.cuda.natives;
