package org.jmoco.backend.cuda;

import java.util.List;
import org.jmoco.backend.Buffer;
import org.jmoco.backend.ViewGeometry;
import org.jmoco.backend.Work;
import org.jmoco.tensor.Philox;

/** Random views: which kernel carries out {@link org.jmoco.backend.Ops#randomViews}. */
final class ViewWorks {
    private final CudaContext cuda;

    ViewWorks(CudaContext cuda) {
        this.cuda = cuda;
    }

    Work randomViews(ViewGeometry g, long seed, List<Philox.Purpose> purposes, List<Buffer> views, Buffer pixels, Buffer images,
            Buffer chosen, Buffer epoch) {
        throw new UnsupportedOperationException("cuda randomViews");
    }
}
