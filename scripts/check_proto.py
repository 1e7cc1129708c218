#!/usr/bin/env python3
"""Compare proto/onnx.proto with the descriptor inside the installed onnx package.

    check_proto.py ONNX_PROTO [PROTOC-C]

Every message, field (number, name, type, label, oneof, packed) and enum value that both have must be the same. If the
package has the IR version that onnx.proto was written for, neither may have more than the other. Exit status 0: the same; 1: differences, one a line; 77: cannot compare.
"""
import os
import subprocess
import sys
import tempfile

IR_VERSION = 14  # that onnx.proto was written for


def describe_enum(prefix, enum, out):
    for value in enum.value:
        out[f"{prefix}{enum.name}.{value.name}"] = str(value.number)


def describe_message(prefix, message, out):
    name = prefix + message.name
    out[name] = "message"
    for field in message.field:
        oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else "-"
        out[f"{name}.{field.name}"] = (
            f"number {field.number} type {field.type} label {field.label} of {field.type_name or '-'} "
            f"oneof {oneof} packed {field.options.packed}"
        )
    for enum in message.enum_type:
        describe_enum(name + ".", enum, out)
    for nested in message.nested_type:
        describe_message(name + ".", nested, out)


def describe(file):
    out = {}
    for message in file.message_type:
        describe_message("", message, out)
    return out


def main():
    try:
        from google.protobuf import descriptor_pb2
        from onnx import onnx_ml_pb2
    except ImportError as error:
        print(f"no onnx package: {error}")
        return 77
    protoc = sys.argv[2] if len(sys.argv) > 2 else "protoc-c"
    with tempfile.TemporaryDirectory() as folder:
        compiled = os.path.join(folder, "ours")
        source = os.path.abspath(sys.argv[1])
        try:
            subprocess.run(
                [protoc, f"--proto_path={os.path.dirname(source)}", f"--descriptor_set_out={compiled}", source],
                check=True,
            )
        except FileNotFoundError:
            print(f"no {protoc} to compile our schema with")
            return 77
        ours = descriptor_pb2.FileDescriptorSet()
        with open(compiled, "rb") as f:
            ours.ParseFromString(f.read())
    theirs = descriptor_pb2.FileDescriptorProto()
    onnx_ml_pb2.DESCRIPTOR.CopyToProto(theirs)
    is_same_version = onnx_ml_pb2.Version.Value("IR_VERSION") == IR_VERSION
    ours, theirs = describe(ours.file[0]), describe(theirs)
    if not is_same_version:
        theirs = {key: text for key, text in theirs.items() if key in ours}
        ours = {key: text for key, text in ours.items() if key in theirs}
    differences = [f"{key}: ours {ours.get(key)}, theirs {theirs.get(key)}"
                   for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]
    print("\n".join(differences) or f"{len(ours)} messages, fields and enum values are the same")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
