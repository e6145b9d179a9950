package org.jmoco.interchange;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jmoco.tensor.HostTensor;

/**
 * The part of the ONNX format that a classifier needs, field by field, over the protobuf wire format. Field numbers are those of
 * onnx/onnx.proto; intermediate representation 8 and operator set 17 are read by every runtime since 2022.
 */
final class OnnxFile {
    private static final int IR_VERSION = 8;
    private static final int OPSET = 17;
    private static final int FLOAT = 1; // TensorProto.DataType
    private static final int ATTRIBUTE_FLOAT = 1;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_INTS = 7;

    /** Writes the fields of one message. */
    @FunctionalInterface
    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    private final ByteArrayOutputStream graph = new ByteArrayOutputStream();
    private final CodedOutputStream fields = CodedOutputStream.newInstance(graph);

    private static ByteString message(Fields f) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            f.write(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory only
        }
        return ByteString.copyFrom(bytes.toByteArray());
    }

    private void field(int number, Fields f) {
        try {
            fields.writeBytes(number, message(f));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An attribute of a node. */
    record Attribute(String name, Object value) {
        private ByteString encode() {
            return message(out -> {
                out.writeString(1, name);
                switch (value) {
                    case Float f -> {
                        out.writeFloat(2, f);
                        out.writeInt32(20, ATTRIBUTE_FLOAT);
                    }
                    case Integer i -> {
                        out.writeInt64(3, i);
                        out.writeInt32(20, ATTRIBUTE_INT);
                    }
                    case int[] ints -> {
                        for (int i : ints) {
                            out.writeInt64(8, i);
                        }
                        out.writeInt32(20, ATTRIBUTE_INTS);
                    }
                    default -> throw new IllegalArgumentException("onnx attribute " + name + ": " + value.getClass());
                }
            });
        }
    }

    /** GraphProto.node. @return the name of its output, which is also the node's */
    String node(String op, String output, List<String> inputs, Attribute... attributes) {
        field(1, out -> {
            for (String i : inputs) {
                out.writeString(1, i);
            }
            out.writeString(2, output);
            out.writeString(3, output);
            out.writeString(4, op);
            for (Attribute a : attributes) {
                out.writeBytes(5, a.encode());
            }
        });
        return output;
    }

    /** GraphProto.initializer: an f32 tensor. @return its name */
    String tensor(String name, HostTensor t) {
        ByteBuffer raw = ByteBuffer.allocate(4 * t.size()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < t.size(); i++) {
            raw.putFloat((float) t.get(i));
        }
        field(5, out -> {
            for (int extent : t.shape().toArray()) {
                out.writeInt64(1, extent);
            }
            out.writeInt32(2, FLOAT);
            out.writeString(8, name);
            out.writeByteArray(9, raw.array());
        });
        return name;
    }

    void input(String name, Object... extents) {
        value(11, name, extents);
    }

    void output(String name, Object... extents) {
        value(12, name, extents);
    }

    /** ValueInfoProto of an f32 tensor; a text among the extents is a size that is known only when the model runs. */
    private void value(int number, String name, Object... extents) {
        field(number, out -> {
            out.writeString(1, name);
            out.writeBytes(2, message(type -> type.writeBytes(1, message(tensor -> {
                tensor.writeInt32(1, FLOAT);
                tensor.writeBytes(2, message(shape -> {
                    for (Object e : extents) {
                        shape.writeBytes(1, message(dim -> {
                            if (e instanceof Integer i) {
                                dim.writeInt64(1, i);
                            } else {
                                dim.writeString(2, e.toString());
                            }
                        }));
                    }
                }));
            }))));
        });
    }

    /** The whole file. */
    byte[] model(String graphName, String producerVersion, String documentation) {
        try {
            fields.writeString(2, graphName);
            fields.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return message(out -> {
            out.writeInt64(1, IR_VERSION);
            out.writeString(2, "jmoco");
            out.writeString(3, producerVersion);
            out.writeString(6, documentation);
            out.writeByteArray(7, graph.toByteArray());
            out.writeBytes(8, message(opset -> {
                opset.writeString(1, "");
                opset.writeInt64(2, OPSET);
            }));
        }).toByteArray();
    }
}
