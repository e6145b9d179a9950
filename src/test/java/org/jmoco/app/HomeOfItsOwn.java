package org.jmoco.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Gives each test a home folder that is empty at first: the cache of decoded images lies below it. */
final class HomeOfItsOwn implements BeforeEachCallback, AfterEachCallback {
    private static final String HOME = "user.home";

    private String before;
    private Path folder;

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        before = System.getProperty(HOME);
        folder = Files.createTempDirectory("home");
        System.setProperty(HOME, folder.toString());
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        System.setProperty(HOME, before);
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }
}
