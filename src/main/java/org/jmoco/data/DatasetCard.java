package org.jmoco.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jmoco.tensor.UserError;

/**
 * What is known of a public data set before any file of it is opened: {@code data/NAME.yaml} in the project, packed into
 * the jar. Normalisation and class names are read from here, so that the card and the program cannot differ.
 *
 * @param name          as in {@code --data NAME=DIR}
 * @param source        the publisher's name for it
 * @param page          its official page; null where it has none
 * @param splits        images per split; empty where that is the user's choice
 * @param classes       position = label; empty for unlabelled sets
 * @param positive      name of the positive class of a two-class task, null where there is none
 * @param terms         what the publisher asks for
 * @param files         what the reader expects to find
 * @param downloads     what {@code jmoco data fetch} gets; empty where a person has to
 * @param manual        how a person gets it, where no program can; else null
 */
public record DatasetCard(String name, String title, String source, String page, String images, Map<String, Integer> splits,
        List<String> classes, String positive, Normalisation normalisation, String terms, String files, String notes,
        List<Download> downloads, String manual) {
    /**
     * One archive of a set.
     *
     * @param file       name under which it is kept
     * @param sha256     in hexadecimal digits; null if none is known
     * @param unpackedMb limit of the unpacked size, in MB of 10^6 bytes: against archives that unpack without end
     * @param place      beginnings of entries' paths, and what to put in their stead; entries that begin otherwise are left out
     * @param inner      archives among the unpacked files that are unpacked in turn, by path
     */
    public record Download(String url, String file, String sha256, long unpackedMb, Map<String, String> place,
            List<String> inner) {
        public Download {
            place = place == null ? Map.of() : Map.copyOf(place);
            inner = inner == null ? List.of() : List.copyOf(inner);
        }
    }

    /** All cards, in the order in which they are listed to a user. */
    public static final List<String> NAMES = List.of("phantom", "cifar10", "covid-ct", "idc", "luna", "ct-unlabeled");

    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    public DatasetCard {
        splits = splits == null ? Map.of() : splits;
        classes = classes == null ? List.of() : List.copyOf(classes);
        downloads = downloads == null ? List.of() : List.copyOf(downloads);
    }

    /** @throws UserError if there is no card of that name */
    public static DatasetCard load(String name) {
        if (!NAMES.contains(name)) {
            throw UserError.usage("no data card \"" + name + "\"; there are " + String.join(", ", NAMES));
        }
        try (InputStream in = DatasetCard.class.getResourceAsStream("/data/" + name + ".yaml")) {
            return YAML.readValue(in, DatasetCard.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("data/" + name + ".yaml: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Label of the positive class, -1 where there is none. */
    public int positiveLabel() {
        return positive == null ? -1 : classes.indexOf(positive);
    }
}
