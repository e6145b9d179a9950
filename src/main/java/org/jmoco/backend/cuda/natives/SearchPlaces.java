package org.jmoco.backend.cuda.natives;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where NVIDIA's libraries may lie, in the order in which they are taken. */
final class SearchPlaces {
    /** Environment variable of {@code --cuda-libs}. */
    static final String VARIABLE = "JMOCO_CUDA_LIBS";

    /**
     * A folder, or single files in it, and why it is looked at.
     *
     * @param origin names the way by which it was found, for {@code jmoco doctor}
     * @param only file names to take from it, or null for all: the loader's cache lists files, not folders
     */
    record Place(Path folder, String origin, List<String> only) {
    }

    private static final Pattern LDCONFIG_LINE = Pattern.compile("\\s*(lib(?:cuda|cublas|cudnn|nvrtc)\\S*) \\(([^)]*)\\) =>"
            + " (/.*)");

    /** sys.path has the folders of a virtual environment, of the system and of PYTHONPATH; the user's own may be switched off. */
    private static final String ASK_PYTHON =
            "import site,sys;print('\\n'.join(p for p in sys.path+[site.getusersitepackages()] if p))";

    private final Host host;
    private final List<Place> places = new ArrayList<>();

    private SearchPlaces(Host host) {
        this.host = host;
    }

    /** @param explicit the folder that the user named, or null */
    static List<Place> of(Host host, Path explicit, Path cache) {
        SearchPlaces s = new SearchPlaces(host);
        s.installed(explicit);
        s.python();
        Host.folders(cache, Path.of(Redist.FOLDER)).forEach(f -> s.add(f, "jmoco cuda install"));
        return s.places;
    }

    /** Without those that never hold a driver. */
    static List<Place> ofDriver(Host host, Path explicit) {
        SearchPlaces s = new SearchPlaces(host);
        s.installed(explicit);
        return s.places;
    }

    private void installed(Path explicit) {
        if (explicit != null) {
            explicit(explicit);
        }
        loader();
        toolkit();
        driver();
    }

    /** The folder itself, the lib folder of a toolkit, or the nvidia folder of site-packages. */
    private void explicit(Path folder) {
        String origin = "--cuda-libs or " + VARIABLE;
        add(folder, origin);
        for (String below : new String[] {"lib64", "lib", "targets/x86_64-linux/lib", "*/lib", "nvidia/*/lib"}) {
            Host.folders(folder, Path.of(below)).forEach(f -> add(f, origin));
        }
    }

    private void loader() {
        String paths = host.variable("LD_LIBRARY_PATH");
        if (paths != null) {
            for (String p : paths.split(":")) {
                if (!p.isBlank()) {
                    add(host.path(p), "LD_LIBRARY_PATH");
                }
            }
        }
        List<String> cache = host.lines("ldconfig", "-p");
        if (cache.isEmpty()) {
            cache = host.lines("/sbin/ldconfig", "-p"); // not on every user's PATH
        }
        for (String line : cache) {
            Matcher m = LDCONFIG_LINE.matcher(line);
            if (m.matches() && m.group(2).contains("x86-64")) {
                Path file = host.path(m.group(3).strip());
                places.add(new Place(file.getParent(), "loader's cache", List.of(file.getFileName().toString())));
            }
        }
    }

    private void toolkit() {
        for (String variable : new String[] {"CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX"}) {
            String home = host.variable(variable);
            if (home != null) {
                for (String below : new String[] {"lib64", "targets/x86_64-linux/lib", "lib"}) {
                    Host.folders(host.path(home), Path.of(below)).forEach(f -> add(f, variable));
                }
            }
        }
        for (String pattern : new String[] {"/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib",
                "/usr/local/cuda-*/lib64", "/usr/local/cuda-*/targets/x86_64-linux/lib", "/opt/cuda/lib64",
                "/opt/cuda/targets/x86_64-linux/lib", "/usr/lib/cuda/lib64", "/usr/local/lib", "/usr/lib/x86_64-linux-gnu",
                "/usr/lib64", "/opt/conda/lib"}) {
            host.folders(pattern).forEach(f -> add(f, "usual place of a toolkit"));
        }
    }

    /** Folders into which containers, WSL and some distributions put the driver's library without telling the loader. */
    private void driver() {
        for (String pattern : new String[] {"/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib/wsl/lib",
                "/usr/lib/x86_64-linux-gnu/nvidia/current", "/usr/lib/nvidia*", "/run/opengl-driver/lib"}) {
            host.folders(pattern).forEach(f -> add(f, "usual place of a driver"));
        }
    }

    private void python() {
        List<Path> sites = new ArrayList<>();
        String environment = host.variable("VIRTUAL_ENV");
        if (environment != null) {
            sites.addAll(Host.folders(host.path(environment), Path.of("lib/python3*/site-packages")));
        }
        for (String line : host.lines("python3", "-c", ASK_PYTHON)) {
            if (line.startsWith("/")) {
                sites.add(host.path(line.strip()));
            }
        }
        if (host.home() != null) {
            sites.addAll(Host.folders(host.home(), Path.of(".local/lib/python3*/site-packages")));
        }
        for (String pattern : new String[] {"/usr/local/lib/python3*/dist-packages", "/usr/local/lib/python3*/site-packages",
                "/usr/lib/python3/dist-packages", "/opt/conda/lib/python3*/site-packages", "/opt/venv/lib/python3*/site-packages",
                "/opt/*/.venv/lib/python3*/site-packages"}) {
            sites.addAll(host.folders(pattern));
        }
        for (Path site : sites) {
            Host.folders(site, Path.of("nvidia/*/lib")).forEach(f -> add(f, "Python's packages"));
            add(site.resolve("torch/lib"), "Python's packages"); // some of PyTorch's wheels bring their own copies
        }
    }

    private void add(Path folder, String origin) {
        boolean known = places.stream().anyMatch(p -> p.only() == null && p.folder().equals(folder));
        if (!known && Files.isDirectory(folder)) {
            places.add(new Place(folder, origin, null));
        }
    }
}
