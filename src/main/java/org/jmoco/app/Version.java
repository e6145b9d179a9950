package org.jmoco.app;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version as the build knows it, and the Java that runs it. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"jmoco " + number(), "Java " + Runtime.version()};
    }

    static String number() {
        Properties p = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            p.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("version.properties is not readable beside the class files", e);
        }
        return p.getProperty("version");
    }
}
