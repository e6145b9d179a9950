package org.jmoco.backend.cuda;

import org.jmoco.backend.Work;

/**
 * A step that calls cuBLAS or cuDNN. They load code at the first call of each kind, which a stream that is being captured
 * does not allow; so each is carried out once before the capture. Operands are all zeros then, and so are the results:
 * nothing changes.
 */
interface LibraryWork extends Work {}
